"""``wcflow outbox``: list changes; retry or cancel them by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.registry import content_words, entry_kind, entry_words, target_words
from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.database import outbox, outcomes
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outcomes import ByHand
from wcflow.errors import UsageError


class EntryState(StrEnum):
    """The states of outbox entries, as options."""

    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DRY_RUN = "dry_run"


Ids = Annotated[
    list[int] | None, typer.Argument(metavar="ID…", help="The ids that 'outbox list' shows.")
]
EntriesByStore = Mapping[str, Sequence[OutboxEntry]]
"""Outbox entries by store."""


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True,
        help="List changes that are waiting or failed; retry or cancel them.",
    )
    family.command("list")(list_entries)
    family.command("show")(show_entry)
    family.command("retry")(retry)
    family.command("cancel")(cancel)
    app.add_typer(family, name="outbox")


def list_entries(
    config: ConfigFile = None,
    store: StoreName = None,
    state: Annotated[
        list[EntryState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only changes in this state. Can be given more than once.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many to show.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """List changes, the newest first.

    States: due (waiting), claimed (being written now), done, failed, cancelled, and dry_run
    (shown, but never written).
    """
    states = [each.value for each in state or ()]
    with open_database_session(config) as session, session.db.reading() as tx:
        most = None if as_json else limit
        found = {
            each.name: outbox.load_entries(tx, each.name, states, limit=most, newest_first=True)
            for each in session.stores(store)
        }
        if as_json:
            output.print_json(
                {name: [describe.entry_json(each) for each in some] for name, some in found.items()}
            )
            return
        for name, some in found.items():
            _print_entries(tx, name, some)
            if len(some) == limit:
                output.print_line(f"… the newest {limit}; --limit shows more", "dim")


def show_entry(
    number: Annotated[int, typer.Argument(metavar="ID", help="The id that 'outbox list' shows.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show one change in full."""
    with open_database_session(config) as session, session.db.reading() as tx:
        ((store, (entry,)),) = _load_by_ids(tx, session, None, [number]).items()
        customer = load_contacts(tx, store, [entry.person]).get(entry.person)
        if as_json:
            output.print_json({"store": store, **describe.entry_json(entry)})
        else:
            zone = store_zone(tx, store)
            output.print_line(f"{store}: change {entry.id} ({output.zone_words(zone)})", "bold")
            facts = _entry_facts(entry, customer, zone, outcomes.load_needed(tx, entry))
            output.print_table(("", ""), facts, indent=2, header=False)


def retry(
    numbers: Ids = None,
    config: ConfigFile = None,
    store: StoreName = None,
    failed: Annotated[bool, typer.Option("--failed", help="Select all failed changes.")] = False,
) -> None:
    """Retry changes that failed or were cancelled.

    They need no new approval. Changes that were cancelled with them, such as the note with a
    coupon's code, are retried too.
    """
    with open_database_session(config) as session:
        with session.db.transaction() as tx:
            found = _select_entries(tx, session, store, numbers, failed=failed)
            result = outcomes.retry(tx, _entry_ids(found), session.clock())
        _print_result(found, result, "will be retried")
    if result.changed:
        output.print_line("'wcflow sync' writes them now; the daemon does so automatically.")


def cancel(
    numbers: Ids = None,
    config: ConfigFile = None,
    store: StoreName = None,
    failed: Annotated[bool, typer.Option("--failed", help="Select all failed changes.")] = False,
) -> None:
    """Cancel changes that are waiting or failed. They will not be written.

    Changes that use their results are cancelled too, such as the note with a coupon's code.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        found = _select_entries(tx, session, store, numbers, failed=failed)
        result = outcomes.cancel(tx, _entry_ids(found), session.clock())
        _print_result(found, result, "cancelled")


def _select_entries(
    tx: Connection,
    session: DatabaseSession,
    store: str | None,
    numbers: Sequence[int] | None,
    *,
    failed: bool,
) -> EntriesByStore:
    if failed == bool(numbers):
        raise UsageError("no changes selected", "Add their ids, or --failed for all that failed.")
    if numbers:
        return _load_by_ids(tx, session, store, numbers)
    return {
        each.name: outbox.load_entries(tx, each.name, ["failed"], limit=None)
        for each in session.stores(store)
    }


def _load_by_ids(
    tx: Connection, session: DatabaseSession, store: str | None, numbers: Sequence[int]
) -> EntriesByStore:
    """Return entries by id; raises UsageError if one does not exist."""
    found = {
        each.name: outbox.load_entries(tx, each.name, ids=numbers, limit=None)
        for each in session.stores(store)
    }
    missing = sorted(set(numbers) - set(_entry_ids(found)))
    if missing:
        words = ", ".join(str(number) for number in missing)
        raise UsageError(
            f"there is no change with the id {words}", "'wcflow outbox list' shows the ids."
        )
    return {name: some for name, some in found.items() if some}


def _entry_ids(found: EntriesByStore) -> list[int]:
    return [each.id for some in found.values() for each in some]


def _print_result(found: EntriesByStore, result: ByHand, done: str) -> None:
    others = f", and {result.others:,} that need {_it(result.changed)}" if result.others else ""
    output.print_line(f"{output.format_count(result.changed, 'change')} {done}{others}.")
    for number, needed in result.blocked.items():
        output.print_line(f"{number} skipped: it needs change {needed}. Retry that one.")
    left = len(_entry_ids(found)) - result.changed - result.others - len(result.blocked)
    if left > 0:
        output.print_line(f"{left:,} skipped: already written or being written.")


def _it(count: int) -> str:
    return "it" if count == 1 else "them"


def _print_entries(tx: Connection, store: str, some: Sequence[OutboxEntry]) -> None:
    zone = store_zone(tx, store)
    contacts = load_contacts(tx, store, {each.person for each in some})
    count = output.format_count(len(some), "change")
    output.print_line(f"{store}: {count} ({output.zone_words(zone)})", "bold")
    if some:
        columns = ("id", "state", "queued", "customer", "change")
        output.print_table(columns, [_entry_row(each, contacts, zone) for each in some])


def _entry_row(
    each: OutboxEntry, contacts: Mapping[int, Contact], zone: tzinfo
) -> tuple[object, ...]:
    # The outcome of a delivered change only repeats the change.
    outcome = f" ({each.outcome})" if each.outcome and each.state != "done" else ""
    return (
        each.id,
        each.state,
        output.format_time(each.queued_at, zone),
        contacts[each.person].short if each.person in contacts else "deleted",
        f"{entry_words(each)}: {content_words(each, zone)}{outcome}",
    )


def _entry_facts(
    each: OutboxEntry, customer: Contact | None, zone: tzinfo, needed: Sequence[OutboxEntry]
) -> list[tuple[str, str]]:
    kind = entry_kind(each.kind)
    rows = [
        ("customer", str(customer or "deleted")),
        ("what", kind.one),
        ("where", target_words(each)),
        ("content", content_words(each, zone)),
        ("in full", "" if each.is_erased or not kind.details else kind.details(each.payload)),
        ("because of", "" if each.rule == outbox.TAGS_RULE else f"{each.rule}, {each.step}"),
        ("event", "" if each.rule == outbox.TAGS_RULE else describe.event_words(each.event)),
        ("needs", "; ".join(f"change {n.id}: {entry_words(n)} ({n.state})" for n in needed)),
        ("queued", output.format_time(each.queued_at, zone)),
        ("state", each.state),
        ("not before", output.format_time(each.due_at, zone) if each.state == "due" else ""),
        ("attempts", str(each.attempts)),
        ("approved", "yes" if each.approved else "no"),
        ("outcome", each.outcome if each.state != "done" or kind.deliver else ""),
    ]
    return [(name, value) for name, value in rows if value]
