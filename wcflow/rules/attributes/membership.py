"""Where a person stands: tags and segments that wcflow and people gave them, and their rank."""

from __future__ import annotations

from decimal import Decimal

from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.context import Context

MEMBERSHIP = Family("where they stand")
SEGMENTS = Family("where they stand", place="segments")
RANK = Family("rank")


# A segment or a tag rule that saw what rules put there would feed on itself: Scope.seen_from.
@MEMBERSHIP.plain(
    "tags",
    Kind.LIST,
    "The tags they wear; in segments and tag rules only those given by people or workflows.",
    "tags contains 'wholesale'",
    volatile=True,
)
def _tags(context: Context) -> AttributeValue:
    return AttributeValue(tuple(sorted(context.current_tags)))


@SEGMENTS.plain(
    "segments", Kind.LIST, "The segments they are in.", "segments contains any ('VIP', 'New')"
)
def _segments(context: Context) -> AttributeValue:
    return AttributeValue(tuple(sorted(context.segments)))


@SEGMENTS.plain(
    "segment_since",
    Kind.DATE,
    "When they last entered a segment.",
    "segment_since < -30d",
)
def _segment_since(context: Context) -> AttributeValue:
    return AttributeValue(max(context.segments.values(), default=None))


@RANK.plain(
    "spend_percentile",
    Kind.NUMBER,
    "Which percent of the store's paying customers spent less (as of last night).",
    "spend_percentile >= 90",
)
def _spend_percentile(context: Context) -> AttributeValue:
    return _percentile(context.profile.saved_state.spend_percentile)


@RANK.plain(
    "orders_percentile",
    Kind.NUMBER,
    "Which percent of the store's paying customers ordered less often (as of last night).",
    "orders_percentile >= 75",
)
def _orders_percentile(context: Context) -> AttributeValue:
    return _percentile(context.profile.saved_state.orders_percentile)


def _percentile(percentile: int | None) -> AttributeValue:
    return AttributeValue(None if percentile is None else Decimal(percentile))
