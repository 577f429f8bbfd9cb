"""``wcflow plan``: show exactly what would be written, without writing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import describe, output
from wcflow.cli.options import AsJson, ConfigFile, StoreName, Verbose
from wcflow.cli.order_counts import currency_text
from wcflow.cli.plan_files import open_reports
from wcflow.cli.plan_load import StorePlan, load_plan
from wcflow.cli.plan_tables import (
    COLUMNS,
    KINDS,
    Details,
    detail_row,
    format_counts,
    group_names,
    summary,
    total_tables,
    totals_json,
)
from wcflow.cli.session import for_each_store, open_session
from wcflow.database.contacts import Contact
from wcflow.errors import DONE
from wcflow.outbox.meta_plan import Preview
from wcflow.sync import SyncContext

EPILOG = """\b
Exit codes:
    0  done, even if changes wait for your approval
    1  FILE cannot be written
   75  the store cannot be reached or is in use, or the clocks disagree
   78  the store rejects the API key, or is not at this address
"""
Limit = Annotated[
    int,
    typer.Option("--limit", metavar="N", min=1, help="How many of each kind of change to show."),
]
ShowAll = Annotated[bool, typer.Option("--all", help="Show all changes.")]
HtmlOption = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        help="Also write the totals and all changes to an HTML page, for browsers.",
        show_default=False,
    ),
]
CsvOption = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Also write the totals and all changes to a CSV file, for spreadsheets.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command("plan", epilog=EPILOG)(plan)


def plan(
    config: ConfigFile = None,
    store: StoreName = None,
    limit: Limit = 50,
    everything: ShowAll = False,
    html_file: HtmlOption = None,
    csv_file: CsvOption = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what would be written to the store, without writing it.

    Reads what changed in the store, applies the rules, and shows every change that is waiting:
    first the totals, then what changes for each customer. The first time it imports the whole
    store, which can take a few minutes.
    """
    plans: list[StorePlan] = []
    most = None if everything or as_json else limit

    with open_session(config, verbose=verbose) as session, ExitStack() as files:
        reports = open_reports(files, html_file, csv_file)

        def load_store(context: SyncContext) -> int:
            recorded = session.sync(context, write=False).evaluated.recorded
            with context.db.reading() as tx:
                found = load_plan(tx, context, None if reports else most, whole=as_json)
                found = replace(found, recorded=recorded)
                plans.append(found)
                for report in reports:
                    report.add(tx, found)
            return DONE

        code = for_each_store(session, store, load_store)
        if not plans:
            raise typer.Exit(code)
    if as_json:
        output.print_json({each.store: _to_json(each) for each in plans})
    else:
        for each in plans:
            print_plan(each, most)
        for file in filter(None, (html_file, csv_file)):
            output.print_line(f"The totals and all changes are in {file}.", "green")
    raise typer.Exit(code)


def print_plan(store_plan: StorePlan, most: int | None) -> None:
    """Print the changes that wait for a store: totals, then at most ``most`` lines of each kind."""
    output.print_line(f"{store_plan.store}: {store_plan.url}", "bold")
    totals = store_plan.totals
    total = sum(totals.kinds.values())
    if not total:
        output.print_line("Nothing to write: the store already matches the rules.", indent=2)
    else:
        output.print_line(summary(totals))
        for table in total_tables(totals):
            if table.heading != KINDS:
                output.print_heading(table.heading)
                output.print_table(table.columns, table.rows)
        _print_details(store_plan.details, totals.kinds, store_plan.contacts, most)
    if store_plan.recorded:
        recorded = format_counts(store_plan.recorded)
        output.print_line(f"Recorded by wcflow itself, not in the store: {recorded}.")
    if store_plan.dry_run_counts:
        output.print_heading(f"Dry run, never written: {format_counts(store_plan.dry_run_counts)}")
        _print_details(store_plan.dry_run, store_plan.dry_run_counts, store_plan.contacts, most)
    output.print_line()
    for each in store_plan.without_rate:
        output.print_line(output.as_sentence(currency_text(each)), "yellow")
    for name, state in store_plan.paused.items():
        waiting = describe.pause_words(state)
        resume = f"'wcflow workflow resume {name}' continues it."
        output.print_line(f"The workflow {name} is paused: {waiting}. {resume}", "yellow")
    _print_next_steps(store_plan, total)


def _print_details(
    details: Details, kinds: Iterable[str], contacts: Mapping[int, Contact], most: int | None
) -> None:
    for group in group_names(kinds):
        lines = details.lines(group, most)
        output.print_heading(group)
        table = [detail_row(each, contacts) for each in lines]
        kept = [at for at in range(len(COLUMNS)) if any(row[at] for row in table)]
        output.print_table(
            [COLUMNS[at] for at in kept], [[row[at] for at in kept] for row in table]
        )
        if (more := details.counts[group] - len(lines)) > 0:
            output.print_line(
                f"… and {more:,} more. --all shows them; --html FILE and --csv FILE write them to a file.",
                "dim",
            )


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
        output.print_line("'wcflow sync' writes them; a running daemon does so automatically.")


def _to_json(store_plan: StorePlan) -> dict[str, object]:
    return {
        "url": store_plan.url,
        "write": store_plan.writes,
        "hold_reason": store_plan.hold_reason,
        "waiting_counts": store_plan.totals.kinds,
        "dry_run_counts": store_plan.dry_run_counts,
        "recorded_counts": dict(store_plan.recorded),
        "totals": totals_json(store_plan.totals),
        "waiting": [_preview_json(each, store_plan) for each in store_plan.waiting],
        "without_rate": [each._asdict() for each in store_plan.without_rate],
        "dry_run": [_preview_json(each, store_plan) for each in store_plan.waiting_dry_run],
    }


def _preview_json(each: Preview, store_plan: StorePlan) -> dict[str, object]:
    return describe.preview_json(each, store_plan.contacts.get(each.entry.person))
