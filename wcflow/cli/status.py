"""``wcflow status``: how each shop stands, for people and for monitoring. Only looks.

It names nobody: what it says may go to a monitor, a ticket, a mailing list. Whom an effect is for,
``wcflow outbox show`` tells who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import looking
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import evaluation_queue, outbox, people
from wcflow.database.outbox import Entry
from wcflow.database.quarantine import PERSON_OF, Aside, quarantined_rows
from wcflow.database.sql import count_customers, count_orders, instant, run_counts
from wcflow.database.stores import store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import DONE, SOME_FAILED, UsageError
from wcflow.outbox.limits import hold_reason, write_load
from wcflow.units import DURATION_FORM, parse_duration, parse_zone

GIVEN_UP_SHOWN = 10
ASIDE_SHOWN = 5
STRANGE = 10
PATIENCE = timedelta(minutes=15)
"""Younger than this a successful poll is never called old."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one store stands; ``ailing`` says in words what is wrong, nothing where all is well."""

    store: str
    url: str
    title: str
    version: str
    zone: str
    polled_at: datetime | None
    age_seconds: int | None
    error: str
    error_since: datetime | None
    cursor: datetime | None
    census_begun: bool
    census_done: bool
    held: str
    held_since: datetime | None
    orders: Mapping[str, int]
    customers: int
    people: int
    people_waiting: int
    segments: Mapping[str, int]
    queue: Mapping[str, int]
    due_now: int
    runs: Mapping[str, Mapping[str, int]]
    given_up: Sequence[Entry]
    aside: Sequence[Aside]
    ailing: Sequence[str]


def register(app: typer.Typer) -> None:
    app.command(
        "status",
        epilog="Exit codes: 0 all is well, 1 a store is stalled, held, or has writes given up.",
    )(status)


def status(
    config: ConfigFile = None,
    store: StoreName = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="DURATION",
            help="How old the last successful poll may be, such as 2h."
            " [default: 10 times poll_every, at least 15 minutes]",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how each shop stands.

    Tells the last poll, counts, segments, what waits, what was given up and which rows of the shop were put aside. Only looks into the database: works while the daemon runs, and when the shop is down.
    """
    with looking(config) as work:
        patience = _patience(work.config, max_age)
        now = work.clock()
        with work.db.counting() as tx:
            most = work.config.max_writes
            found = [standing(tx, each, now, patience, most) for each in work.stores(store)]
    if as_json:
        output.as_json({each.store: _as_data(each) for each in found})
    else:
        for each in found:
            print_standing(each, now)
    raise typer.Exit(SOME_FAILED if any(each.ailing for each in found) else DONE)


def _patience(config: Config, given: str | None) -> timedelta:
    if given is None:
        return max(PATIENCE, timedelta(seconds=10 * config.poll_every.seconds))
    length = parse_duration(given)
    if length is None:
        raise UsageError(f"--max-age {given!r} is no duration", f"write {DURATION_FORM}")
    return timedelta(seconds=length.seconds)


def standing(
    tx: Connection,
    settings: StoreSettings,
    now: datetime,
    patience: timedelta,
    max_writes: int | None,
) -> Standing:
    """Look at one store."""
    name = settings.name
    row = store_row(tx, name) or StoreRow(name=name, url="", zone="UTC")
    given_up = outbox.entries(tx, name, ["failed"], limit=None)
    aside = quarantined_rows(tx, name)
    orders, customers = count_orders(tx, name), count_customers(tx, name)
    polled = _instant(row.polled_at)
    waiting, released = outbox.waiting(tx, name, now)
    # What was decided by 'plan' waits for a person, although nobody has tried to write it yet.
    brake = row.held or hold_reason(write_load(tx, row, waiting), max_writes)
    return Standing(
        store=name,
        url=row.url or settings.url,
        title=row.title,
        version=row.version,
        zone=row.zone,
        polled_at=polled,
        age_seconds=None if polled is None else int((now - polled).total_seconds()),
        error=row.error,
        error_since=_instant(row.error_since),
        cursor=_instant(row.order_cursor),
        census_begun=row.census_started is not None,
        census_done=row.census_done is not None,
        held=brake,
        held_since=_instant(row.held_since),
        orders=orders,
        customers=customers,
        people=people.count_people(tx, name),
        people_waiting=evaluation_queue.people_left(tx, name, now),
        segments=people.segment_counts(tx, name),
        queue=outbox.queue_counts(tx, name),
        due_now=waiting + released,
        runs=run_counts(tx, name),
        given_up=given_up,
        aside=aside,
        ailing=(
            *_ailing(row, brake, now, patience, len(given_up)),
            *_hard_to_read(aside, {"order": sum(orders.values()), "customer": customers}),
            *_unjudged(aside),
        ),
    )


def _ailing(
    row: StoreRow, brake: str, now: datetime, patience: timedelta, given_up: int
) -> Iterator[str]:
    if row.error:
        since = f" since {output.when(instant(row.error_since))} UTC" if row.error_since else ""
        yield f"polls fail{since}"
    elif row.polled_at is None:
        yield "its first census is not done yet" if row.census_started else "it was never read"
    elif now - instant(row.polled_at) > patience:
        yield "nobody polls it (the daemon, 'wcflow run', would)"
    if brake:
        yield "writes are held until 'wcflow approve'"
    if given_up:
        yield f"{output.counted(given_up, 'write was', 'writes were')} given up"


def _hard_to_read(aside: Sequence[Aside], known: Mapping[str, int]) -> Iterator[str]:
    """Tell of a shop that has become unreadable: more of a kind is aside than a tenth of what is known."""
    for kind, count in known.items():
        bad = sum(row.kind == kind for row in aside)
        if bad >= STRANGE and bad >= count / STRANGE:
            yield f"{output.counted(bad, kind)} cannot be understood"


def _unjudged(aside: Sequence[Aside]) -> Iterator[str]:
    if count := sum(row.kind in PERSON_OF for row in aside):
        who = output.counted(count, "person", "people")
        yield f"{who} cannot be judged, a bug in wcflow (the log tells where)"


def _instant(stamp: int | None) -> datetime | None:
    return None if stamp is None else instant(stamp)


def print_standing(seen: Standing, now: datetime) -> None:
    """Print how a store stands."""
    output.heading(f"{seen.store}: {seen.url}{_told(seen)}")
    output.table(("", ""), list(_facts(seen, now)), indent=2, header=False)
    if seen.given_up:
        _print_given_up(seen)
    if seen.aside:
        _print_aside(seen.aside, parse_zone(seen.zone))
    output.say()
    if seen.ailing:
        output.say(f"Not well: {'; '.join(seen.ailing)}.", "yellow")
    else:
        output.say("All is well.", "green")


def _told(seen: Standing) -> str:
    if not seen.polled_at:
        return ""
    version = f", WooCommerce {seen.version}" if seen.version else ""
    return f" ({seen.title}{version}, times of {seen.zone})"


def _facts(seen: Standing, now: datetime) -> Iterator[tuple[str, str]]:
    zone = parse_zone(seen.zone)
    yield "last poll", _ago(seen.polled_at, now, zone)
    if seen.error:
        yield "last failure", f"{seen.error} (since {_ago(seen.error_since, now, zone)})"
    if seen.polled_at is None:
        if seen.census_begun:
            yield "first census", f"{_so_far(seen)} are read so far"
        return
    yield "cursor", f"orders are known up to {_at(seen.cursor, zone)}"
    if not seen.census_done:
        yield "census", "everything is read again; not done yet"
    yield "orders", f"{sum(seen.orders.values()):,}{_in_brackets(seen.orders)}"
    waiting = f" ({seen.people_waiting:,} to be judged)" if seen.people_waiting else ""
    yield "customers", f"{seen.customers:,}, with guests {seen.people:,} people{waiting}"
    yield "segments", _counts(seen.segments)
    yield "outbox", _counts(seen.queue) + (f"; {seen.due_now:,} due now" if seen.due_now else "")
    for name, states in seen.runs.items():
        yield f"workflow {name}", _counts(states)
    if seen.held:
        since = f" since {_at(seen.held_since, zone)}" if seen.held_since else ""
        yield "brake", f"holds{since}: {seen.held}"


def _so_far(seen: Standing) -> str:
    return f"{output.counted(seen.customers, 'customer')} and {output.counted(sum(seen.orders.values()), 'order')}"


def _print_given_up(seen: Standing) -> None:
    output.heading("Given up")
    rows = [
        (each.id, _unnamed(each.subject), describe.deed(each), each.outcome)
        for each in seen.given_up[:GIVEN_UP_SHOWN]
    ]
    output.table(("id", "who", "effect", "why"), rows, indent=2)
    more = len(seen.given_up) - GIVEN_UP_SHOWN
    if more > 0:
        output.say(f"… and {more:,} more: 'wcflow outbox list --state failed'", indent=2)
    output.say("'wcflow outbox show ID' tells for whom.", indent=2)


def _print_aside(rows: Sequence[Aside], zone: tzinfo) -> None:
    """Print what could not be understood. It makes no shop unwell: all else goes on."""
    output.heading("Put aside")
    if bad := sum(row.kind not in PERSON_OF for row in rows):
        output.say(
            f"{output.counted(bad, 'row', 'rows')} of the shop cannot be understood. Rules go on with"
            " the last version that could; each is asked for again at night, and when it changes.",
            indent=2,
        )
    if unjudged := len(rows) - bad:
        people = output.counted(unjudged, "person", "people")
        output.say(f"{people} cannot be judged; wcflow tries again each day.", indent=2)
    told = [
        (_name(row), output.when(row.first_seen, zone), row.reason) for row in rows[:ASIDE_SHOWN]
    ]
    output.table(("row", "since", "why"), told, indent=2)
    if len(rows) > ASIDE_SHOWN:
        more = len(rows) - ASIDE_SHOWN
        output.say(f"… and {more:,} more: 'wcflow status --json'", indent=2)


def _unnamed(subject: str) -> str:
    """Give a key for somebody that tells nothing of them: ``c12``, of a guest ``g:1f0c3a9b``."""
    if not subject.startswith("g:"):
        return subject
    return f"g:{sha256(subject.encode()).hexdigest()[:8]}"


def _name(row: Aside) -> str:
    return f"{row.kind} {row.id}" if row.id else f"{row.kind} of unknown id"


def _at(at: datetime | None, zone: tzinfo) -> str:
    return "never" if at is None else output.when(at, zone)


def _ago(at: datetime | None, now: datetime, zone: tzinfo) -> str:
    return "never" if at is None else f"{output.when(at, zone)}, {output.age(now - at)} ago"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _in_brackets(counts: Mapping[str, int]) -> str:
    return f" ({_counts(counts)})" if counts else ""


def _as_data(seen: Standing) -> dict[str, object]:
    given_up = [
        {
            "id": each.id,
            "kind": each.kind,
            "subject": _unnamed(each.subject),
            "target": each.target or None,
            "rule": each.rule,
            "reason": each.outcome,
        }
        for each in seen.given_up
    ]
    aside = [{**row._asdict(), "id": row.id or None} for row in seen.aside]
    return {"healthy": not seen.ailing, **asdict(seen), "given_up": given_up, "aside": aside}
