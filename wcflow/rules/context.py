"""The data that conditions and templates read, and which attributes are available where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from wcflow.profile import Profile, StoreProfile
from wcflow.records import LineItem, Order
from wcflow.standing import Standing
from wcflow.units import local_day

NO_TAGS = frozenset[str]()


@dataclass(frozen=True, slots=True)
class RulePlace:
    """Which attributes are available to a condition or template.

    With ``tags``, the attribute ``tags`` means all tags of a person. Otherwise it means only those
    added by people or workflows, so that segments and tag rules cannot depend on themselves.
    """

    order: bool = False
    item: bool = False
    tags: bool = False
    segments: bool = False


# No slots: _but copies __dict__, which is faster than dataclasses.replace.
@dataclass(frozen=True)
class Context:
    """One person at one instant, with the order and line item of the trigger, if any.

    ``current_tags`` are all their tags, ``rule_tags`` those that segments and tag rules want;
    ``segments`` maps their segments to when they entered.
    """

    profile: Profile
    now: datetime
    order: Order | None = None
    item: LineItem | None = None
    current_tags: frozenset[str] = frozenset()
    segments: Mapping[str, datetime] = field(default_factory=dict)
    rule_tags: frozenset[str] = NO_TAGS
    known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Attribute values found so far; many conditions use the same ones."""

    @property
    def store(self) -> StoreProfile:
        return self.profile.store

    @property
    def today(self) -> date:
        """The calendar day in the store's zone."""
        return _day_of(self.now, self.profile.store.zone)

    @property
    def paid(self) -> tuple[Order, ...]:
        """The person's paid orders, oldest first."""
        return self.profile.paid

    @property
    def amounts(self) -> tuple[tuple[Order, Decimal | None], ...]:
        """The paid orders, each with its total minus refunds; None without a currency rate."""
        return self.profile.amounts

    def seen_from(self, place: RulePlace) -> Context:
        """Return the context with the tags that are visible at ``place``."""
        own = self.profile.saved_state.own_tags
        return self if place.tags or self.current_tags is own else self._but(current_tags=own)

    def about(self, order: Order | None, item: LineItem | None = None) -> Context:
        """Return the context with this order and line item."""
        return self._but(order=order, item=item)

    def decided(
        self,
        current_tags: frozenset[str],
        segments: Mapping[str, datetime],
        rule_tags: frozenset[str] = NO_TAGS,
    ) -> Context:
        """Return the context with these tags and segments."""
        return self._but(current_tags=current_tags, segments=segments, rule_tags=rule_tags)

    def with_tag(self, tag: str) -> Context:
        """Return the context after a step has added a tag."""
        return self._but(current_tags=self.current_tags | {tag}) if tag else self

    def without_tag(self, tag: str) -> Context:
        """Return the context after a step has removed a tag; one that rules want stays."""
        return self._but(current_tags=self.current_tags - ({tag} - self.rule_tags))

    def with_standing(self, standing: Standing) -> Context:
        """Return the context with other groups, points or another tier."""
        saved = replace(self.profile.saved_state, standing=standing)
        return self.with_profile(self.profile.with_saved_state(saved))

    def with_profile(self, profile: Profile) -> Context:
        """Return the context after a step has changed what is known of the person."""
        return self._but(profile=profile, known={})

    def _but(self, **changes: object) -> Context:
        # The same person and instant, so the cached values stay valid.
        other = object.__new__(Context)
        other.__dict__.update(self.__dict__, **changes)
        return other


def new_context(
    profile: Profile, now: datetime, current_tags: frozenset[str], order: Order | None = None
) -> Context:
    """Return ``Context(profile, now, order, current_tags=…)``, in half the time."""
    context = object.__new__(Context)
    parts = {
        "profile": profile,
        "now": now,
        "order": order,
        "item": None,
        "current_tags": current_tags,
    }
    context.__dict__.update(parts, segments={}, rule_tags=NO_TAGS, known={})
    return context


# The same for all people evaluated at one instant.
@lru_cache(maxsize=64)
def _day_of(now: datetime, zone: tzinfo) -> date:
    return local_day(now, zone)
