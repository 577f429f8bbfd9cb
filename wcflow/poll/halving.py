"""Find the few orders in which two long lists differ, at the price of a few counts. Pure.

The times in which orders were made are cut into ranges that hold as many of ours each. Where the
shop counts another number, the range is halved, again by what we hold, until a listing costs no
more than further counts would: one among a million is found by 16 counts and ten more.

What a count cannot see is one order too few and one too many in the same range. So the first edges
lie elsewhere each night, and a round (``reread``) compares ids, whatever the counts say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

PARTS = 16
"""How many ranges are counted where nothing is amiss."""

FEW = 100
"""What one listing brings. Where more than one in so many differ, halving finds them no sooner."""

_GOLDEN = 0.6180339887498949


class Span(NamedTuple):
    """A time from one second to another: ``start`` belongs to it, ``end`` does not."""

    start: int
    end: int


class Counted(NamedTuple):
    """How many orders the shop counts in a range."""

    span: Span
    there: int


def same_second(second: int) -> int:
    """Cut where it is asked for."""
    return second


class Shelf:
    """When our orders were made, in ascending seconds.

    ``cut`` gives the first second from another on at which the shop can be asked to cut.
    """

    def __init__(self, stamps: Sequence[int], cut: Callable[[int], int] = same_second) -> None:
        self._stamps, self._cut = stamps, cut

    def count(self, span: Span) -> int:
        """Count ours in a range."""
        first, end = self._ranks(span)
        return end - first

    def parts(self, whole: Span, turn: int) -> list[Span]:
        """Cut ``whole`` into ranges of as many of ours each, at other places with each ``turn``."""
        first, end = self._ranks(whole)
        count = min(PARTS, -(-(end - first) // FEW))
        shift = turn * _GOLDEN % 1
        ranks = [first + int((end - first) * (part + shift) / count) for part in range(count)]
        edges = {self._cut(self._stamps[rank]) for rank in ranks}
        inside = sorted(edge for edge in edges if whole.start < edge < whole.end)
        return [Span(*ends) for ends in pairwise([whole.start, *inside, whole.end])]

    def middle(self, span: Span) -> int | None:
        """Give the second that leaves half of ours on either side; None where none parts them."""
        first, end = self._ranks(span)
        if end - first <= 1:
            return None
        half = self._stamps[(first + end) // 2]
        for edge in (self._cut(half), self._cut(half + 1)):
            if span.start < edge < span.end and first < bisect_left(self._stamps, edge) < end:
                return edge
        return None

    def _ranks(self, span: Span) -> tuple[int, int]:
        return bisect_left(self._stamps, span.start), bisect_left(self._stamps, span.end)


def differing(
    shelf: Shelf, count: Callable[[Span], int], counted: Iterable[Counted]
) -> Iterator[Span]:
    """Give small ranges that hold what differs. ``count`` asks the shop; one half tells the other."""
    for span, there in counted:
        ours = shelf.count(span)
        if ours == there:
            continue
        middle = shelf.middle(span)
        if middle is None or ours <= FEW * abs(ours - there):
            yield span
            continue
        left, right = Span(span.start, middle), Span(middle, span.end)
        on_the_left = count(left)
        halves = [Counted(left, on_the_left), Counted(right, there - on_the_left)]
        yield from differing(shelf, count, halves)
