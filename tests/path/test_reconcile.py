"""The nightly census: what leaves no stamp at the shop is found by counting."""

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
    """A shop of half a year, of which the mirror knows everything."""
    with open_poll(database, page_size=10) as poll:
        poll.anna = poll.sandbox.register("anna@example.com", now=START - 190 * DAY)
        poll.made = place_orders(
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


def test_where_nothing_is_amiss_it_counts_and_touches_nobody(poll):
    found = poll.reconcile()

    assert (0, 0, 0, 0) == (found.orders, found.customers, found.products, found.deleted)
    assert set() == poll.dirty_people()
    assert len(poll.http.calls) < 20
    assert int(poll.now.timestamp()) == poll.row().reconciled_at


def test_orders_that_were_deleted_for_good_are_forgotten_and_their_people_touched(poll):
    for id in (poll.made[3], poll.made[31], poll.made[-1]):
        poll.sandbox.delete_order(id)
    found = poll.reconcile()

    assert 3 == found.deleted
    assert {"g:guest3@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


def test_trash_that_was_emptied_is_forgotten(poll):
    poll.sandbox.trash(poll.made[5], now=poll.now)
    poll.sandbox.trash(poll.made[6], now=poll.now)
    poll.settle()
    poll.sandbox.delete_order(poll.made[5])
    poll.advance(hours=1)
    poll.reconcile()

    assert_database_matches_sandbox(poll)
    assert {"g:guest5@example.com"} == poll.dirty_people()


@pytest.mark.parametrize("any_holds_drafts", [True, False])
def test_drafts_are_counted_where_the_shop_counts_them(database, any_holds_drafts):
    with open_poll(database, SandboxStore(any_holds_drafts=any_holds_drafts)) as poll:
        place_orders(poll.sandbox, 5, seconds_apart=86400, status="completed")
        drafts = place_orders(poll.sandbox, 3, seconds_apart=86400, status="checkout-draft")
        poll.settle()
        poll.advance(hours=10)
        sound = poll.reconcile()
        poll.sandbox.delete_order(drafts[1])
        poll.advance(hours=10)
        poll.reconcile()

        assert 0 == sound.deleted
        assert [] == [
            c for c in poll.http.calls if "include" in c.params and c.params["include"] == ""
        ]
        assert_database_matches_sandbox(poll)


def test_a_kind_of_draft_that_a_newer_release_knows_is_asked_for_from_the_next_night_on(database):
    with open_poll(database) as poll:
        reject_status(poll, "auto-draft")
        place_orders(poll.sandbox, 1, seconds_apart=0)
        poll.pull()
        poll.faults.recover()
        poll.advance(days=1)
        poll.reconcile()
        poll.advance(minutes=1)
        poll.pull()

        asked = {call.params.get("status") for call in poll.http.calls}
        assert {"trash,checkout-draft,auto-draft", "any", None} == asked


def test_an_order_that_a_list_left_out_is_not_believed_to_be_deleted(poll):
    lost = poll.made[9]

    def deed(request, now, following):
        response = following(request, now)
        rows = [row for row in response.json if row["id"] != lost]
        headers = {**response.headers}
        if (total := int(headers.get("X-WP-Total", 0))) and request.params.get(
            "after", ""
        ) < "2026-02":
            headers["X-WP-Total"] = str(total - 1)
        return text_response(json.dumps(rows), now, headers=headers)

    poll.faults.rules.append(FaultRule(deed, times=None, only="GET /wc/v3/orders"))
    found = poll.reconcile()

    assert (0, True) == (found.deleted, lost in poll.orders())


def test_an_order_that_the_mirror_missed_is_read(poll):
    from wcflow.database.orders import delete_orders

    with poll.db.transaction() as tx:
        delete_orders(tx, "shop", [poll.made[7]])
    poll.reconcile()

    assert_database_matches_sandbox(poll)
    assert {"g:guest0@example.com"} == poll.dirty_people()


def test_a_refund_that_was_taken_back_is_noticed(poll):
    """Deleting a refund stamps nothing."""
    refund = poll.sandbox.refund(poll.made[2], "1.00", now=poll.now)
    poll.sandbox.edit_billing(poll.made[9], now=poll.advance(minutes=1), city="Rome")
    poll.settle()
    poll.sandbox.delete_refund(poll.made[2], refund, now=poll.now)
    poll.advance(hours=1)
    poll.pull()
    assert 1 == len(poll.order(poll.made[2]).refunds)
    poll.reconcile()

    assert {"g:guest2@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


@pytest.mark.parametrize("status", ["completed", "trash"])
def test_of_many_refunds_the_one_that_was_taken_back_is_found_by_counting(database, status):
    with open_poll(database) as poll:
        made = place_orders(
            poll.sandbox, 400, seconds_apart=4 * 3600, start=80 * DAY, status="completed"
        )
        for order in made:
            refund = poll.sandbox.refund(
                order, "1.00", now=poll.sandbox.state.orders[order].created
            )
        if status == "trash":
            poll.sandbox.trash(made[-1], now=poll.now)
        poll.settle()
        poll.sandbox.delete_refund(made[-1], refund, now=poll.now)
        poll.advance(hours=1)
        found = poll.reconcile()
        counts = [call for call in poll.http.calls if call.path == "/wc/v3/refunds"]

        assert (1, 0) == (found.orders, found.deleted)
        assert len(counts) < 10
        assert found.requests < 40
        assert_database_matches_sandbox(poll)


def test_a_shop_that_lists_no_refunds_is_asked_for_every_order_that_has_one(poll):
    refund = poll.sandbox.refund(poll.made[2], "1.00", now=poll.now)
    poll.sandbox.refund(poll.made[3], "1.00", now=poll.now)
    poll.settle()
    poll.sandbox.delete_refund(poll.made[2], refund, now=poll.now)
    poll.advance(hours=1)
    no_route = json.dumps({"code": "rest_no_route", "message": "No route", "data": None})
    deed = lambda request, now, following: text_response(no_route, now, status=404)  # noqa: E731
    poll.faults.rules.append(FaultRule(deed, times=None, only="GET /wc/v3/refunds"))
    poll.reconcile()

    assert {"g:guest2@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


def test_an_order_older_than_all_that_are_known_is_found(poll):
    """An import leaves old stamps."""
    old = poll.now - 900 * DAY
    order = poll.sandbox.place_order(now=old, email="old@example.com", status="completed")
    poll.pull()
    assert order not in poll.orders()
    poll.reconcile()

    assert {"g:old@example.com"} == poll.dirty_people()
    assert_database_matches_sandbox(poll)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_orders_of_the_hour_that_the_clocks_skip_are_counted_right(database, zone):
    """Bounds within that hour cannot be said: no range ends there."""
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


def test_a_renamed_category_touches_those_who_bought_from_it(poll):
    """Renaming a category stamps no product."""
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


def test_a_product_that_changed_is_read_within_the_hour(poll):
    wallet = min(poll.sandbox.state.products)
    poll.sandbox.edit_product(wallet, now=poll.now, tags=("new",))
    poll.advance(hours=1)
    poll.pull()

    assert ("new",) == poll.products()[wallet].tags
    assert set(poll.sandbox_people()) - {f"c{poll.anna}"} == poll.dirty_people()


def test_a_product_whose_stock_or_price_changed_touches_nobody(poll):
    wallet = min(poll.sandbox.state.products)
    poll.sandbox.edit_product(wallet, now=poll.now, price="12.00")
    poll.advance(hours=1)
    poll.pull()

    assert set() == poll.dirty_people()
    assert poll.sandbox_products()[wallet] == poll.products()[wallet]


def test_customers_whom_a_list_once_left_out_are_read(poll):
    with poll.db.transaction() as tx:
        tx.execute(table_of(CustomerRow).delete())
    poll.reconcile()

    assert_database_matches_sandbox(poll)


class TestEmptyAnswers:
    def test_counts_of_nothing_that_the_shop_itself_contradicts_are_an_error(self, poll):
        def deed(request, now, following):
            return text_response("[]", now, headers={"X-WP-Total": "0"})

        poll.faults.rules.append(FaultRule(deed, times=None, only="GET /wc/v3/orders"))
        before = poll.orders()
        with pytest.raises(StoreError, match="counts no orders but returns them"):
            poll.reconcile()

        assert before == poll.orders()

    def test_a_shop_without_any_order_holds_the_brake_and_deletes_nothing(self, poll):
        before = poll.orders()
        for id in poll.made:
            poll.sandbox.delete_order(id)
        poll.reconcile()

        assert before == poll.orders()
        assert f"{EMPTY_ANSWER_REASON}: orders: none, where 60 are known" == poll.hold().reason

    def test_what_an_admin_accepts_is_deleted(self, poll):
        for id in poll.made:
            poll.sandbox.delete_order(id)
        poll.reconcile()
        poll.pull(approved=True)

        assert_database_matches_sandbox(poll)
        assert "" == poll.hold().reason

    def test_the_brake_lets_go_by_itself_when_the_shop_is_sound_again(self, poll):
        kept = dict(poll.sandbox.state.orders)
        poll.sandbox.state.orders.clear()
        poll.reconcile()
        assert poll.hold().reason
        poll.sandbox.state.orders.update(kept)
        poll.reconcile()

        assert ("", None) == (poll.hold().reason, poll.hold().since)
        assert_database_matches_sandbox(poll)


def test_a_new_product_says_something_new_and_the_same_again_does_not(database):
    cup = Product(5, "Cup", "cup-1", ("Kitchen",), (), START)
    with database.transaction() as tx:
        first = save_products(tx, "shop", [cup])
        again = save_products(tx, "shop", [cup])

    assert ([5], []) == (first, again)
