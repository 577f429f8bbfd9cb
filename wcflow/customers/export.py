"""All that is held on one person, as plain values: for someone who asks what a store knows of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import orjson
from sqlalchemy import Connection, Table, or_, select

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customers.record import CustomerRecord, load_record, order_facts, record_facts
from wcflow.customers.timeline import TimelineEntry
from wcflow.database.customers import load_customers
from wcflow.database.identity import ACCOUNT
from wcflow.database.pair_edits import (
    OF_TWO,
    load_pairs,
    without_other_keys,
    without_others,
    words_without_others,
)
from wcflow.database.same_person import with_joined
from wcflow.database.schema import METADATA
from wcflow.database.sql import instant, table_of
from wcflow.database.tables import (
    EditRow,
    NotSamePersonRow,
    PersonRow,
    SamePersonRow,
    SuppressionRow,
)
from wcflow.profile import account_key, email_in, guest_key
from wcflow.records import Customer, Order
from wcflow.units import to_major

_PERSONS, _SUPPRESSIONS = table_of(PersonRow), table_of(SuppressionRow)
_EDITS = table_of(EditRow)
_SAME, _NOT_SAME = table_of(SamePersonRow), table_of(NotSamePersonRow)
_TIMES = frozenset({"at", "since", "below_since", "snoozed_until", "last_order"})
_REPEATED = frozenset({"companion_due", "companion_pushed", "search_text"})
"""Tables that only repeat what the others have, for searches and for the companion plugin."""
_INTERNAL = frozenset({"store", "claimed_by", "list_key", "sort_name"})


def load_export(
    tx: Connection, config: Config, settings: StoreSettings, person: int, now: datetime
) -> tuple[CustomerRecord, dict[str, Any]]:
    """Return the record of a customer, and all that is held on them as plain values.

    ``tables`` has what wcflow itself keeps, as it is in its database.
    """
    record, store = load_record(tx, config, settings, person, now), settings.name
    keys = _keys(tx, store, record)
    record = replace(record, timeline=[_without_others(each, keys) for each in record.timeline])
    account = record.customer.customer_id
    accounts = load_customers(tx, store, [account] if account else [])
    facts = {
        "exported_at": now,
        "url": settings.url,
        **record_facts(record),
        "account": _account(accounts.get(account)),
        "orders": [_order(each) for each in record.orders],
        "suppressed": _suppressed(tx, store, record),
        "tables": {
            **load_tables(tx, store, person),
            **_edits(tx, store, person, keys),
            **_same_person(tx, store, keys),
        },
    }
    return record, facts


def personal_tables() -> list[Table]:
    """Return the tables with rows of persons, besides the table of persons itself."""
    return [
        each
        for each in METADATA.sorted_tables
        if {"store", "person"} <= {*each.c.keys()} and each.name not in _REPEATED
    ]


def load_tables(tx: Connection, store: str, person: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a person in every table that has some, by the table's name."""
    found = {"person": _rows(tx, _PERSONS, store, person)}
    found |= {each.name: _rows(tx, each, store, person) for each in personal_tables()}
    return {name: rows for name, rows in found.items() if rows}


def _rows(tx: Connection, table: Table, store: str, person: int) -> list[dict[str, Any]]:
    of_person = table.c.id if table is _PERSONS else table.c.person
    query = select(table).where(table.c.store == store, of_person == person)
    rows = tx.execute(query.order_by(*table.primary_key)).mappings()
    return [_plain(row) for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    """Return a row with times as times and JSON as values, without what says nothing of a person."""
    return {name: _value(name, row[name]) for name in row if name not in _INTERNAL}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, int) and (name in _TIMES or name.endswith("_at")):
        return instant(value)
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:  # a text that begins with a bracket
            return value
    return value


def _keys(tx: Connection, store: str, record: CustomerRecord) -> set[str]:
    """Return what leads to a person, with the addresses that the team joined with them."""
    accounts = {int(value) for kind, value in record.identities if kind == ACCOUNT}
    own = {value for kind, value in record.identities if kind != ACCOUNT}
    emails = with_joined(tx, store, own, accounts)
    return {*map(account_key, accounts), *map(guest_key, emails)}


def _without_others(entry: TimelineEntry, keys: set[str]) -> TimelineEntry:
    """Return an entry without the address of someone with whom a person was merged by mistake."""
    of_two = entry.kind in OF_TWO
    return entry._replace(words=words_without_others(entry.words, keys)) if of_two else entry


def _edits(
    tx: Connection, store: str, person: int, keys: set[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the edits of a person, and those filed under someone with whom they were merged."""
    here = (_EDITS.c.store == store, _EDITS.c.person == person)
    own = {row["id"]: dict(row) for row in tx.execute(select(_EDITS).where(*here)).mappings()}
    found = own | {
        each.row["id"]: without_others(each, keys) for each in load_pairs(tx, store, keys)
    }
    rows = [_plain(row) for _, row in sorted(found.items())]
    return {_EDITS.name: rows} if rows else {}


def _same_person(tx: Connection, store: str, keys: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Return which addresses the team joined with a person, and of whom it said that they differ."""
    emails = {email for key in keys if (email := email_in(key))}
    same = or_(_SAME.c.email.in_(emails), _SAME.c.belongs_to.in_(keys))
    others = or_(_NOT_SAME.c.one.in_(keys), _NOT_SAME.c.other.in_(keys))
    found = {}
    for table, of_person in ((_SAME, same), (_NOT_SAME, others)):
        rows = tx.execute(select(table).where(table.c.store == store, of_person)).mappings()
        found[table.name] = [_plain(without_other_keys(dict(row), keys)) for row in rows]
    return {name: rows for name, rows in found.items() if rows}


def _account(account: Customer | None) -> dict[str, Any] | None:
    if account is None:
        return None
    return {"username": account.username, "role": account.role, "custom_fields": account.meta}


def _order(order: Order) -> dict[str, Any]:
    """Return an order with all that the local copy has of it; amounts are in its currency."""
    plain = msgspec.to_builtins(order)
    return {
        **order_facts(order),
        "discount": to_major(order.discount_total, order.currency),
        "billing": plain.get("billing", {}),
        "shipping": plain.get("shipping", {}),
        "payment_method": order.payment_method,
        "created_via": order.created_via,
        "customer_note": order.customer_note,
        "coupons": list(order.coupons),
        "items": [
            {
                "name": each.name,
                "sku": each.sku,
                "quantity": each.quantity,
                "total": to_major(each.total, order.currency),
                "custom_fields": dict(each.meta),
            }
            for each in order.items
        ],
        "refunds": [
            {
                "id": each.id,
                "amount": to_major(each.total, order.currency),
                "reason": each.reason,
                "date": each.date,
            }
            for each in order.refunds
        ],
        "custom_fields": dict(order.meta),
        "status_changes": [
            {"before": each.before, "after": each.after, "at": each.at} for each in order.history
        ],
    }


def _suppressed(tx: Connection, store: str, record: CustomerRecord) -> list[dict[str, Any]]:
    """Return the addresses and numbers of a person that get no messages, through any channel."""
    addresses = {value for _, value in record.identities} | _phones(record.orders)
    known = sorted(addresses | {record.customer.email, record.billing.email, record.phone} - {""})
    here = (_SUPPRESSIONS.c.store == store, _SUPPRESSIONS.c.address.in_(known))
    rows = tx.execute(select(_SUPPRESSIONS).where(*here)).mappings()
    return [_plain(row) for row in rows]


def _phones(orders: Iterable[Order]) -> set[str]:
    return {order.billing.phone for order in orders}
