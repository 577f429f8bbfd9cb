"""Decide what a person is and wears. Only data goes in and only data comes out: no clock, no store.

The same function with another ``now`` serves the daemon, plan, explain, baselines and backtests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from wcflow.customer import Profile
from wcflow.rules.language import Answer, Condition, Scope
from wcflow.rules.model import Rules, Segment, TagRule
from wcflow.rules.steps import one_tag
from wcflow.rules.template import TemplateError
from wcflow.rules.verdict import Verdict as Truth
from wcflow.rules.verdict import earliest

NO_PARTS = Answer(value=True, changes_at=None)
ALWAYS = Truth(True)
NOTHING = frozenset[str]()


# A tuple, whose answer is put into words when it is asked for: many are made for each customer.
class Verdict(NamedTuple):
    """What one rule says of one person.

    ``when`` was asked in ``scope``; ``won`` says whether its answer counts: of a group the first
    that holds. ``behind`` names the segment that won instead, or what kept a tag from being made.
    ``tags`` are what the rule wants worn.
    """

    kind: str
    name: str
    when: Condition | None
    scope: Scope
    won: bool
    behind: str = ""
    tags: frozenset[str] = NOTHING

    @property
    def answer(self) -> Answer:
        """Give the condition's answer, with its reasons."""
        return qualifies(self.when, self.scope)


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules say of one person at one instant, seen in ``scope``.

    ``tags`` are all that they want worn.

    ``changes_at`` is the earliest instant at which, without any change at the shop, something
    here may become different; None if time alone changes nothing.
    """

    verdicts: tuple[Verdict, ...]
    segments: Mapping[str, datetime]
    kept: Mapping[str, frozenset[str]]
    changes_at: datetime | None
    tags: frozenset[str]
    scope: Scope

    def reason(self, segment: str) -> str:
        """Give in words why a person is, or is not, in a segment."""
        for verdict in self.verdicts:
            if verdict.kind == "segment" and verdict.name == segment:
                behind = f"; {verdict.behind} comes first" if verdict.behind else ""
                return verdict.answer.in_words() + behind
        return "the rule is gone"


def decide(profile: Profile, rules: Rules, now: datetime) -> Decision:
    """Give segments and tags of a person at ``now``, each with its reason."""
    return decide_all([(profile, now)], rules)[0]


def decide_all(asked: Iterable[tuple[Profile, datetime]], rules: Rules) -> list[Decision]:
    """Decide on people, each at an instant of their own."""
    # Rule by rule: to ask the same of one after another takes a third less time than to ask each
    # of everything.
    drafts = [_Draft(Scope(who, now, worn=who.standing.tags_of_their_own)) for who, now in asked]
    for segment in rules.segments:
        for draft in drafts:
            draft.judge_segment(segment)
    for draft in drafts:
        draft.enter()
    for tag in rules.tags:
        for draft in drafts:
            draft.judge_tag(tag)
    return [draft.decision() for draft in drafts]


@dataclass(slots=True)
class _Draft:
    """What is decided of one person so far.

    ``turns`` are the instants at which time alone may change it, ``winners`` who won each group.
    """

    scope: Scope
    verdicts: list[Verdict] = field(default_factory=list)
    turns: list[datetime | None] = field(default_factory=list)
    winners: dict[str, str] = field(default_factory=dict)
    segments: dict[str, datetime] = field(default_factory=dict)
    kept: dict[str, frozenset[str]] = field(default_factory=dict)

    def judge_segment(self, rule: Segment) -> None:
        value, changes_at = rule.when.judge(self.scope)
        self.turns.append(changes_at)
        behind = self.winners.get(rule.group, "") if rule.group and value else ""
        won = value is True and not behind
        if won:
            standing, now = self.scope.profile.standing, self.scope.now
            self.segments[rule.name] = standing.segments.get(rule.name, now)
            if rule.group:
                self.winners[rule.group] = rule.name
        tags = frozenset((rule.tag,)) if won and rule.tag else NOTHING
        self.verdicts.append(
            Verdict("segment", rule.name, rule.when, self.scope, won, behind, tags)
        )

    def enter(self) -> None:
        """Take the segments as decided: tag rules may look at them."""
        self.scope = self.scope.decided(self.scope.worn, self.segments)

    def judge_tag(self, rule: TagRule) -> None:
        verdict = _tag_verdict(rule, self.scope, self.turns)
        self.verdicts.append(verdict)
        if rule.keep_forever and verdict.tags:
            self.kept[rule.name] = verdict.tags

    def decision(self) -> Decision:
        return Decision(
            tuple(self.verdicts),
            self.segments,
            self.kept,
            earliest(self.turns),
            NOTHING.union(*[verdict.tags for verdict in self.verdicts]),
            self.scope,
        )


def lifecycle(segments: Iterable[str], rules: Rules) -> str:
    """Give the segment of the group ``lifecycle`` among ``segments``, or nothing."""
    held = frozenset(segments)
    return next((name for name in rules.lifecycle if name in held), "")


def _tag_verdict(rule: TagRule, scope: Scope, turns: list[datetime | None]) -> Verdict:
    """Judge a tag rule; ``turns`` gains the instants at which time alone may change it."""
    value, changes_at = rule.when.judge(scope) if rule.when else ALWAYS
    turns += (changes_at, rule.tag.changes_at(scope))
    if rule.for_each:
        turns.append(rule.for_each.found(scope).changes_at)
    tags, flaw = NOTHING, ""
    try:
        tags = _tags_of(rule, scope) if value else NOTHING
    except TemplateError as error:
        # What cannot be rendered for one person must not stop the others.
        flaw = f"the tag cannot be made: {error}"
    if rule.keep_forever:
        tags |= scope.profile.standing.kept.get(rule.name, NOTHING)
    return Verdict("tag", rule.name, rule.when, scope, bool(tags), flaw, tags)


def _tags_of(rule: TagRule, scope: Scope) -> frozenset[str]:
    """Render the tags of a rule; a template that comes out empty makes none."""
    if rule.always is not None:
        return rule.always
    if rule.for_each is None:
        rendered = [rule.tag.render(scope)]
    else:
        elements = rule.for_each.elements(scope)
        rendered = [rule.tag.render(scope, {"each": each}) for each in elements]
    return frozenset(filter(None, map(one_tag, rendered)))


def qualifies(when: Condition | None, scope: Scope) -> Answer:
    """Ask a workflow's condition; none at all always holds."""
    return when.ask(scope) if when else NO_PARTS
