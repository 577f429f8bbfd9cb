"""Turn syntax errors of Lark into rule errors with a hint."""

from __future__ import annotations

from collections.abc import Sequence

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from wcflow.rules.attributes.registry import find_attribute
from wcflow.rules.binding import VALUES, error_at
from wcflow.rules.errors import RuleError

END = "$END"
_TYPOGRAPHIC_QUOTES = "“”„‟‘’‚«»`´"
_SYMBOLS = {"LPAR": "'('", "RPAR": "')'", "COMMA": "','", END: "the end of the line"}


def unexpected_character(error: UnexpectedCharacters, text: str) -> RuleError:
    """Return the error for a character that starts no token."""
    place = error.pos_in_stream or 0
    character = text[place]
    row, column = error.line - 1, error.column
    if character in "'\"":
        rest = text[place:].split("\n", maxsplit=1)[0]
        return RuleError(f"a closing {character} in the same line", repr(rest), "", row, column)
    return RuleError("a condition", repr(character), _character_hint(character), row, column)


def _character_hint(character: str) -> str:
    if character in _TYPOGRAPHIC_QUOTES:
        return "write straight quotes: '…'"
    if character in "$€£¥%":
        return "write numbers and amounts without a sign"
    return {"&": "write: and", "|": "write: or", "!": "write: not"}.get(character, "")


def unexpected_token(error: UnexpectedToken, tokens: Sequence[Token]) -> RuleError:
    """Return the error for a misplaced token; ``tokens`` are all tokens of the row."""
    got: Token = error.token
    before = [token for token in tokens if got.type == END or _start_of(token) < _start_of(got)]
    last = before[-1] if before else None
    expected = _expected(error.accepts or error.expected)
    after = f" after '{last}'" if last is not None else ""
    if got.type != END:
        return error_at(
            got,
            expected + after,
            str(got) if got.type == "TEXT" else f"'{got}'",
            _hint(got, before),
        )
    row = (last.end_line or 1) - 1 if last else 0
    column = (last.end_column or 0) if last else 0
    hint = _bracket_hint(tokens) if "RPAR" in (error.accepts or ()) else ""
    return RuleError(expected + after, "the end of the line", hint, row, column)


def _start_of(token: Token) -> int:
    return token.start_pos or 0


def _expected(accepts: set[str]) -> str:
    """Return what is allowed here, in words for admins."""
    if accepts >= VALUES:
        return "a value"
    if "NAME" in accepts:
        return "an attribute"
    if "SIGN" in accepts:
        return "a comparison such as = or contains"
    if {"TEXT", "LPAR"} <= accepts:
        return "a value"
    words = [_SYMBOLS.get(name, f"'{name.lower()}'") for name in sorted(accepts or {END})]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _hint(got: Token, before: Sequence[Token]) -> str:
    if not before:
        return ""
    last, word = before[-1], str(got)
    hint = ""
    match last.type, got.type:
        case (("CONTAINS" | "MENTIONS"), "LPAR"):
            hint = f"write: {last.lower()} any (…) or {last.lower()} all (…)"
        case "IN", _:
            hint = "put the values in brackets: in ('DE', 'AT')"
        case "NUMBER", "COMMA":
            hint = "use a point before the decimals and no thousands separators: 1000.50"
        case _, "NAME" if find_attribute(word):
            hint = "join comparisons with and / or"
        case "NUMBER", "NAME":
            hint = "write numbers and amounts without a sign"
        case "IS", "TEXT":
            hint = f"write: = {word}"
        case "IS", "NAME":
            hint = f"write: = '{word}'"
    return hint


def _bracket_hint(tokens: Sequence[Token]) -> str:
    opened: list[Token] = []
    for token in tokens:
        if token.type == "LPAR":
            opened.append(token)
        elif token.type == "RPAR" and opened:
            opened.pop()
    return f"the '(' in column {opened[-1].column} is not closed" if opened else ""
