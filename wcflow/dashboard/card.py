"""What the companion plugin shows of one customer: their record as plain values, cut to fit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import asdict

from wcflow.customers.record import CustomerRecord
from wcflow.customers.timeline import TimelineEntry
from wcflow.database.notes import CustomerNote
from wcflow.database.sql import dumps
from wcflow.database.tasks import Task
from wcflow.records import Address, Order
from wcflow.units import minor_digits, to_major

Json = dict[str, Any]
_ORDERS, _NOTES, _TIMELINE, _REASONS, _TASKS = 10, 50, 20, 20, 50
_LISTED = 100
"""Tags, groups and addresses of one customer."""
_TEXT, _LONG_TEXT = 500, 2000
_ADDRESS = (
    *("first_name", "last_name", "company", "address_1", "address_2"),
    *("postcode", "city", "state", "country"),
)


def card(
    record: CustomerRecord, *, segment_order: Sequence[str], shown: str, reasons: Sequence[str]
) -> Json:
    """Return what the plugin shows of a customer.

    ``segment_order`` are all segments in the order of the INI, ``shown`` the one of them that the
    lists show. Times are UTC; amounts are decimal strings in the store's currency.
    """
    contact = record.customer
    names = sorted(record.segments, key=lambda name: _position(name, segment_order))
    first = shown if shown in record.segments else next(iter(names), "")
    return {
        "person": record.person,
        "customer_id": contact.customer_id,
        "email": contact.email,
        "name": short(contact.name),
        "accounts": [int(value) for kind, value in record.identities if kind == "account"],
        "emails": _emails(record),
        "segment": first,
        "segment_since": time_text(record.segments.get(first)),
        "segments": [
            {"name": name, "since": time_text(record.segments[name])} for name in names[:_LISTED]
        ],
        "tags": list(record.tags[:_LISTED]),
        "groups": list(record.groups[:_LISTED]),
        "company": record.company.name if record.company else "",
        "tier": record.tier,
        "points": record.points,
        "status": "inactive" if record.inactive else "active",
        "spent": amount(record.total_spent, record.currency),
        "currency": record.currency,
        "orders": record.orders_count,
        "average": None if record.average is None else amount(record.average, record.currency),
        "last_order": time_text(record.last_order_at),
        "since": time_text(record.since),
        "consent": record.consent,
        "phone": short(record.phone),
        "billing": _address(record.billing),
        "shipping": _address(record.shipping),
        "reasons": [short(each) for each in reasons[:_REASONS]],
        "recent_orders": [_order(each) for each in record.orders[:_ORDERS]],
        "notes": [_note(each) for each in record.notes[:_NOTES]],
        "tasks": [task_card(each) for each in record.tasks[:_TASKS]],
        "timeline": [_entry(each) for each in record.timeline[:_TIMELINE]],
    }


def card_digest(found: Json, generation: str) -> str:
    """Return what tells whether the plugin has this card already."""
    text = f"{generation}\n{dumps(found)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _position(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def _emails(record: CustomerRecord) -> list[str]:
    own = [value for kind, value in record.identities if kind == "email"]
    return list(dict.fromkeys(filter(None, [record.customer.email, *own])))[:_LISTED]


def _address(address: Address) -> Json:
    values = asdict(address)
    return {name: short(str(values.get(name, ""))) for name in _ADDRESS}


def _order(order: Order) -> Json:
    return {
        "id": order.id,
        "number": order.number,
        "at": time_text(order.created),
        "status": order.status,
        "total": amount(to_major(order.total, order.currency), order.currency),
        "currency": order.currency,
    }


def _note(note: CustomerNote) -> Json:
    return {
        "id": note.id,
        "category": note.category,
        "text": short(note.text, _LONG_TEXT),
        "by": note.written_by,
        "at": time_text(note.written_at),
        "order_id": note.order_id,
    }


def task_card(task: Task) -> Json:
    """Return what the plugin shows of a task."""
    return {
        "id": task.id,
        "kind": task.kind,
        "text": short(task.text),
        "assignee": task.assignee,
        "due": time_text(task.shows_at),
        "order_id": task.order_id,
    }


def _entry(entry: TimelineEntry) -> Json:
    return {
        "at": time_text(entry.at),
        "kind": entry.kind,
        "words": short(capital(entry.words)),
        "by": entry.by,
        "reason": short(entry.reason),
        "order_id": entry.order_id,
        "edit": None if entry.undone else entry.edit,
    }


def time_text(at: datetime | None) -> str | None:
    """Return a time in UTC: ``2026-11-28T20:15:00Z``."""
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def amount(value: Decimal, currency: str) -> str:
    """Return an amount as a decimal string, without separators."""
    return f"{value:.{minor_digits(currency)}f}"


def capital(words: str) -> str:
    """Return words with a capital at their beginning."""
    return f"{words[:1].upper()}{words[1:]}"


def short(text: str, most: int = _TEXT) -> str:
    """Return a text of at most this length."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
