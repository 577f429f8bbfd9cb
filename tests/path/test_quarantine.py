"""An order without an id, a status, a total, a date or a customer is quarantined with its reason.

It stops no poll, does not count as deleted, is requested once a night, and leaves the quarantine
when it can be read again. Orders with odd fields are processed like all others.
"""

import contextlib
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import NOW, profile, store_settings
from tests.malformed import (
    LONG_TEXT,
    any_json,
    json_body,
    json_paths,
    malformed_rows,
    raw_json,
    recorded_rows,
    reject_rows_with,
)
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from tests.simulation import CrashPoint, ProcessKilled, Simulation
from wcflow.database.orders import load_orders, save_orders
from wcflow.database.quarantine import load_quarantine
from wcflow.errors import StoreError
from wcflow.poll.ownership import apply_orders
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.parser import parse_condition
from wcflow.rules.templates import parse_template
from wcflow.store import wire
from wcflow.store.http import Answer
from wcflow.store.json_body import UnreadableError, parse_json
from wcflow.store.listing import build_listing

RULES = """
[segment Buyers]
group = lifecycle
when = orders_count >= 1

[tag Wallet]
when = product_names contains 'wallet'
tag = Seen {{ billing_country }}

[workflow greet]
trigger = order_paid
do =
    add_note Hello {{ first_name }}, order {{ order.number }}: {{ order.product_names }}
"""

BAD_VALUES = {
    "a total in another form": ("total", "1.234,56", "total"),
    "a total without end": ("total", "1e999999", "total"),
    "a total that is none in JSON": ("total", b"1e999", "total"),
    "null for a total": ("total", None, "total"),
    "null for a status": ("status", None, "status"),
    "a status of 10,000 characters": ("status", LONG_TEXT, "status"),
    "a row that is not JSON": ("customer_note", b"<br />", "invalid JSON"),
}
ODD_VALUES = {
    "no items": ("line_items", []),
    "a name of 10,000 characters": ("billing.first_name", LONG_TEXT),
    "a deleted product": ("line_items.0.product_id", 0),
    "emoji": ("billing.first_name", "Anna 🛒👩🏽‍💻"),
    "right-to-left text": ("billing.first_name", "\u202eליאור\u202c"),
    "NUL": ("billing.first_name", "An\0na"),
    "half of a surrogate pair": ("billing.first_name", "An\ud83dna"),
    "null for text": ("billing.first_name", None),
    "an unknown currency": ("currency", "XQQ"),
    "no currency": ("currency", ""),
    "nested meta": ("line_items.0.meta_data", [{"key": "a", "value": [[[[[[[[1]]]]]]]]}]),
    "deeply nested meta": (
        "line_items.0.meta_data",
        [{"key": "deep", "value": b"[" * 600 + b"]" * 600}],
    ),
    "meta without end": ("meta_data", b"[" * 2_000 + b"]" * 2_000),
    "meta of empty objects": ("meta_data", [{}, {}]),
    "meta of empty lists": ("meta_data", [[], []]),
    "meta that is text": ("meta_data", "none"),
    "meta keyed by number": ("meta_data", {"7": {"id": 7, "key": "gift", "value": "yes"}}),
    "a text for a list": ("line_items", "none"),
    "null for lists": ("refunds", None),
    "an item without an id": ("line_items.0.id", ""),
    "a quantity as text": ("line_items.0.quantity", "1.5"),
    "a date that is none": ("date_created_gmt", "yesterday"),
    "a date with a zone": ("date_created_gmt", "2026-11-22T09:00:00Z"),
    "a date beyond the calendar": ("date_completed_gmt", "9999-12-31T23:59:59"),
    "a number that is none in JSON": ("customer_id", b"1e999"),
    "a number beyond 64 bits": ("customer_id", 10**25),
    "a negative id": ("customer_id", -3),
    "a negative total": ("total", "-5.00"),
    "null for an address": ("shipping", None),
}


def quarantined(harness):
    """Return the reasons of all quarantined records, by kind and id."""
    with harness.db.reading() as tx:
        return {(row.kind, row.id): row.reason for row in load_quarantine(tx, "shop")}


@pytest.fixture
def sim(tmp_path, database_url):
    simulation = Simulation(tmp_path, RULES, database=database_url)
    yield simulation
    simulation.db.close()


@pytest.fixture
def poll(database):
    with open_poll(database) as polling:
        yield polling


def place_orders(poll, count, **more):
    """Place an order of another guest every two seconds; return the ids."""
    placed = []
    for number in range(count):
        email = f"c{number}@example.com"
        placed.append(poll.sandbox.place_order(now=poll.advance(seconds=2), email=email, **more))
    return placed


class TestOrders:
    @pytest.mark.parametrize(("field", "value", "place"), BAD_VALUES.values(), ids=list(BAD_VALUES))
    def test_only_the_bad_order_among_a_hundred_is_quarantined(self, sqlite, field, value, place):
        with open_poll(sqlite) as poll:
            good = place_orders(poll, 100, items=[(poll.sandbox.add_product("Cup", now=START), 1)])
            bad = good.pop(50)
            poll.faults.set_field("order", bad, field, value)
            poll.pull()

            assert set(good) == set(poll.orders())
            assert [("order", bad)] == list(quarantined(poll))
            assert quarantined(poll)["order", bad].startswith(place)

    def test_initial_sync_and_poll_quarantine_alike(self, poll):
        orders = place_orders(poll, 30)
        poll.faults.set_field("order", orders[3], "total", "a lot")
        poll.pull()
        new = place_orders(poll, 30)
        poll.faults.set_field("order", new[-1], "status", ["completed"])
        poll.pull()

        assert {
            ("order", orders[3]): "total: expected an amount, got text that is not one",
            ("order", new[-1]): "status: expected text, got a list",
        } == quarantined(poll)
        assert {*orders, *new} - {orders[3], new[-1]} == set(poll.orders())

    def test_the_cursor_passes_a_bad_order(self, poll):
        """Later polls do not read it again, and miss no newer order."""
        poll.pull()
        before = poll.row().order_cursor
        (bad,) = place_orders(poll, 1)
        poll.faults.set_field("order", bad, "total", None)
        poll.advance(minutes=5)
        poll.pull()
        first = poll.row().order_cursor
        (good,) = place_orders(poll, 1)
        poll.advance(minutes=5)
        poll.pull()
        second = poll.now
        poll.advance(minutes=5)

        assert 3 == poll.pull().requests
        assert before < first < poll.row().order_cursor
        assert [good] == list(poll.orders())
        with poll.db.reading() as tx:
            (row,) = load_quarantine(tx, "shop")
        assert (bad, second) == (row.id, row.last_seen)

    def test_the_last_good_version_of_an_order_stays(self, poll):
        (order,) = place_orders(poll, 1)
        poll.pull()
        before = poll.orders()
        poll.faults.set_field("order", order, "total", None)
        poll.sandbox.set_status(order, "completed", now=poll.advance(minutes=5))
        poll.pull()

        assert (before, [("order", order)]) == (poll.orders(), list(quarantined(poll)))

    def test_an_order_leaves_the_quarantine_when_a_later_change_can_be_read(self, poll):
        (order, _newer) = place_orders(poll, 2)
        poll.advance(minutes=5)
        poll.faults.set_field("order", order, "total", None)
        poll.pull()
        poll.faults.recover()
        poll.advance(minutes=10)
        poll.pull()
        assert [("order", order)] == list(quarantined(poll))
        poll.sandbox.set_status(order, "completed", now=poll.now)
        poll.pull()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_the_start_of_the_quarantine_stays(self, poll):
        (order,) = place_orders(poll, 1)
        poll.faults.set_field("order", order, "total", None)
        poll.pull()
        first = poll.now
        poll.advance(hours=2)
        poll.sandbox.set_status(order, "completed", now=poll.now)
        poll.pull()

        with poll.db.reading() as tx:
            (row,) = load_quarantine(tx, "shop")
        assert (first, poll.now) == (row.first_seen, row.last_seen)

    def test_reconcile_does_not_delete_a_quarantined_order_and_requests_it_once(self, poll):
        orders = place_orders(poll, 40)
        poll.pull()
        poll.faults.set_field("order", orders[7], "total", None)
        poll.faults.set_field("order", orders[9], "status", 7.5)
        poll.advance(hours=12)
        for each in (orders[7], orders[9]):
            poll.sandbox.set_status(each, "completed", now=poll.now)
        poll.pull()
        poll.advance(minutes=10)
        found = poll.reconcile()

        assert (0, set(orders)) == (found.deleted, set(poll.orders()))
        assert {("order", orders[7]), ("order", orders[9])} == set(quarantined(poll))
        full = [call for call in poll.http.calls if "line_items" in call.params.get("_fields", "")]
        requests = [
            call for call in full if str(orders[7]) in call.params.get("include", "").split(",")
        ]
        assert 1 == len(requests)
        poll.advance(minutes=10)
        assert 3 == poll.pull().requests

    def test_reconcile_releases_an_order_that_can_be_read_without_a_new_timestamp(self, poll):
        orders = place_orders(poll, 12)
        poll.faults.set_field("order", orders[2], "total", None)
        poll.faults.set_field("order", orders[5], "status", {})
        poll.pull()
        poll.faults.recover()
        poll.advance(hours=12)
        poll.reconcile()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_reconcile_removes_a_deleted_order_from_the_quarantine(self, poll):
        orders = place_orders(poll, 3)
        poll.faults.set_field("order", orders[2], "total", None)
        poll.pull()
        poll.advance(hours=12)
        poll.sandbox.delete_order(orders[2])
        poll.reconcile()

        assert ({}, set(orders[:2])) == (quarantined(poll), set(poll.orders()))

    def test_a_long_run_of_quarantined_orders_is_requested_again(self, poll):
        orders = place_orders(poll, 60)
        for each in orders[10:40]:
            poll.faults.set_field("order", each, "total", None)
        poll.pull()
        poll.advance(hours=12)
        poll.reconcile()
        assert {("order", each) for each in orders[10:40]} == set(quarantined(poll))
        poll.faults.recover()
        poll.advance(hours=24)
        poll.reconcile()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_orders_without_an_id_share_one_entry_until_all_have_an_id(self, poll):
        orders = place_orders(poll, 5)
        for each in orders[:2]:
            poll.faults.set_field("order", each, "id", "")
        poll.pull()
        assert {("order", 0): "id: expected an id, got text"} == quarantined(poll)
        poll.faults.recover()
        poll.advance(hours=12)
        poll.reconcile()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_a_poll_passes_a_page_of_one_second_with_bad_orders(self, sqlite):
        with open_poll(sqlite, page_size=5) as poll:
            poll.pull()
            now = poll.advance(minutes=5)
            placed = [poll.sandbox.place_order(now=now, email=f"c{n}@x.de") for n in range(17)]
            later = poll.sandbox.place_order(now=poll.advance(seconds=5), email="later@x.de")
            bad = placed[1::2]
            for each in bad:
                poll.faults.set_field("order", each, "total", None)
            poll.pull()

            assert {*placed, later} - set(bad) == set(poll.orders())
            assert {("order", each) for each in bad} == set(quarantined(poll))

    def test_a_poll_passes_small_pages_of_only_bad_orders(self, sqlite):
        with open_poll(sqlite, page_size=3) as poll:
            poll.pull()
            placed = place_orders(poll, 8)
            for each in placed[:6]:
                poll.faults.set_field("order", each, "total", None)
            poll.pull()

            assert set(placed[6:]) == set(poll.orders())

    @pytest.mark.parametrize("initial", [False, True], ids=["poll", "initial sync"])
    def test_several_pages_of_bad_orders_are_passed_if_there_are_good_ones(self, sqlite, initial):
        with open_poll(sqlite, page_size=10) as poll:
            if not initial:
                poll.pull()
            placed = place_orders(poll, 46)
            bad = placed[3:43]
            for each in bad:
                poll.faults.set_field("order", each, "total", None)
            poll.pull()

            assert {*placed[:3], *placed[43:]} == set(poll.orders())
            assert {("order", each) for each in bad} == set(quarantined(poll))

    def test_a_bad_order_is_quarantined_even_if_the_poll_crashes_at_any_step(self, poll):
        poll.pull()
        step, killed = 0, True
        while killed:
            (bad, _good) = place_orders(poll, 2)
            poll.faults.set_field("order", bad, "total", None)
            poll.advance(minutes=5)
            crash_point = CrashPoint(step)
            with crash_point.count_steps_of(poll.db), contextlib.suppress(ProcessKilled):
                poll.pull()
            poll.pull()

            assert ("order", bad) in quarantined(poll)
            step, killed = step + 1, crash_point.killed
        assert 10 < step


class TestDatabaseErrors:
    """A record that the database rejects is quarantined too."""

    @pytest.mark.parametrize("kind", ["order", "customer", "product"])
    def test_only_the_record_that_the_database_rejects_is_quarantined(self, poll, kind):
        ids = {
            "customer": [poll.sandbox.register(f"a{n}@example.com", now=START) for n in range(5)],
            "product": [poll.sandbox.add_product(f"Cup {n}", now=START) for n in range(5)],
            "order": place_orders(poll, 5),
        }[kind]
        field = {"order": "customer_note", "customer": "username", "product": "name"}[kind]
        text = LONG_TEXT * 5
        poll.faults.set_field(kind, ids[2], field, text)
        with reject_rows_with(poll.db, {"order": "orders"}.get(kind, kind), text):
            poll.pull()
            load = {"order": poll.orders, "customer": poll.customers, "product": poll.products}
            assert {*ids} - {ids[2]} == set(ids) & set(load[kind]())
            assert {(kind, ids[2]): "the database rejected it (DataError)"} == quarantined(poll)
        poll.advance(hours=12)
        poll.reconcile()
        assert ({}, {*ids}) == (quarantined(poll), set(ids) & set(load[kind]()))


class TestBrokenStores:
    def test_a_page_of_only_bad_orders_is_an_error(self, poll):
        poll.pull()
        cursor = poll.row().order_cursor
        for each in place_orders(poll, 12):
            poll.faults.set_field("order", each, "total", None)
        with pytest.raises(StoreError, match="all 12 rows are unreadable"):
            poll.pull()
        assert cursor == poll.row().order_cursor

    @pytest.mark.parametrize("body", ["[no json]", '[{"id": 1, "total"', "[[1e999]"])
    def test_an_answer_that_is_not_json_is_an_error(self, poll, body):
        place_orders(poll, 3)
        poll.pull()
        poll.faults._change_response(
            lambda response: type(response)(response.status, response.headers, body),
            {"times": None, "only": "GET /wc/v3/orders"},
        )
        with pytest.raises(StoreError):
            poll.pull()
        assert {} == quarantined(poll)


class TestOtherRecords:
    @pytest.mark.parametrize("new", [False, True])
    def test_a_bad_customer_does_not_stop_the_others(self, poll, new):
        ids = [poll.sandbox.register(f"c{n}@example.com", now=START) for n in range(20)]
        bad = ids[4]
        if new:
            poll.pull()
            bad, *others = [
                poll.sandbox.register(f"n{n}@example.com", now=poll.now) for n in range(3)
            ]
            ids += [bad, *others]
        poll.faults.set_field("customer", bad, "username", b"<br />")
        poll.pull()
        order = poll.sandbox.place_order(now=poll.advance(minutes=1), customer=bad)
        poll.advance(minutes=5)
        poll.pull()

        assert {("customer", bad)} == set(quarantined(poll))
        assert {*ids} - {bad} <= set(poll.customers())
        assert {order} == set(poll.orders())
        poll.advance(hours=12)
        before = poll.reconcile().requests
        poll.advance(hours=24)
        assert before >= poll.reconcile().requests
        poll.faults.recover()
        poll.advance(hours=24)
        poll.reconcile()
        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_a_customer_who_can_no_longer_be_read_does_not_count_as_deleted(self, poll):
        ids = [poll.sandbox.register(f"c{n}@example.com", now=START) for n in range(5)]
        poll.pull()
        poll.faults.set_field("customer", ids[2], "role", b"<br />")
        for _ in range(30):
            poll.advance(hours=1)
            poll.pull()

        assert set(ids) <= set(poll.customers())
        assert {("customer", ids[2])} == set(quarantined(poll))

    def test_a_bad_product_does_not_stop_the_others(self, poll):
        ids = [poll.sandbox.add_product(f"Cup {n}", now=START) for n in range(5)]
        poll.faults.set_field("product", ids[1], "name", b"<br />")
        place_orders(poll, 2, items=[(ids[1], 1), (ids[2], 1)])
        poll.pull()
        assert ({("product", ids[1])}, 2) == (set(quarantined(poll)), len(poll.orders()))
        assert set(ids) - {ids[1]} == set(poll.products())
        poll.faults.recover()
        poll.advance(hours=12)
        poll.reconcile()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)

    def test_a_bad_refund_does_not_stop_the_others_and_gets_its_date_later(self, poll):
        product = poll.sandbox.add_product("Cup", now=START)
        placed = place_orders(poll, 3, items=[(product, 2)])
        refunds = [
            poll.sandbox.refund(each, "1.00", now=poll.advance(minutes=1)) for each in placed
        ]
        poll.faults.set_field("refund", refunds[1], "date_created_gmt", "soon")
        poll.pull()
        dates = [refund.date for each in placed for refund in poll.order(each).refunds]
        assert ({("refund", refunds[1])}, None) == (set(quarantined(poll)), dates[1])
        assert None not in (dates[0], dates[2])
        poll.faults.recover()
        poll.advance(hours=12)
        poll.reconcile()

        assert {} == quarantined(poll)
        assert_database_matches_sandbox(poll)


class TestWholeSyncs:
    @pytest.mark.parametrize(("field", "value"), ODD_VALUES.values(), ids=list(ODD_VALUES))
    def test_an_order_that_only_looks_strange_is_evaluated_and_written_to(self, sim, field, value):
        sim.settle()
        order = sim.place_order(
            email="anna@example.com", billing={"first_name": "Anna", "country": "DE"}
        )
        other = sim.place_order(email="bert@example.com")
        sim.faults.set_field("order", order, field, value)
        sim.settle()

        assert {} == quarantined(sim)
        with sim.db.reading() as tx:
            assert {order, other} == set(load_orders(tx, "shop", [order, other]))
        assert [] == sim.outbox(states=["failed", "due", "claimed"])
        assert 1 == len(sim.notes(other))
        assert (1, "Buyers") == (len(sim.notes(order)), sim.segment(order))

    def test_rules_use_the_last_good_version_of_an_order(self, sim):
        order = sim.place_order(email="anna@example.com")
        other = sim.place_order(email="bert@example.com")
        sim.settle()
        sim.faults.set_field("order", order, "total", "-")
        sim.advance(minutes=5)
        sim.sandbox.set_status(order, "cancelled", now=sim.now)
        sim.sandbox.set_status(other, "cancelled", now=sim.now)
        sim.settle()

        assert ("Buyers", "") == (sim.segment(order), sim.segment(other) or "")
        sim.faults.recover()
        sim.nightly()
        sim.settle()
        assert "" == (sim.segment(order) or "")

    def test_the_orders_of_a_bad_customer_are_evaluated_as_usual(self, sim):
        """Once the account can be read, it gets them without a second note."""
        anna = sim.register("anna@example.com", days_ago=30)
        sim.faults.set_field("customer", anna, "username", b"<br />")
        order = sim.place_order(customer=anna, email="anna@example.com")
        sim.settle()
        assert ([("customer", anna)], "Buyers") == (list(quarantined(sim)), sim.segment(order))
        sim.faults.recover()
        sim.advance(hours=12)
        sim.nightly()
        sim.settle()

        assert ({}, "Buyers") == (quarantined(sim), sim.meta("customer", anna, "wcflow_segment"))
        assert 1 == len(sim.notes(order))

    @pytest.mark.parametrize("meta", ["none", None, [{}], [[]]])
    def test_a_due_tag_is_written_where_meta_cannot_be_read(self, sim, meta):
        placed = [sim.place_order(email=f"c{n}@example.com") for n in range(5)]
        anna = sim.register("anna@example.com", days_ago=30)
        sim.place_order(customer=anna, email="anna@example.com")
        sim.run_pass(write=False, approve=False)
        sim.faults.set_field("order", placed[2], "meta_data", meta)
        sim.faults.set_field("customer", anna, "meta_data", meta)
        sim.run_pass()

        assert ["Buyers"] * 5 == [sim.segment(each) for each in placed]
        assert "Buyers" == sim.meta("customer", anna, "wcflow_segment")
        assert [] == sim.outbox(states=["due", "failed"])

    @pytest.mark.parametrize("meta", ["none", [{}, {}]])
    def test_tags_that_cannot_be_read_are_not_removed_by_hand(self, sim, meta):
        """The order's meta becomes unreadable; its tags stay, and a new one is written."""
        order = sim.place_order(email="anna@example.com")
        anna = sim.register("bert@example.com", days_ago=30)
        sim.place_order(customer=anna, email="bert@example.com")
        sim.settle()
        before = sim.tags(order), sim.customer_tags(anna)
        assert all(before)
        sim.faults.set_field("order", order, "meta_data", meta)
        sim.faults.set_field("customer", anna, "meta_data", meta)
        sim.advance(minutes=5)
        sim.sandbox.set_status(order, "processing", now=sim.now)
        sim.nightly()
        sim.settle()

        assert before == (sim.tags(order), sim.customer_tags(anna))
        memories = [sim.memory("g:anna@example.com"), sim.memory(f"c{anna}")]
        assert [frozenset()] * 2 == [memory.removed_by_hand for memory in memories]


ANY_PLACE = RulePlace(order=True, item=True, tags=True, segments=True)
CONDITIONS_AND_TEMPLATES = [
    (parse_condition(each.example, ANY_PLACE), parse_template(f"{{{{ {each.name} }}}}", ANY_PLACE))
    for each in ATTRIBUTES.values()
    if "KEY" not in each.name
]
ORDERS = [row for row in recorded_rows("orders", "line_items") if row["line_items"]]
SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


class RollBack(Exception):
    """Undo the transaction of a test."""


class TestAnyRow:
    """Tests of a real order in which one or two fields, at any depth, have random JSON values."""

    @SLOW
    @given(malformed_rows(ORDERS, times=2))
    def test_every_order_that_can_be_read_can_be_saved_and_evaluated(self, database, row):
        try:
            answer = Answer(parse_json(json_body([row])), NOW, None, 100, {})
        except UnreadableError:
            return  # the whole page is rejected
        for order in build_listing(
            answer, partial(wire.parse_order, keep=frozenset({"wcflow_tags"}))
        ).rows:
            self.check_saved_as_read(database, order)
            self.check_conditions_and_templates(order)

    @staticmethod
    def check_saved_as_read(database, order):
        with contextlib.suppress(RollBack), database.transaction() as tx:
            apply_orders(tx, _settings(), [order])
            assert [] == save_orders(tx, "shop", [order])
            saved = load_orders(tx, "shop", [order.id])[order.id]
            raise RollBack
        assert order == replace(saved, history=())

    @staticmethod
    def check_conditions_and_templates(order):
        item = order.items[0] if order.items else None
        context = Context(profile(order), NOW, order=order, item=item)
        for condition, template in CONDITIONS_AND_TEMPLATES:
            condition.answer(context)
            template.render(context, None)

    @settings(SLOW, max_examples=40)
    @given(st.sampled_from([".".join(map(str, at)) for at in json_paths(ORDERS[0])][1:]), any_json)
    def test_every_order_is_saved_or_quarantined_and_does_not_delay_the_next(
        self, sim, field, value
    ):
        sim.faults.recover()
        if sim.row() is None:
            sim.settle()
        bad = sim.place_order(email="anna@example.com")
        sim.faults.set_field("order", bad, field, raw_json(value))
        other = sim.place_order(email="bert@example.com")
        sim.run_pass(check_store=False)

        with sim.db.reading() as tx:
            saved = set(load_orders(tx, "shop", [bad]))
        assert "id" == field or bad in saved | {key for _, key in quarantined(sim)}
        assert 1 == len(sim.notes(other))


def _settings():
    return store_settings()
