"""Customers' percentiles and the usual gap between orders, computed by the nightly check.

Rules use last night's values; otherwise one order would change the evaluation of everyone.
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
from wcflow.database.orders import load_orders
from wcflow.database.products import load_products
from wcflow.database.sql import chunks, table_of
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tables import OrderRow, PersonRow
from wcflow.evaluate.context import build_store_profile
from wcflow.profile import Profile, is_counted
from wcflow.units import is_anonymous, is_nobody

_P, _O = table_of(PersonRow), table_of(OrderRow)
RANK_ATTRIBUTES = frozenset({"spend_percentile", "orders_percentile"})
GAP_ATTRIBUTES = frozenset({"order_gap", "overdue"})
_BATCH_SIZE = 10_000
"""People per transaction, so that nothing else has to wait long for the database."""

_ORDERS_AT_ONCE = 500

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
_SAVE_RANK = _UPDATE_PERSON.values(_RANK_VALUES)
_SAVE_RANK_AND_MARK = _UPDATE_PERSON.values({**_RANK_VALUES, "dirty": 1})


def percentiles(values: Sequence[int]) -> list[int]:
    """Return for each value the percentage of all values below it; equal values count half."""
    ordered = sorted(values)
    percentile_of = {
        value: round(
            100 * (bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 / len(ordered)
        )
        for value in set(values)
    }
    return [percentile_of[value] for value in values]


def usual_gap(stamps_by_person: Iterable[Sequence[int]]) -> str:
    """Return the median number of days between two consecutive orders, as decimal text."""
    gaps = [
        (later - earlier) / 86400
        for stamps in stamps_by_person
        for earlier, later in pairwise(sorted(stamps))
    ]
    return str(Decimal(str(round(median(gaps), 2)))) if gaps else ""


def rank_customers(db: Database, config: Config, settings: StoreSettings) -> int:
    """Compute a store's percentiles and its usual gap between orders; return how many people changed.

    People are evaluated again only if a rule uses what changed.
    """
    used = attributes_used(config)
    with db.reading() as tx:
        changed = _changed_ranks(tx, settings.name)
        gap = usual_gap(_load_paid_stamps(tx, config, settings).values())
    for part in chunks(changed, _BATCH_SIZE):
        with db.transaction() as tx:
            tx.execute(_SAVE_RANK_AND_MARK if used & RANK_ATTRIBUTES else _SAVE_RANK, part)
    with db.transaction() as tx:
        row = load_store_row(tx, settings.name)
        if row is not None and row.median_order_gap != gap:
            save_store(tx, settings.name, median_order_gap=gap)
            if used & GAP_ATTRIBUTES:
                start_full_evaluation(tx, settings.name)
    return len(changed)


def attributes_used(config: Config) -> frozenset[str]:
    """Return the attributes that are used in a condition or a tag."""
    rules = config.rules
    conditions = [
        *(segment.when for segment in rules.segments),
        *(tag.when for tag in rules.tags),
        *(workflow.when for workflow in rules.workflows),
        *(workflow.stop_when for workflow in rules.workflows),
        *(campaign.when for campaign in rules.campaigns),
    ]
    named = frozenset(name for each in conditions if each is not None for name in each.names)
    return named.union(*(tag.tag.names for tag in rules.tags))


def _changed_ranks(tx: Connection, store: str) -> list[dict[str, Any]]:
    """Return the people whose percentiles changed; without a paid order they are None."""
    ranked = (_P.c.orders_count > 0) | _P.c.spend_percentile.is_not(None)
    rows = tx.execute(_SELECT_RANKS.where(_P.c.store == store, ranked)).all()
    paying = [row for row in rows if row.orders_count > 0]
    by_spend = percentiles([row.total_spent for row in paying])
    by_orders = percentiles([row.orders_count for row in paying])
    ranks = {row.id: both for row, *both in zip(paying, by_spend, by_orders, strict=True)}
    current = ((row, *ranks.get(row.id, (None, None))) for row in rows)
    return [
        {"of_store": store, "of_person": row.id, "to_spend": spend, "to_orders": orders}
        for row, spend, orders in current
        if (row.spend_percentile, row.orders_percentile) != (spend, orders)
    ]


def _load_paid_stamps(
    tx: Connection, config: Config, settings: StoreSettings
) -> Mapping[tuple[int, str], list[int]]:
    query = select(_O.c.customer_id, _O.c.email, _O.c.paid, _O.c.created, _O.c.id).where(
        _O.c.store == settings.name, _O.c.status.in_(config.paid_statuses)
    )
    if settings.child_orders == "ignore":
        query = query.where(_O.c.parent_id == 0)
    uncounted = _load_uncounted(tx, config, settings) if settings.counts_when else set()
    found: dict[tuple[int, str], list[int]] = {}
    for row in tx.execute(query):
        if (
            row.id in uncounted
            or is_anonymous(row.email)
            or (not row.customer_id and is_nobody(row.email, settings.shared_emails))
        ):
            continue
        person = (row.customer_id, "" if row.customer_id else row.email)
        found.setdefault(person, []).append(row.paid or row.created)
    return found


def _load_uncounted(tx: Connection, config: Config, settings: StoreSettings) -> set[int]:
    """Return the paid orders that do not match ``counts_when``."""
    row = load_store_row(tx, settings.name)
    assert row is not None, "the store is known before its customers are ranked"
    store, uncounted = build_store_profile(row, config, settings), set[int]()
    query = select(_O.c.id).where(
        _O.c.store == settings.name, _O.c.status.in_(config.paid_statuses)
    )
    for ids in chunks(list(tx.scalars(query)), _ORDERS_AT_ONCE):
        orders = load_orders(tx, settings.name, ids)
        products = load_products(
            tx, settings.name, {item.product_id for each in orders.values() for item in each.items}
        )
        nobody = Profile(person=0, email="", store=store, products=products)
        uncounted.update(key for key, each in orders.items() if not is_counted(each, nobody))
    return uncounted
