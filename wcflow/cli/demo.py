"""``wcflow demo``: a made-up store with a history, and what wcflow does with it."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from wcflow import maintenance, sync
from wcflow.actions.registry import ENTRY_KINDS, content_words
from wcflow.cli import demo_recipes, output
from wcflow.cli.demo_serve import serve_until_stopped
from wcflow.cli.describe import event_words
from wcflow.cli.explain import print_explanation
from wcflow.cli.init import write_private_file
from wcflow.cli.options import select_store, utcnow
from wcflow.cli.run import exit_process
from wcflow.cli.session import Session, open_session
from wcflow.database import outbox, people
from wcflow.database.contacts import load_contacts
from wcflow.database.identity import load_person_keys
from wcflow.database.stores import load_store_row
from wcflow.demo import store as demo
from wcflow.errors import UsageError
from wcflow.evaluate.explain import explain_person
from wcflow.profile import account_in
from wcflow.rules.tags import Memory
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.server import Server, serve
from wcflow.sandbox.store import SandboxStore
from wcflow.sync import SyncContext, SyncResult
from wcflow.units import parse_zone

DEFAULT_FOLDER = Path("wcflow-demo")
ONE_WEEK = timedelta(days=7)
BAR_WIDTH = 30
"""Characters of the longest bar."""

TAGS_SHOWN = 16


def register(app: typer.Typer) -> None:
    app.command(
        "demo",
        epilog="Exit codes: 0 done, 75 another demo is running in DIR, 78 DIR has other files.",
    )(run_demo)


def run_demo(
    serve: Annotated[
        bool,
        typer.Option("--serve", help="Keep running: new orders come in, and the daemon works."),
    ] = False,
    recipes: Annotated[
        str,
        typer.Option(
            "--recipes",
            metavar="NAMES",
            help="Show what recipes do in two weeks: names with commas between, or all.",
            show_default=False,
        ),
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            metavar="DIR",
            help="Directory for the configuration and the database. Default: wcflow-demo, or"
            " wcflow-demo-recipes.",
        ),
    ] = None,
) -> None:
    """Show what wcflow does with a made-up store; yours is not involved.

    Starts a made-up store on this machine, imports it, puts its customers into segments, writes
    tags back, lets a few customers act, and shows the result. The directory keeps the configuration
    and the database: edit the rules there and run the demo again to see what they do.
    """
    if recipes and serve:
        raise UsageError("--serve and --recipes cannot be used together", "Choose one of them.")
    if recipes:
        demo_recipes.run_recipes(folder or demo_recipes.DEFAULT_FOLDER, recipes)
        return
    began = time.monotonic()
    with ExitStack() as stack:
        demo_run = _open_demo(stack, folder or DEFAULT_FOLDER)
        with open_session(demo_run.config) as session:
            play_demo(demo_run, session)
        _print_duration(demo_run, time.monotonic() - began)
        if not serve:
            _print_next_commands(demo_run)
            return
        code = serve_until_stopped(
            stack, demo_run.store, demo_run.server, demo_run.config, demo_run.events[-1].email
        )
        output.print_line("The store has stopped.")
    exit_process(code)


@dataclass(slots=True)
class DemoRun:
    """A running demo: its store, its files, and the events so far."""

    store: SandboxStore
    server: Server
    config: Path
    events: Sequence[demo.DemoEvent] = field(default_factory=tuple)


def _open_demo(stack: ExitStack, folder: Path) -> DemoRun:
    folder = folder.absolute()
    stack.enter_context(demo.demo_folder(folder))
    demo.bypass_proxy()
    # A week without orders, so that the passing of time can be shown.
    store = demo.open_demo_store(utcnow() - ONE_WEEK)
    server = stack.enter_context(serve(store))
    config = folder / demo.INI
    write_private_file(config, demo.demo_config(folder, server.url), replace=config.exists())
    return DemoRun(store, server, config)


def play_demo(demo_run: DemoRun, session: Session) -> None:
    """Run the whole demo, part by part."""
    context = session.context(select_store(session.config, demo.STORE))
    _print_intro(demo_run)
    _show_initial_sync(demo_run, session, context)
    _show_week_later(demo_run, context)
    _show_segments_and_tags(context)
    _show_delivered(context)
    _show_explanation(demo_run, context)
    _show_idle_sync(demo_run, context)


# The parts


def _print_intro(demo_run: DemoRun) -> None:
    name = demo_run.store.state.settings.name
    output.print_line(f"{name}, a store made up for this demo", "bold")
    orders, accounts = len(demo_run.store.order_ids()), len(demo_run.store.customer_ids())
    rows = (
        ("the store", f"{demo_run.server.url}: {orders:,} orders, {accounts:,} accounts"),
        ("the rules", f"{demo_run.config}: change them, and run the demo again"),
        ("the database", f"{demo_run.config.parent / demo.DATABASE}"),
    )
    output.print_table(("", ""), rows, indent=2, header=False)


def _show_initial_sync(demo_run: DemoRun, session: Session, context: SyncContext) -> None:
    output.print_heading("1. The first sync, as it would have been a week ago")
    with _a_week_ago(demo_run):
        _sync_first(session, replace(context, clock=lambda: utcnow() - ONE_WEEK))


@contextmanager
def _a_week_ago(demo_run: DemoRun) -> Iterator[None]:
    """Let the store's responses be dated a week ago."""
    # Its clock stays right, because requests are signed with the time of this machine.
    past = Faults(demo_run.store)
    past.shift_date_header(-ONE_WEEK)
    demo_run.server.store = past
    try:
        yield
    finally:
        demo_run.server.store = demo_run.store


def _sync_first(session: Session, then: SyncContext) -> None:
    result = session.sync(then, write=False)
    _print_read_counts(result)
    waiting = maintenance.approve(then)
    output.print_line(
        f"{output.format_count(waiting, 'change')} to the store would follow. The first changes always wait"
        " until you have seen them ('wcflow plan') and approved them ('wcflow approve'). The demo"
        " approves them now.",
        indent=2,
    )
    delivered = sync.sync_once(then).delivered
    output.print_line(f"{output.format_count(delivered.done, 'change')} written.", indent=2)


def _print_read_counts(result: SyncResult) -> None:
    polled, evaluation = result.polled, result.evaluated
    assert polled is not None, "a sync that did not raise has polled"
    output.print_line(
        f"Read {output.format_count(polled.orders, 'order')}, {output.format_count(polled.customers, 'account')}"
        f" and {output.format_count(polled.products, 'product')} with {polled.requests} requests: the"
        f" orders of {evaluation.people:,} customers, with and without an account.",
        indent=2,
    )


def _show_week_later(demo_run: DemoRun, context: SyncContext) -> None:
    output.print_heading("2. A week later")
    output.print_line(
        "Events from before the first sync don't start workflows, so customers of two years get no"
        " welcome coupon. Events from now on do:",
        indent=2,
    )
    at_risk, regulars = (_accounts_in_segment(context, name) for name in ("At Risk", "Regular"))
    now = utcnow()
    with demo_run.server.lock:
        demo_run.events = demo.play_demo_events(demo_run.store, at_risk, regulars, now)
    for event in demo_run.events:
        output.print_line(f"- {event.words}", indent=4)
    result = sync.sync_once(context)
    actors = {event.email for event in demo_run.events}
    for name, segment in _entered_by_time(context, now, actors):
        output.print_line(
            f"- {name} buys nothing, and time alone moves them to {segment}", indent=4
        )
    evaluation, delivered = result.evaluated, result.delivered
    output.print_line(
        f"wcflow checked {output.format_count(evaluation.people, 'customer')}, those with new orders and"
        " those whose segment changes with time:"
        f" {output.format_count(evaluation.transitions, 'segment change')},"
        f" {output.format_count(evaluation.runs, 'workflow')} started,"
        f" {output.format_count(delivered.done, 'change')} written.",
        indent=2,
    )


def _entered_by_time(
    context: SyncContext, since: datetime, actors: Collection[str]
) -> list[tuple[str, str]]:
    """Return the customers who entered a segment without doing anything, with the segment."""
    moved = {
        each.person: segment
        for each in _load_memories(context)
        for segment, entered in each.segments.items()
        if entered >= since.replace(microsecond=0) and each.email not in actors
    }
    with context.db.reading() as tx:
        contacts = load_contacts(tx, context.name, moved)
    return sorted(
        (contacts[person].name or contacts[person].email, moved[person]) for person in moved
    )


def _show_segments_and_tags(context: SyncContext) -> None:
    memories = _load_memories(context)
    names = [rule.name for rule in context.config.rules.segments]
    inside = Counter(name for each in memories for name in each.segments)
    output.print_heading("Segments")
    rows = _bar_rows([(name, inside[name]) for name in names], len(memories))
    output.print_table(("", "", "", ""), rows, indent=2, header=False)
    output.print_heading("Tags, besides those of the segments")
    current_tags = Counter(
        tag for each in memories for tag in each.current_tags if tag not in names
    )
    rows = _bar_rows(current_tags.most_common(TAGS_SHOWN), len(memories))
    output.print_table(("", "", "", ""), rows, indent=2, header=False)
    if len(current_tags) > TAGS_SHOWN:
        output.print_line(f"… and {len(current_tags) - TAGS_SHOWN} more", "dim", indent=2)


def _load_memories(context: SyncContext) -> list[Memory]:
    with context.db.reading() as tx:
        return list(
            people.load_memories(
                tx, context.name, people.load_person_ids(tx, context.name)
            ).values()
        )


def _bar_rows(counts: Sequence[tuple[str, int]], everyone: int) -> list[tuple[str, int, str, str]]:
    most = max((count for _, count in counts), default=0) or 1
    return [
        (
            name,
            count,
            f"{round(100 * count / max(everyone, 1))} %",
            "█" * -(-count * BAR_WIDTH // most),
        )
        for name, count in counts
    ]


def _show_delivered(context: SyncContext) -> None:
    """Show what was delivered one by one, such as notes and coupons, kind by kind."""
    with context.db.reading() as tx:
        done = outbox.load_entries(tx, context.name, ["done"], limit=None)
        found = [entry for entry in done if ENTRY_KINDS[entry.kind].deliver]
        contacts = load_contacts(tx, context.name, {entry.person for entry in found})
    names = {each: contact.name or contact.email for each, contact in contacts.items()}
    for kind in ENTRY_KINDS.values():
        if kind.deliver:
            output.print_heading(kind.several.capitalize())
            rows = [
                (
                    content_words(entry),
                    names[entry.person],
                    f"{entry.rule}: {event_words(entry.event)}",
                )
                for entry in found
                if entry.kind == kind.name
            ]
            output.print_table(("what", "for", "why"), rows or [("none", "", "")], indent=2)


def _show_explanation(demo_run: DemoRun, context: SyncContext) -> None:
    with context.db.reading() as tx:
        person = people.find_person(tx, context.name, demo_run.events[-1].email)
        row = load_store_row(tx, context.name)
        if person is None or row is None:
            return
        found = explain_person(tx, context.config, context.settings, person, utcnow())
    output.print_heading("3. One customer explained, as 'wcflow explain' does")
    print_explanation(found, parse_zone(row.time_zone), rules_only=False)


def _show_idle_sync(demo_run: DemoRun, context: SyncContext) -> None:
    output.print_heading("4. Once more")
    before = len(demo_run.server.calls)
    result = sync.sync_once(context)
    calls = demo_run.server.calls[before:]
    writes = sum(call.writes for call in calls)
    output.print_line(
        f"Nothing has happened since: {output.format_count(len(calls), 'request')},"
        f" {output.format_count(result.evaluated.people, 'customer')} checked,"
        f" {output.format_count(writes, 'change')} written.",
        indent=2,
    )


def _print_duration(demo_run: DemoRun, seconds: float) -> None:
    calls = output.format_count(len(demo_run.server.calls), "request")
    output.print_line()
    output.print_line(f"All of this took {seconds:.1f} seconds and {calls} to the store.", "bold")


def _print_next_commands(demo_run: DemoRun) -> None:
    config = shlex.quote(str(demo_run.config))
    output.print_line()
    output.print_line(
        "The store existed only for this demo. The database is kept for you to look at:"
    )
    _print_commands(
        {
            f"wcflow explain {shlex.quote(demo_run.events[0].email)} --config {config}": "explains one customer",
            f"wcflow customer list --segment VIP --config {config}": "lists the customers of a segment",
            f"wcflow outbox list --config {config}": "lists what was written",
            f"wcflow check --config {config}": "explains the rules; edit them and run the demo again",
            "wcflow demo --serve": "keeps the store running, with new orders coming in",
            "wcflow init": "starts with your own store",
        }
    )


def _print_commands(commands: Mapping[str, str]) -> None:
    for command, meaning in commands.items():
        output.print_command(command, meaning)


def _accounts_in_segment(context: SyncContext, segment: str) -> list[int]:
    found = [each.person for each in _load_memories(context) if segment in each.segments]
    with context.db.reading() as tx:
        keys = load_person_keys(tx, context.name, found)
    return sorted(account for key in keys.values() if (account := account_in(key)))
