"""Bring a person's points and tier up to date before the rules look at them. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from wcflow.profile import Profile
from wcflow.rules.context import Context
from wcflow.rules.evaluation_input import EvaluationInput, Policy
from wcflow.rules.model import POINTS, TIERS, Rules
from wcflow.rules.points import PointsRules, balance, earn, next_earning
from wcflow.rules.tags import POINTS_META, STATUS_META, TIER_META, Memory
from wcflow.rules.ternary import earliest
from wcflow.rules.tiers import Moment, settle
from wcflow.standing import PointsChange, Standing


def with_standing(
    evaluation_input: EvaluationInput, rules: Rules, policy: Policy, now: datetime
) -> EvaluationInput:
    """Return the input with the points and the tier of ``now``."""
    memory, profile = evaluation_input.memory, evaluation_input.profile
    standing = replace(memory.standing, changes_at=None)
    if rules.points is not None:
        standing = _with_points(standing, profile, rules.points, policy, now)
        profile = _showing(profile, standing)
    if rules.tiers is not None:
        changed_at = _changed_at(memory, rules, policy)
        moment = settle(
            profile,
            rules.tiers,
            standing.tier,
            now,
            changed_at=changed_at,
            seen_at=memory.evaluated_at,
        )
        standing = _with_tier(standing, moment)
        profile = _showing(profile, standing)
    memory = replace(memory, standing=standing)
    return replace(evaluation_input, memory=memory, profile=profile)


def _showing(profile: Profile, standing: Standing) -> Profile:
    return profile.with_saved_state(replace(profile.saved_state, standing=standing))


def _with_points(
    standing: Standing, profile: Profile, rules: PointsRules, policy: Policy, now: datetime
) -> Standing:
    since = policy.rule_changes.changed_at.get(POINTS, policy.watching_since)
    new = earn(profile, standing.points, rules, since, now)
    ledger = (*standing.points, *new)
    found = balance(ledger, now)
    return replace(
        standing,
        points=ledger,
        new_points=new,
        balance=found.points if ledger else None,
        changes_at=earliest((found.changes_at, next_earning(profile, rules, now))),
    )


def _with_tier(standing: Standing, moment: Moment) -> Standing:
    return replace(
        standing,
        tier=moment.state,
        tier_changed=moment.state != standing.tier,
        changes_at=earliest((standing.changes_at, moment.changes_at)),
    )


def _changed_at(memory: Memory, rules: Rules, policy: Policy) -> datetime | None:
    """Return when the tiers were added or edited, if the person was not evaluated since."""
    changed = policy.rule_changes.changed_at.get(TIERS, policy.watching_since)
    if memory.standing.tier is None or memory.evaluated_at is None:
        return changed
    same = memory.rules_digest == rules.digest
    return None if same or changed <= memory.evaluated_at else changed


def after_points(change: PointsChange, facts: Context) -> Context:
    """Return what rules see after a change of points, which can lead to another tier."""
    standing, tiers = facts.profile.saved_state.standing, facts.store.tiers
    ledger = (*standing.points, change)
    standing = replace(standing, points=ledger, balance=balance(ledger, facts.now).points)
    changed = facts.with_standing(standing)
    if tiers is None or standing.tier is None:
        return changed
    moment = settle(changed.profile, tiers, standing.tier, facts.now, changed_at=None)
    return changed.with_standing(replace(standing, tier=moment.state))


def standing_meta(standing: Standing) -> tuple[tuple[str, str], ...]:
    """Return what the store shows of a person's points, status and tier, sorted by key."""
    points = "" if standing.balance is None else str(standing.balance)
    tier = standing.tier.tier if standing.tier else ""
    status = "inactive" if standing.inactive else ""
    found = ((POINTS_META, points), (STATUS_META, status), (TIER_META, tier))
    return tuple(each for each in found if each[1])
