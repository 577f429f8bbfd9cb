"""Build query parameters, load pages and single records, and parse their rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

from wcflow.errors import StoreError
from wcflow.store import errors
from wcflow.store.fields import Json, RowReader, WireError, row_id
from wcflow.store.http import Answer, HttpClient, Params
from wcflow.store.json_body import InvalidRow


class OrderFilters(TypedDict, total=False):
    """Filters and sorting of a list of orders. Times have a time zone; bounds are exclusive."""

    status: str
    after: datetime | None
    before: datetime | None
    modified_after: datetime | None
    modified_before: datetime | None
    include: Collection[int]
    exclude: Collection[int]
    parent_exclude: Collection[int]
    orderby: Literal["date", "id", "modified", "include"]
    order: Literal["asc", "desc"]
    offset: int


_LOWER_BOUNDS, _UPPER_BOUNDS = ("after", "modified_after"), ("before", "modified_before")


def order_params(filters: OrderFilters) -> dict[str, str | int]:
    """Return the parameters for ``/orders``, without ``include`` and the page."""
    return {
        "status": filters.get("status", "any"),
        "orderby": filters.get("orderby", "date"),
        "order": filters.get("order", "asc"),
        "offset": filters.get("offset", 0) or "",
        "exclude": id_list(filters.get("exclude", ())),
        "parent_exclude": id_list(filters.get("parent_exclude", ())),
        **time_params(filters),
    }


def time_params(filters: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the time bounds as naive GMT, which every version of WooCommerce understands.

    With ``dates_are_gmt``, a "Z" would be converted to local time and compared with GMT.
    """
    bounds = {name: _format_bound(filters.get(name), math.floor) for name in _LOWER_BOUNDS}
    bounds |= {name: _format_bound(filters.get(name), math.ceil) for name in _UPPER_BOUNDS}
    given = {name: value for name, value in bounds.items() if value}
    return {**given, "dates_are_gmt": "true"} if given else {}


def _format_bound(instant: datetime | None, round_: Any) -> str:
    # Bounds are exclusive and in whole seconds: round outwards to include fractions.
    if instant is None:
        return ""
    if instant.tzinfo is None:
        raise ValueError(f"expected a time with a time zone, got {instant}")
    whole = datetime.fromtimestamp(round_(instant.timestamp()), UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S")


def id_list(numbers: Collection[int]) -> str:
    """Return ids as a comma-separated list, the only form that OAuth can sign."""
    return ",".join(str(number) for number in numbers)


T = TypeVar("T")

_MIN_BAD_ROWS = 10
"""If at least this many rows are all unreadable, the cause is the store and not single rows."""


class UnreadableRow(NamedTuple):
    """A row that could not be parsed. ``id`` is 0 and the times are None if they were unreadable."""

    id: int
    why: str
    created: datetime | None = None
    modified: datetime | None = None


class UnreadableRowError(StoreError):
    """A single record exists but could not be parsed."""

    def __init__(self, request: str, row: UnreadableRow) -> None:
        error = errors.unexpected_error(request, 200, f"{row.id}: {row.why}", wrote=False)
        super().__init__(
            str(error), error.advice, request=request, status=error.status, code=error.code
        )
        self.row = row


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of rows, or all rows with given ids.

    ``total`` counts all rows that match the filters. ``full`` means that there can be more rows.
    A page without rows is never full, so that paging ends.
    """

    rows: tuple[T, ...]
    server_now: datetime
    total: int | None = None
    full: bool = False
    unreadable: tuple[UnreadableRow, ...] = ()


class ListingClient(HttpClient):
    """Loads pages, records by id, and single records."""

    def page(
        self,
        path: str,
        params: Params,
        read: Callable[[Json], T],
        page_size: int | None = None,
    ) -> Listing[T]:
        """Load one page of at most ``page_size`` rows, fewer where the store is too slow for that."""

        def sized(size: int) -> Params:
            return {**params, "per_page": min(size, page_size or size)}

        answer = self.request("GET", path, sized)
        size = min(answer.size, page_size or answer.size)
        count = len(answer.body)
        # WooCommerce omits rows that it cannot load: a short page is not always the last.
        more = count >= size or _omits_rows(answer)
        found = build_listing(answer, read, full=count > 0 and more)
        return (
            found
            if self._is_readable(path, params, read, found)
            else require_readable(f"GET /{path}", found)
        )

    def _is_readable(
        self, path: str, params: Params, read: Callable[[Json], T], found: Listing[T]
    ) -> bool:
        """Return whether any row is readable: of this page, or else of the oldest and newest ones.

        A bad import can leave a hundred unreadable rows side by side.
        """
        if not _is_unreadable(found):
            return True
        only = {key: value for key, value in params.items() if key == "_fields"}
        ends = ({**only, "orderby": "id", "order": order} for order in ("asc", "desc"))
        return any(build_listing(self.request("GET", path, each), read).rows for each in ends)

    def get_by_ids(
        self,
        path: str,
        wanted: Collection[int],
        params: Params,
        read: Callable[[Json], T],
    ) -> Listing[T]:
        """Load the records with these ids, as many per request as the store can handle."""
        remaining = sorted(set(wanted))
        if not remaining:
            raise ValueError(f"expected ids for {path}, got none")
        listings: list[Listing[T]] = []
        while remaining:
            answer = self.request("GET", path, _id_params(remaining, params))
            requested = frozenset(remaining[: answer.size])
            listings.append(build_listing(answer, read, full=_omits_rows(answer), wanted=requested))
            remaining = remaining[answer.size :]
        return _join_listings(listings)

    def get_one(self, path: str, fields: str, read: Callable[[Json], T]) -> T | None:
        """Return one record, or None if it does not exist."""
        try:
            answer = self.request("GET", path, {"_fields": fields}, shape=dict)
        except StoreError as error:
            if error.status == 404 and error.code.endswith("invalid_id"):  # noqa: PLR2004
                return None
            raise
        try:
            row_id(answer.body)
            return read(answer.body)
        except WireError as error:
            raise UnreadableRowError(f"GET /{path}", _unreadable_row(answer.body, error)) from None


def build_listing(
    answer: Answer,
    read: Callable[[Json], T],
    *,
    full: bool = False,
    wanted: Collection[int] | None = None,
) -> Listing[T]:
    """Parse the rows of an answer; unreadable rows do not affect the others.

    A row outside ``wanted`` counts as unreadable: some plugins make the store ignore ``include``.
    """
    rows: list[T] = []
    unreadable: list[UnreadableRow] = []
    for row in answer.body:
        try:
            rows.append(_build_record(row, read, wanted))
        except WireError as error:
            unreadable.append(_unreadable_row(row, error))
    return Listing(tuple(rows), answer.server_now, answer.total, full, tuple(unreadable))


def _build_record(row: Any, read: Callable[[Json], T], wanted: Collection[int] | None) -> T:
    number = row_id(_as_object(row))
    if wanted is not None and number not in wanted:
        raise WireError("id: expected one of the requested ids")
    return read(row)


def require_readable(request: str, found: Listing[T]) -> Listing[T]:
    """Return the listing, or raise StoreError if all of its rows are unreadable."""
    if _is_unreadable(found):
        bad = found.unreadable
        why = f"all {len(bad)} rows are unreadable, the first: {bad[0].why}"
        raise errors.unexpected_error(request, 200, why, wrote=False)
    return found


def _is_unreadable(found: Listing[Any]) -> bool:
    return len(found.unreadable) >= _MIN_BAD_ROWS and not found.rows


def require_all_rows(request: str, found: Listing[T]) -> tuple[T, ...]:
    """Return the rows, or raise StoreError if any is unreadable."""
    for row in found.unreadable:
        raise UnreadableRowError(request, row)
    return found.rows


def _id_params(numbers: Sequence[int], params: Params) -> Callable[[int], Params]:
    def sized(size: int) -> Params:
        batch = numbers[:size]
        return {**params, "include": id_list(batch), "per_page": len(batch)}

    return sized


def _omits_rows(answer: Answer) -> bool:
    return answer.total is not None and answer.total > len(answer.body)


def _as_object(row: Any) -> Json:
    if type(row) is dict:
        return row
    raise WireError(row.why if type(row) is InvalidRow else "expected an object")


def _unreadable_row(row: Any, error: WireError) -> UnreadableRow:
    if type(row) is not dict:
        return UnreadableRow(row.id if type(row) is InvalidRow else 0, str(error))
    reader = RowReader(row)
    stamps = (reader.timestamp(f"date_{each}_gmt") for each in ("created", "modified"))
    return UnreadableRow(reader.reference_id("id"), str(error), *stamps)


def _join_listings(listings: Sequence[Listing[T]]) -> Listing[T]:
    totals = [each.total for each in listings if each.total is not None]
    return Listing(
        rows=tuple(row for each in listings for row in each.rows),
        server_now=listings[0].server_now,
        total=sum(totals) if len(totals) == len(listings) else None,
        full=any(each.full for each in listings),
        unreadable=tuple(row for each in listings for row in each.unreadable),
    )
