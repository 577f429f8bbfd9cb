"""Whoever would not get the message of a campaign gets nothing of it, and keeps no code."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from tests.histories.mail_server import RecordingMailServer
from tests.simulation import Simulation
from tests.toy_message import registered
from wcflow import maintenance
from wcflow.database import campaigns, pools, suppression
from wcflow.database.sql import table_of
from wcflow.database.suppression import Suppression
from wcflow.database.tables import RunRow
from wcflow.evaluate import campaign_preview
from wcflow.evaluate import campaigns as engine
from wcflow.evaluate.campaign_preview import preview_campaign
from wcflow.evaluate.context import open_context, read_context

RULES = """
[segment Buyers]
when = orders_count >= 1
tag = none

[campaign gift]
segment = Buyers
do =
    assign_coupon gifts
    add_tag Gift
email = gift

[coupon_pool gifts]

[email gift]
subject = A gift for you
text = {{ coupon.code }}

[smtp]
host = mail.example
from = Shop <shop@example.com>
"""
DONE = ("done", "all steps are done")
ANSWERS = {"anna": "yes", "bea": "no", "cara": "yes", "dora": ""}


class Shop(Simulation):
    """A simulation with a campaign that gives codes to those who accept marketing."""

    def __init__(self, folder, rules=RULES, answers=ANSWERS, **more):
        store = "consent_meta = newsletter\nrescan_every = 15min"
        super().__init__(folder, rules, store=store, **more)
        self.server = RecordingMailServer(self)
        self.open_channels = self.server.open_channels
        self.accounts = {
            name: self.buyer(name, {"newsletter": answer} if answer else {})
            for name, answer in answers.items()
        }
        self.settle()
        with self.db.transaction() as tx:
            pools.add_codes(tx, "shop", "gifts", ["a1", "b2", "c3", "d4"], self.now)

    def buyer(self, name, meta):
        email = f"{name}@example.com"
        account = self.register(email, meta=meta, days_ago=9)
        self.place_order(customer=account, email=email, days_ago=8)
        return account

    def send(self):
        (campaign,) = self.config.rules.campaigns
        (settings,) = self.config.stores
        with self.db.transaction() as tx:
            context = open_context(tx, self.config, settings, self.now)
            engine.start_campaign(tx, context, campaign, "by command", approved=True)

    def queue(self, slices=1000):
        """Queue some slices, as if the time limit were reached then."""
        stops = count()
        with self.context() as context:
            engine.run_campaigns(
                context.db,
                context.config,
                context.settings,
                self.now,
                lambda: next(stops) >= slices,
            )

    def preview(self):
        (campaign,) = self.config.rules.campaigns
        (settings,) = self.config.stores
        with self.db.reading() as tx:
            context = read_context(tx, self.config, settings, self.now)
            return preview_campaign(tx, context, self.config, campaign)

    def runs(self):
        runs = table_of(RunRow)
        query = select(runs.c.state, runs.c.reason).order_by(runs.c.person)
        with self.db.reading() as tx:
            return [tuple(row) for row in tx.execute(query)]

    def free_codes(self):
        with self.db.reading() as tx:
            return pools.count_codes(tx, "shop")["gifts"]["free"]

    def saved(self):
        with self.db.reading() as tx:
            return campaigns.load_campaigns(tx, "shop")["gift"]


def test_whoever_gets_no_message_of_a_campaign_gets_no_code_and_no_tag_either(tmp_path):
    shop = Shop(tmp_path)
    with shop.db.transaction() as tx:
        known = Suppression("email", "cara@example.com", "bounced", "", shop.now, "test")
        suppression.add(tx, "shop", known)
    shop.send()
    shop.settle()

    assert ["anna@example.com"] == [each.to for each in shop.server.sent]
    assert 3 == shop.free_codes()
    assert [{"Gift"}, set(), set(), set()] == [
        shop.customer_tags(each) for each in shop.accounts.values()
    ]
    assert [
        DONE,
        ("skipped", "no consent"),
        ("skipped", "the address gets no messages: bounced"),
        ("skipped", "no consent"),
    ] == shop.runs()
    saved = shop.saved()
    assert ("done", 1, 4) == (saved.state, saved.queued, saved.audience)


def test_a_transactional_campaign_reaches_everyone(tmp_path):
    shop = Shop(tmp_path, RULES.replace("subject =", "transactional = yes\nsubject ="))
    shop.send()
    shop.settle()
    assert (4, 0) == (len(shop.server.sent), shop.free_codes())


def test_a_campaign_without_a_message_is_for_everyone(tmp_path):
    shop = Shop(tmp_path, RULES.replace("email = gift\n", ""))
    shop.send()
    shop.settle()
    assert [{"Gift"}] * 4 == [shop.customer_tags(each) for each in shop.accounts.values()]


def test_whoever_was_passed_over_gets_it_after_a_merge_with_someone_who_is_still_to_come(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(engine, "BATCH", 1)
    shop = Shop(tmp_path, answers={"bea": "no", "anna": "yes"})
    shop.place_order(email="bea@home.example", days_ago=7)
    shop.settle()
    shop.send()
    shop.queue(slices=2)
    assert [("skipped", "no consent"), DONE] == shop.runs()

    bea = shop.accounts["bea"]
    shop.advance(minutes=5)
    shop.sandbox.change_email(bea, "bea@home.example", now=shop.now)
    shop.sandbox.edit_customer_meta(bea, "newsletter", "yes", now=shop.now + timedelta(minutes=1))
    shop.advance(minutes=5)
    with shop.context() as context:
        maintenance.resync(context)
    shop.settle()
    assert ["anna@example.com", "bea@home.example"] == sorted(s.to for s in shop.server.sent)
    assert [DONE] * 2 == shop.runs()
    assert 2 == shop.free_codes()


def test_the_preview_counts_who_would_get_the_message_later_and_why(tmp_path):
    shop = Shop(tmp_path, wcflow="message_cap = 1 per 1d\n")
    assert (2, {}) == (shop.preview().reached, shop.preview().deferred)
    shop.send()
    shop.settle()
    assert (2, {"message_cap 1 per 1d": 2}) == (shop.preview().reached, shop.preview().deferred)
    shop.advance(days=1)
    assert {} == shop.preview().deferred


def test_the_preview_counts_everyone_in_the_quiet_hours(tmp_path):
    shop = Shop(tmp_path, wcflow="quiet_hours = 00:00-23:00\n")
    assert {"quiet hours 00:00-23:00": 2} == shop.preview().deferred


@pytest.mark.parametrize("who", ["segment = Buyers", "when = orders_count >= 1"])
def test_the_preview_counts_page_by_page(tmp_path, monkeypatch, who):
    monkeypatch.setattr(campaign_preview, "BATCH", 3)
    shop = Shop(tmp_path, RULES.replace("segment = Buyers", who))
    found = shop.preview()
    assert (4, 2, {"no consent": 2}) == (found.audience, found.reached, found.not_reached)


def test_the_preview_counts_addresses_of_the_channel_that_the_campaign_uses(tmp_path):
    with registered():
        shop = Shop(tmp_path, RULES.replace("email = gift", "    text hello"))
        with shop.db.transaction() as tx:
            known = Suppression("phone", "anna@example.com", "manual", "", shop.now, "test")
            suppression.add(tx, "shop", known)
        found = shop.preview()
    assert (4, 1) == (found.audience, found.reached)
    stopped = "the address gets no messages: added by hand"
    assert {"no consent": 2, stopped: 1} == found.not_reached
