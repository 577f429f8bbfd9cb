"""Where a person stands with the store: their groups, points and tier, and their status.

wcflow keeps these itself; no order contains them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec
from msgspec.structs import replace


class PointsChange(msgspec.Struct, frozen=True):
    """One change of a person's points, which is never edited.

    ``order_id`` is the order that it is about, or 0, and ``terms`` the rules by which that order
    earns. ``undoes`` is the id of the change that this one undoes. ``id`` is 0 until it is saved.
    """

    key: str
    amount: int
    reason: str
    changed_by: str
    at: datetime
    expires_at: datetime | None = None
    order_id: int = 0
    terms: str = ""
    undoes: int | None = None
    run_id: int | None = None
    id: int = 0


class TierState(msgspec.Struct, frozen=True):
    """A person's tier (empty: below the lowest), the one before it, and since when.

    ``below_since`` is since when they no longer reach it. ``fixed`` is the least tier that they
    have, and ``fixed_by`` the workflow or admin who set that; both empty if no one did.
    """

    tier: str
    since: datetime
    before: str = ""
    below_since: datetime | None = None
    fixed_by: str = ""
    fixed: str = ""


def fixed_tier(
    now: TierState | None, tier: str, fixed_by: str, at: datetime, higher: Collection[str] = ()
) -> TierState:
    """Return the state of a person whose least tier someone sets; they stay in a ``higher`` one."""
    if now is not None and now.fixed in higher:
        return now
    if now is not None and now.tier in higher:
        return replace(now, fixed_by=fixed_by, fixed=tier)
    if now is not None and now.tier == tier:
        return TierState(tier, now.since, now.before, fixed_by=fixed_by, fixed=tier)
    return TierState(tier, at, now.tier if now else "", fixed_by=fixed_by, fixed=tier)


class Standing(msgspec.Struct, frozen=True):
    """A person's groups, tier and points; ``inactive`` is what the team set their status to.

    ``new_points`` are those of ``points`` that are not saved yet; ``tier_changed`` means that
    ``tier`` is not saved yet. ``balance`` are the points of this evaluation, if there ever were any.
    ``changes_at`` is when time alone changes something.
    """

    groups: frozenset[str] = frozenset()
    tier: TierState | None = None
    points: tuple[PointsChange, ...] = ()
    new_points: tuple[PointsChange, ...] = ()
    tier_changed: bool = False
    balance: int | None = None
    changes_at: datetime | None = None
    inactive: bool = False


NO_STANDING, INACTIVE = Standing(), Standing(inactive=True)
