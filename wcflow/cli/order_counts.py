"""What the database says of a configuration, in words: orders without a rate, missing plugins."""

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
from wcflow.rules.triggers.needs import UnmetNeed, unmet_needs


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


def database_warnings(config: Config) -> Iterator[tuple[str, str]]:
    """Return which orders have no rate and which workflows never start, each with advice.

    Nothing if the database has another version or cannot be read.
    """
    try:
        with open_without_upgrade(config.database) as db, db.reading() as tx:
            if load_revision(tx) != HEAD:
                return
            for settings in config.stores:
                row = load_store_row(tx, settings.name)
                if row is None:
                    continue
                where = f"[store {settings.name}]:"
                for each in currencies_without_rate(tx, row, config, settings):
                    yield f"{where} {currency_text(each)}", ""
                for unmet in needs_of_store(config, row):
                    yield f"{where} {unmet.message}", unmet.advice
    except WcflowError:
        return  # 'wcflow doctor' reports it; the configuration is right all the same


def needs_of_store(config: Config, row: StoreRow) -> Iterator[UnmetNeed]:
    """Return the workflows that never start in a store."""
    if not row.version:
        return iter(())  # nothing is known of its plugins yet
    return unmet_needs(
        config.rules.workflows,
        has_companion=row.has_companion,
        has_subscriptions=row.has_subscriptions,
    )


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
