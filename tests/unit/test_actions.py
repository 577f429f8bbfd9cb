"""Actions parse their steps, report all errors, and plan the results."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

import wcflow
from tests.builders import NOW, account, order, profile
from wcflow.actions.coupon import CouponRule
from wcflow.actions.note import NO_ORDER
from wcflow.actions.registry import ACTIONS, ENTRY_KINDS
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleErrors
from wcflow.rules.step_blocks import parse_steps
from wcflow.rules.steps import (
    AddTag,
    RemoveTag,
    StepContext,
    StepRefused,
    Stop,
    Wait,
    one_tag,
)

PLACE = RulePlace(order=True, tags=True, segments=True)
SECTIONS = {"coupon": {"welcome10": CouponRule("welcome10", "percent", "10", "W")}}
NAMES = frozenset(
    {
        ("coupon", "welcome10"),
        ("coupon_pool", "birthday"),
        ("channel", "sms"),
        ("email", "review"),
        ("webhook", "erp"),
        ("workflow", "welcome"),
        ("points", ""),
        ("tiers", "Gold"),
    }
)
KEY = "0123456789abcdef"


def parse(text):
    return parse_steps(text, PLACE, ACTIONS, NAMES)


def plan(text, *orders, account=None, order=None, variables=None, now=NOW):
    """Return the planned result of the last of these steps."""
    facts = Context(profile(*orders, account=account), now, order)
    return parse(text)[-1].plan(StepContext(facts, variables or {}, SECTIONS, KEY, "w, e"))


def errors(text):
    with pytest.raises(RuleErrors) as caught:
        parse(text)
    return [(each.row, each.expected, each.got, each.hint) for each in caught.value.rule_errors]


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_each_action_parses_its_example_and_its_normal_form(action):
    (step,) = parse(action.example)
    assert (step,) == parse(step.text)


def test_all_errors_are_reported_with_their_rows():
    text = "add_tagg VIP\n\nadd_note\ncreate_coupon welcome\nwait soon\nadd_note {{ frist_name }}"
    assert [0, 2, 3, 4, 5] == [row for row, *_ in errors(text)]
    assert "did you mean 'add_tag'?" == errors(text)[0][3]
    assert "did you mean 'welcome10'?" == errors(text)[2][3]


@pytest.mark.parametrize(
    ("line", "expected", "got"),
    [
        ("set_meta _hidden x", "a key that does not begin with _", "'_hidden'"),
        ("set_meta wcflow_tags x", "a key of your own", "'wcflow_tags'"),
        ("set_meta lonely", "a key and a value", "'lonely'"),
        ("add_tag a, b", "a tag without a comma", "'a, b'"),
        ("wait 101y", "at most 100y", "'101y'"),
        ("wait until noon", "'until 09:00' or 'until monday 09:00'", "'until noon'"),
        ("stop now", "nothing after the step", "'now'"),
        ("if orders_count > 1", "an 'end' that closes this 'if'", "none"),
    ],
)
def test_an_invalid_step_is_an_error(line, expected, got):
    assert [(expected, got)] == [(e, g) for _, e, g, _ in errors(line)]


def test_a_coupon_code_is_available_only_after_its_step():
    """Before it, a note with the code would be empty."""
    ((row, _, _, hint),) = errors("add_note {{ coupon.code }}\ncreate_coupon welcome10")
    assert (0, "available after the step create_coupon or assign_coupon") == (row, hint)
    sent = plan(
        "create_coupon welcome10\nadd_note {{ coupon.code }}",
        order(1),
        variables={"coupon.code": "W-1", "coupon.expires": None},
    )
    assert (1, "W-1") == (sent.target, sent.payload["text"])


def test_a_coupon_is_remembered_for_later_steps():
    sent = plan("create_coupon welcome10", account=account(email="anna@example.com"))
    variables = ACTIONS["create_coupon"].recall(sent.remember)
    assert {"coupon.code": sent.payload["code"], "coupon.expires": None} == variables
    assert ["anna@example.com"] == sent.payload["emails"]


@pytest.mark.parametrize("email", ["", "anna", "anna@example", "an na@example.com"])
def test_a_coupon_for_one_customer_needs_a_real_address(email):
    """WooCommerce drops an invalid one, and then anyone can use the coupon."""
    person = replace(profile(), email=email)
    (step,) = parse("create_coupon welcome10")
    with pytest.raises(StepRefused, match="no e-mail address"):
        step.plan(StepContext(Context(person, NOW), {}, SECTIONS, KEY))


def test_a_note_is_for_the_order_of_the_trigger_or_the_latest():
    both = [order(1, days=9), order(2, days=1)]
    assert 1 == plan("add_note x", *both, order=both[0]).target
    assert 2 == plan("add_note x", *both).target
    assert NO_ORDER == plan("add_note x").impossible


def test_only_a_customer_note_is_sent_to_the_customer():
    sent = [plan(f"{step} x", order(1)) for step in ("add_note", "add_customer_note")]
    assert [False, True] == [each.payload["for_customer"] for each in sent]


def test_tag_steps_change_tags():
    assert [AddTag("Big: DE"), RemoveTag("Big")] == [
        plan("add_tag Big: {{ billing_country }}", order(1)),
        plan("remove_tag Big", order(1)),
    ]


def test_stop_ends_the_run():
    assert Stop("stopped by the step 'stop'") == plan("stop")


def test_meta_is_for_the_customer_or_a_guests_latest_order():
    sent = [plan("set_meta k v", order(1), account=account()), plan("set_meta k v", order(1))]
    assert [("meta_customer", 12), ("meta_order", 1)] == [(s.kind, s.target) for s in sent]
    assert {"key": "k", "value": "v"} == sent[0].payload
    assert NO_ORDER == plan("set_meta k v").impossible


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        ("90min", datetime(2026, 3, 28, 13, 30, tzinfo=UTC)),
        # The clocks go forward in the night: the same time of day is 23 hours away.
        ("1d", datetime(2026, 3, 29, 11, 0, tzinfo=UTC)),
        ("until 09:00", datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),
        ("until 13:30", datetime(2026, 3, 28, 12, 30, tzinfo=UTC)),
        ("until saturday 12:00", datetime(2026, 4, 4, 10, 0, tzinfo=UTC)),
        ("1mo", datetime(2026, 4, 28, 11, 0, tzinfo=UTC)),
    ],
)
def test_waits_keep_the_time_of_day_of_the_store(wait, until):
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert Wait(until) == plan(f"wait {wait}", now=saturday)


def test_a_tag_has_no_comma_and_no_outer_spaces():
    assert "Country: DE AT" == one_tag("  Country: DE,\n AT ")


COMMON_WORDS = {"note", "tag", "coupon", "email", "message", "webhook", "wait", "stop"}
OWN_NAMES = (set(ACTIONS) | set(ENTRY_KINDS)) - COMMON_WORDS
PACKAGES = ("cli", "daemon", "poll", "evaluate", "outbox", "config", "rules")


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_outside_its_module_names_an_action(package):
    """The common words are also keys and sections of the INI, or part of sentences."""
    files = list((Path(wcflow.__file__).parent / package).rglob("*.py"))
    found = [
        (file.name, node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in OWN_NAMES
    ]
    assert files
    assert [] == found


def test_no_code_outside_its_module_compares_a_kind_of_entry():
    root = Path(wcflow.__file__).parent
    files = [file for package in PACKAGES for file in (root / package).rglob("*.py")]
    comparison = re.compile(r"""kind\s*(==|!=|in)\s*\(?["'](note|coupon|tag)\b""")
    found = [file.name for file in files if comparison.search(file.read_text())]
    assert ["explain.py", "short_reasons.py"] == found, "these find the tag rules this way"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "tags on"),
        ({"wcflow_tier": "Gold"}, "tags and tier of"),
        ({"wcflow_tier": "Gold", "wcflow_points": "5"}, "tags, tier and points of"),
    ],
)
def test_a_change_names_the_tier_and_the_points_that_it_writes(more, words):
    phrase_of = ENTRY_KINDS["tags_customer"].phrase_of
    assert words == phrase_of({"wanted": [], "segment": "", "more": more})
