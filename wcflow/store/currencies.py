"""Find the currencies of a store's orders in a sample, before anything is imported."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

from wcflow.store.listing import ListingClient
from wcflow.store.store_info import fetch_store_info

_SAMPLE = 100
"""How many of the newest, and of the oldest orders are looked at."""


class Currencies(NamedTuple):
    """The store's currency, and how many orders of the sample have which other one."""

    own: str
    others: dict[str, int]


def fetch_currencies(store: ListingClient) -> Currencies:
    """Ask for the store's currency and for those of its newest and oldest orders."""
    own = fetch_store_info(store).currency
    found = dict(_fetch_sample(store, "desc") | _fetch_sample(store, "asc"))
    counts = Counter(found.values())
    return Currencies(
        own, {code: count for code, count in counts.most_common() if code not in ("", own)}
    )


def _fetch_sample(store: ListingClient, order: Literal["asc", "desc"]) -> dict[int, str]:
    """Return the currencies of orders by id."""
    fields = "id,currency"
    params: dict[str, str | int] = {
        "status": "any",
        "orderby": "id",
        "order": order,
        "per_page": _SAMPLE,
    }
    answer = store.request("GET", "orders", {**params, "_fields": fields})
    return {
        row["id"]: str(row.get("currency") or "").strip().upper()
        for row in answer.body
        if isinstance(row, dict) and isinstance(row.get("id"), int)
    }
