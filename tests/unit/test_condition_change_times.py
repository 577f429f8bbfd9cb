"""No answer changes before its ``changes_at``: evaluation relies on this."""

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


def instants_between(start, end, zone, data):
    """Return interesting instants: the edges, midnights of the store, and random ones."""
    span = (end - start) // STEP
    if span < 2:
        return []
    random_steps = data.draw(st.lists(st.integers(1, span - 1), max_size=3))
    instants_to_check = [
        start + STEP,
        end - STEP,
        *(start + STEP * count for count in random_steps),
    ]
    for instant in list(instants_to_check):
        midnight = start_of_day(instant.astimezone(zone).date(), zone)
        instants_to_check += [midnight - STEP, midnight, midnight + STEP]
    return [instant for instant in instants_to_check if start < instant < end]


@slow
@given(scopes(), comparisons, st.data())
def test_a_comparison_does_not_change_before_its_time_of_change(context, text, data):
    assert_constant_until_change(text, context, data)


@slow
@given(scopes(), conditions, st.data())
def test_a_condition_does_not_change_before_its_time_of_change(context, text, data):
    assert_constant_until_change(text, context, data)


def assert_constant_until_change(text, context, data):
    condition = parse_condition(text, RulePlace())
    answer = condition.answer(context)
    end = min(answer.changes_at or context.now + HORIZON, context.now + HORIZON)
    instants_to_check = instants_between(context.now, end, context.store.zone, data)
    values = {
        instant: condition.answer(replace(context, now=instant)).value
        for instant in instants_to_check
    }

    assert dict.fromkeys(instants_to_check, answer.value) == values


@slow
@given(scopes(), conditions)
def test_the_time_of_change_is_in_the_future(context, text):
    """Otherwise the person would be due again in every pass."""
    changes_at = parse_condition(text, RulePlace()).answer(context).changes_at

    assert changes_at is None or changes_at > context.now


@slow
@given(scopes(), comparisons, st.data())
def test_evaluating_only_at_times_of_change_gives_the_current_answer(context, text, data):
    condition = parse_condition(text, RulePlace())
    end = context.now + timedelta(days=data.draw(st.integers(0, 400)))
    answer = condition.answer(context)
    for _ in range(500):
        if answer.changes_at is None or answer.changes_at > end:
            break
        answer = condition.answer(replace(context, now=answer.changes_at))

    assert condition.answer(replace(context, now=end)).value == answer.value


TEMPLATES = [
    "{{ overdue }} {{ orders_count('30d') }}",
    "{{ birthday }} {{ age }}",
    "{{ total_spent('2h') | round }} {{ last_order_date }}",
    "{% for name in product_names('3mo') %}{{ name }}{% endfor %}",
]


@slow
@given(scopes(), st.sampled_from(TEMPLATES), st.data())
def test_a_template_renders_the_same_until_its_time_of_change(context, text, data):
    template = parse_template(text, RulePlace())
    rendered = template.render(context)
    end = min(template.changes_at(context) or context.now + HORIZON, context.now + HORIZON)
    instants_to_check = instants_between(context.now, end, context.store.zone, data)
    texts = {
        instant: template.render(replace(context, now=instant)) for instant in instants_to_check
    }

    assert dict.fromkeys(instants_to_check, rendered) == texts
