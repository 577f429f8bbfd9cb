"""Helpers that send requests to the sandbox without HTTP, and place a small order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.rest import Basic, Request, Response
from wcflow.sandbox.state import ApiKey
from wcflow.sandbox.store import SandboxStore

NOW = datetime(2026, 11, 22, 19, 20, 8, 999999, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STAMP, STAMP_LATER = "2026-11-22T19:20:08", "2026-11-22T20:20:08"


def send(
    sandbox: SandboxStore,
    method: str,
    path: str,
    params: dict[str, Any] | None = None,
    json: Any = None,
    *,
    now: datetime = NOW,
    key: ApiKey = ADMIN,
) -> Response:
    auth = Basic(key.consumer_key, key.consumer_secret)
    return sandbox.answer(Request(method, path, params or {}, json, auth), now)


def place_order(sandbox: SandboxStore, **fields: Any) -> int:
    """Register customer 1 and place an order of 20.00 for them."""
    customer = sandbox.register("ana@example.com", now=NOW)
    product = sandbox.add_product("Books & More", now=NOW, price="20.00", sku="b-1")
    return sandbox.place_order(
        now=NOW, **{"customer": customer, "items": [(product, 1)], "status": "on-hold", **fields}
    )
