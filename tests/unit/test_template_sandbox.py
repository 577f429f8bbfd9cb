"""Templates cannot reach Python objects or use up the machine."""

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
ORDER = order(7, items=tuple(item(number, product_id=number) for number in range(1, 200)))
ANNA = profile(ORDER, account=account(first_name="Anna" * 250))
MAX_SECONDS = 2.0
"""Of processor time for one template and one person; a normal template takes far less."""


def render(text, person=ANNA):
    return parse_template(text, ANYWHERE).render(Context(person, NOW, order=ORDER))


def doubled(times, form):
    return "".join(f"{{% set a = {form} %}}" for _ in range(times))


OBJECTS = ("''", "[]", "1", "first_name", "products", "order.total", "none", "is_guest", "email")
ESCAPES = (
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
FORBIDDEN = (
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


@pytest.mark.parametrize("text", [f"{{{{ {escape} }}}}" for escape in ESCAPES])
@pytest.mark.parametrize("value", OBJECTS)
def test_no_value_gives_access_to_its_class(text, value):
    """Attributes, formats and filters that would do so are rejected."""
    with pytest.raises((RuleErrors, TemplateError)):
        render(text.replace("{}", value))


@pytest.mark.parametrize("text", FORBIDDEN)
def test_functions_other_templates_and_internals_are_not_available(text):
    with pytest.raises((RuleErrors, TemplateError)):
        render(text)


@pytest.mark.parametrize("text", BOMBS)
def test_unbounded_growth_is_an_error(text):
    """Texts, lists, numbers and loops are limited before they cost much time."""
    started = time.process_time()
    with pytest.raises((RuleErrors, TemplateError)):
        render(text)
    assert time.process_time() - started < MAX_SECONDS


def test_a_rendered_text_can_have_the_maximum_length():
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
def test_bounded_filters_and_operators_work_as_in_jinja(text, expected):
    assert expected == render(text)


@given(st.text(), st.text(), st.text(max_size=3))
def test_a_value_is_never_read_as_a_template(name, more, character):
    typed = f"{name}{{{{ 7 * 7 }}}}{{% set a = 1 %}}{character}{more}"

    assert f"<{typed}>" == render(
        "<{{ first_name }}>", profile(ORDER, account=account(first_name=typed))
    )


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([*OBJECTS, "a", "*", "+", "~", "%", "|", "replace('a', a)", "join(a)", "("])
        | st.sampled_from(["{{", "}}", "{% set a =", "%}", ")", "[0]", "9999999", "upper", ","]),
        max_size=40,
    ).map(" ".join)
)
def test_every_mixture_is_rendered_or_rejected_quickly(text):
    started = time.process_time()
    with suppress(RuleErrors, TemplateError):
        assert len(render(text)) <= MAX_LENGTH
    assert time.process_time() - started < MAX_SECONDS
