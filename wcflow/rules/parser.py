"""Parse conditions: from text to a condition, or all mistakes in the text.

``language.lark`` holds the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lark import Lark, Token
from lark import Tree as Words
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from wcflow.rules.attributes.registry import AttributeQuery, Kind, parse_window, resolve_attribute
from wcflow.rules.binding import VALUES, ComparisonForm, build_operator, error_at
from wcflow.rules.conditions import Comparison, Condition, Not, Tree, build_condition, combine
from wcflow.rules.context import RulePlace
from wcflow.rules.corrections import correction
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.syntax_errors import unexpected_character, unexpected_token

_GRAMMAR = Lark.open(
    "language.lark",
    rel_to=__file__,
    parser="lalr",
    lexer="basic",
    start=["start", "attribute"],
    propagate_positions=True,
)
_MAX_DEPTH = 40
"""The deepest nesting of brackets and ``not``, which bounds the recursion."""


def parse_condition(text: str, place: RulePlace) -> Condition:
    """Parse a condition of one or more rows; raises RuleErrors with the mistakes of all rows."""
    trees: list[Tree] = []
    rule_errors: list[RuleError] = []
    for row in split_rows(text):
        try:
            trees.append(_tree(row, place))
        except RuleErrors as error:
            rule_errors += _shift_rows(error.rule_errors, row)
    if rule_errors:
        raise RuleErrors(*rule_errors)
    if not trees:
        raise RuleErrors(RuleError("a condition", "nothing", "for example: orders_count >= 2"))
    return build_condition(text, place, combine("and", trees))


def parse_attribute(
    text: str, place: RulePlace, kinds: frozenset[Kind] = frozenset()
) -> AttributeQuery:
    """Parse a single attribute with its window; raises RuleErrors.

    ``kinds`` are the types that are allowed; empty means any.
    """
    if not text.strip():
        raise RuleErrors(RuleError("an attribute", "nothing"))
    asked = ConditionReader(place, text).asked(_parse(text, "attribute"))
    if kinds and asked.attribute.kind not in kinds:
        wanted = " or ".join(sorted(kind.value for kind in kinds))
        got = f"{asked.text!r}, which is {asked.attribute.noun}"
        raise RuleErrors(RuleError(f"an attribute that is a {wanted}", got, column=1))
    return asked


def _tree(row: Row, place: RulePlace) -> Tree:
    try:
        return _parse_tree(row.text, place)
    except RuleErrors as error:
        likely = correction(
            row.text, error.rule_errors[0], lambda text: _can_be_parsed(text, place)
        )
        raise RuleErrors(*([likely] if likely else error.rule_errors)) from None


def _parse_tree(text: str, place: RulePlace) -> Tree:
    reader = ConditionReader(place, text)
    tree = reader.tree(_parse(text, "start"))
    if tree is None:
        raise RuleErrors(*reader.rule_errors)
    return tree


def _can_be_parsed(text: str, place: RulePlace) -> bool:
    try:
        _parse_tree(text, place)
    except RuleErrors:
        return False
    return True


def _shift_rows(rule_errors: Iterable[RuleError], row: Row) -> list[RuleError]:
    return [replace(rule_error, row=rule_error.row + row.first) for rule_error in rule_errors]


def _parse(text: str, start: str) -> Words[Token]:
    tokens: list[Token] = []
    try:
        tokens = list(_GRAMMAR.lex(text))
        _check_depth(tokens)
        return _GRAMMAR.parse(text, start=start)
    except UnexpectedCharacters as error:
        raise RuleErrors(unexpected_character(error, text)) from None
    except UnexpectedToken as error:
        raise RuleErrors(unexpected_token(error, tokens)) from None


def _check_depth(tokens: Sequence[Token]) -> None:
    """Refuse deep nesting; a bracket is inside the nots before it."""
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
        if sum(around) + nots > _MAX_DEPTH:
            raise RuleErrors(
                error_at(token, f"at most {_MAX_DEPTH} levels of brackets and nots", f"'{token}'")
            )


@dataclass(slots=True)
class ConditionReader:
    """Build the tree of one row; ``rule_errors`` collects mistakes by their position in the row."""

    place: RulePlace
    text: str
    rule_errors: list[RuleError] = field(default_factory=list)

    def tree(self, words: Words[Token]) -> Tree | None:
        """Return the tree of a condition; None if any part has a mistake."""
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
        return combine(word, good) if len(good) == len(read) else None

    def _comparison(self, words: Words[Token]) -> Comparison | None:
        first, form = words.children[0], _form(words)
        try:
            asked = self.asked(first)
            operator = build_operator(form, asked.attribute)
        except RuleErrors as error:
            self.rule_errors += error.rule_errors
            return None
        return Comparison(asked, operator, self._written(words), form.negated)

    def asked(self, words: Words[Token] | Token) -> AttributeQuery:
        """Return an attribute with its key and window; raises RuleErrors."""
        name, *window = _tokens(words)
        with _errors_at(name):
            attribute, key = resolve_attribute(_unquoted(name), self.place)
        if not window:
            return AttributeQuery(attribute, key)
        with _errors_at(window[0]):
            return AttributeQuery(attribute, key, parse_window(str(window[0]), attribute))

    def _written(self, words: Words[Token]) -> str:
        text = self.text[words.meta.start_pos : words.meta.end_pos]
        return " ".join(text.split())


@contextmanager
def _errors_at(token: Token) -> Iterator[None]:
    """Add the position of a token to errors raised inside."""
    try:
        yield
    except RuleErrors as error:
        rule_errors = (
            error_at(token, rule_error.expected, rule_error.got, rule_error.hint)
            for rule_error in error.rule_errors
        )
        raise RuleErrors(*rule_errors) from None


def _unquoted(name: Token) -> str:
    """Remove the quotes from ``meta.'odd key'``."""
    stem, quote, key = str(name).partition("'") if "'" in name else str(name).partition('"')
    return stem + key.removesuffix(quote) if quote else stem


def _form(words: Words[Token]) -> ComparisonForm:
    tokens = [token for child in words.children[1:] for token in _tokens(child)]
    return ComparisonForm(
        "search" if words.data.startswith("search") else str(words.data),
        next(_tokens(words)),
        tuple(token for token in tokens if token.type not in _NOT_VERBS),
        tuple(token for token in tokens if token.type in VALUES),
        any(token.type == "NOT" for token in tokens),
    )


_NOT_VERBS = VALUES | {"NOT", "AND"}


def _trees(words: Words[Token]) -> list[Words[Token]]:
    return [child for child in words.children if isinstance(child, Words)]


def _tokens(words: Words[Token] | Token | None) -> Iterator[Token]:
    """Return the tokens from left to right; an absent optional part is None."""
    if isinstance(words, Token):
        yield words
    elif words is not None:
        for child in words.children:
            yield from _tokens(child)


# Lines joined by brackets, ``and`` or ``or`` form one row. Every other line is parsed by itself, so
# that a mistake in one does not hide mistakes in the next.

_QUOTED_TEXT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_ENDS_OPEN = re.compile(r"(?<![\w.])(and|or|not)\s*$", re.IGNORECASE)
_CONTINUES = re.compile(r"\s*(and|or)(?![\w.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """Lines that belong together; ``first`` is the number of the first line, from 0."""

    first: int
    text: str


def split_rows(text: str) -> Iterator[Row]:
    """Return the rows of a condition, without empty ones."""
    lines = text.split("\n")
    # Blank out quoted text, so that brackets and words in it do not count; columns stay the same.
    bare = [
        _QUOTED_TEXT.sub(lambda found: "'" + "x" * (len(found[0]) - 2) + "'", line)
        for line in lines
    ]
    first = 0
    while first < len(lines):
        after = _end(bare, first)
        if bare[first].strip():
            yield Row(first, "\n".join(lines[first:after]))
        first = after


def _end(bare: list[str], first: int) -> int:
    """Return the number of the line after those that belong to the first."""
    after, depth = first + 1, _open_brackets(bare[first])
    last = bare[first]
    while after < len(bare) and bare[first].strip():
        line = bare[after]
        if line.strip() and not (depth > 0 or _ENDS_OPEN.search(last) or _CONTINUES.match(line)):
            break
        depth += _open_brackets(line)
        last = line if line.strip() else last
        after += 1
    # A bracket that is never closed must not swallow the rest of the text.
    return first + 1 if depth > 0 else after


def _open_brackets(line: str) -> int:
    return line.count("(") - line.count(")")
