"""An e-mail that had to wait goes to the address that the customer has by then."""

from datetime import timedelta

import pytest

from tests.histories.mail_server import RecordingMailServer
from tests.simulation import START, Simulation
from wcflow.database import suppression
from wcflow.database.suppression import Suppression

RULES = """
[workflow thanks]
trigger = order_paid
do =
    send_email thanks

[email thanks]
subject = Thank you
text = Hello!
transactional = {transactional}

[smtp]
host = mail.example
from = Shop <shop@example.com>
"""


@pytest.fixture
def wait(tmp_path):
    """Return a function that places Anna's order, changes her address while the e-mail waits, and sends it.

    A marketing e-mail waits for the end of quiet hours, a transactional one for the mail server.
    """

    def make(change, *, transactional="no"):
        sim = Simulation(
            tmp_path,
            RULES.format(transactional=transactional),
            store="consent_meta = newsletter",
            wcflow="quiet_hours = 11:00-14:00",
            now=START,
        )
        server = RecordingMailServer(sim)
        sim.open_channels = server.open_channels
        sim.settle()
        anna = sim.register("anna@example.com", meta={"newsletter": "yes"})
        sim.place_order(customer=anna, email="anna@example.com")
        server.faults = ["down"]
        sim.run_pass()
        server.faults = []
        change(sim, anna)
        sim.place_order(customer=anna, email="anna@new.example", status="pending")
        sim.advance(hours=4)
        sim.run_pass()
        return sim, server

    return make


def move(sim, anna):
    sim.sandbox.change_email(anna, "anna@new.example", now=sim.now + timedelta(minutes=1))


@pytest.mark.parametrize("transactional", ["no", "yes"])
def test_an_email_that_waited_goes_to_the_current_address(wait, transactional):
    sim, server = wait(move, transactional=transactional)
    entries = [each.payload["to"] for each in sim.outbox() if each.kind == "email"]
    assert (["anna@new.example"], ["anna@new.example"]) == ([s.to for s in server.sent], entries)


def test_the_current_address_is_not_written_to_if_it_is_suppressed(wait):
    def move_to_a_suppressed_address(sim, anna):
        move(sim, anna)
        with sim.db.transaction() as tx:
            bounced = Suppression("email", "anna@new.example", "bounced", "", sim.now, "test")
            suppression.add(tx, "shop", bounced)

    sim, server = wait(move_to_a_suppressed_address)
    (entry,) = (each for each in sim.outbox() if each.kind == "email")
    assert ([], "cancelled") == (server.sent, entry.state)
