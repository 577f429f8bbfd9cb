"""Ask for pages, for given ids and for single things, and make records of what comes.

Which things the shop has stands in client.py, how a record is made in wire.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from wcflow.errors import StoreError
from wcflow.records import Order
from wcflow.store import refusals
from wcflow.store.body import Garbled, parsed
from wcflow.store.fields import Json, WireError, identity, stamp
from wcflow.store.queries import ids
from wcflow.store.transport import Answer, Params, Parse, Transport

T = TypeVar("T")

_STRANGE = 10
"""So many rows of which none can be understood are no accident, unless they were chosen."""


class Unreadable(NamedTuple):
    """A row that is there but could not be understood; ``id`` is 0 where not even that was.

    Its stamps are None where they are what was not understood.
    """

    id: int
    why: str
    created: datetime | None = None
    modified: datetime | None = None


class UnreadableRowError(StoreError):
    """the one thing that was asked for is there and could not be understood."""

    def __init__(self, asked: str, row: Unreadable) -> None:
        told = refusals.unexpected(asked, 200, f"{row.id}: {row.why}", wrote=False)
        super().__init__(str(told), told.advice, asked=asked, status=told.status, code=told.code)
        self.row = row


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of rows, or all rows of given ids.

    ``total`` counts all rows that match the filters. ``full`` says that more may be there. A page
    without rows is never full, so that asking on ends.
    """

    rows: tuple[T, ...]
    server_now: datetime
    total: int | None = None
    full: bool = False
    unreadable: tuple[Unreadable, ...] = ()


class Reader(Transport):
    """A shop that can be asked for pages, ids and single things."""

    def page(
        self,
        path: str,
        params: Params,
        read: Callable[[Json], T],
        page_size: int | None = None,
        parse: Parse = parsed,
    ) -> Listing[T]:
        """Ask for one page, as large as the store can bear and no larger than ``page_size``.

        ``parse`` may make records of rows at once; ``read`` makes them of the others.
        """

        def sized(size: int) -> Params:
            return {**params, "per_page": min(size, page_size or size)}

        answer = self.ask("GET", path, sized, parse=parse)
        asked = min(answer.size, page_size or answer.size)
        there = len(answer.body)
        # WooCommerce leaves out rows that it cannot load itself: a short page may have successors.
        more = there >= asked or _held_back(answer)
        found = listing(answer, read, full=there > 0 and more)
        return (
            found if self._makes_sense(path, params, read, found) else sound(f"GET /{path}", found)
        )

    def _makes_sense(
        self, path: str, params: Params, read: Callable[[Json], T], found: Listing[T]
    ) -> bool:
        """Say whether the shop can be understood: by this page, or else by its oldest or newest rows.

        An import may have left a hundred bad rows side by side, and all others are well.
        """
        if not _is_strange(found):
            return True
        only = {key: value for key, value in params.items() if key == "_fields"}
        ends = ({**only, "orderby": "id", "order": order} for order in ("asc", "desc"))
        return any(listing(self.ask("GET", path, each), read).rows for each in ends)

    def included(
        self,
        path: str,
        wanted: Collection[int],
        params: Params,
        read: Callable[[Json], T],
        parse: Parse = parsed,
    ) -> Listing[T]:
        """Ask for these ids, as many at once as the store can bear; ``parse`` as for a page."""
        left = sorted(set(wanted))
        if not left:
            raise ValueError(f"expected ids for {path}, got none")
        listings: list[Listing[T]] = []
        while left:
            answer = self.ask("GET", path, _by_ids(left, params), parse=parse)
            asked = frozenset(left[: answer.size])
            listings.append(listing(answer, read, full=_held_back(answer), wanted=asked))
            left = left[answer.size :]
        return _joined(listings)

    def one(self, path: str, fields: str, read: Callable[[Json], T]) -> T | None:
        """Ask for one thing; None where WooCommerce says that there is none."""
        try:
            answer = self.ask("GET", path, {"_fields": fields}, shape=dict)
        except StoreError as error:
            if error.status == 404 and error.code.endswith("invalid_id"):  # noqa: PLR2004
                return None
            raise
        try:
            identity(answer.body)
            return read(answer.body)
        except WireError as error:
            raise UnreadableRowError(f"GET /{path}", _unreadable(answer.body, error)) from None


def listing(
    answer: Answer,
    read: Callable[[Json], T],
    *,
    full: bool = False,
    wanted: Collection[int] | None = None,
) -> Listing[T]:
    """Make records of an answer; rows that cannot be understood are named and stop nobody.

    A shop that ignores ``include`` must not pass as one that heeds it: ``wanted`` are the ids that
    were asked for, if any were.
    """
    rows: list[T] = []
    unreadable: list[Unreadable] = []
    for row in answer.body:
        try:
            rows.append(_record(row, read, wanted))
        except WireError as error:
            unreadable.append(_unreadable(row, error))
    return Listing(tuple(rows), answer.server_now, answer.total, full, tuple(unreadable))


def _record(row: Any, read: Callable[[Json], T], wanted: Collection[int] | None) -> Any:
    made = type(row) is Order
    number = row.id if made else identity(_as_object(row))
    if wanted is not None and number not in wanted:
        raise WireError("id: expected one of those asked for")
    return row if made else read(row)


def sound(asked: str, found: Listing[T]) -> Listing[T]:
    """Give what was found, or StoreError where it is the shop that cannot be understood, not a row."""
    if _is_strange(found):
        bad = found.unreadable
        why = f"of {len(bad)} rows none can be understood, the first: {bad[0].why}"
        raise refusals.unexpected(asked, 200, why, wrote=False)
    return found


def _is_strange(found: Listing[Any]) -> bool:
    return len(found.unreadable) >= _STRANGE and not found.rows


def all_of(asked: str, found: Listing[T]) -> tuple[T, ...]:
    """Give the rows where each must be understood, or StoreError."""
    for row in found.unreadable:
        raise UnreadableRowError(asked, row)
    return found.rows


def _by_ids(left: Sequence[int], params: Params) -> Callable[[int], Params]:
    def sized(size: int) -> Params:
        some = left[:size]
        return {**params, "include": ids(some), "per_page": len(some)}

    return sized


def _held_back(answer: Answer) -> bool:
    return answer.total is not None and answer.total > len(answer.body)


def _as_object(row: Any) -> Json:
    if type(row) is dict:
        return row
    raise WireError(row.why if type(row) is Garbled else "expected an object")


def _unreadable(row: Any, error: WireError) -> Unreadable:
    if type(row) is Order:
        return Unreadable(row.id, str(error), row.created, row.modified)
    if type(row) is not dict:
        return Unreadable(row.id if type(row) is Garbled else 0, str(error))
    stamps = (_or_none(stamp, row, f"date_{each}_gmt") for each in ("created", "modified"))
    return Unreadable(_or_none(identity, row) or 0, str(error), *stamps)


def _or_none(read: Callable[..., T], *what: Any) -> T | None:
    try:
        return read(*what)
    except WireError:
        return None


def _joined(listings: Sequence[Listing[T]]) -> Listing[T]:
    totals = [each.total for each in listings if each.total is not None]
    return Listing(
        rows=tuple(row for each in listings for row in each.rows),
        server_now=listings[0].server_now,
        total=sum(totals) if len(totals) == len(listings) else None,
        full=any(each.full for each in listings),
        unreadable=tuple(row for each in listings for row in each.unreadable),
    )
