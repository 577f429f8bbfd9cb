"""The totals of a plan: people per segment, tags, workflows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wcflow.actions.registry import entry_kind, kinds_of
from wcflow.outbox.meta_plan import Preview
from wcflow.rules.model import Segment
from wcflow.rules.tags import TAGS_META, Memory, TagMeta, split_tags


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """What waits for one person. ``key`` is their account or address, ``memory`` their state."""

    person: int
    key: str
    memory: Memory | None
    previews: Sequence[Preview]


class TagDifference(NamedTuple):
    """The tags that a change adds to one place and removes from it."""

    added: frozenset[str]
    removed: frozenset[str]


class SegmentTotal(NamedTuple):
    """How many people the store shows in a segment, and will show; ``before`` None: not known."""

    segment: str
    before: int | None
    after: int


class TagTotal(NamedTuple):
    """On how many customers and orders a tag is added, and from how many it is removed."""

    tag: str
    added_to_customers: int
    removed_from_customers: int
    added_to_orders: int
    removed_from_orders: int


class RuleTotal(NamedTuple):
    """What a workflow, or the note of a segment, would write, and for how many people."""

    rule: str
    kinds: Mapping[str, int]
    people: int


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """The totals of all changes that wait: ``kinds`` counts the changes of each kind."""

    kinds: Mapping[str, int]
    people: int
    segments: Sequence[SegmentTotal]
    tags: Sequence[TagTotal]
    rules: Sequence[RuleTotal]


def tag_difference(preview: Preview) -> TagDifference | None:
    """Return which tags a change adds and removes; None if it has none or they are not known."""
    after, before = preview.after, preview.before
    if after is None or before is None or TAGS_META not in after:
        return None
    old, new = split_tags(before.get(TAGS_META)), split_tags(after[TAGS_META])
    return TagDifference(new - old, old - new)


def shown_segments(
    written: TagMeta | None, hidden: frozenset[str], rules: Iterable[Segment]
) -> set[str]:
    """Return the segments that the store shows of a person.

    ``hidden`` are tags that someone removed by hand from a person who is in the segment.
    """
    tags, name = (written.tags | hidden, written.segment) if written else (hidden, "")
    return {rule.name for rule in rules if rule.name == name or rule.tag in tags}


@dataclass(slots=True)
class TotalsCounter:
    """Adds up the plans of all people, one after another.

    ``shown_group`` is the group whose segment the store shows even if it has no tag.
    """

    segments: Sequence[Segment]
    shown_group: str = ""
    kinds: Counter[str] = field(default_factory=Counter)
    people: int = 0
    _moved: Counter[str] = field(default_factory=Counter)
    _tags: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    _rules: dict[str, Counter[str]] = field(default_factory=dict)
    _rule_people: Counter[str] = field(default_factory=Counter)

    def add(self, plan: PersonPlan) -> None:
        """Add what waits for one person."""
        self.people += 1
        self._add_segments(plan)
        rules = set()
        for preview in plan.previews:
            kind, rule = entry_kind(preview.entry.kind), preview.entry.rule
            self.kinds[kind.name] += 1
            if kind.state:
                self._add_tags(preview, kind.resource)
            else:
                rules.add(rule)
                self._rules.setdefault(rule, Counter())[kind.name] += 1
        self._rule_people.update(rules)

    def _add_tags(self, preview: Preview, resource: str) -> None:
        difference = tag_difference(preview) or TagDifference(frozenset(), frozenset())
        self._tags.update((tag, resource, True) for tag in difference.added)
        self._tags.update((tag, resource, False) for tag in difference.removed)

    def _add_segments(self, plan: PersonPlan) -> None:
        memory = plan.memory
        if memory is None or not any(entry_kind(each.entry.kind).state for each in plan.previews):
            return
        written = memory.written_to_customer or memory.written_to_order
        before = shown_segments(written, memory.removed_by_hand, self.segments)
        self._moved.update(memory.segments.keys() - before)
        self._moved.subtract(before - memory.segments.keys())

    def totals(self, members: Mapping[str, int]) -> PlanTotals:
        """Return the totals; ``members`` counts the people who are in each segment now."""
        return PlanTotals(
            {kind.name: self.kinds[kind.name] for kind in kinds_of(self.kinds)},
            self.people,
            [self._segment_total(rule, members.get(rule.name, 0)) for rule in self.segments],
            [
                self._tag_total(tag)
                for tag in sorted({tag for tag, _, _ in self._tags}, key=str.casefold)
            ],
            [
                RuleTotal(rule, self._rules[rule], self._rule_people[rule])
                for rule in sorted(self._rules)
            ],
        )

    def _segment_total(self, rule: Segment, after: int) -> SegmentTotal:
        known = rule.tag or (rule.group and rule.group == self.shown_group)
        return SegmentTotal(rule.name, after - self._moved[rule.name] if known else None, after)

    def _tag_total(self, tag: str) -> TagTotal:
        counts = (
            self._tags[tag, resource, added]
            for resource in ("customer", "order")
            for added in (True, False)
        )
        return TagTotal(tag, *counts)
