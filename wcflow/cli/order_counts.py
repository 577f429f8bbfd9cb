"""Split orders, and orders in currencies without a rate, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import open_without_upgrade
from wcflow.database.order_counts import CurrencyCount, count_other_currencies
from wcflow.database.schema import HEAD, load_revision
from wcflow.database.stores import load_store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import WcflowError


def currencies_without_rate(
    tx: Connection, row: StoreRow, config: Config, settings: StoreSettings
) -> list[CurrencyCount]:
    """Count the paid orders whose amounts are left out because they have no rate."""
    if not row.currency:
        return []
    known = {row.currency.upper(), *settings.currency_rates}
    return count_other_currencies(
        tx, settings.name, config.paid_statuses, known, settings.rate_meta
    )


def missing_rates(config: Config) -> Iterator[str]:
    """Return which orders have no rate, if the database has this version and can be read."""
    try:
        with open_without_upgrade(config.database) as db, db.reading() as tx:
            if load_revision(tx) != HEAD:
                return
            for settings in config.stores:
                row = load_store_row(tx, settings.name)
                for each in currencies_without_rate(tx, row, config, settings) if row else ():
                    yield f"[store {settings.name}]: {currency_text(each)}"
    except WcflowError:
        return  # 'wcflow doctor' reports it; the configuration is right all the same


def currency_text(count: CurrencyCount) -> str:
    """Return the problem in words."""
    orders = output.format_count(count.orders, "order")
    people = output.format_count(count.people, "customer")
    return (
        f"the amounts of {orders} of {people} in {count.currency} are left out:"
        f" set currency_rates = {count.currency} RATE in the [store] section"
    )


def child_orders_text(counts: Mapping[str, int], *, counted: bool) -> str:
    """Return how many orders are parts of others, and what made them."""
    made_by = ", ".join(f"{via or 'unknown'} {count:,}" for via, count in counts.items())
    state = "counted" if counted else "not counted"
    return f"{sum(counts.values()):,} parts of other orders, {state} ({made_by})"
