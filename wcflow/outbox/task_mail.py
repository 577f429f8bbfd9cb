"""Mail tasks to their assignees: the due ones each morning, notices to the agent at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo

import structlog
from sqlalchemy import Connection

from wcflow.channels.addresses import MailServer
from wcflow.channels.mail import send_mail
from wcflow.config.load import Config
from wcflow.database import tasks
from wcflow.database.connection import Database
from wcflow.database.contacts import Contact, load_contacts
from wcflow.database.sql import instant
from wcflow.database.stores import load_setting, load_store_row, save_setting
from wcflow.database.tasks import NOTICE, REMINDER, Task
from wcflow.errors import DeliveryError
from wcflow.units import at_time_of_day, local_day, parse_zone

log = structlog.get_logger()
MORNING = time(8, 0)
"""In the store's time zone."""
RETRY_AFTER = timedelta(minutes=15)
_ADDRESS = re.compile(r"[^@<>\"'\s,;]+@[^@<>\"'\s,;]+")


def mail_tasks(db: Database, config: Config, store: str, now: datetime) -> int:
    """Mail what is due and not told today; return how many e-mails were sent.

    Each task is marked before it is sent, so that a crash sends nothing twice: what was not sent
    then follows the next morning. If the mail server refuses, the mark is taken back.
    """
    sent, way = 0, _mail_server(config)
    with db.reading() as tx:
        row = load_store_row(tx, store)
        zone = parse_zone(row.time_zone if row else "UTC")
        due = [task for task in tasks.load_due_tasks(tx, store, now) if _is_time(task, zone, now)]
        paused_until = load_setting(tx, _failed(store))
    if not due or way is None or (paused_until and now < instant(int(paused_until))):
        return 0
    for address, some in _by_recipient(due, config.agent).items():
        with db.transaction() as tx:
            contacts = load_contacts(tx, store, {each.person for each in some} - {0})
            tasks.mark_told(tx, [each.id for each in some], now)
        subject, text = compose(store, some, contacts, zone, now)
        try:
            send_mail(*way, [address], subject, text)
        except DeliveryError as error:
            log.warning("tasks not mailed", store=store, why=str(error))
            with db.transaction() as tx:
                _take_back(tx, some)
                until = int((now + RETRY_AFTER).timestamp())
                save_setting(tx, _failed(store), str(until))
            return sent
        with db.transaction() as tx:
            tasks.close_notices(tx, [each.id for each in some], now)
        sent += 1
    return sent


def _failed(store: str) -> str:
    return f"tasks of {store} are mailed again after"


def _take_back(tx: Connection, some: Sequence[Task]) -> None:
    for task in some:
        tasks.change_task(tx, task.id, told_at=task.told_at)


def _mail_server(config: Config) -> tuple[MailServer, str] | None:
    """Return the mail server and the sender: of [smtp], else of [alerts]."""
    if config.smtp is not None:
        return config.smtp.server, config.smtp.sender.address
    if config.alerts is not None and config.alerts.mail_server is not None:
        return config.alerts.mail_server, config.alerts.email_from
    return None


def _is_time(task: Task, zone: tzinfo, now: datetime) -> bool:
    """Return whether to tell of a due task now: once a day, and not before the morning."""
    if task.told_at is not None and local_day(task.told_at, zone) >= local_day(now, zone):
        return False
    if task.kind == NOTICE and task.told_at is None:
        return True
    return now >= at_time_of_day(local_day(now, zone), MORNING, zone)


def recipient(task: Task, agent: str) -> str:
    """Return where a task is mailed: to its assignee if that is an address, else to the agent."""
    return task.assignee if _ADDRESS.fullmatch(task.assignee) else agent


def _by_recipient(due: Sequence[Task], agent: str) -> Mapping[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task in due:
        if address := recipient(task, agent):
            found.setdefault(address, []).append(task)
    return found


def compose(
    store: str,
    some: Sequence[Task],
    contacts: Mapping[int, Contact],
    zone: tzinfo,
    now: datetime,
) -> tuple[str, str]:
    """Return the subject and the text of one person's e-mail."""
    notices = [each for each in some if each.kind == NOTICE]
    due = [each for each in some if each.kind != NOTICE]
    today = local_day(now, zone)
    reminders = [each for each in due if each.kind == REMINDER]
    overdue = [
        each
        for each in due
        if each not in reminders and each.due_at and local_day(each.due_at, zone) < today
    ]
    parts = [
        ("To know", notices),
        ("Reminders", reminders),
        ("Overdue", overdue),
        ("Due today", [each for each in due if each not in overdue and each not in reminders]),
    ]
    blocks = [
        "\n".join([f"{heading}:", *(_line(each, contacts, zone) for each in found)])
        for heading, found in parts
        if found
    ]
    if due:
        blocks.append(
            "'wcflow task done ID' closes a task, 'wcflow task snooze ID 3d' puts it off."
        )
    return _subject(store, notices, due), "\n\n".join(blocks) + "\n"


def _subject(store: str, notices: Sequence[Task], due: Sequence[Task]) -> str:
    reminders = [each for each in due if each.kind == REMINDER]
    alone = [*notices, *reminders]
    if len(alone) == 1 and len(due) == len(reminders):
        return f"[{store}] {' '.join(alone[0].text.split())[:120]}"
    counts = (
        (len(due) - len(reminders), "task"),
        (len(reminders), "reminder"),
        (len(notices), "notice"),
    )
    words = [f"{count} {noun}{'s' if count > 1 else ''}" for count, noun in counts if count]
    return f"[{store}] {' and '.join(', '.join(words).rsplit(', ', 1))}"


def _line(task: Task, contacts: Mapping[int, Contact], zone: tzinfo) -> str:
    about = [str(contacts[task.person])] if task.person in contacts else []
    if task.order_id:
        about.append(f"order {task.order_id}")
    if task.due_at is not None:
        about.append(f"due {task.due_at.astimezone(zone):%Y-%m-%d}")
    if task.assignee and not _ADDRESS.fullmatch(task.assignee):
        about.append(f"for {task.assignee}")
    number = "" if task.kind == NOTICE else f"{task.id}: "
    return f"- {number}{task.text}\n  ({'; '.join([*about, f'by {task.made_by}'])})"
