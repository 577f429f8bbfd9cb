"""From text to condition: what is understood, and what is said of what is not."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOW, order, profile
from tests.strategies import conditions
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.parser import parse_attribute, parse_condition

ANYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
KEYWORDS = {"and", "or", "not", "between", "in", "is", "empty", "contains", "mentions", "multiple"}
WORDS = ("age", "city", "tags", "is_guest", "meta.x", "1", "-3d", "'x'", "today", "(30d)", "30d")
WHY = "order attributes need a trigger with an order"


def canonical(text, place=ANYWHERE):
    return parse_condition(text, place).canonical


def flaws(text, place=ANYWHERE):
    with pytest.raises(RuleErrors) as caught:
        parse_condition(text, place)
    return list(caught.value.rule_errors)


def flaw(text, place=ANYWHERE):
    (only,) = flaws(text, place)
    return only


def holds(text, **fields):
    return parse_condition(text, ANYWHERE).answer(Context(profile(order(**fields)), NOW)).holds


class TestRows:
    """Rows are joined by ``and``; a row goes on where it visibly does."""

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

    def test_each_row_tells_its_own_flaws(self):
        """A mistake in one row does not hide those in the next, and has its place."""
        text = (
            "\n  orders_cuont > 2\n  is_guest\n  total_spent > 'x' or age = 'y'\n  (age > 1\n  )) x"
        )
        places = [(each.row, each.column) for each in flaws(text)]

        assert [(1, 3), (3, 17), (3, 30), (5, 4)] == places

    def test_the_place_counts_from_the_row_it_stands_in(self):
        """Also within rows that belong together."""
        found = flaw("is_guest or\n(\n  age > 'x')")

        assert (2, 9) == (found.row, found.column)


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
    def test_blanks_case_and_needless_brackets_do_not_matter(self, text, expected):
        assert expected == canonical(text)

    @settings(max_examples=150)
    @given(conditions)
    def test_the_normal_form_means_the_same(self, text):
        """Parsed again it is itself: so texts with the same normal form mean the same."""
        assert canonical(text) == canonical(canonical(text))

    @settings(max_examples=100)
    @given(conditions, st.randoms(use_true_random=False))
    def test_case_of_keywords_and_blanks_do_not_change_it(self, text, chance):
        words = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", text)
        words = [word.upper() if word in KEYWORDS else word for word in words]
        blanks = (chance.choice([" ", "  ", "\t"]) for _ in words)
        spread = "".join(word + blank for word, blank in zip(words, blanks, strict=True))

        assert canonical(text) == canonical(spread)


class TestMeaning:
    """Each form holds of what it says and of nothing else."""

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
    def test_a_form_holds_of_what_it_says(self, text, expected):
        assert expected == holds(text)

    @pytest.mark.parametrize(
        ("said", "text", "expected"),
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
    def test_meta_say_texts_numbers_and_dates(self, said, text, expected):
        """A text that says no number is not known as one."""
        condition = parse_condition(f"order.meta.key {text}", ANYWHERE)
        mine = order(meta={"key": said})

        assert expected == condition.answer(Context(profile(mine), NOW, order=mine)).holds

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
    def test_mentions_goes_by_whole_words_of_any_script(self, text, word, expected):
        condition = parse_condition(f'order.customer_note mentions "{word}"', ANYWHERE)
        mine = order(customer_note=text)

        assert expected == condition.answer(Context(profile(mine), NOW, order=mine)).holds

    @given(
        st.lists(st.sampled_from(["gift", "leather", "her", "für", "42"]), max_size=5),
        st.sampled_from(["gift", "her", "leat", "für", "4"]),
        st.sampled_from([" ", ", ", "-", "…"]),
    )
    def test_a_word_is_mentioned_if_it_is_one_of_the_words(self, words, word, between):
        condition = parse_condition(f"order.customer_note mentions '{word}'", ANYWHERE)
        mine = order(customer_note=between.join(words))

        assert (word in words) == condition.answer(Context(profile(mine), NOW, order=mine)).holds

    def test_a_pattern_with_many_stars_answers_at_once(self):
        """No pattern makes a text wait: this one would try for centuries if it went back."""
        condition = parse_condition(f"order.customer_note like '{'*a' * 30}*b'", ANYWHERE)
        mine = order(customer_note="a" * 5000)

        assert not condition.answer(Context(profile(mine), NOW, order=mine)).holds


class TestFlaws:
    """Each mistake says what was expected, what stands there, and where."""

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
                "a date such as 2026-01-31, today, -30d or +3d to compare last_order_date with",
                "'30d'",
                "-30d is before now, +30d is after now",
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
            ("is_guest = yes", 10, "'is_guest' or 'not is_guest' alone", "'='", ""),
            (
                "tags = 'VIP'",
                6,
                "a comparison that fits 'tags', which is a list",
                "'='",
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
            ("age > 1 & is_guest", 9, "a condition", "'&'", "write: and"),
            ("city = “Bonn”", 8, "a condition", "'“'", "write straight quotes: '…'"),
            ("city = 'Bonn", 8, "a closing ' in the same line", '"\'Bonn"', ""),
            (
                "total_spent > 1,000",
                16,
                "the end of the line, 'and' or 'or' after '1'",
                "','",
                "use a point before the decimals and no thousands separators: 1000.50",
            ),
            (
                "total_spent > 20€",
                17,
                "a condition",
                "'€'",
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
                "city in 'x'",
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
            ("city is 'x'", 9, "'empty' or 'not' after 'is'", "'x'", "write: = 'x'"),
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
            ("city = ''", 8, "a text that is not empty", "''", "write: is empty"),
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
                "",
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
    def test_a_mistake_is_told_where_it_stands(self, text, column, expected, got, hint):
        assert RuleError(expected, got, hint, 0, column) == flaw(text)

    def test_a_window_where_there_can_be_none_is_told(self):
        """With those that can have one."""
        found = flaw("email(30d) = 'x'")

        assert ("'email' without a window", "(30d)", 7) == (
            found.expected,
            found.got,
            found.column,
        )
        assert found.hint.startswith("can: orders_count, total_spent, ")

    def test_all_values_that_do_not_fit_are_told(self):
        assert [10, 18] == [each.column for each in flaws("city in (1, 'x', 2)")]

    @pytest.mark.parametrize("points", ["points > 1", "groups contains 'x'", "tier = 'x'"])
    def test_what_wcflow_does_not_know_is_unknown(self, points):
        assert flaw(points).got.startswith("unknown attribute")

    @pytest.mark.parametrize(
        ("text", "place", "hint"),
        [
            (
                "order.total > 1",
                RulePlace(item=True, tags=True, segments=True),
                WHY,
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
    def test_what_is_not_there_cannot_be_asked(self, text, place, hint):
        name = text.split(maxsplit=1)[0]

        assert RuleError("an attribute that is available here", repr(name), hint, 0, 1) == flaw(
            text, place
        )

    @settings(max_examples=300)
    @given(st.text() | st.text("orders_cunt()<>=-'\"1230d \nandotr.,é"))
    def test_of_any_text_nothing_is_raised_but_flaws(self, text):
        understood_or_flawed(text)

    @settings(max_examples=300)
    @given(st.lists(st.sampled_from([*KEYWORDS, *"()=<,\n", "<>", *WORDS]), max_size=14))
    def test_of_any_words_nothing_is_raised_but_flaws(self, words):
        understood_or_flawed(" ".join(words))


def understood_or_flawed(text):
    """Understand it and ask it, or have flaws that stand within it."""
    rows, found = text.split("\n"), ()
    try:
        parse_condition(text, ANYWHERE).answer(Context(profile(order()), NOW))
    except RuleErrors as error:
        found = error.rule_errors or [RuleError("a flaw", "none", row=-1)]
    outside = [rule_error for rule_error in found if not 0 <= rule_error.row < len(rows)]
    outside += [
        rule_error
        for rule_error in found
        if not 0 <= rule_error.column <= len(rows[rule_error.row]) + 1
    ]

    assert [] == outside


class TestNames:
    def test_a_condition_knows_what_it_names(self):
        """Without windows; keys of meta apart, for whoever fetches them."""
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

    def test_equal_texts_make_equal_conditions(self):
        """Conditions are values: they can be compared and kept in sets."""
        text = "orders_count(30d) > 1 and city like 'B*'"

        assert len({parse_condition(text, ANYWHERE), parse_condition(text, ANYWHERE)}) == 1


class TestLoneAttribute:
    def test_an_attribute_stands_alone_with_its_window(self):
        asked = parse_attribute(" categories( 365d ) ", RulePlace(), frozenset({Kind.LIST}))

        assert ("categories(365d)", "categories") == (asked.text, asked.name)

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
                RuleError("an attribute that is available here", "'order.skus'", WHY, 0, 1),
            ),
        ],
    )
    def test_anything_else_is_a_flaw(self, text, expected):
        with pytest.raises(RuleErrors) as caught:
            parse_attribute(text, RulePlace(), frozenset({Kind.LIST}))

        assert (expected,) == caught.value.rule_errors
