"""The whole path on each kind of database: a life with its tags, notes, coupons and ends."""

import pytest

from tests.world import World
from wcflow import sync
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


def test_a_life_from_guest_to_deleted(tmp_path, database_url):
    """A guest buys, waits, registers, becomes a VIP, is ranked, refunded, and deleted."""
    w = World(tmp_path, RULES, database=database_url)
    w.buys(email="old@example.com", days_ago=50, total="10.00")
    w.settle()
    first = w.buys(email="Anna@example.com")
    w.settle()
    (coupon,) = w.coupons()
    assert ("Buyer", [], "5.00") == (w.segment(first), w.notes(first), coupon["amount"])
    w.pass_(days=2, minutes=1)
    w.walk()
    assert [f"code {coupon['code'].upper()}"] == w.notes(first)
    anna = w.registers("anna@example.com", first_name="Anna")
    second = w.buys(customer=anna, total="200.00")
    w.settle()
    assert ("VIP", {"VIP"}) == (w.segment(second), w.customer_tags(anna))
    assert ["Customer entered the segment VIP: total_spent 300.00 &gt;= 250"] == w.notes(second)
    w.nightly()
    w.walk()
    assert {"VIP", "Top Anna"} == w.customer_tags(anna)
    w.shop.refund(second, "100.00", now=w.now)
    w.settle()
    assert {"Buyer", "Top Anna"} == w.customer_tags(anna)
    w.shop.delete_customer(anna, now=w.now)
    w.pass_(days=1, hours=1)
    w.settle()
    assert (None, ["Buyer"]) == (
        w.memory(f"c{anna}"),
        list(w.memory("g:anna@example.com").segments),
    )
    assert 1 == len(w.coupons())
    w.db.close()


def test_who_was_refunded_in_full_has_no_place_among_those_who_pay(tmp_path, database_url):
    """Two buy, and to one all goes back: the next night takes their place, and their tag."""
    w = World(tmp_path, RULES, database=database_url)
    anna, ben = w.registers("anna@example.com"), w.registers("ben@example.com")
    order, _ = w.buys(customer=anna, total="100.00"), w.buys(customer=ben, total="10.00")
    w.settle()
    w.nightly()
    w.settle()
    assert [75, 25] == [w.memory(f"c{each}").spend_percentile for each in (anna, ben)]
    assert "Top customer" in w.customer_tags(anna)
    w.shop.refund(order, "100.00", now=w.now)
    w.settle()
    w.nightly()
    w.settle()
    assert [None, 50] == [w.memory(f"c{each}").spend_percentile for each in (anna, ben)]
    assert "Top customer" not in w.customer_tags(anna)
    w.db.close()


def test_two_processes_do_not_serve_a_store_at_once(tmp_path, database_url):
    """The lease is taken by one; the other is told."""
    w = World(tmp_path, RULES, database=database_url)
    w.settle()
    with (
        w.line("one") as first,
        sync.hold_lease(first),
        w.line("two") as second,
        pytest.raises(BusyError, match="another wcflow"),
    ):
        sync.sync_once(second)
    assert w.walk().polled is not None
    w.db.close()
