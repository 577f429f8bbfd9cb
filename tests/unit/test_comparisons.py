"""The fast path for comparisons with numbers has the same results as the general one."""

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
GROWTHS = st.none() | st.builds(
    Growth, st.dates(date(2026, 1, 1), date(2026, 6, 1)), st.sampled_from([Decimal(3), Decimal(7)])
)


@given(st.data(), instants, zones)
def test_the_fast_comparison_has_the_general_result(data, now, zone):
    """For any value, fixed or growing with time."""
    context = Context(data.draw(profiles(now, zone)), now)
    query = AttributeQuery(ATTRIBUTES["orders_count"])
    found = AttributeValue(
        data.draw(VALUES), (), data.draw(st.none() | instants), data.draw(GROWTHS)
    )
    context.known[query.text] = found
    comparison = Compare(
        data.draw(st.sampled_from(sorted(COMPARISONS))), Number(data.draw(NUMBERS))
    )
    general = Comparison(query, comparison, "").evaluate(context)
    assert comparison.evaluate(found, context) == general


@given(st.data(), instants, zones)
def test_a_context_created_by_the_fast_path_equals_a_normal_one(data, now, zone):
    person, current_tags = data.draw(profiles(now, zone)), frozenset({"VIP"})
    assert Context(person, now, current_tags=current_tags) == new_context(person, now, current_tags)
    assert (
        Context(person, now, current_tags=current_tags).__dict__
        == new_context(person, now, current_tags).__dict__
    )
