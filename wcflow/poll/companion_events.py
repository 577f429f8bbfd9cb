"""Save what the companion plugin reports: what people do in the store, and with e-mails.

An event belongs to the account, or to whoever has the e-mail address. A visitor who left an address
at the checkout becomes a guest with their first cart, so that an abandoned cart can be recovered; a
guest like this without orders is kept for 30 days after their last cart. Other events of unknown
addresses are dropped: nothing may be known about people who never agreed to be one.

Each row has a key, so that rows that are read again change nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from wcflow.database import outbox, suppression
from wcflow.database.customers import load_customer_emails
from wcflow.database.erasures import find_erased
from wcflow.database.events import delete_old_behaviour, load_known_keys, save_events
from wcflow.database.identity import Owner, find_keys, find_persons, mark_dirty
from wcflow.database.messages import load_addresses
from wcflow.database.people import find_person, load_memories
from wcflow.database.stores import load_setting, load_store_row
from wcflow.database.suppression import EMAIL, Suppression
from wcflow.errors import StoreError
from wcflow.poll.companion_stream import follow_stream
from wcflow.poll.context import PollContext
from wcflow.poll.customers import apply_refetched, refetch
from wcflow.profile import StoredEvent, email_in
from wcflow.rules.event_kinds import (
    BEHAVIOUR,
    CART_UPDATED,
    EMAIL_CLICKED,
    EMAIL_OPENED,
    EVENT_KINDS,
    UNSUBSCRIBED,
)
from wcflow.rules.mail_links import CLICK, OPEN, check_mail_link
from wcflow.rules.unsubscribe import check_token
from wcflow.store.fields import MAX_EMAIL_LENGTH, Json
from wcflow.store.odd_values import odd_id, odd_number, odd_time
from wcflow.units import normalize_email

log = structlog.get_logger()
STREAM = "events"
SOURCE = "the companion plugin"
MOST_PAGES = 50
"""Pages of 200 rows that one poll reads at most."""
BEHAVIOUR_KEPT = timedelta(days=365)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LONGEST, _MOST_ITEMS, _DEEPEST = 500, 100, 4


class Reported(NamedTuple):
    """A row of the stream; ``at`` is never later than now."""

    key: str
    kind: str
    at: datetime
    owner: Owner
    data: Mapping[str, Any]


def poll_events(context: PollContext) -> None:
    """Save the events that the plugin reports; a failing plugin stops no poll."""
    pages = iter(range(MOST_PAGES))
    try:
        follow_stream(
            context.db,
            context.client,
            context.store,
            STREAM,
            partial(_save, context),
            stopping=lambda: next(pages, None) is None,
        )
    except StoreError as error:
        log.info("events cannot be read", store=context.store, error=str(error))


def drop_old_behaviour(context: PollContext) -> None:
    """Delete what people did in the store more than a year ago; for the nightly check."""
    with context.db.transaction() as tx:
        delete_old_behaviour(tx, context.store, context.now - BEHAVIOUR_KEPT)


def _save(context: PollContext, rows: Sequence[Json]) -> int:
    reported = [*_parse(rows, context.now)]
    _read_unknown_accounts(context, reported)
    with context.db.transaction() as tx:
        _save_behaviour(tx, context, [each for each in reported if each.kind in BEHAVIOUR])
        secret = load_setting(tx, "secret") or ""
        for each in reported:
            if each.kind == UNSUBSCRIBED.name:
                _unsubscribe(tx, context, each, secret)
            elif each.kind in (EMAIL_OPENED.name, EMAIL_CLICKED.name):
                _save_mail_event(tx, context, each, secret)
    return len(rows)


def _parse(rows: Iterable[Json], now: datetime) -> Iterator[Reported]:
    """Return the rows that make sense."""
    for row in rows:
        at, kind, data = odd_time(row.get("at")), row.get("kind"), row.get("data")
        if at is not None and isinstance(kind, str) and isinstance(data, dict):
            owner = Owner(odd_id(row.get("customer_id")) or 0, _email(row.get("email")))
            yield Reported(row["key"], kind, min(at, now), owner, data)


def _email(value: object) -> str:
    good = isinstance(value, str) and len(value) <= MAX_EMAIL_LENGTH
    return normalize_email(value) if good and isinstance(value, str) else ""


def _read_unknown_accounts(context: PollContext, reported: Iterable[Reported]) -> None:
    """Read the accounts that are not in the database yet: someone has just registered."""
    ids = {each.owner.customer_id for each in reported} - {0}
    with context.db.reading() as tx:
        unknown = sorted(ids - load_customer_emails(tx, context.store, ids).keys())
    if unknown:
        found = refetch(context, unknown)
        with context.db.transaction() as tx:
            apply_refetched(tx, context, found)


# What people do in the store


def _save_behaviour(tx: Connection, context: PollContext, reported: Sequence[Reported]) -> None:
    settings, store = context.settings, context.store
    owners = {each.owner for each in reported if each.owner.customer_id or each.owner.email}
    keys = find_keys(tx, store, owners, settings.shared_emails, settings.guests)
    known = find_persons(tx, store, {key for key in keys.values() if key})
    present = load_memories(tx, store, sorted({*known.values()}))
    persons = {key: person for key, person in known.items() if person in present}
    persons |= _make_visitors(tx, store, reported, keys, persons)
    events: dict[int, list[StoredEvent]] = {}
    for each in reported:
        person = persons.get(keys.get(each.owner) or "")
        if person is not None:
            events.setdefault(person, []).append(_event(each))
    _save_new(tx, store, events)


def _make_visitors(
    tx: Connection,
    store: str,
    reported: Iterable[Reported],
    keys: Mapping[Owner, str | None],
    persons: Mapping[str, int],
) -> dict[str, int]:
    """Make guests of the visitors who filled a cart; return them by key.

    Not of those who have emptied it by now, or typed another address. Not of customers who were
    deleted: their rows can be read once more.
    """
    carts = {
        (each.owner, str(each.data.get("cart"))): each
        for each in reported
        if each.kind == CART_UPDATED.name
    }
    new = {
        key: each.owner.email
        for each in carts.values()
        if each.data.get("items")
        and (key := keys.get(each.owner))
        and key not in persons
        and email_in(key)
        and _EMAIL.fullmatch(each.owner.email)
    }
    erased = find_erased(tx, store, new)
    return mark_dirty(tx, store, {key: new[key] for key in new if key not in erased})


def _event(reported: Reported) -> StoredEvent:
    kind = EVENT_KINDS[reported.kind]
    data = {name: _short(reported.data[name]) for name in kind.data if name in reported.data}
    return kind.make(f"{kind.name} {reported.key}", reported.at, SOURCE, **data)


def _short(value: Any, depth: int = 0) -> Any:
    """Return a value without what is too long or too deep for any name: it comes from the public."""
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, list) and depth < _DEEPEST:
        return [_short(each, depth + 1) for each in value[:_MOST_ITEMS]]
    if isinstance(value, dict) and depth < _DEEPEST:
        items = [*value.items()][:_MOST_ITEMS]
        return {str(name)[:_LONGEST]: _short(each, depth + 1) for name, each in items}
    return value if odd_number(value) is not None else None


def _save_new(tx: Connection, store: str, events: Mapping[int, Sequence[StoredEvent]]) -> None:
    """Save events that are not known, and so mark no one because of what is read again."""
    known = load_known_keys(
        tx, store, {person: [each.key for each in some] for person, some in events.items()}
    )
    new = {
        person: [each for each in some if (person, each.key) not in known]
        for person, some in events.items()
    }
    save_events(tx, store, {person: some for person, some in new.items() if some})


# What people do with e-mails


def _unsubscribe(tx: Connection, context: PollContext, reported: Reported, secret: str) -> None:
    """Suppress the address that the token names, for the topics that were chosen."""
    store = context.store
    subscriber = check_token(secret, str(reported.data.get("token")))
    if subscriber is None or not _is_ours(tx, store, subscriber.store):
        log.warning("unsubscribe link is not valid", store=store)
        return
    address = subscriber.address
    person = find_person(tx, store, normalize_email(address))
    key = f"{reported.kind} {reported.key}"
    topics = reported.data.get("topics")
    chosen = [each for each in topics if isinstance(each, str)] if isinstance(topics, list) else []
    for topic in chosen or [EMAIL]:
        event = UNSUBSCRIBED.make(f"{key} {topic}", reported.at, SOURCE, channel=topic)
        if person is not None and load_known_keys(tx, store, {person: [event.key]}):
            continue
        new = [
            suppression.add(tx, store, _suppression(topic, each, reported.at))
            for each in _addresses(tx, store, topic, address, person)
        ]
        if person is not None and (any(new) or not new):
            save_events(tx, store, {person: [event]})


def _suppression(topic: str, address: str, at: datetime) -> Suppression:
    return Suppression(topic, address, "unsubscribed", "by the link in an e-mail", at, SOURCE)


def _addresses(
    tx: Connection, store: str, topic: str, address: str, person: int | None
) -> list[str]:
    """Return where a topic reaches someone: for other channels, where it has reached them."""
    if topic == EMAIL:
        return [address]
    return [] if person is None else load_addresses(tx, store, person, topic)


def _is_ours(tx: Connection, store: str, named: str) -> bool:
    """Return whether a token is about this store, also under a name that it had before."""
    return named == store or load_store_row(tx, named) is None


def _save_mail_event(tx: Connection, context: PollContext, reported: Reported, secret: str) -> None:
    """Save that an e-mail was opened or a link clicked, once, unless its reader has unsubscribed."""
    store, link = context.store, check_mail_link(secret, str(reported.data.get("token")))
    wanted = OPEN if reported.kind == EMAIL_OPENED.name else CLICK
    if link is None or link.kind != wanted or not _is_ours(tx, store, link.store):
        log.warning("link of an e-mail is not valid", store=store)
        return
    entries = outbox.load_entries(tx, store, ids=[link.entry])
    if not entries or entries[0].kind != EMAIL or entries[0].is_erased:
        return
    (entry,) = entries
    if suppression.load(tx, store, EMAIL, [entry.payload["to"]]):
        return
    more = {"url": link.url} if link.url else {}
    suffix = f" {hashlib.sha256(link.url.encode()).hexdigest()[:12]}" if link.url else ""
    event = EVENT_KINDS[reported.kind].make(
        f"{reported.kind} {entry.id}{suffix}",
        reported.at,
        SOURCE,
        message=entry.payload["email"],
        rule=entry.rule,
        entry=entry.id,
        **more,
    )
    _save_new(tx, store, {entry.person: [event]})
