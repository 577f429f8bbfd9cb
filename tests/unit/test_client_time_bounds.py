"""Bounds in time reach WooCommerce as naive GMT of whole seconds, and lose nothing on the way."""

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


def test_a_bound_is_naive_gmt_and_says_so() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert {
        "modified_after": "2026-11-22T11:00:00",
        "dates_are_gmt": "true",
    } == time_params({"modified_after": noon})


def test_without_a_bound_nothing_is_said() -> None:
    assert time_params({"after": None}) == {}


def test_a_naive_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a time with a time zone"):
        time_params({"after": datetime(2026, 1, 1)})


@given(instants, instants)
def test_rounding_to_seconds_keeps_what_lies_within(bound: datetime, row: datetime) -> None:
    """The store compares whole seconds, exclusively: it gives exactly the rows within the bound."""
    stamp = row.replace(microsecond=0)
    sent = {name: time_params({name: bound})[name] for name in ("after", "before")}
    told = {name: datetime.fromisoformat(f"{value}+00:00") for name, value in sent.items()}
    assert (stamp > bound, stamp < bound) == (stamp > told["after"], stamp < told["before"])


def test_all_filters_are_sent() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    params = order_params({"status": "trash", "exclude": [3, 4], "orderby": "id", "before": now})
    assert {
        "status": "trash",
        "orderby": "id",
        "order": "asc",
        "offset": "",
        "exclude": "3,4",
        "before": "2026-01-01T00:00:00",
        "dates_are_gmt": "true",
    } == params
