"""Decide what a person is and wears. Only data goes in and only data comes out: no clock, no store.

The same function with another ``now`` serves the daemon, plan, explain, baselines and backtests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from wcflow.profile import Profile
from wcflow.rules.conditions import Answer, Condition
from wcflow.rules.context import Context, new_context
from wcflow.rules.model import Rules, Segment, TagRule
from wcflow.rules.steps import one_tag
from wcflow.rules.templates import TemplateError
from wcflow.rules.ternary import Ternary as Truth

ALWAYS_TRUE = Answer(value=True, changes_at=None)
ALWAYS = Truth(True)
NO_TAGS = frozenset[str]()


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule says of one person.

    ``when`` was asked in ``scope``; ``won`` says whether its answer counts: of a group the first
    that holds. ``behind`` names the segment that won instead, or what kept a tag from being made.
    ``tags`` are what the rule wants worn.
    """

    kind: str
    name: str
    when: Condition | None
    context: Context
    won: bool
    blocked_by: str = ""
    tags: frozenset[str] = NO_TAGS

    @property
    def answer(self) -> Answer:
        """Give the condition's answer, with its reasons."""
        return answer_when(self.when, self.context)


class Classification(msgspec.Struct, frozen=True):
    """What all rules say of one person at one instant, seen in ``scope``.

    ``tags`` are all that they want worn.

    ``changes_at`` is the earliest instant at which, without any change at the shop, something
    here may become different; None if time alone changes nothing.
    """

    segments: Mapping[str, datetime]
    kept_forever: Mapping[str, frozenset[str]]
    changes_at: datetime | None
    tags: frozenset[str]
    context: Context


def classify(profile: Profile, rules: Rules, now: datetime) -> Classification:
    """Give segments and tags of a person at ``now``, each with its reason."""
    return classify_all([(profile, now)], rules)[0]


def classify_all(asked: Iterable[tuple[Profile, datetime]], rules: Rules) -> list[Classification]:
    """Decide on people, each at an instant of their own."""
    drafts = [_draft(person, now) for person, now in asked]
    _apply_rules(drafts, rules)
    return [draft.classification() for draft in drafts]


def rule_results(profile: Profile, rules: Rules, now: datetime) -> list[RuleResult]:
    """Give what each rule says of a person at ``now``."""
    draft, results = _draft(profile, now), list[RuleResult]()
    draft.results = results
    _apply_rules([draft], rules)
    return results


def segment_reason(segment: str, classification: Classification, rules: Rules) -> str:
    """Give in words why a person, as they were decided on, is or is not in a segment."""
    context = classification.context
    for result in rule_results(context.profile, rules, context.now):
        if result.kind == "segment" and result.name == segment:
            blocked_by = f"; {result.blocked_by} comes first" if result.blocked_by else ""
            return result.answer.in_words() + blocked_by
    return "the rule is gone"


def _apply_rules(drafts: Sequence[_Draft], rules: Rules) -> None:
    # Rule by rule: to ask the same of one after another takes a third less time than to ask each
    # of everything.
    for segment in rules.segments:
        _evaluate_segment(segment, drafts)
    for draft in drafts:
        draft.use_segments()
    for tag in rules.tags:
        _evaluate_tag(tag, drafts)


@dataclass(slots=True)
class _Draft:
    """What is decided of one person so far.

    ``turns`` are the instants at which time alone may change it, ``winners`` who won each group.
    ``told`` is where each rule's verdict goes, if anybody wants to hear them.
    """

    context: Context
    results: list[RuleResult] | None = None
    change_times: list[datetime] = field(default_factory=list)
    winners: dict[str, str] = field(default_factory=dict)
    segments: dict[str, datetime] = field(default_factory=dict)
    kept_forever: dict[str, frozenset[str]] = field(default_factory=dict)
    tags: list[frozenset[str]] = field(default_factory=list)

    def use_segments(self) -> None:
        """Take the segments as decided: tag rules may look at them."""
        self.context = self.context.decided(self.context.current_tags, self.segments)

    def classification(self) -> Classification:
        return _classification(
            self.segments,
            self.kept_forever,
            min(self.change_times, default=None),
            NO_TAGS.union(*self.tags),
            self.context,
        )


def _draft(profile: Profile, now: datetime) -> _Draft:
    return _Draft(new_context(profile, now, profile.saved_state.own_tags))


_classification = Classification


def _evaluate_segment(rule: Segment, drafts: Iterable[_Draft]) -> None:
    name, group, when = rule.name, rule.group, rule.when
    segment_tags = frozenset((rule.tag,)) if rule.tag else NO_TAGS
    for draft in drafts:
        context = draft.context
        value, changes_at = when.evaluate(context)
        if changes_at is not None:
            draft.change_times.append(changes_at)
        blocked_by = draft.winners.get(group, "") if group and value else ""
        won = value is True and not blocked_by
        if won:
            draft.segments[name] = context.profile.saved_state.segments.get(name, context.now)
            draft.tags.append(segment_tags)
            if group:
                draft.winners[group] = name
        if draft.results is not None:
            tags = segment_tags if won else NO_TAGS
            draft.results.append(RuleResult("segment", name, when, context, won, blocked_by, tags))


def _evaluate_tag(rule: TagRule, drafts: Iterable[_Draft]) -> None:
    name, when, always = rule.name, rule.when, rule.always
    for draft in drafts:
        context, tags, failure = draft.context, NO_TAGS, ""
        value, changes_at = when.evaluate(context) if when else ALWAYS
        if changes_at is not None:
            draft.change_times.append(changes_at)
        if always is None:
            draft.change_times += _change_times(rule, context)
        if value and always is not None:
            tags = always
        elif value:
            tags, failure = _render_tags(rule, context)
        if rule.keep_forever:
            tags |= context.profile.saved_state.kept_forever.get(name, NO_TAGS)
            if tags:
                draft.kept_forever[name] = tags
        if tags:
            draft.tags.append(tags)
        if draft.results is not None:
            draft.results.append(RuleResult("tag", name, when, context, bool(tags), failure, tags))


def lifecycle_segment(segments: Iterable[str], rules: Rules) -> str:
    """Give the segment of the group ``lifecycle`` among ``segments``, or nothing."""
    held = frozenset(segments)
    return next((name for name in rules.lifecycle if name in held), "")


def _change_times(rule: TagRule, context: Context) -> Iterator[datetime]:
    """Give the instants at which time alone may change what a rule's template makes."""
    each = rule.for_each.found(context).changes_at if rule.for_each else None
    return (turn for turn in (rule.tag.changes_at(context), each) if turn is not None)


def _render_tags(rule: TagRule, context: Context) -> tuple[frozenset[str], str]:
    """Render the tags of a rule, or say why they cannot be; one that comes out empty is none."""
    try:
        if rule.for_each is None:
            rendered = [rule.tag.render(context)]
        else:
            elements = rule.for_each.elements(context)
            rendered = [rule.tag.render(context, {"each": each}) for each in elements]
    except TemplateError as error:
        # What cannot be rendered for one person must not stop the others.
        return NO_TAGS, f"the tag cannot be made: {error}"
    return frozenset(filter(None, map(one_tag, rendered))), ""


def answer_when(when: Condition | None, context: Context) -> Answer:
    """Ask a workflow's condition; none at all always holds."""
    return when.answer(context) if when else ALWAYS_TRUE
