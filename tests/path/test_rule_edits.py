"""Adding, editing, removing or restoring rules is never an event: only what happens later is."""

import pytest

from tests.simulation import Simulation
from wcflow import sync
from wcflow.database.runs import load_activations

REGULAR = "[segment Regular]\nwhen = orders_count >= 1\n"
WELCOME = "[workflow welcome]\ntrigger = first_order\ndo = add_note welcome\n"
VIP = "[segment VIP]\nwhen = total_spent >= 150\n"
AT_VIP = "[workflow vip]\ntrigger = segment_entered VIP\ndo = add_note now a VIP\n"
AT_RISK = "[segment At Risk]\nwhen = last_order_date < -90d\nnote = yes\n"
MISS = "[workflow miss]\ntrigger = segment_entered At Risk\ndo = add_note we miss you\n"
TAGGED = "[tag Big]\nwhen = total_spent >= 150\n"
AT_BIG = "[workflow big]\ntrigger = tag_added Big\ndo = add_note it is big\n"
MATCHES = "[workflow matches]\ntrigger = customer_matches\nwhen = {}\ndo = add_note it matches\n"


@pytest.fixture
def simulate(tmp_path):
    def make(rules, **more):
        return Simulation(tmp_path, rules, **more)

    return make


def edit(sim, *rules):
    """Write the rules an hour later, run passes, and let another hour pass."""
    sim.advance(hours=1)
    sim.write_rules("".join(rules))
    sim.settle()
    sim.advance(hours=1)


def vip_who_is_new(sim):
    """Let a customer become a VIP now, and return the order that made it so."""
    sim.place_order(email="berta@example.com")
    sim.settle()
    order = sim.place_order(email="berta@example.com")
    sim.settle()
    return order


def test_the_first_workflow_begins_when_it_is_added(simulate):
    """Three weeks with segments alone are history for it."""
    sim = simulate(REGULAR)
    sim.settle()
    sim.advance(days=5)
    before = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=16)
    edit(sim, REGULAR, WELCOME)
    after = sim.place_order(email="berta@example.com")
    sim.settle()
    assert ([], ["welcome"]) == (sim.notes(before), sim.notes(after))


def test_an_order_between_the_last_pass_and_a_new_workflow_is_history(simulate):
    sim = simulate(REGULAR)
    sim.settle()
    sim.advance(days=5)
    before = sim.place_order(email="anna@example.com")
    sim.advance(days=16)
    edit(sim, REGULAR, WELCOME)
    assert [] == sim.notes(before)


def test_an_order_during_the_initial_import_starts_the_workflows_that_are_there(simulate):
    sim = simulate(WELCOME)
    with sim.context() as context:
        sync.refresh_store_info(context)
        sync.poll_store(context)
    sim.advance(minutes=5)
    during = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["welcome"] == sim.notes(during)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([[VIP, AT_VIP]], id="segment and workflow together"),
        pytest.param([[VIP], [VIP, AT_VIP]], id="the workflow later"),
        pytest.param(
            [[VIP.replace("150", "9000"), AT_VIP], [VIP, AT_VIP]], id="the segment edited later"
        ),
        pytest.param([[VIP, AT_VIP], [REGULAR], [VIP, AT_VIP]], id="removed and put back"),
    ],
)
def test_people_who_are_in_an_added_or_edited_segment_have_not_entered_it(simulate, edits, restart):
    sim = simulate(REGULAR)
    old = sim.place_order(email="old@example.com", total="500.00", days_ago=9)
    sim.settle()
    sim.advance(days=5)
    recent = sim.place_order(email="anna@example.com", total="500.00")
    for rules in edits:
        edit(sim, *rules)
        if restart:
            sim.reopen_database()
    assert ([], []) == (sim.notes(old), sim.notes(recent))
    assert {"VIP"} <= sim.tags(recent)
    assert ["now a VIP"] == sim.notes(vip_who_is_new(sim))


def test_people_who_came_to_match_by_time_before_a_rule_was_there_have_not_entered(simulate):
    """Nobody is evaluated while nothing changes, so their last evaluation is long ago."""
    sim = simulate(REGULAR)
    order = sim.place_order(email="anna@example.com", days_ago=80)
    later = sim.place_order(email="berta@example.com", days_ago=60)
    sim.settle()
    sim.advance(days=20)
    edit(sim, AT_RISK, MISS)
    assert ({"At Risk"}, []) == (sim.tags(order), sim.notes(order))
    sim.advance(days=20)
    sim.settle()
    assert 2 == len(sim.notes(later))
    assert "we miss you" in sim.notes(later)


def test_a_workflow_that_is_put_back_begins_then(simulate):
    """The orders of the time without it are history, and those before are not handled again."""
    sim = simulate(REGULAR + WELCOME)
    sim.settle()
    first = sim.place_order(email="anna@example.com")
    sim.settle()
    edit(sim, REGULAR)
    between = sim.place_order(email="berta@example.com")
    sim.settle()
    edit(sim, REGULAR, WELCOME)
    after = sim.place_order(email="carla@example.com")
    sim.settle()
    notes = [sim.notes(each) for each in (first, between, after)]
    assert [["welcome"], [], ["welcome"]] == notes


def test_rules_that_are_edited_and_put_back_change_nothing(simulate):
    rules = VIP + AT_VIP + TAGGED + AT_BIG + AT_RISK + MISS + WELCOME
    sim = simulate(rules)
    orders = [
        sim.place_order(email=f"{name}@example.com", total="500.00", days_ago=days)
        for name, days in (("anna", 100), ("berta", 80), ("carla", 2))
    ]
    sim.settle()
    sim.advance(days=20)
    sim.settle()
    notes = [sim.notes(order) for order in orders]
    with_rules = [sim.tags(order) for order in orders]
    sim.advance(hours=1)
    sim.write_rules(REGULAR)
    sim.run_pass(approve=False, write=False)
    sim.advance(hours=1)
    sim.write_rules(rules)
    sim.run_pass(approve=False, write=False)
    assert [] == sim.outbox(states=("due", "claimed"))
    sim.settle()
    assert notes == [sim.notes(order) for order in orders]
    assert with_rules == [sim.tags(order) for order in orders]


def test_a_segment_that_an_order_enters_between_the_last_pass_and_another_edit_is_an_event(
    simulate,
):
    """What an edit does not touch goes on as if nothing had been edited."""
    sim = simulate(VIP + AT_VIP + TAGGED + AT_BIG)
    sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    edit(sim, VIP, AT_VIP, TAGGED, AT_BIG, WELCOME)
    assert ["it is big", "now a VIP"] == sorted(sim.notes(order))


def test_a_segment_beside_the_edited_one_keeps_its_events(simulate):
    sim = simulate(VIP + AT_VIP)
    sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    edit(sim, VIP, AT_VIP, AT_RISK, MISS)
    assert ["now a VIP"] == sim.notes(order)


def test_people_who_have_an_added_tag_did_not_get_it(simulate):
    sim = simulate(REGULAR)
    old = sim.place_order(email="anna@example.com", total="500.00", days_ago=9)
    sim.settle()
    edit(sim, TAGGED)
    edit(sim, TAGGED, AT_BIG)
    edit(sim, TAGGED.replace("150", "9000"), AT_BIG)
    edit(sim, TAGGED, AT_BIG)
    assert ({"Big"}, []) == (sim.tags(old), sim.notes(old))
    new = sim.place_order(email="berta@example.com", total="500.00")
    sim.settle()
    assert ["it is big"] == sim.notes(new)


@pytest.mark.parametrize("other", ["total_spent >= 120", "segments contains 'VIP'"])
def test_people_who_match_an_added_or_edited_condition_did_not_come_to_match(simulate, other):
    sim = simulate(VIP)
    old = sim.place_order(email="anna@example.com", total="500.00", days_ago=9)
    sim.settle()
    edit(sim, VIP, MATCHES.format("total_spent >= 9000"))
    edit(sim, VIP, MATCHES.format(other))
    edit(sim, VIP.replace("150", "9000"), MATCHES.format(other))
    edit(sim, VIP, MATCHES.format(other))
    assert [] == sim.notes(old)
    new = sim.place_order(email="berta@example.com", total="500.00")
    sim.settle()
    assert ["it matches"] == sim.notes(new)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("order_milestone 5", "order_milestone 1"),
        ("high_value_order 900", "high_value_order 50"),
        ("order_cancelled", "order_paid"),
        ("inactive 90d", "inactive 2d"),
    ],
)
def test_an_edited_trigger_begins_with_the_edit(simulate, before, after):
    """Otherwise everything that the new trigger finds since the workflow was added would count."""
    rules = "[workflow note]\ntrigger = {}\ndo = add_note hello\n"
    sim = simulate(rules.format(before))
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=3)
    sim.settle()
    edit(sim, rules.format(after))
    assert [] == sim.notes(order)
    new = sim.place_order(email="berta@example.com")
    sim.settle()
    sim.advance(days=3)
    sim.settle()
    assert ["hello"] == sim.notes(new)


def test_settings_that_make_old_orders_count_are_no_event(simulate):
    """An order that is new since the last pass still is one."""
    sim = simulate(WELCOME + VIP + AT_VIP, wcflow="paid_statuses = completed")
    sim.settle()
    old = sim.place_order(email="anna@example.com", status="on-hold", total="500.00")
    sim.settle()
    sim.advance(hours=1)
    new = sim.place_order(email="berta@example.com", status="on-hold", total="500.00")
    sim.head["wcflow"] = "paid_statuses = completed, on-hold"
    edit(sim, WELCOME, VIP, AT_VIP)
    assert ({"VIP"}, []) == (sim.tags(old), sim.notes(old))
    assert "welcome" in sim.notes(new)


def test_editing_steps_and_texts_does_not_begin_a_workflow_anew(simulate):
    """An order of the time between is handled, with the new steps."""
    sim = simulate(WELCOME)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    edit(sim, WELCOME.replace("add_note welcome", "add_note hello"))
    assert ["hello"] == sim.notes(order)


@pytest.mark.parametrize("rules", [WELCOME, VIP + AT_VIP])
def test_a_workflow_that_is_switched_on_begins_then(simulate, rules):
    """What came in while it was off is history, also what no pass has seen."""
    sim = simulate(rules + "mode = off\n")
    sim.settle()
    sim.advance(hours=1)
    seen = sim.place_order(email="anna@example.com", total="500.00")
    sim.settle()
    sim.advance(hours=1)
    unseen = sim.place_order(email="berta@example.com", total="500.00")
    edit(sim, rules)
    after = sim.place_order(email="carla@example.com", total="500.00")
    sim.settle()
    assert ([], [], 1) == (sim.notes(seen), sim.notes(unseen), len(sim.notes(after)))


def test_a_workflow_that_goes_from_a_dry_run_to_live_keeps_its_beginning(simulate):
    sim = simulate(WELCOME + "mode = dry_run\n")
    sim.settle()
    shown = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="berta@example.com")
    edit(sim, WELCOME)
    assert ([], ["welcome"]) == (sim.notes(shown), sim.notes(order))


def test_existing_include_still_counts_the_past(simulate):
    sim = simulate(REGULAR)
    old = sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    edit(sim, REGULAR, WELCOME.replace("do =", "existing = include\ndo ="))
    edit(sim, REGULAR)
    edit(sim, REGULAR, WELCOME.replace("do =", "existing = include\ndo ="))
    assert ["welcome"] == sim.notes(old)


def test_the_workflows_of_the_first_evaluation_begin_with_the_initial_import(simulate):
    sim = simulate(WELCOME)
    sim.settle()
    with sim.db.reading() as tx:
        (activation, _) = load_activations(tx, "shop")["welcome"]
    assert activation.since.timestamp() == sim.row().initial_sync_started
