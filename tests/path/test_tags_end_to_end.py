"""Tags and segments along the whole path: what the dashboard shows is what the rules say."""

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


def test_guests_have_only_the_order(simulate):
    sim = simulate()
    order = sim.place_order(email="GUEST@example.com", days_ago=5)
    sim.settle()
    assert ({"New"}, []) == (sim.tags(order) - {"Country: DE"}, sim.sandbox.customer_ids()[1:])


def test_an_older_order_keeps_what_was_true_then(simulate):
    sim = simulate()
    first = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    second = sim.place_order(email="g@example.com", total="2000.00")
    sim.settle()
    assert ("New", "VIP") == (sim.segment(first), sim.segment(second))


def test_guest_orders_count_for_the_registered(simulate):
    """WooCommerce's own total goes by the account alone and misses them."""
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    sim.place_order(email="ANNA@example.com", total="600.00", days_ago=50)
    sim.place_order(customer=anna, total="600.00", days_ago=40)
    sim.settle()
    assert "VIP" == sim.meta("customer", anna, "wcflow_segment")


def test_a_refund_takes_its_money_away(simulate):
    """A partly refunded order counts with what is left; the VIP is one no more."""
    sim = simulate()
    order = sim.place_order(email="g@example.com", total="1100.00", days_ago=5)
    sim.settle()
    assert "VIP" == sim.segment(order)
    sim.sandbox.refund(order, "200.00", now=sim.now)
    sim.settle()
    assert ("New", {"New", "Refunded"}) == (sim.segment(order), sim.tags(order))


def test_what_is_kept_forever_stays(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    refund = sim.sandbox.refund(order, "10.00", now=sim.now)
    sim.settle()
    sim.sandbox.delete_refund(order, refund, now=sim.now)
    sim.sandbox.edit_billing(order, now=sim.now, city="Wien")
    sim.settle()
    assert {"New", "Refunded"} == sim.tags(order)


def test_a_persons_own_tag_is_kept_and_worn_everywhere(simulate):
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "New, Wholesale", now=sim.now)
    sim.settle()
    assert {"New", "Wholesale"} == sim.tags(order) == sim.customer_tags(anna)


def test_a_tag_that_a_person_took_away_stays_away(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5, shipping={"country": "AT"})
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", "Country: AT", now=sim.now)
    sim.settle()
    sim.settle()
    assert {"Country: AT"} == sim.tags(order)


def test_with_restore_it_comes_back(simulate):
    sim = simulate(wcflow="manual_tags = restore")
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    sim.sandbox.edit_order_meta(order, "wcflow_tags", None, now=sim.now)
    sim.settle()
    assert {"New"} == sim.tags(order)


def test_a_tag_added_by_hand_between_poll_and_write_survives(simulate):
    """What the shop holds is read once more at the moment of writing."""
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    sim.place_order(customer=anna, total="2000.00")
    sim.run_pass(write=False, accept=False)
    sim.sandbox.edit_customer_meta(anna, "wcflow_tags", "New, Wholesale", now=sim.now)
    sim.settle()
    assert {"VIP", "Wholesale"} == sim.customer_tags(anna)
    assert order


def test_a_deleted_customer_lives_on_as_the_guest_of_their_orders(simulate):
    sim = simulate()
    anna = sim.register("anna@example.com", days_ago=90)
    order = sim.place_order(customer=anna, total="1500.00", days_ago=5)
    sim.settle()
    sim.sandbox.delete_customer(anna, now=sim.now)
    sim.settle()
    assert ("VIP", None) == (sim.segment(order), sim.memory(f"c{anna}"))
    assert ["VIP"] == list(sim.memory("g:anna@example.com").segments)


def test_a_new_database_for_the_same_shop_takes_over_its_tags(simulate, tmp_path):
    """Tags that rules make are not taken for a person's, though nothing is remembered of them."""
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    sim.db.close()
    (tmp_path / "wcflow.sqlite3").unlink()
    sim.reopen_database()
    sim.settle()
    sim.place_order(email="g@example.com", total="20.00")
    sim.settle()
    assert {} == sim.memory("g:g@example.com").segments
    assert frozenset() == sim.memory("g:g@example.com").added_by_hand
    assert order


def test_whether_guests_are_people_can_be_changed(simulate):
    """Those who were nobody become people, and the other way round."""
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


def test_the_first_writes_wait_until_they_are_accepted(simulate):
    sim = simulate()
    order = sim.place_order(email="g@example.com", days_ago=5)
    walked = sim.run_pass(accept=False)
    assert ("the first change waits for your approval", set(), []) == (
        walked.delivered.held,
        sim.tags(order),
        sim.writes,
    )
    sim.run_pass()
    assert {"New"} == sim.tags(order)


def test_many_writes_at_once_are_held(simulate):
    sim = simulate(wcflow="max_writes = 2")
    sim.settle()
    orders = [sim.place_order(email=f"g{n}@example.com") for n in range(3)]
    held = sim.run_pass(accept=False).delivered.held
    assert ("more than 2 changes at once (max_writes): 3", [set()] * 3) == (
        held,
        [sim.tags(order) for order in orders],
    )
    sim.run_pass()
    assert [{"New"}] * 3 == [sim.tags(order) for order in orders]


def test_another_shop_behind_the_same_name_is_refused(simulate):
    sim = simulate()
    sim.settle()
    sim.sandbox = type(sim.sandbox)(store_id="another", name="Other")
    sim.faults = type(sim.faults)(sim.sandbox)
    with pytest.raises(Exception, match="another store"):
        sim.run_pass()


def test_a_store_that_may_not_be_written_is_not_written(simulate):
    sim = simulate(store="write = no")
    order = sim.place_order(email="g@example.com", days_ago=5)
    sim.settle()
    assert (set(), []) == (sim.tags(order), sim.writes)


def test_a_key_that_may_not_read_meta_still_writes_only_differences(simulate):
    """A shop manager's key: WooCommerce writes customer meta and does not show it."""
    from wcflow.sandbox.auth import MANAGER

    sim = simulate()
    sim.change_settings(consumer_key=MANAGER.consumer_key, consumer_secret=MANAGER.consumer_secret)
    anna = sim.register("anna@example.com", days_ago=90)
    sim.place_order(customer=anna, days_ago=5)
    sim.settle()
    assert {"New"} == sim.customer_tags(anna)
    sim.advance(minutes=5)
    sim.run_pass()
    assert [] == sim.writes


def test_a_plugin_that_drops_meta_is_noticed_with_the_first_write(simulate):
    """The first values are read back; as long as they are not shown, nothing counts as written."""
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
