"""Which drafts the shop knows of: releases differ, and an unknown status spoils the whole question.

What was learnt stands in the census's slices, one for each kind of draft.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from wcflow.database.sql import instant, stamp
from wcflow.database.stores import save_slices, save_store, slices
from wcflow.database.tables import ImportRange
from wcflow.errors import StoreError
from wcflow.poll.context import PollContext
from wcflow.poll.order_page import completed, keep
from wcflow.poll.paginate import SECOND, KeysetPager, Step, margin
from wcflow.records import Order

DRAFTS = ("checkout-draft", "auto-draft")
PART = "drafts"
UNKNOWN = -1
"""The position of a slice whose status the shop refused."""

_BAD_REQUEST = 400


def known_drafts(visit: PollContext) -> list[str]:
    """Give the kinds of draft that the shop did not refuse."""
    with visit.db.reading() as tx:
        return [
            DRAFTS[each.number]
            for each in slices(tx, visit.store, PART)
            if each.position != UNKNOWN
        ]


def learn_drafts(visit: PollContext) -> None:
    """Ask the shop which kinds of draft it knows, as a newer release may know others."""
    with visit.db.reading() as tx:
        found = slices(tx, visit.store, PART)
    learnt = [_learnt(each, knows=_knows(visit, DRAFTS[each.number])) for each in found]
    with visit.db.transaction() as tx:
        save_slices(tx, learnt)


def is_unknown_status(error: StoreError) -> bool:
    """Say whether the shop refused the question itself, which is then about a status it lacks."""
    return error.status == _BAD_REQUEST


def _learnt(known: ImportRange, *, knows: bool) -> ImportRange:
    position = max(known.position, 0) if knows else UNKNOWN
    return ImportRange(**{**known.model_dump(), "position": position})


def _knows(visit: PollContext, status: str) -> bool:
    try:
        visit.shop.count_orders(status=status)
    except StoreError as error:
        if is_unknown_status(error):
            return False
        raise
    return True


# Orders that changed since the last poll: by key, page by page, each page a transaction. What stands in the trash or is a draft is no order for ``any``. It is asked for on its own, and first: only the walk through all others moves the cursor, which so passes nothing that was not read.

_CROWD = 3


def poll_orders(visit: PollContext) -> datetime:
    """Bring the mirror's orders up to date; give until when nothing of the shop can be missing."""
    cursor = visit.row().order_cursor
    assert cursor is not None, "the census notes the cursor before it starts"
    since = instant(cursor)
    apart = _poll_apart(visit, since)
    # Younger orders are read again until they are two minutes old: WooCommerce stamps an order
    # before it has saved its items. By the shop's own clock, as of the first answer.
    settled = apart.server_now - margin(apart.server_now, visit.settings.zone)
    for step in trail(visit, "any").steps(since):
        reached = max(_reached(step), _reached(apart)) if step.last else step.position
        _keep(visit, step, max(since, min(reached, settled)))
    return settled


def _reached(step: Step[Order]) -> datetime:
    """Give the newest stamp: the cursor goes no further, lest the Date header be ahead of stamps.

    So an idle poll reads the newest order again; but not a crowd that was stamped in one second.
    """
    crowd = sum(order.modified == step.position for order in step.rows)
    return step.position + SECOND if crowd > _CROWD else step.position


def _poll_apart(visit: PollContext, since: datetime) -> Step[Order]:
    """Read what is in the trash or a draft; give the last step, with the time of the first."""
    try:
        steps = list(_kept(visit, ",".join(["trash", *known_drafts(visit)]), since))
    except StoreError as error:
        if not is_unknown_status(error):
            raise
        learn_drafts(visit)
        steps = list(_kept(visit, ",".join(["trash", *known_drafts(visit)]), since))
    last = steps[-1]
    return Step(last.rows, last.position, last.last, steps[0].server_now, last.total)


def _kept(visit: PollContext, status: str, since: datetime) -> Iterator[Step[Order]]:
    for step in trail(visit, status).steps(since):
        _keep(visit, step, None)
        yield step


def _keep(visit: PollContext, step: Step[Order], cursor: datetime | None) -> None:
    page = completed(visit, step.rows, again=True)
    with visit.db.transaction() as tx:
        keep(tx, visit, page)
        if cursor is not None:
            save_store(tx, visit.store, order_cursor=stamp(cursor))
    visit.alive()


def trail(visit: PollContext, status: str) -> KeysetPager[Order]:
    """Give the way through the orders with a status, by when they changed."""
    return KeysetPager(
        ask=partial(visit.orders, status=status),
        by="modified",
        stamp=lambda order: order.modified,
        number=lambda order: order.id,
        zone=visit.settings.zone,
    )
