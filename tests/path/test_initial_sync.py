"""The first census: everything is read once, whatever interrupts it."""

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
    """The process ends here."""


@pytest.fixture
def past_store():
    """A shop with a past of its own kind: guests, drafts, trash, refunds, oddities."""
    return seed_store(START, Random(7), people=60, orders=300)


def kill_after(after):
    """End a poll after so many checkpoints."""
    left = [after]

    def checkpoint():
        left[0] -= 1
        if left[0] < 0:
            raise PollKilled

    return checkpoint


def kill_in_part(part, share=0.0):
    """Watch a census and end it in a part, when so much of that is done."""

    def progress(now_in, done, total):
        if now_in == part and done >= share * total:
            raise PollKilled

    return progress


def place_orders(sandbox, count, *, seconds_apart, start=timedelta(days=30), **more):
    """Have guests order so often."""
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


def test_a_census_makes_the_mirror_the_shop(database, past_store):
    with open_poll(database, past_store) as poll:
        found = poll.pull()

        assert_database_matches_sandbox(poll)
        assert poll.sandbox_products().items() <= poll.products().items()
        assert (len(past_store.order_ids()), len(past_store.customer_ids()), True) == (
            found.orders,
            found.customers,
            found.initial_sync,
        )


def test_everybody_is_touched_by_the_first_census(database, past_store):
    with open_poll(database, past_store) as poll:
        poll.pull()

        assert set(poll.sandbox_people()) <= poll.dirty_people()


def test_a_second_pull_reads_nothing_anew_and_touches_nobody(database, past_store):
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


def test_an_empty_shop_has_an_empty_mirror(database):
    with open_poll(database) as poll:
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert poll.row().initial_sync_done is not None


def test_a_shop_without_accounts_is_read(database):
    with open_poll(database) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=100)
        poll.pull()

        assert_database_matches_sandbox(poll)


@pytest.mark.parametrize(
    "moment",
    [("customers",), ("products",), ("orders",), ("orders", 0.5), ("orders", 0.9), ("trash",)],
)
def test_a_killed_census_goes_on_where_it_was(database, past_store, moment):
    """Only what was on its way is asked for once more: a page for each open slice."""
    with open_poll(database, past_store, page_size=20) as poll:
        with pytest.raises(PollKilled):
            poll.pull(progress=kill_in_part(*moment))
        asked = requested_pages(poll)
        left = open_positions(poll)
        poll.pull()

        assert_database_matches_sandbox(poll)
        assert set() == (asked & requested_pages(poll)) - left


def requested_pages(poll):
    """The pages of the walk by date: status and lower bound."""
    return {
        (call.params["status"], call.params["after"])
        for call in poll.http.calls
        if call.params.get("orderby") == "date" and "after" in call.params
    }


def open_positions(poll):
    with poll.db.reading() as tx:
        left = [piece for piece in load_ranges(tx, "shop") if not piece.done]
    statuses = {"orders": ["any"], "trash": ["trash"], "drafts": drafts.DRAFT_STATUSES}
    return {
        (status, f"{instant(piece.position - 1):%Y-%m-%dT%H:%M:%S}")
        for piece in left
        for status in statuses.get(piece.resource, ())
    }


def test_a_page_that_fails_ends_the_census_after_what_was_kept(database):
    with open_poll(database, page_size=20) as poll:
        place_orders(poll.sandbox, 100, seconds_apart=3600)
        poll.faults.fail_with(times=None, only="GET /wc/v3/orders", after=5)

        with pytest.raises(StoreError) as told_of:
            poll.pull()
        kept = len(poll.orders())
        row = poll.row()
        poll.faults.recover()
        poll.advance(minutes=5)
        poll.pull()

        assert 0 < kept < 100
        assert (str(told_of.value), int(START.timestamp())) == (
            row.poll_error,
            row.poll_error_since,
        )
        assert ("", None) == (poll.row().poll_error, poll.row().poll_error_since)
        assert_database_matches_sandbox(poll)


def test_after_a_failure_nothing_more_is_asked_than_is_on_its_way(database):
    with open_poll(database, page_size=20) as poll:
        place_orders(poll.sandbox, 400, seconds_apart=6000)
        fail_first_range(poll)
        with pytest.raises(StoreError):
            poll.pull()

        # The other slice of two hundred orders was being read at the same time.
        assert len(poll.orders()) < 150
        poll.faults.recover()
        poll.advance(minutes=5)
        poll.pull()
        assert_database_matches_sandbox(poll)


def test_what_is_on_its_way_when_another_slice_fails_is_kept(database):
    """Who asked meanwhile did not ask in vain."""
    asked, failed, kept = threading.Event(), threading.Event(), []

    def ask(piece):
        if piece.number == 0:
            asked.wait(5)
            failed.set()
            raise StoreError("no")
        asked.set()
        failed.wait(5)
        return FetchedPart("an answer", 7, last=True)

    with open_poll(database) as poll:
        visit = poll.context()
        pieces = [whole_slice("shop", "orders", number) for number in range(2)]
        work = SliceWork("orders", ask, lambda tx, what: kept.extend(what) or 1)
        with pytest.raises(StoreError):
            run_work(visit, pieces, work, ProgressMeter(visit, "orders", 0, 0))
        with poll.db.reading() as tx:
            positions = [piece.position for piece in load_ranges(tx, "shop")]

    assert (["an answer"], [7]) == (kept, positions)


def fail_first_range(poll):
    """Break down over the slice that has an end: the last one has none."""

    def deed(request, now, following):
        return text_response('{"code": "broken", "message": "No."}', now, status=409)

    def first_slice(request):
        return request.params.get("orderby") == "date" and "before" in request.params

    poll.faults.rules.append(FaultRule(deed, times=None, when=first_slice))


def test_what_changes_during_a_census_is_found_by_the_poll_after_it(database, past_store):
    with open_poll(database, past_store, page_size=50) as poll:
        some = past_store.order_ids()

        def before_answer(sandbox, now):
            for id in some[:: len(some) // 9]:
                sandbox.edit_billing(id, now=now, city="Elsewhere")
            sandbox.trash(some[4], now=now)
            sandbox.register("newcomer@example.com", now=now)
            place_orders(sandbox, 2, seconds_apart=1, start=timedelta(0))

        poll.faults.before_answer(before_answer, only="GET /wc/v3/orders", after=4)
        poll.advance(minutes=1)
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_a_second_in_which_more_orders_were_made_than_a_page_holds_is_drained(database):
    with open_poll(database, page_size=10) as poll:
        place_orders(poll.sandbox, 35, seconds_apart=0)
        place_orders(poll.sandbox, 12, seconds_apart=1)
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_a_second_that_holds_more_than_can_be_excluded_by_name_is_drained_by_ranges(
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


def test_no_second_page_is_ever_asked_for(database, past_store):
    with open_poll(database, past_store, page_size=20) as poll:
        poll.pull()

        assert [] == [c for c in poll.http.calls if "page" in c.params or "offset" in c.params]


def test_the_dates_of_refunds_are_read_before_their_orders(database, past_store, monkeypatch):
    """A hundred at a time, and not by one more request for each page of orders."""
    monkeypatch.setattr(refunds, "_MANY", 1)
    with open_poll(database, past_store, page_size=50) as poll:
        poll.pull()

        assert_database_matches_sandbox(poll)
        asked = [call.params for call in poll.http.calls if call.path.endswith("/refunds")]
        assert (True, []) == (len(asked) > 1, [each for each in asked if "include" in each])


def test_refunds_that_no_list_tells_are_asked_for_with_their_orders(
    database, past_store, monkeypatch
):
    monkeypatch.setattr(refunds, "_MANY", 1)
    with open_poll(database, past_store, page_size=50) as poll:
        fail_refund_list(poll)
        poll.pull()

        assert_database_matches_sandbox(poll)


def fail_refund_list(poll):
    """Break down over it, while refunds that are asked for by id are told."""

    def deed(request, now, following):
        return text_response('{"code": "broken", "message": "No."}', now, status=409)

    def by_date(request):
        return request.path.endswith("/refunds") and request.params.get("orderby") == "date"

    poll.faults.rules.append(FaultRule(deed, times=None, when=by_date))


def test_orders_dated_in_the_future_are_read(database):
    with open_poll(database) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=1, start=timedelta(days=-400))
        poll.sandbox.state.orders[max(poll.sandbox.order_ids())].modified = START - timedelta(
            days=3
        )
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_an_order_of_an_account_that_the_shop_does_not_have_is_a_guests(database):
    with open_poll(database) as poll:
        (id,) = place_orders(poll.sandbox, 1, seconds_apart=0)
        poll.sandbox.state.orders[id].customer_id = 999
        poll.pull()

        assert 0 == poll.orders()[id].customer_id
        assert {"g:guest0@example.com"} == poll.dirty_people()


def reject_status(poll, status):
    """Let the shop be of a release that does not know a status."""

    def deed(request, now, following):
        body = '{"code": "rest_invalid_param", "message": "Invalid parameter(s): status"}'
        return text_response(body, now, status=400)

    def asks_for_it(request):
        return status in str(request.params.get("status", "")).split(",")

    poll.faults.rules.append(FaultRule(deed, times=None, when=asks_for_it))


def test_kinds_of_draft_that_the_shop_does_not_know_are_not_asked_for_again(database):
    with open_poll(database) as poll:
        reject_status(poll, "auto-draft")
        place_orders(poll.sandbox, 2, seconds_apart=1, status="checkout-draft")
        poll.pull()
        assert_database_matches_sandbox(poll)
        poll.advance(minutes=1)
        poll.pull()

        asked = {call.params.get("status") for call in poll.http.calls}
        assert {"trash,checkout-draft", "any", None} == asked


def test_drafts_are_read_also_where_any_leaves_them_out(database):
    with open_poll(database, SandboxStore(any_holds_drafts=False)) as poll:
        place_orders(poll.sandbox, 3, seconds_apart=1, status="checkout-draft")
        poll.pull()

        assert_database_matches_sandbox(poll)


def test_progress_is_told_up_to_the_whole(database, past_store):
    heard = []
    with open_poll(database, past_store, page_size=50) as poll:
        poll.pull(progress=lambda *words: heard.append(words))

    ends = {part: (done, total) for part, done, total in heard if part}
    everyone = max(past_store.customer_ids())
    assert (everyone, everyone) == ends["customers"]
    assert ends["orders"][0] == ends["orders"][1] > 0
    assert {"customers", "orders", "trash", "drafts", "products"} == set(ends)


def test_meta_that_a_rule_names_only_now_is_read_from_all_orders(database):
    with open_poll(database) as poll:
        plain, painted = place_orders(poll.sandbox, 2, seconds_apart=100)
        poll.sandbox.edit_order_meta(painted, "finish", "matt", now=START - timedelta(days=20))
        poll.settle()
        poll.meta_keys |= {"finish"}
        poll.advance(minutes=1)
        found = poll.pull()

        assert ({}, {"finish": "matt"}, True) == (
            poll.orders()[plain].meta,
            poll.orders()[painted].meta,
            found.initial_sync,
        )
        assert {"g:guest1@example.com"} == poll.dirty_people()
        assert not poll.pull().initial_sync


def test_two_shops_in_one_database_do_not_mix(database, past_store):
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
