"""Time bounds mean the same to WooCommerce, even when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.poll.paginate import SECOND, SETTLING_TIME, cursor_margin, lower_bound, upper_bound
from wcflow.sandbox.zone import Zone, gmt

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
]
GAPS = {
    "Europe/Berlin": datetime(2026, 3, 29, 2, 0, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 8, 2, 0, tzinfo=UTC),
    "America/Havana": datetime(2026, 3, 8, 0, 0, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 10, 4, 2, 0, tzinfo=UTC),
}

near_gaps = st.sampled_from(sorted(GAPS)).flatmap(
    lambda zone: st.tuples(
        st.just(zone),
        st.integers(-5000, 9000).map(lambda seconds: GAPS[zone] + timedelta(seconds=seconds)),
    )
)
anywhere = st.tuples(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
        lambda instant: instant.replace(microsecond=0)
    ),
)


@given(near_gaps | anywhere)
def test_the_store_compares_with_exactly_the_time_that_was_sent(case):
    """Also around a change of its clocks."""
    zone, second = case
    bounds = lower_bound(second, ZoneInfo(zone)), upper_bound(second, ZoneInfo(zone))

    assert bounds == tuple(Zone(zone).read(gmt(bound), against_gmt=True) for bound in bounds)
    assert bounds[0] < second < bounds[1]


@given(near_gaps | anywhere)
def test_no_nearer_bound_would_be_exact(case):
    zone, second = case
    after, before = lower_bound(second, ZoneInfo(zone)), upper_bound(second, ZoneInfo(zone))
    nearer = [*seconds(after, second), *seconds(second, before)]

    assert [] == [
        bound for bound in nearer if bound == Zone(zone).read(gmt(bound), against_gmt=True)
    ]


def seconds(start, end):
    """Return some seconds between two instants: the first, the last, and one of each minute."""
    between = int((end - start).total_seconds()) - 1
    places = {1, between, *range(1, between + 1, 60)} if between else ()
    return [start + place * SECOND for place in sorted(places)]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (-121, SETTLING_TIME),
        (-119, SETTLING_TIME + timedelta(minutes=61)),
        (0, SETTLING_TIME + timedelta(minutes=61)),
        (119, SETTLING_TIME + timedelta(minutes=61)),
        (121, SETTLING_TIME),
    ],
)
@pytest.mark.parametrize(
    "change", [datetime(2026, 10, 25, 1, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]
)
def test_around_a_change_of_clocks_the_cursor_stays_an_hour_behind(change, minutes, expected):
    assert expected == cursor_margin(change + timedelta(minutes=minutes), ZoneInfo("Europe/Berlin"))
