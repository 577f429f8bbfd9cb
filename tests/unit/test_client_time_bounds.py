"""Time bounds are sent as GMT in whole seconds and include every row between them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.store.listing import order_params, time_params

instants = st.integers(0, 4 * 10**15).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


def test_a_bound_is_gmt_with_dates_are_gmt() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert {
        "modified_after": "2026-11-22T11:00:00",
        "dates_are_gmt": "true",
    } == time_params({"modified_after": noon})


def test_no_bound_sends_no_parameter() -> None:
    assert time_params({"after": None}) == {}


def test_a_bound_without_a_time_zone_is_rejected() -> None:
    with pytest.raises(ValueError, match="expected a time with a time zone"):
        time_params({"after": datetime(2026, 1, 1)})


@given(instants, instants)
def test_rounding_keeps_every_row_between_the_bounds(bound: datetime, row: datetime) -> None:
    """The store compares exclusively and in whole seconds."""
    stamp = row.replace(microsecond=0)
    sent = {name: time_params({name: bound})[name] for name in ("after", "before")}
    bounds = {name: datetime.fromisoformat(f"{value}+00:00") for name, value in sent.items()}
    assert (stamp > bound, stamp < bound) == (stamp > bounds["after"], stamp < bounds["before"])


def test_all_filters_are_sent() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    params = order_params({"status": "trash", "exclude": [3, 4], "orderby": "id", "before": now})
    assert {
        "status": "trash",
        "orderby": "id",
        "order": "asc",
        "offset": "",
        "exclude": "3,4",
        "parent_exclude": "",
        "before": "2026-01-01T00:00:00",
        "dates_are_gmt": "true",
    } == params
