"""Merges and splits by hand with a real WooCommerce."""

import pytest

from tests.persons import person
from wcflow.customers import edits, merge
from wcflow.database.edits import EditedBy, find_edit
from wcflow.evaluate.context import read_context


class Merging:
    """Merges people of the live store, by their names."""

    def __init__(self, live):
        self.live, self.store = live, live.context.name

    def merge(self, customer, guest, **more):
        (settings,) = self.live.config.stores
        by = EditedBy("maria", self.live.context.clock())
        with self.live.db.transaction() as tx:
            context = read_context(tx, self.live.config, settings, by.at)
            keys = (f"c{customer}", f"g:{self.live.email(guest)}")
            people = [person(tx, key, self.store) for key in keys]
            return merge.merge(tx, context, *people, by, **more)

    def split(self, outcome):
        with self.live.db.transaction() as tx:
            by = EditedBy("maria", self.live.context.clock())
            return edits.undo(tx, find_edit(tx, outcome.edit), by)


@pytest.fixture
def merging(live):
    return Merging(live)


def test_a_merged_guest_counts_for_the_account_and_a_split_takes_that_back(live, merging):
    customer = live.register("Mia")
    first = live.place_order("Mia", customer=customer, total="300.00")
    guest = live.place_order("Mimi", total="300.00")
    live.run_pass()
    assert ["Live Small"] * 2 == [live.segment(f"orders/{each}") for each in (first, guest)]
    merged = merging.merge(customer, "Mimi")
    live.run_pass()
    assert "Live Big" == live.segment(f"customers/{customer}")
    assert 0 == live.request("GET", f"orders/{guest}")["customer_id"]
    merging.split(merged)
    live.run_pass()
    places = (f"customers/{customer}", f"orders/{guest}")
    assert ["Live Small"] * 2 == [live.segment(each) for each in places]
    assert [1, 1] == [len(live.coupons(name)) for name in ("Mia", "Mimi")]


def test_the_guests_orders_move_to_the_account_and_back(live, merging):
    customer = live.register("Nora")
    orders = live.place_orders(["Nono", "Nono"])
    live.run_pass()
    merged = merging.merge(customer, "Nono", move_store_orders=True)
    live.run_pass()
    assert [customer] * 2 == [owner(live, each) for each in orders]
    live.run_pass()
    notes = [len(live.notes(each)) for each in orders]
    merging.split(merged)
    for _ in range(2):
        live.run_pass()
    assert [0, 0] == [owner(live, each) for each in orders]
    assert notes == [len(live.notes(each)) for each in orders]


def owner(live, order):
    return live.request("GET", f"orders/{order}")["customer_id"]
