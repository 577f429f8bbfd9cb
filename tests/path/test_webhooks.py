"""The step call_webhook: what arrives, how often, and what an admin sees if nothing does."""

import json
from datetime import timedelta

import pytest

from tests.command_line import CommandLine
from tests.simulation import Simulation
from tests.webhook_host import is_signed, running_webhook_host
from wcflow.outbox.ways import open_channels

KEY = "0123456789abcdef-key"
RULES = """
[workflow welcome]
trigger = order_paid
do =
    create_coupon thanks
    call_webhook erp
    add_note Told

[coupon thanks]
type = percent
amount = 10

[webhook erp]
url = {url}
secret = {key}
allow_private = {private}
"""


@pytest.fixture
def host():
    with running_webhook_host() as running:
        yield running


class Shop:
    def __init__(self, folder, host, *, private="yes", kind=Simulation):
        rules = RULES.format(url=host.url, key=KEY, private=private)
        self.cli = kind(folder, rules)
        self.sim = self.cli if kind is Simulation else self.cli.sim
        (settings,) = self.sim.config.stores
        self.channels = open_channels(self.sim.config, settings, self.sim.db, self.sim.machine_now)

    def sells(self):
        self.sim.run_pass(channels=self.channels)
        self.sim.advance(hours=1)
        order = self.sim.place_order(email="anna@example.com", total="50.00")
        self.passes()
        return order

    def passes(self, **length):
        self.sim.advance(**length)
        for _ in range(2):
            self.sim.run_pass(channels=self.channels)

    @property
    def webhook(self):
        (entry,) = [each for each in self.sim.outbox() if each.kind == "webhook"]
        return entry


@pytest.fixture
def shop(tmp_path, host):
    return Shop(tmp_path, host)


def test_a_webhook_tells_who_what_and_why_once(shop, host):
    order = shop.sells()
    shop.passes(hours=1)
    ((_, headers, body),) = host.requests
    assert is_signed(headers, body, KEY.encode())
    sent = json.loads(body)
    data = sent["data"]
    (coupon,) = shop.sim.coupons()
    assert ("workflow.welcome", "welcome", f"order {order} paid") == (
        sent["type"],
        data["workflow"],
        data["event"],
    )
    assert ("anna@example.com", "50.00", 1) == (
        data["customer"]["email"],
        data["customer"]["total_spent"],
        data["customer"]["orders_count"],
    )
    assert (order, "50.00", ["Wallet"]) == (
        data["order"]["id"],
        data["order"]["total"],
        [each["name"] for each in data["order"]["items"]],
    )
    assert coupon["code"].upper() == data["coupon"]["code"]


def test_a_webhook_that_is_refused_for_a_while_is_sent_again_with_the_same_id(shop, host):
    host.answers = [(500, {}, "busy"), (503, {}, ""), (200, {}, "")]
    shop.sells()
    assert ("due", True) == (shop.webhook.state, "HTTP 500: busy" in shop.webhook.outcome)
    shop.passes(minutes=2)
    shop.passes(minutes=10)
    ids = {headers["webhook-id"] for _, headers, _ in host.requests}
    bodies = {body for _, _, body in host.requests}
    assert (3, 1, 1, "done") == (len(host.requests), len(ids), len(bodies), shop.webhook.state)


def test_a_webhook_that_waits_does_not_hold_up_what_follows(shop, host):
    host.answers = [(500, {}, "")]
    assert ["Told"] == shop.sim.notes(shop.sells())


def test_a_webhook_fails_after_a_day_of_refusals(shop, host):
    host.answers = [(500, {}, "no")]
    shop.sells()
    began = shop.sim.now
    while shop.webhook.state == "due":
        shop.sim.now = shop.webhook.due_at
        shop.passes()
    assert timedelta(hours=12) < shop.sim.now - began <= timedelta(hours=24)
    assert "HTTP 500: no" in shop.webhook.outcome


def test_a_webhook_is_never_sent_to_a_private_address_by_default(tmp_path, host):
    shop = Shop(tmp_path, host, private="no")
    shop.sells()
    assert ([], "failed") == (host.requests, shop.webhook.state)
    assert "add allow_private = yes to [webhook erp]" in shop.webhook.outcome


def test_outbox_show_has_the_request_and_the_answer_of_a_failed_webhook(tmp_path, host):
    shop = Shop(tmp_path, host, kind=CommandLine)
    host.answers = [(422, {}, "no such customer")]
    shop.sells()
    shown = " ".join(shop.cli.run("outbox", "show", shop.webhook.id).out.split())
    assert '"email": "anna@example.com"' in shown
    assert "HTTP 422: no such customer" in shown
    assert "secret-part" not in shown
    shop.sim.db.close()


def test_a_test_is_sent_and_its_answer_shown(tmp_path, host):
    shop = Shop(tmp_path, host, kind=CommandLine)
    assert (0, True) == (
        (ran := shop.cli.run("webhook", "test", "erp")).code,
        "erp: accepted" in ran.out,
    )
    host.answers = [(500, {}, "broken")]
    ran = shop.cli.run("webhook", "test", "erp")
    assert (1, True) == (ran.code, "HTTP 500: broken" in ran.out)
    assert "Did you mean 'erp'?" in shop.cli.run("webhook", "test", "eerp").err
    ((_, headers, body), _) = host.requests
    assert is_signed(headers, body, KEY.encode())
    shop.sim.db.close()
