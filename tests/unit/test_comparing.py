"""A comparison with a number takes a shorter way, and comes to the same as the long one."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.rulewords import instants, profiles, zones
from wcflow.rules.attributes.registry import ATTRIBUTES, Ageing, Asked, Found
from wcflow.rules.conditions import Comparison
from wcflow.rules.context import Context, scope_of
from wcflow.rules.literals import Number
from wcflow.rules.operators import COMPARISONS, Compare

NUMBERS = st.decimals(min_value=-50, max_value=50, places=1)
VALUES = NUMBERS | st.sampled_from([None, "", "7", "-2.5", "seven", ("7",), True, date(2026, 5, 4)])
AGEINGS = st.none() | st.builds(
    Ageing, st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.sampled_from([Decimal(3), Decimal(7)])
)


@given(st.data(), instants, zones)
def test_a_number_compares_as_any_value_does(data, now, zone):
    """Whatever was found, and whether it will change by time or by growing."""
    scope = Context(data.draw(profiles(now, zone)), now)
    asked = Asked(ATTRIBUTES["orders_count"])
    found = Found(data.draw(VALUES), (), data.draw(st.none() | instants), data.draw(AGEINGS))
    scope.known[asked.text] = found
    asking = Compare(data.draw(st.sampled_from(sorted(COMPARISONS))), Number(data.draw(NUMBERS)))
    assert asking.judge(found, scope) == Comparison(asked, asking, "").judge(scope)


@given(st.data(), instants, zones)
def test_a_scope_made_quickly_is_a_scope(data, now, zone):
    who, worn = data.draw(profiles(now, zone)), frozenset({"VIP"})
    assert Context(who, now, worn=worn) == scope_of(who, now, worn)
    assert Context(who, now, worn=worn).__dict__ == scope_of(who, now, worn).__dict__
