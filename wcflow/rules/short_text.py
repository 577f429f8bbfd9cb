"""Shorten a message so that it still makes sense: at a word, and never inside a link or a code. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_URL = r"https?://\S+|www\.\S+"
_DOTS = "…"


class TooLongError(ValueError):
    """A text cannot be shortened, because what must stay whole is too long."""


def shorten(text: str, limit: int, whole: Collection[str] = ()) -> str:
    """Return a text of at most ``limit`` characters; links and the texts in ``whole`` stay.

    Words are left out at the end first, then before the last link or code, and so on.
    """
    text = text.strip()
    if len(text) <= limit:
        return text
    parts = _split(text, whole)
    for at in reversed(range(0, len(parts), 2)):
        spare = limit - len("".join(parts[:at] + parts[at + 1 :]))
        parts[at] = _cut(parts[at], spare, first=at == 0, last=at == len(parts) - 1)
        shortened = "".join(parts).strip()
        if len(shortened) <= limit:
            return shortened
    raise TooLongError(f"its links and codes are longer than {limit} characters")


def _split(text: str, whole: Collection[str]) -> list[str]:
    """Split into plain text and what must stay, in turns, from plain text to plain text."""
    kept = [re.escape(each) for each in sorted(whole, key=len, reverse=True) if each]
    return re.split("(" + "|".join([*kept, _URL]) + ")", text)


def _cut(text: str, spare: int, *, first: bool, last: bool) -> str:
    """Return the beginning of a text with dots after it; at least a space where it was between two."""
    if len(text) <= spare:
        return text
    after = "" if last else " "
    room = spare - len(_DOTS) - len(after)
    words = _whole_words(text, room, alone=first and last)
    if words:
        return f"{words}{_DOTS}{after}"
    return after if not first else ""


def _whole_words(text: str, room: int, *, alone: bool) -> str:
    """Return as many whole words as fit; part of the first one only if there is nothing else."""
    if room <= 0:
        return ""
    start = text[: room + 1]
    ends: Sequence[int] = [found.start() for found in re.finditer(r"\s+", start) if found.start()]
    if ends:
        return start[: ends[-1]].rstrip()
    return text[:room] if alone else ""
