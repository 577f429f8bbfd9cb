"""A resync makes the mirror what the shop is, and forgets nothing of what was done there."""

import shutil
from copy import copy, deepcopy

import pytest
from sqlalchemy import delete, insert, select, update

from tests.databases.life import lived
from tests.persons import keys
from tests.spoilt import LONG, refusing
from tests.world import Died, World
from wcflow import sync
from wcflow.database import lease
from wcflow.database.connection import open_database
from wcflow.database.contradictions import in_store
from wcflow.database.quarantine import quarantined_rows
from wcflow.database.resync import CUSTOMER, ORDER, doubted
from wcflow.database.sql import table_of
from wcflow.database.stores import EMPTY_ANSWER, setting
from wcflow.database.tables import (
    CustomerRow,
    MembershipRow,
    OrderRow,
    OutboxRow,
    PersonRow,
    RunRow,
)
from wcflow.errors import BusyError, StoreError
from wcflow.sandbox.faults import Faults

_O, _C = table_of(OrderRow), table_of(CustomerRow)
_P, _M = table_of(PersonRow), table_of(MembershipRow)
DONE = {
    RunRow: ("id", "workflow", "person", "occurrence", "state", "step", "due_at", "memory"),
    OutboxRow: ("id", "rule", "person", "occurrence", "step", "state", "payload", "done_at"),
    PersonRow: (
        "id",
        "email",
        "by_hand",
        "refused",
        "granted",
        "kept",
        "worn",
        "matched",
        "written_customer",
        "written_order",
        "written_order_id",
    ),
    MembershipRow: ("person", "segment", "since"),
}
"""What wcflow remembers of people and of what it did, as far as the time of day plays no part."""


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A shop that was served for a while; all that was decided has been written."""
    made = lived(tmp_path_factory.mktemp("past"))
    made.settle()
    made.db.close()
    return made


@pytest.fixture
def world(past, tmp_path):
    """That shop and that database, for one test."""
    made = copy(past)
    made.shop = deepcopy(past.shop)
    made.faults = Faults(made.shop)
    shutil.copy(past.folder / "wcflow.sqlite3", tmp_path)
    made.database_url = f"sqlite:///{tmp_path}/wcflow.sqlite3"
    made.db = open_database(made.database_url)
    yield made
    made.db.close()


def remembered(world):
    """Give all that must outlive a resync, and the history of orders."""
    with world.db.reading() as tx:
        kept = {model: _rows(tx, model, names) for model, names in DONE.items()}
        return kept, dict(map(tuple, tx.execute(select(_O.c.id, _O.c.history))))


def _rows(tx, model, names):
    query = select(*(table_of(model).c[name] for name in names))
    return sorted(
        map(tuple, tx.execute(query.where(_P.c.present) if model is PersonRow else query))
    )


def anew(world, **which):
    with world.line() as line:
        return sync.resync(line, **which)


def counts(polled):
    return polled.orders, polled.customers, polled.products, polled.deleted


def test_a_mirror_that_is_right_stays_as_it_is(world):
    """All is read, nothing is news, everybody is judged again, and not one write follows."""
    before = remembered(world)
    world.pass_(minutes=3)
    found = anew(world)
    walked = world.walk(accept=False)

    assert (0, 0, 0, 0) == counts(found)
    assert (5, 0, []) == (walked.evaluated.people, walked.evaluated.runs, world.writes)
    assert before == remembered(world)


# What is spoilt: a row too many, one too few, one that is wrong, one that cannot be read.
EXTRA, MISSING, WRONG, TORN = 9001, 4, 2, 5
GHOST = 77


def spoil(world):
    """Damage the mirror as a bad disk, a bug or a curious admin would."""
    with world.db.transaction() as tx:
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


def is_right(world):
    """Hold the mirror against the shop, row by row."""
    with world.db.reading() as tx:
        orders = tx.execute(select(_O.c.id, _O.c.status, _O.c.total)).all()
        customers = tx.execute(select(_C.c.id, _C.c.email, _C.c.first_name)).all()
        assert ([], []) == (doubted(tx, "shop", ORDER), doubted(tx, "shop", CUSTOMER))
        assert [] == list(in_store(tx, "shop", world.now))
    told = [world.shop.order(each) for each in world.shop.order_ids()]
    cents = [(each["id"], each["status"], round(float(each["total"]) * 100)) for each in told]
    known = [world.shop.customer(each) for each in world.shop.customer_ids()]
    accounts = [(each["id"], each["email"], each["first_name"]) for each in known]
    assert (sorted(cents), sorted(accounts)) == (
        sorted(map(tuple, orders)),
        sorted(map(tuple, customers)),
    )


def test_what_is_wrong_comes_right_and_nothing_is_done_again(world):
    """Rows too many, too few, wrong and torn; what was done for people stays as it was."""
    before = remembered(world)
    spoil(world)
    world.pass_(minutes=3)
    found = anew(world)
    walked = world.walk(accept=False)

    is_right(world)
    # Three orders and two customers say something new; an order and a customer are gone.
    assert (3, 2, 0, 2) == counts(found)
    assert (0, []) == (walked.evaluated.runs, world.writes)
    assert before == remembered(world)


def test_it_is_so_in_a_database_of_each_kind(tmp_path, database_url):
    world = lived(tmp_path, database_url)
    world.settle()
    before = remembered(world)
    spoil(world)
    world.pass_(minutes=3)
    anew(world)
    world.walk(accept=False)

    is_right(world)
    assert (before, []) == (remembered(world), world.writes)
    world.db.close()


@pytest.mark.parametrize("steps", [*range(0, 150, 7), 200, 300])
def test_one_that_dies_anywhere_is_finished_by_the_next_walk(world, steps):
    """It is given once; if it had begun, whoever walks next ends it, else it is given again."""
    before = remembered(world)
    spoil(world)
    world.pass_(minutes=3)
    with pytest.raises(Died), world.mortal(steps) as line:
        sync.resync(line)
        raise Died
    world.die()
    world.pass_(minutes=6)
    with world.db.reading() as tx:
        begun = setting(tx, "resync shop") is not None
    if not begun:
        anew(world)
    walked = world.walk(accept=False)

    is_right(world)
    assert (0, []) == (walked.evaluated.runs, world.writes)
    assert before == remembered(world)


def test_one_that_is_given_again_goes_on_where_it_was(world):
    """What was read is neither doubted nor asked for anew: only the rest is left to read."""
    world.faults.fail_with(times=None, only="GET /wc/v3/orders", after=2)
    with pytest.raises(StoreError):
        anew(world)
    first = doubts(world)
    world.faults.recover()
    rest = anew(world)
    settled = doubts(world)
    whole = anew(world)

    assert ([], True) == (first[CUSTOMER], len(first[ORDER]) > 0)
    assert {ORDER: [], CUSTOMER: []} == settled
    assert rest.requests < whole.requests - 2, "neither customers nor the outset are asked again"


def doubts(world):
    with world.db.reading() as tx:
        return {kind: doubted(tx, "shop", kind) for kind in (ORDER, CUSTOMER)}


def test_customers_alone_are_read_anew(world):
    """Orders keep their wrongs, and are not asked for."""
    spoil(world)
    with world.line() as line:
        sync.resync(line, orders=False)
    with world.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert ({1, 2}, True, False) == (customers, EXTRA in orders, MISSING in orders)


def test_orders_alone_are_read_anew(world):
    spoil(world)
    with world.line() as line:
        sync.resync(line, customers=False)
    with world.db.reading() as tx:
        orders = set(tx.scalars(select(_O.c.id)))
        customers = set(tx.scalars(select(_C.c.id)))

    assert (set(world.shop.order_ids()), True) == (orders, GHOST in customers)


def test_people_who_were_lost_are_known_again(world):
    """Who has orders or an account is a person; who has neither is in no segment."""
    with world.db.transaction() as tx:
        tx.execute(delete(_P))
        tx.execute(insert(_M).values(store="shop", person=99, segment="VIP", since=1))
    world.pass_(minutes=3)
    anew(world)
    with world.db.reading() as tx:
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
    world = World(tmp_path, "")
    world.buys(email="anna@example.com", days_ago=3)
    with world.line() as line:
        sync.refresh_store_info(line)
        found = sync.resync(line)
    world.db.close()

    assert (True, 1) == (found.initial_sync, found.orders)


def test_a_customer_that_the_database_refuses_does_not_stop_a_resync(world):
    """It is quarantined, also where it registers while the resync runs."""
    late, text = max(world.shop.customer_ids()) + 1, LONG * 5
    with world.db.transaction() as tx:
        known = dict(tx.execute(select(_C).where(_C.c.id == 1)).mappings().one())
        tx.execute(insert(_C).values(known | {"id": late, "email": "late@example.com"}))
    world.faults.before_answer(
        lambda shop, now: shop.register("late@example.com", now=now), only="GET /wc/v3/products"
    )
    world.faults.set_field("customer", late, "username", text)
    with refusing(world.db, "customer", text):
        anew(world)
    with world.db.reading() as tx:
        aside = {(row.kind, row.id) for row in quarantined_rows(tx, "shop")}

    assert ({("customer", late)}, []) == (aside, doubts(world)[CUSTOMER])


def test_another_process_at_work_is_not_disturbed(world):
    with world.db.transaction() as tx:
        lease.take(tx, "shop", "another", world.now)
    with pytest.raises(BusyError, match="another wcflow is working"):
        anew(world)

    assert world.row().census_done is not None


class TestAShopThatSeemsEmpty:
    """A plugin, a cache, a restored backup: a full mirror is not emptied by what may be a mistake."""

    @pytest.fixture
    def full(self, tmp_path):
        made = World(tmp_path, "")
        for number in range(12):
            made.buys(email=f"p{number}@example.com", days_ago=number + 1)
        made.settle()
        yield made
        made.db.close()

    def orders(self, world):
        with world.db.reading() as tx:
            return len(tx.execute(select(_O.c.id)).all())

    def test_it_is_held_until_an_admin_has_looked(self, full):
        for number in full.shop.order_ids():
            full.shop.delete_order(number)
        anew(full)
        held = full.row().held
        before = self.orders(full)
        with full.line() as line:
            sync.approve(line)
        full.walk(accept=False)

        assert held == f"{EMPTY_ANSWER}: orders: none, where 12 are known"
        assert (12, 0) == (before, self.orders(full))
