"""``wcflow workflow list`` and ``run``; the other commands are in workflow_runs.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output, workflow_preview, workflow_runs
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.help import Typer
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    StoreName,
    Verbose,
    Yes,
    admin_name,
    confirm,
    select_store,
)
from wcflow.cli.report import Since, print_reports
from wcflow.cli.session import Session, open_session
from wcflow.cli.where import parse_where
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import runs
from wcflow.database.edits import EditedBy, save_edits
from wcflow.database.pauses import load_pauses
from wcflow.database.sql import count_runs
from wcflow.errors import UsageError
from wcflow.evaluate.bulk import BulkPlan, BulkRun, plan_bulk, start_bulk
from wcflow.evaluate.codes import reserving
from wcflow.evaluate.context import open_context, rules_for_store
from wcflow.evaluate.evaluation import evaluate
from wcflow.rules.conditions import Condition
from wcflow.rules.errors import did_you_mean
from wcflow.rules.model import Rules, Workflow
from wcflow.sync import SyncContext, hold_lease

RUN_EPILOG = """\b
Exit codes:
    0  done, or declined
    2  no such workflow, a wrong condition, or no terminal to confirm on
   75  the store cannot be reached, or another wcflow is working on it
"""


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True,
        help="List workflows and their runs; pause, resume or run them.",
    )
    family.command("list")(list_workflows)
    family.command("run", epilog=RUN_EPILOG)(run_workflow)
    family.command("preview")(workflow_preview.preview)
    workflow_runs.add_commands(family)
    family.command("report")(report_workflows)
    app.add_typer(family, name="workflow")


def list_workflows(
    config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False
) -> None:
    """List the workflows and count their runs."""
    with open_database_session(config) as session, session.db.reading() as tx:
        stores = session.stores(store)
        found = {each.name: _workflow_facts(tx, session.config, each) for each in stores}
        zones = {each.name: store_zone(tx, each.name) for each in stores}
    if as_json:
        output.print_json(found)
        return
    for name, some in found.items():
        output.print_line(f"{name} ({output.zone_words(zones[name])})", "bold")
        rows = [
            (
                each["name"],
                each["trigger"],
                f"{each['mode']}, paused" if each["paused_since"] else each["mode"],
                output.format_time(each["enabled_since"], zones[name])
                if isinstance(each["enabled_since"], datetime)
                else "not yet",
                _format_counts(each["run_counts"]),
            )
            for each in some
        ]
        output.print_table(("workflow", "trigger", "mode", "enabled since", "runs"), rows)


def report_workflows(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only this workflow, in full.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Show what came of workflows: runs, messages, orders and revenue.

    An order comes from at most one workflow or campaign: that of its coupon, else of the last click,
    else of the last message, note or coupon, within 'attribution' of [wcflow]. Only the local copy is
    read. Revenue is less refunds, in the store's currency.
    """
    print_reports(config, store, "workflow", name, since, as_json=as_json)


def _format_counts(states: object) -> str:
    assert isinstance(states, Mapping)
    return ", ".join(f"{state} {count:,}" for state, count in states.items()) or "none"


def _workflow_facts(
    tx: Connection, config: Config, settings: StoreSettings
) -> list[dict[str, object]]:
    activations = runs.load_activations(tx, settings.name)
    counts, pauses = count_runs(tx, settings.name), load_pauses(tx, settings.name)
    return [
        {
            "name": each.name,
            "trigger": each.trigger.text,
            "mode": each.mode,
            "enabled_since": activations[each.name][0].since if each.name in activations else None,
            "paused_since": pauses[each.name].since if each.name in pauses else None,
            "run_counts": counts.get(each.name, {}),
        }
        for each in config.rules.workflows
    ]


def run_workflow(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the workflow.")],
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Only for customers that match, such as \"segments contains 'VIP'\".",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    yes: Yes = False,
    verbose: Verbose = False,
) -> None:
    """Run a workflow for existing customers.

    Reads the store, shows for how many customers the workflow would run, and asks for confirmation.
    The keys when, once, only, stop_when and mode of the workflow still apply. If its trigger is
    about an order, each customer's latest such order is used. The changes wait in the outbox and
    count toward the write limit: 'wcflow plan' shows them, 'wcflow sync' or the daemon writes them.
    """
    with open_session(config, verbose=verbose) as session:
        settings = select_store(session.config, store)
        condition = None if where is None else parse_where(where, session.config)
        run_for(session, settings, name, where=condition, yes=yes)


def run_for(
    session: Session,
    settings: StoreSettings,
    name: str,
    *,
    where: Condition | None = None,
    select: Callable[[], Sequence[int]] | None = None,
    reason: str = "",
    yes: bool,
) -> None:
    """Read the store, show what a workflow would do, ask, and run it.

    It runs for everyone who matches, or for those that ``select`` returns after the store was read.
    """
    workflow = find_workflow(rules_for_store(session.config.rules, settings), name)
    with session.db.reading() as tx:
        if name in load_pauses(tx, settings.name):
            raise UsageError(f"[workflow {name}] is paused", f"Run: wcflow workflow resume {name}")
    context = session.context(settings)
    session.sync(context, write=False)
    session.interrupt.stop_if_requested()
    bulk_run = BulkRun(workflow, where, session.clock(), select() if select else None)
    found = _plan_runs(context, bulk_run)
    _print_plan(workflow, found)
    if not found.planned_runs:
        output.print_line("It would run for no customer.")
    elif confirm(f"Run {name} for {_count_people(len(found.planned_runs))}?", yes=yes):
        _start_runs(session, context, replace(bulk_run, now=session.clock()), reason)
    else:
        output.print_line("Cancelled.")


def _plan_runs(context: SyncContext, bulk_run: BulkRun) -> BulkPlan:
    with context.db.transaction() as tx:
        evaluation_context = open_context(tx, context.config, context.settings, bulk_run.now)
    with context.db.reading() as tx:
        return plan_bulk(tx, evaluation_context, bulk_run)


def _start_runs(session: Session, context: SyncContext, bulk_run: BulkRun, reason: str) -> None:
    """Select the customers again, because the answer may have taken long, and start the runs."""
    with hold_lease(context):
        evaluate(session.db, session.config, context.settings, bulk_run.now)
        with session.db.transaction() as tx:
            evaluation_context = open_context(tx, context.config, context.settings, bulk_run.now)
            codes = reserving(tx, context.name, bulk_run.now)
            found = plan_bulk(tx, evaluation_context, bulk_run, codes)
            queued = start_bulk(tx, evaluation_context, found)
            started: dict[int, dict[str, object]] = {
                each.memory.person: {} for each in found.planned_runs
            }
            by = EditedBy(admin_name(), bulk_run.now, reason)
            words = f"started the workflow {bulk_run.workflow.name}"
            save_edits(tx, context.name, "workflow", words, by, started)
        evaluation = evaluate(session.db, session.config, context.settings, session.clock())
    output.print_line(f"{output.format_count(len(found.planned_runs), 'run')} started.", "green")
    if bulk_run.workflow.mode == "dry_run":
        output.print_line("This is a dry run: 'wcflow plan' shows what it would write.")
    else:
        writes = output.format_count(queued + evaluation.queued, "change")
        output.print_line(f"{writes} waiting: 'wcflow plan' shows them, 'wcflow sync' writes them.")


def _print_plan(workflow: Workflow, found: BulkPlan) -> None:
    matched = f"{found.matched:,} of {_count_people(found.checked)} match"
    output.print_line(
        f"{matched}; {workflow.name} would run for {len(found.planned_runs):,} of them.", "bold"
    )
    for reason, count in found.skip_reasons.most_common():
        output.print_line(f"not for {count:,}: {reason}", indent=2)


def _count_people(count: int) -> str:
    return output.format_count(count, "customer")


def find_workflow(rules: Rules, name: str) -> Workflow:
    """Return an enabled workflow; raises UsageError if there is none."""
    names = [each.name for each in rules.workflows]
    if name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
        raise UsageError(f"there is no [workflow {name}] in the configuration", hint)
    workflow = rules.workflows[names.index(name)]
    if workflow.mode == "off":
        raise UsageError(f"[workflow {name}] is switched off", "Set its mode to live or dry_run.")
    return workflow
