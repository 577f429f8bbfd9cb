"""The rescan finds, within days, changes that show in no timestamp and no count."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.path.test_initial_sync import place_orders
from tests.poll_harness import START, assert_database_matches_sandbox, open_poll
from wcflow.database.stores import Rescan
from wcflow.poll.rescan import HPOS_RESCANS, MAX_PAGES, PAGE_SIZE, POST_STORAGE_RESCANS, due_pages
from wcflow.sandbox.store import SandboxStore
from wcflow.store.wire import DATE_FIELDS

DAY = timedelta(days=1)
AGES = [3, 29, 33, 40, 200, 364, 380, 401, 700]
"""In days; on either side of each limit between two rescans."""


def list_requests(poll):
    """Return the requests for orders by creation date: neither changes nor counts."""
    return [
        call
        for call in poll.http.calls
        if call.path == "/wc/v3/orders" and "after" in call.params and "page" not in call.params
    ]


def fill_old_store(poll):
    """Place an order of each age, and 300 others; return the ids by age."""
    place_orders(poll.sandbox, 300, seconds_apart=2 * 86400, start=650 * DAY, status="completed")
    aged = {age: place_orders(poll.sandbox, 1, seconds_apart=0, start=age * DAY)[0] for age in AGES}
    poll.settle()
    return aged


@pytest.fixture
def legacy_poll(sqlite):
    with open_poll(sqlite, SandboxStore(hpos=False)) as poll:
        poll.aged = fill_old_store(poll)
        yield poll


def ages_found(poll, ages, length):
    """Edit meta, which updates no timestamp here; return the ages whose edit polls find in time."""
    for age in ages:
        poll.sandbox.edit_order_meta(poll.aged[age], "colour", "red", now=poll.now)
    for _ in range(48):
        poll.advance(seconds=length.total_seconds() / 48)
        poll.pull()
    return [age for age in ages if poll.order(poll.aged[age]).meta == {"colour": "red"}]


def test_edits_of_the_orders_of_a_month_are_found_by_the_nightly_reconcile(legacy_poll):
    for age in (3, 29, 40):
        legacy_poll.sandbox.edit_order_meta(
            legacy_poll.aged[age], "colour", "red", now=legacy_poll.now
        )
    legacy_poll.advance(hours=1)
    legacy_poll.reconcile()

    assert [{"colour": "red"}] * 2 == [
        legacy_poll.order(legacy_poll.aged[age]).meta for age in (3, 29)
    ]
    assert {} == legacy_poll.order(legacy_poll.aged[40]).meta


def test_edits_of_the_orders_of_a_year_are_found_within_a_week(legacy_poll):
    young = [age for age in AGES if age <= 365]

    assert young == ages_found(legacy_poll, young, 7 * DAY)


def test_edits_of_all_orders_are_found_within_a_month(legacy_poll):
    assert AGES == ages_found(legacy_poll, AGES, 28 * DAY)
    assert_database_matches_sandbox(legacy_poll)


def test_an_order_that_outgrows_one_rescan_is_in_the_next(legacy_poll):
    """Every order younger than a year is read again at least once a week."""
    poll = legacy_poll
    watched = [age for age in AGES if age in {29, 33, 40}]
    for week in range(3):
        for age in watched:
            poll.sandbox.edit_order_meta(poll.aged[age], "colour", f"red {week}", now=poll.now)
        for _ in range(7 * 4):
            poll.advance(hours=6)
            poll.pull()

        found = [poll.order(poll.aged[age]).meta["colour"] for age in watched]
        assert [f"red {week}"] * len(watched) == found


def test_a_rescan_is_spread_evenly_over_the_polls_of_a_week(legacy_poll):
    poll, pages = legacy_poll, []
    for _ in range(28):
        poll.advance(hours=6)
        poll.pull()
        pages.append(len(list_requests(poll)))

    assert max(pages) <= 2
    assert sum(pages) < 8


def test_edits_in_the_trash_are_found_too(legacy_poll):
    poll = legacy_poll
    poll.sandbox.trash(poll.aged[29], now=poll.now)
    poll.settle()

    assert [29] == ages_found(poll, [29], 7 * DAY)
    assert_database_matches_sandbox(poll)


def test_a_rescan_removes_deleted_orders_without_a_reconcile(legacy_poll):
    legacy_poll.sandbox.delete_order(legacy_poll.aged[29])
    for _ in range(28):
        legacy_poll.advance(hours=6)
        legacy_poll.pull()

    assert_database_matches_sandbox(legacy_poll)


@pytest.fixture
def hpos_poll(sqlite):
    with open_poll(sqlite) as poll:
        poll.aged = fill_old_store(poll)
        yield poll


def test_an_added_and_a_deleted_order_of_the_same_range_are_found_within_six_weeks(hpos_poll):
    """The counts of reconcile do not show them."""
    poll = hpos_poll
    poll.sandbox.place_order(now=poll.now - 200 * DAY, email="imported@example.com")
    poll.sandbox.delete_order(poll.aged[200])
    night = poll.reconcile()
    for _ in range(42):
        poll.advance(days=1)
        poll.pull()

    assert (0, 0) == (night.orders, night.deleted)
    assert_database_matches_sandbox(poll)


def test_only_ids_and_timestamps_are_read_again_if_every_edit_updates_a_timestamp(hpos_poll):
    poll, read = hpos_poll, []
    for _ in range(41):
        poll.advance(days=1)
        poll.pull()
        read += list_requests(poll)

    assert {f"id,{DATE_FIELDS}"} == {call.params["_fields"] for call in read}
    assert len(read) <= len(poll.orders()) // PAGE_SIZE + 2


@pytest.mark.parametrize("fixture", ["legacy_poll", "hpos_poll"])
def test_an_idle_poll_makes_at_most_four_requests(request, fixture):
    poll = request.getfixturevalue(fixture)
    poll.advance(minutes=1)

    assert poll.pull().requests <= 4


@pytest.mark.parametrize("fixture", ["legacy_poll", "hpos_poll"])
def test_a_rescan_of_a_store_that_seems_empty_deletes_nothing(request, fixture):
    poll = request.getfixturevalue(fixture)
    before = poll.orders()
    poll.sandbox.state.orders.clear()
    for _ in range(14):
        poll.advance(days=3)
        poll.pull()

    assert before == poll.orders()


def test_the_rescan_after_a_long_pause_is_spread_over_several_polls(legacy_poll):
    legacy_poll.advance(days=90)
    legacy_poll.pull()

    assert len(list_requests(legacy_poll)) <= MAX_PAGES * len(POST_STORAGE_RESCANS) + 2


def test_orders_are_all_read_again_if_one_second_has_more_than_a_page_holds(database):
    with open_poll(database, SandboxStore(hpos=False), page_size=10) as poll:
        many = place_orders(poll.sandbox, 150, seconds_apart=0, start=20 * DAY, status="completed")
        poll.settle()
        for id in many:
            poll.sandbox.edit_order_meta(id, "colour", "red", now=poll.now)
        for _ in range(28):
            poll.advance(hours=6)
            poll.pull()

        assert_database_matches_sandbox(poll)


@given(
    pages=st.integers(0, 20_000),
    polls=st.lists(st.integers(1, 3600), min_size=1, max_size=300),
    rescan=st.sampled_from([*POST_STORAGE_RESCANS, *HPOS_RESCANS]),
)
def test_no_page_is_due_too_early_and_the_last_page_is_due_in_time(pages, polls, rescan):
    start, done = START, 0
    now = start
    for seconds in polls:
        now += timedelta(seconds=seconds)
        progress = Rescan(int(start.timestamp()), 0, 1, done, pages)
        due = due_pages(now, progress, rescan.period)
        assert 0 <= due <= MAX_PAGES
        done += due
        assert done <= (pages + 1) * ((now - start) / rescan.period)
    late = Rescan(int(start.timestamp()), 0, 1, pages - 1, pages)
    assert due_pages(start + rescan.period, late, rescan.period) >= 1


def test_no_order_falls_between_two_rescans():
    for younger, older in itertools.pairwise(POST_STORAGE_RESCANS):
        assert younger.max_age >= older.min_age + older.period + younger.period
    assert (None, timedelta(0)) == (
        POST_STORAGE_RESCANS[-1].max_age,
        POST_STORAGE_RESCANS[0].min_age,
    )
