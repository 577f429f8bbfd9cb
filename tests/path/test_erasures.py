"""A deleted customer leaves nothing behind that says who they were, and nothing is done twice."""

import pytest

from tests.persons import keys, person
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.customers import erasure, notes
from wcflow.customers.erasure import Orders
from wcflow.customers.export import personal_tables
from wcflow.database import erase_person, erasures, outcomes, people
from wcflow.database.edits import EditedBy
from wcflow.database.orders import load_orders
from wcflow.errors import StoreError, UsageError
from wcflow.sandbox.auth import MANAGER

RULES = """
[tag Known]
when = orders_count >= 1

[coupon welcome]
type = percent
amount = 10

[workflow hello]
trigger = first_order
do =
    create_coupon welcome
    add_note Code {{ coupon.code }} for {{ email }}
"""
ADDRESS = {"first_name": "Anna", "last_name": "Meier", "phone": "+49 30 123", "city": "Berlin"}


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, RULES)
    simulation.register("anna@example.com", days_ago=90, first_name="Anna", billing=ADDRESS)
    simulation.register("ben@example.com", days_ago=90)
    simulation.settle()
    simulation.place_order(customer=1, billing=ADDRESS, email="anna@example.com")
    simulation.place_order(email="guest@example.com", billing={"first_name": "Gus"})
    simulation.settle()
    yield simulation
    simulation.db.close()


def erase(sim, key="c1", orders=Orders.ANONYMIZE, **by):
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        who = person(tx, key)
        return erasure.erase(tx, settings, who, EditedBy("maria", sim.now, **by), orders=orders)


def receipts(sim):
    with sim.db.reading() as tx:
        return erasures.load_erasures(tx, "shop")


def orders_of(sim):
    with sim.db.reading() as tx:
        return load_orders(tx, "shop", range(1, 5000))


def stored(sim):
    """Return everything that the database contains, as lines of text."""
    with sim.db._engine.connect() as tx:
        return [*tx.connection.driver_connection.iterdump()]


def finish(sim, passes=2):
    for _ in range(passes):
        sim.advance(minutes=1)
        sim.run_pass(approve=False)


def test_orders_stay_without_personal_data_and_the_account_is_deleted_after_them(sim):
    order = next(iter(orders_of(sim)))
    erase(sim)
    sim.run_pass(approve=False)
    there = sim.sandbox.order(order)
    assert ("deleted@site.invalid", "[deleted]", "[deleted]") == (
        there["billing"]["email"],
        there["billing"]["first_name"],
        there["billing"]["city"],
    )
    assert ("+00 00 000", 0, "100.00") == (
        there["billing"]["phone"],
        there["customer_id"],
        there["total"],
    )
    assert [] == [each for each in there["meta_data"] if each["key"].startswith("wcflow_")]
    assert ["Personal data removed."] == [each["note"] for each in sim.sandbox.notes(order)]
    assert "deleted@site.invalid" == orders_of(sim)[order].email
    assert sim.sandbox.customer(1)
    assert receipts(sim)[0].finished_at is None
    sim.run_pass(approve=False)
    assert [2] == [*sim.sandbox.customer_ids()]
    assert receipts(sim)[0].finished_at == sim.now


def test_orders_are_deleted_if_wanted(sim):
    _first, second = orders_of(sim)
    erase(sim, orders=Orders.DELETE)
    assert {second} == {*orders_of(sim)}
    finish(sim)
    assert [second] == [*sim.sandbox.order_ids()]
    assert {second} == {*orders_of(sim)}
    assert receipts(sim)[0].finished_at


def test_a_guest_is_deleted_with_their_orders_anonymized(sim):
    erase(sim, "g:guest@example.com")
    finish(sim)
    assert ["anna@example.com", "deleted@site.invalid"] == sorted(
        sim.sandbox.order(each)["billing"]["email"] for each in sim.sandbox.order_ids()
    )
    assert 2 == len(sim.sandbox.customer_ids())
    assert receipts(sim)[0].finished_at


def test_the_address_is_taken_out_of_the_coupons_that_wcflow_made(sim):
    erase(sim)
    finish(sim)
    emails = [each["email_restrictions"] for each in sim.coupons()]
    assert [["deleted@site.invalid"], ["guest@example.com"]] == sorted(emails)


def test_nothing_in_the_database_says_who_it_was(sim):
    with sim.db.transaction() as tx:
        by, who = EditedBy("maria", sim.now), person(tx, "c1")
        notes.add_note(tx, "shop", who, "Anna Meier likes tea", by)
    erase(sim)
    finish(sim)
    sim.nightly()
    with sim.db.reading() as tx:
        assert None is people.find_person(tx, "shop", "anna@example.com")
    words = ("anna", "Anna", "likes tea", "30 123")
    assert [] == [line for line in stored(sim) if any(word in line for word in words)]


def problems(sim):
    return [*examine(sim.db, sim.config, sim.now).problems]


def test_whoever_comes_back_is_a_new_person_for_whom_nothing_is_done_again(sim):
    codes = sim.sandbox.coupon_codes()
    with sim.db.reading() as tx:
        before = person(tx, "c1")
    erase(sim)
    finish(sim)
    sim.register("anna@example.com", first_name="Anna")
    order = sim.place_order(customer=3, email="anna@example.com")
    finish(sim, 3)
    with sim.db.reading() as tx:
        after = person(tx, "c3")
    assert after not in (None, before)
    assert codes == sim.sandbox.coupon_codes()
    assert [] == sim.notes(order)
    assert ["skipped"] == [run.state for run in sim.runs("c3")]


def test_a_guest_who_comes_back_gets_no_second_coupon(sim):
    codes = sim.sandbox.coupon_codes()
    erase(sim, "g:guest@example.com")
    finish(sim)
    sim.place_order(email="guest@example.com")
    finish(sim, 3)
    assert codes == sim.sandbox.coupon_codes()


def test_what_waits_is_cancelled_and_nothing_is_sent_after_the_request(tmp_path):
    rules = "[workflow later]\ntrigger = first_order\ndo =\n    add_note Now\n    wait 2d\n    add_note Later\n"
    sim = Simulation(tmp_path, rules + "\n[tag Known]\nwhen = orders_count >= 1\n")
    sim.run_pass()
    order = sim.place_order(email="anna@example.com")
    sim.run_pass(write=False)
    assert ["waiting"] == [run.state for run in sim.runs("g:anna@example.com")]
    erase(sim, "g:anna@example.com")
    for _ in range(4):
        sim.advance(days=1)
        sim.run_pass()
    assert ["Personal data removed."] == [each["note"] for each in sim.sandbox.notes(order)]
    assert set() == sim.tags(order)
    states = {each.kind: each.state for each in sim.outbox()}
    done = {"tags_order": "cancelled", "note": "cancelled", "anonymize_order": "done"}
    assert done == states
    assert ["deleted with the customer"] == [
        each.outcome for each in sim.outbox(kinds=["note"]) if each.is_erased
    ]


def test_until_it_is_finished_the_addresses_belong_to_no_one(sim):
    sim.faults.fail_with(status=400, only="PUT /wc/v3/orders/*")
    erase(sim)
    sim.place_order(customer=1, email="anna@example.com")
    for _ in range(2):
        finish(sim)
        sim.nightly()
        with sim.db.reading() as tx:
            assert {"c2", "g:guest@example.com"} == {*keys(tx).values()}
    assert receipts(sim)[0].finished_at is None
    assert sim.sandbox.customer(1)
    sim.faults.recover()
    with sim.db.transaction() as tx:
        failed = [each.id for each in sim.outbox(states=("failed",))]
        assert 1 == outcomes.retry(tx, failed, sim.now).changed
    finish(sim, 3)
    assert receipts(sim)[0].finished_at


def test_an_order_that_was_placed_just_before_is_anonymized_as_well(sim):
    orders = [sim.place_order(customer=1, email="anna@example.com", billing=ADDRESS)]
    erase(sim)
    sim.advance(seconds=5)
    finish(sim, 4)
    emails = {each: sim.sandbox.order(each)["billing"]["email"] for each in orders}
    assert dict.fromkeys(orders, "deleted@site.invalid") == emails
    assert receipts(sim)[0].finished_at


def test_an_order_that_is_placed_after_the_request_keeps_its_address(sim):
    erase(sim, "g:guest@example.com")
    sim.advance(minutes=1)
    order = sim.place_order(email="guest@example.com")
    finish(sim, 3)
    assert "guest@example.com" == sim.sandbox.order(order)["billing"]["email"]
    with sim.db.reading() as tx:
        assert person(tx, "g:guest@example.com")


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_lost_response_delays_it_and_nothing_is_lost(sim, took_effect):
    erase(sim)
    for what in ("PUT /wc/v3/orders/*", "DELETE /wc/v3/*"):
        sim.faults.time_out(effect=took_effect, only=what)
        with pytest.raises(StoreError):
            finish(sim)
        sim.faults.recover()
        sim.advance(minutes=11)
    finish(sim, 4)
    assert receipts(sim)[0].finished_at
    assert [2] == sim.sandbox.customer_ids()


def test_it_needs_no_approval_even_if_the_changes_of_the_store_are_held(tmp_path):
    sim = Simulation(tmp_path, "[tag All]\nwhen = is_registered\n", wcflow="max_writes = 1")
    for name in ("anna", "ben", "cleo"):
        sim.register(f"{name}@example.com", days_ago=9)
    sim.run_pass(approve=False)
    assert sim.hold().reason
    erase(sim)
    finish(sim)
    assert [2, 3] == sim.sandbox.customer_ids()


def test_an_account_of_the_team_is_never_deleted(sim):
    sim.sandbox.edit_customer(2, now=sim.now, role="shop_manager")
    sim.advance(days=1)
    sim.run_pass()
    with pytest.raises(UsageError, match="wcflow deletes only customers"):
        erase(sim, "c2")


def test_a_key_that_cannot_delete_accounts_leaves_the_account_to_an_administrator(tmp_path):
    sim = Simulation(tmp_path, "", key=MANAGER)
    sim.register("anna@example.com", days_ago=9)
    sim.run_pass()
    erase(sim)
    finish(sim)
    (entry,) = sim.outbox(states=("failed",))
    assert "delete customer 1 under Users in WordPress" in entry.outcome
    sim.sandbox.delete_customer(1, now=sim.now)
    with sim.db.transaction() as tx:
        outcomes.retry(tx, [entry.id], sim.now)
    finish(sim)
    assert receipts(sim)[0].finished_at


def test_erased_changes_cannot_be_tried_again(sim):
    erase(sim)
    finish(sim)
    with sim.db.transaction() as tx:
        ids = [each.id for each in sim.outbox() if each.is_erased]
        assert ids
        assert 0 == outcomes.retry(tx, ids, sim.now).changed


def test_the_database_stays_consistent(sim):
    erase(sim)
    assert [] == problems(sim)
    finish(sim, 1)
    assert [] == problems(sim)
    finish(sim, 2)
    assert [] == problems(sim)


def test_every_table_with_rows_of_people_is_emptied_or_keeps_only_keys(sim):
    """A new table has to be named in ``erase_person``, or here if it says nothing about anyone."""
    kept = {"run", "outbox", "edit", "pool_code", "erasure", "erased_identity", "identity"}
    kept.add("companion_request")
    deleted = {table.name for table in erase_person._DELETED.values()}
    assert {each.name for each in personal_tables()} == kept | deleted


def test_a_customer_is_deleted_on_both_kinds_of_database(tmp_path, database_url):
    sim = Simulation(tmp_path, RULES, database=database_url)
    sim.run_pass()
    sim.register("anna@example.com", first_name="Anna")
    first = sim.place_order(customer=1, billing=ADDRESS)
    sim.settle()
    erase(sim)
    finish(sim)
    assert receipts(sim)[0].finished_at
    assert ("deleted@site.invalid", []) == (
        sim.sandbox.order(first)["billing"]["email"],
        sim.sandbox.customer_ids(),
    )
    sim.place_order(email="anna@example.com")
    finish(sim)
    assert ["skipped"] == [run.state for run in sim.runs("g:anna@example.com")]
    assert [] == problems(sim)
    sim.db.close()
