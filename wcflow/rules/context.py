"""The facts that a condition or a template is asked about, and what may be asked at which place.

Only data stands here; what the data mean is said by the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wcflow.profile import Profile, StoreProfile
from wcflow.records import LineItem, Order
from wcflow.units import local_day


@dataclass(frozen=True, slots=True)
class RulePlace:
    """Say which attributes may be asked where a text stands.

    ``tags``: ``tags`` means all that a person wears. Elsewhere it means only those which people or
    workflows put there, so that segments and tag rules cannot feed on themselves.
    """

    order: bool = False
    item: bool = False
    tags: bool = False
    segments: bool = False


# No slots: what several attributes need of one person is computed once and kept in the instance.
@dataclass(frozen=True)
class Context:
    """One person at one instant, with the order and the line that are spoken of, if any.

    ``worn`` are all their tags; ``segments`` their segments as decided now, by when they entered.
    """

    profile: Profile
    now: datetime
    order: Order | None = None
    item: LineItem | None = None
    current_tags: frozenset[str] = frozenset()
    segments: Mapping[str, datetime] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was found of the person at this instant: many conditions ask the same."""

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
        """The person's paid orders with what each brought in, less refunds; None without a rate."""
        return self.profile.amounts

    def seen_from(self, place: RulePlace) -> Context:
        """Give the scope with those tags that ``tags`` means at ``place``."""
        own = self.profile.saved_state.own_tags
        return self if place.tags or self.current_tags is own else self._but(current_tags=own)

    def about(self, order: Order | None, item: LineItem | None = None) -> Context:
        """Give the scope in which this order, and this line of it, are spoken of."""
        return self._but(order=order, item=item)

    def decided(self, current_tags: frozenset[str], segments: Mapping[str, datetime]) -> Context:
        """Give the scope once it is decided what they wear, and which segments they are in."""
        return self._but(current_tags=current_tags, segments=segments)

    def _but(self, **changes: object) -> Context:
        # The same person at the same instant: what is known of them goes along.
        other = object.__new__(Context)
        other.__dict__.update(self.__dict__, **changes)
        return other


def new_context(profile: Profile, now: datetime, current_tags: frozenset[str]) -> Context:
    """Give the scope of a person of whom nothing is decided yet: as ``Scope(…)``, in half the time."""
    context = object.__new__(Context)
    parts = {
        "profile": profile,
        "now": now,
        "order": None,
        "item": None,
        "current_tags": current_tags,
    }
    context.__dict__.update(parts, segments={}, known={})
    return context


# Of all who are judged at one instant it is the same.
@lru_cache(maxsize=64)
def _day_of(now: datetime, zone: tzinfo) -> date:
    return local_day(now, zone)
