"""Tiers: an ordered group of levels that a figure of the customer reaches. Pure.

A tier is reached at once and lost after a grace period. A tier that an admin or a workflow set is
the least that the person has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from wcflow.profile import Profile
from wcflow.rules.as_of import as_of
from wcflow.rules.attributes.registry import AttributeQuery, Kind
from wcflow.rules.context import Context
from wcflow.standing import TierState
from wcflow.units import Duration, add_duration, minor_digits


class Figure(NamedTuple):
    """The figure that decides, the orders it came from, and when time alone can change it."""

    value: Decimal
    orders: tuple[int, ...]
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class TierRules:
    """``[tiers]``: the levels, lowest first, the figure that decides, and the grace period."""

    by: AttributeQuery
    levels: tuple[tuple[str, Decimal], ...]
    grace: Duration | None = None
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(name for name, _ in self.levels))

    @property
    def canonical(self) -> str:
        """Everything that decides who is in which tier."""
        levels = ", ".join(f"{name} = {needed.normalize()}" for name, needed in self.levels)
        return f"{self.by.text}; {levels}; {self.grace}"

    def rank(self, tier: str) -> int:
        """Return the place of a tier, from 1; 0 for none and for one that is not there."""
        return self.names.index(tier) + 1 if tier in self.names else 0

    def find(self, name: str) -> str:
        """Return the tier with this name, whatever its case, or nothing."""
        return next((each for each in self.names if each.casefold() == name.casefold()), "")

    def reached(self, value: Decimal) -> str:
        """Return the highest tier that a figure reaches, or nothing."""
        return next((name for name, needed in reversed(self.levels) if value >= needed), "")

    def at_least(self, fixed: str, value: Decimal) -> str:
        """Return the highest tier that a figure reaches, or the one that is fixed, if that is higher."""
        return max(self.reached(value), self.find(fixed), key=self.rank)

    def next_level(self, tier: str) -> tuple[str, Decimal] | None:
        """Return the tier above this one and what it needs; None at the top."""
        return next(iter(self.levels[self.rank(tier) :]), None)

    def figure(self, profile: Profile, at: datetime) -> Figure:
        """Return the figure of a person at an instant, 0 if it is not known."""
        return self.figure_in(Context(profile, at))

    def figure_in(self, context: Context) -> Figure:
        """Return the figure of the person in a context, which can know it already."""
        value, orders, changes_at, _ = self.by.found(context)
        return Figure(value if isinstance(value, Decimal) else Decimal(0), orders, changes_at)

    def missing(self, needed: Decimal, value: Decimal, currency: str) -> Decimal:
        """Return what a figure lacks: an amount has all digits of the currency."""
        lack = max(needed - value, Decimal(0))
        if self.by.attribute.kind is not Kind.MONEY:
            return lack
        return lack.quantize(Decimal(1).scaleb(-minor_digits(currency)))

    def value(self, profile: Profile, at: datetime) -> Decimal:
        return self.figure(profile, at).value


@dataclass(frozen=True, slots=True)
class Moment:
    """A person's tier at an instant, and when time alone changes it."""

    state: TierState
    changes_at: datetime | None


def settle(
    profile: Profile,
    rules: TierRules,
    saved: TierState | None,
    now: datetime,
    *,
    changed_at: datetime | None,
    seen_at: datetime | None = None,
) -> Moment:
    """Return the tier at ``now``; ``seen_at`` is when it was last computed.

    ``changed_at`` is when the tiers were added or edited, if the person has not been evaluated since:
    what they give for that time is no event.
    """
    if changed_at is not None or saved is None:
        saved = _rebased(profile, rules, saved, changed_at or now)
    figure = rules.figure(profile, now)
    reached = rules.at_least(saved.fixed, figure.value)
    held, higher = rules.rank(saved.tier), rules.rank(reached)
    if higher == held:
        return Moment(replace(saved, below_since=None), figure.changes_at)
    entered = replace(saved, tier=reached, since=now, before=saved.tier, below_since=None)
    if higher > held:
        return Moment(entered, figure.changes_at)
    below_since = saved.below_since or _fell_at(profile, rules, held, seen_at, now)
    ends = end_of_grace(rules, below_since, profile)
    if ends <= now:
        return Moment(entered, figure.changes_at)
    turns = [each for each in (figure.changes_at, ends) if each is not None]
    return Moment(replace(saved, below_since=below_since), min(turns))


def _fell_at(
    profile: Profile, rules: TierRules, held: int, seen_at: datetime | None, now: datetime
) -> datetime:
    """Return when time alone brought the figure below the tier, which can be long before ``now``."""
    at = seen_at
    while at is not None and at < now:
        figure = rules.figure(profile, at)
        if rules.rank(rules.reached(figure.value)) < held:
            return now if at == seen_at else at
        at = figure.changes_at
    return now


def end_of_grace(rules: TierRules, below_since: datetime, profile: Profile) -> datetime:
    """Return when a tier is lost that is no longer reached since ``below_since``."""
    if rules.grace is None:
        return below_since
    return add_duration(below_since, rules.grace, profile.store.zone)


def _rebased(
    profile: Profile, rules: TierRules, saved: TierState | None, at: datetime
) -> TierState:
    """Return the tier that these rules give at ``at``; the grace period applies to a lower one."""
    fixed = saved.fixed if saved else ""
    reached = rules.at_least(fixed, rules.value(as_of(profile, at), at))
    if saved is None:
        return TierState(reached, at, reached)
    moved = replace(saved, tier=reached, since=at, before=reached, below_since=None)
    if not rules.rank(saved.tier):
        return moved
    if rules.rank(reached) == rules.rank(saved.tier):
        return saved
    if rules.rank(reached) < rules.rank(saved.tier) and rules.grace is not None:
        return replace(saved, below_since=saved.below_since or at)
    return moved


def loss(facts: Context, rules: TierRules, state: TierState, until: datetime) -> datetime | None:
    """Return when the tier is lost if nothing is bought; None if that is after ``until``, or never."""
    profile, held = facts.profile, rules.rank(state.tier)
    if held <= rules.rank(state.fixed):
        return None
    if state.below_since is not None:
        return end_of_grace(rules, state.below_since, profile)
    at: datetime | None = facts.now
    while at is not None and end_of_grace(rules, at, profile) <= until:
        figure = rules.figure(profile, at) if at > facts.now else rules.figure_in(facts)
        if rules.rank(rules.reached(figure.value)) < held:
            return end_of_grace(rules, at, profile)
        at = figure.changes_at
    return None
