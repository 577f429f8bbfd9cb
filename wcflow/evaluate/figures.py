"""A few figures of each day, kept for plots and comparisons: sizes, starts, messages and revenue.

Sizes are those at the nightly check; what happened is counted by the day in the store's time zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import figures
from wcflow.database.connection import Database
from wcflow.database.figures import Figure
from wcflow.database.stores import load_store_row
from wcflow.evaluate.context import build_store_profile
from wcflow.evaluate.reports import load_day_orders
from wcflow.profile import StoreProfile, net_total
from wcflow.rules.model import CAMPAIGN_PREFIX
from wcflow.units import local_day, minor_digits, start_of_day

MAX_DAYS = 31
"""How many missed days are caught up on."""


def save_daily_figures(db: Database, config: Config, settings: StoreSettings, now: datetime) -> int:
    """Save the figures of the last complete day, and of days that were missed; return how many days.

    Repeated on the same day, it saves the same again.
    """
    with db.reading() as tx:
        row = load_store_row(tx, settings.name)
        if row is None:
            return 0
        store = build_store_profile(row, config, settings)
        last = figures.load_last_day(tx, settings.name)
    latest = local_day(now, store.zone) - timedelta(days=1)
    first = latest if last is None else max(min(last, latest), latest - timedelta(days=MAX_DAYS))
    days = [first + timedelta(days=each) for each in range((latest - first).days + 1)]
    for day in days:
        with db.transaction() as tx:
            found = list(_flows(tx, config, settings, store, day))
            if day == latest and not figures.has_sizes(tx, settings.name, day):
                found += figures.count_sizes(tx, settings.name)
            figures.save(tx, settings.name, day, found)
    return len(days)


def _flows(
    tx: Connection, config: Config, settings: StoreSettings, store: StoreProfile, day: date
) -> Iterator[Figure]:
    """Yield what happened on a day: starts, messages, paid orders and their revenue."""
    start = start_of_day(day, store.zone)
    end = start_of_day(day + timedelta(days=1), store.zone)
    for name, count in figures.count_starts(tx, settings.name, start, end).items():
        kind = "campaign" if name.startswith(CAMPAIGN_PREFIX) else "workflow"
        yield Figure(kind, name.removeprefix(CAMPAIGN_PREFIX), "started", count)
    kinds = {each.name: each.channel for each in ENTRY_KINDS.values() if each.message}
    sent = Counter[str]()
    for kind, count in figures.count_sent(tx, settings.name, list(kinds), start, end).items():
        sent[kinds[kind]] += count
    for channel, count in sent.items():
        yield Figure("message", channel, "sent", count)
    orders, revenue = 0, Decimal(0)
    for order in load_day_orders(tx, config, settings, store, start, end):
        orders += 1
        revenue += net_total(order, store) or 0
    yield Figure("order", "", "paid", orders)
    yield Figure("order", "", "revenue", int(revenue.scaleb(minor_digits(store.currency))))
