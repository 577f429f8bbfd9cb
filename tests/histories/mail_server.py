"""A mail server that records what it accepts, and notes at once what it should not have got."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy

from tests import oracle
from tests.builders import BERLIN
from tests.histories.rule_sets import CAP, CAP_DAYS, CONSENT_META, QUIET_FROM, QUIET_TO
from wcflow.channels.smtp import MayBeSentError, RecipientRefusedError
from wcflow.database.customers import load_customers
from wcflow.database.orders import load_orders
from wcflow.database.sql import table_of
from wcflow.database.suppression import load
from wcflow.database.tables import SamePersonRow
from wcflow.errors import DeliveryError
from wcflow.outbox.ways import open_channels

FAULTS = ("down", "later", "refused", "no such address", "dies before DATA", "dies after DATA")


@dataclass(frozen=True)
class Sent:
    """An e-mail that the server accepted."""

    at: datetime
    to: str
    subject: str
    key: str
    marketing: bool


class RecordingMailServer:
    """Stands for the connection to a mail server. ``faults`` are what the next messages meet.

    ``violations`` are the laws that an e-mail broke at the moment when it was accepted.
    """

    def __init__(self, sim):
        self.sim, self.sent, self.faults, self.violations = sim, [], [], []

    def open_channels(self):
        """Return the channels of the configuration with this server as the mail server."""
        (settings,) = self.sim.config.stores
        clock = self.sim.machine_now
        channels = open_channels(self.sim.config, settings, self.sim.db, clock)
        return {**channels, "email": replace(channels["email"], connection=self)}

    def pause(self):
        return 0.0

    def close(self):
        pass

    def send(self, _sender, recipient, message, before_data):
        self._write()
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("down", "dies before DATA"):
            raise DeliveryError("the mail server cannot be reached", channel_down=True)
        if fault == "later":
            raise DeliveryError("the mail server asks to try again later: 451")
        if fault == "refused":
            raise DeliveryError("the mail server refused the e-mail: 554", permanent=True)
        if fault == "no such address":
            raise RecipientRefusedError("550 no such user", no_such_address=True)
        before_data()
        self._step()
        self._accept(recipient, message_from_bytes(message, policy=policy.default))
        self._step()
        if fault == "dies after DATA":
            raise MayBeSentError("may have been sent: the mail server did not confirm it")
        return "250 OK"

    def _write(self):
        if self.sim.crash_point:
            self.sim.crash_point.write()

    def _step(self):
        if self.sim.crash_point:
            self.sim.crash_point.step()

    def _accept(self, recipient, message):
        marketing = message["List-Unsubscribe"] is not None
        sent = Sent(self.sim.now, recipient, message["Subject"], message["Message-ID"], marketing)
        self.sent.append(sent)
        self.violations += [(sent, law) for law in self._broken_laws(sent)]

    def _broken_laws(self, sent):
        with self.sim.db.reading() as tx:
            known = load(tx, "shop", "email", [sent.to])
            consent = self._consent(tx, sent.to)
        if any(each.stops(transactional=not sent.marketing) for each in known.values()):
            yield "the address gets no e-mails"
        if not sent.marketing:
            return
        if not consent:
            yield "no consent"
        hour = sent.at.astimezone(BERLIN).hour
        if hour >= QUIET_FROM or hour < QUIET_TO:
            yield "quiet hours"
        first = sent.at.astimezone(BERLIN).date() - timedelta(days=CAP_DAYS - 1)
        recent = [
            each
            for each in self.sent
            if each.marketing and each.to == sent.to and each.at.astimezone(BERLIN).date() >= first
        ]
        if len(recent) > CAP:
            yield f"{len(recent)} messages within {CAP_DAYS} days"

    def _consent(self, tx, address):
        """Return whether wcflow's database has the consent of the person with this address."""
        accounts = load_customers(tx, "shop", range(1, 500))
        orders = load_orders(tx, "shop", range(1, 5000)).values()
        same = [(row.email, row.belongs_to) for row in tx.execute(table_of(SamePersonRow).select())]
        customers = [_customer(each) for each in accounts.values()]
        people = oracle.group_people(map(_order, orders), customers, same)
        found = [each for each in people.values() if each.email == address]
        return any(_agrees(person) for person in found)


def _agrees(person):
    """The account decides, if it says anything, and else the newest order."""
    newest = oracle.latest_order(person)
    said = (person.account or {}).get("consent") or (newest or {}).get("consent")
    return said == "yes"


def _order(order):
    """Return an order of the database with the names of the store's JSON."""
    created = order.created or order.modified
    return {
        "id": order.id,
        "status": order.status,
        "customer_id": order.customer_id,
        "billing": {"email": order.email},
        "date_created_gmt": created.replace(tzinfo=None).isoformat(),
        "consent": order.meta.get(CONSENT_META),
    }


def _customer(customer):
    return {
        "id": customer.id,
        "email": customer.email,
        "billing": {"email": customer.billing.email},
        "consent": (customer.meta or {}).get(CONSENT_META),
    }
