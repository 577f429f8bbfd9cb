"""The record of one customer: all that wcflow knows of them, in one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict as dataclass_facts
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import asdict
from sqlalchemy import Connection

from wcflow.actions.registry import content_words, entry_kind
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customers.timeline import TimelineEntry, load_timelines
from wcflow.database import suppression, tasks
from wcflow.database.companies import (
    Company,
    CompanyFigures,
    load_companies_of,
    load_figures,
)
from wcflow.database.contacts import Contact, contact_of_profile
from wcflow.database.notes import CustomerNote, load_notes
from wcflow.database.outbox import OutboxEntry
from wcflow.database.outbox_batches import load_entries_of_people
from wcflow.database.sql import fetch_in, select_in, table_of
from wcflow.database.suppression import Suppression
from wcflow.database.tables import IdentityRow
from wcflow.database.tasks import Task
from wcflow.errors import UsageError
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.evaluate.load import load_full_memories, load_profiles
from wcflow.profile import HIDDEN_STATUSES, Profile, net_total, order_date, paid_orders
from wcflow.records import Address, Customer, Order, Subscription
from wcflow.rules.account_fields import consent_of
from wcflow.rules.as_of import without_later_orders
from wcflow.rules.points import balance
from wcflow.rules.tags import Memory, sort_tags
from wcflow.units import minor_digits, to_major

_IDENTITIES = table_of(IdentityRow)
_IDENTITIES_OF = select_in(
    _IDENTITIES, "person", _IDENTITIES.c.person, _IDENTITIES.c.kind, _IDENTITIES.c.value
)


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer with all that is kept about them; lists are newest first.

    ``identities`` are (kind, value): account ids and e-mail addresses. ``average`` is None without
    a paid order. ``consent`` is None where it is not known. ``orders`` are without drafts.
    ``company_figures`` are those of all of the company's customers, as of the last evaluation.
    """

    store: str
    person: int
    customer: Contact
    identities: Sequence[tuple[str, str]]
    phone: str
    billing_company: str
    company: Company | None
    company_figures: CompanyFigures
    inactive: bool
    since: datetime | None
    billing: Address
    shipping: Address
    currency: str
    orders_count: int
    total_spent: Decimal
    average: Decimal | None
    last_order_at: datetime | None
    segments: Mapping[str, datetime]
    tags: Sequence[str]
    groups: Sequence[str]
    tier: str
    points: int | None
    consent: bool | None
    suppressed: Sequence[Suppression]
    orders: Sequence[Order]
    subscriptions: Sequence[Subscription]
    notes: Sequence[CustomerNote]
    tasks: Sequence[Task]
    messages: Sequence[OutboxEntry]
    timeline: Sequence[TimelineEntry]
    evaluated_at: datetime | None


def load_record(
    tx: Connection, config: Config, settings: StoreSettings, person: int, now: datetime
) -> CustomerRecord:
    """Return the record of a customer; raises UsageError if the store no longer has them."""
    found = load_records(tx, read_context(tx, config, settings, now), [person])
    if person not in found:
        raise UsageError("the store no longer has this customer", "")
    record = found[person].record
    figures = load_figures(tx, record.company) if record.company else CompanyFigures()
    return replace(record, company_figures=figures)


class KnownCustomer(NamedTuple):
    """A customer as rules see them, and their record."""

    profile: Profile
    record: CustomerRecord


class _Kept(NamedTuple):
    """What is kept about some people, by person."""

    identities: Mapping[int, Sequence[tuple[str, str]]]
    companies: Mapping[int, Company]
    suppressed: Mapping[str, Suppression]
    notes: Mapping[int, Sequence[CustomerNote]]
    tasks: Mapping[int, Sequence[Task]]
    entries: Mapping[int, Sequence[OutboxEntry]]
    timelines: Mapping[int, Sequence[TimelineEntry]]


def load_records(
    tx: Connection, context: EvaluationContext, persons: Sequence[int]
) -> dict[int, KnownCustomer]:
    """Return the records of customers, without figures of their companies; those gone are missing."""
    store = context.settings.name
    memories = load_full_memories(tx, store, persons)
    profiles = load_profiles(tx, context, [*memories], memories)
    kept = _load_kept(tx, store, profiles)
    return {
        person: KnownCustomer(profile, _record(profile, memories[person], kept, context))
        for person, profile in profiles.items()
    }


def _load_kept(tx: Connection, store: str, profiles: Mapping[int, Profile]) -> _Kept:
    persons, identities = [*profiles], dict[int, list[tuple[str, str]]]()
    for person, kind, value in fetch_in(tx, _IDENTITIES_OF, store, persons):
        identities.setdefault(person, []).append((kind, value))
    addresses = {value for each in identities.values() for kind, value in each if kind == "email"}
    addresses |= {profile.email for profile in profiles.values()} - {""}
    written: dict[int, list[CustomerNote]] = {}
    for note in load_notes(tx, store, persons):
        written.setdefault(note.person, []).append(note)
    return _Kept(
        identities,
        load_companies_of(tx, store, persons),
        suppression.load(tx, store, suppression.EMAIL, sorted(addresses)),
        written,
        tasks.load_tasks_of_people(tx, store, persons),
        load_entries_of_people(tx, store, persons),
        load_timelines(tx, store, [*profiles.values()]),
    )


def _record(
    profile: Profile, memory: Memory, kept: _Kept, context: EvaluationContext
) -> CustomerRecord:
    person, now, standing = profile.person, context.now, memory.standing
    current = without_later_orders(profile, now)
    paid, spent = paid_orders(current), _spent(current)
    identities = sorted(kept.identities.get(person, ()))
    addresses = sorted({value for kind, value in identities if kind == "email"} | {profile.email})
    shown = [each for each in reversed(profile.orders) if each.status not in HIDDEN_STATUSES]
    entries = kept.entries.get(person, ())
    return CustomerRecord(
        store=context.settings.name,
        person=person,
        customer=contact_of_profile(profile),
        identities=identities,
        phone=_billing(profile, "phone"),
        billing_company=_billing(profile, "company"),
        company=kept.companies.get(person),
        company_figures=CompanyFigures(),
        inactive=standing.inactive,
        since=_since(profile),
        billing=_address(profile, "billing"),
        shipping=_address(profile, "shipping"),
        currency=context.store.currency,
        orders_count=len(paid),
        total_spent=spent,
        average=spent / len(paid) if paid else None,
        last_order_at=order_date(paid[-1]) if paid else None,
        segments=memory.segments,
        tags=sort_tags(memory.current_tags),
        groups=sorted(standing.groups, key=str.casefold),
        tier=standing.tier.tier if standing.tier else "",
        points=balance(standing.points, now).points if standing.points else None,
        consent=consent_of(current).value,
        suppressed=[kept.suppressed[each] for each in addresses if each in kept.suppressed],
        orders=shown,
        subscriptions=profile.subscriptions[::-1],
        notes=kept.notes.get(person, ()),
        tasks=[each for each in kept.tasks.get(person, ()) if each.state == tasks.OPEN],
        messages=[each for each in entries if entry_kind(each.kind).message],
        timeline=kept.timelines[person],
        evaluated_at=memory.evaluated_at,
    )


def _spent(profile: Profile) -> Decimal:
    """Return what someone spent, as 'wcflow explain' says it."""
    totals = (net_total(order, profile.store) for order in paid_orders(profile))
    spent = sum((total for total in totals if total is not None), Decimal(0))
    return spent.quantize(Decimal(1).scaleb(-minor_digits(profile.store.currency)))


def _since(profile: Profile) -> datetime | None:
    """Return when someone registered or first ordered, whichever was earlier."""
    ordered = (each.created for each in profile.orders if each.status not in HIDDEN_STATUSES)
    registered = profile.account.created if profile.account else None
    return min((at for at in (registered, next(ordered, None)) if at is not None), default=None)


def _holders(profile: Profile) -> Iterator[Customer | Order]:
    """Yield what has addresses: the account, and then the orders, the newest first."""
    if profile.account is not None:
        yield profile.account
    yield from reversed(profile.orders)


def _address(profile: Profile, kind: str) -> Address:
    """Return the address of the account, or else of the newest order that has one."""
    found = (getattr(each, kind) for each in _holders(profile))
    return next((each for each in found if each.address_1 or each.city), Address())


def _billing(profile: Profile, part: str) -> str:
    found = (getattr(each.billing, part).strip() for each in _holders(profile))
    return next(filter(None, found), "")


# As plain values, for JSON.


def record_facts(record: CustomerRecord) -> dict[str, Any]:
    """Return a record as plain values: mappings, lists, texts, numbers and times."""
    contact = record.customer
    return {
        "store": record.store,
        "customer": {
            "id": contact.customer_id or None,
            "name": contact.name,
            "email": contact.email,
        },
        "status": "inactive" if record.inactive else "active",
        "customer_since": record.since,
        "identities": [{"kind": kind, "value": value} for kind, value in record.identities],
        "phone": record.phone,
        "billing_company": record.billing_company,
        "company": _company_facts(record),
        "billing": asdict(record.billing),
        "shipping": asdict(record.shipping),
        "currency": record.currency,
        "orders_count": record.orders_count,
        "total_spent": record.total_spent,
        "average_order": record.average,
        "last_order_at": record.last_order_at,
        "segments": dict(record.segments),
        "tags": list(record.tags),
        "groups": list(record.groups),
        "tier": record.tier or None,
        "points": record.points,
        "consent": record.consent,
        "suppressed": [dataclass_facts(each) for each in record.suppressed],
        "orders": [order_facts(each) for each in record.orders],
        "subscriptions": [asdict(each) for each in record.subscriptions],
        "notes": [
            {
                "id": each.id,
                "category": each.category,
                "text": each.text,
                "order_id": each.order_id or None,
                "written_by": each.written_by,
                "written_at": each.written_at,
            }
            for each in record.notes
        ],
        "tasks": [dataclass_facts(each) for each in record.tasks],
        "messages": [message_facts(each) for each in record.messages],
        "timeline": [entry_facts(each) for each in record.timeline],
        "evaluated_at": record.evaluated_at,
    }


def _company_facts(record: CustomerRecord) -> dict[str, Any] | None:
    company, figures = record.company, record.company_figures
    if company is None:
        return None
    return {
        "id": company.id,
        "name": company.name,
        "email": company.email,
        "vat_id": company.vat_id,
        "customers": figures.customers,
        "orders_count": figures.orders,
        "revenue": to_major(figures.spent, record.currency),
    }


def order_facts(order: Order) -> dict[str, Any]:
    """Return an order as plain values; amounts are in its currency."""
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "created_at": order.created,
        "paid_at": order.paid,
        "completed_at": order.completed,
        "currency": order.currency,
        "total": to_major(order.total, order.currency),
        "refunded": to_major(sum(each.total for each in order.refunds), order.currency),
        "items": [{"name": each.name, "quantity": each.quantity} for each in order.items],
    }


def message_facts(entry: OutboxEntry) -> dict[str, Any]:
    """Return a message as plain values."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "rule": entry.rule,
        "state": entry.state,
        "content": content_words(entry),
        "queued_at": entry.queued_at,
        "sent_at": entry.finished_at if entry.state == "done" else None,
        "outcome": entry.outcome,
    }


def entry_facts(entry: TimelineEntry) -> dict[str, Any]:
    """Return an entry of the timeline as plain values."""
    facts = {**entry._asdict(), "order_id": entry.order_id or None}
    return facts | {"by": entry.by or None, "reason": entry.reason or None}
