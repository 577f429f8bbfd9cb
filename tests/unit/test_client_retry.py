"""Rules for retries of requests, and for adaptive page sizes."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.errors import StoreError
from wcflow.store.errors import TIMEOUT, TRANSIENT_STATUSES, UNREACHABLE
from wcflow.store.retry import MAX_TRIES, MAX_WAIT, AdaptiveSize, retry_wait

chances = st.floats(0, 1, exclude_max=True)


def failed(status: int = 0, code: str = "", **more: object) -> StoreError:
    return StoreError("it failed", status=status, code=code, **more)  # type: ignore[arg-type]


class TestWaiting:
    @given(st.integers(1, MAX_TRIES - 1), st.sampled_from(sorted(TRANSIENT_STATUSES)), chances)
    def test_a_wait_is_random_up_to_a_bound_that_doubles(
        self, attempt: int, status: int, chance: float
    ) -> None:
        wait = retry_wait(attempt, failed(status), chance, wrote=False)
        assert chance * min(30.0, 2.0 ** (attempt - 1)) == wait

    @given(st.floats(0, MAX_WAIT), st.integers(1, MAX_TRIES - 1), chances, st.booleans())
    def test_retry_after_is_a_minimum(
        self, seconds: float, attempt: int, chance: float, wrote: bool
    ) -> None:
        wait = retry_wait(attempt, failed(429, retry_after=seconds), chance, wrote=wrote)
        assert wait is not None
        assert seconds <= wait < seconds + 1 + 1e-9

    def test_a_long_retry_after_ends_the_retries(self) -> None:
        error = failed(503, retry_after=MAX_WAIT + 1)
        assert retry_wait(1, error, 0.5, wrote=False) is None

    @pytest.mark.parametrize(
        ("error", "tries"),
        [
            (failed(500), 5),
            (failed(200, "wcflow_unreadable"), 5),
            (failed(code=TIMEOUT), 3),
            (failed(code=UNREACHABLE), 3),
            (failed(401, permanent=True), 1),
            (failed(404, permanent=True), 1),
            (failed(200, "wcflow_page"), 1),
            (failed(200, "wcflow_unexpected"), 1),
        ],
    )
    def test_each_error_is_tried_a_limited_number_of_times(
        self, error: StoreError, tries: int
    ) -> None:
        waits = [retry_wait(attempt, error, 0.5, wrote=False) for attempt in range(1, 9)]
        assert tries == 1 + sum(wait is not None for wait in waits)

    def test_a_write_that_can_have_happened_is_not_retried(self) -> None:
        unknown = failed(code=TIMEOUT, effect_unknown=True)
        unsent = failed(code=UNREACHABLE)
        waits = [retry_wait(1, error, 0.5, wrote=True) for error in (unknown, unsent)]
        assert [None, 0.5] == waits


class TestAdaptiveSize:
    def test_a_size_halves_down_to_the_minimum(self) -> None:
        adaptive, sizes = AdaptiveSize(100), []
        for _ in range(7):
            sizes.append(adaptive.size)
            adaptive.shrink(adaptive.size)
        assert [100, 50, 25, 12, 6, 5, 5] == sizes

    def test_a_size_doubles_after_enough_successes(self) -> None:
        adaptive = AdaptiveSize(100, successes=3)
        adaptive.shrink(100)
        sizes = []
        for _ in range(4):
            adaptive.count_success(adaptive.size)
            sizes.append(adaptive.size)
        assert [50, 50, 100, 100] == sizes

    def test_an_overload_after_growth_doubles_the_successes_needed(self) -> None:
        """A store that cannot handle 100 is not overloaded every few pages."""
        adaptive, successes_before_overload, successes = AdaptiveSize(100, successes=3), [], 0
        for _ in range(60):
            if adaptive.size == 100:
                adaptive.shrink(100)
                successes_before_overload.append(successes)
                successes = 0
            else:
                adaptive.count_success(adaptive.size)
                successes += 1
        assert [0, 3, 6, 12, 24] == successes_before_overload

    def test_enough_successes_at_full_size_reset_the_successes_needed(self) -> None:
        """The next doubling takes twice as many as at first, not four times."""
        adaptive = AdaptiveSize(100, successes=2)
        needed = []
        for _ in range(3):
            adaptive.shrink(100)
            needed.append(_successes_until(100, adaptive))
            for _ in range(needed[-1]):
                adaptive.count_success(100)
        assert [2, 4, 4] == needed

    def test_two_threads_that_fail_together_halve_once(self) -> None:
        adaptive = AdaptiveSize(100)
        threads = [Thread(target=adaptive.shrink, args=(100,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert adaptive.size == 50

    def test_a_success_at_another_size_is_ignored(self) -> None:
        adaptive = AdaptiveSize(100, successes=1)
        adaptive.shrink(100)
        adaptive.count_success(100)
        assert adaptive.size == 50


def _successes_until(size: int, adaptive: AdaptiveSize) -> int:
    """Count successes until the size is reached."""
    count = 0
    while adaptive.size < size:
        adaptive.count_success(adaptive.size)
        count += 1
    return count
