"""Percentiles and the usual gap between orders."""

from hypothesis import given
from hypothesis import strategies as st

from wcflow.evaluate.percentiles import percentiles, usual_gap

DAY = 86400


def test_the_middle_value_is_at_50():
    assert [17, 50, 83] == percentiles([10, 20, 30])


def test_equal_values_have_the_same_percentile():
    assert [50, 50] == percentiles([7, 7])


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_a_larger_value_never_has_a_smaller_percentile(values):
    ranks = dict(zip(values, percentiles(values), strict=True))
    ordered = [ranks[value] for value in sorted(values)]
    assert sorted(ordered) == ordered
    assert all(0 <= rank <= 100 for rank in ordered)


def test_the_gap_is_the_median_of_days_between_consecutive_orders():
    assert "20.0" == usual_gap([[30 * DAY, 0, 10 * DAY], [5 * DAY], [40 * DAY, 70 * DAY]])


def test_without_repeat_orders_there_is_no_gap():
    assert "" == usual_gap([[1], [2]])
