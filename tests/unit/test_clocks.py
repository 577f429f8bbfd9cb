"""When two clocks are trusted, and what is said when they are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wcflow.rules.clocks import ClockGap, clock_gap, signature_gap

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_clocks_within_five_minutes_agree(seconds: int) -> None:
    assert clock_gap(NOON + timedelta(seconds=seconds), NOON) is None


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_clocks_further_apart_disagree(seconds: int) -> None:
    here = NOON + timedelta(seconds=seconds)

    assert ClockGap(here, NOON) == clock_gap(here, NOON)


def test_a_gap_says_which_clock_says_what() -> None:
    assert (
        "this machine's clock says 2026-12-28 10:00 UTC, the store's says 2026-11-28 10:00 UTC;"
        " nothing is evaluated or written until they agree"
    ) == str(
        ClockGap(
            datetime(2026, 12, 28, 10, tzinfo=UTC), datetime(2026, 11, 28, 10, 0, 59, tzinfo=UTC)
        )
    )


def test_a_signature_is_rejected_after_fifteen_minutes() -> None:
    """WooCommerce accepts signed requests over http for that long."""
    old, older = NOON - timedelta(minutes=15), NOON - timedelta(minutes=16)

    assert [None, ClockGap(older, NOON)] == [signature_gap(old, NOON), signature_gap(older, NOON)]
