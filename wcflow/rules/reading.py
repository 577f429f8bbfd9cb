"""From the words of a row to the tree of a condition.

Grammar is language.lark's affair, the forms of comparison are forms.py's. All that does not make
sense is told at once, where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lark import Token
from lark import Tree as Words

from wcflow.rules.attributes import Asked
from wcflow.rules.conditions import Comparison, Not, Tree, joined
from wcflow.rules.flaw import Flaw, FlawError
from wcflow.rules.forms import Form, asking_of, at
from wcflow.rules.naming import attribute_named, window_of
from wcflow.rules.scope import Place
from wcflow.rules.values import VALUES


@dataclass(slots=True)
class Reader:
    """Read one row at a time; ``flaws`` collects what is wrong, by positions within the row."""

    place: Place
    text: str
    flaws: list[Flaw] = field(default_factory=list)

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
        except FlawError as error:
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
    except FlawError as error:
        flaws = (at(token, flaw.expected, flaw.got, flaw.hint) for flaw in error.flaws)
        raise FlawError(*flaws) from None


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
