"""Turn the body of an answer into JSON, or say why it is none. What cannot be read is never empty."""

from __future__ import annotations

import html
import re
from typing import Any

import orjson

_BOM = b"\xef\xbb\xbf"
_OPENING = re.compile(rb'\[\s*\{\s*"|\{\s*"')
_AT_LINE_START = re.compile(rb"(?:^|[\n>])[ \t\r]*([\[{])")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


class UnreadableError(ValueError):
    """the body is not JSON, also not behind a byte order mark or a notice of PHP."""


def parsed(content: bytes) -> Any:
    """Read JSON that a byte order mark or PHP notices may precede; raise UnreadableError if it is none."""
    text = content.removeprefix(_BOM).strip()
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _behind_notices(text.replace(_BOM, b""), str(error))


def _behind_notices(text: bytes, why: str) -> Any:
    # It must begin before the first row: a part of a torn tail may parse and would be a lie.
    opening = _OPENING.search(text)
    last = opening.start() if opening else len(text)
    starts = {found.start(1) for found in _AT_LINE_START.finditer(text, 0, last)}
    for start in sorted(starts | ({last} if opening else set())):
        try:
            return orjson.loads(text[start:])
        except orjson.JSONDecodeError:
            continue  # a bracket of the notice itself: "[22-Nov-2026 09:00:00] PHP Notice"
    raise UnreadableError(why)


def is_page(content_type: str, content: bytes) -> bool:
    """Say whether the answer is a web page instead of data."""
    start = content[:200].removeprefix(_BOM).lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html")) or (
        "html" in content_type.lower() and start.startswith(b"<") and b"<br" not in start[:4]
    )


def title_of(page: str) -> str:
    """Give the title of a web page, "" where it has none."""
    found = _TITLE.search(page)
    return plain(found[1], 80) if found else ""


def plain(text: str, length: int) -> str:
    """Give text of the shop on one line, without tags and entities, no longer than ``length``."""
    flat = " ".join(html.unescape(_TAG.sub("", text)).split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
