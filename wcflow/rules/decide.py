"""Decide what a person is and wears. Only data goes in and only data comes out: no clock, no store.

The same function with another ``now`` serves the daemon, plan, explain, baselines and backtests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from wcflow.customer import LIFECYCLE, Profile
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
    scope = Scope(profile, now, worn=profile.standing.tags_of_their_own)
    turns: list[datetime | None] = []
    verdicts = list(_segments(scope, rules.segments, turns))
    entered = {v.name: profile.standing.segments.get(v.name, now) for v in verdicts if v.won}
    scope = scope.decided(scope.worn, entered)
    tags = [_tag_verdict(rule, scope, turns) for rule in rules.tags]
    kept = {v.name: v.tags for v, rule in zip(tags, rules.tags, strict=True) if rule.keep_forever}
    verdicts += tags
    return Decision(
        tuple(verdicts),
        entered,
        {name: worn for name, worn in kept.items() if worn},
        earliest(turns),
        NOTHING.union(*[verdict.tags for verdict in verdicts]),
        scope,
    )


def lifecycle(segments: Iterable[str], rules: Rules) -> str:
    """Give the segment of the group ``lifecycle`` among ``segments``, or nothing."""
    held = frozenset(segments)
    in_group = (rule.name for rule in rules.segments if rule.group == LIFECYCLE)
    return next((name for name in in_group if name in held), "")


def _segments(
    scope: Scope, rules: Iterable[Segment], turns: list[datetime | None]
) -> Iterator[Verdict]:
    """Judge the segments; ``turns`` gains the instants at which time alone may change one."""
    winners: dict[str, str] = {}
    for rule in rules:
        value, changes_at = rule.when.judge(scope)
        turns.append(changes_at)
        behind = winners.get(rule.group, "") if rule.group and value else ""
        won = value is True and not behind
        if won and rule.group:
            winners[rule.group] = rule.name
        tags = frozenset((rule.tag,)) if won and rule.tag else NOTHING
        yield Verdict("segment", rule.name, rule.when, scope, won, behind, tags)


def _tag_verdict(rule: TagRule, scope: Scope, turns: list[datetime | None]) -> Verdict:
    """Judge a tag rule; ``turns`` gains the instants at which time alone may change it."""
    value, changes_at = rule.when.judge(scope) if rule.when else ALWAYS
    turns += (changes_at, rule.tag.changes_at(scope))
    if rule.for_each:
        turns.append(rule.for_each.found(scope).changes_at)
    kept = scope.profile.standing.kept.get(rule.name, NOTHING)
    tags, flaw = (kept if rule.keep_forever else NOTHING), ""
    try:
        tags |= frozenset(_tags_of(rule, scope)) if value else NOTHING
    except TemplateError as error:
        # What cannot be rendered for one person must not stop the others.
        flaw = f"the tag cannot be made: {error}"
    return Verdict("tag", rule.name, rule.when, scope, bool(tags), flaw, tags)


def _tags_of(rule: TagRule, scope: Scope) -> Iterable[str]:
    """Render the tags of a rule; a template that comes out empty makes none."""
    if rule.for_each is None:
        rendered = [rule.tag.render(scope)]
    else:
        elements = rule.for_each.elements(scope)
        rendered = [rule.tag.render(scope, {"each": each}) for each in elements]
    return filter(None, map(one_tag, rendered))


def qualifies(when: Condition | None, scope: Scope) -> Answer:
    """Ask a workflow's condition; none at all always holds."""
    return when.ask(scope) if when else NO_PARTS
