"""Templates are checked when they are parsed, and can be rendered for every person."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import NOW, STORE, account, item, order, profile
from tests.strategies import instants, profiles, zones
from wcflow.rules.attributes.registry import ATTRIBUTES
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.templates import TemplateError, parse_template

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
ORDER = order(
    7,
    number="B-7",
    days=10,
    total=12340,
    items=(item(name="Wallet"), item(2, name="Bag")),
    meta={"gift card": "yes", "x": "y"},
)


def render(text, person=None, extra=None, place=ANYWHERE, **more):
    template = parse_template(text, place, frozenset(extra or ()))
    return template.render(Context(person or profile(ORDER), NOW, **{"order": ORDER} | more), extra)


def errors_of(text, place=ANYWHERE, extra=frozenset()):
    with pytest.raises(RuleErrors) as caught:
        parse_template(text, place, extra)
    return list(caught.value.rule_errors)


PIECES = (
    "email",
    "order.total",
    "|",
    "upper",
    "if",
    "endif",
    "for",
    "in",
    "x",
    "1",
    "+",
    "(",
    ")",
    ".",
    "endfor",
    "'a'",
)


class TestRendering:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Welcome", "Welcome"),
            ("Hi {{ first_name }}, order {{ order.number }}", "Hi Anna, order B-7"),
            ("{{ total_spent }}", "123.40"),
            ("{{ total_spent('5d') }} {{ orders_count('30d') }}", "0.00 1"),
            ("{{ orders_count }} {{ order.items }}", "1 2"),
            ("{{ last_order_date }}", "2026-06-05"),
            ("{{ order.product_names }}", "Wallet, Bag"),
            ("{{ is_guest }} {{ is_registered }}", "yes no"),
            ("{{ store }}: {{ store.name }} {{ store.url }}", "Shop: Shop https://shop.example"),
            ("{{ order.meta['gift card'] }}{{ order.meta.x }}", "yesy"),
            ("[{{ company }}{{ birthday }}{{ overdue }}{{ meta.x }}]", "[]"),
            ("{{ company | default('you') }} {{ first_name | default('x') }}", "you Anna"),
            ("{{ company | upper }}{{ company | title }}{{ overdue | round }}", ""),
            ("{{ first_name | upper }} {{ first_name | lower }}", "ANNA anna"),
            ("{{ 'the ' ~ store | title }}", "the Shop"),
            ("{{ order.total | round }} {{ order.total | round(1) }}", "123 123.4"),
            ("{{ order.total * 0.1 }} {{ 200 - order.total }}", "12.34 76.60"),
            ("{{ order.total / 3 + 1 }} {{ 1 + order.total }}", "42.13 124.40"),
            ("{{ order.total / total_spent }}", "1"),
            ("{{ order.items / 3 }}", "0.67"),
            ("{% if order.total >= 123.4 %}big{% else %}small{% endif %}", "big"),
            ("{{ order.total == 123.4 }} {{ order.total < 123.4 }}", "yes no"),
            ("{% if overdue > 1 %}late{% else %}fine{% endif %}", "fine"),
            ("{% if company %}a{% elif company == 'x' %}b{% else %}c{% endif %}", "c"),
            ("{% if 'Bag' in order.product_names %}bag{% endif %}", "bag"),
            (
                "{% for name in product_names %}{{ loop.index }}{{ name }} {% endfor %}",
                "1Wallet 2Bag ",
            ),
            ("{% set big = order.total > 100 %}{{ big }}", "yes"),
            ("{{ products | first }}|{{ tags | first }}|{{ product_names | last }}", "10||Bag"),
            ("{{ product_names | join(' + ') }} {{ product_names | length }}", "Wallet + Bag 2"),
            ("{{ email is defined }} {{ company is defined }}", "yes no"),
            ("{{ none }}{{ [1, true] }}", "1, yes"),
            ("line\n", "line\n"),
        ],
    )
    def test_values_are_rendered_as_readable_text(self, text, expected):
        assert expected == render(text)

    def test_amounts_have_the_decimals_of_their_currency(self):
        person = replace(
            profile(replace(ORDER, currency="JPY")), store=replace(STORE, currency="JPY")
        )

        assert "12340" == render("{{ total_spent }}", person)

    def test_dates_are_days_of_the_store(self):
        late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
        person = profile(order(created=late, paid=late))

        assert "2026-06-02" == render("{{ last_order_date }}", person)

    def test_extra_variables_are_rendered(self):
        extra = {"coupon.code": "TEN-1", "coupon.expires": datetime(2026, 7, 1, 22, tzinfo=UTC)}

        assert "TEN-1 until 2026-07-02" == render(
            "{{ coupon.code }} until {{ coupon.expires }}", extra=extra
        )

    def test_a_coupon_that_never_expires_has_no_date(self):
        assert "until forever" == render(
            "until {{ coupon.expires | default('forever') }}", extra={"coupon.expires": None}
        )

    def test_each_is_the_current_element(self):
        assert "Likes Books" == render("Likes {{ each }}", extra={"each": "Books"})

    def test_tags_of_rules_are_not_visible_where_rules_are_evaluated(self):
        tags = {"current_tags": frozenset({"by rule"})}

        assert ("by rule", "") == (
            render("{{ tags }}", **tags),
            render("{{ tags }}", place=RulePlace(segments=True), **tags),
        )

    @pytest.mark.parametrize(
        "expression",
        ["orders_count / 0", "order.total / 0", "email * email", "products[7]", "products + 1"],
    )
    def test_an_expression_that_cannot_be_computed_is_a_template_error(self, expression):
        with pytest.raises(TemplateError, match="cannot be rendered: "):
            render(f"{{{{ {expression} }}}}")

    def test_a_missing_extra_variable_is_an_error(self):
        template = parse_template("{{ coupon.code }}", ANYWHERE, frozenset({"coupon.code"}))

        with pytest.raises(TemplateError, match=r"no coupon\.code"):
            template.render(Context(profile(), NOW))


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{{ frist_name }}", RuleError("", "unknown variable 'frist_name'", "did you mean 'first_name'?", 0, 4)),
            ("Hi\n {{ order.totl }}", RuleError("", "unknown variable 'order.totl'", "did you mean 'order.total'?", 1, 5)),
            ("{{ order }}", RuleError("", "unknown variable 'order'", "did you mean 'order.id'?", 0, 4)),
            ("{{ store.nam }}", RuleError("", "unknown variable 'store.nam'", "did you mean 'store.name'?", 0, 4)),
            ("{{ meta }}", RuleError("", "unknown variable 'meta'", "write meta.loyalty_points", 0, 4)),
            ("{{ first_name | uper }}", RuleError("", "unknown filter 'uper'", "did you mean 'upper'?")),
            ("{{ each }}", RuleError("", "unknown variable 'each'", "available only in a tag with for_each", 0, 4)),
            ("{{ first_name | random }}", RuleError("", "unknown filter 'random'", "")),
            ("{% include 'x' %}", RuleError("plain variables, filters, if and for", "'include'")),
            ("{{ 9 ** 9 }}", RuleError("plain variables, filters, if and for", "'pow'")),
            ("{{ email.upper() }}", RuleError("a variable, not a call", "'email.upper(…)'", "write a window as orders_count('30d')", 0, 4)),
            ("{{ ''.__class__ }}", RuleError("a variable or a filter", "'.__class__'", "", 0, 7)),
            ("{{ orders_count('often') }}", RuleError("a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y", "'often'", "", 0, 4)),
            ("{{ meta._x }}", RuleError("a meta key that the store shows", "'_x'", "WooCommerce hides customer meta whose key begins with _", 0, 4)),
            ("a\n{{ first_name", RuleError("a template", "an error in 'a\\n{{ first_name': unexpected end of template, expected 'end of print statement'", "write {{ first_name }}", 1)),
        ],
    )  # fmt: skip
    def test_a_mistake_is_an_error_with_its_place(self, text, expected):
        assert [expected] == errors_of(text)

    def test_all_mistakes_are_reported(self):
        assert [(0, 4), (1, 7)] == [
            (each.row, each.column) for each in errors_of("{{ one }}\nand {{two}}")
        ]

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("order.total", "order attributes need a trigger with an order"),
            ("item.name", "item attributes need the trigger product_purchased"),
            ("segments", "a segment cannot depend on segments; tags and workflows can"),
        ],
    )
    def test_an_attribute_that_is_not_available_here_is_an_error(self, name, hint):
        expected = RuleError("an attribute that is available here", repr(name), hint, 0, 4)

        assert [expected] == errors_of(f"{{{{ {name} }}}}", RulePlace())

    @settings(max_examples=200)
    @given(st.text() | st.lists(st.sampled_from(["{{", "}}", "{%", "%}", *PIECES])).map(" ".join))
    def test_any_text_is_rendered_or_has_errors(self, text):
        """Text without Jinja syntax and carriage returns is rendered unchanged."""
        rendered = None
        with suppress(RuleErrors, TemplateError):
            rendered = render(text)
        plain = not {"{", "\r"} & set(text)

        assert not plain or rendered == text


@settings(max_examples=60)
@given(st.data(), instants, zones)
def test_every_attribute_can_be_rendered_for_every_person(data, now, zone):
    """Also if its value is unknown."""
    names = [name.replace("KEY", "x") for name in ATTRIBUTES]
    text = " ".join(f"{{{{ {name} }}}}{{{{ {name} | default('-') | upper }}}}" for name in names)
    person = data.draw(profiles(now, zone))
    an_order = data.draw(st.sampled_from([None, *person.orders]))

    assert isinstance(
        parse_template(text, ANYWHERE).render(Context(person, now, order=an_order)), str
    )


class TestNames:
    def test_a_template_lists_the_names_it_uses(self):
        template = parse_template(
            "{{ meta.vip }} {% if order.meta['a b'] > '1' %}{{ item.meta.size }}{% endif %}"
            "{{ orders_count('30d') }} {{ store.name }}",
            ANYWHERE,
        )

        assert (
            {"meta.vip", "order.meta.a b", "item.meta.size", "orders_count"},
            {"vip"},
            {"a b"},
            {"size"},
        ) == (
            template.names,
            template.meta_keys,
            template.order_meta_keys,
            template.item_meta_keys,
        )

    def test_equal_texts_are_equal_templates(self):
        text = "{{ first_name }} {{ orders_count('30d') }}"

        assert len({parse_template(text, ANYWHERE), parse_template(text, ANYWHERE)}) == 1

    def test_only_attributes_that_depend_on_the_day_change_by_time_alone(self):
        person = replace(
            profile(
                order(1, days=20), order(2, days=10), account=account(meta={"b": "2000-01-01"})
            ),
            store=replace(STORE, birthday_meta="b", order_gap=Decimal(30)),
        )
        names = {name: each for name, each in ATTRIBUTES.items() if not each.keyed}
        changing = {
            name
            for name in names
            if parse_template(f"{{{{ {name} }}}}", ANYWHERE).changes_at(Context(person, NOW))
        }

        assert {"overdue", "birthday", "age"} == changing
