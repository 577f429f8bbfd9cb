"""Move the store's orders of a merged guest to the account, and back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from wcflow.actions.order_customer import ORDER_CUSTOMER
from wcflow.config.stores import StoreSettings
from wcflow.customers.edits import Outcome
from wcflow.customers.written import ChangeByHand, queue_by_hand
from wcflow.database import outbox, outcomes
from wcflow.database.edits import Edit, EditedBy
from wcflow.database.identity import load_person_keys
from wcflow.database.orders import load_orders_of_people
from wcflow.database.sql import table_of
from wcflow.database.tables import OutboxRow
from wcflow.errors import UsageError
from wcflow.profile import account_in, email_in

_OUTBOX = table_of(OutboxRow)


def _guest_orders(tx: Connection, store: str, person: int) -> list[int]:
    email = email_in(load_person_keys(tx, store, [person]).get(person, ""))
    orders = load_orders_of_people(tx, store, [], [email] if email else [])
    return [order.id for order in orders]


def check_movable(
    tx: Connection, settings: StoreSettings, kept: int, joined: int
) -> tuple[int, list[int]]:
    """Return the account and the orders to move to it; raises UsageError if there is none."""
    account = account_in(load_person_keys(tx, settings.name, [kept]).get(kept, ""))
    if account is None:
        advice = "Merge without --move-orders: both are guests, and wcflow joins their orders."
        raise UsageError("there is no account to which orders can be moved", advice)
    if not settings.write:
        advice = "Merge without --move-orders, or set write = yes."
        raise UsageError("wcflow writes nothing to this store (write = no)", advice)
    return account, _guest_orders(tx, settings.name, joined)


def move_orders(
    tx: Connection,
    store: str,
    merged: Outcome,
    person: int,
    to: tuple[int, Iterable[int]],
    by: EditedBy,
) -> int:
    """Queue the moves of a merge, approved by its confirmation; return how many there are."""
    account, orders = to
    moves = [_move(f"edit {merged.edit}", number, (0, account), by) for number in orders]
    queue_by_hand(tx, store, person, moves, by.at)
    return len(moves)


def move_back(tx: Connection, edit: Edit, by: EditedBy) -> int:
    """Cancel the moves of a merge, or queue the way back; return how many orders that are."""
    here = (_OUTBOX.c.store == edit.store, _OUTBOX.c.kind == ORDER_CUSTOMER)
    query = select(_OUTBOX.c.id).where(*here, _OUTBOX.c.event == f"edit {edit.id}")
    ids = [*tx.scalars(query)]
    moves = []
    for entry in outbox.load_entries(tx, ids=ids) if ids else ():
        if entry.state == "due":
            outcomes.end_entry(tx, entry, "cancelled", f"undone by {by.name}", by.at)
        if entry.state in ("done", "claimed") or entry.attempts:
            way = (int(entry.payload["to"]), int(entry.payload["from"]))
            event = f"undo of edit {edit.id}"
            moves.append(_move(event, entry.target_id, way, by))
    queue_by_hand(tx, edit.store, edit.person, moves, by.at)
    return len(moves)


def _move(
    event: str, number: int, way: tuple[int, int], by: EditedBy
) -> tuple[ChangeByHand, dict[str, int]]:
    """Return an order's way from one account to another, with its key."""
    rule, step = f"merge by {by.name}", f"order {number}"
    change = ChangeByHand(rule, event, step, ORDER_CUSTOMER, number)
    return change, {"from": way[0], "to": way[1]}
