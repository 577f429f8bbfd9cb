"""Points and tiers that an admin changes by hand."""

from __future__ import annotations

from datetime import tzinfo

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.customers.edits import Outcome, undoes
from wcflow.database import standings
from wcflow.database.edits import Edit, EditedBy, save_edit
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.rules.points import PointsRules
from wcflow.rules.tiers import TierRules
from wcflow.standing import PointsChange, TierState, fixed_tier
from wcflow.units import add_duration

MOST = 1_000_000_000


def add_points(
    tx: Connection,
    store: str,
    person: int,
    number: int,
    by: EditedBy,
    *,
    rules: PointsRules,
    zone: tzinfo,
) -> Outcome:
    """Give a customer points, or take some away. They expire as others do."""
    if not number or abs(number) > MOST:
        raise UsageError(f"{number} is not a number of points to add", "")
    key = f"by hand {by.at:%Y-%m-%dT%H:%M:%S.%f}Z"
    change = PointsChange(key, number, by.reason or "by hand", by.name, by.at)
    words = f"gave {number:,} points" if number > 0 else f"took {-number:,} points"
    return _save_points(tx, store, person, change, words, by, rules=rules, zone=zone)


def undo_points(
    tx: Connection,
    store: str,
    person: int,
    change: PointsChange,
    by: EditedBy,
    *,
    rules: PointsRules,
    zone: tzinfo,
) -> Outcome:
    """Take back one change of points, by another one. After that, its order earns no more."""
    ledger = standings.load_points(tx, store, [person])[person]
    known = next((each for each in ledger if each.undoes == change.id), None)
    if known is not None:
        raise UsageError(f"change {change.id} was undone already, by change {known.id}", "")
    undone = PointsChange(
        f"undo {change.id}",
        -change.amount,
        f"undo: {change.reason}",
        by.name,
        by.at,
        order_id=change.order_id,
        terms=change.terms,
        undoes=change.id,
    )
    words = f"undid change {change.id} of points ({-change.amount:+,})"
    return _save_points(tx, store, person, undone, words, by, rules=rules, zone=zone)


def _save_points(
    tx: Connection,
    store: str,
    person: int,
    change: PointsChange,
    words: str,
    by: EditedBy,
    *,
    rules: PointsRules,
    zone: tzinfo,
) -> Outcome:
    if rules.expires is not None and change.amount > 0:
        change = replace(change, expires_at=add_duration(change.at, rules.expires, zone))
    standings.save_points(tx, store, [(person, change)])
    mark_persons_dirty(tx, store, [person])
    data = {"points": change.key, "amount": change.amount}
    return Outcome(words, save_edit(tx, store, person, "points", words, by, data))


@undoes("points")
def _undo_points(tx: Connection, edit: Edit, by: EditedBy) -> str:  # noqa: ARG001  all undos have it
    ledger = standings.load_points(tx, edit.store, [edit.person]).get(edit.person, [])
    number = next((each.id for each in ledger if each.key == edit.data["points"]), 0)
    shown = f"Run: wcflow points undo {number}" if number else "'wcflow points show' shows them."
    raise UsageError("points have their own undo", shown)


def set_tier(
    tx: Connection, store: str, person: int, tier: str, by: EditedBy, *, rules: TierRules
) -> Outcome:
    """Give a customer at least this tier, until it is cleared."""
    name = rules.find(tier)
    if not name:
        hint = did_you_mean(tier, rules.names) or f"The tiers are: {', '.join(rules.names)}."
        raise UsageError(f"there is no tier {tier!r} in [tiers]", hint)
    state, higher = _tier(tx, store, person), rules.names[rules.rank(name) :]
    changed = fixed_tier(state, name, by.name, by.at, higher)
    if changed == state:
        return Outcome(f"has at least {changed.fixed} already", changed=False)
    return _save_tier(tx, store, person, state, changed, f"set the tier to {name}", by)


def clear_tier(tx: Connection, store: str, person: int, by: EditedBy) -> Outcome:
    """Let the figures decide a customer's tier again."""
    state = _tier(tx, store, person)
    if state is None or not state.fixed_by:
        raise UsageError("no one has set their tier", "The figures decide it already.")
    changed = TierState(state.tier, state.since, state.before)
    words = f"cleared the tier {state.tier}: the figures decide it again"
    return _save_tier(tx, store, person, state, changed, words, by)


def _tier(tx: Connection, store: str, person: int) -> TierState | None:
    return standings.load_tiers(tx, store, [person]).get(person)


def _save_tier(
    tx: Connection,
    store: str,
    person: int,
    before: TierState | None,
    after: TierState,
    words: str,
    by: EditedBy,
) -> Outcome:
    standings.save_tiers(tx, store, {person: after})
    mark_persons_dirty(tx, store, [person])
    data = {"was": _fixed(before), "now": _fixed(after)}
    return Outcome(words, save_edit(tx, store, person, "tier", words, by, data))


def _fixed(state: TierState | None) -> list[str]:
    return [state.tier, state.fixed, state.fixed_by] if state else ["", "", ""]


@undoes("tier")
def _undo_tier(tx: Connection, edit: Edit, by: EditedBy) -> str:
    state = _tier(tx, edit.store, edit.person)
    if state is None or _fixed(state) != edit.data["now"]:
        raise UsageError("their tier was changed since", "'wcflow tier show' shows it.")
    tier, fixed, fixed_by = edit.data["was"]
    same = tier == state.tier
    restored = TierState(
        tier,
        state.since if same else by.at,
        state.before if same else state.tier,
        fixed_by=fixed_by,
        fixed=fixed,
    )
    standings.save_tiers(tx, edit.store, {edit.person: restored})
    return f"set the tier back to {tier or 'none'}{'' if fixed_by else ', by the figures'}"
