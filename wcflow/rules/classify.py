"""Decide which segments and tags a person has.

The daemon, ``plan``, ``explain``, baselines and backtests call the same function with another
``now``.
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
    """The result of one rule for one person.

    ``won`` says whether the rule applies: in a group, only the first whose condition holds does.
    ``blocked_by`` names the segment that won instead, or the reason why no tag was made. ``tags``
    are the tags that the rule adds.
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
        """Return the answer of the condition, with its reasons."""
        return answer_when(self.when, self.context)


class Classification(msgspec.Struct, frozen=True):
    """The result of all rules for one person at one instant.

    ``tags`` are all tags that rules add. ``changes_at`` is the earliest instant at which time alone
    can change something here, or None.
    """

    segments: Mapping[str, datetime]
    kept_forever: Mapping[str, frozenset[str]]
    changes_at: datetime | None
    tags: frozenset[str]
    context: Context


def classify(profile: Profile, rules: Rules, now: datetime) -> Classification:
    """Return the segments and tags of a person at ``now``."""
    return classify_all([(profile, now)], rules)[0]


def classify_all(asked: Iterable[tuple[Profile, datetime]], rules: Rules) -> list[Classification]:
    """Classify people, each at their own instant."""
    drafts = [_draft(person, now) for person, now in asked]
    _apply_rules(drafts, rules)
    return [draft.classification() for draft in drafts]


def rule_results(profile: Profile, rules: Rules, now: datetime) -> list[RuleResult]:
    """Return the result of each rule for a person at ``now``."""
    draft, results = _draft(profile, now), list[RuleResult]()
    draft.results = results
    _apply_rules([draft], rules)
    return results


def segment_reason(segment: str, classification: Classification, rules: Rules) -> str:
    """Return the reason why a person is or is not in a segment."""
    context = classification.context
    for result in rule_results(context.profile, rules, context.now):
        if result.kind == "segment" and result.name == segment:
            blocked_by = f"; {result.blocked_by} comes first" if result.blocked_by else ""
            return result.answer.in_words() + blocked_by
    return "the segment was removed from the configuration"


def _apply_rules(drafts: Sequence[_Draft], rules: Rules) -> None:
    # Rule by rule: a third faster than person by person.
    for segment in rules.segments:
        _evaluate_segment(segment, drafts)
    for draft in drafts:
        draft.use_segments()
    for tag in rules.tags:
        _evaluate_tag(tag, drafts)


@dataclass(slots=True)
class _Draft:
    """The classification of one person in progress.

    ``change_times`` are the instants at which time alone can change it, ``winners`` the winning
    segment of each group. ``results`` collects the result of each rule, if it is a list.
    """

    context: Context
    results: list[RuleResult] | None = None
    change_times: list[datetime] = field(default_factory=list)
    winners: dict[str, str] = field(default_factory=dict)
    segments: dict[str, datetime] = field(default_factory=dict)
    kept_forever: dict[str, frozenset[str]] = field(default_factory=dict)
    tags: list[frozenset[str]] = field(default_factory=list)

    def use_segments(self) -> None:
        """Make the segments visible to tag rules."""
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


def shown_segment(segments: Iterable[str], rules: Rules) -> str:
    """Return the lifecycle segment among ``segments``, or nothing."""
    held = frozenset(segments)
    return next((name for name in rules.shown_segments if name in held), "")


def _change_times(rule: TagRule, context: Context) -> Iterator[datetime]:
    """Return the instants at which time alone can change the tags of a rule."""
    each = rule.for_each.found(context).changes_at if rule.for_each else None
    return (turn for turn in (rule.tag.changes_at(context), each) if turn is not None)


def _render_tags(rule: TagRule, context: Context) -> tuple[frozenset[str], str]:
    """Render the tags of a rule without empty ones, or return why they cannot be rendered."""
    try:
        if rule.for_each is None:
            rendered = [rule.tag.render(context)]
        else:
            elements = rule.for_each.elements(context)
            rendered = [rule.tag.render(context, {"each": each}) for each in elements]
    except TemplateError as error:
        # A template that fails for one person must not stop the others.
        return NO_TAGS, f"the tag cannot be made: {error}"
    return frozenset(filter(None, map(one_tag, rendered))), ""


def answer_when(when: Condition | None, context: Context) -> Answer:
    """Evaluate a condition; without one the answer is yes."""
    return when.answer(context) if when else ALWAYS_TRUE
