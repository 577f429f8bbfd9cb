"""Tiers: reached at once, lost after the grace period, and never by an edit of the rules."""

from dataclasses import replace as with_fields
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_struct

from tests.builders import BERLIN, NOW, STORE, ago, order, profile
from wcflow.profile import SavedState
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.events import TriggerContext
from wcflow.rules.parser import parse_attribute
from wcflow.rules.tiers import TierRules, loss, settle
from wcflow.rules.triggers import parse_trigger
from wcflow.standing import Standing, TierState, fixed_tier
from wcflow.units import Duration, local_day, start_of_day

SPENT = parse_attribute("total_spent(30d)", RulePlace(), frozenset({Kind.MONEY}))
LEVELS = (("Silver", Decimal(100)), ("Gold", Decimal(500)))
RULES = TierRules(SPENT, LEVELS, Duration(10, "d"))
NO_GRACE = with_fields(RULES, grace=None)


def tier(*orders, saved=None, rules=RULES, now=NOW, changed_at=None):
    return settle(profile(*orders), rules, saved, now, changed_at=changed_at).state


def test_what_a_new_section_gives_is_no_event():
    state = tier(order(1), changed_at=ago(1))
    assert TierState("Silver", ago(1), "Silver") == state


def test_what_happens_after_the_section_was_added_is_an_upgrade():
    state = tier(order(1, days=5), changed_at=ago(8))
    assert ("Silver", NOW, "") == (state.tier, state.since, state.before)


def test_a_higher_tier_is_reached_at_once():
    before = TierState("Silver", ago(20), "")
    state = tier(order(1, total=60000), saved=before)
    assert TierState("Gold", NOW, "Silver") == state


def test_a_tier_that_is_no_longer_reached_is_kept_for_the_grace_period():
    before = TierState("Gold", ago(40), "Silver")
    kept = tier(order(1), saved=before)
    assert ("Gold", ago(40), NOW) == (kept.tier, kept.since, kept.below_since)
    assert "Gold" == tier(order(1), saved=kept, now=NOW + timedelta(days=9)).tier
    lost = tier(order(1), saved=kept, now=NOW + timedelta(days=10))
    assert ("Silver", "Gold") == (lost.tier, lost.before)


def test_without_grace_it_is_lost_at_once():
    lost = tier(saved=TierState("Gold", ago(40)), rules=NO_GRACE)
    assert ("", "Gold") == (lost.tier, lost.before)


def test_who_reaches_it_again_within_the_grace_period_has_never_lost_it():
    below = TierState("Silver", ago(40), "", below_since=ago(3))
    assert TierState("Silver", ago(40), "") == tier(order(1), saved=below)


def test_a_tier_that_someone_set_is_the_least_that_they_have():
    fixed = fixed_tier(None, "Silver", "workflow gift", ago(100))
    assert fixed == tier(saved=fixed)
    risen = tier(order(1, total=60000), saved=fixed)
    assert ("Gold", "Silver") == (risen.tier, risen.before)
    assert "Silver" == tier(saved=risen, rules=NO_GRACE).tier
    edited = with_fields(NO_GRACE, levels=(("Silver", Decimal(5000)), ("Gold", Decimal(9000))))
    assert "Silver" == tier(saved=risen, rules=edited, changed_at=NOW).tier


def test_a_lower_tier_that_someone_sets_changes_nothing_until_the_higher_one_is_lost():
    gold = TierState("Gold", ago(40), "Silver")
    both = fixed_tier(gold, "Silver", "me", NOW, higher=["Gold"])
    assert with_struct(gold, fixed="Silver", fixed_by="me") == both
    assert "Silver" == tier(saved=both, rules=NO_GRACE).tier
    least = fixed_tier(gold, "Gold", "workflow gift", NOW)
    assert least == fixed_tier(least, "Silver", "me", NOW, higher=["Gold"])


def test_an_edit_of_the_tiers_moves_people_up_and_down_without_an_event():
    rules = with_fields(NO_GRACE, levels=(("Silver", Decimal(50)), ("Gold", Decimal(100))))
    risen = tier(order(1), saved=TierState("Silver", ago(20), ""), rules=rules, changed_at=NOW)
    assert ("Gold", "Gold") == (risen.tier, risen.before)
    lower = tier(order(1), saved=TierState("Gold", ago(20)), rules=NO_GRACE, changed_at=NOW)
    assert ("Silver", "Silver") == (lower.tier, lower.before)


def test_the_grace_period_applies_to_who_falls_short_because_of_an_edit():
    kept = tier(order(1), saved=TierState("Gold", ago(20)), changed_at=NOW)
    assert ("Gold", NOW) == (kept.tier, kept.below_since)


def test_the_end_of_a_tier_is_known_beforehand():
    person, state = profile(order(1, days=10)), TierState("Silver", ago(10))
    facts, far = Context(person, NOW), NOW + timedelta(days=100)
    found = loss(facts, NO_GRACE, state, far)
    assert found is not None
    before, after = found - timedelta(seconds=1), found
    assert ["Silver", ""] == [
        NO_GRACE.reached(NO_GRACE.value(person, at)) for at in (before, after)
    ]
    assert found + timedelta(days=10) == loss(facts, RULES, state, far)
    assert loss(facts, NO_GRACE, fixed_tier(state, "Silver", "me", NOW), far) is None


def test_a_tier_is_lost_on_the_same_day_if_no_one_looked_in_between():
    before, late = TierState("Silver", ago(40)), NOW + timedelta(days=15)
    looked = settle(
        profile(order(1, days=20)), RULES, before, late, changed_at=None, seen_at=NOW
    ).state
    fell = looked.below_since
    assert fell is not None
    assert 10 <= (fell - NOW).days <= 11
    late += timedelta(days=7)
    gone = settle(profile(order(1, days=20)), RULES, before, late, changed_at=None, seen_at=NOW)
    assert "" == gone.state.tier


# Triggers.


def names(trigger, state, *orders, now=NOW, rules=RULES):
    person = profile(*orders, saved_state=SavedState(standing=Standing(tier=state)))
    person = with_struct(person, store=with_struct(STORE, tiers=rules))
    return [each.name for each in parse_trigger(trigger).events(TriggerContext(person, now))]


def test_an_upgrade_and_a_downgrade_are_named_after_the_tier_and_its_day():
    state = TierState("Gold", ago(3), "Silver")
    assert ["tier Gold reached 2026-06-12"] == names("tier_upgraded", state)
    assert [] == names("tier_downgraded", state)
    state = TierState("", ago(3), "Silver")
    assert ["tier Silver lost 2026-06-12"] == names("tier_downgraded", state)
    assert [] == names("tier_upgraded", state)


def test_what_an_edit_gave_is_neither():
    state = TierState("Gold", ago(3), "Gold")
    assert [] == names("tier_upgraded", state) + names("tier_downgraded", state)


def test_close_to_a_tier_is_named_after_the_order_that_brought_them_there():
    state, orders = (
        TierState("Silver", ago(20), ""),
        [order(1, days=15, total=30000), order(2, total=16000)],
    )
    close = "tier_close_to_upgrade 50"
    assert ["close to tier Gold since order 2"] == names(close, state, *orders)
    later = [*orders, order(3, days=2, total=1000)]
    assert ["close to tier Gold since order 2"] == names(close, state, *later)
    assert [] == names("tier_close_to_upgrade 10", state, *orders)


def test_the_risk_is_named_after_the_day_on_which_the_tier_is_lost_and_begins_on_its_day():
    state, placed = TierState("Silver", ago(10)), order(1, days=10)
    lost = loss(Context(profile(placed), NOW), NO_GRACE, state, NOW + timedelta(days=99))
    assert lost is not None
    risk = f"tier Silver at risk until {local_day(lost, BERLIN)}"
    first = start_of_day(local_day(lost, BERLIN) - timedelta(days=14), BERLIN)
    seen = [
        names("tier_downgrade_risk 14d", state, placed, now=at, rules=NO_GRACE)
        for at in (first - timedelta(seconds=1), first, lost - timedelta(seconds=1))
    ]
    assert [[], [risk], [risk]] == seen


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 70000)), max_size=6))
def test_evaluating_each_day_or_only_when_told_to_gives_the_same_tiers(found):
    """``changes_at`` misses no change of a tier."""
    orders = [
        order(number, created=ago(days=60) + timedelta(days=day), total=total)
        for number, (day, total) in enumerate(sorted(found), start=1)
    ]
    daily = saved = TierState("", ago(61))
    at = ago(61)
    next_at = None
    for _ in range(150):
        at += timedelta(days=1)
        placed = [each for each in orders if each.created <= at]
        is_new = any(at - timedelta(days=1) < each.created <= at for each in placed)
        daily = settle(profile(*placed), RULES, daily, at, changed_at=None).state
        if is_new or next_at is None or next_at <= at:
            moment = settle(profile(*placed), RULES, saved, at, changed_at=None)
            saved, next_at = moment.state, moment.changes_at or at + timedelta(days=999)
        assert daily.tier == saved.tier


def test_what_is_missing_has_all_digits_of_the_currency():
    assert ["35.10", "0.00"] == [
        str(RULES.missing(Decimal(100), value, "EUR")) for value in (Decimal("64.9"), Decimal(120))
    ]
    assert "36" == str(RULES.missing(Decimal(100), Decimal(64), "JPY"))
