"""Differences among a million records are found with a few counts, by halving ranges of time."""

import itertools
from array import array
from bisect import bisect_left, insort
from functools import cache
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from wcflow.poll.compare import (
    LISTING_SIZE,
    MAX_RANGES,
    CreationTimes,
    RangeCount,
    Span,
    differing_spans,
)

MILLION = 1_000_000
WHOLE = Span(0, 400_000_000)
"""About twelve years, in seconds."""


class RemoteCounts:
    """The store's timestamps: ours without the removed ones, plus the added ones."""

    def __init__(self, ours):
        self._ours, self.removed, self.added, self.requests = ours, [], [], 0

    def remove(self, stamp):
        insort(self.removed, stamp)

    def add(self, stamp):
        insort(self.added, stamp)

    def counts(self, span):
        self.requests += 1
        return self.count(span)

    def count(self, span):
        parts = [(self._ours, 1), (self.removed, -1), (self.added, 1)]
        return sum(sign * count_local(stamps, span) for stamps, sign in parts)


def count_local(stamps, span):
    return bisect_left(stamps, span.end) - bisect_left(stamps, span.start)


def found_spans(ours, remote, night=0):
    """Return every range that the nightly check would list."""
    counts = [RangeCount(span, remote.counts(span)) for span in ours.parts(WHOLE, night)]
    return list(differing_spans(ours, remote.counts, counts))


@cache
def million_stamps(seed):
    """Orders of a growing store, with days without sales and hours with many."""
    random = Random(seed)
    stamps = [int(WHOLE.end * random.random() ** 0.4) for _ in range(MILLION * 9 // 10)]
    sales = [random.randrange(WHOLE.end - 3600) for _ in range(20)]
    stamps += [random.choice(sales) + random.randrange(3600) for _ in range(MILLION // 10)]
    return array("q", sorted(stamps))


@given(st.sampled_from([1, 2]), st.integers(0, MILLION - 1), st.integers(0, 400))
def test_one_removed_record_in_a_million_is_found_with_under_thirty_counts(seed, place, night):
    stamps = million_stamps(seed)
    remote = RemoteCounts(stamps)
    remote.remove(stamps[place])
    (span,) = found_spans(CreationTimes(stamps), remote, night)

    assert span.start <= stamps[place] < span.end
    assert count_local(stamps, span) <= LISTING_SIZE
    assert remote.requests < 30


@given(st.integers(WHOLE.start, WHOLE.end - 1), st.integers(0, 400))
def test_one_added_record_in_a_million_is_found_with_under_thirty_counts(stamp, night):
    stamps = million_stamps(1)
    remote = RemoteCounts(stamps)
    remote.add(stamp)
    (span,) = found_spans(CreationTimes(stamps), remote, night)

    assert span.start <= stamp < span.end
    assert count_local(stamps, span) <= LISTING_SIZE
    assert remote.requests < 30


def test_without_differences_each_part_is_counted_once():
    stamps = million_stamps(1)
    remote = RemoteCounts(stamps)

    assert [] == found_spans(CreationTimes(stamps), remote)
    assert remote.requests <= MAX_RANGES + 1


def test_a_single_second_is_not_halved():
    stamps = array("q", [1000] * 300 + [2000] * 300)
    remote = RemoteCounts(stamps)
    remote.remove(2000)

    assert [300] == [
        count_local(stamps, span) for span in found_spans(CreationTimes(stamps), remote)
    ]


def test_a_range_removed_as_a_whole_is_found_without_halving_it():
    """Halving a range that is empty in the store would only cost requests."""
    stamps = array("q", range(0, 100_000, 10))
    remote = RemoteCounts(stamps)
    for stamp in stamps[:5000]:
        remote.remove(stamp)
    spans = found_spans(CreationTimes(stamps), remote)

    assert remote.requests < 40
    assert 5000 <= sum(count_local(stamps, span) for span in spans) < 6000


stamps_of = st.lists(st.integers(0, 60) | st.integers(0, WHOLE.end - 1), max_size=700)
few = st.lists(st.integers(0, 60) | st.integers(0, WHOLE.end - 1), max_size=5)


def changed_counts(ours, removed, added):
    remote = RemoteCounts(ours)
    for place in removed:
        remote.remove(ours[place % len(ours)])
    for stamp in added:
        remote.add(stamp)
    return remote


@given(stamps_of, few, few, st.integers(0, 400))
def test_the_found_ranges_contain_all_differences_in_the_counts(stamps, removed, added, night):
    ours = sorted(stamps)
    remote = changed_counts(ours, set(removed) if ours else (), added)
    times = CreationTimes(ours)
    spans = found_spans(times, remote, night)
    missed = [
        remote.count(part)
        - count_local(ours, part)
        - sum(
            remote.count(span) - count_local(ours, span)
            for span in spans
            if part.start <= span.start < part.end
        )
        for part in times.parts(WHOLE, night)
    ]

    assert [0] * len(missed) == missed
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@given(stamps_of, few, st.integers(0, 400))
def test_no_added_record_is_missed(stamps, added, night):
    remote = changed_counts(sorted(stamps), (), added)
    spans = found_spans(CreationTimes(sorted(stamps)), remote, night)

    assert [] == [stamp for stamp in added if not any(a <= stamp < b for a, b in spans)]


@given(stamps_of, st.integers(0, 400))
def test_parts_cover_the_whole_time_once(stamps, night):
    parts = CreationTimes(sorted(stamps)).parts(WHOLE, night)

    assert [a.end for a in parts[:-1]] == [b.start for b in parts[1:]]
    assert (WHOLE.start, WHOLE.end) == (parts[0].start, parts[-1].end)
    assert len(parts) <= MAX_RANGES + 1


def test_a_removed_and_an_added_record_in_one_part_are_found_on_another_night():
    """Their counts cancel out until a later night has an edge between them."""
    stamps = array("q", range(0, 1_000_000, 10))
    remote = RemoteCounts(stamps)
    remote.remove(500_000)
    remote.add(520_005)
    nights = [bool(found_spans(CreationTimes(stamps), remote, night)) for night in range(8)]

    assert {True, False} == set(nights)


@given(st.integers(0, 300))
def test_edges_are_rounded_to_times_that_the_store_can_compare(second):
    """Here these are full minutes."""
    times = CreationTimes(sorted([*range(0, 6000, 7), second]), lambda edge: -(-edge // 60) * 60)
    spans = times.parts(Span(0, 6000), second)
    middles = [times.middle(span) for span in spans]

    assert set() == {edge % 60 for edge in middles if edge is not None} - {0}
    assert set() == {span.start % 60 for span in spans} - {0}
