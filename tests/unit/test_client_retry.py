"""When requests are retried, and how page sizes adapt."""

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
    def test_jitter_is_full_and_bounded(self, attempt: int, status: int, chance: float) -> None:
        """The wait is anything between 0 and a bound that doubles."""
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
    def test_retries_end(self, error: StoreError, tries: int) -> None:
        waits = [retry_wait(attempt, error, 0.5, wrote=False) for attempt in range(1, 9)]
        assert tries == 1 + sum(wait is not None for wait in waits)

    def test_a_write_that_may_have_happened_is_not_retried(self) -> None:
        unsure = failed(code=TIMEOUT, effect_unknown=True)
        sure = failed(code=UNREACHABLE)
        waits = [retry_wait(1, error, 0.5, wrote=True) for error in (unsure, sure)]
        assert [None, 0.5] == waits


class TestAdaptiveSize:
    def test_it_halves_down_to_the_minimum(self) -> None:
        portion, sizes = AdaptiveSize(100), []
        for _ in range(7):
            sizes.append(portion.size)
            portion.shrink(portion.size)
        assert [100, 50, 25, 12, 6, 5, 5] == sizes

    def test_it_doubles_after_enough_successes(self) -> None:
        portion = AdaptiveSize(100, successes=3)
        portion.shrink(100)
        sizes = []
        for _ in range(4):
            portion.count_success(portion.size)
            sizes.append(portion.size)
        assert [50, 50, 100, 100] == sizes

    def test_an_overload_after_growth_doubles_the_successes_needed(self) -> None:
        """A store that cannot handle 100 is not overloaded every few pages."""
        portion, chokes_after, fine = AdaptiveSize(100, successes=3), [], 0
        for _ in range(60):
            if portion.size == 100:
                portion.shrink(100)
                chokes_after.append(fine)
                fine = 0
            else:
                portion.count_success(portion.size)
                fine += 1
        assert [0, 3, 6, 12, 24] == chokes_after

    def test_full_size_resets_the_successes_needed(self) -> None:
        portion = AdaptiveSize(100, successes=2)
        for _ in range(3):
            portion.shrink(100)
            for _ in range(20):
                portion.count_success(portion.size)
        assert portion.size == 100

    def test_two_threads_that_fail_together_halve_once(self) -> None:
        portion = AdaptiveSize(100)
        threads = [Thread(target=portion.shrink, args=(100,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert portion.size == 50

    def test_a_success_at_another_size_is_ignored(self) -> None:
        portion = AdaptiveSize(100, successes=1)
        portion.shrink(100)
        portion.count_success(100)
        assert portion.size == 50
