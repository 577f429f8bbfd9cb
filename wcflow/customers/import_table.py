"""Read a table of customers from a CSV file: its lines, and which column is for what."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean

DELIMITERS = ",;\t"
SEVERAL = frozenset({"group", "tags", "note"})
"""What several columns can be for."""
_NAMES = {
    "email": "e mail, email, mail, e mail address, email address, customer email, billing email,"
    " e mail adresse",
    "id": "id, customer id, user id, kundennummer",
    "group": "group, groups, gruppe, gruppen",
    "tags": "tag, tags, label, labels",
    "company": "company, company name, billing company, firma, organisation, organization",
    "note": "note, notes, comment, comments, notiz, notizen",
    "consent": "consent, newsletter, marketing, marketing consent, accepts marketing,"
    " accepts email marketing, opt in, subscribed",
    "birthday": "birthday, birth date, birthdate, date of birth, dob, geburtstag, geburtsdatum",
}
TARGETS = tuple(_NAMES)
_TARGET_OF = {each.strip(): target for target, names in _NAMES.items() for each in names.split(",")}
_SEPARATED = re.compile(r"\s*[,;|\n]\s*")


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a file, and its lines by number. Lines that cannot be read are in ``bad``."""

    columns: Sequence[str]
    lines: Mapping[int, Sequence[str]]
    bad: Mapping[int, str]


def read_table(text: str) -> Table:
    """Read a CSV file with a header; raises UsageError if there is no table in it."""
    delimiter, body, skipped = _delimiter(text)
    reader = csv.reader(StringIO(body, newline=""), delimiter=delimiter)
    columns: list[str] = []
    lines: dict[int, Sequence[str]] = {}
    bad: dict[int, str] = {}
    number = 1 + skipped
    try:
        for row in reader:
            cells = [_cell(each) for each in row]
            if any(cells) and not columns:
                columns = cells
            elif len(cells) > len(columns) and any(cells[len(columns) :]):
                bad[number] = f"it has {len(cells)} columns instead of {len(columns)}"
            elif any(cells):
                lines[number] = [*cells, *[""] * (len(columns) - len(cells))]
            number = reader.line_num + 1 + skipped
    except csv.Error as error:
        raise UsageError(f"line {number} is not CSV: {error}", "Save the file as CSV.") from None
    if not columns:
        raise UsageError("the file is empty", "Its first line must name the columns.")
    return Table(columns, lines, bad)


def _delimiter(text: str) -> tuple[str, str, int]:
    """Return the delimiter, the text of the table, and how many lines come before it."""
    first, _, rest = text.partition("\n")
    # Excel writes this line for itself.
    if named := re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE):
        return named[1], rest, 1
    head = re.sub(r'"[^"]*"', "", next((each for each in text.splitlines() if each.strip()), ""))
    return max(DELIMITERS, key=head.count), text, 0


def _cell(text: str) -> str:
    """Return the content of a cell, without what spreadsheets write so that it stays a text."""
    clean = text.replace("\xa0", " ").strip()
    if formula := re.fullmatch(r'="(.*)"', clean):
        clean = formula[1].strip()
    return clean[1:] if re.match(r"'[=+\-@']", clean) else clean


def match_columns(columns: Sequence[str], maps: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each target: those of ``maps`` ("Column = target"), then the obvious.

    Raises UsageError for a column or a target that does not exist, or if the customer is missing.
    """
    found: dict[str, list[int]] = {}
    named = [_parse_map(each, columns) for each in maps]
    for at, target in named:
        if target:
            found.setdefault(target, []).append(at)
    mapped, explicit = {at for at, _ in named}, {*found}
    for at, column in enumerate(columns):
        target = _TARGET_OF.get(_plain(column), "")
        # A second column that looks like it is left out, unless there can be several.
        free = target not in explicit and (target in SEVERAL or target not in found)
        if target and at not in mapped and free:
            found.setdefault(target, []).append(at)
    for target, places in found.items():
        if len(places) > 1 and target not in SEVERAL:
            raise UsageError(f"two columns are for {target}", "Name one with --map.")
    if not found.keys() & {"email", "id"}:
        advice = f'Use --map "{columns[0]} = email", with the column\'s name.'
        raise UsageError("no column says who the customer is: neither email nor id", advice)
    return found


def _parse_map(text: str, columns: Sequence[str]) -> tuple[int, str]:
    name, equals, target = (each.strip() for each in text.rpartition("="))
    if not equals or not name:
        raise UsageError(f"--map {text!r} is not understood", 'Write --map "Column = tags".')
    places = [at for at, each in enumerate(columns) if each.casefold() == name.casefold()]
    if not places:
        hint = did_you_mean(name, columns) or f"The columns are: {', '.join(columns)}."
        raise UsageError(f"there is no column {name!r} in the file", hint)
    wanted = target.casefold()
    wanted = "" if wanted in ("-", "nothing") else _TARGET_OF.get(_plain(wanted), wanted)
    if wanted and wanted not in TARGETS:
        hint = did_you_mean(target, TARGETS)
        hint = hint or f"Use one of {', '.join(TARGETS)}; or nothing, to leave the column out."
        raise UsageError(f"{target!r} is nothing that can be imported", hint)
    return places[0], wanted


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[-_/.:*]", " ", text.casefold()).split())


def separated(text: str) -> list[str]:
    """Return the values of a cell, between commas, semicolons or bars."""
    return [each for each in _SEPARATED.split(text.strip()) if each]
