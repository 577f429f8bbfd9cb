"""Steps are read with all their flaws, and say what they put into effect."""

from datetime import UTC, datetime

import pytest

from tests.builders import NOW, account, order, profile
from wcflow.rules.context import Context, Place
from wcflow.rules.errors import RuleErrors
from wcflow.rules.steps import (
    STEPS,
    AddTag,
    MakeCoupon,
    RemoveTag,
    SetMeta,
    StepContext,
    Stop,
    Wait,
    WriteNote,
    one_tag,
    parse_steps,
)

PLACE = Place(order=True, tags=True, segments=True)
COUPONS = frozenset({"welcome10"})


def effect(line, *orders, account=None, order=None, extra=None, now=NOW):
    """Give the effect of the last of these lines."""
    steps = parse_steps(line, PLACE, COUPONS)
    scope = Context(profile(*orders, account=account), now, order)
    return steps[-1].effect(StepContext(scope, extra or {}))


def flaws(text):
    with pytest.raises(RuleErrors) as caught:
        parse_steps(text, PLACE, COUPONS)
    return [(flaw.row, flaw.expected, flaw.got, flaw.hint) for flaw in caught.value.flaws]


@pytest.mark.parametrize("kind", STEPS.values(), ids=lambda kind: kind.name)
def test_each_step_reads_its_own_example_and_its_own_normal_form(kind):
    (step,) = parse_steps(kind.example, PLACE, COUPONS)
    assert (step,) == parse_steps(step.line, PLACE, COUPONS)


def test_all_flaws_are_told_with_their_rows():
    text = "add_tagg VIP\n\nadd_note\ncreate_coupon welcome\nwait soon\nadd_note {{ frist_name }}"
    assert [0, 2, 3, 4, 5] == [row for row, *_ in flaws(text)]
    assert "did you mean 'add_tag'?" == flaws(text)[0][3]
    assert "did you mean 'welcome10'?" == flaws(text)[2][3]


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
    ],
)
def test_what_is_no_step_is_told(line, expected, got):
    assert [(expected, got)] == [(e, g) for _, e, g, _ in flaws(line)]


def test_a_code_is_known_only_after_it_was_made():
    """A note that names a coupon above the step that makes it would be empty."""
    assert [0] == [row for row, *_ in flaws("add_note {{ coupon.code }}\ncreate_coupon welcome10")]
    made = effect(
        "create_coupon welcome10\nadd_note {{ coupon.code }}",
        order(1),
        extra={"coupon.code": "W-1", "coupon.expires": None},
    )
    assert WriteNote(1, "W-1", for_customer=False) == made


def test_a_note_goes_to_the_order_of_the_trigger_else_to_the_latest():
    both = [order(1, days=9), order(2, days=1)]
    assert 1 == effect("add_note x", *both, order=both[0]).order_id
    assert 2 == effect("add_note x", *both).order_id
    assert 0 == effect("add_note x").order_id


def test_steps_say_what_they_do():
    assert [AddTag("Big: DE"), RemoveTag("Big"), MakeCoupon("welcome10"), Stop] == [
        effect("add_tag Big: {{ billing_country }}", order(1)),
        effect("remove_tag Big", order(1)),
        effect("create_coupon welcome10"),
        type(effect("stop")),
    ]


def test_meta_goes_to_the_customer_or_a_guests_latest_order():
    assert [SetMeta("k", "v", 12, 0), SetMeta("k", "v", 0, 1), SetMeta("k", "v", 0, 0)] == [
        effect("set_meta k v", order(1), account=account()),
        effect("set_meta k v", order(1)),
        effect("set_meta k v"),
    ]


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
    assert Wait(until) == effect(f"wait {wait}", now=saturday)


def test_a_tag_has_no_comma_and_no_blanks_at_its_ends():
    assert "Country: DE AT" == one_tag("  Country: DE,\n AT ")
