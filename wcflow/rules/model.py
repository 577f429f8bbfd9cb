"""The rules of an INI file as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from wcflow.profile import LIFECYCLE
from wcflow.rules.attributes.registry import AttributeQuery
from wcflow.rules.conditions import Condition
from wcflow.rules.points import PointsRules
from wcflow.rules.step_blocks import StepNode, all_steps
from wcflow.rules.steps import Actions, Sections, Step, one_tag, section_names
from wcflow.rules.templates import Template
from wcflow.rules.tiers import TierRules
from wcflow.rules.triggers import Trigger
from wcflow.units import Duration, at_time_of_day

CAMPAIGN_PREFIX = "campaign "
"""The name of a campaign in runs begins with this; that of no workflow does."""
LIVE = "live"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment. In a ``group``, the first in file order whose condition holds wins."""

    name: str
    when: Condition
    group: str = ""
    tag: str | None = None
    note: bool = False


@dataclass(frozen=True, slots=True)
class TagRule:
    """A tag that customers have while ``when`` holds; with ``for_each``, one per element."""

    name: str
    when: Condition | None
    tag: Template
    for_each: AttributeQuery | None = None
    keep_forever: bool = False
    always: frozenset[str] | None = field(init=False, repr=False, compare=False)
    """The tags, if they are the same for everyone; None if they depend on the person."""

    def __post_init__(self) -> None:
        plain = self.for_each is None and "{" not in self.tag.text
        made = frozenset(filter(None, (one_tag(self.tag.text),))) if plain else None
        object.__setattr__(self, "always", made)


@dataclass(frozen=True, slots=True)
class Once:
    """How often a workflow can run: per ``event``, ``order``, ``customer``, or ``every``."""

    per: str = "event"
    every: Duration | None = None


DEFAULT_PRIORITY = 50
"""The priority of the messages of a workflow: 1 to 100, and the higher goes first."""
CAMPAIGN_PRIORITY = 10
"""The same for a campaign: what a customer's own action leads to goes before it."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow: a trigger, conditions and steps."""

    name: str
    trigger: Trigger
    do: tuple[StepNode, ...]
    when: Condition | None = None
    stop_when: Condition | None = None
    once: Once = field(default_factory=Once)
    mode: str = "live"
    only: frozenset[str] = frozenset()
    include_existing: bool = False
    priority: int = DEFAULT_PRIORITY

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those inside branches included."""
        return tuple(all_steps(self.do))


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most ``count`` customers in any ``per``."""

    count: int
    per: Duration

    def __str__(self) -> str:
        return f"{self.count:,} per {self.per}"

    @property
    def pause(self) -> timedelta:
        """The time between two customers."""
        return timedelta(seconds=self.per.seconds / self.count)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What to send to whom; ``at`` is a local time of the store, None means by command only.

    Without ``segment`` it is for everyone who matches ``when``.
    """

    name: str
    do: tuple[Step, ...]
    segment: str = ""
    when: Condition | None = None
    at: datetime | None = None
    throttle: Throttle | None = None
    priority: int = CAMPAIGN_PRIORITY
    mode: str = LIVE
    only: frozenset[str] = frozenset()

    @property
    def rule(self) -> str:
        """Its name in runs, in the outbox and in reports."""
        return f"{CAMPAIGN_PREFIX}{self.name}"

    @property
    def send_mode(self) -> str:
        """``live``, ``dry_run``, or ``test``: with ``only`` it is sent for a trial."""
        return "test" if self.only and self.mode == LIVE else self.mode

    def starts_at(self, zone: tzinfo) -> datetime | None:
        """Return its time in UTC; a local time that the clock skips is when it jumps."""
        return None if self.at is None else at_time_of_day(self.at.date(), self.at.time(), zone)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, the actions of their steps, and the INI sections that actions define.

    ``digest`` changes only when the meaning of a rule can have changed.
    """

    segments: tuple[Segment, ...] = ()
    tags: tuple[TagRule, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    sections: Sections = field(default_factory=dict)
    actions: Actions = field(default_factory=dict, repr=False)
    digest: str = ""
    shipped_statuses: tuple[str, ...] = ()
    shown_group: str = LIFECYCLE
    """The group whose segment the store shows as ``wcflow_segment``."""
    points: PointsRules | None = None
    tiers: TierRules | None = None
    section_names: frozenset[tuple[str, str]] = field(init=False, repr=False, compare=False)
    """The sections that steps can name, as (kind, name): those of actions, and workflows."""
    static_tags: frozenset[str] = field(init=False, repr=False, compare=False)
    """The tags of rules that do not depend on the person."""
    shown_segments: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The segments of the shown group, in file order."""
    matching: tuple[Workflow, ...] = field(init=False, repr=False, compare=False)
    """The workflows with a condition for which it matters since when that has held."""

    def __post_init__(self) -> None:
        workflows = {("workflow", each.name) for each in self.workflows}
        programme = programme_names(self.points, self.tiers)
        object.__setattr__(
            self, "section_names", section_names(self.sections) | workflows | programme
        )
        plain = {rule.tag.text for rule in self.tags if "{" not in rule.tag.text}
        ours = frozenset(plain | {rule.tag for rule in self.segments if rule.tag})
        object.__setattr__(self, "static_tags", ours)
        shown = tuple(rule.name for rule in self.segments if rule.group == self.shown_group)
        object.__setattr__(self, "shown_segments", shown)
        matches = (each for each in self.workflows if each.trigger.kind.remembers_match)
        object.__setattr__(self, "matching", tuple(each for each in matches if each.when))


def programme_names(
    points: PointsRules | None, tiers: TierRules | None
) -> frozenset[tuple[str, str]]:
    """Return what steps can refer to of ``[points]`` and ``[tiers]``, as (kind, name)."""
    found = {("tiers", name) for name in (tiers.names if tiers else ())}
    return frozenset(found | ({("points", "")} if points else set()))


# Rules that were added or changed: what they decide about the time before is not an event.

RuleName = tuple[str, str]
"""Kind and name of a rule. All tags are one rule, because tags can depend on each other."""
SEGMENT, TAGS, MATCHING, CONSENT = "segment", "tags", "matching", "consent"
POINTS, TIERS = ("points", ""), ("tiers", "")


# No slots: cached_property needs a dictionary.
@dataclass(frozen=True)
class RuleChanges:
    """When each rule was last added or changed."""

    changed_at: Mapping[RuleName, datetime] = field(default_factory=dict)

    @cached_property
    def latest(self) -> datetime | None:
        return max(self.changed_at.values(), default=None)

    def since(self, then: datetime) -> frozenset[RuleName]:
        """Return the rules that changed after ``then``."""
        latest = self.latest
        if latest is None or latest <= then:
            return NO_RULES
        return frozenset(name for name, at in self.changed_at.items() if at > then)


NO_RULES = frozenset[RuleName]()


def names_of(kind: str, rules: Iterable[RuleName]) -> frozenset[str]:
    """Return the names of the rules of a kind."""
    return frozenset(name for each, name in rules if each == kind)
