"""``wcflow demo``: a shop with a past, and all that wcflow does for it, on one screen."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from wcflow import demo, sync
from wcflow.cli import output
from wcflow.cli.contacts import contacts
from wcflow.cli.explain import print_explained
from wcflow.cli.explanation import explain_person
from wcflow.cli.init import write
from wcflow.cli.options import holder, the_store, utcnow
from wcflow.cli.run import leave
from wcflow.cli.sandbox import shoppers_at_work
from wcflow.cli.session import Session, session
from wcflow.daemon import supervisor
from wcflow.database import outbox, people
from wcflow.database.outbox import Entry
from wcflow.database.stores import store_row
from wcflow.rules.memory import Memory
from wcflow.sandbox.server import Server, serve
from wcflow.sandbox.store import Shop
from wcflow.sync import SyncContext, SyncResult
from wcflow.units import parse_zone

FOLDER = Path("wcflow-demo")
A_WEEK = timedelta(days=7)
WIDTH = 30
"""Signs of the longest bar."""

TAGS_SHOWN = 16
PER_HOUR = 600.0
"""How many things people do in an hour with ``--serve``: one every six seconds."""


def register(app: typer.Typer) -> None:
    app.command("demo", epilog="Exit codes: 0 done, 75 a demo runs there already, 78 no room.")(
        show_all
    )


def show_all(
    serve: Annotated[
        bool, typer.Option("--serve", help="Go on: orders keep coming in, the daemon runs.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where configuration and database go.")
    ] = FOLDER,
) -> None:
    """Show what wcflow does, with a shop of its own: nothing of yours is touched.

    Opens a made-up shop on this machine, reads it, puts its customers into segments, writes tags
    back, lets a few people act, and shows what came of it. The directory keeps the configuration
    and the database. Edit the rules there and run the demo again to see what they do.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        played = _opened(stack, folder)
        with session(played.config) as work:
            play(played, work)
        _say_what_it_took(played, time.monotonic() - began)
        if not serve:
            _say_what_is_left(played)
            return
        code = _go_on(stack, played)
        output.say("The shop is closed.")
    leave(code)


@dataclass(slots=True)
class Played:
    """The demo as it stands: its shop, its files, and what was done in it."""

    shop: Shop
    server: Server
    config: Path
    scenes: Sequence[demo.Scene] = field(default_factory=tuple)


def _opened(stack: ExitStack, folder: Path) -> Played:
    stack.enter_context(demo.folder(folder))
    # A proxy that the environment names is for the world, not for this machine.
    os.environ["no_proxy"] = "127.0.0.1"
    # Nobody has bought for a week: time can then be seen to pass.
    shop = demo.opened_shop(utcnow() - A_WEEK)
    server = stack.enter_context(serve(shop))
    config = folder / demo.INI
    write(config, demo.configuration(folder, server.url), replace=config.exists())
    return Played(shop, server, config)


def play(played: Played, work: Session) -> None:
    """Walk the whole path, and show each part of it."""
    line = work.line(the_store(work.config, demo.STORE))
    _introduce(played)
    _first_look(work, line)
    _life_goes_on(played, line)
    _show_standing(line)
    _show_effects(line)
    _explain_one(played, line)
    _nothing_more(played, line)


# The parts


def _introduce(played: Played) -> None:
    name = played.shop.state.settings.name
    output.say(f"{name}, a shop made up for this demo", "bold")
    orders, accounts = len(played.shop.order_ids()), len(played.shop.customer_ids())
    rows = (
        ("the shop", f"{played.server.url}: {orders:,} orders, {accounts:,} accounts"),
        ("the rules", f"{played.config}: change them, and run the demo again"),
        ("the memory", f"{played.config.parent / demo.DATABASE}"),
    )
    output.table(("", ""), rows, indent=2, header=False)


def _first_look(work: Session, line: SyncContext) -> None:
    output.heading("1. The first look, as it would have been a week ago")
    then = replace(line, clock=lambda: utcnow() - A_WEEK)
    walked = work.walk(then, write=False)
    _say_read(walked)
    waiting = sync.approve(then)
    output.say(
        f"{output.counted(waiting, 'write')} to the shop would follow. The first ones always wait"
        " until you have seen them ('wcflow plan') and agreed ('wcflow approve'). Agreed, here.",
        indent=2,
    )
    delivered = sync.sync_once(then).delivered
    output.say(f"{output.counted(delivered.done, 'write')} done.", indent=2)


def _say_read(walked: SyncResult) -> None:
    pulled, judged = walked.pulled, walked.evaluated
    assert pulled is not None, "a walk that did not raise has pulled"
    output.say(
        f"Read {output.counted(pulled.orders, 'order')}, {output.counted(pulled.customers, 'account')}"
        f" and {output.counted(pulled.products, 'product')} with {pulled.requests} requests: they"
        f" belong to {judged.people:,} people, with and without an account.",
        indent=2,
    )


def _life_goes_on(played: Played, line: SyncContext) -> None:
    output.heading("2. A week later")
    output.say(
        "What was before wcflow came is history: no welcome coupons for customers of two years."
        " What happens from now on counts:",
        indent=2,
    )
    at_risk, regulars = (_accounts_in(line, name) for name in ("At Risk", "Regular"))
    now = utcnow()
    with played.server.lock:
        played.scenes = demo.scenes(played.shop, at_risk, regulars, now)
    for scene in played.scenes:
        output.say(f"- {scene.words}", indent=4)
    walked = sync.sync_once(line)
    actors = {scene.email for scene in played.scenes}
    for name, segment in _moved_by_time(line, now, actors):
        output.say(f"- {name} does nothing, and that counts as well: {segment} by now", indent=4)
    judged, delivered = walked.evaluated, walked.delivered
    output.say(
        f"wcflow looked at {output.counted(judged.people, 'person', 'people')} anew, those of whom"
        " there are news and those whom the week may have changed:"
        f" {output.counted(judged.moves, 'move')} between segments,"
        f" {output.counted(judged.runs, 'workflow run')}, {output.counted(delivered.done, 'write')}.",
        indent=2,
    )


def _moved_by_time(
    line: SyncContext, since: datetime, actors: Collection[str]
) -> list[tuple[str, str]]:
    """Give who came into a segment without having done anything, and into which."""
    moved = {
        each.subject: segment
        for each in _known(line)
        for segment, entered in each.segments.items()
        if entered >= since.replace(microsecond=0) and each.email not in actors
    }
    with line.db.reading() as tx:
        who = contacts(tx, line.name, moved)
    return sorted((who[subject].name or who[subject].email, moved[subject]) for subject in moved)


def _show_standing(line: SyncContext) -> None:
    known = _known(line)
    names = [rule.name for rule in line.config.rules.segments]
    inside = Counter(name for each in known for name in each.segments)
    output.heading("Segments")
    rows = _bars([(name, inside[name]) for name in names], len(known))
    output.table(("", "", "", ""), rows, indent=2, header=False)
    output.heading("Tags, besides those of the segments")
    worn = Counter(tag for each in known for tag in each.worn if tag not in names)
    rows = _bars(worn.most_common(TAGS_SHOWN), len(known))
    output.table(("", "", "", ""), rows, indent=2, header=False)
    if len(worn) > TAGS_SHOWN:
        output.say(f"… and {len(worn) - TAGS_SHOWN} more", "dim", indent=2)


def _known(line: SyncContext) -> list[Memory]:
    with line.db.reading() as tx:
        return list(people.memories(tx, line.name, people.subjects(tx, line.name)).values())


def _bars(counts: Sequence[tuple[str, int]], everyone: int) -> list[tuple[str, int, str, str]]:
    most = max((count for _, count in counts), default=0) or 1
    return [
        (name, count, f"{round(100 * count / max(everyone, 1))} %", "█" * -(-count * WIDTH // most))
        for name, count in counts
    ]


def _show_effects(line: SyncContext) -> None:
    with line.db.reading() as tx:
        done = outbox.entries(tx, line.name, ["done"], limit=None)
        found = [entry for entry in done if entry.kind in ("note", "coupon")]
        who = contacts(tx, line.name, {entry.subject for entry in found})
    names = {subject: contact.name or contact.email for subject, contact in who.items()}
    output.heading("Notes on orders, for you alone")
    notes = [(f"order {e.target}", e.payload["text"]) for e in found if e.kind == "note"]
    output.table(("", ""), notes or [("none", "")], indent=2, header=False)
    output.heading("Coupons, each for one customer")
    coupons = [_coupon_row(e, names[e.subject]) for e in found if e.kind == "coupon"]
    output.table(("code", "worth", "for", "why"), coupons or [("none", "", "", "")], indent=2)


def _coupon_row(entry: Entry, name: str) -> tuple[str, str, str, str]:
    amount, kind = entry.payload["amount"], entry.payload["type"]
    worth = f"{amount} %" if kind == "percent" else str(amount)
    return entry.payload["code"].upper(), worth, name, f"{entry.rule}: {entry.occurrence}"


def _explain_one(played: Played, line: SyncContext) -> None:
    with line.db.reading() as tx:
        subject = people.find_person(tx, line.name, played.scenes[-1].email)
        row = store_row(tx, line.name)
        if subject is None or row is None:
            return
        found = explain_person(tx, line.config, line.settings, subject, utcnow())
    output.heading("3. One customer explained, as 'wcflow explain' does")
    print_explained(found, parse_zone(row.zone), alone=False)


def _nothing_more(played: Played, line: SyncContext) -> None:
    output.heading("4. Once more")
    before = len(played.server.calls)
    walked = sync.sync_once(line)
    calls = played.server.calls[before:]
    writes = sum(call.writes for call in calls)
    output.say(
        f"Nothing has happened since: {output.counted(len(calls), 'request')},"
        f" {walked.evaluated.people} people looked at, {output.counted(writes, 'write')}.",
        indent=2,
    )


def _say_what_it_took(played: Played, seconds: float) -> None:
    calls = output.counted(len(played.server.calls), "request")
    output.say()
    output.say(f"All that took {seconds:.1f} seconds and {calls} to the shop.", "bold")


def _say_what_is_left(played: Played) -> None:
    config = shlex.quote(str(played.config))
    output.say()
    output.say("The shop was there for this demo alone. Its memory stays, to look at:")
    _list(
        {
            f"wcflow explain {shlex.quote(played.scenes[0].email)} --config {config}": "",
            f"wcflow outbox list --config {config}": "what was written",
            f"wcflow check --config {config}": "what the rules mean; edit them, run the demo again",
            "wcflow demo --serve": "leaves the shop open, and orders keep coming in",
            "wcflow init": "begins with a shop of your own",
        }
    )


def _list(things: Mapping[str, str]) -> None:
    for look, what in things.items():
        output.say(look, "bold", indent=2)
        if what:
            output.say(what, indent=6)


def _accounts_in(line: SyncContext, segment: str) -> list[int]:
    found = [each.subject for each in _known(line) if segment in each.segments]
    return sorted(int(subject[1:]) for subject in found if subject.startswith("c"))


# Going on


def _go_on(stack: ExitStack, played: Played) -> int:
    """Let people act and the daemon serve them until Ctrl-C; give the exit code."""
    _say_how_to_look(played)
    stack.enter_context(shoppers_at_work(played.shop, played.server, utcnow, _tell, PER_HOUR))
    return supervisor.run(played.config, os.environ, os.getpid(), holder())


def _say_how_to_look(played: Played) -> None:
    config = shlex.quote(str(played.config))
    somebody = shlex.quote(played.scenes[-1].email)
    output.heading("The shop stays open, and the daemon runs; Ctrl-C ends both. To look at them:")
    _list(
        {
            played.server.url: "in a browser: customers with their tags, orders with their notes",
            f"wcflow status --config {config}": "how the daemon fares",
            f"wcflow explain {somebody} --config {config}": "why somebody is what they are",
            f"wcflow outbox list --config {config}": "what was written, and what waits",
        }
    )
    output.heading("What happens now: the shop's people, and between them the daemon's log")
    sys.stdout.flush()


def _tell(at: datetime, words: str) -> None:
    output.say(f"{at.astimezone():%H:%M:%S}  {words}", indent=2)
    sys.stdout.flush()
