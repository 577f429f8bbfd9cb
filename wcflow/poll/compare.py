"""Hold some of the mirror's orders against the shop's: by id and stamp, or by all they say.

No deletion is believed before that order was asked for by name: a list may leave rows out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from wcflow.mirror.orders import stamps_of_orders
from wcflow.mirror.upserts import chunks, instant, stamp
from wcflow.poll.clock import SECOND, cut, lower, upper
from wcflow.poll.drafts import known_drafts
from wcflow.poll.halving import Span
from wcflow.poll.page import completed, keep
from wcflow.poll.people import drop_orders
from wcflow.poll.products import BEGINNING
from wcflow.poll.visit import Visit
from wcflow.poll.walk import Trail
from wcflow.records import Order
from wcflow.store.queries import Filters

_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Ward:
    """A part of the orders: by status, and by when they were made.

    ``status`` is how the shop is asked; ``hidden`` are the statuses that ``any`` leaves out.
    """

    status: str
    hidden: frozenset[str]
    span: Span

    def ours(self, visit: Visit) -> dict[int, int]:
        """Give the mirror's orders of this part: id to stamp."""
        others = self.status == "any"
        statuses = self.hidden if others else frozenset(self.status.split(","))
        with visit.db.reading() as tx:
            return stamps_of_orders(tx, visit.store, statuses, *self.span, others=others)

    def filters(self, visit: Visit) -> Filters:
        """Give the words in which the shop is asked for this part."""
        return Filters(status=self.status, **within(visit, self.span))


def within(visit: Visit, span: Span) -> Filters:
    """Give the bounds by which the shop is asked for what was made in a range."""
    zone = visit.settings.zone
    after = lower(instant(span.start), zone)
    return Filters(after=after, before=upper(instant(span.end) - SECOND, zone))


def cut_at(visit: Visit, second: int) -> int:
    """Give the first second from this one on at which the shop can be asked to cut."""
    return stamp(cut(instant(second), visit.settings.zone))


def apart(visit: Visit) -> str:
    """Give the words for what ``any`` leaves out, or may leave out."""
    return ",".join(["trash", *known_drafts(visit)])


def compare(visit: Visit, ward: Ward) -> None:
    """Compare by id and stamp, and read what differs."""
    told = told_stamps(visit, ward)
    ours = ward.ours(visit)
    read_again(visit, ward.status, differing(visit, ours, told))
    look_for(visit, set(ours) - set(told) - visit.notes.aside("order"))


def differing(visit: Visit, ours: Mapping[int, int], told: Mapping[int, int]) -> set[int]:
    """Give the orders of which the shop tells another stamp than ours, but for those put aside."""
    return {key for key, at in told.items() if ours.get(key) != at} - visit.notes.aside("order")


def told_stamps(visit: Visit, ward: Ward) -> dict[int, int]:
    """List a part at the shop: id to stamp."""
    trail = Trail(
        ask=partial(visit.order_ids, **ward.filters(visit)),
        by="modified",
        stamp=lambda row: row[1],
        number=lambda row: row[0],
        zone=visit.settings.zone,
    )
    told: dict[int, int] = {}
    for step in trail.steps(BEGINNING):
        told.update((key, stamp(at)) for key, at in step.rows)
        visit.alive()
    return told


def read_again(visit: Visit, status: str, ids: Iterable[int]) -> set[int]:
    """Read these orders as they are now; give those that came back."""
    found: set[int] = set()
    for some in chunks(sorted(ids), _HUNDRED):
        rows = visit.orders(status=status, include=some).rows
        keep_orders(visit, rows)
        found.update(order.id for order in rows)
    return found


def look_for(visit: Visit, ids: Collection[int]) -> None:
    """Ask by name for orders that a list should have held; forget those that are no more."""
    for some in chunks(sorted(ids), _HUNDRED):
        answers = {order_id: visit.order(order_id) for order_id in some}
        found = [order for order in answers.values() if isinstance(order, Order)]
        keep_orders(
            visit, found, [order_id for order_id, order in answers.items() if order is None]
        )


def keep_orders(visit: Visit, orders: Iterable[Order], gone: Collection[int] = ()) -> None:
    """Keep what the shop told, and forget what it no longer has."""
    page = completed(visit, orders, again=False)
    with visit.db.transaction() as tx:
        keep(tx, visit, page)
        visit.tally.deleted += drop_orders(tx, visit.settings, gone)
    visit.alive()
