"""``wcflow outbox``: effects on the shop, one by one; retry or call them off by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.contacts import Contact, contacts
from wcflow.cli.context import Look, looking
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.database import outbox
from wcflow.database.outbox import Entry
from wcflow.database.stores import store_row
from wcflow.errors import UsageError
from wcflow.units import parse_zone


class State(StrEnum):
    """The states of queue.STATES, as the command line reads them."""

    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DRY_RUN = "dry_run"


Ids = Annotated[list[int] | None, typer.Argument(metavar="ID…", help="As list shows them.")]
Found = Mapping[str, Sequence[Entry]]
"""Effects by store."""


def register(app: typer.Typer) -> None:
    family = typer.Typer(
        no_args_is_help=True,
        help="Show what waits for the shop or was given up; retry it, call it off.",
    )
    family.command("list")(list_)
    family.command("show")(show_)
    family.command("retry")(retry)
    family.command("cancel")(cancel)
    app.add_typer(family, name="outbox")


def list_(
    config: ConfigFile = None,
    store: StoreName = None,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only those; may be said again.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List effects, the newest first.

    States: due waits for the shop, claimed is being written now, done is there, failed was given
    up, cancelled was called off, dry_run was only rehearsed.
    """
    states = [each.value for each in state or ()]
    with looking(config) as work, work.db.reading() as tx:
        most = None if as_json else limit
        found = {
            each.name: outbox.entries(tx, each.name, states, limit=most, newest_first=True)
            for each in work.stores(store)
        }
        if as_json:
            output.as_json(
                {name: [_as_data(each) for each in some] for name, some in found.items()}
            )
            return
        for name, some in found.items():
            _print_list(tx, name, some)
            if len(some) == limit:
                output.say(f"… the newest {limit}; --limit shows more", "dim")


def show_(
    number: Annotated[int, typer.Argument(metavar="ID", help="As list shows it.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one effect."""
    with looking(config) as work, work.db.reading() as tx:
        ((store, (entry,)),) = _found(tx, work, None, [number]).items()
        who = contacts(tx, store, [entry.subject])[entry.subject]
        if as_json:
            output.as_json({"store": store, **_as_data(entry)})
        else:
            output.table(("", ""), _facts(store, entry, who, _zone(tx, store)), header=False)


def retry(
    numbers: Ids = None,
    config: ConfigFile = None,
    store: StoreName = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up.")] = False,
) -> None:
    """Let effects be tried again that were given up or called off.

    They pass the brake: you have looked at them.
    """
    with looking(config) as work:
        with work.db.transaction() as tx:
            found = _meant(tx, work, store, numbers, failed=failed)
            count = outbox.retry(tx, _ids(found), work.clock())
        _say_done(found, count, "will be tried again", "done or under way")
    if count:
        output.say("'wcflow sync' writes them now; the daemon does so by itself.")


def cancel(
    numbers: Ids = None,
    config: ConfigFile = None,
    store: StoreName = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up.")] = False,
) -> None:
    """Call off effects that wait or were given up; they are not written."""
    with looking(config) as work, work.db.transaction() as tx:
        found = _meant(tx, work, store, numbers, failed=failed)
        count = outbox.cancel(tx, _ids(found), work.clock())
        _say_done(found, count, "called off", "done or under way")


def _meant(
    tx: Connection,
    work: Look,
    store: str | None,
    numbers: Sequence[int] | None,
    *,
    failed: bool,
) -> Found:
    if failed == bool(numbers):
        raise UsageError("say which effects: their IDs, or --failed")
    if numbers:
        return _found(tx, work, store, numbers)
    return {
        each.name: outbox.entries(tx, each.name, ["failed"], limit=None)
        for each in work.stores(store)
    }


def _found(tx: Connection, work: Look, store: str | None, numbers: Sequence[int]) -> Found:
    """Give effects by their ids; raises UsageError where one is not there."""
    found = {
        each.name: outbox.entries(tx, each.name, ids=numbers, limit=None)
        for each in work.stores(store)
    }
    missing = sorted(set(numbers) - set(_ids(found)))
    if missing:
        words = ", ".join(str(number) for number in missing)
        raise UsageError(f"there is no effect {words}", "'wcflow outbox list' shows them")
    return {name: some for name, some in found.items() if some}


def _ids(found: Found) -> list[int]:
    return [each.id for some in found.values() for each in some]


def _say_done(found: Found, count: int, deed: str, otherwise: str) -> None:
    output.say(f"{output.counted(count, 'effect')} {deed}.")
    left = len(_ids(found)) - count
    if left:
        output.say(f"{output.counted(left, 'effect')} left as they are: {otherwise}.")


def _print_list(tx: Connection, store: str, some: Sequence[Entry]) -> None:
    zone = _zone(tx, store)
    who = contacts(tx, store, {each.subject for each in some})
    output.say(f"{store}: {output.counted(len(some), 'effect')}", "bold")
    if some:
        columns = ("id", "state", "decided", "who", "effect")
        output.table(columns, [_row(each, who, zone) for each in some])


def _row(each: Entry, who: Mapping[str, Contact], zone: tzinfo) -> tuple[object, ...]:
    # Of what is done the outcome only says once more what was to be done.
    outcome = f" ({each.outcome})" if each.outcome and each.state != "done" else ""
    return (
        each.id,
        each.state,
        output.when(each.queued_at, zone),
        who[each.subject].short if each.subject in who else each.subject,
        f"{describe.deed(each)}: {describe.wanted(each, zone)}{outcome}",
    )


def _facts(store: str, each: Entry, who: Contact, zone: tzinfo) -> list[tuple[str, str]]:
    rows = [
        ("id", str(each.id)),
        ("store", store),
        ("who", str(who)),
        ("what", describe.KINDS[each.kind].one),
        ("where", describe.place(each)),
        ("content", describe.wanted(each, zone)),
        ("because of", "" if each.rule == outbox.STATE_OF_TAGS else f"{each.rule}, {each.step}"),
        ("occurrence", "" if each.rule == outbox.STATE_OF_TAGS else each.occurrence),
        ("queued", output.when(each.queued_at, zone)),
        ("state", each.state),
        ("not before", output.when(each.due_at, zone) if each.state == "due" else ""),
        ("tries", str(each.attempts)),
        ("past the brake", "yes" if each.released else "no"),
        ("outcome", each.outcome),
    ]
    return [(name, value) for name, value in rows if value]


def _zone(tx: Connection, store: str) -> tzinfo:
    row = store_row(tx, store)
    return parse_zone(row.zone if row else "UTC")


def _as_data(each: Entry) -> dict[str, object]:
    return {
        "id": each.id,
        "state": each.state,
        "kind": each.kind,
        "subject": each.subject,
        "target": each.target or None,
        "rule": each.rule,
        "occurrence": each.occurrence,
        "step": each.step,
        "payload": each.payload,
        "queued_at": each.queued_at,
        "due_at": each.due_at,
        "attempts": each.attempts,
        "released": each.released,
        "outcome": each.outcome,
    }
