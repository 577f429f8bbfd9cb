"""Texts with variables: known before they are rendered, and rendered for anyone."""

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
MINE = order(
    7,
    number="B-7",
    days=10,
    total=12340,
    items=(item(name="Wallet"), item(2, name="Bag")),
    meta={"gift card": "yes", "x": "y"},
)


def render(text, who=None, extra=None, place=ANYWHERE, **more):
    template = parse_template(text, place, frozenset(extra or ()))
    return template.render(Context(who or profile(MINE), NOW, **{"order": MINE} | more), extra)


def flaws(text, place=ANYWHERE, extra=frozenset()):
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
    def test_values_are_printed_as_people_write_them(self, text, expected):
        assert expected == render(text)

    def test_amounts_have_the_digits_of_their_currency(self):
        who = replace(profile(replace(MINE, currency="JPY")), store=replace(STORE, currency="JPY"))

        assert "12340" == render("{{ total_spent }}", who)

    def test_dates_are_days_of_the_store(self):
        late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
        who = profile(order(created=late, paid=late))

        assert "2026-06-02" == render("{{ last_order_date }}", who)

    def test_what_is_given_besides_stands_in_its_place(self):
        extra = {"coupon.code": "TEN-1", "coupon.expires": datetime(2026, 7, 1, 22, tzinfo=UTC)}

        assert "TEN-1 until 2026-07-02" == render(
            "{{ coupon.code }} until {{ coupon.expires }}", extra=extra
        )

    def test_a_coupon_that_never_expires_has_no_date(self):
        assert "until ever" == render(
            "until {{ coupon.expires | default('ever') }}", extra={"coupon.expires": None}
        )

    def test_each_is_the_element_that_it_is_rendered_for(self):
        assert "Likes Books" == render("Likes {{ each }}", extra={"each": "Books"})

    def test_tags_are_those_of_their_own_where_rules_are_decided(self):
        worn = {"current_tags": frozenset({"by rule"})}

        assert ("by rule", "") == (
            render("{{ tags }}", **worn),
            render("{{ tags }}", place=RulePlace(segments=True), **worn),
        )

    @pytest.mark.parametrize(
        "expression",
        ["orders_count / 0", "order.total / 0", "email * email", "products[7]", "products + 1"],
    )
    def test_what_cannot_be_reckoned_is_told_as_one_error(self, expression):
        with pytest.raises(TemplateError, match="cannot be rendered: "):
            render(f"{{{{ {expression} }}}}")

    def test_what_is_not_given_is_told(self):
        template = parse_template("{{ coupon.code }}", ANYWHERE, frozenset({"coupon.code"}))

        with pytest.raises(TemplateError, match=r"no coupon\.code"):
            template.render(Context(profile(), NOW))


class TestFlaws:
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
            ("a\n{{ first_name", RuleError("a template", "an error in 'a\\n{{ first_name': unexpected end of template, expected 'end of print statement'.", "", 1)),
        ],
    )  # fmt: skip
    def test_a_mistake_is_told_where_it_is_written(self, text, expected):
        assert [expected] == flaws(text)

    def test_all_mistakes_are_told_at_once(self):
        assert [(0, 4), (1, 7)] == [
            (each.row, each.column) for each in flaws("{{ one }}\nand {{two}}")
        ]

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("order.total", "order attributes need a trigger with an order"),
            ("item.name", "item attributes need the trigger product_purchased"),
            ("segments", "a segment cannot depend on segments; tags and workflows can"),
        ],
    )
    def test_what_is_not_there_is_no_variable(self, name, hint):
        expected = RuleError("an attribute that is available here", repr(name), hint, 0, 4)

        assert [expected] == flaws(f"{{{{ {name} }}}}", RulePlace())

    @settings(max_examples=200)
    @given(st.text() | st.lists(st.sampled_from(["{{", "}}", "{%", "%}", *PIECES])).map(" ".join))
    def test_of_any_text_nothing_is_raised_but_what_is_promised(self, text):
        """And a text without anything of Jinja's renders as itself (but for line ends)."""
        rendered = None
        with suppress(RuleErrors, TemplateError):
            rendered = render(text)
        plain = not {"{", "\r"} & set(text)

        assert not plain or rendered == text


@settings(max_examples=60)
@given(st.data(), instants, zones)
def test_every_attribute_is_a_variable_for_everyone(data, now, zone):
    """Whoever they are and whatever is not known of them."""
    names = [name.replace("KEY", "x") for name in ATTRIBUTES]
    text = " ".join(f"{{{{ {name} }}}}{{{{ {name} | default('-') | upper }}}}" for name in names)
    who = data.draw(profiles(now, zone))
    mine = data.draw(st.sampled_from([None, *who.orders]))

    assert isinstance(parse_template(text, ANYWHERE).render(Context(who, now, order=mine)), str)


class TestNames:
    def test_a_template_knows_what_it_names(self):
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

    def test_equal_texts_make_equal_templates(self):
        text = "{{ first_name }} {{ orders_count('30d') }}"

        assert len({parse_template(text, ANYWHERE), parse_template(text, ANYWHERE)}) == 1

    def test_only_what_depends_on_the_day_changes_by_time_alone(self):
        who = replace(
            profile(
                order(1, days=20), order(2, days=10), account=account(meta={"b": "2000-01-01"})
            ),
            store=replace(STORE, birthday_meta="b", order_gap=Decimal(30)),
        )
        names = {name: each for name, each in ATTRIBUTES.items() if not each.keyed}
        moving = {
            name
            for name in names
            if parse_template(f"{{{{ {name} }}}}", ANYWHERE).changes_at(Context(who, NOW))
        }

        assert {"overdue", "birthday", "age"} == moving
