"""Read the mailbox of [bounces], and record what comes back: bounces, complaints, unsubscriptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.message import Message

import structlog
from sqlalchemy import Connection

from wcflow.channels.mailbox import ImapMailbox, MaildirMailbox
from wcflow.config.bounces import BounceSettings
from wcflow.database import people, suppression
from wcflow.database.connection import Database
from wcflow.database.events import save_events
from wcflow.database.stores import MAILBOX_TROUBLE, load_setting, load_store_row, save_setting
from wcflow.database.suppression import EMAIL, Suppression
from wcflow.errors import DeliveryError
from wcflow.profile import StoredEvent
from wcflow.rules.event_kinds import BOUNCED, UNSUBSCRIBED
from wcflow.rules.returned_mail import SOFT, Returned, read_returned
from wcflow.rules.returned_mail import UNSUBSCRIBED as ASKED
from wcflow.units import normalize_email

log = structlog.get_logger()
SOURCE = "the mailbox of [bounces]"


def _save_trouble(db: Database, reason: str) -> None:
    with db.reading() as tx:
        known = load_setting(tx, MAILBOX_TROUBLE) or ""
    if known != reason:
        with db.transaction() as tx:
            save_setting(tx, MAILBOX_TROUBLE, reason)


def open_mailbox(settings: BounceSettings) -> ImapMailbox | MaildirMailbox:
    """Return the mailbox; nothing is connected yet."""
    if settings.imap is not None:
        return ImapMailbox(settings.imap)
    assert settings.maildir is not None, "checked when the configuration was read"
    return MaildirMailbox(settings.maildir, settings.folder)


def read_mailbox(
    db: Database,
    stores: tuple[str, ...],
    mailbox: ImapMailbox | MaildirMailbox,
    clock: Callable[[], datetime],
) -> Counter[str]:
    """Record what new messages say; return how many of each kind. Raises WcflowError.

    A mailbox that cannot be read is saved, for ``wcflow status``.
    """
    counts: Counter[str] = Counter()

    def handle(message: Message) -> bool:
        with db.transaction() as tx:
            found = read_returned(message, load_setting(tx, "secret") or "")
            for each in found:
                record_returned(tx, stores, each, clock())
        counts.update(each.kind for each in found)
        return bool(found)

    try:
        mailbox.read(handle)
    except DeliveryError as error:
        _save_trouble(db, f"{error}. {error.advice}" if error.advice else str(error))
        raise
    _save_trouble(db, "")
    return counts


def record_returned(
    tx: Connection, stores: tuple[str, ...], returned: Returned, now: datetime
) -> None:
    """Suppress an address in the stores that know it, and record the event.

    Anyone can send a false bounce, so an address that no customer has changes nothing.
    """
    if returned.kind == SOFT:
        log.info("e-mail delayed or refused", why=returned.reason)
        return
    subscriber = returned.subscriber
    for store in stores:
        if subscriber is not None and subscriber.store != store:
            continue
        if load_store_row(tx, store) is None:
            continue
        person = people.find_person(tx, store, normalize_email(returned.address))
        if person is None and subscriber is None:
            continue
        found = Suppression(EMAIL, returned.address, returned.kind, returned.reason, now, SOURCE)
        new = suppression.add(tx, store, found)
        if new and person is not None:
            save_events(tx, store, {person: [_event(returned, now)]})


def _event(returned: Returned, now: datetime) -> StoredEvent:
    address = normalize_email(returned.address)
    key = f"{returned.kind} {address} {now.isoformat(timespec='seconds')}"
    if returned.kind == ASKED:
        return UNSUBSCRIBED.make(key, now, SOURCE, channel=EMAIL)
    return BOUNCED.make(key, now, SOURCE, channel=EMAIL, address=address, reason=returned.reason)
