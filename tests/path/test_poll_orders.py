"""Polls find every change of an order, and mark the people concerned for evaluation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.path.test_initial_sync import PollKilled, kill_after, place_orders, reject_status
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.customers import set_customer_meta
from wcflow.database.orders import set_order_meta
from wcflow.errors import StoreError
from wcflow.poll import paginate
from wcflow.records import StatusChange
from wcflow.sandbox.store import SandboxStore


@pytest.fixture
def poll(database):
    """A store with an order each of a customer and of two guests; the database has them all."""
    with open_poll(database) as poll:
        poll.wallet = poll.sandbox.add_product("Wallet", now=START - timedelta(days=90))
        long_ago = START - timedelta(days=40)
        poll.anna = poll.sandbox.register("anna@example.com", now=long_ago)
        poll.annas_order = place_order(poll, customer=poll.anna, now=long_ago)
        poll.bobs_order = place_order(
            poll, email="bob@example.com", now=long_ago + timedelta(days=1)
        )
        place_order(poll, email="cleo@example.com", now=long_ago + timedelta(days=2))
        poll.settle()
        poll.advance(minutes=1)
        yield poll


def place_order(poll, **more):
    return poll.sandbox.place_order(**{"now": poll.now, "items": ((poll.wallet, 1),), **more})


def test_an_idle_poll_makes_at_most_four_small_requests_and_marks_nobody(poll):
    before = poll.orders()
    for minutes in (1, 30, 60, 90):
        poll.advance(minutes=minutes)
        found = poll.pull()

        assert 4 >= found.requests == len(poll.http.calls)
        assert 5_000 > sum(call.body_bytes for call in poll.http.calls)
        assert (0, 0) == (found.orders, found.customers)
    assert set() == poll.dirty_people()
    assert before == poll.orders()


CHANGES = {
    "a customer orders": (lambda p: place_order(p, customer=p.anna), {"anna"}),
    "a guest orders": (lambda p: place_order(p, email="Dora@Example.com "), {"g:dora@example.com"}),
    "a known guest orders": (
        lambda p: place_order(p, email="BOB@example.com"),
        {"g:bob@example.com"},
    ),
    "a customer orders as a guest": (lambda p: place_order(p, email="anna@example.com"), {"anna"}),
    "someone without an address orders": (lambda p: place_order(p, email=""), set()),
    "it is cancelled": (lambda p: p.sandbox.cancel(p.bobs_order, now=p.now), {"g:bob@example.com"}),
    "it is completed": (lambda p: p.sandbox.complete(p.annas_order, now=p.now), {"anna"}),
    "it is trashed": (lambda p: p.sandbox.trash(p.bobs_order, now=p.now), {"g:bob@example.com"}),
    "a part is refunded": (lambda p: p.sandbox.refund(p.annas_order, "2.50", now=p.now), {"anna"}),
    "all is refunded": (lambda p: p.sandbox.refund(p.bobs_order, now=p.now), {"g:bob@example.com"}),
    "its lines are edited": (
        lambda p: p.sandbox.edit_items(p.bobs_order, ((p.wallet, 7),), now=p.now),
        {"g:bob@example.com"},
    ),
    "its meta is edited": (
        lambda p: p.sandbox.edit_order_meta(p.bobs_order, "colour", "red", now=p.now),
        {"g:bob@example.com"},
    ),
    "its address is changed": (
        lambda p: p.sandbox.edit_billing(p.bobs_order, now=p.now, email="robert@example.com"),
        {"g:bob@example.com", "g:robert@example.com"},
    ),
    "it is assigned to an account": (
        lambda p: p.sandbox.assign_order(p.bobs_order, p.anna, now=p.now),
        {"g:bob@example.com", "anna"},
    ),
    "meta that no rule uses is edited": (
        lambda p: p.sandbox.edit_order_meta(p.bobs_order, "unused", "x", now=p.now),
        set(),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_saved_and_marks_the_people_concerned(poll, name):
    change, people = CHANGES[name]
    change(poll)
    poll.pull()

    assert_database_matches_sandbox(poll)
    keys = {"anna": f"c{poll.anna}"}
    assert {keys.get(each, each) for each in people} == poll.dirty_people()


def test_an_order_restored_from_the_trash_has_its_old_status(poll):
    before = poll.order(poll.bobs_order)
    poll.sandbox.trash(poll.bobs_order, now=poll.now)
    poll.pull()
    assert "trash" == poll.order(poll.bobs_order).status
    poll.sandbox.untrash(poll.bobs_order, now=poll.advance(minutes=10))
    poll.pull()

    assert before.status == poll.order(poll.bobs_order).status
    assert_database_matches_sandbox(poll)


def test_a_draft_that_becomes_an_order_is_read(poll):
    id = place_order(poll, email="dora@example.com", status="checkout-draft")
    poll.pull()
    assert "checkout-draft" == poll.order(id).status
    poll.sandbox.set_status(id, "processing", now=poll.advance(minutes=10))
    poll.pull()

    assert_database_matches_sandbox(poll)


def test_the_history_of_an_order_has_the_statuses_that_polls_saw(poll):
    created = poll.now
    id = place_order(poll, email="dora@example.com", status="pending")
    poll.pull()
    paid = poll.advance(minutes=4)
    poll.sandbox.pay(id, now=paid)
    poll.pull()
    poll.sandbox.edit_billing(id, now=poll.advance(minutes=4), city="Rome")
    poll.pull()
    poll.sandbox.complete(id, now=poll.advance(minutes=4))
    last = poll.advance(minutes=1)
    poll.sandbox.cancel(id, now=last)
    poll.pull()

    assert (
        StatusChange("", "pending", created),
        StatusChange("pending", "processing", paid),
        StatusChange("processing", "cancelled", last),
    ) == poll.order(id).history


def test_the_date_of_a_refund_is_requested_once(poll):
    at = poll.now
    poll.sandbox.refund(poll.annas_order, "1.00", now=at)
    poll.pull()
    assert [at] == [refund.date for refund in poll.order(poll.annas_order).refunds]
    poll.sandbox.edit_billing(poll.annas_order, now=poll.advance(minutes=10), city="Rome")
    poll.pull()

    assert [at] == [refund.date for refund in poll.order(poll.annas_order).refunds]
    assert [] == [call for call in poll.http.calls if "refunds" in call.path]


def test_reading_back_our_own_write_marks_nobody(poll):
    poll.client.write_meta("orders", {poll.bobs_order: {"wcflow_tags": "VIP"}})
    poll.client.write_meta("customers", {poll.anna: {"wcflow_tags": "VIP"}})
    with poll.db.transaction() as tx:
        set_order_meta(tx, "shop", {poll.bobs_order: {"wcflow_tags": "VIP"}})
        set_customer_meta(tx, "shop", {poll.anna: {"wcflow_tags": "VIP"}})
    found = poll.pull()

    assert (0, set()) == (found.orders, poll.dirty_people())
    assert_database_matches_sandbox(poll)
    assert poll.order(poll.bobs_order).modified == poll.now


def test_tags_edited_by_hand_mark_the_customer(poll):
    poll.client.write_meta("orders", {poll.bobs_order: {"wcflow_tags": "VIP"}})
    with poll.db.transaction() as tx:
        set_order_meta(tx, "shop", {poll.bobs_order: {"wcflow_tags": "VIP"}})
    poll.sandbox.edit_order_meta(
        poll.bobs_order, "wcflow_tags", "VIP, Friend", now=poll.advance(minutes=1)
    )
    poll.pull()

    assert {"g:bob@example.com"} == poll.dirty_people()
    assert "VIP, Friend" == poll.order(poll.bobs_order).meta["wcflow_tags"]


def test_an_order_read_between_its_timestamp_and_its_items_is_read_again(poll):
    """WooCommerce saves the timestamp of an order before its items."""
    poll.faults.show_old_items(poll.bobs_order)
    poll.sandbox.edit_items(poll.bobs_order, ((poll.wallet, 5),), now=poll.now)
    poll.pull()
    assert 1 == poll.order(poll.bobs_order).items[0].quantity
    poll.advance(minutes=1)
    poll.pull()

    assert 5 == poll.order(poll.bobs_order).items[0].quantity
    assert_database_matches_sandbox(poll)


def test_an_order_with_its_old_items_is_read_again_even_if_newer_orders_follow(poll):
    poll.faults.show_old_items(poll.bobs_order)
    poll.sandbox.edit_items(poll.bobs_order, ((poll.wallet, 5),), now=poll.now)
    for number in range(5):
        place_order(poll, email=f"d{number}@example.com", now=poll.advance(seconds=1))
    poll.pull()
    assert 1 == poll.order(poll.bobs_order).items[0].quantity
    poll.advance(minutes=1)
    poll.pull()

    assert_database_matches_sandbox(poll)


def test_a_new_order_causes_its_customer_to_be_read_again(poll):
    poll.sandbox.edit_customer(poll.anna, now=poll.now, first_name="Anne")
    place_order(poll, customer=poll.anna)
    poll.pull()

    assert "Anne" == poll.customers()[poll.anna].first_name


def test_a_new_product_is_read_with_its_first_order(poll):
    cup = poll.sandbox.add_product("Cup", now=poll.now, categories=("Kitchen",))
    place_order(poll, email="dora@example.com", items=((cup, 1),))
    poll.pull()

    assert ("Kitchen",) == poll.products()[cup].categories


def test_a_deleted_account_is_requested_once_a_poll(poll):
    product = poll.sandbox.add_product("Gone", now=poll.now)
    orders = [place_order(poll, email="d@example.com", items=((product, 1),)) for _ in range(3)]
    poll.sandbox.state.products[product].status = "trash"
    for id in orders:
        poll.sandbox.state.orders[id].customer_id = 999
    poll.pull()

    assert [0, 0, 0] == [poll.order(id).customer_id for id in orders]
    by_id = [call.path for call in poll.http.calls if call.path.endswith("/999")]
    assert ["/wc/v3/customers/999"] == by_id


class TestSharedAddresses:
    """Orders of a shared address, and ignored guests, belong to no person."""

    def test_a_shared_address_is_no_person(self, poll):
        poll.settings = replace(poll.settings, shared_emails=frozenset({"till@example.com"}))
        place_order(poll, email="Till@example.com")
        poll.pull()

        assert set() == poll.dirty_people()
        assert_database_matches_sandbox(poll)

    def test_an_account_with_a_shared_address_is_nobody(self, poll):
        poll.settings = replace(poll.settings, shared_emails=frozenset({"*@example.com"}))
        place_order(poll, email="anna@example.com")
        place_order(poll, customer=poll.anna)
        poll.pull()

        assert set() == poll.dirty_people()

    def test_ignored_guests_are_no_persons(self, poll):
        poll.settings = replace(poll.settings, guests="ignore")
        place_order(poll, email="dora@example.com")
        place_order(poll, email="anna@example.com")
        poll.pull()

        assert {f"c{poll.anna}"} == poll.dirty_people()
        assert_database_matches_sandbox(poll)


class TestManyChanges:
    """No order is missed, even if many change in the same second."""

    @pytest.fixture
    def many(self, database):
        with open_poll(database, page_size=10) as poll:
            poll.order_ids = place_orders(poll.sandbox, 45, seconds_apart=3600)
            poll.settle()
            poll.advance(minutes=1)
            yield poll

    def test_orders_are_all_read_if_one_second_fills_several_pages(self, many):
        for id in many.order_ids[:37]:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        for id in many.order_ids[37:]:
            many.sandbox.edit_billing(id, now=many.advance(seconds=1), city="Rome")
        many.pull()

        assert_database_matches_sandbox(many)

    def test_trashed_orders_are_all_read_if_one_second_fills_several_pages(self, many):
        for id in many.order_ids[:25]:
            many.sandbox.trash(id, now=many.now)
        many.pull()

        assert_database_matches_sandbox(many)

    def test_orders_of_one_second_are_read_by_id_ranges_if_exclude_would_get_too_long(
        self, many, monkeypatch
    ):
        monkeypatch.setattr(paginate, "EXCLUDED", 20)
        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        many.pull()

        assert_database_matches_sandbox(many)

    def test_a_crowded_second_costs_requests_in_proportion_to_its_orders(self, many, monkeypatch):
        """Its ids can be far apart."""
        monkeypatch.setattr(paginate, "EXCLUDED", 20)
        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        highest = many.sandbox.state.orders[many.order_ids[-1]]
        many.sandbox.state.orders[10_000_000] = replace(highest, id=10_000_000, cached_json="")
        found = many.pull()

        assert 20 > found.requests
        assert_database_matches_sandbox(many)

    def test_rows_that_leave_a_crowded_second_hide_no_others(self, many, monkeypatch):
        monkeypatch.setattr(paginate, "EXCLUDED", 20)

        def before_answer(sandbox, now):
            for id in many.order_ids[:25]:
                sandbox.edit_billing(id, now=now + timedelta(seconds=5), city="Oslo")

        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        many.faults.before_answer(before_answer, only="GET /wc/v3/orders", after=5)
        many.pull()
        many.advance(minutes=1)
        many.pull()

        assert_database_matches_sandbox(many)

    @pytest.mark.parametrize("count", [4, 9, 45])
    def test_orders_of_one_second_are_not_read_again_by_every_idle_poll(self, many, count):
        for id in many.order_ids[:count]:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        many.pull()
        many.advance(minutes=3)
        many.pull()
        many.advance(minutes=1)
        found = many.pull()

        assert 3 == found.requests
        assert 2_000 > sum(call.body_bytes for call in many.http.calls)

    def test_orders_that_move_between_pages_during_a_poll_are_not_missed(self, many):
        def before_answer(sandbox, now):
            for id in many.order_ids[3:30:3]:
                sandbox.edit_billing(id, now=now + timedelta(seconds=5), city="Oslo")

        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.advance(seconds=1), city="Rome")
        many.faults.before_answer(before_answer, only="GET /wc/v3/orders", after=3)
        many.pull()
        many.advance(minutes=1)
        many.pull()

        assert_database_matches_sandbox(many)

    def test_page_numbers_and_offsets_are_never_used(self, many):
        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.now, city="Rome")
        many.pull()

        assert [] == [c for c in many.http.calls if "page" in c.params or "offset" in c.params]

    @pytest.mark.parametrize("after", range(5))
    def test_a_poll_that_crashes_between_pages_keeps_the_pages_it_read(self, many, after):
        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.advance(seconds=1), city="Rome")
        with pytest.raises(PollKilled):
            many.pull(checkpoint=kill_after(after))
        read = [id for id, order in many.orders().items() if order.billing.city == "Rome"]
        many.advance(minutes=5)
        many.pull()

        # The first page has trash and drafts; each later page repeats the last second before it.
        assert [0, 10, 19, 28, 37][after] == len(read)
        assert_database_matches_sandbox(many)
        assert set(many.sandbox_people()) == many.dirty_people()

    def test_the_poll_after_a_failure_continues_where_it_failed(self, many):
        for id in many.order_ids:
            many.sandbox.edit_billing(id, now=many.advance(seconds=1), city="Rome")
        many.faults.fail_with(times=None, only="GET /wc/v3/orders", after=3)
        many.advance(minutes=5)
        with pytest.raises(StoreError):
            many.pull()
        many.faults.recover()
        many.pull()

        pages = sum(call.params.get("status") == "any" for call in many.http.calls)
        assert 3 == pages
        assert_database_matches_sandbox(many)


class TestClocks:
    """Wrong clocks and clock changes cause no missed orders."""

    @pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=400)])
    def test_a_wrong_date_header_causes_no_missed_orders(self, sqlite, off):
        with open_poll(sqlite) as poll:
            place_orders(poll.sandbox, 3, seconds_apart=100)
            poll.faults.shift_date_header(off)
            poll.pull()
            for minutes in (1, 3, 10, 70, 1):
                poll.advance(minutes=minutes)
                place_orders(poll.sandbox, 1, seconds_apart=0, start=START - poll.now)
                poll.pull()

                assert_database_matches_sandbox(poll)

    @pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)])
    def test_a_wrong_store_clock_causes_no_missed_orders(self, sqlite, off):
        with open_poll(sqlite) as poll:
            place_orders(poll.sandbox, 3, seconds_apart=100)
            poll.faults.shift_clock(off)
            poll.pull()
            for minutes in (1, 3, 10, 70, 1):
                poll.advance(minutes=minutes)
                place_orders(poll.sandbox, 1, seconds_apart=0, start=START - poll.now - off)
                poll.pull()

                assert_database_matches_sandbox(poll)

    def test_the_age_of_an_order_is_measured_by_the_clock_of_the_store(self, sqlite):
        behind = timedelta(hours=-1)
        with open_poll(sqlite) as poll:
            poll.faults.shift_clock(behind)
            (id,) = place_orders(poll.sandbox, 1, seconds_apart=0)
            poll.pull()
            poll.faults.show_old_items(id)
            wallet = min(poll.sandbox.state.products)
            poll.sandbox.edit_items(id, ((wallet, 5),), now=poll.now + behind)
            poll.advance(seconds=30)
            place_orders(poll.sandbox, 1, seconds_apart=0, start=START - poll.now - behind)
            poll.pull()
            assert 1 == poll.order(id).items[0].quantity
            poll.advance(seconds=30)
            poll.pull()

            assert_database_matches_sandbox(poll)

    @pytest.mark.parametrize("fold", [0, 1])
    @pytest.mark.parametrize("pause", [1, 37, 200])
    def test_the_repeated_hour_in_autumn_causes_no_missed_orders(self, sqlite, fold, pause):
        """WooCommerce converts local time to GMT: in that hour it can be an hour off."""
        change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
        with open_poll(sqlite, SandboxStore(fold=fold), now=change - timedelta(hours=5)) as poll:
            (id,) = place_orders(poll.sandbox, 1, seconds_apart=0)
            poll.pull()
            step = 0
            while poll.now < change + timedelta(hours=5):
                poll.advance(minutes=pause if step % 5 else 11)
                step += 1
                if step % 3 == 0 or pause > 1:
                    poll.sandbox.edit_billing(id, now=poll.now, city=f"City {step}")
                    place_orders(poll.sandbox, 1, seconds_apart=0, start=START - poll.now)
                if pause > 1 or step % 4 == 0:
                    poll.pull()
                    poll.advance(seconds=20)
            poll.pull()

            assert_database_matches_sandbox(poll)

    def test_the_skipped_hour_in_spring_causes_no_missed_orders(self, sqlite):
        """WooCommerce reads bounds as local time, so no bound can lie in that hour."""
        gap = datetime(2026, 3, 29, 2, 0, tzinfo=UTC)
        with open_poll(sqlite, page_size=5, now=gap - timedelta(hours=3)) as poll:
            ids = place_orders(
                poll.sandbox, 40, seconds_apart=60, start=START - gap + timedelta(days=9)
            )
            poll.pull()
            for number, id in enumerate(ids):
                at = gap - timedelta(minutes=30) + number * timedelta(minutes=3)
                poll.sandbox.edit_billing(id, now=at, city="Rome")
                poll.advance(seconds=(at - poll.now).total_seconds())
                if number % 9 == 0:
                    poll.pull()
            poll.pull()

            assert_database_matches_sandbox(poll)

    def test_the_skipped_hour_in_spring_causes_no_missed_orders_in_an_initial_sync(self, sqlite):
        gap = datetime(2026, 3, 29, 2, 0, tzinfo=UTC)
        with open_poll(sqlite, page_size=5) as poll:
            place_orders(
                poll.sandbox, 40, seconds_apart=180, start=START - gap + timedelta(minutes=30)
            )
            poll.pull()

            assert_database_matches_sandbox(poll)


def test_a_draft_status_that_the_store_rejects_is_not_requested_again(poll):
    reject_status(poll, "checkout-draft")
    place_order(poll, email="dora@example.com")
    poll.pull()
    assert_database_matches_sandbox(poll)
    poll.advance(minutes=1)
    found = poll.pull()

    assert 3 == found.requests


def test_the_error_of_a_poll_and_its_start_are_kept_until_a_poll_succeeds(poll):
    poll.faults.fail_with(times=None)
    since = int(poll.now.timestamp())
    for _ in range(2):
        with pytest.raises(StoreError):
            poll.pull()
        poll.advance(minutes=1)
    failed = poll.row()
    poll.faults.recover()
    poll.pull()

    assert ("HTTP 500" in failed.poll_error, since) == (True, failed.poll_error_since)
    row = poll.row()
    assert ("", None, int(poll.now.timestamp())) == (
        row.poll_error,
        row.poll_error_since,
        row.polled_at,
    )


def test_an_unreadable_order_does_not_stop_the_poll(poll):
    bad = place_order(poll, email="dora@example.com")
    good = place_order(poll, email="emil@example.com", now=poll.advance(seconds=2))
    poll.faults.set_field("order", bad, "total", ["a plugin's own idea"])
    poll.pull()

    assert (False, True) == (bad in poll.orders(), good in poll.orders())
