"""Likely corrections of conditions, for messages; nothing is corrected silently.

Each correction rewrites one kind of mistake. It is suggested only if the result can be parsed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date

from wcflow.rules.attributes.registry import ATTRIBUTES, quote
from wcflow.rules.errors import RuleError
from wcflow.rules.likely_values import correct_durations, plain_number, without_quotes

_SIGNS = {"≥": ">=", "≤": "<=", "≠": "<>", "=>": ">=", "=<": "<=", "==": "=", "!=": "<>"}
_SIGNS |= {"&&": " and ", "&": " and ", "||": " or ", "|": " or ", "−": "-", "–": "-"}
_SIGN = re.compile("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))))
_CURLY = re.compile("[“”„‟«»]([^“”„‟«»\n]*)[“”„‟«»]|[‘’‚`´]([^‘’‚`´\n]*)[‘’‚`´]")
_NAME = r"[^\W\d][\w.]*"
_TEXT = r"'[^'\n]*'|\"[^\"\n]*\""
_AFTER_SIGN = r"(?P<before>[=<>]\s*|\b(?:between|and)\s+)"
_AMOUNT = r"(?P<number>[$€£¥]?\s?(?=\d)[\d.,'’ \u00a0\u202f_]*?\d(?:\s?[$€£¥]|\s(?:[A-Z]{3})\b)?(?![\d.,'’ \u00a0\u202f]*\d))"
_YES, _NO = "yes|true|y|on|1", "no|false|n|off|0"


def _straight(found: re.Match[str]) -> str:
    return quote(found[1] if found[1] is not None else found[2])


def _number(found: re.Match[str]) -> str:
    text = found["number"]
    plain = plain_number(text)
    gap = " " if text != text.rstrip() else ""
    return f"{found['before']}{plain}{gap}" if plain else found[0]


def _joined_name(found: re.Match[str]) -> str:
    name = f"{found[1]}_{found[2]}".lower()
    return name if name in ATTRIBUTES else found[0]


def _bracketed(found: re.Match[str]) -> str:
    words = [each.strip() for each in found[2].split(",")]
    texts = [each if each[:1] in "'\"" or each.isdecimal() else quote(each) for each in words]
    return f"{found[1]} ({', '.join(texts)})"


def _one_of(found: re.Match[str]) -> str:
    return f"{found[1]} in ({', '.join(re.findall(_TEXT, found[0]))})"


def _flipped(found: re.Match[str]) -> str:
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(found[2], found[2])
    return f"{found[3]} {turned} {found[1]}"


Rewrite = tuple[str, str | Callable[[re.Match[str]], str]]
_SIGN_AND_VALUE = rf"(?:<=|>=|<>|[=<>])\s*(?:{_TEXT}|[\w.+-]+)|is\s+(?:not\s+)?empty"
_WORDS: tuple[Rewrite, ...] = (
    (r"^\s*(?:if|when|where)\s+(?=\S+\s)", ""),
    (r"[,;]\s*$", ""),
    (rf"({_NAME})\s*({_SIGN_AND_VALUE})\s+(or|and)\s+(?=[=<>])", r"\1 \2 \3 \1 "),
    (r"=\s*(\*@[*\w.-]+)", r"like '\1'"),
    (r"(\bcontains|\bwith|\blike|=)\s*([*\w.+-]*@[*\w.-]+)", r"\1 '\2'"),
    (rf",(?=\s*(?:not\s+)?{_NAME}\s*(?:[=<>]|is\b))", " and"),
    (rf"({_NAME})\s*=\s*(?:{_TEXT})(?:\s+or\s+(?:{_TEXT}))+(?!\s*[=<>])", _one_of),
    (r"\b([^\W\d]\w*)[ -]([^\W\d]\w*)\b", _joined_name),
    (
        r"\b(?:is\s+)?(?:greater|more|higher|later) than or equal(?: to)?\b|\b(?:is\s+)?at least\b",
        ">=",
    ),
    (
        r"\b(?:is\s+)?(?:less|lower|smaller|fewer) than or equal(?: to)?\b|\b(?:is\s+)?at most\b",
        "<=",
    ),
    (r"\b(?:is\s+)?(?:greater|more|higher|later|newer|bigger) than\b", ">"),
    (r"\b(?:is\s+)?(?:less|lower|smaller|fewer|earlier) than\b", "<"),
    (r"\b(?:is\s+)?older than\s+(?=\d)", "< -"),
    (r"\b(?:equals|is equal to|equal to)(?!\w)", "="),
    (r"\bis\s+(not\s+)?(?:null|none|blank)\b|\bis(n't) empty\b", "is \\1empty"),
    (r"(?:<>|!=)\s*(?:''|\"\")", "is not empty"),
    (r"=\s*(?:''|\"\")", "is empty"),
    (rf"\bis\s+not\s+(?={_TEXT}|\d)", "<> "),
    (rf"\bis\s+(?={_TEXT}|\d)", "= "),
    (rf"(?<!not )\b({_NAME})\s*(?:=|\bis\b)\s*(?:{_YES})\b", r"\1"),
    (rf"(?<!not )\b({_NAME})\s*(?:=|\bis\b)\s*(?:{_NO})\b", r"not \1"),
    (r"\btoday\s*([+-])\s*(?=\d)", r"\1"),
    (r"(\d+(?:s|min|h|d|w|mo|y))\s+ago\b", r"-\1"),
    (r"\bbetween\s+(\S+?)\s*(?:,|\s-|\sto)\s*(?=\S)", r"between \1 and "),
    (rf"\b(in|any|all)\s+((?:{_TEXT}|[\w-]+)(?:\s*,\s*(?:{_TEXT}|[\w-]+))*)\s*$", _bracketed),
    (rf"^\s*([\d.]+|{_TEXT})\s*(<=|>=|<>|[=<>])\s*({_NAME})\s*$", _flipped),
)


def _date_rewrite(*, day_first: bool) -> Callable[[re.Match[str]], str]:
    def rewrite(found: re.Match[str]) -> str:
        if found["y"]:
            numbers = (found["y"], found["m"], found["d"])
        else:
            pair = (found["two"], found["one"]) if day_first else (found["one"], found["two"])
            numbers = (found["year"], *pair)
        try:
            return date(*map(int, numbers)).isoformat()
        except ValueError:
            return found[0]

    return rewrite


_DATE = re.compile(
    r"(?<![\w.'\"])(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4}))(?![\w'\"])"
)


def likely_conditions(text: str) -> Iterator[str]:
    """Return what a row of a condition can have meant, the likeliest first."""
    straight = _CURLY.sub(_straight, without_quotes(text) or text)
    for day_first in (True, False):
        dated = _DATE.sub(_date_rewrite(day_first=day_first), straight)
        plain = _outside_quotes(dated, _simplify)
        worded = plain
        for pattern, replacement in _WORDS:
            worded = re.sub(pattern, replacement, worded, flags=re.IGNORECASE)
        for candidate in (plain, worded):
            yield candidate
            yield re.sub(r"([=<>]\s*)(?=\d+(?:s|min|h|d|w|mo|y)\b)", r"\1-", candidate)
        yield re.sub(rf"\bin\s*(?=\()|=\s*(?={_TEXT})", _contains, worded, flags=re.IGNORECASE)


def _contains(found: re.Match[str]) -> str:
    return "contains " if found[0].startswith("=") else "contains any "


_DAYS = {"yesterday": "-1d", "tomorrow": "+1d", "now": "today"}


def _simplify(text: str) -> str:
    text = unicodedata.normalize("NFKC", re.sub("[\u200b-\u200d\u2060\ufeff]", "", text))
    text = re.sub(r"\b(yesterday|tomorrow|now)\b", lambda found: _DAYS[found[0].lower()], text)
    text = _SIGN.sub(lambda found: _SIGNS[found[0]], text)
    text = re.sub(r"!(?!=)\s*", "not ", text)
    text = re.sub(r"([+-])\s+(?=\d)", r"\1", correct_durations(text))
    return re.sub(_AFTER_SIGN + _AMOUNT, _number, text)


def _outside_quotes(text: str, change: Callable[[str], str]) -> str:
    pieces = re.split(f"({_TEXT})", text)
    return "".join(piece if at % 2 else change(piece) for at, piece in enumerate(pieces))


_LONGEST_ROW = 400
"""Longer rows are not corrected: trying would take long, and few admins write them."""


def correction(text: str, error: RuleError, parses: Callable[[str], bool]) -> RuleError | None:
    """Return an error that shows the likely correction of a row, or None."""
    if len(text) > _LONGEST_ROW:
        return None
    good = (each for each in likely_conditions(text) if each.split() != text.split())
    likely = next(filter(parses, good), None)
    if likely is None:
        return None
    old, new = _difference(text.split(), likely.split())
    other = next((each for each in likely_conditions(text) if _swapped(each, likely, parses)), "")
    hint = f"or {_difference(text.split(), other.split())[1]}" if other else ""
    if (
        not hint
        and re.match(r"'?\d", old)
        and "ago" not in old
        and re.fullmatch(r"-\d+[a-z]+", new)
    ):
        hint = f"or +{new[1:]}, which is after now"
    got = old if new == f"'{old}'" else _shown(old)
    return RuleError(_shown(new), got, hint, error.row, error.column)


def _swapped(candidate: str, likely: str, parses: Callable[[str], bool]) -> bool:
    """Return whether a candidate differs only in the order of day and month."""
    same = re.sub(r"\d{4}-\d\d-\d\d", "", candidate) == re.sub(r"\d{4}-\d\d-\d\d", "", likely)
    return candidate != likely and same and parses(candidate)


def _difference(old: list[str], new: list[str]) -> tuple[str, str]:
    """Return the words that differ."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    if start + end in (len(old), len(new)):
        # Something is missing or too much: show it with the word before or after it.
        start, end = (start - 1, end) if start else (0, max(end - 1, 0))
    return " ".join(old[start : len(old) - end]), " ".join(new[start : len(new) - end])


def _shown(text: str) -> str:
    if not text.isprintable():
        return ascii(text)
    return text if re.search("['\"“”„‘’«»]", text) else f"'{text}'"
