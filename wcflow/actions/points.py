"""Points and tiers: the steps add_points and set_tier."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from wcflow.actions.base import WCFLOW, ActionModule, EntryKind, Payload, Recorded
from wcflow.rules.context import Context
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.standings import after_points
from wcflow.rules.steps import (
    Action,
    Argument,
    Send,
    Step,
    StepContext,
    StepRefused,
    StepResult,
    StepScope,
)
from wcflow.standing import PointsChange, fixed_tier

if TYPE_CHECKING:
    # Only names of types: commands that record nothing start without them.
    from sqlalchemy import Connection

_MOST = 1_000_000_000
_NO_POINTS = "a section [points], which can be empty"


def _parse_points(rest: str, scope: StepScope) -> Argument:
    if ("points", "") not in scope.sections:
        raise RuleErrors(RuleError(_NO_POINTS, "none"))
    if not rest:
        raise RuleErrors(RuleError("a number of points", "nothing"))
    if "{" not in rest and _whole(rest) in (None, 0):
        raise RuleErrors(RuleError("a whole number such as 50 or -20", repr(rest)))
    return scope.template(rest), None


def _whole(text: str) -> int | None:
    """Return a number without its decimals; None if it is none, or too large."""
    if not re.fullmatch(r"[+-]?\d+(\.\d*)?", text.strip()):
        return None
    try:
        found = int(Decimal(text.strip()))
    except (InvalidOperation, ValueError):
        return None
    return found if abs(found) <= _MOST else None


def _add_points(step: Step, context: StepContext) -> StepResult:
    text = step.render(context)
    amount = _whole(text)
    if amount is None:
        raise StepRefused(f"{text!r} is not a number of points")
    payload: dict[str, object] = {"points": amount}
    rules, now = context.profile.store.points, context.facts.now
    expires = rules.expiry(now, context.profile) if rules and amount > 0 else None
    if expires is not None:
        payload["expires_at"] = expires.isoformat()
    change = PointsChange(context.key, amount, context.event, context.workflow, now, expires)
    return Send("points_change", payload, seen_as=partial(after_points, change))


ADD_POINTS = Action(
    "add_points N",
    "Give the customer points, or take some with a negative number. Needs [points].",
    "add_points 50",
    _parse_points,
    _add_points,
)


def _points_content(payload: Payload, zone: tzinfo) -> str:
    points, expires = f"{payload['points']:+,} points", payload.get("expires_at")
    if not expires:
        return points
    return f"{points}, until {datetime.fromisoformat(expires).astimezone(zone):%Y-%m-%d}"


def _record_points(tx: Connection, entry: Recorded) -> str:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database.standings import save_points  # noqa: PLC0415

    amount, expires = entry.payload["points"], entry.payload.get("expires_at")
    if amount:
        change = PointsChange(
            entry.key,
            amount,
            entry.event,
            entry.rule,
            entry.at,
            datetime.fromisoformat(expires) if expires else None,
            run_id=entry.run_id,
        )
        save_points(tx, entry.store, [(entry.person, change)])
    return f"{amount:+,} points"


# Tiers.


def _parse_tier(rest: str, scope: StepScope) -> Argument:
    names = sorted(scope.names("tiers"))
    if not names:
        raise RuleErrors(RuleError("a section [tiers]", "none"))
    found = next((name for name in names if name.casefold() == rest.casefold()), None)
    if found is None:
        hint = did_you_mean(rest, names) or f"the tiers are: {', '.join(names)}"
        raise RuleErrors(RuleError("the name of a tier", repr(rest) if rest else "nothing", hint))
    return None, found


def _set_tier(step: Step, context: StepContext) -> StepResult:
    rules, tier = context.profile.store.tiers, str(step.argument)
    higher = rules.names[rules.rank(tier) :] if rules else ()
    payload = {"tier": tier, "unless": list(higher)}
    return Send("tier_change", payload, seen_as=partial(_in_tier, tier, higher, context.workflow))


def _in_tier(tier: str, higher: Collection[str], workflow: str, facts: Context) -> Context:
    standing = facts.profile.saved_state.standing
    fixed = fixed_tier(standing.tier, tier, f"workflow {workflow}", facts.now, higher)
    return facts.with_standing(replace(standing, tier=fixed))


SET_TIER = Action(
    "set_tier TIER",
    "Give the customer at least this tier, until you clear it. They can still reach a higher one.",
    "set_tier Gold",
    _parse_tier,
    _set_tier,
)


def _tier_content(payload: Payload, _zone: tzinfo) -> str:
    return f"at least {payload['tier']}"


def _record_tier(tx: Connection, entry: Recorded) -> str:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database.standings import load_tiers, save_tiers  # noqa: PLC0415

    tier, store, person = entry.payload["tier"], entry.store, entry.person
    now = load_tiers(tx, store, [person]).get(person)
    changed = fixed_tier(now, tier, entry.rule, entry.at, entry.payload["unless"])
    save_tiers(tx, store, {person: changed})
    return f"is in {tier}" if changed.tier == tier else f"stays in {changed.tier}, which is higher"


_POINTS = EntryKind(
    "points_change",
    "change of points",
    "changes of points",
    _points_content,
    record=_record_points,
    channel=WCFLOW,
)
_TIER = EntryKind(
    "tier_change",
    "change of a tier",
    "changes of tiers",
    _tier_content,
    record=_record_tier,
    channel=WCFLOW,
)
POINTS = ActionModule((ADD_POINTS, SET_TIER), (_POINTS, _TIER))
