"""The initial sync reads everything once, even if it is interrupted."""

import threading
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.sql import instant
from wcflow.database.stores import load_ranges, save_store
from wcflow.errors import StoreError
from wcflow.poll import orders as drafts
from wcflow.poll import paginate, refunds
from wcflow.poll.ranges import whole_slice
from wcflow.poll.workers import FetchedPart, ProgressMeter, SliceWork, run_work
from wcflow.sandbox.faults import FaultRule
from wcflow.sandbox.rest import text_response
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.store import SandboxStore


class PollKilled(Exception):
    """The process crashes here."""


@pytest.fixture
def past_store():
    """A store with guests, drafts, trash, refunds and unusual orders."""
    return seed_store(START, Random(7), people=60, orders=300)


def kill_after(after):
    """Return a checkpoint function that crashes the poll after ``after`` calls."""
    remaining = [after]

    def checkpoint():
        remaining[0] -= 1
        if remaining[0] < 0:
            raise PollKilled

    return checkpoint


def kill_in_part(part, share=0.0):
    """Return a progress function that crashes when this share of this part is done."""

    def progress(current, done, total):
        if current == part and done >= share * total:
            raise PollKilled

    return progress


def place_orders(sandbox, count, *, seconds_apart, start=timedelta(days=30), **more):
    """Place ``count`` orders by seven guests in turn; return their ids."""
    product = sandbox.add_product("Wallet", now=START - timedelta(days=400))
    return [
        sandbox.place_order(
            now=START - start + timedelta(seconds=number * seconds_apart),
            email=f"guest{number % 7}@example.com",
            items=((product, 1),),
            **more,
        )
        for number in range(count)
    ]


def test_after_the_initial_sync_the_database_equals_the_store(database, past_store):
    with open_poll(database, past_store) as poll:
        found = poll.pull()

        assert_database_matches_sandbox(poll)
        assert poll.sandbox_products().items() <= poll.products().items()
        assert (len(past_store.order_ids()), len(past_store.customer_ids()), True) == (
            found.orders,
            found.customers,
            found.initial_sync,
        )


def test_the_initial_sync_marks_everybody_for_evaluation(database, past_store):
    with open_poll(database, past_store) as poll:
        poll.pull()

        assert set(poll.sandbox_people()) <= poll.dirty_people()


def test_a_second_poll_reads_no_records_again_and_marks_nobody(database, past_store):
    with open_poll(database, past_store) as poll:
        poll.settle()
        poll.advance(minutes=1)

        found = poll.pull()

        assert (0, 0, 0, 0, False) == (
            found.orders,
            found.customers,
            found.products,
            found.deleted,
            found.initial_sync,
        )
        assert set() == poll.dirty_people()


def test_an_empty_store_gives_an_empty_database(database):
    with open_poll(database) as poll:
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert poll.row().initial_sync_done is not None


def test_a_store_without_accounts_is_read(database):
    with open_poll(database) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=100)
        poll.pull()

        assert_database_matches_sandbox(poll)


@pytest.mark.parametrize(
    "moment",
    [("customers",), ("products",), ("orders",), ("orders", 0.5), ("orders", 0.9), ("trash",)],
)
def test_an_initial_sync_continues_after_a_crash_where_it_stopped(database, past_store, moment):
    """Only the page in progress of each open range is requested again."""
    with open_poll(database, past_store, page_size=20) as poll:
        with pytest.raises(PollKilled):
            poll.pull(progress=kill_in_part(*moment))
        before = requested_pages(poll)
        in_progress = open_positions(poll)
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert set() == (before & requested_pages(poll)) - in_progress


def requested_pages(poll):
    """Return the order pages requested by date: status and lower bound."""
    return {
        (call.params["status"], call.params["after"])
        for call in poll.http.calls
        if call.params.get("orderby") == "date" and "after" in call.params
    }


def open_positions(poll):
    with poll.db.reading() as tx:
        unfinished = [each for each in load_ranges(tx, "shop") if not each.done]
    statuses = {"orders": ["any"], "trash": ["trash"], "drafts": drafts.DRAFT_STATUSES}
    return {
        (status, f"{instant(each.position - 1):%Y-%m-%dT%H:%M:%S}")
        for each in unfinished
        for status in statuses.get(each.resource, ())
    }


def test_a_failed_page_stops_the_initial_sync_but_keeps_the_pages_before_it(database):
    with open_poll(database, page_size=20) as poll:
        place_orders(poll.sandbox, 100, seconds_apart=3600)
        poll.faults.fail_with(times=None, only="GET /wc/v3/orders", after=5)

        with pytest.raises(StoreError) as raised:
            poll.pull()
        kept = len(poll.orders())
        row = poll.row()
        poll.faults.recover()
        poll.advance(minutes=5)
        poll.pull()

        assert 0 < kept < 100
        assert (str(raised.value), int(START.timestamp())) == (
            row.poll_error,
            row.poll_error_since,
        )
        assert ("", None) == (poll.row().poll_error, poll.row().poll_error_since)
        assert_database_matches_sandbox(poll)


def test_after_a_failure_only_the_requests_in_progress_are_finished(database):
    with open_poll(database, page_size=20) as poll:
        place_orders(poll.sandbox, 400, seconds_apart=6000)
        fail_first_range(poll)
        with pytest.raises(StoreError):
            poll.pull()

        # The other range of 200 orders was being read at the same time.
        assert len(poll.orders()) < 150
        poll.faults.recover()
        poll.advance(minutes=5)
        poll.pull()
        assert_database_matches_sandbox(poll)


def test_a_response_that_arrives_after_another_range_failed_is_kept(database):
    requested, failed, kept = threading.Event(), threading.Event(), []

    def fetch(piece):
        if piece.number == 0:
            requested.wait(5)
            failed.set()
            raise StoreError("no")
        requested.set()
        failed.wait(5)
        return FetchedPart("a response", 7, last=True)

    with open_poll(database) as poll:
        context = poll.context()
        pieces = [whole_slice("shop", "orders", number) for number in range(2)]
        work = SliceWork("orders", fetch, lambda tx, fetched: kept.extend(fetched) or 1)
        with pytest.raises(StoreError):
            run_work(context, pieces, work, ProgressMeter(context, "orders", 0, 0))
        with poll.db.reading() as tx:
            positions = [piece.position for piece in load_ranges(tx, "shop")]

    assert (["a response"], [7]) == (kept, positions)


def fail_first_range(poll):
    """Answer requests for any range but the last with an error."""

    def conflict(request, now, following):
        return text_response('{"code": "broken", "message": "No."}', now, status=409)

    def has_an_end(request):
        """The last range has none."""
        return request.params.get("orderby") == "date" and "before" in request.params

    poll.faults.rules.append(FaultRule(conflict, times=None, when=has_an_end))


def test_changes_made_during_the_initial_sync_are_in_the_database_after_it(database, past_store):
    with open_poll(database, past_store, page_size=50) as poll:
        orders = past_store.order_ids()

        def before_answer(sandbox, now):
            for id in orders[:: len(orders) // 9]:
                sandbox.edit_billing(id, now=now, city="Elsewhere")
            sandbox.trash(orders[4], now=now)
            sandbox.register("newcomer@example.com", now=now)
            place_orders(sandbox, 2, seconds_apart=1, start=timedelta(0))

        poll.faults.before_answer(before_answer, only="GET /wc/v3/orders", after=4)
        poll.advance(minutes=1)
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_orders_are_all_read_if_one_second_has_more_than_a_page_holds(database):
    with open_poll(database, page_size=10) as poll:
        place_orders(poll.sandbox, 35, seconds_apart=0)
        place_orders(poll.sandbox, 12, seconds_apart=1)
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_orders_of_one_second_are_read_by_id_ranges_if_exclude_would_get_too_long(
    database, monkeypatch
):
    monkeypatch.setattr(paginate, "EXCLUDED", 20)
    with open_poll(database, page_size=10) as poll:
        place_orders(poll.sandbox, 30, seconds_apart=0)
        poll.sandbox.state.numbers.skip("post", 5000)
        place_orders(poll.sandbox, 45, seconds_apart=0)
        poll.pull()

        assert_database_matches_sandbox(poll)
        longest = max(len(str(call.params.get("exclude", ""))) for call in poll.http.calls)
        assert longest < 30 * len("1234,")


def test_page_numbers_and_offsets_are_never_used(database, past_store):
    with open_poll(database, past_store, page_size=20) as poll:
        poll.pull()

        assert [] == [c for c in poll.http.calls if "page" in c.params or "offset" in c.params]


def test_many_refund_dates_are_read_from_the_refund_list(database, past_store, monkeypatch):
    """This saves one request for each page of orders."""
    monkeypatch.setattr(refunds, "_MANY", 1)
    with open_poll(database, past_store, page_size=50) as poll:
        poll.pull()

        assert_database_matches_sandbox(poll)
        requests = [call.params for call in poll.http.calls if call.path.endswith("/refunds")]
        assert (True, []) == (len(requests) > 1, [each for each in requests if "include" in each])


def test_refund_dates_are_read_by_id_if_the_refund_list_fails(database, past_store, monkeypatch):
    monkeypatch.setattr(refunds, "_MANY", 1)
    with open_poll(database, past_store, page_size=50) as poll:
        fail_refund_list(poll)
        poll.pull()

        assert_database_matches_sandbox(poll)


def fail_refund_list(poll):
    """Answer requests for the list with an error, but not requests by id."""

    def conflict(request, now, following):
        return text_response('{"code": "broken", "message": "No."}', now, status=409)

    def by_date(request):
        return request.path.endswith("/refunds") and request.params.get("orderby") == "date"

    poll.faults.rules.append(FaultRule(conflict, times=None, when=by_date))


def test_orders_dated_in_the_future_are_read(database):
    with open_poll(database) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=1, start=timedelta(days=-400))
        poll.sandbox.state.orders[max(poll.sandbox.order_ids())].modified = START - timedelta(
            days=3
        )
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_an_order_whose_account_does_not_exist_belongs_to_a_guest(database):
    with open_poll(database) as poll:
        (id,) = place_orders(poll.sandbox, 1, seconds_apart=0)
        poll.sandbox.state.orders[id].customer_id = 999
        poll.pull()

        assert 0 == poll.orders()[id].customer_id
        assert {"g:guest0@example.com"} == poll.dirty_people()


def reject_status(poll, status):
    """Act like a release of WooCommerce that does not have this status."""

    def bad_request(request, now, following):
        body = '{"code": "rest_invalid_param", "message": "Invalid parameter(s): status"}'
        return text_response(body, now, status=400)

    def has_status(request):
        return status in str(request.params.get("status", "")).split(",")

    poll.faults.rules.append(FaultRule(bad_request, times=None, when=has_status))


def test_a_draft_status_that_the_store_rejects_is_not_requested_again(database):
    with open_poll(database) as poll:
        reject_status(poll, "auto-draft")
        place_orders(poll.sandbox, 2, seconds_apart=1, status="checkout-draft")
        poll.pull()
        assert_database_matches_sandbox(poll)
        poll.advance(minutes=1)
        poll.pull()

        requested = {call.params.get("status") for call in poll.http.calls}
        assert {"trash,checkout-draft", "any", None} == requested


def test_drafts_are_read_even_if_the_status_any_omits_them(database):
    with open_poll(database, SandboxStore(any_holds_drafts=False)) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=1, status="checkout-draft")
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_the_progress_of_every_part_reaches_its_total(database, past_store):
    reports = []
    with open_poll(database, past_store, page_size=50) as poll:
        poll.pull(progress=lambda *report: reports.append(report))

    ends = {part: (done, total) for part, done, total in reports if part}
    last_id = max(past_store.customer_ids())
    assert (last_id, last_id) == ends["customers"]
    assert ends["orders"][0] == ends["orders"][1] > 0
    assert {"customers", "orders", "trash", "drafts", "products"} == set(ends)


def test_a_new_meta_key_in_the_rules_is_read_from_all_orders(database):
    with open_poll(database) as poll:
        without, with_meta = place_orders(poll.sandbox, 2, seconds_apart=100)
        poll.sandbox.edit_order_meta(with_meta, "finish", "matt", now=START - timedelta(days=20))
        poll.settle()
        poll.meta_keys |= {"finish"}
        poll.advance(minutes=1)
        found = poll.pull()

        assert ({}, {"finish": "matt"}, True) == (
            poll.orders()[without].meta,
            poll.orders()[with_meta].meta,
            found.initial_sync,
        )
        assert {"g:guest1@example.com"} == poll.dirty_people()
        assert not poll.pull().initial_sync


def test_two_stores_in_one_database_do_not_mix(database, past_store):
    with open_poll(database, past_store) as poll:
        poll.pull()
        before = poll.orders(), poll.customers(), poll.people()
    with open_poll(database) as other:
        other.settings = replace(other.settings, name="other")
        with database.transaction() as tx:
            save_store(tx, "other", url="https://other.example")
        place_orders(other.sandbox, 2, seconds_apart=1)
        other.pull()
        assert_database_matches_sandbox(other)
        other.settings = replace(other.settings, name="shop")

        assert before == (other.orders(), other.customers(), other.people())
