"""Consent, message_cap and quiet_hours decide when a message is sent, over all workflows."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.simulation import Simulation
from tests.toy_message import Phone, registered
from wcflow.cli.status import load_status, print_status
from wcflow.database.messages import DeferredMessages

TWO = """
[workflow second]
trigger = order_paid
do = text second

[workflow first]
trigger = order_paid
priority = 90
do = text first
"""
ONE = """
[workflow hello]
trigger = order_paid
do = text hello
"""
CONSENT = "consent_meta = newsletter\nrescan_every = 15min"
NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)  # 12:00 in Berlin


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


class Shop:
    """A store whose messages go to a phone and a fax; its customers accept marketing."""

    def __init__(self, folder, rules, wcflow="", now=NOON, database=None):
        store = CONSENT
        self.sim = Simulation(
            folder,
            rules,
            wcflow=wcflow,
            store=store,
            now=now,
            database=database,
            zone="Europe/Berlin",
        )
        self.phone, self.fax = Phone(self.sim), Phone(self.sim)
        self.sim.settle()
        self.sim.advance(hours=1)

    def registers(self, email="anna@example.com", answer="yes"):
        meta = {"newsletter": answer} if answer else {}
        return self.sim.register(email, meta=meta)

    def buys(self, customer, **more):
        return self.sim.place_order(customer=customer, **more)

    def passes(self, times=2, *, fax=True, **length):
        """Run passes after this long."""
        self.sim.advance(**length)
        others = {"phone": self.phone, **({"fax": self.fax} if fax else {})}
        for _ in range(times):
            self.sim.run_pass(channels=others)

    @property
    def texts(self):
        return [text for _, text in self.phone.sent]

    def messages(self):
        return [each for each in self.sim.outbox() if each.kind in ("text", "fax")]

    def outcomes(self):
        return [(each.state, each.outcome) for each in self.messages()]


@pytest.fixture
def shop(tmp_path):
    def open_shop(rules=ONE, **more):
        return Shop(tmp_path, rules, **more)

    return open_shop


def test_a_message_goes_to_a_customer_with_consent(shop):
    here = shop()
    here.buys(here.registers())
    here.passes()
    assert [("anna", "hello")] == here.phone.sent


@pytest.mark.parametrize("answer", ["no", ""])
def test_a_message_without_consent_is_cancelled(shop, answer):
    rules = ONE.replace(
        "text hello", "fax hello"
    )  # its payload does not say that there was consent
    here = shop(rules)
    here.buys(here.registers(answer=answer))
    here.passes()
    assert ([], [("cancelled", "no consent")]) == (here.fax.sent, here.outcomes())


def test_consent_that_is_withdrawn_while_a_message_waits_cancels_it(shop):
    here = shop(wcflow="quiet_hours = 09:00-17:00")
    anna = here.registers()
    here.buys(anna)
    here.passes()
    here.sim.sandbox.edit_customer_meta(anna, "newsletter", "no", now=here.sim.now)
    here.passes(hours=1)
    here.passes(hours=4)
    reason = "consent was withdrawn while the message waited"
    assert ([], [("cancelled", reason)]) == (here.phone.sent, here.outcomes())


def test_two_workflows_share_one_cap_and_the_higher_priority_goes_first(shop):
    here = shop(TWO, wcflow="message_cap = 1 per 1d\nquiet_hours = 21:00-09:00")
    here.buys(here.registers())
    here.passes()
    assert ["first"] == here.texts
    assert ("due", "waits until 2026-06-16 09:00: message_cap 1 per 1d") in here.outcomes()
    here.passes(hours=19, minutes=50)
    assert ["first"] == here.texts
    here.passes(minutes=10)
    assert ["first", "second"] == here.texts


def test_a_message_that_waited_does_not_count_as_an_attempt(shop):
    here = shop(wcflow="quiet_hours = 09:00-17:00")
    here.buys(here.registers())
    here.passes()
    (message,) = here.messages()
    assert (0, "due", True) == (message.attempts, message.state, message.approved)


def test_a_message_waits_for_the_end_of_the_quiet_hours(shop):
    here = shop(wcflow="quiet_hours = 09:00-17:00")
    here.buys(here.registers())
    here.passes()
    assert [("due", "waits until 2026-06-15 17:00: quiet hours 09:00-17:00")] == here.outcomes()
    here.passes(hours=5)
    assert ["hello"] == here.texts


def test_a_transactional_message_needs_no_consent_and_waits_for_nothing(shop):
    rules = ONE.replace("text hello", "text_receipt hello")
    here = shop(rules, wcflow="quiet_hours = 09:00-17:00\nmessage_cap = 1 per 1d")
    anna = here.registers(answer="no")
    here.buys(anna)
    here.buys(anna)
    here.passes()
    assert ["hello", "hello"] == here.texts


def test_a_transactional_message_does_not_count_for_a_cap(shop):
    rules = ONE.replace("text hello", "\n    text_receipt receipt\n    text hello")
    here = shop(rules, wcflow="message_cap = 1 per 1d")
    here.buys(here.registers())
    here.passes()
    assert ["receipt", "hello"] == here.texts


def test_all_channels_share_one_cap(shop):
    rules = ONE.replace("text hello", "\n    fax news\n    text hello")
    here = shop(rules, wcflow="message_cap = 1 per 1d")
    here.buys(here.registers())
    here.passes()
    assert [1, 1] == [len(here.phone.sent) + len(here.fax.sent), len(here.fax.sent)]
    here.passes(days=1)
    assert ["hello"] == here.texts


HIGH_FAX = """
[workflow hello]
trigger = order_paid
do = text hello

[workflow news]
trigger = order_paid
priority = 90
do = fax news
"""


def test_a_message_waits_for_one_of_a_higher_priority_on_another_channel(shop):
    here = shop(HIGH_FAX, wcflow="message_cap = 1 per 1d")
    here.buys(here.registers())
    here.passes()
    assert (0, 1) == (len(here.phone.sent), len(here.fax.sent))
    here.passes(minutes=6)
    here.passes(days=1)
    assert ["hello"] == here.texts


def test_a_message_does_not_wait_for_a_channel_that_cannot_send(shop):
    here = shop(HIGH_FAX, wcflow="message_cap = 1 per 1d")
    here.buys(here.registers())
    here.passes(fax=False)
    assert ["hello"] == here.texts


def test_a_message_that_could_not_be_delivered_does_not_count_for_a_cap(shop):
    here = shop(TWO, wcflow="message_cap = 1 per 1d")
    here.buys(here.registers())
    here.phone.rejects()
    here.passes(times=1)
    assert ["failed", "failed"] == [each.state for each in here.messages()]


def test_a_cap_counts_each_person_alone(shop):
    here = shop(wcflow="message_cap = 1 per 1d")
    for name in ("anna", "ben"):
        here.buys(here.registers(f"{name}@example.com"))
    here.passes()
    assert [("anna", "hello"), ("ben", "hello")] == sorted(here.phone.sent)


def test_a_message_that_waits_does_not_hold_up_a_note_or_a_tag_after_it(shop):
    rules = ONE.replace("text hello", "\n    text hello\n    add_note Thanked\n    add_tag Thanked")
    here = shop(rules, wcflow="quiet_hours = 09:00-17:00")
    order = here.buys(here.registers())
    here.passes()
    assert ([], ["Thanked"], {"Thanked"}) == (
        here.texts,
        here.sim.notes(order),
        here.sim.tags(order),
    )


def test_a_message_waits_for_an_earlier_message_of_its_run(shop):
    rules = ONE.replace("text hello", "\n    text one\n    text_receipt two")
    here = shop(rules, wcflow="quiet_hours = 09:00-17:00")
    here.buys(here.registers())
    here.passes()
    assert [] == here.texts
    here.passes(hours=5)
    assert ["one", "two"] == here.texts


def test_messages_that_waited_for_the_morning_are_not_held_as_too_many_changes(shop):
    here = shop(wcflow="quiet_hours = 21:00-09:00\nmax_writes = 3")
    here.sim.change_settings(order_tags="none")
    here.passes(hours=10)
    for number in range(6):
        here.buys(here.registers(f"c{number}@example.com"))
        here.sim.run_pass(approve=False, channels={"phone": here.phone})
    assert [] == here.texts
    here.sim.advance(hours=11)
    result = here.sim.run_pass(approve=False, channels={"phone": here.phone})
    assert ("", 6) == (result.delivered.held, len(here.texts))


def test_a_deferred_message_is_not_looked_at_again_before_its_time(shop, monkeypatch):
    here = shop(wcflow="quiet_hours = 09:00-17:00")
    here.buys(here.registers())
    here.passes()
    looked_up = []
    monkeypatch.setattr(
        "wcflow.evaluate.load.load_profiles", lambda *args: looked_up.append(args) or {}
    )
    here.passes(hours=1)
    assert [] == looked_up


def test_status_counts_the_messages_that_wait_and_says_why(shop, capsys):
    here = shop(TWO, wcflow="message_cap = 1 per 1d\nquiet_hours = 21:00-09:00")
    for name in ("anna", "bea"):
        here.buys(here.registers(f"{name}@example.com"))
    here.passes()
    with here.sim.db.reading() as tx:
        (settings,) = here.sim.config.stores
        found = load_status(tx, here.sim.config, settings, here.sim.now, timedelta(hours=1))
    waits = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
    assert DeferredMessages(2, {"message_cap 1 per 1d": 2}, waits) == found.deferred
    print_status(found, here.sim.now)
    line = "2 messages wait, the first until 2026-06-16 09:00: message_cap 1 per 1d"
    assert line in capsys.readouterr().out
