"""Parse a response body as JSON; a body that cannot be parsed is an error, never an empty list.

Text before and after the JSON, such as PHP notices and a cache's remark, is ignored. One invalid
row does not make its page unreadable: a complete list, with all brackets closed, is parsed row by
row.
"""

from __future__ import annotations

import contextlib
import html
import json
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
_CLOSING = {b"[": b"]", b"{": b"}"}
_MAX_DEPTH = 100
"""Python's parser cannot nest much deeper."""
_ID = re.compile(rb'\{\s*"id"\s*:\s*([1-9]\d{0,17})\s*,')


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that is not valid JSON; ``id`` is 0 if it does not begin with one."""

    id: int
    why: str


class UnreadableError(ValueError):
    """The body is not JSON, even without a byte order mark and what stands before and after it."""


def parse_json(content: bytes) -> Any:
    """Parse JSON, ignoring a byte order mark and the text around it.

    Raises UnreadableError if there is no complete JSON. Invalid rows of a list become InvalidRow.
    NUL and halves of surrogate pairs are removed.
    """
    text = content.removeprefix(_BOM).strip()
    if NUL in text:
        text = _repair(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        text = _repair(text.replace(_BOM, b""))
        for start in () if is_html("", text) else _starts(text):
            end = _document_end(text, start)
            if end is None or not _ends_there(text, start, end):
                continue  # a bracket of a notice: "[22-Nov-2026 09:00:00] PHP Notice"
            with contextlib.suppress(UnreadableError):
                return _parse_document(text[start:end])
        raise UnreadableError(str(error)) from None


def _starts(text: bytes) -> list[int]:
    """Return where the JSON can begin: before its first row, never inside it."""
    opening = _OPENING.search(text)
    last = opening.start() if opening else len(text)
    starts = {found.start(1) for found in _LINE_START.finditer(text, 0, last)}
    return sorted(starts | ({last} if opening else set()))


def _document_end(text: bytes, start: int) -> int | None:
    """Return where the list or object that begins at ``start`` ends; None if it is not complete."""
    open_brackets: list[bytes] = []
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        if sign in _CLOSING:
            open_brackets.append(_CLOSING[sign])
        elif sign in (b"]", b"}"):
            if sign != open_brackets.pop():
                return None
            if not open_brackets:
                return token.end()
        elif sign == b'"':
            return None  # an unclosed string: the response was cut off
    return None


def _ends_there(text: bytes, start: int, end: int) -> bool:
    """Return whether the JSON really ends there: what follows is not JSON, and it is not by chance."""
    rest = text[end:].strip()
    if not rest:
        return True
    # More JSON, a statement or a closing tag: it is a part of a script or of a web page.
    if rest[:1] in b']},:;"' or rest.startswith(b"</") or _OPENING.match(rest):
        return False
    # An empty list is only believed at the end of its line or before a tag: a notice can contain one.
    return bool(_OPENING.search(text, start, end)) or text[end : end + 1] in b"<\r\n"


def _parse_document(text: bytes) -> Any:
    try:
        return _parse_leniently(text)
    except ValueError as error:
        rows = [_parse_row(piece) for piece in _split_list(text)] if text[:1] == b"[" else []
        if any(type(row) is not InvalidRow or row.id for row in rows):
            return rows
        raise UnreadableError(str(error)) from None


def _parse_leniently(text: bytes) -> Any:
    """Parse what orjson cannot: 1e999, NaN, control characters, and (as null) too many brackets."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        shallow = _cut_deep(text).decode(errors="replace")
        return json.loads(shallow, strict=False)


def _cut_deep(text: bytes) -> bytes:
    """Replace everything below _MAX_DEPTH by null."""
    kept: list[bytes] = []
    depth = position = 0
    for token in _TOKEN.finditer(text):
        if token[0] in _CLOSING:
            depth += 1
            if depth == _MAX_DEPTH:
                kept.append(text[position : token.start()])
        elif token[0] in (b"]", b"}"):
            if depth == _MAX_DEPTH:
                kept.append(b"null")
                position = token.end()
            depth -= 1
    return b"".join([*kept, text[position:]])


def _split_list(text: bytes) -> list[bytes]:
    """Split a complete list at its commas."""
    depth, cuts = 0, [0]
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _CLOSING:
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        elif sign == b"," and depth == 1:
            cuts.append(token.start())
    return [text[a + 1 : b] for a, b in pairwise([*cuts, len(text) - 1])]


def _parse_row(piece: bytes) -> Any:
    try:
        return _parse_leniently(piece)
    except ValueError as error:
        found = _ID.match(piece.lstrip())
        why = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        return InvalidRow(int(found[1]) if found else 0, f"invalid JSON: {why}")


def _repair(text: bytes) -> bytes:
    """Remove NUL, and replace halves of surrogate pairs by the replacement character."""
    whole = _ESCAPE.sub(_repair_escape, text)
    return whole.decode(errors="replace").encode()


def _repair_escape(escape: re.Match[bytes]) -> bytes:
    if escape[2]:
        return rb"\ufffd"
    return b"" if escape[3] else escape[0]


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
