"""``wcflow plan``: what would be written, exactly, and nothing of it written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.contacts import Contact, contacts
from wcflow.cli.options import AsJson, ConfigFile, StoreName, Verbose
from wcflow.cli.session import session
from wcflow.cli.visits import each_store
from wcflow.config.load import Config
from wcflow.database import outbox
from wcflow.database.stores import store_row
from wcflow.errors import DONE
from wcflow.outbox.limits import hold_reason, write_load
from wcflow.outbox.meta_plan import Preview, previews
from wcflow.sync import SyncContext
from wcflow.units import parse_zone

EPILOG = """\b
Exit codes:
    0  done; also where writes would be held
   75  the shop is out of reach, or another wcflow is at work
   78  the shop refuses the key, or is not at this address
"""
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, help="How many of each kind to show.")
]
All = Annotated[bool, typer.Option("--all", help="Show all of them.")]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What waits for a store: counts by kind, the effects themselves, and whether they may go."""

    store: str
    url: str
    zone: tzinfo
    writes: bool
    held: str
    counts: Mapping[str, int]
    rehearsed: Mapping[str, int]
    waiting: Sequence[Preview]
    dry_run: Sequence[Preview]
    people: Mapping[str, Contact]


def register(app: typer.Typer) -> None:
    app.command("plan", epilog=EPILOG)(plan)


def plan(
    config: ConfigFile = None,
    store: StoreName = None,
    limit: Limit = 50,
    everything: All = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what would be written to the shop, and write nothing.

    Reads what changed at the shop, judges the people concerned, and shows each write that waits:
    for whom, on which customer or order, from what to what. The first time this reads the whole
    shop, which may take some minutes.
    """
    outlooks: list[Outlook] = []

    def look(line: SyncContext) -> int:
        work.walk(line, write=False)
        with line.db.reading() as tx:
            most = None if everything or as_json else limit
            outlooks.append(outlook(tx, line.config, line, line.clock(), most))
        return DONE

    with session(config, verbose=verbose) as work:
        code = each_store(work, store, look)
    if as_json:
        output.as_json({each.store: _as_data(each) for each in outlooks})
    else:
        for each in outlooks:
            print_outlook(each)
    raise typer.Exit(code)


def outlook(
    tx: Connection, config: Config, line: SyncContext, now: datetime, most: int | None
) -> Outlook:
    """Look at what waits for a store, at most so many of each kind."""
    row = store_row(tx, line.name)
    assert row is not None, "the store is known before its plan is shown"
    counts = outbox.kind_counts(tx, line.name, "due")
    load = write_load(tx, row, outbox.waiting(tx, line.name, now)[0])
    rehearsed = outbox.kind_counts(tx, line.name, "dry_run")
    waiting = _some(tx, config, line.name, counts, most, "due")
    dry_run = _some(tx, config, line.name, rehearsed, most, "dry_run")
    subjects = {each.entry.subject for each in (*waiting, *dry_run)}
    return Outlook(
        store=line.name,
        url=row.url,
        zone=parse_zone(row.zone),
        writes=line.settings.write,
        held=hold_reason(load, config.max_writes),
        counts=counts,
        rehearsed=rehearsed,
        waiting=waiting,
        dry_run=dry_run,
        people=contacts(tx, line.name, subjects),
    )


def _some(
    tx: Connection,
    config: Config,
    store: str,
    counts: Mapping[str, int],
    most: int | None,
    state: str,
) -> list[Preview]:
    """Give effects kind after kind; of what was only rehearsed, the newest come first."""
    newest = state == "dry_run"
    found = [
        entry
        for kind in describe.KINDS
        if kind in counts
        for entry in outbox.entries(
            tx, store, [state], limit=most, kinds=[kind], newest_first=newest
        )
    ]
    return previews(tx, store, config, found)


def print_outlook(seen: Outlook) -> None:
    """Print what waits for a store."""
    output.say(f"{seen.store}: {seen.url}", "bold")
    total = sum(seen.counts.values())
    if not total:
        output.say("Nothing is to be written: the shop shows what the rules say.", indent=2)
    else:
        output.say(
            f"{output.counted(total, 'write')} would go to the shop: {_counted(seen.counts)}."
        )
        _print_kinds(seen, seen.waiting, seen.counts)
    if seen.rehearsed:
        output.heading(f"Only rehearsed, never written (dry_run): {_counted(seen.rehearsed)}")
        _print_kinds(seen, seen.dry_run, seen.rehearsed)
    output.say()
    _say_what_next(seen, total)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(
        named.counted(counts[kind]) for kind, named in describe.KINDS.items() if kind in counts
    )


def _print_kinds(seen: Outlook, some: Sequence[Preview], counts: Mapping[str, int]) -> None:
    for kind, named in describe.KINDS.items():
        rows = [each for each in some if each.entry.kind == kind]
        if not rows:
            continue
        output.heading(named.several.capitalize())
        table = [_row(each, seen) for each in rows]
        columns = ("who", "where", "why", "what")
        empty = [at for at in range(len(columns)) if not any(row[at] for row in table)]
        kept = [at for at in range(len(columns)) if at not in empty]
        output.table([columns[at] for at in kept], [[row[at] for at in kept] for row in table])
        if counts[kind] > len(rows):
            output.say(f"… and {counts[kind] - len(rows):,} more (--all shows them)", "dim")


def _row(each: Preview, seen: Outlook) -> tuple[str, str, str, str]:
    entry = each.entry
    why = "" if entry.rule == outbox.STATE_OF_TAGS else f"{entry.rule}: {entry.occurrence}"
    who = str(seen.people.get(entry.subject, entry.subject))
    where = describe.place(entry) if entry.kind.endswith(("order", "note")) else ""
    return who, where, why, describe.change(each, seen.zone)


def _say_what_next(seen: Outlook, total: int) -> None:
    if not seen.writes:
        output.say("Nothing was written, and nothing ever is: this store has write = no.")
        return
    output.say("Nothing was written to the shop.", "bold")
    if total and seen.held:
        output.say(f"These writes are held: {seen.held}.", "yellow")
        output.say(
            "'wcflow approve' lets them go, 'wcflow sync --approve' does so and writes them."
        )
    elif total:
        output.say("'wcflow sync' writes them; a running daemon does so by itself.")


def _as_data(seen: Outlook) -> dict[str, object]:
    return {
        "url": seen.url,
        "write": seen.writes,
        "held": seen.held,
        "counts": seen.counts,
        "waiting": [_effect(each, seen) for each in seen.waiting],
        "dry_run": [_effect(each, seen) for each in seen.dry_run],
    }


def _effect(each: Preview, seen: Outlook) -> dict[str, object]:
    who = seen.people.get(each.entry.subject)
    known = {"name": who.name, "email": who.email, "id": who.customer_id or None} if who else {}
    return describe.as_data(each, {"subject": each.entry.subject, **known})
