"""Where a person stands: tags and segments that wcflow and people gave them, and their rank."""

from __future__ import annotations

from decimal import Decimal

from wcflow.rules.attributes.registry import Family, Found, Kind
from wcflow.rules.context import Context

STANDING = Family("where they stand")
IN_SEGMENTS = Family("where they stand", place="segments")
RANK = Family("rank")


# A segment or a tag rule that saw what rules put there would feed on itself: Scope.seen_from.
@STANDING.plain(
    "tags",
    Kind.LIST,
    "The tags they wear; in segments and tag rules only those given by people or workflows.",
    "tags contains 'wholesale'",
    passing=True,
)
def _tags(scope: Context) -> Found:
    return Found(tuple(sorted(scope.worn)))


@IN_SEGMENTS.plain(
    "segments", Kind.LIST, "The segments they are in.", "segments contains any ('VIP', 'New')"
)
def _segments(scope: Context) -> Found:
    return Found(tuple(sorted(scope.segments)))


@IN_SEGMENTS.plain(
    "segment_since",
    Kind.DATE,
    "When they last entered a segment.",
    "segment_since < -30d",
)
def _segment_since(scope: Context) -> Found:
    return Found(max(scope.segments.values(), default=None))


@RANK.plain(
    "spend_percentile",
    Kind.NUMBER,
    "Which percent of the store's paying customers spent less (as of last night).",
    "spend_percentile >= 90",
)
def _spend_percentile(scope: Context) -> Found:
    return _rank(scope.profile.standing.spend_percentile)


@RANK.plain(
    "orders_percentile",
    Kind.NUMBER,
    "Which percent of the store's paying customers ordered less often (as of last night).",
    "orders_percentile >= 75",
)
def _orders_percentile(scope: Context) -> Found:
    return _rank(scope.profile.standing.orders_percentile)


def _rank(percentile: int | None) -> Found:
    return Found(None if percentile is None else Decimal(percentile))
