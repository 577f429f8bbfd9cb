"""A campaign reaches everyone in its segment at one moment, once each, whatever happens meanwhile."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.persons import person
from tests.simulation import ProcessKilled, Simulation
from tests.toy_action import Pager, registered
from wcflow import maintenance, sync
from wcflow.database import campaigns, outcomes, pools
from wcflow.database.merge import merge_persons
from wcflow.database.outbox import load_person_entries
from wcflow.evaluate import campaigns as engine
from wcflow.evaluate.context import open_context

RULES = """
[segment Buyers]
when = orders_count >= 1
tag = none

[pager desk]
number = 555
"""
SALE = """
[campaign sale]
segment = Buyers
do = page desk {{ email }}
at = 2026-06-15 14:00
"""


@pytest.fixture(autouse=True)
def toy():
    with registered():
        yield


class Shop(Simulation):
    """A simulation with a pager, whose first pass has already been approved."""

    def __init__(self, folder, rules, buyers=3, *, empty=False, **more):
        super().__init__(folder, RULES + rules, **more)
        self.pager = Pager()
        self.customers = [f"anna{number}@example.com" for number in range(buyers)]
        for email in self.customers:
            self.place_order(email=email, days_ago=10)
        if not empty:
            self.run_pass()

    def passes(self, number=1, *, approve=True):
        for _ in range(number):
            result = self.run_pass(approve=approve, channels={"pager": self.pager})
        return result

    def saved(self, name="sale"):
        with self.db.reading() as tx:
            return campaigns.load_campaigns(tx, "shop").get(name)

    def send(self, name="sale"):
        """Start a campaign by command."""
        (campaign,) = (each for each in self.config.rules.campaigns if each.name == name)
        (settings,) = self.config.stores
        with self.db.transaction() as tx:
            context = open_context(tx, self.config, settings, self.now)
            engine.start_campaign(tx, context, campaign, "by command", approved=True)

    def change(self, state, *, before):
        with self.db.transaction() as tx:
            assert campaigns.change_state(tx, "shop", "sale", state, self.now, before=before)


@pytest.fixture
def shop(tmp_path):
    def make(rules=SALE, **more):
        return Shop(tmp_path, rules, **more)

    return make


def test_everyone_in_the_segment_gets_it_once_at_its_time(shop):
    shop = shop()
    shop.place_order(email="unpaid@example.com", status="pending")
    shop.advance(hours=1, minutes=59)  # 13:59 in Berlin
    shop.passes()
    assert ([], "waiting") == (shop.pager.sent, shop.saved().state)
    shop.advance(minutes=1)
    shop.passes(3)
    assert shop.customers == sorted(shop.pager.sent)
    assert ("done", 3, 3) == (shop.saved().state, shop.saved().queued, shop.saved().audience)


def test_the_time_is_that_of_the_store(shop):
    shop = shop(zone="America/Los_Angeles")
    shop.advance(hours=10, minutes=59)  # 13:59 in Los Angeles
    shop.passes(2)
    assert [] == shop.pager.sent
    shop.advance(minutes=1)
    shop.passes(2)
    assert 3 == len(shop.pager.sent)


def test_a_local_time_that_the_clock_skips_is_when_it_jumps(shop):
    shop = shop(
        SALE.replace("2026-06-15 14:00", "2026-03-29 02:30"),
        zone="Europe/Berlin",
        now=datetime(2026, 3, 29, 0, 0, tzinfo=UTC),
    )
    shop.advance(minutes=59)
    shop.passes(2)
    assert [] == shop.pager.sent
    shop.advance(minutes=1)  # 03:00 in summer time
    shop.passes(2)
    assert 3 == len(shop.pager.sent)


def test_who_joins_the_segment_later_gets_nothing(shop):
    shop = shop()
    shop.advance(hours=4)
    shop.passes()
    shop.place_order(email="late@example.com")
    shop.advance(hours=1)
    shop.passes(3)
    assert shop.customers == sorted(shop.pager.sent)


def test_who_left_after_the_start_still_gets_it_and_who_joined_does_not(shop, monkeypatch):
    """The slices are queued one by one; in between, people enter and leave the segment."""
    monkeypatch.setattr(engine, "BATCH", 1)
    shop = shop(buyers=0, rules=SALE)
    orders = [shop.place_order(email=f"c{number}@example.com") for number in range(3)]
    shop.run_pass()
    shop.advance(hours=4)
    queue(shop, slices=1)
    assert ("sending", 1) == (shop.saved().state, shop.saved().queued)
    shop.advance(minutes=5)
    shop.sandbox.cancel(orders[2], now=shop.now)
    shop.place_order(email="late@example.com")
    shop.advance(minutes=5)
    shop.passes(3)
    assert [f"c{number}@example.com" for number in range(3)] == sorted(shop.pager.sent)


def test_when_is_asked_as_of_the_moment_of_the_start(shop):
    shop = shop(SALE.replace("segment = Buyers", "segment = Buyers\nwhen = total_spent >= 150"))
    shop.place_order(email=shop.customers[0])
    shop.advance(hours=4)
    shop.run_pass(write=False)
    shop.place_order(email=shop.customers[1])
    shop.passes(3)
    assert shop.customers[:1] == shop.pager.sent
    assert 1 == shop.saved().queued


@pytest.mark.parametrize("start", range(0, 160, 20))
def test_after_a_crash_everyone_gets_it_once(shop, monkeypatch, start):
    monkeypatch.setattr(engine, "BATCH", 1)
    shop = shop(buyers=4)
    shop.advance(hours=4)
    try:
        with shop.crash_after(start) as context:
            sync.sync_once(context)
    except ProcessKilled:
        pass
    shop.reopen_database()
    shop.advance(minutes=15)
    shop.passes(3)
    assert shop.customers == sorted(shop.pager.sent)
    assert ("done", 4) == (shop.saved().state, shop.saved().queued)


def test_a_paused_campaign_waits_and_goes_on(shop):
    shop = shop()
    shop.advance(hours=4)
    shop.run_pass(write=False)
    shop.change("paused", before=["sending"])
    shop.passes(2)
    assert [] == shop.pager.sent
    shop.change("sending", before=["paused"])
    shop.passes(2)
    assert shop.customers == sorted(shop.pager.sent)


def test_a_throttle_spreads_it_evenly(shop):
    shop = shop(SALE + "throttle = 60 per 1h\n", buyers=10)
    shop.advance(hours=4)
    shop.passes()
    first = len(shop.pager.sent)
    shop.advance(minutes=4)
    shop.passes()
    second = len(shop.pager.sent)
    shop.advance(minutes=10)
    shop.passes(2)
    assert (1, 5, 10) == (first, second, len(shop.pager.sent))


def test_a_throttle_also_holds_after_a_pause(shop):
    shop = shop(SALE + "throttle = 4 per 1h\n", buyers=10)
    shop.advance(hours=4)
    shop.passes()
    shop.change("paused", before=["sending"])
    shop.advance(hours=10)
    shop.change("sending", before=["paused"])
    sent = []
    for _ in range(4):
        shop.passes(2)
        sent.append(len(shop.pager.sent))
        shop.advance(hours=1, seconds=1)
    assert [5, 9, 10, 10] == sent


def test_a_campaign_whose_time_has_passed_when_it_is_added_is_not_sent(shop):
    shop = shop("")
    shop.advance(hours=5)
    shop.write_rules(RULES + SALE)
    shop.passes(2)
    assert ([], "missed") == (shop.pager.sent, shop.saved().state)
    shop.send()
    shop.passes(2)
    assert 3 == len(shop.pager.sent)


@pytest.mark.parametrize(("hours", "sent"), [(23, 3), (25, 0)])
def test_after_a_long_standstill_a_campaign_is_not_sent_by_itself(shop, hours, sent):
    shop = shop()
    shop.advance(hours=2 + hours)
    shop.passes(2)
    assert sent == len(shop.pager.sent)


def test_an_edited_campaign_is_not_sent_again_and_a_renamed_one_is(shop):
    shop = shop()
    shop.advance(hours=4)
    shop.passes(2)
    shop.write_rules(RULES + SALE.replace("{{ email }}", "Hello").replace("14:00", "20:00"))
    shop.advance(hours=12)
    shop.passes(2)
    assert 3 == len(shop.pager.sent)
    shop.write_rules(RULES + SALE.replace("sale", "sale2").replace("06-15", "06-16"))
    shop.passes()
    shop.advance(days=1)
    shop.passes(2)
    assert 6 == len(shop.pager.sent)


def test_a_dry_run_sends_nothing_and_does_not_count_as_the_start(shop):
    shop = shop(SALE + "mode = dry_run\n")
    shop.advance(hours=4)
    shop.passes(2)
    assert (0, 3) == (len(shop.pager.sent), len(shop.outbox(states=["dry_run"])))
    assert ("done", "dry_run") == (shop.saved().state, shop.saved().mode)
    shop.write_rules(RULES + SALE)
    shop.passes(2)
    assert [] == shop.pager.sent  # its time has passed
    shop.send()
    shop.passes(2)
    assert shop.customers == sorted(shop.pager.sent)


def test_a_test_reaches_only_these_addresses_and_does_not_count_as_the_start(shop):
    shop = shop(SALE.replace("at = 2026-06-15 14:00", "only = anna1@example.com"))
    shop.send()
    shop.passes(2)
    assert ["anna1@example.com"] == shop.pager.sent
    shop.write_rules(RULES + SALE)
    shop.send()
    shop.passes(2)
    assert ["anna1@example.com", *shop.customers] == sorted(shop.pager.sent, key=len)[:1] + sorted(
        shop.pager.sent[1:]
    )


def test_two_persons_who_are_merged_in_the_middle_get_one_message(shop):
    shop = shop(buyers=0, empty=True)
    customer = shop.register("anna@example.com")
    shop.place_order(customer=customer, email="anna@example.com", days_ago=9)
    shop.place_order(email="anna@home.example", days_ago=8)
    shop.run_pass()
    shop.advance(hours=4)
    shop.run_pass(write=False)
    assert 2 == shop.saved().queued
    # The account now has the guest's address: both are one person.
    shop.sandbox.change_email(customer, "anna@home.example", now=shop.now)
    shop.advance(minutes=5)
    with shop.context() as context:
        maintenance.resync(context)
    shop.passes(3)
    assert 1 == len(shop.pager.sent)
    with shop.db.reading() as tx:
        assert person(tx, f"c{customer}")


@pytest.mark.parametrize("when", ["", "when = total_spent >= 150\n"])
def test_a_person_who_is_merged_into_one_that_was_passed_is_not_passed_over(
    shop, monkeypatch, when
):
    """The account is not in the audience; the second guest is, and is still to come."""
    monkeypatch.setattr(engine, "BATCH", 1)
    rules = SALE.replace("segment = Buyers\n", f"segment = Buyers\n{when}")
    shop = shop(rules, buyers=0, empty=True)
    account = shop.register("anna@example.com")
    if when:
        shop.place_order(customer=account, email="anna@example.com")
    shop.run_pass()
    for guest in ("berta@example.com", "anna@home.example"):
        for _ in range(2):
            shop.place_order(email=guest)
        shop.run_pass()
    shop.advance(hours=4)
    queue(shop, slices=2 if when else 1)
    assert 1 == shop.saved().queued
    shop.sandbox.change_email(account, "anna@home.example", now=shop.now)
    shop.advance(minutes=5)
    with shop.db.reading() as tx:
        known = person(tx, f"c{account}")
    with shop.context() as context:
        maintenance.resync(context)
    with shop.db.reading() as tx:
        assert known == person(tx, f"c{account}") < person(tx, "g:berta@example.com")
    queue(shop)
    ended = shop.saved()
    assert ended.finished_at is not None
    assert 2 == ended.queued == len(shop.outbox(kinds=["page"]))


def test_a_merge_queues_nobody_twice(shop, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 1)
    shop = shop(buyers=4)
    shop.advance(hours=4)
    queue(shop, slices=2)
    with shop.db.transaction() as tx:
        first, last = (person(tx, f"g:anna{number}@example.com") for number in (0, 3))
        merge_persons(tx, "shop", last, first)
    queue(shop)
    assert 3 == shop.saved().queued == len(shop.outbox(kinds=["page"]))


def queue(shop, slices=1000):
    """Queue some slices, as if the time limit were reached then."""
    with shop.context() as context:
        stops = count()
        engine.run_campaigns(
            context.db,
            context.config,
            context.settings,
            shop.now,
            lambda: next(stops) >= slices,
        )


def test_the_message_of_merged_persons_contains_the_code_of_the_coupon_that_is_kept(shop):
    rules = SALE.replace(
        "do = page desk {{ email }}",
        "do =\n    create_coupon gift\n    page desk {{ coupon.code }}",
    )
    shop = shop(rules + "\n[coupon gift]\ntype = percent\namount = 10\n", empty=True)
    emails = ("anna@example.com", "anna@home.example")
    for email in emails:
        shop.place_order(email=email, days_ago=9)
    shop.run_pass()
    shop.advance(hours=4)
    shop.run_pass(write=False)
    with shop.db.transaction() as tx:
        old, new = (person(tx, f"g:{email}") for email in emails)
        (coupon,) = (e for e in load_person_entries(tx, "shop", old) if e.kind == "coupon")
        outcomes.record_done(tx, coupon.id, "coupon", shop.now)
        merge_persons(tx, "shop", old, new)
    kept = {each.kind: each for each in shop.outbox() if each.kind in ("coupon", "page")}
    assert coupon.payload["code"] == kept["coupon"].payload["code"] == kept["page"].payload["text"]


def test_a_removed_campaign_sends_nothing_more(shop):
    shop = shop()
    shop.advance(hours=4)
    shop.run_pass(write=False)
    shop.write_rules(RULES)
    shop.passes(2)
    assert ([], "cancelled") == (shop.pager.sent, shop.saved().state)
    assert {engine.NOT_CONFIGURED} == {each.outcome for each in shop.outbox(kinds=["page"])}


def test_the_write_limit_holds_a_large_campaign_until_it_is_approved(shop, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 2)
    shop = shop(wcflow="max_writes = 2\n")
    shop.advance(hours=4)
    shop.passes(2, approve=False)
    assert [] == shop.pager.sent
    with shop.context() as context:
        maintenance.approve(context)
    shop.passes(approve=False)
    assert shop.customers == sorted(shop.pager.sent)


def test_a_campaign_that_was_sent_by_command_needs_no_other_approval(shop):
    shop = shop(SALE.replace("at = 2026-06-15 14:00", ""), wcflow="max_writes = 2\n")
    shop.send()
    shop.passes(2, approve=False)
    assert shop.customers == sorted(shop.pager.sent)


class SlowPager(Pager):
    """A pager that takes a while for each page, and notes how many people were queued by then."""

    def __init__(self, shop, seconds=0):
        super().__init__()
        self.shop, self.seconds, self.queued = shop, seconds, []

    def send(self, payload):
        self.queued.append(self.shop.saved().queued)
        self.shop.advance(seconds=self.seconds)
        return super().send(payload)


@pytest.fixture
def in_turns(shop, monkeypatch):
    """Return a function that starts a campaign to five people, which is queued in turns of two."""
    monkeypatch.setattr(engine, "BATCH", 1)
    monkeypatch.setattr(sync, "TURN", 2)

    def make(*, seconds=0):
        started = shop(SALE.replace("at = 2026-06-15 14:00", ""), buyers=5)
        started.pager = SlowPager(started, seconds)
        started.send()
        return started

    return make


def test_the_first_messages_go_out_before_the_rest_is_queued(in_turns):
    shop = in_turns()
    shop.passes(approve=False)
    assert [2, 2, 4, 4, 5] == shop.pager.queued
    assert "sending" == shop.saved().state
    shop.passes(approve=False)
    assert "done" == shop.saved().state


def test_a_pass_ends_in_time_while_a_large_campaign_is_sent(in_turns):
    shop = in_turns(seconds=6)
    for sent, incomplete in ((4, True), (5, False)):
        with shop.context(channels={"pager": shop.pager}) as context:
            result = sync.sync_once(context, time_limit=timedelta(seconds=20))
        assert (sent, incomplete) == (len(shop.pager.sent), result.campaigns.incomplete)


def test_if_nothing_gets_through_everyone_is_queued_without_turns(in_turns):
    shop = in_turns()
    shop.pager.is_down()
    shop.passes(approve=False)
    assert (5, [2, 5]) == (shop.saved().queued, shop.pager.queued)


def test_tags_of_a_campaign_reach_the_store(shop):
    shop = shop(SALE.replace("do = page desk {{ email }}", "do = add_tag Sale"))
    shop.advance(hours=4)
    shop.passes(2)
    assert {"Sale"} == shop.memory("g:anna0@example.com").current_tags


def test_with_write_no_a_campaign_is_a_dry_run(shop):
    shop = shop(store="write = no\n")
    shop.advance(hours=4)
    shop.passes(2)
    assert ([], 3) == (shop.pager.sent, len(shop.outbox(states=["dry_run"])))


def test_a_person_without_what_a_step_needs_is_skipped_and_the_others_get_it(shop):
    shop = shop(
        SALE.replace("do = page desk {{ email }}", "do = page desk {{ order_gap | round }} days")
    )
    shop.place_order(email=shop.customers[0], days_ago=3)
    shop.run_pass()
    shop.advance(hours=4)
    shop.passes(2)
    assert shop.saved().state == "done"
    assert timedelta(0) <= shop.now - shop.saved().started_at


def test_what_is_no_message_is_written_in_a_campaign_with_a_priority_too(tmp_path):
    rules = SALE.replace("at =", "priority = 80\nat =").replace("do = page", "do =\n    page")
    shop = Shop(tmp_path, rules.replace("{{ email }}\n", "{{ email }}\n    add_note Told\n"))
    shop.advance(hours=3)
    shop.passes(3)
    assert (3, {"done"}) == (
        len(shop.pager.sent),
        {each.state for each in shop.outbox() if each.kind in ("note", "page")},
    )


def test_codes_of_a_pool_are_given_once_and_a_dry_run_takes_none(shop):
    rules = SALE.replace(
        "do = page desk {{ email }}",
        "do =\n    assign_coupon gifts\n    page desk {{ coupon.code }}",
    )
    rules += "\n[coupon_pool gifts]\n"
    shop = shop(
        rules + "[campaign trial]\nsegment = Buyers\nmode = dry_run\ndo = assign_coupon gifts\n"
    )
    with shop.db.transaction() as tx:
        pools.add_codes(tx, "shop", "gifts", ["a1", "b2", "c3", "d4"], shop.now)
    shop.send("trial")
    shop.send()
    shop.passes(3)
    assert 3 == len({*shop.pager.sent})
    with shop.db.reading() as tx:
        assert 1 == pools.count_codes(tx, "shop")["gifts"]["free"]


def problems(shop):
    with shop.db.reading() as tx:
        return list(campaigns.campaign_problems(tx, "shop", shop.now))


def test_a_campaign_whose_time_is_changed_to_the_past_is_told(shop):
    shop = shop()
    shop.passes()
    shop.advance(hours=1)
    shop.write_rules(RULES + SALE.replace("14:00", "12:30"))
    shop.passes(2)
    reason = "its time was changed to one that had already passed"
    assert ([], "missed", reason) == (shop.pager.sent, shop.saved().state, shop.saved().reason)
    assert [f"the campaign sale was not sent: {reason}"] == problems(shop)


@pytest.mark.parametrize(("time", "hours"), [("13:30", 2), ("18:00", 7)])
def test_a_campaign_whose_time_is_changed_to_another_one_ahead_is_sent_then(shop, time, hours):
    shop = shop()
    shop.advance(hours=1)
    shop.write_rules(RULES + SALE.replace("14:00", time))
    shop.passes(2)
    assert [] == shop.pager.sent
    shop.advance(hours=hours)
    shop.passes(2)
    assert 3 == len(shop.pager.sent)


def test_a_campaign_that_was_missed_is_told_for_three_days(shop):
    shop = shop()
    shop.advance(days=2)
    shop.passes()
    assert [
        "the campaign sale was not sent: its time had passed more than a day before wcflow could start it"
    ] == problems(shop)
    shop.advance(days=4)
    assert [] == problems(shop)


def test_a_campaign_that_mostly_fails_is_told(shop):
    shop = shop(buyers=12)
    shop.pager.rejects()
    shop.send()
    shop.passes()
    assert ["12 changes of the campaign sale failed, 0 were delivered"] == problems(shop)


def test_a_campaign_that_stands_still_is_told(shop):
    shop = shop()
    shop.pager.is_down()
    shop.send()
    shop.passes()
    assert [] == problems(shop)
    shop.advance(hours=2)
    assert ["the campaign sale has sent nothing for an hour, although some is due"] == problems(
        shop
    )
    shop.pager.recovers()
    shop.passes(2)
    assert [] == problems(shop)


def test_a_text_goes_through_the_channel_of_the_campaign(tmp_path):
    rules = RULES + (
        "[channel sms]\nurl = json://localhost/{phone}\ntransactional = yes\n"
        "[campaign sale]\nsegment = Buyers\nchannel = sms\n"
        "text =\n    Hello {{ email }},\n    20 % off\n"
    )
    sim = Simulation(tmp_path, rules)
    (campaign,) = sim.config.rules.campaigns
    assert ["send_message sms Hello {{ email }}, 20 % off"] == [each.text for each in campaign.do]
