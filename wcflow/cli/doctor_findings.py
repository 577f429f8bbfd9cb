"""What ``wcflow doctor`` finds in the database about a store.

Its binding, odd fields, split orders, currencies, shared addresses, and statuses that no order has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, make_url

from wcflow.actions.pool import pool_rules
from wcflow.cli import describe, output
from wcflow.cli.order_counts import currencies_without_rate, currency_text
from wcflow.config.companion_plugin import EXPORT_ADVICE, version_words
from wcflow.config.load import Config
from wcflow.config.rule_warnings import ORDER_STATUSES
from wcflow.config.rules import conditions_and_templates
from wcflow.config.stores import StoreSettings
from wcflow.database.companion import load_companion, load_problems
from wcflow.database.connection import open_database
from wcflow.database.customers import count_names_by_guest_address
from wcflow.database.order_counts import count_child_orders, find_parents_with_less
from wcflow.database.pauses import load_pauses
from wcflow.database.pools import count_codes, pool_problems
from wcflow.database.quarantine import OddField, load_odd_fields
from wcflow.database.sql import count_orders
from wcflow.database.stores import load_store_row
from wcflow.database.subscriptions import count_subscriptions
from wcflow.database.tables import StoreRow
from wcflow.errors import SetupError, WcflowError
from wcflow.poll.binding import check_binding, check_name
from wcflow.rules.conditions import Condition
from wcflow.rules.triggers.needs import unmet_needs
from wcflow.store.probe import Finding
from wcflow.store.store_info import StoreInfo
from wcflow.units import is_nobody, parse_zone

MANY_NAMES, SHOWN = 5, 10
"""From how many billing names on an address looks shared, and how many addresses are shown."""

_ODD_FIELD_ADVICE = (
    "Nothing, unless your rules use the field. A plugin changes it; it was read as far as possible."
)
_STATUS_COMPARISON = re.compile(r"\border\.status (?:not )?(?:in|=|<>) (\([^)]*\)|'[^']*')")


def find_in_database(
    config: Config, settings: StoreSettings, info: StoreInfo | None
) -> Iterator[Finding]:
    """Check what the database knows about a store; nothing if there is no database yet.

    ``info`` is what the store says about itself now, if it responds.
    """
    url = make_url(config.database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return
    try:
        with open_database(config.database) as db, db.reading() as tx:
            row = load_store_row(tx, settings.name)
            if info is not None:
                yield from _check_binding(tx, config, settings, row, info)
            if row is None:
                return
            for odd in load_odd_fields(tx, settings.name):
                yield Finding("records", "warning", _describe_odd_field(odd), _ODD_FIELD_ADVICE)
            yield from _check_split_orders(tx, config, settings)
            yield from _check_currencies(tx, row, config, settings)
            yield from _check_addresses(tx, settings)
            yield from _check_statuses(tx, row, config, settings)
            yield from _check_pauses(tx, row)
            plugins = row if info is None else info
            if plugins.has_subscriptions:
                words = output.format_count(count_subscriptions(tx, settings.name), "subscription")
                yield Finding("plugins", "ok", f"WooCommerce Subscriptions: {words}")
            if plugins.has_companion:
                yield _check_companion(tx, row)
            elif config.smtp is not None and config.smtp.track:
                message = "what is opened and clicked is not counted without the companion plugin"
                yield Finding("companion plugin", "warning", message, EXPORT_ADVICE)
            for unmet in unmet_needs(
                config.rules.workflows,
                has_companion=plugins.has_companion,
                has_subscriptions=plugins.has_subscriptions,
            ):
                yield Finding("plugins", "problem", unmet.message, unmet.advice)
            yield from _check_pools(tx, config, settings)
    except WcflowError:
        return  # reported as the finding "database"


def _check_binding(
    tx: Connection, config: Config, settings: StoreSettings, row: StoreRow | None, info: StoreInfo
) -> Iterator[Finding]:
    try:
        check_name(tx, settings.name, row, info, [each.name for each in config.stores])
        if row is None or not row.url:
            return
        check_binding(settings, row, info)
    except SetupError as error:
        yield Finding("binding", "problem", str(error), error.advice)
    else:
        yield Finding("binding", "ok", f"the database belongs to the store at {row.url}")


def _describe_odd_field(odd: OddField) -> str:
    newest = f"{odd.kind} {odd.example_id}"
    where = newest if odd.records == 1 else f"{odd.records:,} {odd.kind}s, such as {newest}"
    return f"{odd.kind}.{odd.field} is in an unexpected form in {where}; everything else was read"


def _check_companion(tx: Connection, row: StoreRow) -> Finding:
    """Compare the companion plugin, as the last sync found it, with this wcflow."""
    known = load_companion(tx, row.name)
    if known is None or not known.version:
        message = "the store has the companion plugin; the next sync fills it"
        return Finding("companion plugin", "ok", message)
    words, advice = version_words(known.version)
    if words:
        return Finding("companion plugin", "warning", words, advice)
    for problem in load_problems(tx, row.name):
        return Finding("companion plugin", "warning", problem)
    return Finding("companion plugin", "ok", f"the companion plugin {known.version} is up to date")


def _check_pauses(tx: Connection, row: StoreRow) -> Iterator[Finding]:
    for name, state in load_pauses(tx, row.name).items():
        since = output.format_time(state.since, parse_zone(row.time_zone))
        said = f"workflow {name} is paused since {since}: {describe.pause_words(state)}"
        yield Finding("pause", "warning", said, f"'wcflow workflow resume {name}' continues it.")


def _check_pools(tx: Connection, config: Config, settings: StoreSettings) -> Iterator[Finding]:
    rules = pool_rules(config.rules)
    problems = pool_problems(tx, settings.name, rules.values())
    for said in problems:
        advice = "Add codes to its file, or run 'wcflow pool import NAME FILE'."
        yield Finding("coupon pools", "warning", said, advice)
    if rules and not problems:
        counts = count_codes(tx, settings.name)
        free = (f"{name} {counts.get(name, {}).get('free', 0):,}" for name in rules)
        yield Finding("coupon pools", "ok", f"free codes: {', '.join(free)}")


def _check_split_orders(
    tx: Connection, config: Config, settings: StoreSettings
) -> Iterator[Finding]:
    children = count_child_orders(tx, settings.name)
    if not children:
        return
    counted = settings.child_orders == "count"
    made_by = ", ".join(via or "unknown" for via in children)
    said = (
        f"{sum(children.values()):,} orders are parts of other orders (made by {made_by}) and"
        f" {'count' if counted else 'do not count'}"
    )
    short = [] if counted else find_parents_with_less(tx, settings.name, config.paid_statuses)
    if not short:
        yield Finding("split orders", "ok", said)
        return
    said += (
        f"; the total of {len(short):,} orders, such as {short[0]}, is less than that of its parts"
    )
    advice = (
        "If these are deposits and instalments, set child_orders = count in the [store] section."
    )
    yield Finding("split orders", "warning", said, advice)


def _check_currencies(
    tx: Connection, row: StoreRow, config: Config, settings: StoreSettings
) -> Iterator[Finding]:
    for each in currencies_without_rate(tx, row, config, settings):
        said, _, advice = currency_text(each).partition(": ")
        yield Finding("currency rates", "warning", said, advice)


def _check_addresses(tx: Connection, settings: StoreSettings) -> Iterator[Finding]:
    """Suggest guest addresses that do not look like one customer, such as that of a till."""
    counts = count_names_by_guest_address(tx, settings.name, MANY_NAMES)
    suspects = [
        f"{email} ({count} names)"
        for email, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if not is_nobody(email, settings.shared_emails)
    ]
    if not suspects:
        return
    more = f", and {len(suspects) - SHOWN} more" if len(suspects) > SHOWN else ""
    said = f"guests order under many names with one address: {', '.join(suspects[:SHOWN])}"
    yield Finding(
        "shared addresses",
        "warning",
        said + more,
        "Each address counts as one customer. Add those of a marketplace or a till to"
        f" shared_emails in [store {settings.name}].",
    )


def _check_statuses(
    tx: Connection, row: StoreRow, config: Config, settings: StoreSettings
) -> Iterator[Finding]:
    """Warn of statuses in the configuration that are neither WooCommerce's nor seen in the store."""
    if row.initial_sync_done is None:
        return
    seen = sorted(count_orders(tx, settings.name))
    for status, places in _configured_statuses(config).items():
        if status not in ORDER_STATUSES and status not in seen:
            said = f"no order has the status '{status}' ({', '.join(places)})"
            advice = f"Correct it, unless it is new. Orders have: {', '.join(seen)}."
            yield Finding("statuses", "warning", said, advice)


def _configured_statuses(config: Config) -> Mapping[str, list[str]]:
    """Return each status in the configuration, and where it is."""
    found: dict[str, list[str]] = {}
    for key in ("paid_statuses", "shipped_statuses"):
        for status in getattr(config, key):
            found.setdefault(status, []).append(key)
    for rule in config.rules.workflows:
        if rule.trigger.name == "order_status_changed":
            for status in filter(None, rule.trigger.argument):
                found.setdefault(status, []).append(f"workflow {rule.name}")
    for part in conditions_and_templates(config.rules):
        if isinstance(part, Condition):
            for values in _STATUS_COMPARISON.findall(part.canonical):
                for status in re.findall(r"'([^']*)'", values):
                    found.setdefault(status, []).append("order.status")
    return found
