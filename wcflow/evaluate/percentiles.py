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

from sqlalchemy import Connection, Integer, bindparam, select, update

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import Database
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.prepared import Prepared
from wcflow.database.sql import chunks, table_of
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tables import OrderRow, PersonRow

_P, _O = table_of(PersonRow), table_of(OrderRow)
RANK_ATTRIBUTES = frozenset({"spend_percentile", "orders_percentile"})
GAP_ATTRIBUTES = frozenset({"order_gap", "overdue"})
_BATCH_SIZE = 10_000
"""So many are given their places in one transaction: nobody who waits for the database waits long."""

_SELECT_RANKS = select(
    _P.c.id, _P.c.total_spent, _P.c.orders_count, _P.c.spend_percentile, _P.c.orders_percentile
)
_UPDATE_PERSON = update(_P).where(
    _P.c.store == bindparam("of_store"), _P.c.id == bindparam("of_person")
)
_RANK_VALUES = {
    "spend_percentile": bindparam("to_spend", type_=Integer()),
    "orders_percentile": bindparam("to_orders", type_=Integer()),
}
_SAVE_RANK = Prepared(_UPDATE_PERSON.values(_RANK_VALUES))
_SAVE_RANK_AND_MARK = Prepared(_UPDATE_PERSON.values({**_RANK_VALUES, "dirty": 1}))


def percentiles(values: Sequence[int]) -> list[int]:
    """Give for each value which percent of all lie below it, those equal to it counted half."""
    ordered = sorted(values)
    place = {
        value: round(
            100 * (bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 / len(ordered)
        )
        for value in set(values)
    }
    return [place[value] for value in values]


def usual_gap(stamps_by_person: Iterable[Sequence[int]]) -> str:
    """Give the median of days between consecutive orders of one person, as decimal text."""
    gaps = [
        (later - earlier) / 86400
        for stamps in stamps_by_person
        for earlier, later in pairwise(sorted(stamps))
    ]
    return str(Decimal(str(round(median(gaps), 2)))) if gaps else ""


def rank_customers(db: Database, config: Config, settings: StoreSettings) -> int:
    """Rank a store's paying customers anew; say how many changed place. Touches them if rules ask.

    ``order_gap`` touches everyone when it changed and a rule asks for it.
    """
    asked = attributes_used(config)
    with db.reading() as tx:
        moved = _changed_ranks(tx, settings.name)
        gap = usual_gap(_load_paid_stamps(tx, config, settings.name).values())
    for some in chunks(moved, _BATCH_SIZE):
        with db.transaction() as tx:
            (_SAVE_RANK_AND_MARK if asked & RANK_ATTRIBUTES else _SAVE_RANK).execute_many(tx, some)
    with db.transaction() as tx:
        row = load_store_row(tx, settings.name)
        if row is not None and row.median_order_gap != gap:
            save_store(tx, settings.name, median_order_gap=gap)
            if asked & GAP_ATTRIBUTES:
                start_full_evaluation(tx, settings.name)
    return len(moved)


def attributes_used(config: Config) -> frozenset[str]:
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


def _changed_ranks(tx: Connection, store: str) -> list[dict[str, Any]]:
    """Give those whose place is another than the one that they have; who pays nothing has none."""
    placed = (_P.c.orders_count > 0) | _P.c.spend_percentile.is_not(None)
    rows = tx.execute(_SELECT_RANKS.where(_P.c.store == store, placed)).all()
    paying = [row for row in rows if row.orders_count > 0]
    by_spend = percentiles([row.total_spent for row in paying])
    by_orders = percentiles([row.orders_count for row in paying])
    places = {row.id: both for row, *both in zip(paying, by_spend, by_orders, strict=True)}
    told = ((row, *places.get(row.id, (None, None))) for row in rows)
    return [
        {"of_store": store, "of_person": row.id, "to_spend": spend, "to_orders": orders}
        for row, spend, orders in told
        if (row.spend_percentile, row.orders_percentile) != (spend, orders)
    ]


def _load_paid_stamps(
    tx: Connection, config: Config, store: str
) -> Mapping[tuple[int, str], list[int]]:
    query = select(_O.c.customer_id, _O.c.email, _O.c.paid, _O.c.created).where(
        _O.c.store == store, _O.c.status.in_(config.paid_statuses)
    )
    found: dict[tuple[int, str], list[int]] = {}
    for row in tx.execute(query):
        person = (row.customer_id, "" if row.customer_id else row.email)
        found.setdefault(person, []).append(row.paid or row.created)
    return found
