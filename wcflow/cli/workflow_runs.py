"""``wcflow workflow runs``, ``show``, ``stop``, ``pause`` and ``resume``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.registry import content_words, entry_words
from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.config.load import Config
from wcflow.database import pauses as saved
from wcflow.database import run_control
from wcflow.database.contacts import load_contacts
from wcflow.database.outbox import OutboxEntry
from wcflow.database.pauses import PauseState, load_pauses
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.rules.step_tree import labelled_steps, outline
from wcflow.rules.workflow_run import Run, progress_words

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the workflow.")]


class RunState(StrEnum):
    """The states of runs, as options."""

    WAITING = "waiting"
    DONE = "done"
    ENDED = "ended"
    SKIPPED = "skipped"


def add_commands(family: typer.Typer) -> None:
    family.command("runs")(list_runs)
    family.command("show")(show_run)
    family.command("stop")(stop_runs)
    family.command("pause")(pause)
    family.command("resume")(resume)


def list_runs(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only this workflow.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    state: Annotated[
        list[RunState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only runs in this state. Can be given more than once. [default: all but skipped]",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many to show.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """List the runs of workflows, the newest first, with their next step.

    States: waiting (its next step comes later), done (all steps are decided; 'outbox list' shows
    what is still to be written), ended (stopped before its last step), and skipped (the event
    started nothing).
    """
    states = [each.value for each in state or RunState if state or each != RunState.SKIPPED]
    with open_database_session(config) as session, session.db.reading() as tx:
        if name is not None:
            _require_workflow(session.config, name)
        found = {
            each.name: run_control.load_run_list(tx, each.name, name, states, limit)
            for each in session.stores(store)
        }
        pauses = {each: load_pauses(tx, each) for each in found}
        if as_json:
            output.print_json(
                {each: [_run_json(run, pauses[each]) for run in found[each]] for each in found}
            )
            return
        for each, some in found.items():
            _print_runs(tx, each, some, pauses[each])
            if len(some) == limit:
                output.print_line(f"… the newest {limit}; --limit shows more", "dim")


def _print_runs(tx: Connection, store: str, some: Sequence[Run], paused: Collection[str]) -> None:
    zone = store_zone(tx, store)
    contacts = load_contacts(tx, store, {run.person for run in some})
    count = output.format_count(len(some), "run")
    output.print_line(f"{store}: {count} ({output.zone_words(zone)})", "bold")
    rows = [
        (
            run.id or 0,
            run.workflow,
            contacts[run.person].short if run.person in contacts else run.person,
            describe.event_words(run.event),
            _state_words(run, paused),
            describe.next_words(run, zone) or run.reason,
        )
        for run in some
    ]
    if rows:
        columns = ("run", "workflow", "customer", "event", "state", "next step, or why it ended")
        output.print_table(columns, rows)


def _state_words(run: Run, paused: Collection[str]) -> str:
    return "paused" if run.state == "waiting" and run.workflow in paused else run.state


def _run_json(run: Run, paused: Collection[str]) -> dict[str, object]:
    label, text = run.next_step if run.state == "waiting" else ("", "")
    return {
        "id": run.id,
        "workflow": run.workflow,
        "person": run.person,
        "event": run.event,
        "state": run.state,
        "paused": run.workflow in paused,
        "mode": run.mode,
        "started_at": run.started_at,
        "next_step": label or None,
        "next_step_text": text or None,
        "due_at": run.due_at,
        "reason": run.reason,
    }


# One run.

RunId = Annotated[int, typer.Argument(metavar="RUN", help="The id that 'workflow runs' shows.")]


def show_run(number: RunId, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one run: its steps, and what it wrote or will write."""
    with open_database_session(config) as session, session.db.reading() as tx:
        store, run = _find_run(tx, session, number)
        entries = run_control.load_run_entries(tx, run)
        pauses = load_pauses(tx, store)
        if as_json:
            changes = [describe.entry_json(each) for each in entries]
            steps = [{"step": step, "text": text} for step, text in labelled_steps(run.steps)]
            branches = [{"step": step, **run.progress[step]} for step in sorted(run.progress)]
            about = {"store": store, **_run_json(run, pauses), "steps": steps}
            found = {**about, "branches_and_waits": branches, "changes": changes}
            output.print_json(found)
            return
        zone = store_zone(tx, store)
        customer = load_contacts(tx, store, [run.person]).get(run.person, f"person {run.person}")
        output.print_line(f"{store}: run {number} ({output.zone_words(zone)})", "bold")
        facts = [("customer", str(customer)), *_run_facts(run, pauses, zone)]
        output.print_table(("", ""), facts, indent=2, header=False)
        output.print_heading("Steps")
        output.print_table(("step", "", "state"), [*_step_rows(run, entries, zone)], indent=2)
        if entries:
            output.print_heading("Changes")
            rows = [_change_row(each, zone) for each in entries]
            output.print_table(("id", "step", "state", "change"), rows, indent=2)


def _run_facts(
    run: Run, pauses: Mapping[str, PauseState], zone: tzinfo
) -> Iterator[tuple[str, str]]:
    yield "workflow", run.workflow if run.mode == "live" else f"{run.workflow} ({run.mode})"
    yield "event", describe.event_words(run.event)
    yield "started", output.format_time(run.started_at, zone)
    pause = pauses.get(run.workflow)
    since = f" (paused since {output.format_time(pause.since, zone)})" if pause else ""
    yield "state", f"{run.state}{since}"
    if following := describe.next_words(run, zone):
        yield "next", following
    if run.reason:
        yield "why", run.reason


def _step_rows(
    run: Run, entries: Sequence[OutboxEntry], zone: tzinfo
) -> Iterator[tuple[str, str, str]]:
    """Return each row of the steps with its state: of its change, of its branch, or of its turn."""
    by_label = {each.label: each for each in entries}
    rows, following = [*outline(run.steps)], run.next_step[0]
    labels = [label for label, _ in rows]
    passed = labels.index(following) if following in labels else len(rows)
    for at, (label, text) in enumerate(rows):
        state = "done" if at < passed and label else ""
        if run.state == "waiting" and at == passed - 1 and text.lstrip().startswith("wait "):
            state = "waiting"
        if run.state == "waiting" and label == following and run.due_at is not None:
            state = f"on {output.format_time(run.due_at, zone)}"
        if label and (words := progress_words(run, label)):
            state = words
        yield label, text, by_label[label].state if label in by_label else state


def _change_row(each: OutboxEntry, zone: tzinfo) -> tuple[object, ...]:
    outcome = f" ({each.outcome})" if each.outcome and each.state != "done" else ""
    words = f"{entry_words(each)}: {content_words(each, zone)}{outcome}"
    return each.id, each.label, each.state, words


def _find_run(tx: Connection, session: DatabaseSession, number: int) -> tuple[str, Run]:
    """Return a run and its store; raises UsageError if it does not exist."""
    for each in session.stores():
        if run := run_control.load_run(tx, each.name, number):
            return each.name, run
    raise UsageError(f"there is no run {number}", "'wcflow workflow runs' shows the ids.")


def stop_runs(
    numbers: Annotated[
        list[int], typer.Argument(metavar="RUN…", help="The ids that 'workflow runs' shows.")
    ],
    config: ConfigFile = None,
) -> None:
    """End runs for good, and cancel what they have not written yet.

    What was written stays, tags included. The same event does not start the workflow again.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        for number in numbers:
            store, run = _find_run(tx, session, number)
            result = run_control.stop_run(tx, store, run, session.clock())
            if not result.stopped:
                output.print_line(
                    f"Run {number} of {run.workflow} has already ended: {run.reason}."
                )
                continue
            count = output.format_count(result.cancelled, "change")
            output.print_line(f"Run {number} of {run.workflow} stopped, {count} cancelled.")
            if result.claimed:
                being = output.format_count(result.claimed, "change")
                output.print_line(f"{being} is being written right now; it is not tried again.")


# Pauses.


def pause(name: Name, config: ConfigFile = None, store: StoreName = None) -> None:
    """Pause a workflow: no new runs start, and its waiting runs and changes wait.

    It stays paused through restarts and edits of the INI file, until 'workflow resume'. Events
    during the pause never start a run. With mode = off, waiting runs would end instead.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        _require_workflow(session.config, name)
        for each in session.stores(store):
            done = saved.pause(tx, each.name, name, session.clock())
            state = load_pauses(tx, each.name)[name]
            words = "paused" if done else "is paused already"
            output.print_line(f"{each.name}: {name} {words}; {describe.pause_words(state)}.")
    output.print_line("Events during the pause never start a run.")


def resume(name: Name, config: ConfigFile = None, store: StoreName = None) -> None:
    """Resume a paused workflow: new events start it again, and its waiting runs continue.

    Waiting runs and changes continue with the next sync, if when and stop_when still allow it.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        for each in session.stores(store):
            state = load_pauses(tx, each.name).get(name)
            if state is None:
                _require_workflow(session.config, name)
                output.print_line(f"{each.name}: {name} is not paused.")
                continue
            saved.resume(tx, each.name, name, session.clock())
            output.print_line(
                f"{each.name}: {name} resumed; {describe.pause_words(state, 'continue')}."
            )


def _require_workflow(config: Config, name: str) -> None:
    names = [each.name for each in config.rules.workflows]
    if name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
        raise UsageError(f"there is no [workflow {name}] in the configuration", hint)
