"""Parse a response body as JSON; a body that cannot be parsed is an error, never an empty list.

One invalid row (such as 1e999 or a thousand brackets) does not make its page unreadable: a complete
list, with all brackets closed, is parsed row by row.
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
"""The NUL character in JSON, which PostgreSQL cannot store."""
# An escape: a surrogate pair, half of one, NUL, or any other (kept as it is).
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|(u0000)|.)",
    re.DOTALL,
)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},"]', re.DOTALL)
_ID = re.compile(rb'\{\s*"id"\s*:\s*([1-9]\d{0,17})\s*,')


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that is not valid JSON; ``id`` is 0 if it does not begin with one."""

    id: int
    why: str


class UnreadableError(ValueError):
    """The body is not JSON, even without a byte order mark and PHP notices."""


def parse_json(content: bytes) -> Any:
    """Parse JSON, ignoring a byte order mark and PHP notices; raise UnreadableError if it is invalid.

    Invalid rows of a list become InvalidRow. NUL and halves of surrogate pairs are removed.
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
    """Split a list at its commas; None if it is not a complete list."""
    cuts: list[int] = []
    depth = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        elif sign == b'"':
            return None  # an unclosed string: the response was cut off
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
        return InvalidRow(int(found[1]) if found else 0, f"invalid JSON: {error.msg}")


def _repair(text: bytes) -> bytes:
    """Remove NUL, and replace halves of surrogate pairs by the replacement character."""
    whole = _ESCAPE.sub(_repair_escape, text)
    return whole.decode(errors="replace").encode()


def _repair_escape(escape: re.Match[bytes]) -> bytes:
    if escape[2]:
        return rb"\ufffd"
    return b"" if escape[3] else escape[0]


def _parse_after_notices(text: bytes, why: str) -> Any:
    # Begin at or before the first row: part of a response that was cut off could also be valid JSON.
    opening = _OPENING.search(text)
    last = opening.start() if opening else len(text)
    starts = {found.start(1) for found in _LINE_START.finditer(text, 0, last)}
    for start in sorted(starts | ({last} if opening else set())):
        try:
            return orjson.loads(text[start:])
        except orjson.JSONDecodeError:
            continue  # a bracket of the notice: "[22-Nov-2026 09:00:00] PHP Notice"
    raise UnreadableError(why)


def is_html(content_type: str, content: bytes) -> bool:
    """Return whether the body is a web page."""
    start = content[:200].removeprefix(_BOM).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        "html" in content_type.lower() and start.startswith(b"<") and b"<br" not in start[:4]
    )


def html_title(page: str) -> str:
    """Return the title of a web page, or ""."""
    found = _TITLE.search(page)
    return plain_text(found[1], 80) if found else ""


def plain_text(text: str, length: int) -> str:
    """Return the store's text on one line, without HTML, with at most ``length`` characters."""
    flat = " ".join(html.unescape(_HTML_TAG.sub("", text)).split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
