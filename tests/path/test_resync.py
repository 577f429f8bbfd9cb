"""A resync makes the mirror what the shop is, and forgets nothing of what was done there."""

import shutil
from copy import copy, deepcopy

import pytest
from sqlalchemy import delete, insert, select, update

from tests.databases.sample_store import build_sample_store
from tests.malformed import LONG_TEXT, refusing
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
DONE = {
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
"""What wcflow remembers of people and of what it did, as far as the time of day plays no part."""


@pytest.fixture(scope="module")
def past_store(tmp_path_factory):
    """A shop that was served for a while; all that was decided has been written."""
    made = build_sample_store(tmp_path_factory.mktemp("past"))
    made.settle()
    made.db.close()
    return made


@pytest.fixture
def sim(past_store, tmp_path):
    """That shop and that database, for one test."""
    made = copy(past_store)
    made.sandbox = deepcopy(past_store.sandbox)
    made.faults = Faults(made.sandbox)
    shutil.copy(past_store.folder / "wcflow.sqlite3", tmp_path)
    made.database_url = f"sqlite:///{tmp_path}/wcflow.sqlite3"
    made.db = open_database(made.database_url)
    yield made
    made.db.close()


def saved_state(sim):
    """Give all that must outlive a resync, and the history of orders."""
    with sim.db.reading() as tx:
        kept = {model: _rows(tx, model, names) for model, names in DONE.items()}
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


def test_a_mirror_that_is_right_stays_as_it_is(sim):
    """All is read, nothing is news, everybody is judged again, and not one write follows."""
    before = saved_state(sim)
    sim.advance(minutes=3)
    found = resync(sim)
    walked = sim.run_pass(accept=False)

    assert (0, 0, 0, 0) == pulled_counts(found)
    assert (5, 0, []) == (walked.evaluated.people, walked.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


# What is spoilt: a row too many, one too few, one that is wrong, one that cannot be read.
EXTRA, MISSING, WRONG, TORN = 9001, 4, 2, 5
GHOST = 77


def damage_database(sim):
    """Damage the mirror as a bad disk, a bug or a curious admin would."""
    with sim.db.transaction() as tx:
        order = dict(tx.execute(select(_O).where(_O.c.id == WRONG)).mappings().one())
        stranger = {"id": EXTRA, "email": "nobody@example.com", "customer_id": 0}
        tx.execute(insert(_O).values(order | stranger))
        tx.execute(delete(_O).where(_O.c.id == MISSING))
        tx.execute(update(_O).where(_O.c.id == WRONG).values(total=99, status="pending"))
        tx.execute(update(_O).where(_O.c.id == TORN).values(detail='{"billing":'))
        customer = dict(tx.execute(select(_C).where(_C.c.id == 1)).mappings().one())
        tx.execute(insert(_C).values(customer | {"id": GHOST, "email": "ghost@example.com"}))
        tx.execute(update(_C).where(_C.c.id == 1).values(first_name="Hanna", detail="?"))
        tx.execute(delete(_C).where(_C.c.id == 2))


def assert_database_correct(sim):
    """Hold the mirror against the shop, row by row."""
    with sim.db.reading() as tx:
        orders = tx.execute(select(_O.c.id, _O.c.status, _O.c.total)).all()
        customers = tx.execute(select(_C.c.id, _C.c.email, _C.c.first_name)).all()
        assert ([], []) == (
            load_unconfirmed(tx, "shop", ORDER),
            load_unconfirmed(tx, "shop", CUSTOMER),
        )
        assert [] == list(find_row_problems(tx, "shop", sim.now))
    told = [sim.sandbox.order(each) for each in sim.sandbox.order_ids()]
    cents = [(each["id"], each["status"], round(float(each["total"]) * 100)) for each in told]
    known = [sim.sandbox.customer(each) for each in sim.sandbox.customer_ids()]
    accounts = [(each["id"], each["email"], each["first_name"]) for each in known]
    assert (sorted(cents), sorted(accounts)) == (
        sorted(map(tuple, orders)),
        sorted(map(tuple, customers)),
    )


def test_what_is_wrong_comes_right_and_nothing_is_done_again(sim):
    """Rows too many, too few, wrong and torn; what was done for people stays as it was."""
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    found = resync(sim)
    walked = sim.run_pass(accept=False)

    assert_database_correct(sim)
    # Three orders and two customers say something new; an order and a customer are gone.
    assert (3, 2, 0, 2) == pulled_counts(found)
    assert (0, []) == (walked.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


def test_it_is_so_in_a_database_of_each_kind(tmp_path, database_url):
    sim = build_sample_store(tmp_path, database_url)
    sim.settle()
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    resync(sim)
    sim.run_pass(accept=False)

    assert_database_correct(sim)
    assert (before, []) == (saved_state(sim), sim.writes)
    sim.db.close()


@pytest.mark.parametrize("steps", [*range(0, 150, 7), 200, 300])
def test_one_that_dies_anywhere_is_finished_by_the_next_walk(sim, steps):
    """It is given once; if it had begun, whoever walks next ends it, else it is given again."""
    before = saved_state(sim)
    damage_database(sim)
    sim.advance(minutes=3)
    with pytest.raises(ProcessKilled), sim.crash_after(steps) as context:
        maintenance.resync(context)
        raise ProcessKilled
    sim.reopen_database()
    sim.advance(minutes=6)
    with sim.db.reading() as tx:
        begun = load_store_row(tx, "shop").resyncing != ""
    if not begun:
        resync(sim)
    walked = sim.run_pass(accept=False)

    assert_database_correct(sim)
    assert (0, []) == (walked.evaluated.runs, sim.writes)
    assert before == saved_state(sim)


def test_one_that_is_given_again_goes_on_where_it_was(sim):
    """What was read is neither doubted nor asked for anew: only the rest is left to read."""
    sim.faults.fail_with(times=None, only="GET /wc/v3/orders", after=2)
    with pytest.raises(StoreError):
        resync(sim)
    first = pending_resync(sim)
    sim.faults.recover()
    rest = resync(sim)
    settled = pending_resync(sim)
    whole = resync(sim)

    assert ([], True) == (first[CUSTOMER], len(first[ORDER]) > 0)
    assert {ORDER: [], CUSTOMER: []} == settled
    assert rest.requests < whole.requests - 2, "neither customers nor the outset are asked again"


def pending_resync(sim):
    with sim.db.reading() as tx:
        return {kind: load_unconfirmed(tx, "shop", kind) for kind in (ORDER, CUSTOMER)}


def test_customers_alone_are_read_anew(sim):
    """Orders keep their wrongs, and are not asked for."""
    damage_database(sim)
    with sim.context() as context:
        maintenance.resync(context, orders=False)
    with sim.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert ({1, 2}, True, False) == (customers, EXTRA in orders, MISSING in orders)


def test_orders_alone_are_read_anew(sim):
    damage_database(sim)
    with sim.context() as context:
        maintenance.resync(context, customers=False)
    with sim.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert (set(sim.sandbox.order_ids()), True) == (orders, GHOST in customers)


def test_people_who_were_lost_are_known_again(sim):
    """Who has orders or an account is a person; who has neither is in no segment."""
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


def test_a_census_that_was_never_begun_is_the_first(tmp_path):
    """On an empty database it is what the first walk would be."""
    sim = Simulation(tmp_path, "")
    sim.place_order(email="anna@example.com", days_ago=3)
    with sim.context() as context:
        sync.refresh_store_info(context)
        found = maintenance.resync(context)
    sim.db.close()

    assert (True, 1) == (found.initial_sync, found.orders)


def test_a_customer_that_the_database_refuses_does_not_stop_a_resync(sim):
    """It is quarantined, also where it registers while the resync runs."""
    late, text = max(sim.sandbox.customer_ids()) + 1, LONG_TEXT * 5
    with sim.db.transaction() as tx:
        known = dict(tx.execute(select(_C).where(_C.c.id == 1)).mappings().one())
        tx.execute(insert(_C).values(known | {"id": late, "email": "late@example.com"}))
    sim.faults.before_answer(
        lambda sandbox, now: sandbox.register("late@example.com", now=now),
        only="GET /wc/v3/products",
    )
    sim.faults.set_field("customer", late, "username", text)
    with refusing(sim.db, "customer", text):
        resync(sim)
    with sim.db.reading() as tx:
        aside = {(row.kind, row.id) for row in load_quarantine(tx, "shop")}

    assert ({("customer", late)}, []) == (aside, pending_resync(sim)[CUSTOMER])


def test_another_process_at_work_is_not_disturbed(sim):
    with sim.db.transaction() as tx:
        lease.acquire(tx, "shop", "another", sim.now)
    with pytest.raises(BusyError, match="another wcflow is working"):
        resync(sim)

    assert sim.row().initial_sync_done is not None


class TestAShopThatSeemsEmpty:
    """A plugin, a cache, a restored backup: a full mirror is not emptied by what may be a mistake."""

    @pytest.fixture
    def full(self, tmp_path):
        made = Simulation(tmp_path, "")
        for number in range(12):
            made.place_order(email=f"p{number}@example.com", days_ago=number + 1)
        made.settle()
        yield made
        made.db.close()

    def orders(self, sim):
        with sim.db.reading() as tx:
            return len(tx.execute(select(_O.c.id)).all())

    def test_it_is_held_until_an_admin_has_looked(self, full):
        for number in full.sandbox.order_ids():
            full.sandbox.delete_order(number)
        resync(full)
        held = full.hold().reason
        before = self.orders(full)
        with full.context() as context:
            maintenance.approve(context)
        full.run_pass(accept=False)

        assert held == f"{EMPTY_ANSWER_REASON}: orders: none, where 12 are known"
        assert (12, 0) == (before, self.orders(full))
