"""Queue what a team changes by hand, and say when and where it reaches WooCommerce."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from wcflow.actions.base import STORE
from wcflow.config.stores import StoreSettings
from wcflow.database import outbox, people
from wcflow.database.identity import load_person_keys
from wcflow.database.sql import dumps, stamp
from wcflow.database.stores import load_hold, load_store_row
from wcflow.profile import account_in

WITH_NEXT_SYNC = "The next 'wcflow sync' writes it to {}; the daemon does so within a minute."


def tags_written_when(tx: Connection, settings: StoreSettings, person: int) -> str:
    """Return when and where WooCommerce shows a person's tags."""
    return written_when(tx, settings, " and ".join(_shown_in(tx, settings, person)))


def status_written_when(tx: Connection, settings: StoreSettings, person: int) -> str:
    """Return when and where WooCommerce shows a person's status: the customer, or a guest's order."""
    key = load_person_keys(tx, settings.name, [person]).get(person, "")
    kind = "order" if account_in(key) is None else "customer"
    places = [each for each in _shown_in(tx, settings, person) if each.startswith(kind)]
    return written_when(tx, settings, "".join(places))


def written_when(tx: Connection, settings: StoreSettings, where: str) -> str:
    """Return when a change is written; ``where`` is nothing if there is no place for it."""
    if not settings.write:
        return "wcflow keeps it, and writes nothing to this store (write = no)."
    if not where:
        return "wcflow keeps it: WooCommerce has no place to show it."
    if reason := load_hold(tx, settings.name).reason:
        return f"Changes to this store are held: {reason}. 'wcflow approve' writes them, and this."
    return WITH_NEXT_SYNC.format(where)


def _shown_in(tx: Connection, settings: StoreSettings, person: int) -> list[str]:
    key = load_person_keys(tx, settings.name, [person]).get(person, "")
    row = load_store_row(tx, settings.name)
    account, places = account_in(key), []
    if account is not None and row is not None and row.can_read_meta:
        places.append(f"customer {account}")
    memory = people.load_memories(tx, settings.name, [person]).get(person)
    if settings.order_tags != "none" and memory is not None and memory.written_order_id:
        places.append(f"order {memory.written_order_id}")
    return places


class ChangeByHand(NamedTuple):
    """A change of the store that an admin has just confirmed: its key in the outbox, and where."""

    rule: str
    event: str
    step: str
    kind: str
    target_id: int


def queue_by_hand(
    tx: Connection,
    store: str,
    person: int,
    changes: Iterable[tuple[ChangeByHand, Mapping[str, Any]]],
    now: datetime,
) -> None:
    """Queue changes with their payloads. They are approved, because an admin has asked for them."""
    same = {
        "store": store,
        "person": person,
        "channel": STORE,
        "state": "due",
        "approved": True,
        "urgent": True,
        "due_at": stamp(now),
        "queued_at": stamp(now),
        "run_id": None,
        "needs": "[]",
        "outcome": "",
        "finished_at": None,
        "cancelled_by": None,
        "priority": 0,
        "marketing": False,
        "rules_digest": "",
    }
    rows = [
        {**same, **change._asdict(), "payload": dumps(dict(payload))} for change, payload in changes
    ]
    outbox.add_entries(tx, rows)
