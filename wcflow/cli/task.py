"""``wcflow task``: what the team has to do about customers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session, store_zone
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, Reason, StoreName, select_store
from wcflow.customers import tasks as operations
from wcflow.database import tasks
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.tasks import DONE, OPEN, REMINDER, Task
from wcflow.errors import UsageError
from wcflow.units import DURATION_FORM, add_duration, parse_duration, start_of_day

Ids = Annotated[list[int], typer.Argument(metavar="ID…", help="The ids that 'task list' shows.")]
Id = Annotated[int, typer.Argument(metavar="ID", help="The id that 'task list' shows.")]
WHEN = f"{DURATION_FORM}, or a day such as 2026-01-31"


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True,
        help="List tasks and reminders about customers; add, assign, close them.",
    )
    family.command("list")(list_tasks)
    family.command("show")(show)
    family.command("add")(add)
    family.command("assign")(assign)
    family.command("done")(done)
    family.command("snooze")(snooze)
    app.add_typer(family, name="task")


def list_tasks(
    assignee: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="NAME",
            help="Only those of this person: a name or an e-mail address.",
            show_default=False,
        ),
    ] = "",
    reminders: Annotated[bool, typer.Option("--reminders", help="Only reminders.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are done.")] = False,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """List the open tasks and reminders, those that are due first.

    The due ones are mailed to their assignee each morning, and again each morning until they are
    done or put off. Without an address they are mailed to the agent in [wcflow].
    """
    states = (OPEN, DONE) if everything else (OPEN,)
    with open_database_session(config) as session, session.db.reading() as tx:
        found = {
            each.name: [
                task
                for task in tasks.load_tasks(tx, each.name, states=states, assignee=assignee)
                if task.kind == REMINDER or not reminders
            ]
            for each in session.stores(store)
        }
        contacts = {name: _contacts(tx, name, some) for name, some in found.items()}
        zones = {name: store_zone(tx, name) for name in found}
        now = session.clock()
    if as_json:
        output.print_json(
            {name: [_json(e, contacts[name]) for e in some] for name, some in found.items()}
        )
        return
    for name, some in found.items():
        output.print_line(f"{name}: {_count(some)}", "bold")
        rows = [_row(each, contacts[name], zones[name], now) for each in some]
        if rows:
            output.print_table(("id", "due", "for", "customer", "task"), rows)


def _count(some: Sequence[Task]) -> str:
    """Return ``2 tasks and 1 reminder``."""
    reminders = sum(each.kind == REMINDER for each in some)
    words = [output.format_count(len(some) - reminders, "task")]
    if reminders:
        several = output.format_count(reminders, "reminder")
        words = [*(words if reminders < len(some) else ()), several]
    return " and ".join(words)


def _contacts(tx: Connection, store: str, some: Sequence[Task]) -> dict[int, Contact]:
    return load_contacts(tx, store, {each.person for each in some} - {0})


def _row(
    task: Task, contacts: dict[int, Contact], zone: tzinfo, now: datetime
) -> tuple[object, ...]:
    contact = contacts.get(task.person)
    text = task.text if task.kind == tasks.TASK else f"{task.text} ({task.kind})"
    return (
        task.id,
        _due_words(task, zone, now),
        task.assignee,
        contact.short if contact else "",
        text,
    )


def _due_words(task: Task, zone: tzinfo, now: datetime) -> str:
    if task.state == DONE:
        return "done"
    if task.shows_at is None:
        return ""
    day = f"{task.shows_at.astimezone(zone):%Y-%m-%d}"
    return f"{day}, overdue" if task.shows_at < now else day


def _json(task: Task, contacts: dict[int, Contact]) -> dict[str, object]:
    return {
        "id": task.id,
        "kind": task.kind,
        "text": task.text,
        "customer": describe.customer_json(contacts.get(task.person)),
        "order_id": task.order_id or None,
        "assignee": task.assignee or None,
        "state": task.state,
        "due_at": task.due_at,
        "snoozed_until": task.snoozed_until,
        "told_at": task.told_at,
        "made_by": task.made_by,
        "made_at": task.made_at,
        "done_by": task.done_by or None,
        "done_at": task.done_at,
    }


def show(number: Id, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show one task."""
    with open_database_session(config) as session, session.db.reading() as tx:
        ((store, task),) = _find(tx, session, [number])
        contacts, zone = _contacts(tx, store, [task]), store_zone(tx, store)
    if as_json:
        output.print_json({"store": store, **_json(task, contacts)})
        return
    output.print_line(f"{store}: {task.kind} {task.id} ({output.zone_words(zone)})", "bold")
    times = {
        "due": task.due_at,
        "put off until": task.snoozed_until,
        "last mailed": task.told_at,
        "made": task.made_at,
        "done": task.done_at,
    }
    facts = [
        (task.kind, task.text),
        ("customer", str(contacts.get(task.person, ""))),
        ("order", str(task.order_id or "")),
        ("for", task.assignee or "no one yet"),
        ("state", task.state),
        *((name, output.format_time(at, zone)) for name, at in times.items() if at),
        ("made by", task.made_by),
        ("done by", task.done_by),
    ]
    output.print_table(("", ""), [fact for fact in facts if fact[1]], indent=2, header=False)


def add(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to do.")],
    about: Annotated[
        list[str] | None,
        typer.Argument(metavar="CUSTOMER", help="The customer that it is about."),
    ] = None,
    customer: Annotated[
        str,
        typer.Option(
            "--customer", metavar="CUSTOMER", help="The same as CUSTOMER.", show_default=False
        ),
    ] = "",
    whom: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="NAME",
            help="Who does it: a name or an e-mail address.",
            show_default=False,
        ),
    ] = "",
    due: Annotated[
        str, typer.Option("--due", metavar="WHEN", help=f"{WHEN}.", show_default=False)
    ] = "",
    reminder: Annotated[
        bool, typer.Option("--reminder", "--remind", help="A reminder; it needs --due.")
    ] = False,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Add a task, or a reminder.

    Both are mailed on the day when they are due, and again each morning until they are done or put
    off. E-mails and lists show reminders by themselves.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        person, name = 0, ""
        if wanted := customer or " ".join(about or ()):
            who = find_customer(tx, session, store, wanted)
            name, person = who.settings.name, who.person
        name = name or select_store(session.config, store).name
        by = edited_by(session, reason)
        due_at = _when(due, store_zone(tx, name), by.at) if due else None
        outcome = operations.add_task(
            tx, name, person, text, by, assignee=whom, due_at=due_at, reminder=reminder
        )
        contact = load_contacts(tx, name, [person]).get(person)
    print_outcome(contact, outcome)


def _when(text: str, zone: tzinfo, now: datetime) -> datetime:
    length = parse_duration(text)
    if length is not None and length.count:
        return add_duration(now, length, zone)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return start_of_day(date.fromisoformat(text), zone)
        except ValueError:
            pass
    raise UsageError(f"{text!r} is not a time", f"Use {WHEN}.")


def assign(
    number: Id,
    whom: Annotated[
        str, typer.Argument(metavar="NAME", help="Who does it: a name or an e-mail address.")
    ],
    config: ConfigFile = None,
    reason: Reason = "",
) -> None:
    """Assign a task to someone."""
    with _changing(config, [number]) as (tx, session, ((store, task),)):
        outcome = operations.assign_task(tx, store, task, whom, edited_by(session, reason))
    print_outcome(None, outcome)


def done(numbers: Ids, config: ConfigFile = None, reason: Reason = "") -> None:
    """Close tasks."""
    with _changing(config, numbers) as (tx, session, found):
        by = edited_by(session, reason)
        # A task that is named twice is closed once.
        once = {task.id: (store, task) for store, task in found}.values()
        outcomes = [operations.close_task(tx, store, task, by) for store, task in once]
    for each in outcomes:
        print_outcome(None, each)


def snooze(
    number: Id,
    until: Annotated[str, typer.Argument(metavar="WHEN", help=f"{WHEN}.")],
    config: ConfigFile = None,
    reason: Reason = "",
) -> None:
    """Put a task off: it is not mailed before that time."""
    with _changing(config, [number]) as (tx, session, ((store, task),)):
        zone, by = store_zone(tx, store), edited_by(session, reason)
        at = _when(until, zone, by.at)
        day = f"{at.astimezone(zone):%Y-%m-%d}"
        outcome = operations.snooze_task(tx, store, task, at, day, by)
    print_outcome(None, outcome)


@contextmanager
def _changing(
    config: ConfigFile, numbers: Sequence[int]
) -> Iterator[tuple[Connection, DatabaseSession, list[tuple[str, Task]]]]:
    """Open a transaction to change these tasks; raises UsageError if one does not exist."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        yield tx, session, _find(tx, session, numbers)


def _find(
    tx: Connection, session: DatabaseSession, numbers: Sequence[int]
) -> list[tuple[str, Task]]:
    stores = {each.name for each in session.stores()}
    found = [tasks.load_task(tx, number) for number in numbers]
    for number, each in zip(numbers, found, strict=True):
        if each is None or each[0] not in stores:
            raise UsageError(
                f"there is no task with the id {number}", "'wcflow task list' shows the ids."
            )
    return [each for each in found if each is not None]
