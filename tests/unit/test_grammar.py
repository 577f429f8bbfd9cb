"""The parser that is kept: it is that of the grammar, and is used for no other."""

import json

import lark
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.exceptions import UnexpectedInput, UnexpectedToken

from wcflow.rules import grammar

LARK = grammar._GRAMMAR_FILE.read_text("utf-8")
KEPT, WORKED_OUT = grammar.load_parser(), grammar.build_parser(LARK)
STARTS = ("start", "attribute")
WORDS = (
    *("age", "city.'a b'", "meta.x", "1", "-3d", "30d", "2026-01-31", "'x'", '"y"', "today", "="),
    *("<=", "<>", "(", ")", ",", "and", "OR", "not", "between", "in", "contains", "mentions"),
    *("starts", "with", "like", "any", "all", "is", "empty", "multiple", "of", "$", "'", "\n"),
)


def read(parser, text, start):
    """Give the tree, or where and why there is none."""
    try:
        return parser.parse(text, start=start)
    except UnexpectedInput as error:
        place = (type(error), error.line, error.column, error.pos_in_stream)
        known = isinstance(error, UnexpectedToken)
        return (*place, error.token, error.accepts, error.expected) if known else place


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.sampled_from(STARTS))
def test_the_kept_parser_says_of_any_row_what_the_grammar_says(text, start):
    assert read(WORKED_OUT, text, start) == read(KEPT, text, start)


def test_the_kept_parser_is_of_these_words():
    """Else ``python -m wcflow.rules.grammar > language.json`` was forgotten after a change."""
    assert grammar._origin(LARK)[1] == grammar._load_cached_parser()["of"][1]


def test_what_is_written_can_be_read_again():
    again = json.loads(grammar.serialize_parser(LARK), object_hook=grammar._restore_number_keys)
    row = "age > 1 and not city in ('a', 'b')"
    assert grammar._origin(LARK) == again["of"]
    assert read(WORKED_OUT, row, "start") == read(lark.Lark.load(again), row, "start")


@pytest.mark.parametrize("origin", [["0.0", grammar._origin(LARK)[1]], [lark.__version__, "00"]])
def test_a_parser_of_another_version_or_grammar_is_not_used(origin, monkeypatch):
    kept = grammar._load_cached_parser() | {"of": origin, "data": None, "memo": None}
    monkeypatch.setattr(grammar, "_load_cached_parser", lambda: kept)
    assert WORKED_OUT.parse("age > 1", start="start") == grammar.load_parser().parse(
        "age > 1", "start"
    )
