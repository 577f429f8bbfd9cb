"""Answers of several threads are kept together, and none of them waits long for that."""

import time
from itertools import count

import pytest

from wcflow.database.tables import ImportRange
from wcflow.poll.workers import FetchedPart, fetch_slices

ANSWERS = 10


def make_portion():
    return ImportRange(store="shop", resource="orders", number=0, position=0, end=ANSWERS)


def fetch_all(piece):
    reached = piece.position + 1
    return FetchedPart(reached, reached, last=reached == piece.end)


@pytest.mark.parametrize(
    ("seconds", "together"), [(0, [ANSWERS]), (3, [2] * 5), (4, [1] * 10)], ids=str
)
def test_an_answer_waits_a_few_seconds_at_most_for_others(seconds, together):
    """So many seconds pass at each look at the clock: when the first comes, and after each one."""
    clock = count(0, seconds)
    with fetch_slices(fetch_all, [make_portion()], 1, clock=lambda: next(clock)) as answers:
        come = [[each.data for each in some] for some in answers]
    assert together == [len(some) for some in come]
    assert [*range(1, ANSWERS + 1)] == [each for some in come for each in some]


def test_where_one_slice_has_no_room_all_that_has_come_is_kept_together():
    """Two threads bring sixteen answers each, for which there is room, before any is kept."""
    pieces = [
        ImportRange(store="shop", resource="orders", number=n, position=0, end=40) for n in range(2)
    ]
    seen = []

    def noted(piece):
        seen.append(piece)
        return fetch_all(piece)

    with fetch_slices(noted, pieces, 2) as answers:
        while len(seen) < 32:
            time.sleep(0.01)
        time.sleep(0.1)
        sizes = [len(some) for some in answers]
    assert 32 == sizes[0]
    assert 80 == sum(sizes)
