"""What each line of an imported table wants to change, and for which customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from wcflow.customers.import_table import Table, separated
from wcflow.database.people_search import find_exactly
from wcflow.rules.account_fields import parse_consent
from wcflow.rules.birth_dates import BirthDate, parse_birth_date
from wcflow.rules.steps import one_tag

_YES_OR_NO = {"ja": True, "nein": False, "oui": True, "non": False, "si": True, "sí": True}
Columns = Mapping[str, Sequence[int]]


class ImportLine(NamedTuple):
    """A line that can be imported; None and empty change nothing."""

    number: int
    person: int
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    company: str = ""
    notes: tuple[str, ...] = ()
    consent: bool | None = None
    birthday: BirthDate | None = None


class ImportLines(NamedTuple):
    """The lines of a file that can be imported, and why others cannot, by their number."""

    good: list[ImportLine]
    bad: dict[int, str]


def read_lines(
    tx: Connection,
    store: str,
    table: Table,
    columns: Columns,
    birthday_format: str,
    today: date,
) -> ImportLines:
    """Find the customer of each line, and read its cells."""
    found = ImportLines([], dict(table.bad))
    names = {name for cells in table.lines.values() for _, name in _names(cells, columns)}
    persons = find_exactly(tx, store, names)
    for number, cells in table.lines.items():
        person = _find_customer(cells, columns, persons)
        if isinstance(person, str):
            found.bad[number] = person
            continue
        texts = {
            target: [cells[at] for at in places if cells[at]] for target, places in columns.items()
        }
        line = _read_line(ImportLine(number, person), texts, birthday_format, today)
        if isinstance(line, str):
            found.bad[number] = line
        else:
            found.good.append(line)
    return found._replace(bad=dict(sorted(found.bad.items())))


def _names(cells: Sequence[str], columns: Columns) -> Iterator[tuple[str, str]]:
    """Yield what a line says of who the customer is; the id first."""
    for target in ("id", "email"):
        for at in columns.get(target, ()):
            if cells[at]:
                yield target, cells[at]


def _find_customer(cells: Sequence[str], columns: Columns, persons: Mapping[str, int]) -> int | str:
    """Return the person that a line is about, or why there is none."""
    names = [*_names(cells, columns)]
    if not names:
        return "it says no e-mail address and no id"
    for target, name in names:
        if target == "id" and not name.isdecimal():
            return f"{name!r} is not the id of a customer"
        if name not in persons:
            return f"there is no customer {name}"
    if len({persons[name] for _, name in names}) > 1:
        return f"{' and '.join(name for _, name in names)} are two customers"
    return persons[names[0][1]]


def _read_line(
    line: ImportLine,
    texts: Mapping[str, Sequence[str]],
    birthday_format: str,
    today: date,
) -> ImportLine | str:
    """Return what a line changes, or why it cannot be imported. ``texts`` are cells by target."""
    for text in texts.get("consent", ()):
        agrees = _YES_OR_NO.get(text.casefold(), parse_consent(text))
        if agrees is None:
            return f"the consent {text!r} is neither yes nor no"
        line = line._replace(consent=agrees)
    for text in texts.get("birthday", ()):
        birthday = parse_birth_date(text, birthday_format)
        if birthday is None:
            return f"the birthday {text!r} is no date, or can be two: 1990-12-31 is clear"
        if birthday.year and date(birthday.year, birthday.month, birthday.day) > today:
            return f"the birthday {text!r} is in the future"
        line = line._replace(birthday=birthday)
    return line._replace(
        groups=_labels(texts.get("group", ())),
        tags=_labels(texts.get("tags", ())),
        company="".join(texts.get("company", ())),
        notes=tuple(texts.get("note", ())),
    )


def _labels(texts: Sequence[str]) -> tuple[str, ...]:
    labels = (one_tag(each) for text in texts for each in separated(text))
    return tuple(dict.fromkeys(filter(None, labels)))
