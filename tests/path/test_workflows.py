"""Workflows from poll to delivery: each action reaches the store once, at the right time."""

import pytest

from tests.simulation import Simulation

WELCOME = """
[workflow welcome]
trigger = first_order
do =
    add_tag First-time Buyer
    add_note Welcome, {{ email }}: order {{ order.number }}
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
prefix = THANKS
expires = 30d
"""


@pytest.fixture
def simulate(tmp_path):
    def make(rules, **more):
        return Simulation(tmp_path, rules, **more)

    return make


def test_orders_from_before_the_initial_sync_start_no_workflow(simulate):
    sim = simulate(WELCOME)
    old = sim.place_order(email="anna@example.com", days_ago=7)
    sim.settle()
    assert ([], [], set()) == (sim.notes(old), sim.coupons(), sim.tags(old))


def test_orders_from_before_the_initial_sync_start_a_workflow_with_existing_include(simulate):
    sim = simulate(WELCOME.replace("do =", "existing = include\ndo ="))
    old = sim.place_order(email="anna@example.com", days_ago=7)
    sim.settle()
    assert {"First-time Buyer"} == sim.tags(old)


def test_a_first_order_gets_its_tag_notes_and_coupon_once(simulate):
    sim = simulate(WELCOME)
    sim.settle()
    sim.advance(hours=1)
    new = sim.place_order(email="Anna@Example.com")
    for _ in range(3):
        sim.settle()
    (coupon,) = sim.coupons()
    assert {"First-time Buyer"} == sim.tags(new)
    assert [
        f"Welcome, anna@example.com: order {new}",
        f"Your code is {coupon['code'].upper()}",
    ] == sim.notes(new)
    assert ["anna@example.com"] == coupon["email_restrictions"]
    assert "10.00" == coupon["amount"]
    assert coupon["date_expires_gmt"].startswith("2026-07-15")


def test_a_second_sync_writes_nothing(simulate):
    """The writes of wcflow come back as changes of the order; they must cause nothing."""
    sim = simulate(WELCOME + "[segment All]\nwhen = orders_count >= 1\n")
    customer = sim.register("berta@example.com", days_ago=100)
    sim.place_order(customer=customer, days_ago=50)
    sim.settle()
    sim.advance(hours=1)
    sim.place_order(customer=customer)
    sim.settle()
    sim.advance(minutes=5)
    sim.run_pass()
    assert [] == sim.writes
    assert (0, 0) == (sim.run_pass().evaluated.people, len(sim.writes))


def test_a_guest_who_registers_is_not_welcomed_again(simulate):
    sim = simulate(WELCOME.replace("do =", "once = per customer\ndo ="))
    sim.settle()
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com")
    sim.settle()
    customer = sim.register("anna@example.com")
    sim.place_order(customer=customer)
    sim.settle()
    assert (1, {"First-time Buyer"}) == (len(sim.coupons()), sim.customer_tags(customer))


@pytest.mark.parametrize("hpos", [True, False])
def test_a_customer_who_deletes_their_account_and_makes_another_is_not_welcomed_again(
    simulate, hpos
):
    """With legacy order storage, a deleted account updates no timestamp of its orders."""
    sim = simulate(WELCOME.replace("do =", "once = per customer\ndo ="), hpos=hpos)
    sim.settle()
    first = sim.register("anna@example.com")
    sim.place_order(customer=first)
    sim.settle()
    sim.sandbox.delete_customer(first, now=sim.now)
    sim.advance(hours=1)
    second = sim.register("anna@example.com")
    sim.place_order(customer=second)
    sim.settle()
    assert (1, {"First-time Buyer"}) == (len(sim.coupons()), sim.customer_tags(second))
    assert sim.memory(f"c{first}") is None


FOLLOW_UP = """
[workflow follow-up]
trigger = order_paid
when = order.total >= 50
stop_when = orders_count >= 2
do =
    add_note thanks
    wait 7d
    add_note how was it?
"""


def test_a_step_after_a_wait_runs_when_the_wait_is_over(simulate):
    sim = simulate(FOLLOW_UP)
    sim.settle()
    first = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ["thanks"] == sim.notes(first)
    sim.advance(days=6)
    sim.run_pass()
    assert ["thanks"] == sim.notes(first)
    sim.advance(days=1)
    sim.run_pass()
    assert ["thanks", "how was it?"] == sim.notes(first)


def test_a_run_that_no_longer_qualifies_ends_with_a_reason(simulate):
    sim = simulate(FOLLOW_UP)
    sim.settle()
    first = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.advance(days=3)
    sim.place_order(email="anna@example.com")
    sim.advance(days=5)
    sim.run_pass()
    ended = [run for run in sim.runs("g:anna@example.com") if run.order_id == first]
    assert ["thanks"] == sim.notes(first)
    assert ["ended"] == [run.state for run in ended]
    assert ended[0].reason.startswith("stop_when holds: orders_count 2 >= 2")


@pytest.mark.parametrize("change", ["new address", "assigned to an account"])
def test_a_waiting_note_is_written_even_if_the_order_belongs_to_another_customer_now(
    simulate, change
):
    """The same event starts no run of the other customer."""
    sim = simulate(FOLLOW_UP)
    berta = sim.register("berta@example.com")
    sim.settle()
    first = sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False, write=False)
    sim.advance(minutes=5)
    if change == "assigned to an account":
        sim.sandbox.assign_order(first, berta, now=sim.now)
    else:
        sim.sandbox.edit_billing(first, now=sim.now, email="berta@example.org")
    sim.settle()
    assert ["thanks"] == sim.notes(first)


def test_a_waiting_note_is_cancelled_if_the_order_no_longer_exists(simulate):
    sim = simulate(FOLLOW_UP)
    sim.settle()
    first = sim.place_order(email="anna@example.com")
    sim.run_pass(approve=False, write=False)
    sim.sandbox.delete_order(first)
    sim.advance(days=1)
    sim.nightly()
    sim.settle()
    outcomes = {entry.kind: (entry.state, entry.outcome) for entry in sim.outbox()}
    assert ("cancelled", f"order {first} no longer exists") == outcomes["note"]


def test_an_order_that_did_not_meet_the_condition_starts_no_run_later(simulate):
    """The condition holds for the customer after the next order, but the event is over."""
    sim = simulate(
        "[workflow big]\ntrigger = order_paid\nwhen = total_spent >= 100\ndo = add_note big\n"
    )
    sim.settle()
    small = sim.place_order(email="anna@example.com", total="20.00")
    sim.settle()
    large = sim.place_order(email="anna@example.com", total="90.00")
    sim.settle()
    assert ([], ["big"]) == (sim.notes(small), sim.notes(large))


def test_a_dry_run_writes_nothing_and_lists_its_changes(simulate):
    sim = simulate(WELCOME.replace("do =", "mode = dry_run\ndo ="))
    sim.settle()
    new = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ([], [], set()) == (sim.notes(new), sim.coupons(), sim.tags(new))
    assert ["tag", "note", "coupon", "note"] == [e.kind for e in sim.outbox(states=("dry_run",))]


@pytest.mark.parametrize(("live", "once"), [(1, "per customer"), (1, "every 90d")])
def test_a_dry_run_does_not_use_up_once(simulate, live, once):
    rules = f"[workflow w]\ntrigger = order_paid\nonce = {once}\nmode = dry_run\ndo = add_note hi\n"
    sim = simulate(rules)
    sim.settle()
    for text, dry, written in (
        (rules, 1, 0),
        (rules, 1, 0),
        (rules.replace("dry_run", "live"), 1, live),
        (rules.replace("dry_run", "live"), 1, live),
    ):
        sim.write_rules(text)
        sim.advance(hours=1)
        sim.place_order(email="anna@example.com")
        sim.settle()
        entries = (sim.outbox(states=(state,)) for state in ("dry_run", "done"))
        assert (dry, written) == tuple(
            len([entry for entry in found if entry.kind == "note"]) for found in entries
        )


def test_a_workflow_with_only_runs_for_no_other_address(simulate):
    sim = simulate(WELCOME.replace("do =", "only = me@shop.example\ndo ="))
    sim.settle()
    other = sim.place_order(email="anna@example.com")
    own = sim.place_order(email="me@shop.example")
    sim.settle()
    assert (0, 2) == (len(sim.notes(other)), len(sim.notes(own)))


def test_orders_placed_while_a_workflow_was_off_start_nothing_later(simulate):
    on = "[workflow note]\ntrigger = order_paid\ndo = add_note hello\n"
    sim = simulate(on)
    sim.settle()
    sim.write_rules(on + "mode = off\n")
    while_off = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.write_rules(on)
    sim.settle()
    later = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ([], ["hello"]) == (sim.notes(while_off), sim.notes(later))


def test_an_order_that_moves_a_customer_into_a_segment_starts_its_workflow(simulate):
    sim = simulate(
        "[segment VIP]\nwhen = total_spent >= 150\n"
        "[workflow vip]\ntrigger = segment_entered VIP\ndo = add_note now a VIP\n"
    )
    old = sim.place_order(email="old@example.com", total="500.00", days_ago=9)
    sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    new = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ([], ["now a VIP"], {"VIP"}) == (sim.notes(old), sim.notes(new), sim.tags(new))


def test_editing_a_segment_tags_customers_but_starts_no_workflow(simulate):
    vip = "[segment VIP]\nwhen = total_spent >= {}\n"
    work = "[workflow vip]\ntrigger = segment_entered VIP\ndo = add_note now a VIP\n"
    sim = simulate(vip.format(1000) + work)
    order = sim.place_order(email="anna@example.com", days_ago=9)
    sim.settle()
    sim.write_rules(vip.format(50) + work)
    sim.settle()
    assert ({"VIP"}, []) == (sim.tags(order), sim.notes(order))


def test_a_customer_enters_a_segment_when_time_passes(simulate):
    sim = simulate(
        "[segment At Risk]\nwhen = last_order_date < -90d\n"
        "[workflow miss]\ntrigger = segment_entered At Risk\ndo = add_note we miss you\n"
    )
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    sim.advance(days=10)
    assert (0, set()) == (sim.run_pass().evaluated.people, sim.tags(order))
    sim.advance(days=1)
    sim.run_pass()
    assert ({"At Risk"}, ["we miss you"]) == (sim.tags(order), sim.notes(order))
    assert 0 == sim.run_pass().evaluated.people


def test_a_customer_who_ordered_while_the_daemon_was_down_is_not_inactive(simulate):
    """The poll comes before the evaluation."""
    sim = simulate("[workflow miss]\ntrigger = inactive 60d\ndo = add_note we miss you\n")
    order = sim.place_order(email="anna@example.com", days_ago=30)
    sim.settle()
    sim.advance(days=29)
    again = sim.place_order(email="anna@example.com")
    sim.advance(days=5)
    sim.settle()
    assert ([], []) == (sim.notes(order), sim.notes(again))


def test_nobody_becomes_inactive_while_polls_fail(simulate):
    sim = simulate("[workflow miss]\ntrigger = inactive 60d\ndo = add_note we miss you\n")
    order = sim.place_order(email="anna@example.com", days_ago=30)
    sim.settle()
    sim.advance(days=40)
    sim.faults.fail_with(times=None, status=500)
    with pytest.raises(Exception, match="500"):
        sim.run_pass(approve=False)
    assert ([], [], []) == (
        sim.notes(order),
        sim.outbox(states=("due",)),
        sim.runs("g:anna@example.com"),
    )


def test_a_tag_of_one_workflow_starts_another(simulate):
    sim = simulate(
        "[workflow one]\ntrigger = order_paid\ndo = add_tag Hot\n"
        "[workflow two]\ntrigger = tag_added Hot\ndo = add_note it is hot\n"
    )
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ({"Hot"}, ["it is hot"]) == (sim.tags(order), sim.notes(order))


def test_customer_matches_starts_a_workflow_when_the_condition_becomes_true(simulate):
    sim = simulate(
        "[workflow big]\ntrigger = customer_matches\nwhen = total_spent > 150\ndo = add_note big\n"
    )
    old = sim.place_order(email="old@example.com", total="500.00", days_ago=3)
    sim.settle()
    sim.place_order(email="anna@example.com")
    sim.settle()
    second = sim.place_order(email="anna@example.com")
    sim.settle()
    assert ([], ["big"]) == (sim.notes(old), sim.notes(second))


def test_a_failed_step_cancels_the_later_steps(simulate):
    """A note must not name a coupon that could not be created."""
    sim = simulate(WELCOME)
    sim.settle()
    sim.faults.fail_with(times=None, status=400, only="POST /wc/v3/coupons")
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert [f"Welcome, anna@example.com: order {order}"] == sim.notes(order)
    states = [(e.kind, e.state) for e in sim.outbox() if e.run_id]
    assert [("note", "done"), ("coupon", "failed"), ("note", "cancelled")] == states


def test_a_customer_without_a_valid_address_gets_no_coupon(simulate):
    """Anybody could use a coupon that is restricted to no address."""
    sim = simulate(WELCOME)
    sim.settle()
    order = sim.place_order(email="anna@localhost")
    sim.settle()
    (run,) = sim.runs("g:anna@localhost")
    assert ([f"Welcome, anna@localhost: order {order}"], []) == (sim.notes(order), sim.coupons())
    assert "step 3: no e-mail address to restrict the coupon to" == run.reason


def test_set_meta_writes_to_the_customer_or_to_the_latest_order_of_a_guest(simulate):
    sim = simulate(
        "[workflow meta]\ntrigger = order_paid\ndo = set_meta last_buy {{ order.number }}\n"
    )
    sim.settle()
    customer = sim.register("berta@example.com")
    guest_order = sim.place_order(email="anna@example.com")
    customer_order = sim.place_order(customer=customer)
    sim.settle()
    assert (str(guest_order), str(customer_order), None) == (
        sim.meta("order", guest_order, "last_buy"),
        sim.meta("customer", customer, "last_buy"),
        sim.meta("order", customer_order, "last_buy"),
    )


def test_a_young_order_without_lines_starts_nothing(simulate):
    """WooCommerce saves an order before its line items."""
    sim = simulate("[workflow any]\ntrigger = order_created\ndo = add_note Hello\n")
    sim.settle()
    sim.advance(hours=1)
    order = sim.sandbox.place_order(now=sim.now, email="anna@example.com", items=())
    sim.run_pass()
    assert [] == sim.notes(order)
    sim.advance(minutes=3)
    sim.settle()
    assert ["Hello"] == sim.notes(order)


def test_a_skipped_event_does_not_use_up_once(simulate):
    sim = simulate(
        "[workflow thanks]\ntrigger = order_paid\nonce = per customer\nstop_when = order.total < 50\n"
        "do =\n    add_note Thank you\n"
    )
    sim.run_pass()
    sim.advance(hours=1)
    small = sim.place_order(email="anna@example.com", total="10.00")
    sim.settle()
    large = sim.place_order(email="anna@example.com", total="100.00")
    sim.settle()
    assert ([], ["Thank you"]) == (sim.notes(small), sim.notes(large))


def test_an_event_in_the_second_of_activation_counts(simulate):
    """The first workflows are active since the initial sync started."""
    sim = simulate(WELCOME)
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert 2 == len(sim.notes(order))


def test_the_time_of_entering_a_segment_stays(simulate):
    sim = simulate("[segment Buyer]\nwhen = orders_count >= 1\n")
    sim.settle()
    sim.place_order(email="anna@example.com")
    sim.settle()
    entered = sim.memory("g:anna@example.com").segments["Buyer"]
    sim.advance(days=3)
    sim.place_order(email="anna@example.com")
    sim.settle()
    assert entered == sim.memory("g:anna@example.com").segments["Buyer"]


def test_a_customer_who_is_evaluated_twice_in_a_pass_counts_once(tmp_path):
    """A step changed what rules look at, so they were evaluated again at once."""
    rules = "[workflow hello]\ntrigger = order_paid\ndo = add_tag Hello\n"
    greeting = "[workflow greet]\ntrigger = tag_added Hello\ndo = add_note Hello\n"
    sim = Simulation(tmp_path, rules + greeting)
    sim.run_pass()
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com", status="processing")

    result = sim.run_pass(approve=False)

    assert (1, 2) == (result.evaluated.people, result.evaluated.runs)
