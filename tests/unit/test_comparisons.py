"""A comparison with a number takes a shorter way, and comes to the same as the long one."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import instants, profiles, zones
from wcflow.rules.attributes.registry import ATTRIBUTES, AttributeQuery, AttributeValue, Growth
from wcflow.rules.conditions import Comparison
from wcflow.rules.context import Context, new_context
from wcflow.rules.literals import Number
from wcflow.rules.operators import COMPARISONS, Compare

NUMBERS = st.decimals(min_value=-50, max_value=50, places=1)
VALUES = NUMBERS | st.sampled_from([None, "", "7", "-2.5", "seven", ("7",), True, date(2026, 5, 4)])
AGEINGS = st.none() | st.builds(
    Growth, st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.sampled_from([Decimal(3), Decimal(7)])
)


@given(st.data(), instants, zones)
def test_a_number_compares_as_any_value_does(data, now, zone):
    """Whatever was found, and whether it will change by time or by growing."""
    context = Context(data.draw(profiles(now, zone)), now)
    asked = AttributeQuery(ATTRIBUTES["orders_count"])
    found = AttributeValue(
        data.draw(VALUES), (), data.draw(st.none() | instants), data.draw(AGEINGS)
    )
    context.known[asked.text] = found
    asking = Compare(data.draw(st.sampled_from(sorted(COMPARISONS))), Number(data.draw(NUMBERS)))
    assert asking.evaluate(found, context) == Comparison(asked, asking, "").evaluate(context)


@given(st.data(), instants, zones)
def test_a_scope_made_quickly_is_a_scope(data, now, zone):
    who, current_tags = data.draw(profiles(now, zone)), frozenset({"VIP"})
    assert Context(who, now, current_tags=current_tags) == new_context(who, now, current_tags)
    assert (
        Context(who, now, current_tags=current_tags).__dict__
        == new_context(who, now, current_tags).__dict__
    )
