"""Rounds: what no stamp and no count shows is found within days, a few pages at a time."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.path.test_census import ordered
from tests.polled import BEGIN, mirror_equals_shop, polled
from wcflow.poll.rescan import (
    HPOS_RESCANS,
    MAX_PAGES,
    PAGE_SIZE,
    POST_STORAGE_RESCANS,
    RescanProgress,
    due_pages,
)
from wcflow.sandbox.store import SandboxStore

DAY = timedelta(days=1)
AGES = [3, 29, 33, 40, 200, 364, 380, 401, 700]
"""Days, on either side of where one round hands over to the next."""


def lists(poll, fields="id"):
    """The lists of orders by when they were made, as opposed to what changed and to counts."""
    return [
        call
        for call in poll.door.calls
        if call.path == "/wc/v3/orders" and "after" in call.params and "page" not in call.params
    ]


def old_shop(poll):
    """A shop with an order of each age, and some hundred others."""
    ordered(poll.shop, 300, seconds_apart=2 * 86400, start=650 * DAY, status="completed")
    aged = {age: ordered(poll.shop, 1, seconds_apart=0, start=age * DAY)[0] for age in AGES}
    poll.settle()
    return aged


@pytest.fixture
def posts(sqlite):
    with polled(sqlite, SandboxStore(hpos=False)) as poll:
        poll.aged = old_shop(poll)
        yield poll


def waits_for_edits(poll, ages, length):
    """Edit what moves no stamp; poll now and then; give the ages whose edit was found in time."""
    for age in ages:
        poll.shop.edit_order_meta(poll.aged[age], "colour", "red", now=poll.now)
    for _ in range(48):
        poll.passes(seconds=length.total_seconds() / 48)
        poll.pull()
    return [age for age in ages if poll.order(poll.aged[age]).meta == {"colour": "red"}]


def test_where_edits_move_no_stamp_those_of_a_month_are_found_each_night(posts):
    for age in (3, 29, 40):
        posts.shop.edit_order_meta(posts.aged[age], "colour", "red", now=posts.now)
    posts.passes(hours=1)
    posts.reconcile()

    assert [{"colour": "red"}] * 2 == [posts.order(posts.aged[age]).meta for age in (3, 29)]
    assert {} == posts.order(posts.aged[40]).meta


def test_where_edits_move_no_stamp_those_of_a_year_are_found_within_a_week(posts):
    young = [age for age in AGES if age <= 365]

    assert young == waits_for_edits(posts, young, 7 * DAY)


def test_where_edits_move_no_stamp_every_one_is_found_within_a_month(posts):
    assert AGES == waits_for_edits(posts, AGES, 28 * DAY)
    mirror_equals_shop(posts)


def test_an_order_that_grows_out_of_one_round_is_in_the_next(posts):
    """Each order is read again at least once a week as long as it is younger than a year."""
    poll = posts
    watched = [age for age in AGES if age in {29, 33, 40}]
    for week in range(3):
        for age in watched:
            poll.shop.edit_order_meta(poll.aged[age], "colour", f"red {week}", now=poll.now)
        for _ in range(7 * 4):
            poll.passes(hours=6)
            poll.pull()

        found = [poll.order(poll.aged[age]).meta["colour"] for age in watched]
        assert [f"red {week}"] * len(watched) == found


def test_a_round_is_spread_evenly_and_goes_on_where_it_was_left(posts):
    """Of the polls of a week, none reads many pages at once."""
    poll, pages = posts, []
    for _ in range(28):
        poll.passes(hours=6)
        poll.pull()
        pages.append(len(lists(poll)))

    assert max(pages) <= 2
    assert sum(pages) < 8


def test_edits_in_the_trash_are_found_too(posts):
    poll = posts
    poll.shop.trash(poll.aged[29], now=poll.now)
    poll.settle()

    assert [29] == waits_for_edits(poll, [29], 7 * DAY)
    mirror_equals_shop(poll)


def test_a_round_forgets_what_was_deleted_without_waiting_for_the_night(posts):
    posts.shop.delete_order(posts.aged[29])
    for _ in range(28):
        posts.passes(hours=6)
        posts.pull()

    mirror_equals_shop(posts)


@pytest.fixture
def tables(sqlite):
    with polled(sqlite) as poll:
        poll.aged = old_shop(poll)
        yield poll


def test_one_too_many_and_one_too_few_in_the_same_range_are_found_within_six_weeks(tables):
    """Their counts are equal, night after night."""
    poll = tables
    poll.shop.place_order(now=poll.now - 200 * DAY, email="imported@example.com")
    poll.shop.delete_order(poll.aged[200])
    night = poll.reconcile()
    for _ in range(42):
        poll.passes(days=1)
        poll.pull()

    assert (0, 0) == (night.orders, night.deleted)
    mirror_equals_shop(poll)


def test_where_every_edit_is_stamped_no_order_is_read_again_for_nothing(tables):
    poll, read = tables, []
    for _ in range(41):
        poll.passes(days=1)
        poll.pull()
        read += lists(poll)

    assert {"id,date_modified_gmt"} == {call.params["_fields"] for call in read}
    assert len(read) <= len(poll.orders()) // PAGE_SIZE + 2


@pytest.mark.parametrize("shop", ["posts", "tables"])
def test_an_idle_poll_asks_four_times_at_most(request, shop):
    poll = request.getfixturevalue(shop)
    poll.passes(minutes=1)

    assert poll.pull().requests <= 4


@pytest.mark.parametrize("shop", ["posts", "tables"])
def test_a_shop_that_says_it_is_empty_loses_nothing_by_a_round(request, shop):
    poll = request.getfixturevalue(shop)
    before = poll.orders()
    poll.shop.state.orders.clear()
    for _ in range(14):
        poll.passes(days=3)
        poll.pull()

    assert before == poll.orders()


def test_a_long_rest_is_made_up_for_by_and_by(posts):
    posts.passes(days=90)
    posts.pull()

    assert len(lists(posts)) <= MAX_PAGES * len(POST_STORAGE_RESCANS) + 2


def test_more_orders_of_one_second_than_a_page_holds_are_all_read_again(database):
    with polled(database, SandboxStore(hpos=False), page_size=10) as poll:
        many = ordered(poll.shop, 150, seconds_apart=0, start=20 * DAY, status="completed")
        poll.settle()
        for id in many:
            poll.shop.edit_order_meta(id, "colour", "red", now=poll.now)
        for _ in range(28):
            poll.passes(hours=6)
            poll.pull()

        mirror_equals_shop(poll)


@given(
    pages=st.integers(0, 20_000),
    polls=st.lists(st.integers(1, 3600), min_size=1, max_size=300),
    of=st.sampled_from([*POST_STORAGE_RESCANS, *HPOS_RESCANS]),
)
def test_a_share_is_never_more_than_is_due_and_the_last_page_is_due_in_time(pages, polls, of):
    begin, done = BEGIN, 0
    now = begin
    for seconds in polls:
        now += timedelta(seconds=seconds)
        progress = RescanProgress(int(begin.timestamp()), 0, 1, done, pages)
        due = due_pages(now, progress, of.period)
        assert 0 <= due <= MAX_PAGES
        done += due
        assert done <= (pages + 1) * ((now - begin) / of.period)
    late = RescanProgress(int(begin.timestamp()), 0, 1, pages - 1, pages)
    assert due_pages(begin + of.period, late, of.period) >= 1


def test_each_round_reaches_so_far_that_no_order_falls_between_two():
    for younger, older in itertools.pairwise(POST_STORAGE_RESCANS):
        assert younger.max_age >= older.min_age + older.period + younger.period
    assert (None, timedelta(0)) == (
        POST_STORAGE_RESCANS[-1].max_age,
        POST_STORAGE_RESCANS[0].min_age,
    )
