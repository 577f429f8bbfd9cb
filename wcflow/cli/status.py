"""``wcflow status``: the state of each store, for people and for monitoring. Changes nothing.

It shows no personal data, because its output may go to a monitor, a ticket or a mailing list.
``wcflow outbox show`` shows which customer a change is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.pool import pool_rules
from wcflow.actions.registry import entry_words
from wcflow.cli import describe, output
from wcflow.cli.campaign_words import rule_rows, running_campaigns
from wcflow.cli.context import open_database_session
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.cli.order_counts import child_orders_text, currencies_without_rate, currency_text
from wcflow.cli.quarantined import print_quarantine, quarantine_problems
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import evaluation_queue, outbox, people
from wcflow.database.companion import load_problems
from wcflow.database.messages import DeferredMessages, load_deferred
from wcflow.database.order_counts import CurrencyCount, count_child_orders
from wcflow.database.outbox import OutboxEntry
from wcflow.database.pauses import PauseState, load_pauses
from wcflow.database.pools import pool_problems
from wcflow.database.quarantine import (
    QuarantinedRecord,
    load_odd_fields,
    load_quarantine,
)
from wcflow.database.rename_store import find_former_name, renamed_error
from wcflow.database.sql import count_customers, count_orders, count_runs, instant
from wcflow.database.stores import (
    MAILBOX_TROUBLE,
    load_channel_errors,
    load_hold,
    load_setting,
    load_store_row,
)
from wcflow.database.tables import StoreRow
from wcflow.database.tasks import count_due_tasks
from wcflow.errors import DONE, SOME_FAILED, UsageError
from wcflow.outbox.limits import any_hold, waiting_sentences
from wcflow.rules.clocks import ClockGap
from wcflow.units import DURATION_FORM, parse_duration, parse_zone

FAILED_SHOWN = 10
LEAST_MAX_AGE = timedelta(minutes=15)
"""Younger than this a successful poll is never called old."""


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The state of a store. ``problems`` are sentences; there are none if all is well."""

    store: str
    url: str
    title: str
    version: str
    time_zone: str
    polled_at: datetime | None
    poll_age_seconds: int | None
    poll_error: str
    poll_error_since: datetime | None
    write_error: str
    write_error_since: datetime | None
    orders_imported_to: datetime | None
    import_started: bool
    import_done: bool
    clocks: ClockGap | None
    hold_reason: str
    held_since: datetime | None
    orders: Mapping[str, int]
    child_orders: Mapping[str, int]
    child_orders_count: bool
    without_rate: Sequence[CurrencyCount]
    customers: int
    people: int
    people_to_evaluate: int
    segments: Mapping[str, int]
    outbox: Mapping[str, int]
    due_now: int
    deferred: DeferredMessages
    runs: Mapping[str, Mapping[str, int]]
    paused: Mapping[str, PauseState]
    tasks_due: int
    campaigns: Mapping[str, Mapping[str, object]]
    failed: Sequence[OutboxEntry]
    quarantine: Sequence[QuarantinedRecord]
    odd_fields: Mapping[str, int]
    problems: Sequence[str]


def register(app: typer.Typer) -> None:
    app.command(
        "status",
        epilog="Exit codes: 0 all is well, 1 something needs attention.",
    )(status)


def status(
    config: ConfigFile = None,
    store: StoreName = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="DURATION",
            help="The age from which the last poll counts as too old, such as 2h."
            " [default: 10 times poll_every, at least 15 minutes]",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the state of each store.

    Shows the last poll, counts, segments, waiting and failed changes, and quarantined records. It
    only reads the database, so it works while the daemon runs and while the store is down.
    """
    with open_database_session(config) as session:
        allowed_age = _allowed_age(session.config, max_age)
        now = session.clock()
        with session.db.counting() as tx:
            found = [
                load_status(tx, session.config, each, now, allowed_age)
                for each in session.stores(store)
            ]
    if as_json:
        output.print_json({each.store: _to_json(each) for each in found})
    else:
        for each in found:
            print_status(each, now)
    raise typer.Exit(SOME_FAILED if any(each.problems for each in found) else DONE)


def _allowed_age(config: Config, given: str | None) -> timedelta:
    if given is None:
        return max(LEAST_MAX_AGE, timedelta(seconds=10 * config.poll_every.seconds))
    length = parse_duration(given)
    if length is None:
        raise UsageError(f"--max-age {given!r} is not a duration", f"Write {DURATION_FORM}.")
    return timedelta(seconds=length.seconds)


def load_status(
    tx: Connection,
    config: Config,
    settings: StoreSettings,
    now: datetime,
    allowed_age: timedelta,
) -> StoreStatus:
    """Load the state of a store."""
    name = settings.name
    row = load_store_row(tx, name) or StoreRow(name=name, url="", time_zone="UTC")
    failed = outbox.load_entries(tx, name, ["failed"], limit=None)
    quarantine = load_quarantine(tx, name)
    orders, customers = count_orders(tx, name), count_customers(tx, name)
    polled = _optional_instant(row.polled_at)
    waiting, released = outbox.count_waiting(tx, name, now)
    # Changes that 'plan' found wait for approval before the first attempt to write them.
    saved = load_hold(tx, row.name)
    hold = saved.reason or any_hold(tx, row, config.max_writes, now)
    return StoreStatus(
        store=name,
        url=row.url or settings.url,
        title=row.title,
        version=row.version,
        time_zone=row.time_zone,
        polled_at=polled,
        poll_age_seconds=None if polled is None else int((now - polled).total_seconds()),
        poll_error=row.poll_error or _renamed_text(tx, config, settings, row),
        poll_error_since=_optional_instant(row.poll_error_since),
        write_error=row.write_error,
        write_error_since=_optional_instant(row.write_error_since),
        orders_imported_to=_optional_instant(row.order_cursor),
        import_started=row.initial_sync_started is not None,
        import_done=row.initial_sync_done is not None,
        clocks=_saved_gap(row),
        hold_reason=hold,
        held_since=_optional_instant(saved.since),
        orders=orders,
        child_orders=count_child_orders(tx, name),
        child_orders_count=settings.child_orders == "count",
        without_rate=currencies_without_rate(tx, row, config, settings),
        customers=customers,
        people=people.count_people(tx, name),
        people_to_evaluate=evaluation_queue.count_due_people(tx, name, now),
        segments=people.count_by_segment(tx, name),
        outbox=outbox.count_by_state(tx, name),
        due_now=waiting + released,
        deferred=load_deferred(tx, name, now),
        runs=count_runs(tx, name),
        paused=load_pauses(tx, name),
        tasks_due=count_due_tasks(tx, name, now),
        campaigns=running_campaigns(tx, name),
        failed=failed,
        quarantine=quarantine,
        odd_fields={f"{odd.kind}.{odd.field}": odd.records for odd in load_odd_fields(tx, name)},
        problems=(
            *_sync_problems(row, hold, now, allowed_age, len(failed)),
            *waiting_sentences(tx, name),
            *(load_problems(tx, name) if row.has_companion else ()),
            *describe.channel_problems(load_channel_errors(tx, name), parse_zone(row.time_zone)),
            *describe.mailbox_problem(load_setting(tx, MAILBOX_TROUBLE) if config.bounces else ""),
            *quarantine_problems(quarantine),
            *pool_problems(tx, name, pool_rules(config.rules).values()),
        ),
    )


def _sync_problems(
    row: StoreRow, hold: str, now: datetime, allowed_age: timedelta, failed: int
) -> Iterator[str]:
    if row.poll_error:
        yield "the store cannot be polled"
    elif row.polled_at is None:
        began = row.initial_sync_started
        yield "the initial import is not finished" if began else "the store was never read"
    elif now - instant(row.polled_at) > allowed_age:
        yield "the last poll is too old (check that the daemon, 'wcflow run', is running)"
    if row.write_error:
        yield "changes cannot be written to the store"
    if gap := _saved_gap(row):
        yield str(gap)
    if hold:
        yield "changes wait for 'wcflow approve'"
    if failed:
        yield f"{output.format_count(failed, 'change')} failed"


def _renamed_text(tx: Connection, config: Config, settings: StoreSettings, row: StoreRow) -> str:
    """Return that a store which was never read is in the database under another name."""
    names = {each.name for each in config.stores}
    former = None if row.url else find_former_name(tx, settings.url, "", names)
    if former is None:
        return ""
    error = renamed_error(settings.name, former)
    return f"{error}. {error.advice}"


def _saved_gap(row: StoreRow) -> ClockGap | None:
    here, store = _optional_instant(row.clock_here), _optional_instant(row.clock_store)
    return None if here is None or store is None else ClockGap(here, store)


def _optional_instant(stamp: int | None) -> datetime | None:
    return None if stamp is None else instant(stamp)


def print_status(store_status: StoreStatus, now: datetime) -> None:
    """Print the state of a store."""
    output.print_heading(f"{store_status.store}: {store_status.url}{_store_label(store_status)}")
    output.print_table(("", ""), list(_status_facts(store_status, now)), indent=2, header=False)
    if store_status.failed:
        _print_failed(store_status)
    if store_status.quarantine:
        print_quarantine(store_status.quarantine, parse_zone(store_status.time_zone))
    output.print_line()
    if store_status.problems:
        output.print_line(f"Needs attention: {'; '.join(store_status.problems)}.", "yellow")
    else:
        output.print_line("All is well.", "green")


def _store_label(store_status: StoreStatus) -> str:
    if not store_status.polled_at:
        return ""
    version = f", WooCommerce {store_status.version}" if store_status.version else ""
    return (
        f" ({store_status.title}{version}, {output.zone_words(parse_zone(store_status.time_zone))})"
    )


def _status_facts(store_status: StoreStatus, now: datetime) -> Iterator[tuple[str, str]]:
    zone = parse_zone(store_status.time_zone)
    yield "last poll", _format_ago(store_status.polled_at, now, zone)
    for label in ("poll", "write"):
        if error := getattr(store_status, f"{label}_error"):
            since = _format_ago(getattr(store_status, f"{label}_error_since"), now, zone)
            yield f"{label}s fail", f"{error} (since {since})"
    if store_status.polled_at is None:
        if store_status.import_started:
            yield "initial import", f"{_read_so_far(store_status)} imported so far"
        return
    yield "imported up to", _format_at(store_status.orders_imported_to, zone)
    if not store_status.import_done:
        yield "import", "everything is being read again; not finished"
    yield (
        "orders",
        f"{sum(store_status.orders.values()):,}{_counts_in_brackets(store_status.orders)}",
    )
    if store_status.child_orders:
        yield (
            "split orders",
            child_orders_text(store_status.child_orders, counted=store_status.child_orders_count),
        )
    for each in store_status.without_rate:
        yield "no rate", currency_text(each)
    waiting = (
        f" ({store_status.people_to_evaluate:,} to be evaluated)"
        if store_status.people_to_evaluate
        else ""
    )
    guests = store_status.people - store_status.customers
    yield (
        "customers",
        f"{store_status.people:,} ({store_status.customers:,} registered, {guests:,} guests){waiting}",
    )
    yield "segments", _format_counts(store_status.segments)
    yield (
        "outbox",
        _format_counts(store_status.outbox) + _due_later(store_status),
    )
    if store_status.deferred.count:
        yield "deferred", describe.deferred_words(store_status.deferred, zone)
    for name, state in store_status.paused.items():
        since = f"since {output.format_time(state.since, zone)}"
        yield f"{name} paused", f"{since}; {describe.pause_words(state)}"
    if store_status.tasks_due:
        yield "tasks", f"{store_status.tasks_due:,} due ('wcflow task list')"
    yield from rule_rows(store_status.runs, store_status.campaigns, zone)
    if store_status.hold_reason:
        since = (
            f" since {_format_at(store_status.held_since, zone)}" if store_status.held_since else ""
        )
        yield "held", f"{store_status.hold_reason}{since}"


def _due_later(store_status: StoreStatus) -> str:
    paused = sum(state.changes for state in store_status.paused.values())
    later = store_status.outbox.get("due", 0) - store_status.due_now - paused
    return f" ({later:,} of the due changes wait until later)" if later > 0 else ""


def _read_so_far(store_status: StoreStatus) -> str:
    return f"{output.format_count(store_status.customers, 'customer')} and {output.format_count(sum(store_status.orders.values()), 'order')}"


def _print_failed(store_status: StoreStatus) -> None:
    output.print_heading("Failed")
    rows = [
        (each.id, entry_words(each), each.outcome) for each in store_status.failed[:FAILED_SHOWN]
    ]
    output.print_table(("id", "change", "reason"), rows, indent=2)
    more = len(store_status.failed) - FAILED_SHOWN
    if more > 0:
        output.print_line(f"… and {more:,} more: 'wcflow outbox list --state failed'", indent=2)
    output.print_line("'wcflow outbox show ID' shows the customer.", indent=2)


def _format_at(at: datetime | None, zone: tzinfo) -> str:
    return "never" if at is None else output.format_time(at, zone)


def _format_ago(at: datetime | None, now: datetime, zone: tzinfo) -> str:
    return (
        "never"
        if at is None
        else f"{output.format_time(at, zone)}, {output.format_age(now - at)} ago"
    )


def _format_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _counts_in_brackets(counts: Mapping[str, int]) -> str:
    return f" ({_format_counts(counts)})" if counts else ""


def _to_json(store_status: StoreStatus) -> dict[str, object]:
    failed = [
        {
            "id": each.id,
            "kind": each.kind,
            "person": each.person,
            "target_id": each.target_id or None,
            "rule": each.rule,
            "outcome": each.outcome,
        }
        for each in store_status.failed
    ]
    quarantine = [{**row._asdict(), "id": row.id or None} for row in store_status.quarantine]
    return {
        "healthy": not store_status.problems,
        **asdict(store_status),
        "failed": failed,
        "quarantine": quarantine,
        "paused": {name: state._asdict() for name, state in store_status.paused.items()},
    }
