"""The step send_message: who gets what through apprise, and what an admin sees if it fails."""

import json

import pytest

from tests.command_line import CommandLine
from tests.mail_host import free_port
from tests.simulation import Simulation
from tests.webhook_host import running_webhook_host
from wcflow.database import suppression
from wcflow.outbox.delivery import Delivery
from wcflow.outbox.ways import open_channels

# A library of apprise uses a module that Python 3.13 removes.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
RULES = """
[workflow thanks]
trigger = order_paid
do =
    send_message sms Thank you, {{ first_name }}!
    add_note Told

[channel sms]
url = json://127.0.0.1:HOST/{phone}
consent_meta = sms_opt_in
"""
NUMBER = "0151 23456789"


@pytest.fixture
def host():
    with running_webhook_host() as running:
        yield running


class Shop:
    def __init__(self, folder, host, rules=RULES, **more):
        self.sim = Simulation(
            folder,
            rules.replace("HOST", str(host.port)),
            store="consent_meta = newsletter",
            **more,
        )
        (settings,) = self.sim.config.stores
        self.channels = open_channels(self.sim.config, settings, self.sim.db, self.sim.machine_now)
        self.sim.settle()
        self.sim.advance(hours=1)

    def sells(self, phone=NUMBER, **meta):
        billing = {"phone": phone, "country": "DE", "first_name": "Anna"}
        anna = self.sim.register("anna@example.com", first_name="Anna", meta=meta, billing=billing)
        order = self.sim.place_order(customer=anna)
        self.passes()
        return order

    def passes(self, **length):
        self.sim.advance(**length)
        for _ in range(2):
            self.sim.run_pass(channels=self.channels)

    @property
    def message(self):
        (entry,) = [each for each in self.sim.outbox() if each.kind == "message"]
        return entry


@pytest.fixture
def shop(tmp_path, host):
    return Shop(tmp_path, host)


def received(host):
    return [(path, json.loads(body)["message"]) for path, _, body in host.requests]


def test_a_message_goes_to_the_customers_telephone_number_once(shop, host):
    shop.sells(sms_opt_in="yes")
    shop.passes(hours=1)
    ((path, text),) = received(host)
    assert (True, "Thank you, Anna!") == ("4915123456789" in path, text)


def test_each_channel_has_its_own_consent(shop, host):
    shop.sells(newsletter="yes", sms_opt_in="no")
    assert ([], "cancelled", "no consent") == (
        received(host),
        shop.message.state,
        shop.message.outcome,
    )


def test_a_number_that_cannot_be_one_ends_only_that_message(shop, host):
    order = shop.sells(phone="call me", sms_opt_in="yes")
    assert ([], "the customer's phone cannot be a telephone number") == (
        received(host),
        shop.message.outcome,
    )
    assert ["Told"] == shop.sim.notes(order)


def test_a_message_that_waits_goes_to_the_number_that_the_customer_has_by_then(shop, host):
    host.answers = [(503, {}, ""), (200, {}, "")]
    shop.sells(sms_opt_in="yes")
    (anna,) = shop.sim.sandbox.state.customers.values()
    billing = {**anna.billing, "phone": "0160 2223334"}
    shop.sim.sandbox.edit_customer(anna.id, now=shop.sim.now, billing=billing)
    for _ in range(26):  # an edited customer is found within a day
        shop.sim.advance(hours=1)
        shop.sim.run_pass()
    shop.passes()
    assert ["4915123456789", "491602223334"] == [
        path.strip("/").lstrip("+") for path, _ in received(host)
    ]


def test_a_suppressed_number_gets_nothing(shop, host):
    found = suppression.Suppression(
        "sms", "+4915123456789", "unsubscribed", "STOP", shop.sim.now, "the provider"
    )
    with shop.sim.db.transaction() as tx:
        suppression.add(tx, "shop", found)
    shop.sells(sms_opt_in="yes")
    assert ([], "cancelled") == (received(host), shop.message.state)
    assert "unsubscribed: STOP" in shop.message.outcome


@pytest.mark.parametrize(("status", "state"), [(400, "failed"), (503, "due"), (401, "due")])
def test_a_refusal_fails_or_is_tried_again_and_its_reason_has_no_number(shop, host, status, state):
    host.answers = [(status, {}, "")]
    shop.sells(sms_opt_in="yes")
    assert (state, True) == (shop.message.state, f"error={status}" in shop.message.outcome)
    assert "23456789" not in shop.message.outcome


def test_a_message_that_was_refused_for_a_while_is_sent_later(shop, host):
    host.answers = [(503, {}, ""), (200, {}, "")]
    shop.sells(sms_opt_in="yes")
    shop.passes(minutes=5)
    assert (2, "done") == (len(host.requests), shop.message.state)


def test_no_number_is_logged(shop, host, capsys):
    host.answers = [(500, {}, "")]
    shop.sells(sms_opt_in="yes")
    shown = capsys.readouterr()
    assert "23456789" not in shown.out + shown.err


def test_a_long_text_is_shortened_but_not_its_code(tmp_path, host):
    rules = (
        RULES.replace(
            "send_message sms Thank you, {{ first_name }}!",
            f"create_coupon x\n    send_message sms {'Hello ' * 40} {{{{ coupon.code }}}}",
        )
        + "\n[coupon x]\ntype = percent\namount = 10\n"
    )
    shop = Shop(tmp_path, host, rules)
    shop.sells(sms_opt_in="yes")
    ((_, text),) = received(host)
    (coupon,) = shop.sim.coupons()
    assert (True, True) == (len(text) <= 160, text.endswith(coupon["code"].upper()))


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_an_address_that_apprise_does_not_understand_is_told(tmp_path, command):
    rules = RULES.replace("json://127.0.0.1:HOST/", "jsom://127.0.0.1/")
    cli = CommandLine(tmp_path, rules, store="consent_meta = newsletter")
    ran = cli.run(command)
    shown = " ".join((ran.out + ran.err).split())
    assert "[channel sms]: apprise does not understand the address" in shown
    if command == "check":
        line = cli.config.read_text().splitlines().index("url = jsom://127.0.0.1/{phone}") + 1
        assert f"wcflow.ini:{line}: [channel sms]:" in shown
        assert f"1 file, {ran.err.count('warning: ')} warning" in ran.out
    cli.sim.db.close()


def test_a_message_that_may_have_been_sent_is_not_sent_again(shop, host, monkeypatch):
    class Killed(BaseException):
        pass

    done = Delivery.done

    def kill(delivery, tx, entry, outcome):
        if entry.kind == "message":
            raise Killed
        done(delivery, tx, entry, outcome)

    monkeypatch.setattr(Delivery, "done", kill)
    with pytest.raises(Killed):
        shop.sells(sms_opt_in="yes")
    monkeypatch.undo()
    shop.passes(hours=1)
    assert (1, "failed") == (len(host.requests), shop.message.state)
    assert "may have been sent" in shop.message.outcome


def test_a_message_without_an_answer_may_have_been_sent_and_is_not_repeated(shop, host):
    host.answers = [(0, {}, "")]
    shop.sells(sms_opt_in="yes")
    shop.passes(hours=7)
    assert (1, "failed") == (len(host.requests), shop.message.state)
    assert shop.message.outcome.startswith("may have been sent: the connection ended")


def test_a_provider_that_was_never_reached_gets_the_message_later(tmp_path, host):
    shop = Shop(tmp_path, host, RULES.replace("HOST", str(free_port())))
    shop.sells(sms_opt_in="yes")
    assert ("due", True) == (shop.message.state, "apprise could not send" in shop.message.outcome)


def test_a_provider_that_refuses_everything_is_asked_once_a_pass(shop, host):
    host.answers = [(401, {}, "")]
    for each in ("anna@example.com", "bert@example.com", "cleo@example.com"):
        billing = {"phone": NUMBER, "country": "DE"}
        customer = shop.sim.register(each, meta={"sms_opt_in": "yes"}, billing=billing)
        shop.sim.place_order(customer=customer)
    shop.sim.run_pass(channels=shop.channels)
    messages = [each for each in shop.sim.outbox() if each.kind == "message"]
    assert (1, ["due"] * 3) == (len(host.requests), [each.state for each in messages])
    assert all("error=401" in each.outcome for each in messages)
