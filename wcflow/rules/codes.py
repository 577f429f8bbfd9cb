"""Coupon codes and note marks that derive from a key, and lists of codes that a store has. Pure.

A retry derives the same code or mark again and finds what it wrote. The secret is kept in the
database, so that no one can guess a code from customer data. A list has one code per line, or is
CSV with a column "code".
"""

from __future__ import annotations

import csv
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

# No 0 O 1 I L U: people read codes aloud and type them.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH, MARK_LENGTH, KEY_LENGTH = 8, 6, 32


def work_key(secret: str, *parts: object) -> str:
    """Return a key as hexadecimal digits, from which the parts cannot be read."""
    text = "\x1f".join(str(part) for part in parts)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:KEY_LENGTH]


def letters(key: str, count: int) -> str:
    """Return a key as ``count`` letters that are not easily confused."""
    number, text = int(key, 16), ""
    for _ in range(count):
        number, rest = divmod(number, len(ALPHABET))
        text += ALPHABET[rest]
    return text


def coupon_code(prefix: str, key: str) -> str:
    """Return ``WELCOME-7Q4MXK2P``, or only the letters without a prefix."""
    code = letters(key, CODE_LENGTH)
    return f"{prefix}-{code}" if prefix else code


def note_mark(key: str) -> str:
    """Return the mark at the end of a note, by which a retry finds it: ``(ref 7Q4MXK)``."""
    return f"(ref {letters(key, MARK_LENGTH)})"


# Lists of codes.

MAX_LENGTH = 200
"""Longer than any coupon code; such a line is of another file."""
SHOWN = 3
"""How many lines of each kind a report names."""
_HEADINGS = frozenset({"code", "codes", "coupon", "coupon code", "coupon_code"})
_DELIMITERS = ",;\t"


class CodeListError(Exception):
    """The file is no list of codes; the message says why."""


@dataclass(slots=True)
class Lines:
    """How many lines were left out for one reason, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(line)

    def words(self, one: str, several: str) -> str:
        """Return ``2 blank lines (line 3, 7)``, or nothing."""
        if not self.count:
            return ""
        more = ", …" if self.count > len(self.first) else ""
        lines = f"{'line' if self.count == 1 else 'lines'} {', '.join(map(str, self.first))}{more}"
        return f"{self.count:,} {one if self.count == 1 else several} ({lines})"


@dataclass(slots=True)
class CodeList:
    """The codes of a file in its order, each once, and what was left out."""

    codes: list[str] = field(default_factory=list)
    doubles: Lines = field(default_factory=Lines)
    blanks: Lines = field(default_factory=Lines)
    too_long: Lines = field(default_factory=Lines)

    def left_out(self) -> list[str]:
        """Return what was left out, in words."""
        found = (
            self.doubles.words("duplicate", "duplicates"),
            self.blanks.words("blank line", "blank lines"),
            self.too_long.words("line too long for a code", "lines too long for codes"),
        )
        return [each for each in found if each]


def decode_codes(data: bytes) -> str:
    """Return the text of a file; raises CodeListError. UTF-16 is what Excel calls Unicode text."""
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CodeListError(f"line {line} is not UTF-8 text; save the file as UTF-8") from None
    if "\0" in text:
        raise CodeListError("it is not a text file; save the sheet as CSV (UTF-8)")
    return text


def read_codes(text: str) -> CodeList:
    """Read the codes; raises CodeListError. WooCommerce compares codes in lower case."""
    found, seen = CodeList(), set[str]()
    for line, raw in _values(text.splitlines()):
        code = raw.strip()
        if not code:
            found.blanks.add(line)
        elif len(code) > MAX_LENGTH:
            found.too_long.add(line)
        elif code.lower() in seen:
            found.doubles.add(line)
        else:
            seen.add(code.lower())
            found.codes.append(code)
    if not found.codes:
        raise CodeListError("it contains no code")
    return found


def _values(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Return the line number and the text of each code."""
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    heading = lines[start] if start < len(lines) else ""
    delimiter = next((each for each in _DELIMITERS if each in heading), "")
    names = [each.strip().strip('"').lower() for each in _split(heading, delimiter)]
    column = next((at for at, name in enumerate(names) if name in _HEADINGS), None)
    if delimiter and column is None:
        got = heading.strip()[:60]
        raise CodeListError(f"no column of its first line is called 'code': {got!r}")
    blank = ((number + 1, "") for number in range(start))
    if not delimiter:
        first = start + (column is not None)
        rest = ((number + 1, _unquoted(lines[number])) for number in range(first, len(lines)))
        return chain(blank, rest)
    assert column is not None
    return chain(blank, _column(lines[start + 1 :], start + 2, delimiter, column))


def _split(line: str, delimiter: str) -> list[str]:
    return line.split(delimiter) if delimiter else [line]


def _unquoted(line: str) -> str:
    bare = line.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare


def _column(
    lines: Iterable[str], first: int, delimiter: str, column: int
) -> Iterator[tuple[int, str]]:
    rows = csv.reader(lines, delimiter=delimiter)
    for row in rows:
        yield first + rows.line_num - 1, row[column] if column < len(row) else ""
