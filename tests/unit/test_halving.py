"""Halving: what differs among a million is found by a few counts."""

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
"""Some twelve years of seconds."""


class RemoteCounts:
    """A list of stamps that is like ours, until somebody takes away from it or adds to it."""

    def __init__(self, ours):
        self._ours, self.gone, self.new, self.asked = ours, [], [], 0

    def loses(self, stamp):
        insort(self.gone, stamp)

    def gains(self, stamp):
        insort(self.new, stamp)

    def counts(self, span):
        self.asked += 1
        return self.count(span)

    def count(self, span):
        parts = [(self._ours, 1), (self.gone, -1), (self.new, 1)]
        return sum(sign * count_local(stamps, span) for stamps, sign in parts)


def count_local(stamps, span):
    return bisect_left(stamps, span.end) - bisect_left(stamps, span.start)


def found(shelf, there, turn=0):
    """Every range that a night would list."""
    counts = [RangeCount(span, there.counts(span)) for span in shelf.parts(WHOLE, turn)]
    return list(differing_spans(shelf, there.counts, counts))


@cache
def million_stamps(seed):
    """Orders of a shop that grew, with days on which it sold nothing and hours in which it sold much."""
    random = Random(seed)
    stamps = [int(WHOLE.end * random.random() ** 0.4) for _ in range(MILLION * 9 // 10)]
    sales = [random.randrange(WHOLE.end - 3600) for _ in range(20)]
    stamps += [random.choice(sales) + random.randrange(3600) for _ in range(MILLION // 10)]
    return array("q", sorted(stamps))


@given(st.sampled_from([1, 2]), st.integers(0, MILLION - 1), st.integers(0, 400))
def test_one_lost_among_a_million_is_found_by_less_than_thirty_counts(seed, which, turn):
    stamps = million_stamps(seed)
    there = RemoteCounts(stamps)
    there.loses(stamps[which])
    (span,) = found(CreationTimes(stamps), there, turn)

    assert span.start <= stamps[which] < span.end
    assert count_local(stamps, span) <= LISTING_SIZE
    assert there.asked < 30


@given(st.integers(WHOLE.start, WHOLE.end - 1), st.integers(0, 400))
def test_one_unknown_among_a_million_is_found_as_soon_wherever_it_lies(stamp, turn):
    stamps = million_stamps(1)
    there = RemoteCounts(stamps)
    there.gains(stamp)
    (span,) = found(CreationTimes(stamps), there, turn)

    assert span.start <= stamp < span.end
    assert count_local(stamps, span) <= LISTING_SIZE
    assert there.asked < 30


def test_where_nothing_differs_no_more_is_asked_than_there_are_parts():
    stamps = million_stamps(1)
    there = RemoteCounts(stamps)

    assert [] == found(CreationTimes(stamps), there)
    assert there.asked <= MAX_RANGES + 1


def test_a_second_that_holds_many_is_not_halved():
    stamps = array("q", [1000] * 300 + [2000] * 300)
    there = RemoteCounts(stamps)
    there.loses(2000)

    assert [300] == [count_local(stamps, span) for span in found(CreationTimes(stamps), there)]


def test_what_is_gone_as_a_whole_is_listed_at_once():
    """A listing tells nothing of what is not there: halving what is empty would be in vain."""
    stamps = array("q", range(0, 100_000, 10))
    there = RemoteCounts(stamps)
    for stamp in stamps[:5000]:
        there.loses(stamp)
    spans = found(CreationTimes(stamps), there)

    assert there.asked < 40
    assert 5000 <= sum(count_local(stamps, span) for span in spans) < 6000


stamps_of = st.lists(st.integers(0, 60) | st.integers(0, WHOLE.end - 1), max_size=700)
few = st.lists(st.integers(0, 60) | st.integers(0, WHOLE.end - 1), max_size=5)


def changed_stamps(ours, lost, gained):
    there = RemoteCounts(ours)
    for which in lost:
        there.loses(ours[which % len(ours)])
    for stamp in gained:
        there.gains(stamp)
    return there


@given(stamps_of, few, few, st.integers(0, 400))
def test_once_the_ranges_found_are_made_alike_all_counts_are(stamps, lost, gained, turn):
    ours = sorted(stamps)
    there = changed_stamps(ours, set(lost) if ours else (), gained)
    shelf = CreationTimes(ours)
    spans = found(shelf, there, turn)
    missed = [
        there.count(part)
        - count_local(ours, part)
        - sum(
            there.count(span) - count_local(ours, span)
            for span in spans
            if part.start <= span.start < part.end
        )
        for part in shelf.parts(WHOLE, turn)
    ]

    assert [0] * len(missed) == missed
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@given(stamps_of, few, st.integers(0, 400))
def test_however_many_are_unknown_none_is_missed(stamps, gained, turn):
    there = changed_stamps(sorted(stamps), (), gained)
    spans = found(CreationTimes(sorted(stamps)), there, turn)

    assert [] == [stamp for stamp in gained if not any(a <= stamp < b for a, b in spans)]


@given(stamps_of, st.integers(0, 400))
def test_parts_cover_the_time_once_and_hold_as_many_each(stamps, turn):
    parts = CreationTimes(sorted(stamps)).parts(WHOLE, turn)

    assert [a.end for a in parts[:-1]] == [b.start for b in parts[1:]]
    assert (WHOLE.start, WHOLE.end) == (parts[0].start, parts[-1].end)
    assert len(parts) <= MAX_RANGES + 1


def test_two_that_a_count_takes_for_each_other_are_told_apart_another_night():
    """One is gone and one is unknown: where the edges lie between them, both counts differ."""
    stamps = array("q", range(0, 1_000_000, 10))
    there = RemoteCounts(stamps)
    there.loses(500_000)
    there.gains(520_005)
    nights = [bool(found(CreationTimes(stamps), there, turn)) for turn in range(8)]

    assert {True, False} == set(nights)


@given(st.integers(0, 300))
def test_edges_lie_where_the_shop_can_be_asked_to_cut(second):
    """Here it can cut at full minutes alone."""
    shelf = CreationTimes(sorted([*range(0, 6000, 7), second]), lambda edge: -(-edge // 60) * 60)
    spans = shelf.parts(Span(0, 6000), second)
    middles = [shelf.middle(span) for span in spans]

    assert set() == {edge % 60 for edge in middles if edge is not None} - {0}
    assert set() == {span.start % 60 for span in spans} - {0}
