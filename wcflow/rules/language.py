"""The language of conditions: from text to a condition that can be asked, or all of its flaws.

What the forms mean stands in askings.py, the attributes in attributes, the grammar in
language.lark and grammar.py. Asking a condition is conditions.py's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lark import Token
from lark import Tree as Words
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from wcflow.rules.attributes import Asked, Kind
from wcflow.rules.conditions import Answer, Condition, Part, Tree, condition_of, joined
from wcflow.rules.flaw import Flaw, FlawError
from wcflow.rules.forms import at
from wcflow.rules.grammar import grammar
from wcflow.rules.mistakes import strange_character, unexpected_word
from wcflow.rules.reading import Reader
from wcflow.rules.rows import Row, rows_of
from wcflow.rules.scope import Place, Scope

__all__ = [
    "Answer",
    "Asked",
    "Condition",
    "Flaw",
    "FlawError",
    "Part",
    "Place",
    "Scope",
    "parse_attribute",
    "parse_condition",
]

_GRAMMAR = grammar()
_DEEPEST = 40
"""Brackets and ``not`` within one another: beyond, nobody understands it, and recursion ends."""


def parse_condition(text: str, place: Place) -> Condition:
    """Understand the rows of a condition; raises FlawError with all that is wrong in any of them."""
    trees: list[Tree] = []
    flaws: list[Flaw] = []
    for row in rows_of(text):
        try:
            trees.append(_tree(row, place))
        except FlawError as error:
            flaws += _in_rows(error.flaws, row)
    if flaws:
        raise FlawError(*flaws)
    if not trees:
        raise FlawError(Flaw("a condition", "nothing", "for example: orders_count >= 2"))
    return condition_of(text, place, joined("and", trees))


def parse_attribute(text: str, place: Place, kinds: frozenset[Kind] = frozenset()) -> Asked:
    """Understand an attribute that stands alone, with its window; raises FlawError.

    ``kinds``: what it has to be; any, if none are named.
    """
    if not text.strip():
        raise FlawError(Flaw("an attribute", "nothing"))
    asked = Reader(place, text).asked(_parsed(text, "attribute"))
    if kinds and asked.attribute.kind not in kinds:
        wanted = " or ".join(sorted(kind.value for kind in kinds))
        got = f"{asked.text!r}, which is a {asked.attribute.type}"
        raise FlawError(Flaw(f"an attribute that is a {wanted}", got, column=1))
    return asked


def _tree(row: Row, place: Place) -> Tree:
    reader = Reader(place, row.text)
    tree = reader.tree(_parsed(row.text, "start"))
    if tree is None:
        raise FlawError(*reader.flaws)
    return tree


def _in_rows(flaws: Iterable[Flaw], row: Row) -> list[Flaw]:
    return [replace(flaw, row=flaw.row + row.first) for flaw in flaws]


def _parsed(text: str, start: str) -> Words[Token]:
    tokens: list[Token] = []
    try:
        tokens = list(_GRAMMAR.lex(text))
        _look_at_depth(tokens)
        return _GRAMMAR.parse(text, start=start)
    except UnexpectedCharacters as error:
        raise FlawError(strange_character(error, text)) from None
    except UnexpectedToken as error:
        raise FlawError(unexpected_word(error, tokens)) from None


def _look_at_depth(tokens: Sequence[Token]) -> None:
    """Refuse what is nested too deep: each bracket stands within the nots before it."""
    around: list[int] = []
    nots = 0
    for token in tokens:
        match token.type:
            case "NOT":
                nots += 1
            case "LPAR":
                around.append(nots + 1)
                nots = 0
            case "RPAR":
                nots = 0
                around = around[:-1]
            case "NAME":
                nots = 0
        if sum(around) + nots > _DEEPEST:
            raise FlawError(at(token, f"at most {_DEEPEST} within one another", f"'{token}'"))
