"""While coupons are disabled in the store, they and what depends on them wait."""

from tests.command_line import run_wcflow
from tests.simulation import Simulation
from wcflow.outbox.limits import MIN_LIMIT

RULES = """
[coupon thanks]
type = percent
amount = 10

[workflow thank]
trigger = order_paid
do =
    add_note Thank you
    create_coupon thanks
    add_note Your code is {{ coupon.code }}
"""
REASON = "coupons are disabled in the store; enable them under WooCommerce, Settings, General"


def disabled(tmp_path, **settings):
    """Return a store in which an order was paid after coupons had been disabled."""
    sim = Simulation(tmp_path, RULES, **settings)
    sim.settle()
    sim.sandbox.enable_coupons(enabled=False)
    order = sim.place_order(email="anna@example.com")
    sim.run_pass()
    return sim, order


def test_a_coupon_and_what_follows_it_wait_while_coupons_are_disabled(tmp_path):
    sim, order = disabled(tmp_path)
    for _ in range(30):  # more often than any other entry is tried
        sim.advance(hours=6)
        sim.run_pass()
    waiting = {each.kind: (each.state, each.outcome) for each in sim.outbox(states=["due"])}
    assert {
        "coupon": ("due", REASON),
        "note": ("due", f"waits for an earlier step: {REASON}"),
    } == waiting
    assert ["Thank you"] == sim.notes(order)


def test_it_goes_on_when_coupons_are_enabled_again(tmp_path):
    sim, order = disabled(tmp_path)
    sim.sandbox.enable_coupons(enabled=True)
    sim.advance(minutes=6)
    sim.run_pass(approve=False)
    (coupon,) = sim.coupons()
    notes = [each.lower() for each in sim.notes(order)]
    assert ["thank you", f"your code is {coupon['code']}"] == notes


def test_only_one_waiting_coupon_is_tried_in_a_pass(tmp_path):
    sim, _ = disabled(tmp_path)
    for number in range(3):
        sim.place_order(email=f"ben{number}@example.com")
    sim.advance(minutes=6)
    sim.run_pass()
    assert 1 == sum(call.path.endswith("/coupons") for call in sim.writes)


def test_waiting_coupons_do_not_hold_other_changes(tmp_path):
    """They do not count towards the write limit until they can be written."""
    sim, _ = disabled(tmp_path)
    for number in range(MIN_LIMIT + 1):
        sim.place_order(email=f"ben{number}@example.com")
        if number % 20 == 0:
            sim.run_pass(approve=False, check_store=False)
            sim.advance(minutes=1)
    last = sim.place_order(email="zoe@example.com")
    sim.advance(minutes=6)
    sim.run_pass(approve=False, check_store=False)
    sim.run_pass(approve=False, check_store=False)
    assert ("", ["Thank you"]) == (sim.hold().reason, sim.notes(last))


def test_a_missing_permission_for_coupons_is_an_error(tmp_path):
    """WooCommerce answers the same; only the setting tells them apart."""
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    sim.place_order(email="anna@example.com")
    sim.faults.fail_with(status=403, only="POST /wc/v3/coupons")
    sim.run_pass()
    assert ["failed"] == [each.state for each in sim.outbox(kinds=["coupon"])]


def test_status_says_that_coupons_wait(tmp_path):
    disabled(tmp_path)
    shown = run_wcflow("status", "--config", tmp_path / "wcflow.ini")
    assert 1 == shown.code
    assert f"1 coupon waits: {REASON}" in shown.lines[-1]


def test_a_note_with_a_coupons_code_waits_while_coupons_are_disabled(tmp_path):
    """wcflow cannot look up then whether the coupon still exists."""
    rules = RULES.replace("add_note Your", "wait 7d\n    add_note Your")
    sim = Simulation(tmp_path, rules)
    sim.settle()
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    sim.sandbox.enable_coupons(enabled=False)
    sim.advance(days=8)
    sim.run_pass()
    waiting = [each.outcome for each in sim.outbox(states=["due"])]
    assert [f"waits for an earlier step: {REASON}"] == waiting
    sim.sandbox.enable_coupons(enabled=True)
    sim.advance(minutes=6)
    sim.run_pass()
    assert 2 == len(sim.notes(order))
