"""The parser of conditions, from language.lark. What the words mean is not known here.

To work a parser out takes a good part of a short command's time. So it is kept in language.json,
which ``python -m wcflow.rules.grammar`` writes; where it was made of other words, or by another
version of Lark, the parser is worked out all the same.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

_GRAMMAR_FILE, _CACHE_FILE = (
    Path(__file__).with_name(f"language.{kind}") for kind in ("lark", "json")
)


def load_parser() -> Lark:
    """Return the parser, the kept one if it is of these very words."""
    words, kept = _GRAMMAR_FILE.read_text("utf-8"), _load_cached_parser()
    return Lark.load(kept) if kept.get("of") == _origin(words) else build_parser(words)


def build_parser(words: str) -> Lark:
    """Make a parser of a grammar's words."""
    return Lark(
        words,
        parser="lalr",
        lexer="basic",
        start=["start", "attribute"],
        propagate_positions=True,
    )


def serialize_parser(words: str) -> str:
    """Return the text that keeps the parser of these words."""
    data, memo = build_parser(words).memo_serialize([TerminalDef, Rule])
    return json.dumps({"of": _origin(words), "data": data, "memo": memo}) + "\n"


def _origin(words: str) -> list[str]:
    return [lark.__version__, sha256(words.encode()).hexdigest()]


def _load_cached_parser() -> dict[str, Any]:
    text = _CACHE_FILE.read_text("utf-8")
    kept: dict[str, Any] = json.loads(text, object_hook=_restore_number_keys)
    return kept


def _restore_number_keys(pairs: dict[str, Any]) -> dict[Any, Any]:
    """Return the tables their numbers back: JSON's keys are texts."""
    return {int(key) if key.isdecimal() else key: value for key, value in pairs.items()}


if __name__ == "__main__":
    sys.stdout.write(serialize_parser(_GRAMMAR_FILE.read_text("utf-8")))
