"""What the companion plugin reports starts workflows: views, searches, carts, log-ins."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.persons import person
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.customers import erasure
from wcflow.customers.erasure import Orders
from wcflow.database.edits import EditedBy
from wcflow.database.events import load_events
from wcflow.database.people import count_people, find_person
from wcflow.database.sql import table_of
from wcflow.database.tables import EventRow
from wcflow.poll.companion_events import poll_events

RULES = """
[workflow look]
trigger = product_viewed 2 times within 7d
do = add_note Still looking?

[workflow recover]
trigger = cart_abandoned after 1h
do = create_task Call about the cart of {{ email }}
"""
CART = [{"product_id": 1, "name": "Wallet", "quantity": 2}]


@pytest.fixture
def sim(tmp_path):
    """A store with the plugin, an account with an order, and a guest with one."""
    sim = Simulation(tmp_path, RULES, plugins=("companion",))
    sim.anna = sim.register("anna@example.com", days_ago=30)
    sim.order = sim.place_order(customer=sim.anna, days_ago=20)
    sim.place_order(email="gina@example.com", days_ago=20)
    sim.settle()
    sim.advance(hours=1)
    sim.plugin = sim.sandbox.companion
    return sim


def pass_later(sim, **length):
    sim.advance(**(length or {"minutes": 1}))
    return sim.run_pass(check_store=False)


def events(sim, name):
    with sim.db.reading() as tx:
        found = find_person(tx, "shop", name)
        return [] if found is None else list(load_events(tx, "shop", [found]).get(found, ()))


def kinds(sim, name):
    return [each.kind for each in events(sim, name)]


def people(sim):
    with sim.db.reading() as tx:
        return count_people(tx, "shop")


def tasks(sim):
    return [each.payload["text"] for each in sim.outbox() if each.kind == "new_task"]


def test_product_views_start_a_workflow(sim):
    for _ in range(2):
        sim.plugin.view_product(sim.product, now=sim.now, customer=sim.anna)
        pass_later(sim)

    assert ["Still looking?"] == sim.notes(sim.order)
    assert {"product_id": sim.product, "name": "Wallet"} == events(sim, f"c{sim.anna}")[0].data


def test_each_kind_of_behaviour_is_saved_with_its_data(sim):
    plugin, who = sim.plugin, {"now": sim.now, "customer": sim.anna}
    plugin.view_category("Bags", **who)
    plugin.search("mug", results=0, **who)
    plugin.change_cart("k1", CART, total="200.00", **who)
    plugin.log_in(sim.anna, now=sim.now)
    pass_later(sim)

    found = {each.kind: dict(each.data) for each in events(sim, f"c{sim.anna}")}
    assert found == {
        "category_viewed": {"category": "Bags"},
        "search": {"words": "mug", "results": 0},
        "cart_updated": {"cart": "k1", "items": CART, "total": "200.00"},
        "logged_in": {},
    }


def test_a_guest_is_known_by_their_address(sim):
    sim.plugin.view_product(sim.product, now=sim.now, email="Gina@Example.com")
    pass_later(sim)

    assert ["product_viewed"] == kinds(sim, "gina@example.com")


def test_an_account_that_the_poll_does_not_know_yet_is_read(sim):
    new = sim.register("new@example.com")
    sim.plugin.log_in(new, now=sim.now)
    sim.advance(minutes=1)
    with sim.context() as context:
        with sim.db.reading() as tx:
            poll = sync.poll_context(tx, context)
        poll_events(poll)

    assert ["logged_in"] == kinds(sim, f"c{new}")


# Visitors


def test_the_cart_of_a_visitor_who_left_an_address_can_be_recovered(sim):
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    assert [] == tasks(sim)
    pass_later(sim, hours=2)
    pass_later(sim, hours=2)

    assert ["Call about the cart of vera@example.com"] == tasks(sim)


def test_a_visitor_who_orders_is_the_same_person_and_is_not_called(sim):
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    sim.place_order(email="vera@example.com")
    pass_later(sim)
    pass_later(sim, hours=2)

    assert [] == tasks(sim)
    assert ["cart_updated"] == kinds(sim, "vera@example.com")


def test_a_visitor_who_registers_keeps_their_cart(sim):
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    account = sim.register("vera@example.com")
    pass_later(sim)
    pass_later(sim, hours=2)

    assert ["cart_updated"] == kinds(sim, f"c{account}")
    assert ["Call about the cart of vera@example.com"] == tasks(sim)


def test_a_visitor_is_forgotten_a_month_after_their_last_cart(sim):
    before = people(sim)
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    assert before + 1 == people(sim)
    pass_later(sim, days=29)
    assert before + 1 == people(sim)
    pass_later(sim, days=2)

    assert before == people(sim)
    with sim.db.reading() as tx:
        assert [] == [*tx.execute(select(table_of(EventRow)))]


def test_a_visitor_who_types_another_address_is_known_by_that_one_only(sim):
    before = people(sim)
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.con")
    pass_later(sim)
    assert before + 1 == people(sim)
    sim.plugin.change_cart("k1", [], now=sim.now, email="vera@example.con", left=True)
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)

    assert before + 1 == people(sim)
    assert [] == kinds(sim, "vera@example.con")
    assert ["cart_updated"] == kinds(sim, "vera@example.com")


def test_addresses_that_a_visitor_left_before_the_poll_do_not_become_people(sim):
    before = people(sim)
    for number in range(50):
        email = f"vera{number}@example.com"
        sim.plugin.change_cart("k1", CART, now=sim.now, email=email)
        sim.plugin.change_cart("k1", [], now=sim.now, email=email, left=True)
    pass_later(sim)

    assert before == people(sim)


def test_a_visitor_with_another_cart_is_kept_when_one_left_them(sim):
    before = people(sim)
    sim.plugin.change_cart("phone", CART, now=sim.now, email="vera@example.com")
    sim.plugin.change_cart("laptop", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    sim.plugin.change_cart("laptop", [], now=sim.now, email="vera@example.com", left=True)
    pass_later(sim)

    assert before + 1 == people(sim)


def test_a_customer_with_orders_is_kept_when_a_cart_left_them(sim):
    sim.place_order(email="vera@example.com")
    pass_later(sim)
    before = people(sim)
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    sim.plugin.change_cart("k1", [], now=sim.now, email="vera@example.com", left=True)
    pass_later(sim)

    assert before == people(sim)


def test_a_visitor_who_was_deleted_does_not_come_back_with_their_old_cart(sim):
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        vera = person(tx, "g:vera@example.com")
        erasure.erase(tx, settings, vera, EditedBy("maria", sim.now), orders=Orders.ANONYMIZE)
    pass_later(sim)
    before = people(sim)
    sim.plugin.tables.epoch = sim.plugin.tables.make_key("epoch")  # its rows are read once more
    pass_later(sim)

    assert before == people(sim)


@pytest.mark.parametrize(
    ("what", "email"),
    [("view", "vera@example.com"), ("empty cart", "vera@example.com"), ("cart", "not an address")],
)
def test_other_visitors_do_not_become_people(sim, what, email):
    before = people(sim)
    if what == "view":
        sim.plugin.view_product(sim.product, now=sim.now, email=email)
    else:
        sim.plugin.change_cart("k1", CART if what == "cart" else [], now=sim.now, email=email)
    pass_later(sim)

    assert before == people(sim)


def test_without_guests_there_are_no_visitors(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins=("companion",), store="guests = ignore")
    sim.settle()
    sim.sandbox.companion.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    pass_later(sim)

    assert 0 == people(sim)


# Read again, or never


def test_rows_that_are_read_again_change_nothing(sim):
    backup = sim.plugin.back_up()
    for _ in range(2):
        sim.plugin.view_product(sim.product, now=sim.now, customer=sim.anna)
        pass_later(sim)
    rows = sim.plugin.tables.events.rows
    sim.plugin.restore(backup)
    sim.plugin.tables.events.rows = rows  # as if only the numbers had been lost
    result = pass_later(sim)

    assert 2 == len(events(sim, f"c{sim.anna}"))
    assert 0 == result.evaluated.people
    assert ["Still looking?"] == sim.notes(sim.order)


@pytest.mark.parametrize("steps", range(0, 40, 3))
def test_a_process_that_is_killed_loses_and_doubles_nothing(sim, steps):
    sim.plugin.view_product(sim.product, now=sim.now, customer=sim.anna)
    sim.plugin.change_cart("k1", CART, now=sim.now, email="vera@example.com")
    sim.advance(minutes=1)
    try:
        with sim.crash_after(steps) as context:
            sync.poll_store(context)
    except ProcessKilled:
        sim.reopen_database()
    pass_later(sim, minutes=5)
    pass_later(sim)

    assert ["product_viewed"] == kinds(sim, f"c{sim.anna}")
    assert ["cart_updated"] == kinds(sim, "vera@example.com")


@pytest.mark.parametrize("how", ["fails", "gone"])
def test_a_plugin_in_trouble_stops_no_pass(sim, how):
    if how == "gone":
        sim.plugin.deactivate()
    else:
        sim.faults.fail_with(status=500, only="GET /wc-wcflow/*", times=None)
    order = sim.place_order(email="gina@example.com")
    pass_later(sim)

    with sim.db.reading() as tx:
        assert person(tx, "g:gina@example.com")
    assert order


def test_rows_that_make_no_sense_are_passed(sim):
    tables = sim.plugin.tables
    good = {"kind": "logged_in", "customer_id": sim.anna, "email": "", "data": {}}
    for fields in (
        {},
        {**good, "kind": "comet"},
        {**good, "kind": None},
        {**good, "data": []},
        {**good, "customer_id": "x"},
        {**good, "customer_id": 10**30},
        {**good, "at": "9999-12-31T23:59:59-14:00"},
        {**good, "customer_id": 0, "email": ["a"]},
        {**good, "kind": "unsubscribed", "data": {"topics": 5}},
        {**good, "kind": "email_opened", "data": {"token": ["a"]}},
    ):
        tables.append("events", sim.now, fields)
    tables.append("events", sim.now, good)
    pass_later(sim)

    assert ["logged_in"] == kinds(sim, f"c{sim.anna}")


def test_an_event_from_the_future_happened_now(sim):
    tables = sim.plugin.tables
    fields = {"kind": "logged_in", "customer_id": sim.anna, "email": "", "data": {}}
    row = tables.append("events", sim.now, fields)
    row.fields["at"] = "2099-01-01T00:00:00Z"
    pass_later(sim)

    assert sim.now >= events(sim, f"c{sim.anna}")[0].at


def test_what_people_did_is_forgotten_after_a_year(sim):
    sim.plugin.log_in(sim.anna, now=sim.now)
    pass_later(sim)
    sim.advance(days=364)
    sim.nightly()
    assert ["logged_in"] == kinds(sim, f"c{sim.anna}")
    sim.advance(days=2)
    sim.nightly()

    assert [] == kinds(sim, f"c{sim.anna}")


def test_long_texts_of_the_public_are_cut(sim):
    sim.plugin.search("x" * 5000, now=sim.now, customer=sim.anna)
    pass_later(sim)

    assert 500 == len(events(sim, f"c{sim.anna}")[0].data["words"])
    assert sim.now - timedelta(minutes=5) < events(sim, f"c{sim.anna}")[0].at
