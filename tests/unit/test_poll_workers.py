"""Responses of several threads are saved together, after a short wait at most."""

import time
from itertools import count

import pytest

from wcflow.database.tables import ImportRange
from wcflow.poll.workers import FetchedPart, fetch_slices

PARTS = 10


def import_range():
    return ImportRange(store="shop", resource="orders", number=0, position=0, end=PARTS)


def fetch_part(range_):
    reached = range_.position + 1
    return FetchedPart(reached, reached, last=reached == range_.end)


@pytest.mark.parametrize(
    ("seconds", "batch_sizes"), [(0, [PARTS]), (3, [2] * 5), (4, [1] * 10)], ids=str
)
def test_a_response_waits_a_few_seconds_at_most_for_others(seconds, batch_sizes):
    """The clock advances by ``seconds`` each time it is read: at the first response and after each."""
    clock = count(0, seconds)
    with fetch_slices(fetch_part, [import_range()], 1, clock=lambda: next(clock)) as batches:
        received = [[each.data for each in batch] for batch in batches]
    assert batch_sizes == [len(batch) for batch in received]
    assert [*range(1, PARTS + 1)] == [each for batch in received for each in batch]


def test_when_a_queue_is_full_everything_received_is_saved_together():
    """Two threads fetch the sixteen parts that fit the queue of each, before any is saved."""
    ranges = [
        ImportRange(store="shop", resource="orders", number=n, position=0, end=40) for n in range(2)
    ]
    fetched = []

    def record_and_fetch(range_):
        fetched.append(range_)
        return fetch_part(range_)

    with fetch_slices(record_and_fetch, ranges, 2) as batches:
        while len(fetched) < 32:
            time.sleep(0.01)
        time.sleep(0.1)
        sizes = [len(batch) for batch in batches]
    assert 32 == sizes[0]
    assert 80 == sum(sizes)
