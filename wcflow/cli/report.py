"""Reports of workflows and campaigns: what they did, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from wcflow.actions.registry import entry_kind
from wcflow.cli import output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.config.load import Config
from wcflow.errors import UsageError
from wcflow.evaluate.reports import RuleReport, StoreReport, build_report
from wcflow.rules.errors import did_you_mean
from wcflow.units import minor_digits, parse_duration, start_of_day, window_start

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="Only what happened since then: a day such as 2026-01-31, or 30d. [default: everything]",
        show_default=False,
    ),
]


def print_reports(
    config_file: Path | None,
    store: str | None,
    kind: str,
    name: str | None,
    since: str | None,
    *,
    as_json: bool,
) -> None:
    """Print the reports of all workflows (or campaigns) of each store, or of the one with this name."""
    with open_database_session(config_file) as session, session.db.reading() as tx:
        found = []
        for settings in session.stores(store):
            zone = store_zone(tx, settings.name)
            start = parse_since(since, session.clock(), zone)
            found.append((build_report(tx, session.config, settings, start), zone))
        config = session.config
    _require_rule(found, kind, name)
    if as_json:
        output.print_json({each.store: _to_json(each, kind, name) for each, _ in found})
        return
    for each, zone in found:
        _print_store(each, zone, config, kind, name)


def parse_since(text: str | None, now: datetime, zone: tzinfo) -> datetime | None:
    """Parse a day, or a duration before now; raises UsageError."""
    if text is None:
        return None
    length = parse_duration(text)
    if length is not None:
        return window_start(now, length, zone)
    try:
        return start_of_day(date.fromisoformat(text.strip()), zone)
    except ValueError:
        advice = "Write a day such as 2026-01-31, or a duration such as 30d."
        raise UsageError(f"--since {text!r} is not a day", advice) from None


def _require_rule(found: list[tuple[StoreReport, tzinfo]], kind: str, name: str | None) -> None:
    names = {rule.partition(" ")[2] for each, _ in found for rule in _of_kind(each, kind)}
    if name is not None and name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(sorted(names)) or 'none'}."
        raise UsageError(f"there is no {kind} {name}", hint)


def _of_kind(report: StoreReport, kind: str, name: str | None = None) -> Iterator[str]:
    for rule in report.rules:
        if rule.startswith(f"{kind} ") and name in (None, rule.partition(" ")[2]):
            yield rule


def _print_store(
    report: StoreReport, zone: tzinfo, config: Config, kind: str, name: str | None
) -> None:
    since = f"since {output.format_time(report.since, zone)}" if report.since else "since the start"
    output.print_line(f"{report.store}, {since} ({output.zone_words(zone)})", "bold")
    rules = list(_of_kind(report, kind, name))
    if not rules:
        output.print_line(f"There are no {kind}s.", indent=2)
        return
    if name is None:
        columns = (
            kind,
            "started",
            "finished",
            "waiting",
            "messages",
            "orders",
            "revenue",
            "return",
        )
        rows = [_row(report.rules[rule], report.currency) for rule in rules]
        output.print_table(columns, rows, indent=2)
        output.print_line(f"'wcflow {kind} report NAME' shows one in full.", "dim", indent=2)
    for rule in rules if name is not None else ():
        facts = list(_facts(report.rules[rule], report.currency))
        output.print_table(("", ""), facts, indent=2, header=False)
    output.print_line(
        f"An order comes from at most one workflow or campaign: by its coupon, else by the last click,"
        f" else by the last message, note or coupon within {config.attribution}.",
        "dim",
        indent=2,
    )


def _row(report: RuleReport, currency: str) -> tuple[object, ...]:
    runs, revenue = report.runs, report.revenue
    return (
        report.rule.partition(" ")[2],
        runs.started,
        runs.finished,
        runs.waiting,
        report.messages("done"),
        revenue.orders,
        _amount(revenue.revenue, currency) if revenue.orders else "",
        _return_words(revenue.returned),
    )


def _amount(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits(currency)}f} {currency}"


def _return_words(returned: Decimal | None) -> str:
    return "" if returned is None else f"{returned:,.1f} ×"


def _facts(report: RuleReport, currency: str) -> Iterator[tuple[str, str]]:
    runs, revenue = report.runs, report.revenue
    yield "started", f"{runs.started:,}"
    yield "finished", f"{runs.finished:,}"
    if runs.waiting:
        yield "waiting", f"{runs.waiting:,}"
    for words, reasons in (("ended early", runs.ended), ("skipped", runs.skipped)):
        for reason, count in reasons.most_common():
            yield words, f"{count:,}: {reason}"
    for tag, count in runs.tags.most_common():
        yield "tag added", f"{count:,}: {tag}"
    for kind, counts in report.entries.items():
        yield entry_kind(kind).several, _state_words(counts.states, counts.deferred)
    if report.messages("done"):
        yield "opened", f"{report.opened:,}"
        yield "clicked", f"{report.clicked:,}"
    yield "orders", _order_words(report)
    yield "revenue", f"{_amount(revenue.revenue, currency)}, less refunds"
    if revenue.redeemed:
        coupons = output.format_count(revenue.redeemed, "coupon")
        yield "discount", f"{_amount(revenue.discount, currency)} by {coupons}"
    if revenue.returned is not None:
        yield "return", f"{_return_words(revenue.returned)} the discount"
    if revenue.without_rate:
        orders = output.format_count(revenue.without_rate, "order")
        yield "no rate", f"{orders} in a currency without a rate: counted, but not in the amounts"


def _state_words(states: Mapping[str, int], deferred: int) -> str:
    words = [f"{state} {count:,}" for state, count in sorted(states.items())]
    if deferred:
        words.append(f"deferred {deferred:,}")
    return ", ".join(words)


def _order_words(report: RuleReport) -> str:
    revenue = report.revenue
    steps = revenue.orders - revenue.redeemed - revenue.clicked
    ways = {"by coupon": revenue.redeemed, "by click": revenue.clicked, "by the last step": steps}
    words = ", ".join(f"{count:,} {way}" for way, count in ways.items() if count)
    return f"{revenue.orders:,}{f' ({words})' if words else ''}"


def _to_json(report: StoreReport, kind: str, name: str | None) -> dict[str, object]:
    return {
        "currency": report.currency,
        "since": report.since,
        f"{kind}s": {
            rule.partition(" ")[2]: _rule_json(report.rules[rule])
            for rule in _of_kind(report, kind, name)
        },
    }


def _rule_json(report: RuleReport) -> dict[str, object]:
    runs, revenue = report.runs, report.revenue
    return {
        "started": runs.started,
        "finished": runs.finished,
        "waiting": runs.waiting,
        "ended": dict(runs.ended),
        "skipped": dict(runs.skipped),
        "tags": dict(runs.tags),
        "changes": {kind: dict(counts.states) for kind, counts in report.entries.items()},
        "messages_sent": report.messages("done"),
        "messages_failed": report.messages("failed"),
        "messages_deferred": report.deferred,
        "opened": report.opened,
        "clicked": report.clicked,
        "orders": revenue.orders,
        "orders_by_coupon": revenue.redeemed,
        "orders_by_click": revenue.clicked,
        "orders_without_rate": revenue.without_rate,
        "revenue": revenue.revenue,
        "discount": revenue.discount,
        "return": revenue.returned,
    }
