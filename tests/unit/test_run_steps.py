"""A run performs its steps in order, also inside branches, and continues after a pause."""

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import NOW, STORE, account, order, profile
from wcflow.actions.coupon import CouponRule
from wcflow.actions.registry import ACTIONS
from wcflow.profile import SavedState
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.model import Rules
from wcflow.rules.parser import parse_attribute
from wcflow.rules.points import PointsRules
from wcflow.rules.run_steps import RunSetup, run_steps
from wcflow.rules.step_tree import label, next_path, node_at, settled, texts
from wcflow.rules.steps import LostStep
from wcflow.rules.tiers import TierRules
from wcflow.rules.workflow_run import Run
from wcflow.standing import Standing, TierState

SETUP = RunSetup(
    Rules(
        actions=ACTIONS,
        sections={"coupon": {"thanks": CouponRule("thanks", "percent", "10", "T")}},
    ),
    RulePlace(order=True, tags=True, segments=True),
    "shop",
    "secret",
)
TREE = (
    "add_tag first",
    {
        "if": "orders_count >= 2",
        "then": [
            "add_tag loyal",
            {"if": "total_spent > 1000", "then": ["wait 1d", "add_tag rich"], "else": []},
            "add_tag still loyal",
        ],
        "else": ["add_tag new"],
    },
    "add_tag last",
)


def run_of(*steps, **more):
    return Run("w", "c12", "e", NOW, NOW, tuple(steps), **more)


def facts(*totals, now=NOW):
    orders = [
        order(number, days=1, total=100 * int(total)) for number, total in enumerate(totals, 1)
    ]
    return Context(profile(*orders, account=account()), now)


def tags(performed):
    return [(each.label, each.result.tag) for each in performed]


def test_steps_are_numbered_from_one():
    run, performed = run_steps(run_of("add_tag a", "add_tag b"), facts(), SETUP)
    assert [("1", "a"), ("2", "b")] == tags(performed)
    assert ("done", "all steps are done") == (run.state, run.reason)


def test_a_run_continues_after_its_pause():
    paused, first = run_steps(run_of("add_tag a", "wait 1d", "add_tag b"), facts(), SETUP)
    assert ("waiting", ("3", "add_tag b")) == (paused.state, paused.next_step)
    later = facts(now=NOW + timedelta(days=2))
    done, second = run_steps(paused, later, SETUP)
    assert ([("1", "a")], [("3", "b")], "done") == (tags(first), tags(second), done.state)


def test_a_run_that_pauses_at_its_end_has_no_next_step():
    paused, _ = run_steps(run_of("wait 1d"), facts(), SETUP)
    assert ("waiting", ("", "")) == (paused.state, paused.next_step)
    done, performed = run_steps(paused, facts(now=NOW + timedelta(days=2)), SETUP)
    assert ("done", ()) == (done.state, performed)


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        (["9"], [("1", "first"), ("2.else.1", "new"), ("3", "last")]),
        (
            ["9", "9"],
            [("1", "first"), ("2.then.1", "loyal"), ("2.then.3", "still loyal"), ("3", "last")],
        ),
    ],
)
def test_a_branch_runs_the_side_of_its_condition(totals, expected):
    run, performed = run_steps(run_of(*TREE), facts(*totals), SETUP)
    assert (expected, "done") == (tags(performed), run.state)


def test_a_run_pauses_inside_a_branch_and_continues_there():
    """The condition of the branch is not evaluated again."""
    paused, _ = run_steps(run_of(*TREE), facts("900", "900"), SETUP)
    assert ("2.then.2.then.2", "add_tag rich") == paused.next_step
    later = facts("1", now=NOW + timedelta(days=2))
    done, performed = run_steps(paused, later, SETUP)
    assert "done" == done.state
    assert [("2.then.2.then.2", "rich"), ("2.then.3", "still loyal"), ("3", "last")] == tags(
        performed
    )


def test_a_stop_inside_a_branch_ends_the_run():
    run, performed = run_steps(
        run_of({"if": "orders_count = 0", "then": ["stop"]}, "add_tag a"), facts(), SETUP
    )
    assert ("ended", "stopped by the step 'stop'", ()) == (run.state, run.reason, performed)


SPENT = parse_attribute("points_earned", RulePlace(), frozenset({Kind.NUMBER}))
TIERS = TierRules(SPENT, (("Silver", Decimal(0)), ("Gold", Decimal(500))))
MEMBERS = replace(STORE, points=PointsRules(), tiers=TIERS)
POINTS_SETUP = dataclasses.replace(
    SETUP, rules=dataclasses.replace(SETUP.rules, points=MEMBERS.points, tiers=TIERS)
)


@pytest.mark.parametrize(
    ("steps", "condition", "before"),
    [
        (["add_tag Fan"], "tags contains 'fan'", {}),
        (["remove_tag Old"], "not tags contains 'Old'", {}),
        (["add_tag Fan", "remove_tag Fan"], "not tags contains 'Fan'", {}),
        (["remove_tag Ruled"], "tags contains 'Ruled'", {}),
        (["add_to_group Wholesale"], "groups contains 'wholesale'", {}),
        (["remove_from_group vip"], "groups is empty", {"groups": frozenset({"VIP"})}),
        (["add_points 100", "add_points 400"], "points >= 500", {}),
        (["add_points 500"], "tier = 'Gold'", {"tier": TierState("Silver", NOW)}),
        (["set_tier Gold"], "tier = 'Gold'", {"tier": TierState("Silver", NOW)}),
        (["set_tier Silver"], "tier = 'Gold'", {"tier": TierState("Gold", NOW)}),
    ],
)
def test_a_branch_sees_what_earlier_steps_changed(steps, condition, before):
    saved = SavedState(standing=Standing(**before))
    member = replace(profile(order(1), account=account()), store=MEMBERS, saved_state=saved)
    tags = {"current_tags": frozenset({"Old", "Ruled"}), "rule_tags": frozenset({"Ruled"})}
    seen = Context(member, NOW, **tags)
    branch = {"if": condition, "then": ["add_note yes"], "else": ["add_note no"]}
    run, taken = run_steps(run_of(*steps, branch), seen, POINTS_SETUP)
    assert "yes" in taken[-1].result.payload["text"], run.progress


def test_a_cancelled_step_changes_nothing_that_later_steps_see():
    lost = {"1": LostStep("coupon", "failed", 7)}
    steps = ("create_coupon thanks", "add_to_group {{ coupon.code }}", "add_note {{ groups }}")
    paused, _ = run_steps(run_of(*steps[:1], "wait 1d", *steps[1:]), facts("9"), SETUP)
    later = facts("9", now=NOW + timedelta(days=2))
    _, (_, note) = run_steps(paused, later, dataclasses.replace(SETUP, lost=lost))
    assert "" == note.result.payload["text"]


def test_an_impossible_step_ends_the_run_with_its_label():
    run, _ = run_steps(run_of("add_tag a", "create_coupon gone"), facts(), SETUP)
    assert ("ended", "step 2: ") == (run.state, run.reason[:8])


def test_later_steps_can_use_the_coupon_of_earlier_ones_even_after_a_pause():
    paused, (coupon,) = run_steps(
        run_of("create_coupon thanks", "wait 1d", "add_note {{ coupon.code }}"),
        facts("9"),
        SETUP,
    )
    _, (note,) = run_steps(paused, facts("9", now=NOW + timedelta(days=2)), SETUP)
    assert coupon.result.payload["code"] == note.result.payload["text"]


def test_the_same_step_of_the_same_run_has_the_same_coupon_code():
    codes = [
        run_steps(run, facts("9"), SETUP)[1][-1].result.payload["code"]
        for run in (
            run_of("create_coupon thanks"),
            run_of("create_coupon thanks"),
            run_of("add_tag a", "create_coupon thanks"),
            replace(run_of("create_coupon thanks"), event="other"),
        )
    ]
    assert codes[0] == codes[1]
    assert 3 == len(set(codes))


nodes = st.recursive(
    st.text("ab", min_size=1, max_size=3),
    lambda inner: st.fixed_dictionaries(
        {
            "if": st.just("x"),
            "then": st.lists(inner, max_size=3),
            "else": st.lists(inner, max_size=3),
        }
    ),
    max_leaves=12,
)


def visited_steps(tree, side):
    """Return the labels and texts of the steps when each branch takes this side."""
    found, path = [], settled(tree, (0,))
    while path is not None:
        node = node_at(tree, path)
        if isinstance(node, str):
            found.append((label(path), node))
            path = settled(tree, next_path(path))
        else:
            path = settled(tree, (*path, side, 0))
    return found


def texts_on_side(tree, side):
    """Find the same texts by recursion."""
    return [
        text
        for node in tree
        for text in ([node] if isinstance(node, str) else texts_on_side(node[side], side))
    ]


@given(st.lists(nodes, max_size=4), st.sampled_from(["then", "else"]))
def test_a_path_visits_each_step_of_the_chosen_sides_once(tree, side):
    found = visited_steps(tree, side)
    assert texts_on_side(tree, side) == [text for _, text in found]
    assert len(found) == len({name for name, _ in found})
    assert {text for _, text in found} <= set(texts(tree))
