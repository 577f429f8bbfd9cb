"""Attributes from the last evaluation: tags, segments, groups and percentiles."""

from __future__ import annotations

from decimal import Decimal

from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.context import Context

MEMBERSHIP = Family("tags and segments")
SEGMENTS = Family("tags and segments", place="segments")
RANK = Family("rank")


# Segments and tag rules must not see tags made by rules, or they would depend on themselves
# (Context.seen_from).
@MEMBERSHIP.plain(
    "tags",
    Kind.LIST,
    "Their tags. Segments and tag rules see only tags added by people or workflows.",
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
    "When they last entered any segment.",
    "segment_since < -30d",
)
def _segment_since(context: Context) -> AttributeValue:
    return AttributeValue(max(context.segments.values(), default=None))


@MEMBERSHIP.plain("groups", Kind.LIST, "The groups they are in.", "groups contains 'Wholesale'")
def _groups(context: Context) -> AttributeValue:
    groups = context.profile.saved_state.standing.groups
    return AttributeValue(tuple(sorted(groups, key=str.casefold)))


@RANK.plain(
    "spend_percentile",
    Kind.NUMBER,
    "The percentage of the store's paying customers who spent less, as of last night.",
    "spend_percentile >= 90",
)
def _spend_percentile(context: Context) -> AttributeValue:
    return _percentile(context.profile.saved_state.spend_percentile)


@RANK.plain(
    "orders_percentile",
    Kind.NUMBER,
    "The percentage of the store's paying customers who ordered less often, as of last night.",
    "orders_percentile >= 75",
)
def _orders_percentile(context: Context) -> AttributeValue:
    return _percentile(context.profile.saved_state.orders_percentile)


def _percentile(percentile: int | None) -> AttributeValue:
    return AttributeValue(None if percentile is None else Decimal(percentile))
