"""The digest of the rules changes exactly when their meaning can change."""

import pytest

from wcflow.config.load import load_config

ENV = {"WC_KEY": f"ck_{'a' * 40}", "WC_SECRET": f"cs_{'b' * 40}"}
STORE = """[store shop]
url = https://shop.example
consumer_key = $WC_KEY
consumer_secret = $WC_SECRET
"""
RULES = """
[segment A]
group = g
when = orders_count >= 3
[segment B]
group = g
when = orders_count >= 2
[segment C]
when = orders_count >= 1
[tag T]
when = is_guest
[workflow w]
trigger = first_order
do =
    create_coupon c
    add_note {{ coupon.code }}
[coupon c]
type = percent
amount = 10
"""


def digest_of(tmp_path, text):
    ini = tmp_path / "wcflow.ini"
    ini.write_text(text)
    return load_config(ini, ENV, need_store=False).rules.digest


def blocks(text):
    return [f"[{block}" for block in text.split("[")[1:]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[segment C]", "# a comment\n\n[segment  C]"),
        ("when = orders_count >= 3", "when =\n    # why\n    orders_count   >=  3"),
        ("[tag T]", "[wcflow]\npoll_every = 5min\nlog_level = debug\n[tag T]"),
        ("do =\n    create_coupon c", "do =\n\n  create_coupon   c"),
        ("amount = 10", "expires = none\namount = 10"),
    ],
)
def test_rules_with_the_same_meaning_have_the_same_digest(tmp_path, before, after):
    assert digest_of(tmp_path, RULES) == digest_of(tmp_path, RULES.replace(before, after))


def test_the_order_of_independent_sections_does_not_change_the_digest(tmp_path):
    """All sections are reversed except the segments of one group."""
    a, b, *rest = blocks(RULES)
    assert digest_of(tmp_path, RULES) == digest_of(tmp_path, "".join([*reversed(rest), a, b]))


def test_the_order_of_segments_in_a_group_changes_the_digest(tmp_path):
    a, b, *rest = blocks(RULES)
    assert digest_of(tmp_path, RULES) != digest_of(tmp_path, "".join([b, a, *rest]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (">= 3", ">= 4"),
        ("group = g\nwhen = orders_count >= 2", "when = orders_count >= 2"),
        ("[segment C]", "[segment C]\ntag = none"),
        ("[segment C]", "[segment C]\nnote = yes"),
        ("[tag T]", "[tag T]\nkeep = forever"),
        ("[tag T]", "[tag T]\ntag = U"),
        ("[tag T]", "[tag T]\nfor_each = skus"),
        ("first_order", "repeat_order"),
        ("trigger =", "mode = off\ntrigger ="),
        ("trigger =", "once = per customer\ntrigger ="),
        ("trigger =", "when = is_guest\ntrigger ="),
        ("trigger =", "stop_when = is_guest\ntrigger ="),
        ("trigger =", "only = me@shop.example\ntrigger ="),
        ("trigger =", "existing = include\ntrigger ="),
        ("add_note", "add_customer_note"),
        ("amount = 10", "amount = 11"),
        ("amount = 10", "amount = 10\nexpires = 30d"),
        ("[tag T]", "[wcflow]\npaid_statuses = completed\n[tag T]"),
        ("[tag T]", f"{STORE}currency_rates = EUR 1.1\n[tag T]"),
        ("[tag T]", f"{STORE}birthday_format = dmy\n[tag T]"),
    ],
)
def test_rules_with_another_meaning_have_another_digest(tmp_path, before, after):
    assert digest_of(tmp_path, RULES) != digest_of(tmp_path, RULES.replace(before, after))
