"""What durations, numbers and quoted texts that wcflow does not accept can have meant."""

from __future__ import annotations

import re

from wcflow.units import parse_duration

_UNITS = {
    "s": "s|secs?|seconds?",
    "min": "min|mins|minutes?",
    "h": "h|hrs?|hours?",
    "d": "d|days?",
    "w": "w|wks?|weeks?",
    "mo": "m|mo|mos|mths?|months?",
    "y": "y|yrs?|years?",
}
_LENGTH = re.compile(
    r"(?<![\w.])(\d{1,5})[\s-]*(?:" + "|".join(f"({words})" for words in _UNITS.values()) + r")\b",
    re.IGNORECASE,
)


def correct_durations(text: str) -> str:
    """Return a text with durations as wcflow reads them: ``30 days`` becomes ``30d``."""

    def unit(found: re.Match[str]) -> str:
        nth = (found.lastindex or 2) - 2
        return found[1] + list(_UNITS)[nth]

    return _LENGTH.sub(unit, text)


def duration_hint(text: str) -> str:
    """Return a hint for a text that should be a duration."""
    word = text.strip().lower().lstrip("+-")
    if re.fullmatch(r"[1-9]\d{0,4}", word):
        return f"add a unit: {word}s, {word}min, {word}h or {word}d"
    if re.fullmatch(r"\d{1,5}\s*m", word):
        return f"did you mean {word[:-1].strip()}min or {word[:-1].strip()}mo?"
    meant = correct_durations(re.sub(r"^(for|after|in|every)\s+", "", word))
    return f"did you mean {meant}?" if meant != text and parse_duration(meant) else ""


def plain_number(text: str) -> str:
    """Return the number that a text with separators and currency signs means, or nothing.

    ``1,000``, ``1 000`` and ``1.000,50`` are read as in the country that writes them so.
    """
    bare = re.sub(r"^[^\w.,+-]+|[^\w.,]+$|\s*(?<=[\d\s])[A-Za-z]{3}$", "", text.strip())
    bare = re.sub(r"(?<=\d)[\s'’_](?=\d{3}(?!\d))", "", bare)
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", bare):
        bare = bare.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", bare) and ("," in bare or bare.count(".") > 1):
        bare = bare.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", bare):
        bare = bare.replace(",", ".")
    return bare if re.fullmatch(r"[+-]?\d+(\.\d+)?", bare) else ""


def without_quotes(text: str) -> str:
    """Return what is in the quotes around a text, or nothing if there are none."""
    found = re.fullmatch(r"(['\"“”„‘’«<`])(.+)(['\"“”‘’»>`])", text.strip(), re.DOTALL)
    return found[2].strip() if found else ""
