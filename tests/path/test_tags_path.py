"""Tags and segments along the whole path: what the dashboard shows is what the rules say."""

import pytest

from tests.world import World

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
def world(tmp_path):
    def make(rules=RULES, **more):
        return World(tmp_path, rules, **more)

    return make


def test_customer_and_latest_order_show_tags_and_segment(world):
    w = world()
    anna = w.registers("anna@example.com", days_ago=90)
    order = w.buys(customer=anna, days_ago=5, shipping={"country": "AT"})
    w.settle()
    assert {"New", "Country: AT"} == w.tags(order) == w.customer_tags(anna)
    assert ("New", "New") == (w.segment(order), w.meta("customer", anna, "wcflow_segment"))


def test_guests_have_only_the_order(world):
    w = world()
    order = w.buys(email="GUEST@example.com", days_ago=5)
    w.settle()
    assert ({"New"}, []) == (w.tags(order) - {"Country: DE"}, w.shop.customer_ids()[1:])


def test_an_older_order_keeps_what_was_true_then(world):
    w = world()
    first = w.buys(email="g@example.com", days_ago=5)
    w.settle()
    second = w.buys(email="g@example.com", total="2000.00")
    w.settle()
    assert ("New", "VIP") == (w.segment(first), w.segment(second))


def test_guest_orders_count_for_the_registered(world):
    """WooCommerce's own total goes by the account alone and misses them."""
    w = world()
    anna = w.registers("anna@example.com", days_ago=90)
    w.buys(email="ANNA@example.com", total="600.00", days_ago=50)
    w.buys(customer=anna, total="600.00", days_ago=40)
    w.settle()
    assert "VIP" == w.meta("customer", anna, "wcflow_segment")


def test_a_refund_takes_its_money_away(world):
    """A partly refunded order counts with what is left; the VIP is one no more."""
    w = world()
    order = w.buys(email="g@example.com", total="1100.00", days_ago=5)
    w.settle()
    assert "VIP" == w.segment(order)
    w.shop.refund(order, "200.00", now=w.now)
    w.settle()
    assert ("New", {"New", "Refunded"}) == (w.segment(order), w.tags(order))


def test_what_is_kept_forever_stays(world):
    w = world()
    order = w.buys(email="g@example.com", days_ago=5)
    refund = w.shop.refund(order, "10.00", now=w.now)
    w.settle()
    w.shop.delete_refund(order, refund, now=w.now)
    w.shop.edit_billing(order, now=w.now, city="Wien")
    w.settle()
    assert {"New", "Refunded"} == w.tags(order)


def test_a_persons_own_tag_is_kept_and_worn_everywhere(world):
    w = world()
    anna = w.registers("anna@example.com", days_ago=90)
    order = w.buys(customer=anna, days_ago=5)
    w.settle()
    w.shop.edit_order_meta(order, "wcflow_tags", "New, Wholesale", now=w.now)
    w.settle()
    assert {"New", "Wholesale"} == w.tags(order) == w.customer_tags(anna)


def test_a_tag_that_a_person_took_away_stays_away(world):
    w = world()
    order = w.buys(email="g@example.com", days_ago=5, shipping={"country": "AT"})
    w.settle()
    w.shop.edit_order_meta(order, "wcflow_tags", "Country: AT", now=w.now)
    w.settle()
    w.settle()
    assert {"Country: AT"} == w.tags(order)


def test_with_restore_it_comes_back(world):
    w = world(wcflow="manual_tags = restore")
    order = w.buys(email="g@example.com", days_ago=5)
    w.settle()
    w.shop.edit_order_meta(order, "wcflow_tags", None, now=w.now)
    w.settle()
    assert {"New"} == w.tags(order)


def test_a_tag_added_by_hand_between_poll_and_write_survives(world):
    """What the shop holds is read once more at the moment of writing."""
    w = world()
    anna = w.registers("anna@example.com", days_ago=90)
    order = w.buys(customer=anna, days_ago=5)
    w.settle()
    w.buys(customer=anna, total="2000.00")
    w.walk(write=False, accept=False)
    w.shop.edit_customer_meta(anna, "wcflow_tags", "New, Wholesale", now=w.now)
    w.settle()
    assert {"VIP", "Wholesale"} == w.customer_tags(anna)
    assert order


def test_a_deleted_customer_lives_on_as_the_guest_of_their_orders(world):
    w = world()
    anna = w.registers("anna@example.com", days_ago=90)
    order = w.buys(customer=anna, total="1500.00", days_ago=5)
    w.settle()
    w.shop.delete_customer(anna, now=w.now)
    w.settle()
    assert ("VIP", None) == (w.segment(order), w.memory(f"c{anna}"))
    assert ["VIP"] == list(w.memory("g:anna@example.com").segments)


def test_a_new_database_for_the_same_shop_takes_over_its_tags(world, tmp_path):
    """Tags that rules make are not taken for a person's, though nothing is remembered of them."""
    w = world()
    order = w.buys(email="g@example.com", days_ago=5)
    w.settle()
    w.db.close()
    (tmp_path / "wcflow.sqlite3").unlink()
    w.die()
    w.settle()
    w.buys(email="g@example.com", total="20.00")
    w.settle()
    assert {} == w.memory("g:g@example.com").segments
    assert frozenset() == w.memory("g:g@example.com").added_by_hand
    assert order


def test_whether_guests_are_people_can_be_changed(world):
    """Those who were nobody become people, and the other way round."""
    w = world(store="guests = ignore")
    order = w.buys(email="g@example.com", days_ago=5)
    w.settle()
    assert (set(), None) == (w.tags(order), w.memory("g:g@example.com"))
    w.head["store"] = ""
    w.rules(RULES)
    w.settle()
    assert {"New"} == w.tags(order)
    w.head["store"] = "shared_emails = g@example.com"
    w.rules(RULES)
    w.settle()
    assert w.memory("g:g@example.com") is None


def test_the_first_writes_wait_until_they_are_accepted(world):
    w = world()
    order = w.buys(email="g@example.com", days_ago=5)
    walked = w.walk(accept=False)
    assert ("the first change waits for your approval", set(), []) == (
        walked.delivered.held,
        w.tags(order),
        w.writes,
    )
    w.walk()
    assert {"New"} == w.tags(order)


def test_many_writes_at_once_are_held(world):
    w = world(wcflow="max_writes = 2")
    w.settle()
    orders = [w.buys(email=f"g{n}@example.com") for n in range(3)]
    held = w.walk(accept=False).delivered.held
    assert ("more than 2 changes at once (max_writes): 3", [set()] * 3) == (
        held,
        [w.tags(order) for order in orders],
    )
    w.walk()
    assert [{"New"}] * 3 == [w.tags(order) for order in orders]


def test_another_shop_behind_the_same_name_is_refused(world):
    w = world()
    w.settle()
    w.shop = type(w.shop)(store_id="another", name="Other")
    w.faults = type(w.faults)(w.shop)
    with pytest.raises(Exception, match="another shop"):
        w.walk()


def test_a_store_that_may_not_be_written_is_not_written(world):
    w = world(store="write = no")
    order = w.buys(email="g@example.com", days_ago=5)
    w.settle()
    assert (set(), []) == (w.tags(order), w.writes)


def test_a_key_that_may_not_read_meta_still_writes_only_differences(world):
    """A shop manager's key: WooCommerce writes customer meta and does not show it."""
    from wcflow.sandbox.auth import MANAGER

    w = world()
    w.settings(consumer_key=MANAGER.consumer_key, consumer_secret=MANAGER.consumer_secret)
    anna = w.registers("anna@example.com", days_ago=90)
    w.buys(customer=anna, days_ago=5)
    w.settle()
    assert {"New"} == w.customer_tags(anna)
    w.pass_(minutes=5)
    w.walk()
    assert [] == w.writes


def test_a_plugin_that_drops_meta_is_noticed_with_the_first_write(world):
    """The first values are read back; as long as they are not shown, nothing counts as written."""
    w = world()
    order = w.buys(email="g@example.com", days_ago=5)
    w.faults.set_field("order", order, "meta_data", [])
    w.settle()
    (entry,) = w.outbox()
    assert "due" == entry.state
    assert "accepted wcflow_tags, wcflow_segment for order" in entry.outcome
    assert not w.row().meta_checked


def test_only_the_first_write_is_read_back(world):
    w = world()
    w.buys(email="a@example.com", days_ago=5)
    w.settle()
    assert w.row().meta_checked
    w.pass_(hours=1)
    w.faults.set_field("order", w.buys(email="b@example.com"), "meta_data", [])
    w.walk()
    assert ["done", "done"] == [entry.state for entry in w.outbox()]
