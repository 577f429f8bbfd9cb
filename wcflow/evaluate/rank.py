"""Ranks among a store's customers and its usual gap between orders: computed nightly.

Rules see them as of the last night, so that one order does not make everyone be looked at anew.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import Any

from sqlalchemy import Connection, select, update

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.mirror.people import touch_all
from wcflow.mirror.stores import save_store, store_row
from wcflow.mirror.tables import OrderRow, PersonRow
from wcflow.mirror.upserts import table_of

_P, _O = table_of(PersonRow), table_of(OrderRow)
RANKED = frozenset({"spend_percentile", "orders_percentile"})
GAPPED = frozenset({"order_gap", "overdue"})


def percentiles(values: Sequence[int]) -> list[int]:
    """Give for each value which percent of all lie below it, those equal to it counted half."""
    ordered = sorted(values)
    return [
        round(100 * (bisect_left(ordered, v) + bisect_right(ordered, v)) / 2 / len(ordered))
        for v in values
    ]


def usual_gap(stamps_by_person: Iterable[Sequence[int]]) -> str:
    """Give the median of days between consecutive orders of one person, as decimal text."""
    gaps = [
        (later - earlier) / 86400
        for stamps in stamps_by_person
        for earlier, later in pairwise(sorted(stamps))
    ]
    return str(Decimal(str(round(median(gaps), 2)))) if gaps else ""


def rank(tx: Connection, config: Config, settings: StoreSettings) -> int:
    """Rank a store's paying customers anew; say how many changed place. Touches them if rules ask.

    ``order_gap`` touches everyone when it changed and a rule asks for it.
    """
    asked = names_asked(config)
    changed = _rank_people(tx, settings.name, touch=bool(asked & RANKED))
    gap = usual_gap(_paid_stamps(tx, config, settings.name).values())
    row = store_row(tx, settings.name)
    if row is not None and row.order_gap != gap:
        save_store(tx, settings.name, order_gap=gap)
        if asked & GAPPED:
            touch_all(tx, settings.name)
    return changed


def names_asked(config: Config) -> frozenset[str]:
    """Give the attributes that any condition or tag names."""
    rules = config.rules
    conditions = [
        *(segment.when for segment in rules.segments),
        *(tag.when for tag in rules.tags),
        *(workflow.when for workflow in rules.workflows),
        *(workflow.stop_when for workflow in rules.workflows),
    ]
    named = frozenset(name for each in conditions if each is not None for name in each.names)
    return named.union(*(tag.tag.names for tag in rules.tags))


def _rank_people(tx: Connection, store: str, *, touch: bool) -> int:
    paying = select(
        _P.c.subject, _P.c.spent, _P.c.orders_count, _P.c.spend_percentile, _P.c.orders_percentile
    ).where(_P.c.store == store, _P.c.orders_count > 0)
    rows = tx.execute(paying).all()
    spend = percentiles([row.spent for row in rows])
    orders = percentiles([row.orders_count for row in rows])
    changed = [
        (row.subject, by_spend, by_orders)
        for row, by_spend, by_orders in zip(rows, spend, orders, strict=True)
        if (row.spend_percentile, row.orders_percentile) != (by_spend, by_orders)
    ]
    for subject, by_spend, by_orders in changed:
        values: dict[str, Any] = {"spend_percentile": by_spend, "orders_percentile": by_orders}
        values |= {"touched": 1} if touch else {}
        mine = (_P.c.store == store, _P.c.subject == subject)
        tx.execute(update(_P).where(*mine).values(**values))
    return len(changed)


def _paid_stamps(tx: Connection, config: Config, store: str) -> Mapping[tuple[int, str], list[int]]:
    query = select(_O.c.customer_id, _O.c.email, _O.c.paid, _O.c.created).where(
        _O.c.store == store, _O.c.status.in_(config.paid_statuses)
    )
    found: dict[tuple[int, str], list[int]] = {}
    for row in tx.execute(query):
        person = (row.customer_id, "" if row.customer_id else row.email)
        found.setdefault(person, []).append(row.paid or row.created)
    return found
