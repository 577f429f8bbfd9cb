"""Which orders to ask for, as WooCommerce's parameters. Pure; nothing is asked here."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict


class Filters(TypedDict, total=False):
    """Which orders, and in which order. All instants are aware and exclusive."""

    status: str
    after: datetime | None
    before: datetime | None
    modified_after: datetime | None
    modified_before: datetime | None
    include: Collection[int]
    exclude: Collection[int]
    orderby: Literal["date", "id", "modified", "include"]
    order: Literal["asc", "desc"]
    offset: int


_LOWER, _UPPER = ("after", "modified_after"), ("before", "modified_before")


def order_params(filters: Filters) -> dict[str, str | int]:
    """Give the parameters for ``/orders``, without ``include`` and the page."""
    return {
        "status": filters.get("status", "any"),
        "orderby": filters.get("orderby", "date"),
        "order": filters.get("order", "asc"),
        "offset": filters.get("offset", 0) or "",
        "exclude": ids(filters.get("exclude", ())),
        **range_params(filters),
    }


def range_params(filters: Mapping[str, Any]) -> dict[str, str | int]:
    """Give the bounds in time as naive GMT, which every WooCommerce understands.

    A "Z" beside ``dates_are_gmt`` is converted to local time and then compared with the GMT column.
    """
    bounds = {name: _seconds(filters.get(name), math.floor) for name in _LOWER}
    bounds |= {name: _seconds(filters.get(name), math.ceil) for name in _UPPER}
    given = {name: value for name, value in bounds.items() if value}
    return {**given, "dates_are_gmt": "true"} if given else {}


def _seconds(instant: datetime | None, rounded: Any) -> str:
    # The bounds are exclusive and count whole seconds: what lies between must stay inside.
    if instant is None:
        return ""
    if instant.tzinfo is None:
        raise ValueError(f"expected an aware instant, got {instant}")
    whole = datetime.fromtimestamp(rounded(instant.timestamp()), UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S")


def ids(numbers: Collection[int]) -> str:
    """Write ids as WooCommerce wants them: a comma list, the only form that OAuth can sign."""
    return ",".join(str(number) for number in numbers)
