"""How texts are compared: without regard to case, by whole words, with ``*`` and ``?``."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby


# Product names and the words of rules are few and are asked again for each customer.
@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Give a text as it is compared: composed, and without regard to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=16384)
def words_of(text: str) -> tuple[str, ...]:
    """Split a text into its words, folded: letters, digits and their marks, in any script."""
    grouped = groupby(fold(text), _belongs_to_a_word)
    return tuple("".join(letters) for is_word, letters in grouped if is_word)


def _belongs_to_a_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


def mentions(text: str, words: tuple[str, ...]) -> bool:
    """Say whether the words stand in the text one after another, each as a whole word."""
    found = words_of(text)
    starts = range(len(found) - len(words) + 1)
    return any(found[start : start + len(words)] == words for start in starts)


@lru_cache(maxsize=1024)
def like(pattern: str) -> re.Pattern[str]:
    """Turn a folded pattern with ``*`` (any text) and ``?`` (one character) into one to match."""
    first, *rest = [_escaped(piece) for piece in pattern.split("*")]
    if not rest:
        return re.compile(first, re.DOTALL)
    *inner, last = rest
    # Atomic groups: the first place that fits will do, so no pattern can take forever.
    middle = "".join(f"(?>.*?{piece})" for piece in inner if piece)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


def _escaped(piece: str) -> str:
    return re.escape(piece).replace(r"\?", ".")
