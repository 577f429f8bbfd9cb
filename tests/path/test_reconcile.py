"""The nightly reconcile finds changes that update no timestamp, by counting."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.path.test_initial_sync import place_orders, reject_status
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.products import save_products
from wcflow.database.sql import table_of
from wcflow.database.stores import EMPTY_ANSWER_REASON
from wcflow.database.tables import CustomerRow
from wcflow.errors import StoreError
from wcflow.records import Product
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response
from wcflow.sandbox.store import SandboxStore

DAY = timedelta(days=1)


@pytest.fixture
def poll(database):
    """A store with orders of half a year, all in the database."""
    with open_poll(database, page_size=10) as poll:
        poll.anna = poll.sandbox.register("anna@example.com", now=START - 190 * DAY)
        poll.order_ids = place_orders(
            poll.sandbox,
            60,
            seconds_apart=3 * 86400,
            start=180 * DAY,
            customer=0,
            status="completed",
        )
        poll.settle()
        poll.advance(hours=10)
        yield poll


def test_reconcile_marks_nobody_if_nothing_changed(poll):
    found = poll.reconcile()

    assert (0, 0, 0, 0) == (found.orders, found.customers, found.products, found.deleted)
    assert set() == poll.dirty_people()
    assert len(poll.http.calls) < 20
    assert int(poll.now.timestamp()) == poll.row().reconciled_at


def test_deleted_orders_are_removed_and_their_customers_marked(poll):
    for id in (poll.order_ids[3], poll.order_ids[31], poll.order_ids[-1]):
        poll.sandbox.delete_order(id)
    found = poll.reconcile()

    assert 3 == found.deleted
    assert {"g:guest3@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


def test_an_order_deleted_from_the_trash_is_removed(poll):
    poll.sandbox.trash(poll.order_ids[5], now=poll.now)
    poll.sandbox.trash(poll.order_ids[6], now=poll.now)
    poll.settle()
    poll.sandbox.delete_order(poll.order_ids[5])
    poll.advance(hours=1)
    poll.reconcile()

    assert_database_matches_sandbox(poll)
    assert {"g:guest5@example.com"} == poll.dirty_people()


@pytest.mark.parametrize("any_holds_drafts", [True, False])
def test_a_deleted_draft_is_found_whether_or_not_the_status_any_includes_drafts(
    database, any_holds_drafts
):
    with open_poll(database, SandboxStore(any_holds_drafts=any_holds_drafts)) as poll:
        place_orders(poll.sandbox, 5, seconds_apart=86400, status="completed")
        drafts = place_orders(poll.sandbox, 3, seconds_apart=86400, status="checkout-draft")
        poll.settle()
        poll.advance(hours=10)
        unchanged = poll.reconcile()
        poll.sandbox.delete_order(drafts[1])
        poll.advance(hours=10)
        poll.reconcile()

        assert 0 == unchanged.deleted
        assert [] == [
            c for c in poll.http.calls if "include" in c.params and c.params["include"] == ""
        ]
        assert_database_matches_sandbox(poll)


def test_a_rejected_draft_status_is_tried_again_after_the_next_reconcile(database):
    """An update of WooCommerce can bring it."""
    with open_poll(database) as poll:
        reject_status(poll, "auto-draft")
        place_orders(poll.sandbox, 1, seconds_apart=0)
        poll.pull()
        poll.faults.recover()
        poll.advance(days=1)
        poll.reconcile()
        poll.advance(minutes=1)
        poll.pull()

        requested = {call.params.get("status") for call in poll.http.calls}
        assert {"trash,checkout-draft,auto-draft", "any", None} == requested


def test_an_order_missing_from_a_list_does_not_count_as_deleted(poll):
    missing = poll.order_ids[9]

    def without_it(request, now, following):
        response = following(request, now)
        rows = [row for row in response.json if row["id"] != missing]
        headers = {**response.headers}
        if (total := int(headers.get("X-WP-Total", 0))) and request.params.get(
            "after", ""
        ) < "2026-02":
            headers["X-WP-Total"] = str(total - 1)
        return text_response(json.dumps(rows), now, headers=headers)

    poll.faults.rules.append(FaultRule(without_it, times=None, only="GET /wc/v3/orders"))
    found = poll.reconcile()

    assert (0, True) == (found.deleted, missing in poll.orders())


def test_an_order_missing_from_the_database_is_read(poll):
    from wcflow.database.orders import delete_orders

    with poll.db.transaction() as tx:
        delete_orders(tx, "shop", [poll.order_ids[7]])
    poll.reconcile()

    assert_database_matches_sandbox(poll)
    assert {"g:guest0@example.com"} == poll.dirty_people()


def test_a_deleted_refund_is_found(poll):
    """Deleting a refund updates no timestamp."""
    refund = poll.sandbox.refund(poll.order_ids[2], "1.00", now=poll.now)
    poll.sandbox.edit_billing(poll.order_ids[9], now=poll.advance(minutes=1), city="Rome")
    poll.settle()
    poll.sandbox.delete_refund(poll.order_ids[2], refund, now=poll.now)
    poll.advance(hours=1)
    poll.pull()
    assert 1 == len(poll.order(poll.order_ids[2]).refunds)
    poll.reconcile()

    assert {"g:guest2@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


@pytest.mark.parametrize("status", ["completed", "trash"])
def test_one_deleted_refund_among_many_is_found_by_few_counts(database, status):
    with open_poll(database) as poll:
        orders = place_orders(
            poll.sandbox, 400, seconds_apart=4 * 3600, start=80 * DAY, status="completed"
        )
        for order in orders:
            refund = poll.sandbox.refund(
                order, "1.00", now=poll.sandbox.state.orders[order].created
            )
        if status == "trash":
            poll.sandbox.trash(orders[-1], now=poll.now)
        poll.settle()
        poll.sandbox.delete_refund(orders[-1], refund, now=poll.now)
        poll.advance(hours=1)
        found = poll.reconcile()
        counts = [call for call in poll.http.calls if call.path == "/wc/v3/refunds"]

        assert (1, 0) == (found.orders, found.deleted)
        assert len(counts) < 10
        assert found.requests < 40
        assert_database_matches_sandbox(poll)


def test_a_deleted_refund_is_found_without_the_refund_list(poll):
    refund = poll.sandbox.refund(poll.order_ids[2], "1.00", now=poll.now)
    poll.sandbox.refund(poll.order_ids[3], "1.00", now=poll.now)
    poll.settle()
    poll.sandbox.delete_refund(poll.order_ids[2], refund, now=poll.now)
    poll.advance(hours=1)
    no_route = json.dumps({"code": "rest_no_route", "message": "No route", "data": None})
    rule = FaultRule(
        lambda request, now, following: text_response(no_route, now, status=404),
        times=None,
        only="GET /wc/v3/refunds",
    )
    poll.faults.rules.append(rule)
    poll.reconcile()

    assert {"g:guest2@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


def test_an_imported_order_older_than_all_others_is_found(poll):
    """Its timestamps are old too."""
    old = poll.now - 900 * DAY
    order = poll.sandbox.place_order(now=old, email="old@example.com", status="completed")
    poll.pull()
    assert order not in poll.orders()
    poll.reconcile()

    assert {"g:old@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_orders_around_the_skipped_hour_in_spring_are_counted_correctly(database, zone):
    """WooCommerce reads bounds as local time, so no range can end in that hour."""
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    with open_poll(database, SandboxStore(zone=zone)) as poll:
        for minute in range(260):
            at = spring + timedelta(minutes=minute)
            poll.sandbox.place_order(now=at, email="late@example.com", status="completed")
        poll.settle()
        poll.advance(hours=1)
        found = [poll.reconcile(), poll.advance(days=1) and poll.reconcile()]

        assert [(0, 0)] * 2 == [(each.orders, each.deleted) for each in found]
        assert [] == [
            c for c in poll.http.calls if c.params.get("_fields") == "id,date_modified_gmt"
        ]


def test_a_renamed_category_marks_those_who_bought_from_it(poll):
    """It updates the timestamp of no product."""
    wallet = min(poll.sandbox.state.products)
    cup = poll.sandbox.add_product("Cup", now=poll.now, categories=("Kitchen",))
    buyer = poll.sandbox.place_order(now=poll.now, email="dora@example.com", items=((cup, 1),))
    poll.settle()
    poll.sandbox.state.products[cup].categories[0].name = "Kitchen & Home"
    poll.advance(hours=1)
    poll.reconcile()

    assert ("Kitchen & Home",) == poll.products()[cup].categories
    assert {"g:dora@example.com"} == poll.dirty_people()
    assert {wallet, cup} <= set(poll.products())
    assert buyer in poll.orders()


def test_a_changed_product_is_read_within_the_hour(poll):
    wallet = min(poll.sandbox.state.products)
    poll.sandbox.edit_product(wallet, now=poll.now, tags=("new",))
    poll.advance(hours=1)
    poll.pull()

    assert ("new",) == poll.products()[wallet].tags
    assert set(poll.sandbox_people()) - {f"c{poll.anna}"} == poll.dirty_people()


def test_a_changed_price_marks_nobody(poll):
    wallet = min(poll.sandbox.state.products)
    poll.sandbox.edit_product(wallet, now=poll.now, price="12.00")
    poll.advance(hours=1)
    poll.pull()

    assert set() == poll.dirty_people()
    assert poll.sandbox_products()[wallet] == poll.products()[wallet]


def test_customers_missing_from_the_database_are_read(poll):
    with poll.db.transaction() as tx:
        tx.execute(table_of(CustomerRow).delete())
    poll.reconcile()

    assert_database_matches_sandbox(poll)


class TestEmptyStores:
    def test_a_count_of_zero_that_contradicts_the_list_is_an_error(self, poll):
        def empty(request, now, following):
            return text_response("[]", now, headers={"X-WP-Total": "0"})

        poll.faults.rules.append(FaultRule(empty, times=None, only="GET /wc/v3/orders"))
        before = poll.orders()
        with pytest.raises(StoreError, match="counts no orders but returns them"):
            poll.reconcile()

        assert before == poll.orders()

    def test_writes_are_held_and_nothing_is_deleted_if_all_orders_are_missing(self, poll):
        before = poll.orders()
        for id in poll.order_ids:
            poll.sandbox.delete_order(id)
        poll.reconcile()

        assert before == poll.orders()
        assert f"{EMPTY_ANSWER_REASON}: orders: none, where 60 are known" == poll.hold().reason

    def test_missing_orders_are_deleted_once_an_admin_approves(self, poll):
        for id in poll.order_ids:
            poll.sandbox.delete_order(id)
        poll.reconcile()
        poll.pull(approved=True)

        assert_database_matches_sandbox(poll)
        assert "" == poll.hold().reason

    def test_the_hold_ends_by_itself_when_the_orders_are_there_again(self, poll):
        kept = dict(poll.sandbox.state.orders)
        poll.sandbox.state.orders.clear()
        poll.reconcile()
        assert poll.hold().reason
        poll.sandbox.state.orders.update(kept)
        poll.reconcile()

        assert ("", None) == (poll.hold().reason, poll.hold().since)
        assert_database_matches_sandbox(poll)


def test_saving_the_same_product_again_reports_no_change(database):
    cup = Product(5, "Cup", "cup-1", ("Kitchen",), (), START)
    with database.transaction() as tx:
        first = save_products(tx, "shop", [cup])
        again = save_products(tx, "shop", [cup])

    assert ([5], []) == (first, again)
