"""Turn the body of an answer into JSON, or say why it is none. What cannot be read is never empty.

One row that is no JSON (a number without end, a thousand brackets) must not take its page with it:
a list that is whole, with every bracket closed, is then read row by row.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rb'\[\s*\{\s*"|\{\s*"')
_LINE_START = re.compile(rb"(?:^|[\n>])[ \t\r]*([\[{])")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_HTML_TAG = re.compile(r"<[^>]*>")
NUL = b"\\u0000"
"""A sign that no text may hold, as JSON writes it."""
# An escape: a whole surrogate pair, one half of it, NUL, or any other, which stays as it is.
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|(u0000)|.)",
    re.DOTALL,
)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},"]', re.DOTALL)
_ID = re.compile(rb'\{\s*"id"\s*:\s*([1-9]\d{0,17})\s*,')


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row of a list that is no JSON; ``id`` is 0 where it does not begin with one."""

    id: int
    why: str


class UnreadableError(ValueError):
    """the body is not JSON, also not behind a byte order mark or a notice of PHP."""


def parse_json(content: bytes) -> Any:
    """Read JSON that a byte order mark or PHP notices may precede; raise UnreadableError if it is none.

    Rows of a list that are none by themselves are Garbled. No text holds NUL, which PostgreSQL
    refuses, nor half a character.
    """
    text = content.removeprefix(_BOM).strip()
    if NUL in text:
        text = _repair(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        rows = [_parse_row(piece) for piece in _split_list(text) or ()]
        if any(type(row) is not InvalidRow or row.id for row in rows):
            return rows
        return _parse_after_notices(_repair(text.replace(_BOM, b"")), str(error))


def _split_list(text: bytes) -> list[bytes] | None:
    """Cut a list at its commas; None where it is no list, or not a whole one."""
    cuts: list[int] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        elif sign == b'"':
            return None  # a text that nothing ends: the answer is torn
        if (depth == 1 and sign in (b"[", b",")) or depth == 0:
            if not cuts and (sign != b"[" or token.start()):
                return None
            cuts += [token.start()] if depth else []
        if depth == 0:
            whole = sign == b"]" and token.end() == len(text)
            edges = [*cuts, token.start()]
            return [text[a + 1 : b] for a, b in pairwise(edges)] if whole else None
    return None


def _parse_row(piece: bytes) -> Any:
    try:
        return orjson.loads(piece)
    except orjson.JSONDecodeError:
        pass
    try:
        return orjson.loads(_repair(piece))
    except orjson.JSONDecodeError as error:
        found = _ID.match(piece.lstrip())
        return InvalidRow(int(found[1]) if found else 0, f"no JSON: {error.msg}")


def _repair(text: bytes) -> bytes:
    """Leave out NUL, and put the sign for "unknown" where half a character stands."""
    whole = _ESCAPE.sub(_repair_escape, text)
    return whole.decode(errors="replace").encode()


def _repair_escape(escape: re.Match[bytes]) -> bytes:
    if escape[2]:
        return rb"\ufffd"
    return b"" if escape[3] else escape[0]


def _parse_after_notices(text: bytes, why: str) -> Any:
    # It must begin before the first row: a part of a torn tail may parse and would be a lie.
    opening = _OPENING.search(text)
    last = opening.start() if opening else len(text)
    starts = {found.start(1) for found in _LINE_START.finditer(text, 0, last)}
    for start in sorted(starts | ({last} if opening else set())):
        try:
            return orjson.loads(text[start:])
        except orjson.JSONDecodeError:
            continue  # a bracket of the notice itself: "[22-Nov-2026 09:00:00] PHP Notice"
    raise UnreadableError(why)


def is_html(content_type: str, content: bytes) -> bool:
    """Say whether the answer is a web page instead of data."""
    start = content[:200].removeprefix(_BOM).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        "html" in content_type.lower() and start.startswith(b"<") and b"<br" not in start[:4]
    )


def html_title(page: str) -> str:
    """Give the title of a web page, "" where it has none."""
    found = _TITLE.search(page)
    return plain_text(found[1], 80) if found else ""


def plain_text(text: str, length: int) -> str:
    """Give text of the shop on one line, without tags and entities, no longer than ``length``."""
    flat = " ".join(html.unescape(_HTML_TAG.sub("", text)).split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
