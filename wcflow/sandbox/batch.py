"""Batches: at most a hundred items, done one by one, each with its own success or failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wcflow.sandbox.rest import Made, Refusal

Create = Callable[[Mapping[str, Any]], Made]
Update = Callable[[int, Mapping[str, Any]], Any]
Delete = Callable[[int], Any]

_MOST = 100


def answer(asked: Any, create: Create, update: Update, delete: Delete) -> dict[str, Any]:
    """Do all items in order: creations, updates, deletions; a failure stands in its item's place."""
    wishes = asked if isinstance(asked, Mapping) else {}
    lists = {name: list(wishes.get(name) or ()) for name in ("create", "update", "delete")}
    if sum(len(items) for items in lists.values()) > _MOST:
        message = f"Unable to accept more than {_MOST} items for this request."
        raise Refusal("woocommerce_rest_request_entity_too_large", message, 413)
    done = {
        "create": [_each(0, partial(create, item)) for item in lists["create"]],
        "update": [_each(_id(item), partial(update, _id(item), item)) for item in lists["update"]],
        "delete": [_each(int(item), partial(delete, int(item))) for item in lists["delete"]],
    }
    return {name: rows for name, rows in done.items() if rows}


def _id(item: Mapping[str, Any]) -> int:
    return int(item.get("id") or 0)


def _each(number: int, deed: Callable[[], Any]) -> Any:
    try:
        done = deed()
    except Refusal as refusal:
        return {"id": number, "error": refusal.body}
    return done.body if isinstance(done, Made) else done
