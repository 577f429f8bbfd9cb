"""Read seconds in which very many orders changed, such as an SQL import, in parts over several polls.

A poll passes such a second and goes on with what is newer. Each poll then reads a few pages of it,
so that other work has its turn; the position is saved with every page. A second is read once, and
once more if its orders were young then, because WooCommerce saves the items after the stamp.
"""

from __future__ import annotations

from datetime import timedelta

from wcflow.database.sql import instant
from wcflow.database.stores import (
    delete_crowded_second,
    load_crowded_seconds,
    save_crowded_second,
)
from wcflow.database.tables import CrowdedSecondRow
from wcflow.poll.context import PollContext
from wcflow.poll.orders import hidden_statuses, orders_pager, save_step
from wcflow.poll.paginate import SETTLING_TIME, Crowd

PAGES = 20
"""Pages of crowded seconds that one poll reads: about 20 s with 2,000 orders."""
_SETTLED = int(SETTLING_TIME / timedelta(seconds=1))


def read_crowds(context: PollContext) -> None:
    """Read the next pages of crowded seconds, the oldest first."""
    pages = 0
    while pages < PAGES and (row := _next_second(context)) is not None:
        while pages < PAGES and not row.done:
            row = _read_page(context, row)
            pages += 1


def _next_second(context: PollContext) -> CrowdedSecondRow | None:
    """Return the oldest second that is left to read; forget those that the cursor has passed."""
    with context.db.transaction() as tx:
        rows = load_crowded_seconds(tx, context.store)
        cursor = context.row().order_cursor or 0
        for row in rows:
            if row.done and row.second < cursor:
                if row.started < row.second + _SETTLED:
                    row.started, row.position, row.last_id, row.done = (
                        cursor + _SETTLED,
                        0,
                        0,
                        False,
                    )
                    save_crowded_second(tx, row)
                else:
                    delete_crowded_second(tx, row)
    return next((row for row in rows if not row.done), None)


def _read_page(context: PollContext, row: CrowdedSecondRow) -> CrowdedSecondRow:
    # A status that was known when the second was found can be gone by now.
    status = row.status if row.status == "any" else hidden_statuses(context)
    pager = orders_pager(context, status)
    step = pager.step(instant(row.second), Crowd(row.position, row.last_id))
    crowd = step.crowd
    changed = {
        "done": crowd is None,
        "position": row.position if crowd is None else crowd.offset,
        "last_id": row.last_id if crowd is None else crowd.last_id,
    }
    after = CrowdedSecondRow(**{**row.model_dump(), **changed})
    save_step(context, step, None, after)
    return after
