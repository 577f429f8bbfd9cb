"""wcflow with the companion plugin in a real store: changes are found at once, links unsubscribe."""

import re
import time
from dataclasses import replace

import pytest
import requests

from tests.live.conftest import Live, live_address
from tests.mail_host import free_port, mail_host
from wcflow import sync
from wcflow.database import suppression
from wcflow.database.companion import load_mail_address, save_companion
from wcflow.database.customers import load_customers
from wcflow.database.orders import load_orders
from wcflow.database.stores import load_secret
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.rules.mail_links import companion_settings
from wcflow.store.companion import push_settings, read_status

SETTLED = 3
"""Seconds after which the plugin serves a row."""

RULES = """
consent_meta = newsletter

[workflow news]
trigger = order_paid
do = send_email news

[email news]
subject = Order {{{{ order.number }}}}
markdown = Thank you!

[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = hello@shop.example
timeout = 5s
"""


class Shop(Live):
    """A store with the plugin, and a wcflow that polls it and sends e-mails."""

    def poll(self):
        time.sleep(SETTLED)
        return sync.poll_store(self.context)

    def pass_with_mail(self):
        channels = open_channels(self.config, self.context.settings, self.db, self.context.clock)
        try:
            sync.sync_once(self.context, write=False)
            return sync.sync_once(replace(self.context, channels=channels))
        finally:
            close_channels(channels)

    def customer(self, number):
        with self.db.reading() as tx:
            return load_customers(tx, "live", [number]).get(number)

    def order(self, number):
        with self.db.reading() as tx:
            return load_orders(tx, "live", [number]).get(number)

    def give_keys(self):
        with self.db.transaction() as tx:
            secret = load_secret(tx)
        settings = companion_settings(secret, ["newsletter"])
        push_settings(self.store, settings)
        mail_url = read_status(self.store).mail_url
        with self.db.transaction() as tx:
            save_companion(tx, "live", mail_url=mail_url, settings=settings["digest"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    port = free_port()
    found = Shop(*live_address(), tmp_path_factory.mktemp("live"), RULES.format(port=port))
    if "wc-wcflow/v1" not in found.http.send("GET", "/").json()["namespaces"]:
        pytest.skip("the store does not have the companion plugin")
    found.port = port
    found.run_pass()
    yield found
    found.close()


def test_a_changed_account_is_known_with_the_next_poll(shop):
    carla = shop.register("Carla")
    shop.poll()
    new = {"first_name": "Clara", "meta_data": [{"key": "newsletter", "value": "yes"}]}
    shop.request("PUT", f"customers/{carla}", json=new)
    shop.poll()

    found = shop.customer(carla)
    assert ("Clara", {"newsletter": "yes"}) == (found.first_name, found.meta)


def test_a_deleted_account_is_gone_with_the_next_poll(shop):
    dora = shop.register("Dora")
    shop.poll()
    assert shop.customer(dora)
    shop.request("DELETE", f"customers/{dora}", params={"force": "true"})
    shop.poll()

    assert shop.customer(dora) is None


def test_an_order_deleted_for_good_and_a_deleted_refund_are_known_with_the_next_poll(shop):
    kept, lost = (shop.place_order(name) for name in ("Emil", "Fritz"))
    wanted = {"amount": "5.00", "api_refund": False}
    refund = shop.request("POST", f"orders/{kept}/refunds", json=wanted)["id"]
    shop.poll()
    assert 1 == len(shop.order(kept).refunds)
    shop.request("DELETE", f"orders/{kept}/refunds/{refund}", params={"force": "true"})
    shop.request("DELETE", f"orders/{lost}", params={"force": "true"})
    shop.poll()

    assert () == shop.order(kept).refunds
    assert shop.order(lost) is None


def test_the_echo_of_our_own_write_changes_nothing(shop):
    gerd = shop.register("Gerd")
    shop.poll()
    shop.store.write_meta("customers", {gerd: {"wcflow_tags": "Gold"}})
    shop.poll()
    shop.store.write_meta("customers", {gerd: {"wcflow_tags": "Gold"}})

    assert 0 == shop.poll().customers


def test_the_link_of_a_real_message_unsubscribes_and_stops_the_next_one(shop):
    shop.give_keys()
    hanna = shop.register("Hanna")
    consent = {"meta_data": [{"key": "newsletter", "value": "yes"}]}
    shop.request("PUT", f"customers/{hanna}", json=consent)
    with mail_host(shop.port) as (host, _):
        shop.place_order("Hanna", customer=hanna)
        shop.poll()
        shop.pass_with_mail()
        (message,) = host.messages
        link = re.findall(r"<(https:[^>]+)>", message["List-Unsubscribe"])[0]
        one_click = {"List-Unsubscribe": "One-Click"}

        forged = requests.post(f"{link}x", data=one_click, verify=shop.http.ca, timeout=30)
        assert 400 == forged.status_code
        seen = requests.get(link, verify=shop.http.ca, timeout=30)
        assert (200, "yes") == (seen.status_code, shop.meta(f"customers/{hanna}", "newsletter"))
        done = requests.post(link, data=one_click, verify=shop.http.ca, timeout=30)
        assert (200, "no") == (done.status_code, shop.meta(f"customers/{hanna}", "newsletter"))

        shop.poll()
        shop.place_order("Hanna", customer=hanna)
        shop.pass_with_mail()
        assert 1 == len(host.messages)
    with shop.db.reading() as tx:
        known = suppression.load(tx, "live", "email", [shop.email("Hanna")])
        assert ["unsubscribed"] == [each.kind for each in known.values()]
        assert load_mail_address(tx, "live").startswith("https://")
