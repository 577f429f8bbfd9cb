"""Two records of one person are merged by hand, and parted again."""

import pytest

from tests.persons import keys, person
from tests.simulation import Simulation
from wcflow.customers import edits, merge
from wcflow.customers.notes import add_note
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.notes import load_notes
from wcflow.database.people import find_person, load_transitions
from wcflow.database.sql import table_of
from wcflow.database.tables import SamePersonRow
from wcflow.errors import UsageError
from wcflow.evaluate.context import read_context
from wcflow.sandbox import customers
from wcflow.sandbox.auth import ADMIN

RULES = """
[segment Big]
when = total_spent >= 250

[tag Buyer]
when = orders_count >= 1

[workflow welcome]
trigger = first_order
once = per customer
do =
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[workflow paid]
trigger = order_paid
do =
    add_note paid {{ order.number }}
    wait 5d
    add_note later {{ order.number }}

[workflow big]
trigger = segment_entered Big
do = add_note big

[coupon thanks]
type = percent
amount = 10
"""
ANNA, ANN, SHOP = "anna@example.com", "ann@example.com", "shop"


@pytest.fixture
def sim(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.settle()
    yield sim
    sim.db.close()


def merge_by_hand(sim, one, other, **more):
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        context = read_context(tx, sim.config, settings, sim.now)
        found = [find_person(tx, SHOP, each) for each in (one, other)]
        return merge.merge(tx, context, *found, EditedBy("maria", sim.now), **more)


def undo(sim, number):
    with sim.db.transaction() as tx:
        return edits.undo(tx, find_edit(tx, number), EditedBy("otto", sim.now))


def people(sim):
    """Return the orders of each person, by their key."""
    (settings,) = sim.config.stores
    with sim.db.reading() as tx:
        context = read_context(tx, sim.config, settings, sim.now)
        found = keys(tx)
        memories = merge.load_full_memories(tx, SHOP, [*found])
        profiles = merge.load_profiles(tx, context, [*memories], memories)
    return {each.key: [order.id for order in each.orders] for each in profiles.values()}


def fresh_import(sim, folder):
    """Return what a new database with the same merges knows of the same store."""
    folder.mkdir()
    with sim.db.reading() as tx:
        rows = [dict(row) for row in tx.execute(table_of(SamePersonRow).select()).mappings()]
    new = Simulation(folder, RULES)
    new.switch_store(sim.sandbox, sim.now)
    with new.db.transaction() as tx:
        for row in rows:
            tx.execute(table_of(SamePersonRow).insert(), [row])
    new.run_pass(write=False)
    new.db.close()
    return people(new)


def days_pass(sim, days=1):
    for _ in range(days):
        sim.advance(days=1)
        sim.run_pass()


class TestTwoGuests:
    @pytest.fixture
    def orders(self, sim):
        found = [sim.place_order(email=ANNA, status="processing") for _ in range(2)]
        found.append(sim.place_order(email=ANN, status="processing"))
        sim.settle()
        return found

    def test_all_orders_belong_to_one_person(self, sim, orders):
        outcome = merge_by_hand(sim, ANNA, ANN)
        assert f"merged {ANN} into {ANNA}" == outcome.words
        assert {f"g:{ANNA}": orders} == people(sim)

    def test_a_later_order_under_either_address_belongs_to_them(self, sim, orders):
        merge_by_hand(sim, ANNA, ANN)
        orders += [sim.place_order(email=each) for each in (ANN, ANNA)]
        sim.settle()
        assert {f"g:{ANNA}": orders} == people(sim)
        assert 2 == len(sim.coupons())  # one of each, from before the merge

    def test_a_new_database_with_the_same_merges_agrees(self, sim, orders, tmp_path):
        merge_by_hand(sim, ANNA, ANN)
        sim.settle()
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_they_are_found_under_either_address(self, sim, orders):
        merge_by_hand(sim, ANNA, ANN)
        with sim.db.reading() as tx:
            assert find_person(tx, SHOP, ANN) == find_person(tx, SHOP, ANNA) is not None

    def test_what_they_reach_together_names_the_merge(self, sim, orders):
        merge_by_hand(sim, ANNA, ANN)
        sim.settle()
        with sim.db.reading() as tx:
            (entered,) = load_transitions(tx, SHOP, person(tx, f"g:{ANNA}"))
        assert entered.reason.endswith("; merged by maria")

    def test_nothing_starts_twice_and_what_waits_goes_on(self, sim, orders):
        merge_by_hand(sim, ANNA, ANN)
        days_pass(sim, 7)
        for order in orders:
            notes = sim.notes(order)
            assert (1, 1) == (notes.count(f"paid {order}"), notes.count(f"later {order}"))
        assert 2 == len(sim.coupons())

    def test_the_tags_are_on_the_latest_order_of_both(self, sim, orders):
        merge_by_hand(sim, ANNA, ANN)
        sim.settle()
        assert [set(), set(), {"Big", "Buyer"}] == [sim.tags(order) for order in orders]

    def test_one_who_registers_takes_the_other_along(self, sim, orders, tmp_path):
        merge_by_hand(sim, ANNA, ANN)
        account = sim.register(ANN)
        sim.settle()
        assert {f"c{account}": orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_their_account_can_leave_the_address_again(self, sim, orders, tmp_path):
        merge_by_hand(sim, ANNA, ANN)
        account = sim.register(ANN)
        sim.settle()
        new = {"email": "new@example.com"}
        customers.update(sim.sandbox.state, ADMIN, account, {**new, "billing": new}, sim.now)
        days_pass(sim, 3)
        assert {f"c{account}": [], f"g:{ANNA}": orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")
        assert 2 == len(sim.coupons())

    def test_three_become_one(self, sim, orders, tmp_path):
        orders.append(sim.place_order(email="a@example.com"))
        sim.settle()
        merge_by_hand(sim, ANNA, ANN)
        merge_by_hand(sim, "a@example.com", ANN)
        sim.settle()
        assert {"g:a@example.com": orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")


class TestGuestAndCustomer:
    @pytest.fixture
    def account(self, sim):
        account = sim.register(ANNA)
        sim.orders = [sim.place_order(customer=account, email=ANNA, status="processing")]
        sim.orders.append(sim.place_order(email=ANN, status="processing"))
        sim.settle()
        return account

    @pytest.mark.parametrize("one", [ANNA, ANN])
    def test_the_account_stays_whichever_is_named_first(self, sim, account, one, tmp_path):
        merge_by_hand(sim, one, ANN if one == ANNA else ANNA)
        sim.settle()
        assert {f"c{account}": sim.orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_a_change_of_the_accounts_address_parts_no_one(self, sim, account, tmp_path):
        merge_by_hand(sim, ANNA, ANN)
        sim.sandbox.change_email(account, "new@example.com", now=sim.now)
        days_pass(sim, 3)
        assert {f"c{account}": sim.orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_after_the_account_is_deleted_both_are_one_guest(self, sim, account, tmp_path):
        merge_by_hand(sim, ANNA, ANN)
        sim.sandbox.delete_customer(account, now=sim.now)
        days_pass(sim, 3)
        sim.nightly()
        sim.settle()
        assert {f"g:{ANNA}": sim.orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_two_accounts_are_refused_with_advice(self, sim, account):
        other = sim.register("other@example.com")
        sim.settle()
        with pytest.raises(UsageError, match="both have an account") as refused:
            merge_by_hand(sim, ANNA, "other@example.com")
        assert "Users in WordPress" in refused.value.advice
        assert {f"c{account}", f"c{other}"} <= people(sim).keys()


class TestMovedOrders:
    @pytest.fixture
    def account(self, sim):
        account = sim.register(ANNA)
        sim.orders = [sim.place_order(email=ANN, status="processing") for _ in range(2)]
        sim.settle()
        return account

    def owners(self, sim):
        return [sim.sandbox.order(each)["customer_id"] for each in sim.orders]

    def test_the_stores_orders_move_to_the_account(self, sim, account, tmp_path):
        merge_by_hand(sim, ANNA, ANN, move_store_orders=True)
        sim.settle()
        assert [account, account] == self.owners(sim)
        days_pass(sim, 7)
        assert {f"c{account}": sim.orders} == people(sim) == fresh_import(sim, tmp_path / "new")
        for order in sim.orders:
            notes = sim.notes(order)
            assert (1, 1) == (notes.count(f"paid {order}"), notes.count(f"later {order}"))
        assert 1 == len(sim.coupons())

    def test_a_split_moves_them_back(self, sim, account, tmp_path):
        number = merge_by_hand(sim, ANNA, ANN, move_store_orders=True).edit
        sim.settle()
        undo(sim, number)
        days_pass(sim, 7)
        assert [0, 0] == self.owners(sim)
        assert {f"c{account}": [], f"g:{ANN}": sim.orders} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")
        for order in sim.orders:
            notes = sim.notes(order)
            assert (1, 1) == (notes.count(f"paid {order}"), notes.count(f"later {order}"))
        assert 1 == len(sim.coupons())

    def test_a_split_before_the_sync_moves_nothing(self, sim, account):
        number = merge_by_hand(sim, ANNA, ANN, move_store_orders=True).edit
        undo(sim, number)
        sim.settle()
        assert [0, 0] == self.owners(sim)

    def test_an_order_that_someone_else_moved_stays_there(self, sim, account):
        other = sim.register("other@example.com")
        merge_by_hand(sim, ANNA, ANN, move_store_orders=True)
        sim.sandbox.assign_order(sim.orders[0], other, now=sim.now)
        sim.settle()
        assert [other, account] == self.owners(sim)

    def test_there_is_no_account_to_move_to_between_guests(self, sim, account):
        sim.place_order(email="a@example.com")
        sim.settle()
        with pytest.raises(UsageError, match="no account"):
            merge_by_hand(sim, "a@example.com", ANN, move_store_orders=True)


class TestUndo:
    @pytest.fixture
    def orders(self, sim):
        found = [sim.place_order(email=ANNA, status="processing") for _ in range(2)]
        found.append(sim.place_order(email=ANN, status="processing"))
        sim.settle()
        return found

    def test_each_has_their_orders_again(self, sim, orders, tmp_path):
        number = merge_by_hand(sim, ANNA, ANN).edit
        sim.settle()
        assert f"parted {ANN} from {ANNA}" == undo(sim, number).words
        sim.settle()
        assert {f"g:{ANNA}": orders[:2], f"g:{ANN}": orders[2:]} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")
        assert [set(), {"Buyer"}, {"Buyer"}] == [sim.tags(order) for order in orders]

    def test_nothing_starts_a_second_time(self, sim, orders):
        number = merge_by_hand(sim, ANNA, ANN).edit
        sim.settle()
        orders.append(sim.place_order(email=ANN, status="processing"))
        days_pass(sim, 2)
        undo(sim, number)
        days_pass(sim, 7)
        for order in orders:
            notes = sim.notes(order)
            assert (1, 1) == (notes.count(f"paid {order}"), notes.count(f"later {order}"))
        assert 2 == len(sim.coupons())
        assert 1 == sum(sim.notes(order).count("big") for order in orders)

    def test_runs_and_notes_go_back_to_whom_they_came_from(self, sim, orders):
        with sim.db.transaction() as tx:
            add_note(tx, SHOP, person(tx, f"g:{ANN}"), "tea", EditedBy("maria", sim.now))
        before = [(run.event, run.state) for run in sim.runs(f"g:{ANN}") if run.workflow == "paid"]
        number = merge_by_hand(sim, ANNA, ANN).edit
        undo(sim, number)
        after = {(run.event, run.state): run.workflow for run in sim.runs(f"g:{ANN}")}
        assert [(f"order {orders[2]} paid", "waiting")] == before
        assert {before[0]: "paid", ("first order", "skipped"): "welcome"} == after
        with sim.db.reading() as tx:
            noted = load_notes(tx, SHOP, [person(tx, f"g:{ANN}")])
        assert ["tea"] == [each.text for each in noted]

    def test_a_later_merge_stays(self, sim, orders, tmp_path):
        orders.append(sim.place_order(email="a@example.com"))
        sim.settle()
        number = merge_by_hand(sim, ANNA, ANN).edit
        merge_by_hand(sim, "a@example.com", ANN)
        sim.settle()
        undo(sim, number)
        sim.settle()
        assert {"g:a@example.com": [*orders[:2], orders[3]], f"g:{ANN}": [orders[2]]} == people(sim)
        assert people(sim) == fresh_import(sim, tmp_path / "new")

    def test_a_guest_parts_from_an_account_that_was_deleted_since(self, sim, orders, tmp_path):
        account = sim.register("c@example.com")
        sim.settle()
        number = merge_by_hand(sim, "c@example.com", ANN).edit
        sim.settle()
        sim.sandbox.delete_customer(account, now=sim.now)
        days_pass(sim, 3)
        sim.nightly()
        sim.settle()
        undo(sim, number)
        sim.settle()
        assert {f"g:{ANNA}": orders[:2], f"g:{ANN}": orders[2:]} == people(sim)

    def test_it_is_undone_once(self, sim, orders):
        number = merge_by_hand(sim, ANNA, ANN).edit
        undo(sim, number)
        with pytest.raises(UsageError, match="undone already"):
            undo(sim, number)
