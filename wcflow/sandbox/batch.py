"""Batches: at most 100 items, each with its own success or failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wcflow.sandbox.rest import Created, RestError

Create = Callable[[Mapping[str, Any]], Created]
Update = Callable[[int, Mapping[str, Any]], Any]
Delete = Callable[[int], Any]

_MAX_ITEMS = 100


def answer_batch(requested: Any, create: Create, update: Update, delete: Delete) -> dict[str, Any]:
    """Create, update, then delete; a failed item is answered by its error."""
    body = requested if isinstance(requested, Mapping) else {}
    lists = {name: list(body.get(name) or ()) for name in ("create", "update", "delete")}
    if sum(len(items) for items in lists.values()) > _MAX_ITEMS:
        message = f"Unable to accept more than {_MAX_ITEMS} items for this request."
        raise RestError("woocommerce_rest_request_entity_too_large", message, 413)
    done = {
        "create": [_run_item(0, partial(create, item)) for item in lists["create"]],
        "update": [
            _run_item(_item_id(item), partial(update, _item_id(item), item))
            for item in lists["update"]
        ],
        "delete": [_run_item(int(item), partial(delete, int(item))) for item in lists["delete"]],
    }
    return {name: rows for name, rows in done.items() if rows}


def _item_id(item: Mapping[str, Any]) -> int:
    return int(item.get("id") or 0)


def _run_item(number: int, operation: Callable[[], Any]) -> Any:
    try:
        done = operation()
    except RestError as refusal:
        return {"id": number, "error": refusal.body}
    return done.body if isinstance(done, Created) else done
