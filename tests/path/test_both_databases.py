"""Long stories of customers, from poll to delivery, on SQLite and on PostgreSQL."""

import pytest

from tests.simulation import Simulation
from wcflow import sync
from wcflow.cli.check_database import examine
from wcflow.errors import BusyError

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 250
note = yes

[segment Buyer]
group = lifecycle
when = orders_count > 0

[tag top]
when = spend_percentile >= 70
tag = Top {{ first_name or 'customer' }}

[workflow welcome]
trigger = first_order
once = per customer
do =
    create_coupon thanks
    wait 2d
    add_note code {{ coupon.code }}

[coupon thanks]
type = fixed_cart
amount = 5
"""


def test_a_customer_keeps_tags_and_coupons_from_first_guest_order_to_deletion(
    tmp_path, database_url
):
    """A guest buys, waits, registers, becomes a VIP, is ranked, refunded, and deleted."""
    sim = Simulation(tmp_path, RULES, database=database_url)
    sim.place_order(email="old@example.com", days_ago=50, total="10.00")
    sim.settle()
    first = sim.place_order(email="Anna@example.com")
    sim.settle()
    (coupon,) = sim.coupons()
    assert ("Buyer", [], "5.00") == (sim.segment(first), sim.notes(first), coupon["amount"])
    sim.advance(days=2, minutes=1)
    sim.run_pass()
    assert [f"code {coupon['code'].upper()}"] == sim.notes(first)
    anna = sim.register("anna@example.com", first_name="Anna")
    second = sim.place_order(customer=anna, total="200.00")
    sim.settle()
    assert ("VIP", {"VIP"}) == (sim.segment(second), sim.customer_tags(anna))
    assert ["Customer entered the segment VIP: total_spent 300.00 &gt;= 250"] == sim.notes(second)
    sim.nightly()
    sim.run_pass()
    assert {"VIP", "Top Anna"} == sim.customer_tags(anna)
    sim.sandbox.refund(second, "100.00", now=sim.now)
    sim.settle()
    assert {"Buyer", "Top Anna"} == sim.customer_tags(anna)
    sim.sandbox.delete_customer(anna, now=sim.now)
    sim.advance(days=1, hours=1)
    sim.settle()
    assert (None, ["Buyer"]) == (
        sim.memory(f"c{anna}"),
        list(sim.memory("g:anna@example.com").segments),
    )
    assert 1 == len(sim.coupons())
    sim.db.close()


def test_a_customer_with_a_full_refund_loses_the_spend_percentile(tmp_path, database_url):
    """The next nightly check removes it, and the tag that depends on it."""
    sim = Simulation(tmp_path, RULES, database=database_url)
    anna, ben = sim.register("anna@example.com"), sim.register("ben@example.com")
    order, _ = (
        sim.place_order(customer=anna, total="100.00"),
        sim.place_order(customer=ben, total="10.00"),
    )
    sim.settle()
    sim.nightly()
    sim.settle()
    assert [75, 25] == [sim.memory(f"c{each}").spend_percentile for each in (anna, ben)]
    assert "Top customer" in sim.customer_tags(anna)
    sim.sandbox.refund(order, "100.00", now=sim.now)
    sim.settle()
    sim.nightly()
    sim.settle()
    assert [None, 50] == [sim.memory(f"c{each}").spend_percentile for each in (anna, ben)]
    assert "Top customer" not in sim.customer_tags(anna)
    sim.db.close()


def test_a_second_process_cannot_sync_a_store_while_the_first_holds_the_lease(
    tmp_path, database_url
):
    sim = Simulation(tmp_path, RULES, database=database_url)
    sim.settle()
    with (
        sim.context("one") as first,
        sync.hold_lease(first),
        sim.context("two") as second,
        pytest.raises(BusyError, match="another wcflow"),
    ):
        sync.sync_once(second)
    assert sim.run_pass().polled is not None
    sim.db.close()


def test_a_new_database_has_every_index_that_it_needs(tmp_path, database_url):
    """One of them is only for SQLite."""
    sim = Simulation(tmp_path, RULES, database=database_url)
    sim.run_pass()
    assert [] == examine(sim.db, sim.config, sim.now).problems
    sim.db.close()
