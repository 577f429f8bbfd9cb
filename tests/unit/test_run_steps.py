"""A run performs its steps in order, also inside branches, and continues after a pause."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import NOW, account, order, profile
from wcflow.actions.coupon import CouponRule
from wcflow.actions.registry import ACTIONS
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.model import Rules
from wcflow.rules.run_steps import RunSetup, run_steps
from wcflow.rules.step_tree import label, next_path, node_at, settled, texts
from wcflow.rules.workflow_run import Run

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
