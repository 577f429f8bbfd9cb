"""Tags and segments from poll to delivery: the store shows what the rules say."""

import pytest

from tests.simulation import Simulation

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 1000

[segment New]
group = lifecycle
when = orders_count = 1

[tag country]
when = shipping_country is not empty
tag = Country: {{ shipping_country }}

[tag Refunded]
when = refunds_count > 0
keep = forever
"""


@pytest.fixture
def simulate(tmp_path):
    def make(rules=RULES, **more):
        return Simulation(tmp_path, rules, **more)

    return make


def test_customer_and_latest_order_show_tags_and_segment(simulate):
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, days_ago=5, shipping={"country": "AT"})
    sim.settle()
    assert {"New", "Country: AT"} == sim.tags(order) == sim.customer_tags(anna)
    assert ("New", "New") == (sim.segment(order), sim.meta("customer", anna, "wcflow_segment"))


def test_the_tags_of_a_guest_are_on_the_latest_order_only(simulate):
    sim = simulate()
    order = sim.place_order(email="GUEST@example.com", days_ago=5)
    sim.settle()
    assert ({"New"}, []) == (sim.tags(order), sim.sandbox.customer_ids())


def test_an_older_order_loses_its_segment(simulate):
    sim = simulate()
    first = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    second = sim.place_order(email="g@example.com", total="2000.00")
    sim.settle()
    assert (None, "VIP") == (sim.segment(first), sim.segment(second))


def test_guest_orders_under_the_address_of_an_account_count_for_the_account(simulate):
    """WooCommerce's own total does not include them."""
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    sim.place_order(email="ANNA@example.com", total="600.00", days_ago=50)
    sim.place_order(customer=anna, total="600.00", days_ago=40)
    sim.settle()
    assert "VIP" == sim.meta("customer", anna, "wcflow_segment")


def test_a_partly_refunded_order_counts_with_the_rest(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", total="1100.00", days_ago=5)
    sim.settle()
    assert "VIP" == sim.segment(order)
    sim.sandbox.refund(order, "200.00", now=sim.now)
    sim.settle()
    assert ("New", {"New", "Refunded"}) == (sim.segment(order), sim.tags(order))


def test_a_tag_that_is_kept_forever_stays_when_its_rule_no_longer_holds(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    refund = sim.sandbox.refund(order, "10.00", now=sim.now)
    sim.settle()
    sim.sandbox.delete_refund(order, refund, now=sim.now)
    sim.sandbox.edit_billing(order, now=sim.now, city="Wien")
    sim.settle()
    assert {"New", "Refunded"} == sim.tags(order)


def test_a_tag_added_by_hand_to_an_order_stays_and_is_added_to_the_customer(simulate):
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "New, Wholesale", now=sim.now)
    sim.settle()
    assert {"New", "Wholesale"} == sim.tags(order) == sim.customer_tags(anna)


def test_a_tag_removed_by_hand_stays_removed(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5, shipping={"country": "AT"})
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "Country: AT", now=sim.now)
    sim.settle()
    sim.settle()
    assert {"Country: AT"} == sim.tags(order)


def test_a_tag_removed_by_hand_comes_back_with_restore(simulate):
    sim = simulate(wcflow="manual_tags = restore")
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", None, now=sim.now)
    sim.settle()
    assert {"New"} == sim.tags(order)


def test_a_tag_added_by_hand_between_poll_and_write_stays(simulate):
    """wcflow reads the tags again just before it writes them."""
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    sim.place_order(customer=anna, total="2000.00")
    sim.run_pass(write=False, approve=False)
    sim.sandbox.edit_customer_meta(anna, "wcflow_tags", "New, Wholesale", now=sim.now)
    sim.settle()
    assert {"VIP", "Wholesale"} == sim.customer_tags(anna)


def test_a_deleted_customer_becomes_a_guest_and_keeps_their_segment(simulate):
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, total="1500.00", days_ago=5)
    sim.settle()
    sim.sandbox.delete_customer(anna, now=sim.now)
    sim.settle()
    assert ("VIP", None) == (sim.segment(order), sim.memory(f"c{anna}"))
    assert ["VIP"] == list(sim.memory("g:anna@example.com").segments)


def test_with_a_new_database_the_tags_of_rules_do_not_count_as_added_by_hand(simulate, tmp_path):
    sim = simulate()
    sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    sim.db.close()
    (tmp_path / "wcflow.sqlite3").unlink()
    sim.reopen_database()
    sim.settle()
    latest = sim.place_order(email="g@example.com", total="20.00")
    sim.settle()
    assert {} == sim.memory("g:g@example.com").segments
    assert frozenset() == sim.memory("g:g@example.com").added_by_hand
    assert set() == sim.tags(latest)


def test_guests_become_persons_or_stop_being_persons_when_the_settings_change(simulate):
    sim = simulate(store="guests = ignore")
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    assert (set(), None) == (sim.tags(order), sim.memory("g:g@example.com"))
    sim.head["store"] = ""
    sim.write_rules(RULES)
    sim.settle()
    assert {"New"} == sim.tags(order)
    sim.head["store"] = "shared_emails = g@example.com"
    sim.write_rules(RULES)
    sim.settle()
    assert sim.memory("g:g@example.com") is None


def test_the_first_writes_wait_for_approval(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    result = sim.run_pass(approve=False)
    assert ("the first change waits for your approval", set(), []) == (
        result.delivered.held,
        sim.tags(order),
        sim.writes,
    )
    sim.run_pass()
    assert {"New"} == sim.tags(order)


def test_writes_above_the_limit_are_held(simulate):
    sim = simulate(wcflow="max_writes = 2")
    sim.settle()
    orders = [sim.place_order(email=f"g{n}@example.com") for n in range(3)]
    held = sim.run_pass(approve=False).delivered.held
    assert ("more than 2 changes at once (max_writes): 3", [set()] * 3) == (
        held,
        [sim.tags(order) for order in orders],
    )
    sim.run_pass()
    assert [{"New"}] * 3 == [sim.tags(order) for order in orders]


def test_another_store_under_the_same_name_is_refused(simulate):
    sim = simulate()
    sim.settle()
    sim.sandbox = type(sim.sandbox)(store_id="another", name="Other")
    sim.faults = type(sim.faults)(sim.sandbox)
    with pytest.raises(Exception, match="another store"):
        sim.run_pass()


def test_a_store_with_write_no_is_not_written_to(simulate):
    sim = simulate(store="write = no")
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    assert (set(), []) == (sim.tags(order), sim.writes)


def test_a_key_that_cannot_read_meta_still_writes_only_differences(simulate):
    """With the key of a shop manager, WooCommerce writes customer meta but does not return it."""
    from wcflow.sandbox.auth import MANAGER

    sim = simulate()
    sim.change_settings(consumer_key=MANAGER.consumer_key, consumer_secret=MANAGER.consumer_secret)
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    assert (set(), {"New"}) == (sim.customer_tags(anna), sim.tags(order))
    sim.advance(minutes=5)
    sim.run_pass()
    assert [] == sim.writes


def test_a_first_write_that_the_store_does_not_save_does_not_count_as_written(simulate):
    """Some plugins drop meta."""
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.faults.set_field("order", order, "meta_data", [])
    sim.settle()
    (entry,) = sim.outbox()
    assert "due" == entry.state
    assert "accepted wcflow_tags, wcflow_segment for order" in entry.outcome
    assert not sim.row().meta_write_verified


def test_only_the_first_write_is_read_back(simulate):
    sim = simulate()
    sim.place_order(email="a@example.com", days_ago=5)
    sim.settle()
    assert sim.row().meta_write_verified
    sim.advance(hours=1)
    sim.faults.set_field("order", sim.place_order(email="b@example.com"), "meta_data", [])
    sim.run_pass()
    assert ["done", "done"] == [entry.state for entry in sim.outbox()]


def test_a_tag_added_by_hand_that_a_write_finds_is_evaluated(tmp_path):
    """It has no timestamp, so the next poll alone would not notice it."""
    sim = Simulation(
        tmp_path,
        "[tag B2B]\nwhen = tags contains 'Wholesale'\n[tag VIP]\nwhen = total_spent > 1000\n",
    )
    anna = sim.register("anna@example.com", days_ago=90)
    sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    sim.place_order(customer=anna, total="2000.00")
    sim.run_pass(write=False, approve=False)
    sim.sandbox.edit_customer_meta(anna, "wcflow_tags", "Wholesale", now=sim.now)
    for _ in range(3):
        sim.run_pass()
    assert {"B2B", "VIP", "Wholesale"} == sim.customer_tags(anna)
