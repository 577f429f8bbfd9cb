"""Templates reach nothing of Python's, and there is an end to whatever they do."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW, account, item, order, profile
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleErrors
from wcflow.rules.template_env import MAX_LENGTH
from wcflow.rules.templates import TemplateError, parse_template

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
MINE = order(7, items=tuple(item(number, product_id=number) for number in range(1, 200)))
ANNA = profile(MINE, account=account(first_name="Anna" * 250))
MOST_SECONDS = 2.0
"""Of the processor's time, for one template and one person; all but a mistake takes far less."""


def render(text, who=ANNA):
    return parse_template(text, ANYWHERE).render(Context(who, NOW, order=MINE))


def doubled(times, form):
    return "".join(f"{{% set a = {form} %}}" for _ in range(times))


OBJECTS = ("''", "[]", "1", "first_name", "products", "order.total", "none", "is_guest", "email")
WAYS_OUT = (
    "{}.__class__",
    "{}['__class__']",
    "{}['__cla' ~ 'ss__']",
    "({} ~ '')['__class__']",
    "({})['for' ~ 'mat']",
    "{}.format",
    "{} | attr('__class__')",
    "{} | map('upper')",
    "{} | map(attribute='__class__') | list",
    "[{}, {}] | sort(attribute='__class__') | first",
    "[{}] | join(attribute='__class__')",
    "{}.__init__.__globals__",
    "{}.__class__.__mro__[1].__subclasses__()",
    "{} is sameas none.__class__",
    "('%s' ~ '') % {}",
    "'{{0.__class__}}'.format({})",
)
REACHING = (
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler }}",
    "{{ lipsum.__globals__ }}",
    "{{ range(9) }}",
    "{{ dict(a=1) }}",
    "{{ namespace() }}",
    "{{ joiner() }}",
    "{{ config }}",
    "{{ request }}",
    "{{ _0 }}",
    "{{ environment }}",
    "{% for a in products %}{{ loop.__class__ }}{% endfor %}",
    "{% for a in products %}{{ loop['__class__'] }}{% endfor %}",
    "{% for a in products %}{{ loop.cycle }}{% endfor %}",
    "{% for a in products %}{{ loop.cycle('x') }}{% endfor %}",
    "{% for a in products %}{{ loop._iterator }}{% endfor %}",
    "{% for a in products recursive %}{{ loop(products) }}{% endfor %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% include '/etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% macro m() %}{{ caller }}{% endmacro %}",
    "{% call m() %}{% endcall %}",
    "{% block a %}{% endblock %}",
    "{% set x %}a{% endset %}",
    "{% filter upper %}a{% endfilter %}",
)
BOMBS = (
    "{{ 'a' * 1000000000 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ first_name * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ products * 1000000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'a' | replace('', first_name * 50) | replace('', first_name * 50) }}",
    "{{ products | join(first_name * 50) }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 1 | round(1000000000, 'ceil') }}",
    "{{ order.total | round(1000000000) }}",
    "{% for a in products %}{% for b in products %}{% for c in products %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in products %}{{ first_name }}{% endfor %}",
    "{% set a = 'ab' %}" + doubled(60, "a ~ a"),
    "{% set a = 'ab' %}" + doubled(60, "a + a"),
    "{% set a = [1] %}" + doubled(60, "a + a"),
    "{% set a = 99 %}" + doubled(60, "a * a"),
    "{% set a = 'a' %}" + doubled(60, "a | replace('a', 'aa')"),
    "{% set a = 'a' %}" + doubled(60, "[a, a] | join"),
)


@pytest.mark.parametrize("text", [f"{{{{ {way} }}}}" for way in WAYS_OUT])
@pytest.mark.parametrize("thing", OBJECTS)
def test_no_value_leads_to_what_it_is_made_of(text, thing):
    """Attributes, formats and filters that would lead on from a value are refused."""
    with pytest.raises((RuleErrors, TemplateError)):
        render(text.replace("{}", thing))


@pytest.mark.parametrize("text", REACHING)
def test_nothing_is_there_but_values(text):
    """Neither functions nor other templates nor the insides of this one."""
    with pytest.raises((RuleErrors, TemplateError)):
        render(text)


@pytest.mark.parametrize("text", BOMBS)
def test_what_would_grow_without_bounds_is_refused(text):
    """A text, a list, a number or a loop that would take the machine ends as an error, soon."""
    began = time.process_time()
    with pytest.raises((RuleErrors, TemplateError)):
        render(text)
    assert time.process_time() - began < MOST_SECONDS


def test_a_text_may_be_as_long_as_a_note():
    assert MAX_LENGTH == len(render(f"{{{{ 'a' * {MAX_LENGTH} }}}}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'Annabella' | truncate(1) }}", "."),
        ("{{ 'Anna Bella Cornelia' | truncate(9) }}", "Anna..."),
        ("{{ 'Anna Bella Cornelia' | truncate(9, true) }}", "Anna B..."),
        ("{{ 'Anna' | truncate(-1) }}", "Anna"),
        ("{{ 'banana' | replace('a', 'o', 2) }}", "bonona"),
        ("{{ 'ab' | replace('', '-') }}", "-a-b-"),
        ("{{ 'a' ~ 1 ~ company ~ 2.5 }}", "a12.5"),
        ("{{ 7 % 4 }} {{ 7 * 6 }} {{ 'ab' * 2 }}", "3 42 abab"),
        ("{{ 2.567 | round(2) }} {{ 2.1 | round(0, 'ceil') }}", "2.57 3"),
    ],
)
def test_within_bounds_all_is_as_it_was(text, expected):
    assert expected == render(text)


@given(st.text(), st.text(), st.text(max_size=3))
def test_what_people_typed_is_never_read_as_a_template(name, more, sign):
    """A value is printed as it stands, whatever stands in it."""
    typed = f"{name}{{{{ 7 * 7 }}}}{{% set a = 1 %}}{sign}{more}"

    assert f"<{typed}>" == render(
        "<{{ first_name }}>", profile(MINE, account=account(first_name=typed))
    )


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([*OBJECTS, "a", "*", "+", "~", "%", "|", "replace('a', a)", "join(a)", "("])
        | st.sampled_from(["{{", "}}", "{% set a =", "%}", ")", "[0]", "9999999", "upper", ","]),
        max_size=40,
    ).map(" ".join)
)
def test_whatever_is_put_together_ends_soon(text):
    """Any mixture of what may be written renders, or is refused, within the time of a bow."""
    began = time.process_time()
    with suppress(RuleErrors, TemplateError):
        assert len(render(text)) <= MAX_LENGTH
    assert time.process_time() - began < MOST_SECONDS
