"""When, and where, what a team changed by hand reaches WooCommerce: in words for the admin."""

from __future__ import annotations

from sqlalchemy import Connection

from wcflow.config.stores import StoreSettings
from wcflow.database import people
from wcflow.database.identity import load_person_keys
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
