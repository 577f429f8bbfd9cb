"""Do one request of the dashboard for many customers, by the bulk actions of the command line.

A bulk action of the dashboard can be several requests, each for a part of the customers. They have the
same ``bulk``, and become one change, which 'wcflow customer undo --bulk' takes back as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from wcflow.customers.bulk import BulkChange, count_customers, find_interrupted, save_head
from wcflow.customers.bulk_actions import BulkRequest, plan_change
from wcflow.customers.edits import GONE, Outcome
from wcflow.dashboard.request_data import (
    LONG,
    SHORT,
    Desk,
    Request,
    need_status,
    need_text,
    read_number,
    read_text,
)
from wcflow.database.edits import change_edit, delete_edit
from wcflow.database.identity import find_persons
from wcflow.database.people import load_memories
from wcflow.errors import UsageError
from wcflow.profile import account_key

PEOPLE = "people"
"""The field of the data that names many customers: the id of each person, and of the account or 0."""
MOST = 1_000
"""Of one request, because it is one transaction."""
_ACTIONS: Mapping[str, tuple[str, str]] = {
    "tag.add": ("add-tag", "tag"),
    "tag.remove": ("remove-tag", "tag"),
    "group.add": ("add-to-group", "group"),
    "group.remove": ("remove-from-group", "group"),
    "note.add": ("note", "text"),
    "status.set": ("", "status"),
}


def change_people(tx: Connection, desk: Desk, request: Request) -> Outcome:
    """Change everyone whom a request names; the answer counts all requests of its bulk action."""
    store, change = desk.store, _plan(tx, desk, request)
    persons, gone = _find_people(tx, store, request)
    by = request.by._replace(key=None, bulk="")
    head = find_interrupted(tx, store, change)
    bulk = head.id if head else save_head(tx, store, change, by)
    reasons = change.operation(tx, store, persons, by._replace(bulk=str(bulk)))
    before = head.data if head else {}
    changed = int(before.get("customers", 0)) + len(persons) - len(reasons)
    skipped = Counter(before.get("skipped", {})) + Counter(reasons.values())
    skipped.update({GONE: gone} if gone else {})
    words = change.done(count_customers(changed))
    if changed:
        # "unfinished" stays: more requests of the same bulk action may follow.
        data = {"unfinished": change.request, "customers": changed, "skipped": dict(skipped)}
        change_edit(tx, bulk, words, data)
    else:
        delete_edit(tx, bulk)
    return Outcome(_with_skipped(words if changed else "changed no customer", skipped), bulk)


def _plan(tx: Connection, desk: Desk, request: Request) -> BulkChange:
    if request.action not in _ACTIONS:
        raise UsageError(f"wcflow cannot do {request.action!r} for many customers at once", "")
    action, name = _ACTIONS[request.action]
    value, category = need_text(request.data, name, LONG if name == "text" else SHORT), ""
    if name == "status":
        action, value = "activate" if need_status(request.data) == "active" else "deactivate", ""
    elif name == "text":
        category = read_text(request.data.get("category"))
    bulk_request = BulkRequest(desk.store, desk.config, value, category)
    change = plan_change(tx, action, bulk_request, [request.by.bulk or request.key])
    # Their selection names the bulk action, so the requests of one bulk action have the same digest.
    return replace(change, request=f"dashboard {change.request}")


def _pairs(value: object) -> list[tuple[int, int]]:
    """Return the person and the account of each customer; raises UsageError."""
    rows = value if isinstance(value, list) else []
    pairs = [
        (read_number(row[0]), read_number(row[1]))
        for row in rows
        if isinstance(row, list) and len(row) == len(("person", "account"))
    ]
    if not pairs or len(pairs) != len(rows):
        raise UsageError("the list of customers cannot be read", "Update wcflow, or the plugin.")
    if len(pairs) > MOST:
        raise UsageError(f"a request can name {MOST:,} customers at most", "Update the plugin.")
    return pairs


def _find_people(tx: Connection, store: str, request: Request) -> tuple[list[int], int]:
    """Return the people, each once, and how many customers are gone; an account counts first."""
    pairs = _pairs(request.data[PEOPLE])
    owners = find_persons(tx, store, [account_key(account) for _, account in pairs if account])
    wanted = [
        owners.get(account_key(account), 0) or (person if request.of_here else 0)
        for person, account in pairs
    ]
    there = load_memories(tx, store, sorted({*wanted} - {0}))
    return list(dict.fromkeys(each for each in wanted if each in there)), sum(
        each not in there for each in wanted
    )


def _with_skipped(words: str, skipped: Counter[str]) -> str:
    if not skipped:
        return words
    why = ", ".join(f"{reason} ({count:,})" for reason, count in skipped.most_common(5))
    return f"{words}. Not changed: {why}"
