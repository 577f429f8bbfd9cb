"""Read the mailbox of [bounces] regularly, in a thread that never delays a poll."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.message import Message

import structlog
from sqlalchemy import Connection

from wcflow.channels.mailbox import ImapMailbox, MaildirMailbox
from wcflow.config.bounces import BounceSettings
from wcflow.config.load import Config
from wcflow.daemon.stop import utcnow
from wcflow.database import people, suppression
from wcflow.database.connection import Database
from wcflow.database.events import save_events
from wcflow.database.stores import load_setting, load_store_row
from wcflow.database.suppression import EMAIL, Suppression
from wcflow.errors import WcflowError
from wcflow.profile import StoredEvent
from wcflow.rules.event_kinds import BOUNCED, UNSUBSCRIBED
from wcflow.rules.returned_mail import SOFT, Returned, read_returned
from wcflow.rules.returned_mail import UNSUBSCRIBED as ASKED
from wcflow.units import normalize_email

log = structlog.get_logger()
_SOURCE = "the mailbox of [bounces]"


class Bounces:
    """Reads the mailbox now and then; one that cannot be reached is logged once."""

    def __init__(
        self,
        db: Database,
        config: Config,
        settings: BounceSettings,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._db, self._clock = db, clock
        self._stores = tuple(each.name for each in config.stores)
        self._every = settings.check_every.seconds
        self._mailbox = open_mailbox(settings)
        self._trouble = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bounces", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End soon, without waiting for the mailbox."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self._every)

    def look(self) -> None:
        """Read the mailbox once."""
        try:
            counts = read_mailbox(self._db, self._stores, self._mailbox, self._clock)
        except WcflowError as error:
            self._tell(str(error), error.advice)
        except Exception as error:
            # A bug here must not end the service.
            if self._trouble != type(error).__name__:
                log.exception("internal error", reading=_SOURCE)
            self._trouble = type(error).__name__
        else:
            if self._trouble:
                log.info("mailbox can be read again")
            self._trouble = ""
            if counts:
                log.info("mailbox read", **counts)

    def _tell(self, reason: str, advice: str) -> None:
        if self._trouble != reason:
            log.warning("mailbox cannot be read", why=reason, advice=advice)
        self._trouble = reason


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
    """Record what new messages say; return how many of each kind. Raises WcflowError."""
    counts: Counter[str] = Counter()

    def handle(message: Message) -> bool:
        with db.transaction() as tx:
            found = read_returned(message, load_setting(tx, "secret") or "")
            for each in found:
                record_returned(tx, stores, each, clock())
        counts.update(each.kind for each in found)
        return bool(found)

    mailbox.read(handle)
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
        found = Suppression(EMAIL, returned.address, returned.kind, returned.reason, now, _SOURCE)
        new = suppression.add(tx, store, found)
        if new and person is not None:
            save_events(tx, store, {person: [_event(returned, now)]})


def _event(returned: Returned, now: datetime) -> StoredEvent:
    address = normalize_email(returned.address)
    key = f"{returned.kind} {address} {now.isoformat(timespec='seconds')}"
    if returned.kind == ASKED:
        return UNSUBSCRIBED.make(key, now, _SOURCE, channel=EMAIL)
    return BOUNCED.make(key, now, _SOURCE, channel=EMAIL, address=address, reason=returned.reason)
