"""``wcflow campaign``: list, preview, send, pause, resume and cancel."""

import json

import pytest

from tests.command_line import CommandLine
from wcflow.database.campaigns import load_campaigns, save_campaign

RULES = """
[smtp]
host = mail.example
from = hello@shop.example

[segment Buyers]
when = orders_count >= 1
tag = none

[email sale]
subject = A present for {{ first_name }}
text = Your code is {{ coupon.code }}.

[coupon sale20]
type = percent
amount = 20
prefix = SALE

[campaign sale]
segment = Buyers
email = sale
do = create_coupon sale20
throttle = 1 per 1min

[campaign thanks]
when = orders_count >= 2
do = add_note Thank you, {{ first_name }}
at = 2030-01-31 09:00

[campaign trial]
segment = Buyers
do = add_note Hello
mode = dry_run
"""
CONSENT = "consent_meta = newsletter\n"


@pytest.fixture
def cli(tmp_path):
    """Anna bought twice and consented, Bob bought once and did not, Carla never bought."""
    command_line = CommandLine(tmp_path, RULES, store=CONSENT)
    for name, orders in (("anna", 2), ("bob", 1), ("carla", 0)):
        number = command_line.sim.register(f"{name}@example.com", first_name=name.capitalize())
        for _ in range(orders):
            command_line.sim.place_order(customer=number, days_ago=40)
    command_line.sim.sandbox.edit_customer_meta(1, "newsletter", "yes", now=command_line.sim.now)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def facts(cli, name="sale"):
    found = json.loads(cli.run("campaign", "list", "--json").out)["shop"]
    return next(each for each in found if each["name"] == name)


def test_the_list_shows_who_gets_each_campaign_and_its_state(cli):
    out = cli.run("campaign", "list").out
    assert "segment Buyers" in out
    assert "starts 2030-01-31 09:00" in out
    assert "not sent yet (dry run)" in out


def test_the_preview_counts_who_gets_no_message_and_shows_an_example(cli):
    out = cli.run("campaign", "preview", "sale").out
    assert "customers    2 now" in out
    assert "not reached  1: no consent" in out
    assert "reached      1" in out
    assert "What Anna <anna@example.com>, customer 1 would get" in out
    assert "Subject: A present for Anna" in out
    assert "Your code is SALE-" in out
    assert [] == cli.sim.outbox(kinds=["email"])


def test_the_preview_is_for_the_customer_that_is_named(cli):
    found = json.loads(cli.run("campaign", "preview", "thanks", "--for", "bob", "--json").out)
    assert (1, 1) == (found["audience"], found["reached"])
    assert {"id": 2, "name": "Bob", "email": "bob@example.com"} == found["example"]["customer"]
    assert found["starts_at"].startswith("2030-01-31T08:00")


def test_the_preview_says_when_the_throttle_lets_the_last_one_go(cli):
    cli.edit_config("throttle = 1 per 1min", "throttle = 1 per 1d")
    cli.edit_config("email = sale\ndo = create_coupon sale20", "do = add_note Hello")
    out = cli.run("campaign", "preview", "sale").out
    assert "with 1 per 1d" in out


def test_sending_needs_confirmation(cli):
    ran = cli.run("campaign", "send", "sale")
    assert (2, "not sent yet") == (ran.code, facts(cli)["state"])
    assert "customers    2 now" in ran.out


def test_a_campaign_is_sent_once(cli):
    assert 0 == cli.run("campaign", "send", "thanks", "--yes").code
    assert 0 == cli.run("sync").code
    assert ["Thank you, Anna"] == [
        note for order in cli.sandbox.order_ids() for note in cli.sim.notes(order)
    ]
    ran = cli.run("campaign", "send", "thanks", "--yes")
    assert 2 == ran.code
    assert "already started" in ran.err
    assert "Give it a new name to send it again." in ran.err
    cli.run("sync")
    assert ("done", 1) == (facts(cli, "thanks")["state"], facts(cli, "thanks")["queued"])


def test_sync_says_how_many_customers_of_a_campaign_it_queued(cli):
    cli.run("campaign", "send", "thanks", "--yes")
    assert "  campaigns  1 customer queued" in cli.run("sync").lines
    assert "campaigns" not in cli.run("sync").out


def test_a_dry_run_can_be_repeated(cli):
    for _ in range(2):
        assert 0 == cli.run("campaign", "send", "trial", "--yes").code
        assert 0 == cli.run("sync").code
    assert "done" == facts(cli, "trial")["state"]
    assert [] == [note for order in cli.sandbox.order_ids() for note in cli.sim.notes(order)]


def test_a_campaign_is_paused_resumed_and_cancelled(cli):
    cli.run("campaign", "send", "sale", "--yes")
    assert "shop: sale paused; 0 changes to be written." in cli.run("campaign", "pause", "sale").out
    assert "sale is not sending, but paused" in cli.run("campaign", "pause", "sale").out
    cli.run("sync")
    assert (0, "paused") == (facts(cli)["queued"], facts(cli)["state"])
    assert "resumed" in cli.run("campaign", "resume", "sale").out
    cli.run("sync", "--approve")
    assert 1 == facts(cli)["queued"]
    out = cli.run("campaign", "cancel", "sale", "--yes").out
    assert out.startswith("sale cancelled, with ")
    assert "cancelled" == facts(cli)["state"]
    assert {"cancelled"} == {each.state for each in cli.sim.outbox(kinds=["email"])}


@pytest.mark.parametrize("verb", ["preview", "send", "pause", "cancel"])
def test_an_unknown_campaign_is_named_with_the_likely_one(cli, verb):
    cli.run("campaign", "send", "sale", "--yes")
    ran = cli.run("campaign", verb, "sael")
    assert 2 == ran.code
    assert "sale" in ran.err


def test_check_tells_that_an_edit_after_the_start_has_no_effect(cli):
    cli.run("campaign", "send", "thanks", "--yes")
    assert "have no effect" not in cli.run("check").out
    cli.edit_config("Thank you, {{ first_name }}", "Thanks")
    ran = cli.run("check")
    assert "[campaign thanks]: it was started on" in ran.err
    assert "the changes since then have no effect" in ran.err


def test_check_warns_of_a_renamed_campaign_that_was_sent(cli):
    cli.run("campaign", "send", "sale", "--yes")
    cli.edit_config("[campaign sale]", "[campaign sale2]")
    assert "[campaign sale2]: the same was sent as [campaign sale] on" in cli.run("check").err


def test_check_tells_of_a_time_that_has_passed(cli):
    cli.edit_config("2030-01-31", "2020-01-31")
    assert "[campaign thanks]: its time, 2020-01-31 09:00, has passed" in cli.run("check").err
    cli.edit_config("[campaign thanks]", "[campaign thanks2]")
    ran = cli.run("check")
    assert "[campaign thanks2]: its time, 2020-01-31 09:00, has passed" in ran.err
    cli.run("sync")
    assert "not sent: its time had passed when it was added" in cli.run("campaign", "list").out


def test_approve_says_which_campaigns_it_lets_go(cli):
    cli.edit_config("mode = dry_run", "at = 2030-01-31 10:00")
    cli.run("sync")
    with cli.sim.db.transaction() as tx:
        saved = load_campaigns(tx, "shop")["trial"]
        started = saved._replace(state="sending", audience=2)
        save_campaign(tx, "shop", started)
    out = cli.run("approve").out
    assert "the campaign trial continues without another approval, to all 2 customers" in out


def test_status_shows_the_progress_of_a_campaign(cli):
    cli.run("campaign", "send", "sale", "--yes")
    assert "campaign sale" in cli.run("status").out
    assert "is being queued: 0 of 2 customers queued" in cli.run("status").out
    found = json.loads(cli.run("status", "--json").out)["shop"]["campaigns"]["sale"]
    assert (0, 2) == (found["queued"], found["audience"])


def test_explain_shows_the_campaigns_that_a_customer_got_or_will_get(cli):
    def campaigns(customer):
        found = json.loads(cli.run("explain", customer, "--json").out)
        return {each["name"]: each["status"] for each in found["campaigns"]}

    assert {
        "sale": "gets it when 'wcflow campaign send' starts it, as of now",
        "thanks": "gets it at its start, as of now",
        "trial": "gets it when 'wcflow campaign send' starts it, as of now",
    } == campaigns("anna")
    assert ("not in the segment Buyers", "'when' does not match") == (
        campaigns("carla")["sale"],
        campaigns("carla")["thanks"],
    )
    cli.run("campaign", "send", "sale", "--yes")
    cli.run("campaign", "send", "trial", "--yes")
    assert "is about to get it" == campaigns("bob")["sale"]
    cli.run("sync", "--approve")
    assert "included; what it changes is listed below" == campaigns("anna")["sale"]
    assert "passed over: no consent" == campaigns("bob")["sale"]
    assert "only in a dry run" == campaigns("bob")["trial"]
    out = cli.run("explain", "anna").out
    assert "Campaigns" in out
    assert "gets it at its start, as of now" in out
    assert "sale" in cli.run("explain", "bob", "campaign sale").out
