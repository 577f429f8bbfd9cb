"""Asking a sandbox without a door: one call for a request, and a small order to ask about."""

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
    """Place an order over 20.00 for customer 1, who is made along with it."""
    customer = sandbox.register("ana@example.com", now=NOW)
    product = sandbox.add_product("Books & More", now=NOW, price="20.00", sku="b-1")
    return sandbox.place_order(
        now=NOW, **{"customer": customer, "items": [(product, 1)], "status": "on-hold", **fields}
    )
