"""The promise that the whole of evaluation rests on: an answer never changes before it says so."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import comparisons, conditions, instants, profiles, zones
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.parser import parse_condition
from wcflow.rules.templates import parse_template
from wcflow.units import start_of_day

HORIZON = timedelta(days=1200)
STEP = timedelta(microseconds=1)
slow = settings(max_examples=80)


@st.composite
def scopes(draw):
    now, zone = draw(instants), draw(zones)
    return Context(draw(profiles(now, zone)), now)


def moments_between(start, end, zone, data):
    """Give instants worth a look: edges, midnights of the store, and some by chance."""
    span = (end - start) // STEP
    if span < 2:
        return []
    chosen = data.draw(st.lists(st.integers(1, span - 1), max_size=3))
    moments = [start + STEP, end - STEP, *(start + STEP * count for count in chosen)]
    for moment in list(moments):
        midnight = start_of_day(moment.astimezone(zone).date(), zone)
        moments += [midnight - STEP, midnight, midnight + STEP]
    return [moment for moment in moments if start < moment < end]


@slow
@given(scopes(), comparisons, st.data())
def test_a_comparison_stays_as_it_is_until_it_says_that_it_may_change(context, text, data):
    """At any instant before ``changes_at`` the answer is the one of now."""
    holds_until_it_says(text, context, data)


@slow
@given(scopes(), conditions, st.data())
def test_a_condition_stays_as_it_is_until_it_says_that_it_may_change(context, text, data):
    """So does any condition made of comparisons."""
    holds_until_it_says(text, context, data)


def holds_until_it_says(text, context, data):
    condition = parse_condition(text, RulePlace())
    answer = condition.answer(context)
    end = min(answer.changes_at or context.now + HORIZON, context.now + HORIZON)
    moments = moments_between(context.now, end, context.store.zone, data)
    then = {moment: condition.answer(replace(context, now=moment)).value for moment in moments}

    assert dict.fromkeys(moments, answer.value) == then


@slow
@given(scopes(), conditions)
def test_the_instant_of_change_lies_ahead(context, text):
    """Else the same person would be due again and again."""
    changes_at = parse_condition(text, RulePlace()).answer(context).changes_at

    assert changes_at is None or changes_at > context.now


@slow
@given(scopes(), comparisons, st.data())
def test_whoever_wakes_when_told_sees_every_change(context, text, data):
    """Waking only at the instants told, one has at all times the answer of the time."""
    condition = parse_condition(text, RulePlace())
    end = context.now + timedelta(days=data.draw(st.integers(0, 400)))
    seen = condition.answer(context)
    for _ in range(500):
        if seen.changes_at is None or seen.changes_at > end:
            break
        seen = condition.answer(replace(context, now=seen.changes_at))

    assert condition.answer(replace(context, now=end)).value == seen.value


TEMPLATES = [
    "{{ overdue }} {{ orders_count('30d') }}",
    "{{ birthday }} {{ age }}",
    "{{ total_spent('2h') | round }} {{ last_order_date }}",
    "{% for name in product_names('3mo') %}{{ name }}{% endfor %}",
]


@slow
@given(scopes(), st.sampled_from(TEMPLATES), st.data())
def test_a_template_renders_the_same_until_it_says_that_it_may_not(context, text, data):
    template = parse_template(text, RulePlace())
    rendered = template.render(context)
    end = min(template.changes_at(context) or context.now + HORIZON, context.now + HORIZON)
    moments = moments_between(context.now, end, context.store.zone, data)
    then = {moment: template.render(replace(context, now=moment)) for moment in moments}

    assert dict.fromkeys(moments, rendered) == then
