"""Send the e-mails of the outbox: render, compose, hand over, and record who cannot be reached.

An e-mail is never sent twice. Before the message is handed over, its entry is marked; an entry that
is found with this mark may have been sent, and nothing but an admin can decide what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from wcflow.channels.compose import Mail, compose
from wcflow.channels.smtp import MayBeSentError, RecipientRefusedError
from wcflow.database import outcomes, suppression
from wcflow.database.companion import load_mail_address
from wcflow.database.connection import Database
from wcflow.database.events import save_events
from wcflow.database.outbox import OutboxEntry
from wcflow.database.stores import load_setting
from wcflow.database.suppression import EMAIL, Suppression
from wcflow.errors import CancelledError, DeliveryError
from wcflow.rules.email_tracking import CLICKS, OPENS, Tracking
from wcflow.rules.emails import EmailRule, Rendered, render_email
from wcflow.rules.event_kinds import BOUNCED
from wcflow.rules.mailboxes import Mailbox, ascii_address
from wcflow.rules.templates import TemplateError
from wcflow.rules.unsubscribe import (
    Subscriber,
    unsubscribe_link,
    unsubscribe_mail,
    unsubscribe_token,
)

HANDED_OVER = "handed to the mail server, which has not confirmed it yet"
"""The outcome of an entry between handing over and the server's answer."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all e-mails of a store share: from ``[smtp]``, and the secret of the links.

    ``shop_url`` is the store's own address where the companion plugin answers links, else empty.
    """

    store: str
    sender: Mailbox
    secret: str = field(repr=False)
    reply_to: str = ""
    bounces_to: str = ""
    unsubscribe_url: str = ""
    postal_address: str = ""
    track: frozenset[str] = frozenset()
    shop_url: str = ""

    def links(self, person: int, address: str, email: str) -> tuple[str, ...]:
        """Return the links with which this person unsubscribes, the best first."""
        token = unsubscribe_token(self.secret, Subscriber(self.store, person, address, email))
        by_mail = unsubscribe_mail(self.bounces_to, token)
        base = self.unsubscribe_url or self.shop_url
        return (unsubscribe_link(base, token), by_mail) if base else (by_mail,)

    def tracking(self, entry: int) -> Tracking | None:
        """Return how a marketing e-mail is tracked; None if it is not, or if no plugin answers."""
        if not (self.track and self.shop_url and entry):
            return None
        wanted = {"opens": OPENS in self.track, "clicks": CLICKS in self.track}
        return Tracking(self.shop_url, self.secret, self.store, entry, **wanted)


class MailConnection(Protocol):
    """Where e-mails are handed over: a mail server, or the demo's directory."""

    def pause(self) -> float:
        """Return for how many seconds it takes no e-mail."""

    def send(
        self, sender: str, recipient: str, message: bytes, before_data: Callable[[], None]
    ) -> str:
        """Hand over one e-mail; return the answer. Raises DeliveryError."""

    def close(self) -> None:
        """Close the connection, if one is open."""


@dataclass(frozen=True)
class EmailChannel:
    """Sends the e-mails of one store; ``make_letterhead`` takes the secret of its links."""

    db: Database
    store: str
    emails: Mapping[str, EmailRule]
    connection: MailConnection
    make_letterhead: Callable[[str], Letterhead]
    clock: Callable[[], datetime]

    def pause(self) -> float:
        """Return for how many seconds the rate limit allows no e-mail."""
        return self.connection.pause()

    def close(self) -> None:
        self.connection.close()

    @property
    def letterhead(self) -> Letterhead:
        """What its e-mails share now: the companion plugin can come and go."""
        with self.db.reading() as tx:
            found = self.make_letterhead(load_setting(tx, "secret") or "")
            return replace(found, shop_url=load_mail_address(tx, self.store))

    def deliver(self, entry: OutboxEntry) -> str:
        """Send the e-mail of an entry; return the outcome in words. Raises DeliveryError."""
        if entry.outcome == HANDED_OVER:
            raise MayBeSentError(
                "may have been sent: wcflow was interrupted before the mail server confirmed it."
                " 'wcflow outbox retry' would send it again."
            )
        rule, address = self._rule(entry), entry.payload["to"]
        self._check_suppression(address, transactional=rule.transactional)
        try:
            recipient, letterhead = ascii_address(address), self.letterhead
            message = compose(build_mail(rule, letterhead, entry, self.clock()))
        except TemplateError as error:
            raise DeliveryError(f"the e-mail cannot be written: {error}", permanent=True) from None
        except ValueError as error:
            raise DeliveryError(
                f"the e-mail cannot be addressed: {error}", permanent=True
            ) from None
        return self._hand_over(entry, ascii_address(letterhead.bounces_to), recipient, message)

    def _rule(self, entry: OutboxEntry) -> EmailRule:
        name = entry.payload["email"]
        if name not in self.emails:
            raise DeliveryError(f"[email {name}] is no longer in the INI file", permanent=True)
        return self.emails[name]

    def _check_suppression(self, address: str, *, transactional: bool) -> None:
        with self.db.reading() as tx:
            found = suppression.load(tx, self.store, EMAIL, [address])
        for each in found.values():
            if each.stops(transactional=transactional):
                raise CancelledError(f"the address gets no messages: {each.words}")

    def _hand_over(self, entry: OutboxEntry, sender: str, recipient: str, message: bytes) -> str:
        try:
            answer = self.connection.send(sender, recipient, message, lambda: self._mark(entry))
        except RecipientRefusedError as error:
            if error.no_such_address:
                with self.db.transaction() as tx:
                    record_bounce(
                        tx, self.store, entry.payload["to"], entry.person, str(error), self.clock()
                    )
            raise
        return f"{entry.payload['email']}, accepted by the mail server: {answer}"

    def _mark(self, entry: OutboxEntry) -> None:
        with self.db.transaction() as tx:
            if not outcomes.mark_claimed(tx, entry.id, HANDED_OVER):
                raise CancelledError("it was cancelled just before it was sent")


def build_mail(rule: EmailRule, letterhead: Letterhead, entry: OutboxEntry, now: datetime) -> Mail:
    """Render the e-mail of an entry; raises TemplateError."""
    payload = entry.payload
    links = letterhead.links(entry.person, payload["to"], rule.name)
    content: Rendered = render_email(rule, payload["values"], links[0], letterhead.postal_address)
    known = payload["values"]
    tracking = None if rule.transactional else letterhead.tracking(entry.id)
    html = tracking.page(content.html, links) if tracking and content.html else content.html
    names = (str(known.get(each) or "") for each in ("first_name", "last_name"))
    sender = rule.sender or letterhead.sender
    return Mail(
        sender=sender if sender.name else Mailbox(str(known["store.name"]), sender.address),
        to=Mailbox(" ".join(filter(None, names)), payload["to"]),
        subject=content.subject,
        text=content.text,
        html=html,
        key=payload["key"],
        at=now,
        name=rule.name,
        origin=entry.rule,
        transactional=rule.transactional,
        reply_to=rule.reply_to or letterhead.reply_to,
        unsubscribe=links,
    )


def record_bounce(
    tx: Connection, store: str, address: str, person: int | None, reason: str, now: datetime
) -> None:
    """Suppress an address that does not exist, and record the event for its person."""
    found = Suppression(EMAIL, address, "bounced", reason, now, "the mail server")
    if suppression.add(tx, store, found) and person is not None:
        key = f"bounced {address} {now.date().isoformat()}"
        event = BOUNCED.make(key, now, "email", channel=EMAIL, address=address, reason=reason)
        save_events(tx, store, {person: [event]})
