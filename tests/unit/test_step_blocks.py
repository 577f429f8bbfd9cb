"""The rows of ``do`` become a tree of steps and branches, or one clear problem for each mistake."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wcflow.actions.registry import ACTIONS
from wcflow.rules.context import RulePlace
from wcflow.rules.errors import RuleErrors
from wcflow.rules.step_blocks import (
    MAX_DEPTH,
    all_steps,
    cancelled_without_code,
    parse_steps,
    pinned,
    step_conditions,
    written,
)
from wcflow.rules.step_tree import outline

PLACE = RulePlace(order=True, tags=True, segments=True)
NAMES = frozenset({("coupon", "thanks"), ("coupon_pool", "spring")})


def parse(*rows):
    return parse_steps("\n".join(rows), PLACE, ACTIONS, NAMES)


def mistakes(*rows):
    with pytest.raises(RuleErrors) as caught:
        parse(*rows)
    return [(each.row, each.message, each.hint) for each in caught.value.rule_errors]


def test_branches_become_a_tree_whatever_their_indentation():
    tree = parse(
        "add_tag a",
        "IF orders_count>=2",
        "if not is_guest",
        "        add_tag b",
        "END",
        "else",
        "add_tag c",
        "end",
    )
    inner = {"if": "not is_guest", "then": ["add_tag b"]}
    branch = {"if": "orders_count >= 2", "then": [inner], "else": ["add_tag c"]}
    assert ["add_tag a", branch] == pinned(tree)
    assert ["add_tag a", "add_tag b", "add_tag c"] == [each.text for each in all_steps(tree)]
    assert ["orders_count >= 2", "not is_guest"] == [
        each.canonical for each in step_conditions(tree)
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ("if is_guest", "add_tag a"),
            (
                0,
                "expected an 'end' that closes this 'if', got none",
                "write 'end' on a row of its own after the last step of the branch",
            ),
        ),
        (
            ("add_tag a", "end"),
            (
                1,
                "expected an 'if' before 'end', got none",
                "remove this row, or write 'if CONDITION' above it",
            ),
        ),
        (
            ("else", "add_tag a"),
            (0, "expected an 'if' before 'else', got none", "write 'if CONDITION' above it"),
        ),
        (
            ("if is_guest", "end"),
            (0, "expected a step after the 'if', got none", "add the steps, or remove it"),
        ),
        (
            ("if is_guest", "else", "add_tag a", "end"),
            (
                0,
                "expected a step between 'if' and 'else', got none",
                "write 'if not (is_guest)' without 'else'",
            ),
        ),
        (
            ("if is_guest", "add_tag a", "else", "end"),
            (2, "expected a step after the 'else', got none", "add the steps, or remove it"),
        ),
        (
            ("if is_guest", "add_tag a", "else", "add_tag b", "else", "add_tag c", "end"),
            (4, "expected one 'else' for each 'if', got a second one", ""),
        ),
        (
            ("if is_guest", "add_tag a", "else if is_registered", "add_tag b", "end"),
            (
                2,
                "expected nothing after 'else', got 'if is_registered'",
                "write 'if' on the next row, and an 'end' for each 'if'",
            ),
        ),
        (
            ("if is_guest", "add_tag a", "elif is_registered", "add_tag b", "end"),
            (
                2,
                "unknown step 'elif'",
                "write 'else', then 'if' on the next row, and an 'end' for each 'if'",
            ),
        ),
        (
            ("if is_guest", "add_tag a", "endif", "end"),
            (2, "unknown step 'endif'", "write 'end'"),
        ),
        (
            ("if is_guest then", "add_tag a", "end"),
            (
                0,
                "expected a comparison such as = or contains after 'is_guest', got 'then'",
                "leave out 'then'",
            ),
        ),
        (
            ("add_tag a", "if orders_cont >= 2", "add_tag b", "end"),
            (1, "unknown attribute 'orders_cont'", "did you mean 'orders_count'?"),
        ),
    ],
)
def test_a_mistake_in_a_branch_is_told_once_with_its_row_and_advice(rows, expected):
    assert [expected] == mistakes(*rows)


def test_mistakes_on_both_sides_are_told_with_their_rows():
    rows = ("if is_guest", "add_tg a", "else", "wait soon", "end", "add_note")
    assert [1, 3, 5] == [row for row, *_ in mistakes(*rows)]


def test_a_coupon_is_known_after_a_branch_if_both_sides_make_it():
    both = ("if is_guest", "create_coupon thanks", "else", "create_coupon thanks", "end")
    assert 2 == len(parse(*both, "add_note {{ coupon.code }}"))


def test_a_side_that_stops_needs_no_coupon():
    assert parse(
        "if is_guest", "stop", "else", "create_coupon thanks", "end", "add_note {{ coupon.code }}"
    )
    assert parse(
        "if is_guest", "create_coupon thanks", "else", "stop", "end", "add_note {{ coupon.code }}"
    )


@pytest.mark.parametrize("otherwise", [(), ("else", "add_tag b")])
def test_a_coupon_of_one_side_is_not_known_after_the_branch(otherwise):
    rows = ("if is_guest", "create_coupon thanks", *otherwise, "end", "add_note {{ coupon.code }}")
    assert [
        (
            len(rows) - 1,
            "unknown variable 'coupon.code'",
            "only one side of the 'if' above makes it: use it on that side, or make it on both",
        )
    ] == mistakes(*rows)


def test_a_coupon_of_one_side_is_not_known_on_the_other():
    rows = ("if is_guest", "create_coupon thanks", "else", "add_note {{ coupon.code }}", "end")
    assert [3] == [row for row, *_ in mistakes(*rows)]


def test_too_many_branches_inside_each_other_are_a_mistake():
    rows = ["if is_guest"] * (MAX_DEPTH + 1) + ["add_tag a"] + ["end"] * (MAX_DEPTH + 1)
    assert [f"expected at most {MAX_DEPTH} branches inside each other, got another one"] == [
        message for _, message, _ in mistakes(*rows)
    ]


def test_a_wait_for_a_condition_needs_a_limit():
    assert [
        (
            0,
            "expected a condition and how long to wait at most, got 'orders_count >= 2'",
            "write: wait until orders_count >= 2 for at most 7d",
        )
    ] == mistakes("wait until orders_count >= 2")
    for row in ("wait until is_guest", "wait until is_guest max 3d", "wait until is_guest for 3d"):
        assert ["write: wait until is_guest for at most 7d"] == [hint for *_, hint in mistakes(row)]


def test_the_condition_of_a_wait_is_checked_like_any_other():
    assert [(0, "unknown attribute 'orders_cnt'", "did you mean 'orders_count'?")] == mistakes(
        "wait until orders_cnt > 2 for at most 7d"
    )
    assert ["did you mean 7d?"] == [
        hint for *_, hint in mistakes("wait until orders_count > 2 for at most 7 days")
    ]


steps = st.sampled_from(
    ["add_tag a", "wait 3d", "create_coupon thanks", "wait until orders_count > 1 for at most 2d"]
)
conditions = st.sampled_from(
    ["orders_count >= 2", "not is_guest", "(city = 'a' or is_guest) and orders_count(30d) = 0"]
)


def blocks(inner):
    nodes = st.lists(inner, min_size=1, max_size=3)
    return st.tuples(conditions, nodes, st.one_of(st.just([]), nodes))


trees = st.lists(st.recursive(steps, blocks, max_leaves=10), min_size=1, max_size=3)


def rows_of(nodes):
    for node in nodes:
        if isinstance(node, str):
            yield node
            continue
        condition, then, otherwise = node
        yield f"if {condition}"
        yield from rows_of(then)
        if otherwise:
            yield "else"
            yield from rows_of(otherwise)
        yield "end"


@given(trees)
@settings(max_examples=60, deadline=None)
def test_a_written_tree_is_read_as_the_same_tree(nodes):
    tree = parse(*rows_of(nodes))
    rows = [row for row, _ in written(tree)]
    again = parse(*rows)
    assert pinned(tree) == pinned(again)
    assert rows == [row for row, _ in written(again)]
    assert rows == [row for _, row in outline(pinned(tree))]


@given(st.lists(st.sampled_from(["if is_guest", "else", "end", "add_tag a", "stop"]), max_size=12))
@settings(max_examples=100, deadline=None)
def test_any_rows_are_a_tree_or_problems_of_those_rows(rows):
    try:
        tree = parse(*rows)
    except RuleErrors as error:
        wrong = {each.row for each in error.rule_errors}
    else:
        wrong = set()
        assert rows == [row.strip() for row, _ in written(tree)]
    assert wrong <= set(range(len(rows)))


@pytest.mark.parametrize(
    ("step", "is_cancelled"),
    [
        ("assign_coupon spring else add_note none left", True),
        ("assign_coupon spring else assign_coupon spring else add_note none left", True),
        ("assign_coupon spring else stop", False),
        ("assign_coupon spring else create_coupon thanks", False),
        ("assign_coupon spring else assign_coupon spring else stop", False),
        ("assign_coupon spring", False),
    ],
)
def test_steps_with_a_code_are_cancelled_only_where_a_run_goes_on_without_one(step, is_cancelled):
    use, other = "add_note {{ coupon.code }}", "add_note Hello"
    assert [False, False, is_cancelled] == cancelled_without_code(parse(step, other, use))
    inside = parse("if is_guest", step, "else", "create_coupon thanks", use, "end", use)
    assert [False, False, False, is_cancelled] == cancelled_without_code(inside)
    later = parse(step, "create_coupon thanks", use)
    assert [False, False, False] == cancelled_without_code(later)
