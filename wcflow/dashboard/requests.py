"""Do what people ask for in the dashboard: each request once, by the operations of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from wcflow.customers import companies, edits, groups, notes, status, tags, tasks
from wcflow.customers.edits import GONE, Outcome
from wcflow.dashboard.card import capital
from wcflow.dashboard.held import approve_shown
from wcflow.dashboard.many import PEOPLE, change_people
from wcflow.dashboard.request_data import (
    LONG,
    SHORT,
    Desk,
    Json,
    Request,
    need_status,
    need_text,
    need_time,
    read_number,
    read_text,
)
from wcflow.database import companion
from wcflow.database.companies import load_companies_of
from wcflow.database.connection import Database
from wcflow.database.edits import EditedBy, find_edit, find_request
from wcflow.database.identity import find_persons
from wcflow.database.notes import find_note
from wcflow.database.people import load_memories
from wcflow.database.sql import stamp
from wcflow.database.stores import load_store_row
from wcflow.database.tables import CompanionRequestRow
from wcflow.database.tasks import load_task
from wcflow.errors import UsageError
from wcflow.profile import account_key, guest_key
from wcflow.rules.errors import did_you_mean
from wcflow.store.odd_values import odd_time
from wcflow.units import local_day, normalize_email, parse_zone

log = structlog.get_logger()
DONE, REFUSED = "done", "refused"
_INTERNAL = "this could not be done because of an error in wcflow; its log says more"
_ODD_DATA = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


def handle_requests(
    db: Database, desk: Desk, rows: Sequence[Json], stopping: Callable[[], bool] = lambda: False
) -> int:
    """Do requests in their order until ``stopping``; return how many of the rows are handled.

    Those that were done already are answered again.
    """
    with db.reading() as tx:
        known = companion.load_answered(tx, desk.store, [str(row["key"]) for row in rows])
    again = [str(row["key"]) for row in rows if row["key"] in known]
    if again:
        with db.transaction() as tx:
            companion.answer_again(tx, desk.store, again)
    for count, row in enumerate(rows):
        if row["key"] not in known:
            if count and stopping():
                return count
            with db.transaction() as tx:
                _handle(tx, desk, row)
    return len(rows)


def _handle(tx: Connection, desk: Desk, row: Json) -> None:
    """Do one request, and save what came of it in the same transaction."""
    person = 0
    try:
        with tx.begin_nested():
            request = _read(tx, desk, row)
            person = request.person
            state, words = DONE, _do(tx, desk, request).words
    except UsageError as error:
        state, words = REFUSED, _refusal(error)
    except _ODD_DATA:
        log.exception("a request of the dashboard failed", store=desk.store, id=row.get("id"))
        state, words = REFUSED, _INTERNAL
    log.info("request of the dashboard", store=desk.store, id=row.get("id"), state=state)
    answer = CompanionRequestRow(
        store=desk.store,
        key=str(row["key"]),
        id=read_number(row.get("id")),
        person=person,
        state=state,
        words=_sentence(words),
        at=stamp(desk.now),
    )
    companion.save_request(tx, answer)


def _refusal(error: UsageError) -> str:
    """Return why not, with advice unless it is about commands, which a dashboard does not have."""
    advice = "" if "wcflow " in error.advice or "--" in error.advice else error.advice
    return f"{error}. {capital(advice)}" if advice else str(error)


def _sentence(words: str) -> str:
    return capital(words) if words.endswith("?") else f"{capital(words.rstrip('.'))}."


def _do(tx: Connection, desk: Desk, request: Request) -> Outcome:
    done = find_request(tx, desk.store, request.key)
    if done is not None:
        return Outcome(done.words, done.id)
    action = ACTIONS.get(request.action)
    if action is None:
        hint = did_you_mean(request.action, ACTIONS) or "Update wcflow, or the plugin."
        raise UsageError(f"wcflow cannot do {request.action!r}", hint)
    if action.of_person and PEOPLE in request.data:
        return change_people(tx, desk, request)
    if action.of_person and not load_memories(tx, desk.store, [request.person]):
        raise UsageError(GONE, "")
    return action.do(tx, desk, request)


# Read a request.


def _read(tx: Connection, desk: Desk, row: Json) -> Request:
    data = row.get("data")
    at = odd_time(row.get("at"))
    key = str(row["key"])
    by = EditedBy(
        read_text(row.get("by"))[:SHORT] or "someone in the dashboard",
        desk.now if at is None else min(at, desk.now),
        read_text(row.get("reason"))[:SHORT],
        read_text(row.get("bulk"))[:SHORT],
        key,
    )
    of_here = companion.is_of_this_database(tx, desk.store, read_text(row.get("generation")))
    person = _find_person(tx, desk.store, row, read_number(row.get("person")) if of_here else 0)
    action, data = read_text(row.get("action")), data if isinstance(data, dict) else {}
    return Request(key, action, data, person, by, of_here)


def _number(request: Request, name: str) -> int:
    """Return the number of a note, a task or an edit, or 0 if it is one of another database."""
    return read_number(request.data.get(name)) if request.of_here else 0


def _find_person(tx: Connection, store: str, row: Json, person: int) -> int:
    """Return whom a request is about, or 0; people who were merged are found by what they had."""
    account = read_number(row.get("customer_id"))
    email = normalize_email(read_text(row.get("email")))
    keys = [account_key(account)] if account else []
    found = find_persons(tx, store, [*keys, guest_key(email)] if email else keys)
    if account and account_key(account) in found:
        return found[account_key(account)]
    if person and load_memories(tx, store, [person]):
        return person
    return found.get(guest_key(email), 0) if email else 0


# The actions.


class _Action(NamedTuple):
    """A function that does a request; ``of_person`` is whether it needs a customer."""

    do: Callable[[Connection, Desk, Request], Outcome]
    of_person: bool = True


def _add_tag(tx: Connection, desk: Desk, request: Request) -> Outcome:
    text = need_text(request.data, "tag")
    if text not in desk.spelled:
        desk.spelled[text] = tags.find_spelling(tx, desk.store, text, desk.config.rules)
    return tags.add_tag(tx, desk.store, request.person, desk.spelled[text], request.by)


def _remove_tag(tx: Connection, desk: Desk, request: Request) -> Outcome:
    tag, respect = need_text(request.data, "tag"), desk.config.manual_tags == "respect"
    return tags.remove_tag(tx, desk.store, request.person, tag, request.by, respect=respect)


def _add_group(tx: Connection, desk: Desk, request: Request) -> Outcome:
    group = need_text(request.data, "group")
    return groups.add_to_group(tx, desk.store, request.person, group, request.by)


def _remove_group(tx: Connection, desk: Desk, request: Request) -> Outcome:
    group = need_text(request.data, "group")
    return groups.remove_from_group(tx, desk.store, request.person, group, request.by)


def _add_note(tx: Connection, desk: Desk, request: Request) -> Outcome:
    data = request.data
    text, category = need_text(data, "text", LONG), read_text(data.get("category")) or "General"
    order = read_number(data.get("order_id"))
    return notes.add_note(
        tx, desk.store, request.person, text, request.by, category=category, order_id=order
    )


def _remove_note(tx: Connection, desk: Desk, request: Request) -> Outcome:
    found = find_note(tx, _number(request, "note"))
    if found is None or (found.store, found.person) != (desk.store, request.person):
        raise UsageError("this customer does not have this note any more", "")
    return notes.remove_note(tx, found, request.by)


def _set_status(tx: Connection, desk: Desk, request: Request) -> Outcome:
    active = need_status(request.data) == "active"
    change = status.activate if active else status.deactivate
    return change(tx, desk.store, request.person, request.by)


def _add_reminder(tx: Connection, desk: Desk, request: Request) -> Outcome:
    data = request.data
    return tasks.add_task(
        tx,
        desk.store,
        request.person,
        need_text(data, "text", LONG),
        request.by,
        assignee=read_text(data.get("assignee"))[:SHORT],
        due_at=need_time(data, "due"),
        reminder=True,
    )


def _close_task(tx: Connection, desk: Desk, request: Request) -> Outcome:
    return tasks.close_task(tx, desk.store, _task(tx, desk, request), request.by)


def _snooze_task(tx: Connection, desk: Desk, request: Request) -> Outcome:
    task, until = _task(tx, desk, request), need_time(request.data, "until")
    row = load_store_row(tx, desk.store)
    day = local_day(until, parse_zone(row.time_zone if row else "UTC"))
    return tasks.snooze_task(tx, desk.store, task, until, day.isoformat(), request.by)


def _task(tx: Connection, desk: Desk, request: Request) -> Any:
    found = load_task(tx, _number(request, "task"))
    if found is None or found[0] != desk.store:
        raise UsageError("this task does not exist any more", "")
    return found[1]


def _set_company(tx: Connection, desk: Desk, request: Request) -> Outcome:
    name, by, person = read_text(request.data.get("company")), request.by, request.person
    if name:
        company = companies.find_or_create_company(tx, desk.store, name[:SHORT], by)
        return companies.put_into(tx, company, person, by)
    current = load_companies_of(tx, desk.store, [person]).get(person)
    if current is None:
        return Outcome("belongs to no company already", changed=False)
    return companies.take_out(tx, current, person, by)


def _undo(tx: Connection, desk: Desk, request: Request) -> Outcome:
    found = find_edit(tx, _number(request, "edit"))
    if found is None or (found.store, found.person) != (desk.store, request.person):
        raise UsageError("this customer does not have this change any more", "")
    return edits.undo(tx, found, request.by)


def _approve(tx: Connection, desk: Desk, request: Request) -> Outcome:
    row = load_store_row(tx, desk.store)
    assert row is not None, "the store is known before its dashboard is read"
    token = need_text(request.data, "token")
    return approve_shown(tx, row, desk.config.max_writes, token, request.by)


ACTIONS: Mapping[str, _Action] = {
    "tag.add": _Action(_add_tag),
    "tag.remove": _Action(_remove_tag),
    "group.add": _Action(_add_group),
    "group.remove": _Action(_remove_group),
    "note.add": _Action(_add_note),
    "note.remove": _Action(_remove_note),
    "status.set": _Action(_set_status),
    "reminder.add": _Action(_add_reminder),
    "task.done": _Action(_close_task, of_person=False),
    "task.snooze": _Action(_snooze_task, of_person=False),
    "company.set": _Action(_set_company),
    "edit.undo": _Action(_undo),
    "held.approve": _Action(_approve, of_person=False),
}
"""What people can do in the dashboard, by the name of the request's action."""
