"""Decide what a person is and wears. Only data goes in and only data comes out: no clock, no store.

The same function with another ``now`` serves the daemon, plan, explain, baselines and backtests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from wcflow.customer import LIFECYCLE, Profile
from wcflow.rules.language import Answer, Condition, Scope
from wcflow.rules.model import Rules, Segment, TagRule
from wcflow.rules.steps import one_tag
from wcflow.rules.template import TemplateError

NO_PARTS = Answer(value=True, parts=(), changes_at=None)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says of one person.

    ``holds`` is the condition's answer; ``won`` whether it counts: of a group the first that
    holds. ``behind`` names the segment that won instead, or what kept a tag from being made. ``tags`` are what the rule wants worn.
    """

    kind: str
    name: str
    answer: Answer
    won: bool
    behind: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """What all rules say of one person at one instant.

    ``changes_at`` is the earliest instant at which, without any change at the shop, something
    here may become different; None if time alone changes nothing.
    """

    verdicts: tuple[Verdict, ...]
    segments: Mapping[str, datetime]
    kept: Mapping[str, frozenset[str]]
    changes_at: datetime | None

    @property
    def tags(self) -> frozenset[str]:
        """Give all tags that rules want worn."""
        won = (verdict.tags for verdict in self.verdicts)
        return frozenset().union(*won)

    def reason(self, segment: str) -> str:
        """Give in words why a person is, or is not, in a segment."""
        for verdict in self.verdicts:
            if verdict.kind == "segment" and verdict.name == segment:
                behind = f"; {verdict.behind} comes first" if verdict.behind else ""
                return verdict.answer.in_words() + behind
        return "the rule is gone"


def decide(profile: Profile, rules: Rules, now: datetime) -> Decision:
    """Give segments and tags of a person at ``now``, each with its reason."""
    scope = Scope(profile, now, worn=profile.standing.tags_of_their_own)
    segments = tuple(_segments(scope, rules.segments))
    entered = {v.name: profile.standing.segments.get(v.name, now) for v in segments if v.won}
    scope = Scope(profile, now, worn=scope.worn, segments=entered)
    tags = tuple(_tag_verdict(rule, scope) for rule in rules.tags)
    turns = [rule.tag.changes_at(scope) for rule in rules.tags]
    turns += [rule.for_each.found(scope).changes_at for rule in rules.tags if rule.for_each]
    kept = {v.name: v.tags for v, rule in zip(tags, rules.tags, strict=True) if rule.keep_forever}
    return Decision(
        (*segments, *tags),
        entered,
        {name: worn for name, worn in kept.items() if worn},
        soonest((*turns, *(verdict.answer.changes_at for verdict in (*segments, *tags)))),
    )


def soonest(instants: Iterable[datetime | None]) -> datetime | None:
    """Give the earliest of the instants that are known."""
    return min((at for at in instants if at is not None), default=None)


def lifecycle(segments: Iterable[str], rules: Rules) -> str:
    """Give the segment of the group ``lifecycle`` among ``segments``, or nothing."""
    held = frozenset(segments)
    in_group = (rule.name for rule in rules.segments if rule.group == LIFECYCLE)
    return next((name for name in in_group if name in held), "")


def _segments(scope: Scope, rules: Iterable[Segment]) -> Iterable[Verdict]:
    winners: dict[str, str] = {}
    for rule in rules:
        answer = rule.when.ask(scope)
        behind = winners.get(rule.group, "") if rule.group and answer.holds else ""
        won = answer.holds and not behind
        if won and rule.group:
            winners[rule.group] = rule.name
        tags = frozenset({rule.tag}) if won and rule.tag else frozenset[str]()
        yield Verdict("segment", rule.name, answer, won, behind, tags)


def _tag_verdict(rule: TagRule, scope: Scope) -> Verdict:
    answer = rule.when.ask(scope) if rule.when else NO_PARTS
    kept = scope.profile.standing.kept.get(rule.name, frozenset[str]())
    tags, flaw = (kept if rule.keep_forever else frozenset[str]()), ""
    try:
        tags |= frozenset(_tags_of(rule, scope)) if answer.holds else frozenset[str]()
    except TemplateError as error:
        # What cannot be rendered for one person must not stop the others.
        flaw = f"the tag cannot be made: {error}"
    return Verdict("tag", rule.name, answer, bool(tags), flaw, tags)


def _tags_of(rule: TagRule, scope: Scope) -> Iterable[str]:
    """Render the tags of a rule; a template that comes out empty makes none."""
    if rule.for_each is None:
        rendered = [rule.tag.render(scope)]
    else:
        elements = rule.for_each.elements(scope)
        rendered = [rule.tag.render(scope, {"each": each}) for each in elements]
    return (tag for tag in map(one_tag, rendered) if tag)


def static_tags(rules: Rules) -> frozenset[str]:
    """Give the tags that rules may make and that can be known beforehand."""
    plain = {rule.tag.text for rule in rules.tags if "{" not in rule.tag.text}
    return frozenset(plain | {rule.tag for rule in rules.segments if rule.tag})


def qualifies(when: Condition | None, scope: Scope) -> Answer:
    """Ask a workflow's condition; none at all always holds."""
    return when.ask(scope) if when else NO_PARTS
