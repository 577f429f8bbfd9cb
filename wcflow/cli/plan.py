"""``wcflow plan``: show exactly what would be written, without writing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.registry import entry_kind, kinds_of, target_words
from wcflow.cli import describe, output
from wcflow.cli.options import AsJson, ConfigFile, StoreName, Verbose
from wcflow.cli.order_counts import currencies_without_rate, currency_text
from wcflow.cli.session import for_each_store, open_session
from wcflow.config.load import Config
from wcflow.database import outbox
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.order_counts import CurrencyCount
from wcflow.database.stores import load_store_row
from wcflow.errors import DONE
from wcflow.outbox.limits import any_hold
from wcflow.outbox.meta_plan import Preview, previews
from wcflow.sync import SyncContext
from wcflow.units import parse_zone

EPILOG = """\b
Exit codes:
    0  done, even if changes wait for your approval
   75  the store cannot be reached, another wcflow is working on it, or the clocks disagree
   78  the store rejects the API key, or is not at this address
"""
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, help="How many of each kind of change to show."),
]
ShowAll = Annotated[bool, typer.Option("--all", help="Show all changes.")]


@dataclass(frozen=True, slots=True)
class StorePlan:
    """The changes waiting for a store: counts by kind, previews, and why they are held."""

    store: str
    url: str
    zone: tzinfo
    writes: bool
    hold_reason: str
    waiting_counts: Mapping[str, int]
    dry_run_counts: Mapping[str, int]
    waiting: Sequence[Preview]
    dry_run: Sequence[Preview]
    without_rate: Sequence[CurrencyCount]
    contacts: Mapping[int, Contact]


def register(app: typer.Typer) -> None:
    app.command("plan", epilog=EPILOG)(plan)


def plan(
    config: ConfigFile = None,
    store: StoreName = None,
    limit: Limit = 50,
    everything: ShowAll = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what would be written to the store, without writing it.

    Reads what changed in the store, applies the rules, and shows every change that is waiting:
    the customer or order, the value now, and the value after it. The first time it imports the
    whole store, which can take a few minutes.
    """
    plans: list[StorePlan] = []

    def load_store(context: SyncContext) -> int:
        session.sync(context, write=False)
        with context.db.reading() as tx:
            most = None if everything or as_json else limit
            plans.append(load_plan(tx, context.config, context, context.clock(), most))
        return DONE

    with open_session(config, verbose=verbose) as session:
        code = for_each_store(session, store, load_store)
    if as_json:
        output.print_json({each.store: _to_json(each) for each in plans})
    else:
        for each in plans:
            print_plan(each)
    raise typer.Exit(code)


def load_plan(
    tx: Connection, config: Config, context: SyncContext, now: datetime, most: int | None
) -> StorePlan:
    """Load the changes that wait for a store, at most ``most`` of each kind."""
    row = load_store_row(tx, context.name)
    assert row is not None, "the store is known before its plan is shown"
    counts = outbox.count_by_kind(tx, context.name, "due")
    dry_run_counts = outbox.count_by_kind(tx, context.name, "dry_run")
    waiting = _load_previews(tx, config, context.name, counts, most, "due")
    dry_run = _load_previews(tx, config, context.name, dry_run_counts, most, "dry_run")
    persons = {each.entry.person for each in (*waiting, *dry_run)}
    return StorePlan(
        store=context.name,
        url=row.url,
        zone=parse_zone(row.time_zone),
        writes=context.settings.write,
        hold_reason=any_hold(tx, row, config.max_writes, now),
        waiting_counts=counts,
        dry_run_counts=dry_run_counts,
        waiting=waiting,
        dry_run=dry_run,
        without_rate=currencies_without_rate(tx, row, config, context.settings),
        contacts=load_contacts(tx, context.name, persons),
    )


def _load_previews(
    tx: Connection,
    config: Config,
    store: str,
    counts: Mapping[str, int],
    most: int | None,
    state: str,
) -> list[Preview]:
    """Return previews kind by kind; dry-run entries newest first."""
    newest = state == "dry_run"
    found = [
        entry
        for kind in kinds_of(counts)
        for entry in outbox.load_entries(
            tx, store, [state], limit=most, kinds=[kind.name], newest_first=newest
        )
    ]
    return previews(tx, store, config, found)


def print_plan(store_plan: StorePlan) -> None:
    """Print the changes that wait for a store."""
    output.print_line(f"{store_plan.store}: {store_plan.url}", "bold")
    total = sum(store_plan.waiting_counts.values())
    if not total:
        output.print_line("Nothing to write: the store already matches the rules.", indent=2)
    else:
        output.print_line(
            f"{output.format_count(total, 'change')} would be written to the store: {_format_counts(store_plan.waiting_counts)}."
        )
        _print_by_kind(store_plan, store_plan.waiting, store_plan.waiting_counts)
    if store_plan.dry_run_counts:
        output.print_heading(f"Dry run, never written: {_format_counts(store_plan.dry_run_counts)}")
        _print_by_kind(store_plan, store_plan.dry_run, store_plan.dry_run_counts)
    output.print_line()
    for each in store_plan.without_rate:
        output.print_line(output.as_sentence(currency_text(each)), "yellow")
    _print_next_steps(store_plan, total)


def _format_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(kind.count(counts[kind.name]) for kind in kinds_of(counts))


def _print_by_kind(
    store_plan: StorePlan, some: Sequence[Preview], counts: Mapping[str, int]
) -> None:
    for kind in kinds_of(each.entry.kind for each in some):
        rows = [each for each in some if each.entry.kind == kind.name]
        output.print_heading(kind.several.capitalize())
        table = [_preview_row(each, store_plan) for each in rows]
        columns = ("customer", "where", "why", "change")
        empty = [at for at in range(len(columns)) if not any(row[at] for row in table)]
        kept = [at for at in range(len(columns)) if at not in empty]
        output.print_table(
            [columns[at] for at in kept], [[row[at] for at in kept] for row in table]
        )
        if counts[kind.name] > len(rows):
            output.print_line(
                f"… and {counts[kind.name] - len(rows):,} more (--all shows them)", "dim"
            )


def _preview_row(each: Preview, store_plan: StorePlan) -> tuple[str, str, str, str]:
    entry = each.entry
    why = (
        ""
        if entry.rule == outbox.TAGS_RULE
        else f"{entry.rule}: {describe.event_words(entry.event)}"
    )
    customer = str(store_plan.contacts.get(entry.person, ""))
    where = target_words(entry) if entry_kind(entry.kind).resource == "order" else ""
    return customer, where, why, describe.change(each, store_plan.zone)


def _print_next_steps(store_plan: StorePlan, total: int) -> None:
    if not store_plan.writes:
        output.print_line("Nothing is ever written to this store, because it has write = no.")
        return
    output.print_line("Nothing was written to the store.", "bold")
    if total and store_plan.hold_reason:
        output.print_line(output.as_sentence(store_plan.hold_reason), "yellow")
        output.print_line(
            "'wcflow approve' approves them; 'wcflow sync --approve' also writes them."
        )
    elif total:
        output.print_line("'wcflow sync' writes them; a running daemon does so by itself.")


def _to_json(store_plan: StorePlan) -> dict[str, object]:
    return {
        "url": store_plan.url,
        "write": store_plan.writes,
        "hold_reason": store_plan.hold_reason,
        "waiting_counts": store_plan.waiting_counts,
        "dry_run_counts": store_plan.dry_run_counts,
        "waiting": [_preview_json(each, store_plan) for each in store_plan.waiting],
        "without_rate": [each._asdict() for each in store_plan.without_rate],
        "dry_run": [_preview_json(each, store_plan) for each in store_plan.dry_run],
    }


def _preview_json(each: Preview, store_plan: StorePlan) -> dict[str, object]:
    return describe.preview_json(each, store_plan.contacts.get(each.entry.person))
