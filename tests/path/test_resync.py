"""A resync makes the database equal to the store, and keeps all runs, tags and outbox entries."""

import shutil
from copy import copy, deepcopy

import pytest
from sqlalchemy import delete, insert, select, update

from tests.databases.sample_store import build_sample_store
from tests.malformed import LONG_TEXT, reject_rows_with
from tests.persons import keys
from tests.simulation import ProcessKilled, Simulation
from wcflow import maintenance, sync
from wcflow.database import lease
from wcflow.database.connection import open_database
from wcflow.database.consistency import find_row_problems
from wcflow.database.quarantine import load_quarantine
from wcflow.database.sql import table_of
from wcflow.database.stores import EMPTY_ANSWER_REASON, load_store_row
from wcflow.database.tables import (
    CustomerRow,
    MembershipRow,
    OrderRow,
    OutboxRow,
    PersonRow,
    RunRow,
)
from wcflow.database.unconfirmed import CUSTOMER, ORDER, load_unconfirmed
from wcflow.errors import BusyError, StoreError
from wcflow.sandbox.faults import Faults

_O, _C = table_of(OrderRow), table_of(CustomerRow)
_P, _M = table_of(PersonRow), table_of(MembershipRow)
KEPT = {
    RunRow: ("id", "workflow", "person", "event", "state", "path", "due_at", "variables"),
    OutboxRow: ("id", "rule", "person", "event", "step", "state", "payload", "finished_at"),
    PersonRow: (
        "id",
        "email",
        "added_by_hand",
        "removed_by_hand",
        "added_by_workflows",
        "kept_forever",
        "current_tags",
        "matching_workflows",
        "written_to_customer",
        "written_to_order",
        "written_order_id",
    ),
    MembershipRow: ("person", "segment", "since"),
}
"""The columns that a resync must not change: all but those that depend on the time of day."""


@pytest.fixture(scope="module")
def past_store(tmp_path_factory):
    """A store that has been synced for a while, without waiting writes."""
    simulation = build_sample_store(tmp_path_factory.mktemp("past"))
    simulation.settle()
    simulation.db.close()
    return simulation


@pytest.fixture
def sim(past_store, tmp_path):
    """A copy of that store and its database, for one test."""
    simulation = copy(past_store)
    simulation.sandbox = deepcopy(past_store.sandbox)
    simulation.faults = Faults(simulation.sandbox)
    shutil.copy(past_store.folder / "wcflow.sqlite3", tmp_path)
    simulation.database_url = f"sqlite:///{tmp_path}/wcflow.sqlite3"
    simulation.db = open_database(simulation.database_url)
    yield simulation
    simulation.db.close()


def saved_state(sim):
    """Return everything that a resync must keep, and the history of orders."""
    with sim.db.reading() as tx:
        kept = {model: _rows(tx, model, names) for model, names in KEPT.items()}
        return kept, dict(map(tuple, tx.execute(select(_O.c.id, _O.c.history))))


def _rows(tx, model, names):
    query = select(*(table_of(model).c[name] for name in names))
    return sorted(
        map(tuple, tx.execute(query.where(_P.c.present) if model is PersonRow else query))
    )


def resync(sim, **which):
    with sim.context() as context:
        return maintenance.resync(context, **which)


def pulled_counts(polled):
    return polled.orders, polled.customers, polled.products, polled.deleted


def test_a_resync_of_a_correct_database_changes_nothing(sim):
    """Everybody is evaluated again, without a write."""
    before = saved_state(sim)
    sim.advance(minutes=3)
    found = resync(sim)
    result = sim.run_pass(approve=False)

    assert (0, 0, 0, 0) == pulled_counts(found)
    assert (5, 0, []) == (result.evaluated.people, result.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


# Orders that do not exist, are missing, are wrong, cannot be read; and an account that does not exist.
EXTRA, MISSING, WRONG, UNREADABLE = 9001, 4, 2, 5
EXTRA_CUSTOMER = 77


def damage_database(sim):
    """Damage the database like a bad disk, a bug or a curious admin."""
    with sim.db.transaction() as tx:
        order = dict(tx.execute(select(_O).where(_O.c.id == WRONG)).mappings().one())
        changes = {"id": EXTRA, "email": "nobody@example.com", "customer_id": 0}
        tx.execute(insert(_O).values(order | changes))
        tx.execute(delete(_O).where(_O.c.id == MISSING))
        tx.execute(update(_O).where(_O.c.id == WRONG).values(total=99, status="pending"))
        tx.execute(update(_O).where(_O.c.id == UNREADABLE).values(detail='{"billing":'))
        customer = dict(tx.execute(select(_C).where(_C.c.id == 1)).mappings().one())
        tx.execute(
            insert(_C).values(customer | {"id": EXTRA_CUSTOMER, "email": "ghost@example.com"})
        )
        tx.execute(update(_C).where(_C.c.id == 1).values(first_name="Hanna", detail="?"))
        tx.execute(delete(_C).where(_C.c.id == 2))


def assert_database_correct(sim):
    """Compare the database with the store, row by row."""
    with sim.db.reading() as tx:
        orders = tx.execute(select(_O.c.id, _O.c.status, _O.c.total)).all()
        customers = tx.execute(select(_C.c.id, _C.c.email, _C.c.first_name)).all()
        assert ([], []) == (
            load_unconfirmed(tx, "shop", ORDER),
            load_unconfirmed(tx, "shop", CUSTOMER),
        )
        assert [] == list(find_row_problems(tx, "shop", sim.now))
    placed = [sim.sandbox.order(each) for each in sim.sandbox.order_ids()]
    expected = [(each["id"], each["status"], round(float(each["total"]) * 100)) for each in placed]
    accounts = [sim.sandbox.customer(each) for each in sim.sandbox.customer_ids()]
    expected_customers = [(each["id"], each["email"], each["first_name"]) for each in accounts]
    assert (sorted(expected), sorted(expected_customers)) == (
        sorted(map(tuple, orders)),
        sorted(map(tuple, customers)),
    )


def test_a_resync_repairs_a_damaged_database_and_repeats_no_action(sim):
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    found = resync(sim)
    result = sim.run_pass(approve=False)

    assert_database_correct(sim)
    # Three orders and two customers are repaired; an order and a customer are removed.
    assert (3, 2, 0, 2) == pulled_counts(found)
    assert (0, []) == (result.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


def test_a_resync_repairs_sqlite_and_postgresql(tmp_path, database_url):
    sim = build_sample_store(tmp_path, database_url)
    sim.settle()
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    resync(sim)
    sim.run_pass(approve=False)

    assert_database_correct(sim)
    assert (before, []) == (saved_state(sim), sim.writes)
    sim.db.close()


@pytest.mark.parametrize("steps", [*range(0, 150, 7), 200, 300])
def test_the_next_sync_finishes_a_resync_that_crashed(sim, steps):
    """If the crash came before the resync began, the admin runs it again."""
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    with pytest.raises(ProcessKilled), sim.crash_after(steps) as context:
        maintenance.resync(context)
        raise ProcessKilled
    sim.reopen_database()
    sim.advance(minutes=6)
    with sim.db.reading() as tx:
        started = load_store_row(tx, "shop").resyncing != ""
    if not started:
        resync(sim)
    result = sim.run_pass(approve=False)

    assert_database_correct(sim)
    assert (0, []) == (result.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


def test_a_repeated_resync_continues_where_the_first_one_failed(sim):
    sim.faults.fail_with(times=None, only="GET /wc/v3/orders", after=2)
    with pytest.raises(StoreError):
        resync(sim)
    first = pending_resync(sim)
    sim.faults.recover()
    second = resync(sim)
    after = pending_resync(sim)
    complete = resync(sim)

    assert ([], True) == (first[CUSTOMER], len(first[ORDER]) > 0)
    assert {ORDER: [], CUSTOMER: []} == after
    assert second.requests < complete.requests - 2, "the customers are requested again"


def pending_resync(sim):
    """Return the ids that the resync has not read yet."""
    with sim.db.reading() as tx:
        return {kind: load_unconfirmed(tx, "shop", kind) for kind in (ORDER, CUSTOMER)}


def test_a_resync_of_customers_leaves_orders_as_they_are(sim):
    damage_database(sim)
    with sim.context() as context:
        maintenance.resync(context, orders=False)
    with sim.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert ({1, 2}, True, False) == (customers, EXTRA in orders, MISSING in orders)


def test_a_resync_of_orders_leaves_customers_as_they_are(sim):
    damage_database(sim)
    with sim.context() as context:
        maintenance.resync(context, customers=False)
    with sim.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert (set(sim.sandbox.order_ids()), True) == (orders, EXTRA_CUSTOMER in customers)


def test_a_resync_restores_people_and_removes_memberships_without_a_person(sim):
    with sim.db.transaction() as tx:
        tx.execute(delete(_P))
        tx.execute(insert(_M).values(store="shop", person=99, segment="VIP", since=1))
    sim.advance(minutes=3)
    resync(sim)
    with sim.db.reading() as tx:
        assert 99 not in set(tx.scalars(select(_M.c.person)))
        assert {
            "c1",
            "c2",
            "g:ben@example.com",
            "g:cara@example.com",
            "g:emil@example.com",
        } == set(keys(tx).values())


def test_a_resync_of_an_empty_database_is_an_initial_sync(tmp_path):
    sim = Simulation(tmp_path, "")
    sim.place_order(email="anna@example.com", days_ago=3)
    with sim.context() as context:
        sync.refresh_store_info(context)
        found = maintenance.resync(context)
    sim.db.close()

    assert (True, 1) == (found.initial_sync, found.orders)


def test_a_customer_whom_the_database_rejects_is_quarantined_by_a_resync(sim):
    """This customer registers while the resync runs."""
    late, text = max(sim.sandbox.customer_ids()) + 1, LONG_TEXT * 5
    with sim.db.transaction() as tx:
        known = dict(tx.execute(select(_C).where(_C.c.id == 1)).mappings().one())
        tx.execute(insert(_C).values(known | {"id": late, "email": "late@example.com"}))
    sim.faults.before_answer(
        lambda sandbox, now: sandbox.register("late@example.com", now=now),
        only="GET /wc/v3/products",
    )
    sim.faults.set_field("customer", late, "username", text)
    with reject_rows_with(sim.db, "customer", text):
        resync(sim)
    with sim.db.reading() as tx:
        quarantined = {(row.kind, row.id) for row in load_quarantine(tx, "shop")}

    assert ({("customer", late)}, []) == (quarantined, pending_resync(sim)[CUSTOMER])


def test_a_resync_does_not_start_while_another_process_works(sim):
    with sim.db.transaction() as tx:
        lease.acquire(tx, "shop", "another", sim.now)
    with pytest.raises(BusyError, match="another wcflow is working"):
        resync(sim)

    assert sim.row().initial_sync_done is not None


class TestEmptyStores:
    """A resync does not empty a full database: a plugin, a cache or a restored backup can be wrong."""

    @pytest.fixture
    def full(self, tmp_path):
        simulation = Simulation(tmp_path, "")
        for number in range(12):
            simulation.place_order(email=f"p{number}@example.com", days_ago=number + 1)
        simulation.settle()
        yield simulation
        simulation.db.close()

    def count_orders(self, sim):
        with sim.db.reading() as tx:
            return len(tx.execute(select(_O.c.id)).all())

    def test_the_deletion_of_all_orders_waits_for_approval(self, full):
        for number in full.sandbox.order_ids():
            full.sandbox.delete_order(number)
        resync(full)
        held = full.hold().reason
        before = self.count_orders(full)
        with full.context() as context:
            maintenance.approve(context)
        full.run_pass(approve=False)

        assert held == f"{EMPTY_ANSWER_REASON}: orders: none, where 12 are known"
        assert (12, 0) == (before, self.count_orders(full))
