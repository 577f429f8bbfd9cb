"""Conditions are parsed and evaluated; every mistake is an error with its place."""

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW, order, profile
from tests.strategies import conditions
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.condition_text import condition_text, explain_condition
from wcflow.rules.conditions import Combined, Not
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.parser import parse_attribute, parse_condition

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
KEYWORDS = {"and", "or", "not", "between", "in", "is", "empty", "contains", "mentions", "multiple"}
WORDS = ("age", "city", "tags", "is_guest", "meta.x", "1", "-3d", "'x'", "today", "(30d)", "30d")
ORDER_HINT = "order attributes need a trigger with an order"


def canonical(text, place=ANYWHERE):
    return parse_condition(text, place).canonical


def errors_of(text, place=ANYWHERE):
    with pytest.raises(RuleErrors) as caught:
        parse_condition(text, place)
    return list(caught.value.rule_errors)


def error_of(text, place=ANYWHERE):
    (only,) = errors_of(text, place)
    return only


def holds(text, **fields):
    return parse_condition(text, ANYWHERE).answer(Context(profile(order(**fields)), NOW)).holds


class TestRows:
    """Rows are joined by ``and``, unless a row is visibly incomplete."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("is_guest\norders_count > 1", "is_guest and orders_count > 1"),
            ("\n  is_guest\n\n  age > 1\n", "is_guest and age > 1"),
            ("is_guest or age > 1\nage < 9", "(is_guest or age > 1) and age < 9"),
            ("is_guest or\nage > 1", "is_guest or age > 1"),
            ("is_guest\nor age > 1", "is_guest or age > 1"),
            ("is_guest\n\nOR age > 1", "is_guest or age > 1"),
            ("age > 9\nis_guest\nor age < 1", "age > 9 and (is_guest or age < 1)"),
            ("(is_guest\n or age = 1)", "is_guest or age = 1"),
            ("not\nis_guest", "not is_guest"),
            ("age between 1 and\n 2", "age between 1 and 2"),
            ("city in ('a',\n  'b')\nis_guest", "city in ('a', 'b') and is_guest"),
            ("city = 'rock and'\nis_guest", "city = 'rock and' and is_guest"),
            ("city = '('\nis_guest", "city = '(' and is_guest"),
            ("orders_count > 1\norder.total > 5", "orders_count > 1 and order.total > 5"),
            ("is_guest\r\nage > 1\r", "is_guest and age > 1"),
        ],
    )
    def test_rows_are_joined(self, text, expected):
        assert expected == canonical(text)

    def test_the_mistakes_of_all_rows_are_reported(self):
        text = (
            "\n  orders_cuont > 2\n  is_guest\n  total_spent > 'x' or age = 'y'\n  (age > 1\n  )) x"
        )
        places = [(each.row, each.column) for each in errors_of(text)]

        assert [(1, 3), (3, 17), (3, 30), (5, 4)] == places

    def test_a_column_is_counted_in_its_own_row(self):
        """Even if several rows are one comparison."""
        error = error_of("is_guest or\n(\n  age > 'x')")

        assert (2, 9) == (error.row, error.column)


class TestNormalForm:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("orders_count(  30D )>=2.50", "orders_count(30d) >= 2.5"),
            ("age  BETWEEN 1 AnD 2", "age between 1 and 2"),
            ("city Not In (\"a\",'b')", "not city in ('a', 'b')"),
            ("NOT city IS NOT EMPTY", "not not city is empty"),
            ("last_order_date<-90D", "last_order_date < -90d"),
            ("last_order_date > +0d", "last_order_date > today"),
            ("last_order_date < TODAY", "last_order_date < today"),
            ("(is_guest and (age > 1)) and age < 9", "is_guest and age > 1 and age < 9"),
            ('city = "it\'s"', 'city = "it\'s"'),
            ("meta.\"odd key\" = 'x'", "meta.'odd key' = 'x'"),
            ("age > 007", "age > 7"),
            ("age > -0.0", "age > 0"),
        ],
    )
    def test_spaces_case_and_redundant_brackets_do_not_matter(self, text, expected):
        assert expected == canonical(text)

    @settings(max_examples=150)
    @given(conditions)
    def test_the_normal_form_is_its_own_normal_form(self, text):
        """So texts with the same normal form have the same meaning."""
        assert canonical(text) == canonical(canonical(text))

    @settings(max_examples=100)
    @given(conditions, st.randoms(use_true_random=False))
    def test_the_normal_form_does_not_depend_on_case_and_spaces(self, text, chance):
        words = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", text)
        words = [word.upper() if word in KEYWORDS else word for word in words]
        spaces = (chance.choice([" ", "  ", "\t"]) for _ in words)
        spread = "".join(word + space for word, space in zip(words, spaces, strict=True))

        assert canonical(text) == canonical(spread)


class TestCorrections:
    """What an admin can have meant is shown, if it can be parsed."""

    @pytest.mark.parametrize(
        ("written", "likely"),
        [
            ("last_order_date < -30 days", "-30d"),
            ("last_order_date < -3m", "-3mo"),
            ("last_order_date < - 3 months", "-3mo"),
            ("last_order_date < 31/12/2026", "2026-12-31"),
            ("last_order_date < 12/31/2026", "2026-12-31"),
            ("last_order_date < 31.12.2026", "2026-12-31"),
            ("last_order_date < 2026-1-5", "2026-01-05"),
            ("last_order_date older than 30d", "< -30d"),
            ("last_order_date > 30d ago", "-30d"),
            ("last_order_date < today - 30d", "-30d"),
            ("orders_count(30 days) = 0", "orders_count(30d)"),
            ("total_spent ≥ 1000", ">="),
            ("total_spent ＞= 1000", ">="),
            ("total_spent => 1000", ">="),
            ("total_spent >= 1 000", "1000"),
            ("total_spent >= 1\u00a0000", "1000"),
            ("total_spent >= 1,000", "1000"),
            ("total_spent >= 1.000,50", "1000.50"),
            ("total_spent >= 1,000.50", "1000.50"),
            ("total_spent >= 1'000", "1000"),
            ("total_spent >= 100,5", "100.5"),
            ("total_spent >= 1000 €", "1000"),
            ("total_spent >= 1000 EUR", "1000"),
            ("total_spent >= １０００", "1000"),
            ("age > 1 && is_guest", "and"),
            ("age > 1 || is_guest", "or"),
            ("!is_guest", "not is_guest"),
            ("is_guest is no", "not is_guest"),
            ("city in Bonn, Ulm", "('Bonn', 'Ulm')"),
            ("city = 'Bonn' or 'Ulm'", "in ('Bonn', 'Ulm')"),
            ("tags contains any 'a', 'b'", "('a', 'b')"),
            ("company is not null", "empty"),
            ("company != ''", "is not empty"),
            ("orders count > 3", "orders_count"),
            ("orders_count is at least 3", ">="),
            ("orders_count between 2 - 5", "and"),
            ("5 < orders_count", "orders_count > 5"),
            ("city = ‘Bonn’", "'Bonn'"),
            ("tags = 'VIP'", "contains"),
            ("tags in ('VIP')", "contains any"),
            ("age > 3 and < 9", "and age"),
            ("email contains @x.de", "'@x.de'"),
            ("registered_date > yesterday", "-1d"),
            ("when age > 3;", "age > 3"),
            ("“age > 3”", "age > 3"),
            ("\u200bage > 3", "age"),
        ],
    )
    def test_the_likely_correction_is_shown(self, written, likely):
        assert error_of(written).expected in (likely, f"'{likely}'")

    def test_both_readings_of_an_unclear_date_are_shown(self):
        found = error_of("last_order_date < 03/04/2026")

        assert ("'2026-04-03'", "or 2026-03-04") == (found.expected, found.hint)

    @pytest.mark.parametrize("text", ["city = '≥ 1,000 && “x”' or", "city = '=>' age", "nth == 1"])
    def test_nothing_is_suggested_that_cannot_be_parsed(self, text):
        parsed = errors_of(text)[0].expected.strip("'")

        assert parsed not in {"and", "is empty", ">="}

    @settings(max_examples=100)
    @given(st.text("'\"“”‘’<>=≥&|!-+()., \u00a0019aé\n", max_size=60))
    def test_any_text_is_a_condition_or_has_errors(self, text):
        with suppress(RuleErrors):
            parse_condition(text, ANYWHERE)


def structure(tree):
    """Return a tree without the texts of its comparisons."""
    match tree:
        case Not(operand):
            return "not", structure(operand)
        case Combined(word, parts):
            return word, *map(structure, parts)
    return tree.asked, type(tree.operator), tree.operator.canonical, tree.negated


odd_comparisons = st.sampled_from(
    [
        "company not like '*\"x\"*'",
        "meta.'odd key' is not empty",
        'meta.note = "it\'s"',
        "email not starts with 'a'",
        "city not in ('a', 'b')",
        "categories contains all ('a')",
        "tags not contains any ('a', 'b')",
        "orders_count(7 d) not multiple of 5",
        "registered_date > -2H",
    ]
)


class TestShownText:
    """What is shown of a condition can be typed back."""

    @settings(max_examples=300)
    @given(st.lists(conditions | odd_comparisons, min_size=1, max_size=3).map("\n".join))
    def test_the_text_of_a_condition_parses_to_the_same_condition(self, text):
        known = parse_condition(text, ANYWHERE)

        again = parse_condition(condition_text(known), ANYWHERE)

        assert structure(known.tree) == structure(again.tree)
        assert condition_text(known) == condition_text(again)

    def test_not_stands_where_it_is_typed(self):
        text = "company is not empty and city not in ('a') and not (is_guest or age > 3)"

        assert text == condition_text(parse_condition(text, ANYWHERE))

    def test_durations_are_explained_once(self):
        text = "orders_count(30d) = 0\norders_count(30d) < 9\nlast_order_date between -2h and +3d"

        assert [
            ("(30d)", "since the day 30 days ago"),
            ("-2h", "2 hours ago"),
            ("+3d", "the day in 3 days"),
        ] == explain_condition(parse_condition(text, ANYWHERE))


class TestMeaning:
    """Each kind of comparison is true exactly when it should be."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("first_name = 'ANNA'", True),
            ("first_name <> 'anna'", False),
            ("first_name < 'bert'", True),
            ("first_name between 'a' and 'b'", True),
            ("first_name in ('Bert', 'anna')", True),
            ("first_name not in ('Bert', 'anna')", False),
            ("first_name contains 'NN'", True),
            ("first_name contains 'x'", False),
            ("first_name contains any ('x', 'nn')", True),
            ("first_name contains all ('x', 'nn')", False),
            ("first_name contains all ('a', 'nn')", True),
            ("first_name starts with 'AN'", True),
            ("first_name starts with 'na'", False),
            ("first_name ends with 'NA'", True),
            ("email ends with '@example.com'", True),
            ("email like '*@EXAMPLE.*'", True),
            ("email like 'anna'", False),
            ("email like 'an?a@*'", True),
            ("email like 'an?@*'", False),
            ("email like '*a*a*@*.c*m'", True),
            ("email like '*.*.*'", False),
            ("product_names contains 'wallet'", True),
            ("product_names contains 'wall'", False),
            ("product_names contains all ('Wallet', 'x')", False),
            ("products contains 10", True),
            ("products contains any (1, 10)", True),
            ("products contains 1", False),
            ("orders_count = 1", True),
            ("orders_count multiple of 1", True),
            ("orders_count multiple of 2", False),
            ("cancelled_count multiple of 5", False),
            ("total_spent = 100.00", True),
            ("total_spent between 100 and 100", True),
            ("total_spent in (99, 100)", True),
            ("last_order_date = -10d", True),
            ("last_order_date = 2026-06-05", True),
            ("last_order_date between -10d and today", True),
            ("last_order_date between -9d and today", False),
            ("last_order_date < -240h", False),
            ("last_order_date > -241h", True),
            ("last_order_date in (today, -10d)", True),
            ("last_order_date > -1y and last_order_date < +1mo", True),
        ],
    )
    def test_each_operator_compares_correctly(self, text, expected):
        assert expected == holds(text)

    @pytest.mark.parametrize(
        ("meta", "text", "expected"),
        [
            ("120", ">= 100", True),
            ("120", "= 120.0", True),
            ("120", "= '120'", True),
            ("120", "= '120.0'", False),
            ("99", ">= 100", False),
            ("many", ">= 100", False),
            ("120", "multiple of 5", True),
            ("2026-06-15", "= today", True),
            ("2026-06-14T23:30:00+00:00", "= today", True),
            ("2026-06-14T23:30:00", "= today", False),
            ("20260614", "< today", True),
            ("soon", "< today", False),
            ("0001-01-01T00:00:00+14:00", "< today", False),
        ],
    )
    def test_meta_is_compared_as_text_number_or_date(self, meta, text, expected):
        """Compared with a number, other text is unknown."""
        condition = parse_condition(f"order.meta.key {text}", ANYWHERE)
        own = order(meta={"key": meta})

        assert expected == condition.answer(Context(profile(own), NOW, order=own)).holds

    @pytest.mark.parametrize(
        ("text", "word", "expected"),
        [
            ("Leather wallet", "her", False),
            ("A gift for her", "HER", True),
            ("For her!", "her", True),
            ("her-mitage", "her", True),
            ("hers", "her", False),
            ("Rotwein (rot)", "rot", True),
            ("Größe L", "GRÖSSE", True),
            ("Größe L", "größ", False),
            ("Cafe\u0301 noir", "café", True),
            ("Cafe\u0301 noir", "cafe", False),
            ("हिन्दी किताब", "हिन्दी", True),
            ("हिन्दी किताब", "हिन", False),
            ("red wine", "red wine", True),
            ("red-wine", "red wine", True),
            ("wine red", "red wine", False),
            ("men's shoe", "men's", True),
            ("", "her", False),
        ],
    )
    def test_mentions_compares_whole_words_of_any_script(self, text, word, expected):
        condition = parse_condition(f'order.customer_note mentions "{word}"', ANYWHERE)
        own = order(customer_note=text)

        assert expected == condition.answer(Context(profile(own), NOW, order=own)).holds

    @given(
        st.lists(st.sampled_from(["gift", "leather", "her", "für", "42"]), max_size=5),
        st.sampled_from(["gift", "her", "leat", "für", "4"]),
        st.sampled_from([" ", ", ", "-", "…"]),
    )
    def test_a_word_is_mentioned_if_it_is_one_of_the_words(self, words, word, between):
        condition = parse_condition(f"order.customer_note mentions '{word}'", ANYWHERE)
        own = order(customer_note=between.join(words))

        assert (word in words) == condition.answer(Context(profile(own), NOW, order=own)).holds

    def test_a_pattern_with_many_stars_is_fast(self):
        """With backtracking this one would take centuries."""
        condition = parse_condition(f"order.customer_note like '{'*a' * 30}*b'", ANYWHERE)
        own = order(customer_note="a" * 5000)

        assert not condition.answer(Context(profile(own), NOW, order=own)).holds


class TestErrors:
    """Each error has what was expected, what was found, and where."""

    @pytest.mark.parametrize(
        ("text", "column", "expected", "got", "hint"),
        [
            ("", 0, "a condition", "nothing", "for example: orders_count >= 2"),
            ("orders_count >=", 16, "a value after '>='", "the end of the line", ""),
            (
                "orders_count",
                1,
                "a comparison after 'orders_count'",
                "none",
                "for example: orders_count(365d) >= 3",
            ),
            ("and age > 1", 1, "an attribute", "'and'", ""),
            ("age > 1 and", 12, "an attribute after 'and'", "the end of the line", ""),
            (
                "total_spend > 1",
                1,
                "",
                "unknown attribute 'total_spend'",
                "did you mean 'total_spent'?",
            ),
            ("nth = 1", 1, "", "unknown attribute 'nth'", "did you mean 'order.nth'?"),
            ("meta = 'x'", 1, "a key after 'meta'", "none", "write meta.loyalty_points"),
            (
                "meta._x = 'y'",
                1,
                "a meta key that the store shows",
                "'_x'",
                "WooCommerce hides customer meta whose key begins with _",
            ),
            (
                "total_spent > '100'",
                15,
                "an amount such as 50 or 19.90 to compare total_spent with",
                "'100'",
                "write it without quotes: 100",
            ),
            (
                "total_spent > -30d",
                15,
                "an amount such as 50 or 19.90 to compare total_spent with",
                "'-30d'",
                "",
            ),
            (
                "last_order_date > 100",
                19,
                "a date such as 2026-01-31, today, -30d or +3d to compare last_order_date with",
                "'100'",
                "",
            ),
            (
                "last_order_date > 30d",
                19,
                "'-30d'",
                "'30d'",
                "or +30d, which is after now",
            ),
            (
                "billing_country = DE",
                19,
                "a text in quotes to compare billing_country with",
                "'DE'",
                "write 'DE'",
            ),
            (
                "billing_country = shipping_country",
                19,
                "a text in quotes to compare billing_country with",
                "'shipping_country'",
                "an attribute cannot be compared with another attribute",
            ),
            ("is_guest = yes", 10, "'is_guest'", "'is_guest = yes'", ""),
            ("is_guest = 3", 10, "'is_guest' or 'not is_guest' alone", "'='", ""),
            (
                "tags < 'VIP'",
                6,
                "a comparison that fits 'tags', which is a list",
                "'<'",
                "for example: tags contains 'wholesale'",
            ),
            (
                "age contains '1'",
                5,
                "a comparison that fits 'age', which is a number",
                "'contains'",
                "for example: age >= 18",
            ),
            ("age == 3", 5, "'='", "'=='", ""),
            ("age != 3", 5, "'<>'", "'!='", ""),
            ("age > 1 & is_guest", 9, "'and'", "'&'", ""),
            ("age > 1 & guest", 9, "a condition", "'&'", "write: and"),
            ("city = “Bonn”", 8, "'Bonn'", "“Bonn”", ""),
            ("city = “Bonn", 8, "a condition", "'“'", "write straight quotes: '…'"),
            ("city = 'Bonn", 8, "a closing ' in the same line", '"\'Bonn"', ""),
            (
                "total_spent > 1,00,0",
                16,
                "the end of the line, 'and' or 'or' after '1'",
                "','",
                "use a point before the decimals and no thousands separators: 1000.50",
            ),
            (
                "total_spent > 20%",
                17,
                "a condition",
                "'%'",
                "write numbers and amounts without a sign",
            ),
            (
                "age > 1 is_guest",
                9,
                "the end of the line, 'and' or 'or' after '1'",
                "'is_guest'",
                "join comparisons with and / or",
            ),
            (
                "age > 1 and (is_guest",
                22,
                "')' after 'is_guest'",
                "the end of the line",
                "the '(' in column 13 is not closed",
            ),
            (
                "city in 'x' 'y'",
                9,
                "'(' after 'in'",
                "'x'",
                "put the values in brackets: in ('DE', 'AT')",
            ),
            (
                "tags contains ('a', 'b')",
                15,
                "a value after 'contains'",
                "'('",
                "write: contains any (…) or contains all (…)",
            ),
            ("city is 'x'", 9, "'='", "'is'", ""),
            ("age between 3 and 2", 13, "the lower value first", "'3'", "write: between 2 and 3"),
            (
                "registered_date between today and -7d",
                25,
                "the lower value first",
                "'today'",
                "write: between -7d and today",
            ),
            (
                "meta.x between 3 and 'c'",
                22,
                "a value of the same type as '3'",
                "''c''",
                "",
            ),
            (
                "last_order_date = -2h",
                19,
                "a day to compare with",
                "'-2h'",
                "use < or >; an exact moment never matches",
            ),
            ("registered_date > 2026-02-30", 19, "a date that exists", "'2026-02-30'", ""),
            ("registered_date > -999y", 19, "a date at most 100y away", "'-999y'", ""),
            ("age multiple of 0", 17, "a whole number above 0", "'0'", ""),
            ("age multiple of 1.5", 17, "a whole number above 0", "'1.5'", ""),
            ("city = ''", 8, "'is empty'", "= ''", ""),
            ("city in ('')", 10, "a text that is not empty", "''", "write: is empty"),
            (
                "city contains ''",
                15,
                "a text that is not empty",
                "''",
                "city is empty",
            ),
            ("city mentions '?!'", 15, "at least one word", "'?!'", ""),
            ("products contains 'x'", 19, "a number", "'x'", ""),
            (
                "orders_count(30) > 1",
                14,
                "a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y",
                "'30'",
                "add a unit: 30s, 30min, 30h or 30d",
            ),
            (
                "orders_count(200y) > 1",
                14,
                "a duration such as 90s, 15min, 2h, 30d, 6w, 3mo or 1y",
                "'200y'",
                "",
            ),
            (
                "(" * 41 + "age > 1" + ")" * 41,
                41,
                "at most 40 levels of brackets and nots",
                "'('",
                "",
            ),
            ("not " * 41 + "is_guest", 161, "at most 40 levels of brackets and nots", "'not'", ""),
        ],
    )
    def test_a_mistake_is_an_error_with_its_place(self, text, column, expected, got, hint):
        assert RuleError(expected, got, hint, 0, column) == error_of(text)

    def test_a_window_for_an_attribute_without_one_is_an_error(self):
        """Its hint lists the attributes that can have one."""
        error = error_of("email(30d) = 'x'")

        assert ("'email' without a window", "(30d)", 7) == (
            error.expected,
            error.got,
            error.column,
        )
        assert error.hint.startswith("can: orders_count, total_spent, ")

    def test_every_value_of_the_wrong_type_is_an_error(self):
        assert [10, 18] == [each.column for each in errors_of("city in (1, 'x', 2)")]

    @pytest.mark.parametrize("text", ["loyalty > 1", "membership = 'x'"])
    def test_attributes_of_other_plugins_are_unknown(self, text):
        assert error_of(text).got.startswith("unknown attribute")

    @pytest.mark.parametrize(
        ("text", "place", "hint"),
        [
            (
                "order.total > 1",
                RulePlace(item=True, tags=True, segments=True),
                ORDER_HINT,
            ),
            (
                "item.total > 1",
                RulePlace(order=True, tags=True, segments=True),
                "item attributes need the trigger product_purchased",
            ),
            (
                "segments contains 'VIP'",
                RulePlace(order=True, item=True, tags=True),
                "a segment cannot depend on segments; tags and workflows can",
            ),
        ],
    )
    def test_an_attribute_that_is_not_available_here_is_an_error(self, text, place, hint):
        name = text.split(maxsplit=1)[0]

        assert RuleError("an attribute that is available here", repr(name), hint, 0, 1) == error_of(
            text, place
        )

    @settings(max_examples=300)
    @given(st.text() | st.text("orders_cunt()<>=-'\"1230d \nandotr.,é"))
    def test_any_text_is_a_condition_or_has_errors(self, text):
        parse_and_evaluate(text)

    @settings(max_examples=300)
    @given(st.lists(st.sampled_from([*KEYWORDS, *"()=<,\n", "<>", *WORDS]), max_size=14))
    def test_any_words_are_a_condition_or_have_errors(self, words):
        parse_and_evaluate(" ".join(words))


def parse_and_evaluate(text):
    """Evaluate the condition, or assert that its errors have places inside the text."""
    rows, errors = text.split("\n"), ()
    try:
        parse_condition(text, ANYWHERE).answer(Context(profile(order()), NOW))
    except RuleErrors as error:
        errors = error.rule_errors or [RuleError("an error", "none", row=-1)]
    outside = [rule_error for rule_error in errors if not 0 <= rule_error.row < len(rows)]
    outside += [
        rule_error
        for rule_error in errors
        if not 0 <= rule_error.column <= len(rows[rule_error.row]) + 1
    ]

    assert [] == outside


class TestNames:
    def test_a_condition_lists_the_names_it_uses(self):
        """Without windows, and with the meta keys that polls have to read."""
        condition = parse_condition(
            "orders_count(30d) > 1 or not (meta.vip = 'x' and order.meta.'a b' > 1)\n"
            "item.meta.size is empty and segments contains any ('VIP', 'At Risk')\n"
            "segments not contains 'New'",
            ANYWHERE,
        )

        assert (
            {
                "orders_count",
                "meta.vip",
                "order.meta.a b",
                "item.meta.size",
                "segments",
            },
            {"vip"},
            {"a b"},
            {"size"},
            {"VIP", "At Risk", "New"},
        ) == (
            condition.names,
            condition.meta_keys,
            condition.order_meta_keys,
            condition.item_meta_keys,
            condition.segment_names,
        )

    def test_equal_texts_are_equal_conditions(self):
        text = "orders_count(30d) > 1 and city like 'B*'"

        assert len({parse_condition(text, ANYWHERE), parse_condition(text, ANYWHERE)}) == 1


class TestSingleAttribute:
    def test_an_attribute_is_parsed_with_its_window(self):
        parsed = parse_attribute(" categories( 365d ) ", RulePlace(), frozenset({Kind.LIST}))

        assert ("categories(365d)", "categories") == (parsed.text, parsed.name)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", RuleError("an attribute", "nothing")),
            ("city", RuleError("an attribute that is a list", "'city', which is a text", column=1)),
            (
                "tags = 'x'",
                RuleError("the end of the line after 'tags'", "'='", column=6),
            ),
            (
                "order.skus",
                RuleError("an attribute that is available here", "'order.skus'", ORDER_HINT, 0, 1),
            ),
        ],
    )
    def test_anything_but_an_attribute_of_the_right_kind_is_an_error(self, text, expected):
        with pytest.raises(RuleErrors) as caught:
            parse_attribute(text, RulePlace(), frozenset({Kind.LIST}))

        assert (expected,) == caught.value.rule_errors
