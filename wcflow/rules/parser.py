"""The language of conditions: from text to a condition that can be asked, or all of its flaws.

What the forms mean stands in askings.py, the attributes in attributes, the grammar in
language.lark and grammar.py. Asking a condition is conditions.py's affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lark import Token
from lark import Tree as Words
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from wcflow.rules.attributes.registry import Asked, Kind
from wcflow.rules.binding import VALUES, Form, asking_of, at
from wcflow.rules.conditions import Comparison, Condition, Not, Tree, condition_of, joined
from wcflow.rules.context import Place
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.grammar import grammar
from wcflow.rules.naming import attribute_named, window_of
from wcflow.rules.syntax_errors import strange_character, unexpected_word

_GRAMMAR = grammar()
_DEEPEST = 40
"""Brackets and ``not`` within one another: beyond, nobody understands it, and recursion ends."""


def parse_condition(text: str, place: Place) -> Condition:
    """Understand the rows of a condition; raises FlawError with all that is wrong in any of them."""
    trees: list[Tree] = []
    flaws: list[RuleError] = []
    for row in rows_of(text):
        try:
            trees.append(_tree(row, place))
        except RuleErrors as error:
            flaws += _in_rows(error.flaws, row)
    if flaws:
        raise RuleErrors(*flaws)
    if not trees:
        raise RuleErrors(RuleError("a condition", "nothing", "for example: orders_count >= 2"))
    return condition_of(text, place, joined("and", trees))


def parse_attribute(text: str, place: Place, kinds: frozenset[Kind] = frozenset()) -> Asked:
    """Understand an attribute that stands alone, with its window; raises FlawError.

    ``kinds``: what it has to be; any, if none are named.
    """
    if not text.strip():
        raise RuleErrors(RuleError("an attribute", "nothing"))
    asked = Reader(place, text).asked(_parsed(text, "attribute"))
    if kinds and asked.attribute.kind not in kinds:
        wanted = " or ".join(sorted(kind.value for kind in kinds))
        got = f"{asked.text!r}, which is a {asked.attribute.type}"
        raise RuleErrors(RuleError(f"an attribute that is a {wanted}", got, column=1))
    return asked


def _tree(row: Row, place: Place) -> Tree:
    reader = Reader(place, row.text)
    tree = reader.tree(_parsed(row.text, "start"))
    if tree is None:
        raise RuleErrors(*reader.flaws)
    return tree


def _in_rows(flaws: Iterable[RuleError], row: Row) -> list[RuleError]:
    return [replace(flaw, row=flaw.row + row.first) for flaw in flaws]


def _parsed(text: str, start: str) -> Words[Token]:
    tokens: list[Token] = []
    try:
        tokens = list(_GRAMMAR.lex(text))
        _look_at_depth(tokens)
        return _GRAMMAR.parse(text, start=start)
    except UnexpectedCharacters as error:
        raise RuleErrors(strange_character(error, text)) from None
    except UnexpectedToken as error:
        raise RuleErrors(unexpected_word(error, tokens)) from None


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
            raise RuleErrors(at(token, f"at most {_DEEPEST} within one another", f"'{token}'"))


# From the words of a row to the tree of a condition. Grammar is language.lark's affair, the forms of comparison are forms.py's. All that does not make sense is told at once, where it stands.


@dataclass(slots=True)
class Reader:
    """Read one row at a time; ``flaws`` collects what is wrong, by positions within the row."""

    place: Place
    text: str
    flaws: list[RuleError] = field(default_factory=list)

    def tree(self, words: Words[Token]) -> Tree | None:
        """Give the tree of a condition; None where any part of it has flaws."""
        match words.data:
            case "start" | "bracketed":
                return self.tree(_trees(words)[0])
            case "either" | "both":
                return self._joined("or" if words.data == "either" else "and", _trees(words))
            case "denied":
                inner = self.tree(_trees(words)[0])
                return Not(inner) if inner else None
            case _:
                return self._comparison(words)

    def _joined(self, word: str, parts: list[Words[Token]]) -> Tree | None:
        read = [self.tree(part) for part in parts]
        good = [part for part in read if part is not None]
        return joined(word, good) if len(good) == len(read) else None

    def _comparison(self, words: Words[Token]) -> Comparison | None:
        first, form = words.children[0], _form(words)
        try:
            asked = self.asked(first)
            asking = asking_of(form, asked.attribute)
        except RuleErrors as error:
            self.flaws += error.flaws
            return None
        return Comparison(asked, asking, self._written(words), form.denied)

    def asked(self, words: Words[Token] | Token) -> Asked:
        """Give the attribute with its key and window; raises FlawError."""
        name, *window = _tokens(words)
        with _placing(name):
            attribute, key = attribute_named(_unquoted(name), self.place)
        if not window:
            return Asked(attribute, key)
        with _placing(window[0]):
            return Asked(attribute, key, window_of(str(window[0]), attribute))

    def _written(self, words: Words[Token]) -> str:
        text = self.text[words.meta.start_pos : words.meta.end_pos]
        return " ".join(text.split())


@contextmanager
def _placing(token: Token) -> Iterator[None]:
    """Give flaws that are raised within the position of a token."""
    try:
        yield
    except RuleErrors as error:
        flaws = (at(token, flaw.expected, flaw.got, flaw.hint) for flaw in error.flaws)
        raise RuleErrors(*flaws) from None


def _unquoted(name: Token) -> str:
    """Take the quotes from ``meta.'odd key'``."""
    stem, quote, key = str(name).partition("'") if "'" in name else str(name).partition('"')
    return stem + key.removesuffix(quote) if quote else stem


def _form(words: Words[Token]) -> Form:
    tokens = [token for child in words.children[1:] for token in _tokens(child)]
    return Form(
        "search" if words.data.startswith("search") else str(words.data),
        next(_tokens(words)),
        tuple(token for token in tokens if token.type not in _NO_VERBS),
        tuple(token for token in tokens if token.type in VALUES),
        any(token.type == "NOT" for token in tokens),
    )


_NO_VERBS = VALUES | {"NOT", "AND"}


def _trees(words: Words[Token]) -> list[Words[Token]]:
    return [child for child in words.children if isinstance(child, Words)]


def _tokens(words: Words[Token] | Token | None) -> Iterator[Token]:
    """Give the tokens from left to right; what is optional and absent is None."""
    if isinstance(words, Token):
        yield words
    elif words is not None:
        for child in words.children:
            yield from _tokens(child)


# Which rows of a condition belong together: those joined by brackets, ``and`` or ``or``. Every other row stands for itself, so that a mistake in one does not hide those in the next.

_TEXT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_GOES_ON = re.compile(r"(?<![\w.])(and|or|not)\s*$", re.IGNORECASE)
_IS_CONTINUED_BY = re.compile(r"\s*(and|or)(?![\w.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Rows that belong together; ``first`` is the number of the first of them, from 0."""

    first: int
    text: str


def rows_of(text: str) -> Iterator[Row]:
    """Give the rows of a condition, without the empty ones."""
    lines = text.split("\n")
    # Lengths stay the same, so that no quoted bracket or word counts and every column stands.
    bare = [_TEXT.sub(lambda found: "'" + "x" * (len(found[0]) - 2) + "'", line) for line in lines]
    first = 0
    while first < len(lines):
        after = _end(bare, first)
        if bare[first].strip():
            yield Row(first, "\n".join(lines[first:after]))
        first = after


def _end(bare: list[str], first: int) -> int:
    """Give the number of the row after those that belong to the first."""
    after, depth = first + 1, _depth(bare[first])
    last = bare[first]
    while after < len(bare) and bare[first].strip():
        line = bare[after]
        if line.strip() and not (
            depth > 0 or _GOES_ON.search(last) or _IS_CONTINUED_BY.match(line)
        ):
            break
        depth += _depth(line)
        last = line if line.strip() else last
        after += 1
    # A bracket that is never closed does not draw all the rest into its row.
    return first + 1 if depth > 0 else after


def _depth(line: str) -> int:
    return line.count("(") - line.count(")")
