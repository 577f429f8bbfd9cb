"""An order that a workflow has seen never starts it again, whoever it belongs to by then."""

import pytest

from tests.simulation import Simulation

NOTE = "[workflow note]\ntrigger = {}\n{}do = add_note hello\n"
TRIGGERS = (
    "order_created",
    "order_paid",
    "order_completed",
    "product_purchased",
    "first_order",
    "order_milestone 1, 2",
    "high_value_order 50",
)


@pytest.fixture
def simulate(tmp_path):
    def make(rules, **more):
        return Simulation(tmp_path, rules, **more)

    return make


def give(sim, order, place):
    """Correct the address of an order, or give it to an account."""
    sim.advance(hours=1)
    if isinstance(place, int):
        sim.sandbox.assign_order(order, place, now=sim.now)
    else:
        sim.sandbox.assign_order(order, 0, now=sim.now)
        sim.sandbox.edit_billing(order, now=sim.now, email=place)
    sim.settle()


@pytest.mark.parametrize("once", ["", "once = per customer\n"])
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_order_that_moves_from_person_to_person_starts_a_workflow_once(simulate, trigger, once):
    """From guest to guest, to an account, to another one, and back."""
    sim = simulate(NOTE.format(trigger, once))
    accounts = [sim.register(f"{name}@example.com") for name in ("berta", "carla")]
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="tpyo@example.org")
    sim.settle()
    for place in ("typo@example.org", *accounts, "typo@example.org", "tpyo@example.org"):
        give(sim, order, place)
    assert ["hello"] == sim.notes(order)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("trigger", ["first_order", "segment_entered New", "tag_added New"])
def test_a_guest_whose_address_is_corrected_stays_the_same_person(simulate, trigger, known):
    """So neither their segments nor their tags are entered or added again."""
    sim = simulate("[segment New]\nwhen = orders_count >= 1\n" + NOTE.format(trigger, ""))
    old = sim.place_order(email="typo@example.org", status="failed") if known else None
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="tpyo@example.org")
    sim.settle()
    before = sim.memory("g:tpyo@example.org").person
    give(sim, order, "typo@example.org")
    assert ["hello"] == sim.notes(order)
    assert sim.memory("g:tpyo@example.org") is None
    assert known or before == sim.memory("g:typo@example.org").person
    assert old is None or [] == sim.notes(old)


def test_what_a_guest_has_had_once_they_do_not_get_under_the_corrected_address(simulate):
    sim = simulate(NOTE.format("order_paid", "once = per customer\n"))
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="tpyo@example.org")
    sim.settle()
    give(sim, order, "typo@example.org")
    again = sim.place_order(email="typo@example.org")
    sim.settle()
    assert (["hello"], []) == (sim.notes(order), sim.notes(again))


def test_a_run_that_waits_goes_on_for_the_corrected_address(simulate):
    sim = simulate("[workflow note]\ntrigger = order_paid\ndo =\n    wait 7d\n    add_note hello\n")
    sim.settle()
    order = sim.place_order(email="tpyo@example.org")
    sim.settle()
    give(sim, order, "typo@example.org")
    sim.advance(days=7)
    sim.settle()
    assert ["hello"] == sim.notes(order)


@pytest.mark.parametrize("trigger", ["segment_entered VIP", "tag_added VIP", "customer_matches"])
def test_a_purchase_that_moves_to_another_account_does_not_make_it_enter_for_the_workflow(
    simulate, trigger
):
    """What the other customer buys themselves does, later."""
    when = "when = orders_count >= 1\n" if trigger == "customer_matches" else ""
    rules = "[segment VIP]\nwhen = orders_count >= 1\n" + NOTE.format(trigger, when)
    sim = simulate(rules)
    first, second = sim.register("anna@example.com"), sim.register("berta@example.com")
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(customer=first)
    sim.settle()
    give(sim, order, second)
    assert ({"VIP"}, ["hello"]) == (sim.customer_tags(second), sim.notes(order))
    give(sim, order, first)
    sim.advance(days=1)
    own = sim.place_order(customer=second)
    sim.settle()
    assert (["hello"], ["hello"]) == (sim.notes(order), sim.notes(own))


def test_what_started_because_of_an_order_by_time_does_not_start_again_where_it_moves(simulate):
    sim = simulate(NOTE.format("inactive 10d", ""))
    first, second = sim.register("anna@example.com"), sim.register("berta@example.com")
    order = sim.place_order(customer=first)
    sim.settle()
    sim.advance(days=11)
    sim.settle()
    assert ["hello"] == sim.notes(order)
    give(sim, order, second)
    assert ["hello"] == sim.notes(order)


def test_one_order_of_several_that_moves_leaves_the_guest_as_they_are(simulate):
    """The other person's own first order starts the workflow, and the moved order does not."""
    sim = simulate(NOTE.format("first_order", ""))
    sim.settle()
    sim.advance(hours=1)
    first = sim.place_order(email="anna@example.com")
    sim.settle()
    second = sim.place_order(email="anna@example.com")
    sim.settle()
    give(sim, first, "berta@example.com")
    assert (["hello"], []) == (sim.notes(first), sim.notes(second))
    assert sim.memory("g:anna@example.com").person != sim.memory("g:berta@example.com").person


def test_another_persons_milestone_does_not_count_for_the_one_an_order_moves_to(simulate):
    sim = simulate(NOTE.format("order_milestone 2", ""))
    sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    sim.advance(hours=1)
    moved = sim.place_order(email="anna@example.com")
    sim.settle()
    give(sim, moved, "berta@example.com")
    own = sim.place_order(email="berta@example.com")
    sim.settle()
    assert (["hello"], ["hello"]) == (sim.notes(moved), sim.notes(own))


def test_an_address_that_was_left_is_somebody_new_when_it_is_used_again(simulate):
    sim = simulate(NOTE.format("first_order", ""))
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="tpyo@example.org")
    sim.settle()
    give(sim, order, "typo@example.org")
    other = sim.place_order(email="tpyo@example.org")
    sim.settle()
    assert ["hello"] == sim.notes(other)


COUPON = """
[workflow welcome]
trigger = first_order
do =
    create_coupon thanks
    add_note {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
"""


def test_the_owner_of_a_mistyped_address_gets_a_code_of_their_own(simulate):
    """Someone else has the address that a guest typed by mistake, and orders later."""
    sim = simulate(COUPON)
    sim.settle()
    sim.advance(hours=1)
    first = sim.place_order(email="tpyo@example.org")
    sim.settle()
    give(sim, first, "typo@example.org")
    second = sim.place_order(email="tpyo@example.org")
    sim.settle()

    assert 2 == len(sim.coupons()) == len({*sim.notes(first), *sim.notes(second)})
