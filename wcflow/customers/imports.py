"""Import what a file says of customers: groups, tags, companies, notes, consent and birthdays.

Importing the same file again changes nothing. A dry run does the same and takes it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.customers import companies, custom_fields, groups, notes, tags
from wcflow.customers.bulk import BATCH, BulkChange, find_interrupted, finish, save_head
from wcflow.customers.edits import GONE, Outcome
from wcflow.customers.import_lines import ImportLine
from wcflow.database.companies import find_company
from wcflow.database.connection import Database
from wcflow.database.edits import EditedBy, load_bulk_persons
from wcflow.database.notes import load_notes
from wcflow.database.people import load_present
from wcflow.database.sql import chunks
from wcflow.errors import UsageError


@dataclass(slots=True)
class ImportResult:
    """How many lines change what, and what of a line was not possible, with the line's number.

    ``id`` is for the undo; ``customers`` are those that were changed.
    """

    id: int = 0
    customers: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    told: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports lines into one store."""

    db: Database
    config: Config
    settings: StoreSettings
    lines: Sequence[ImportLine]

    def preview(self, by: EditedBy) -> ImportResult:
        """Return what an import would change; nothing is kept."""
        result = ImportResult()
        for part in self._parts():
            with self.db.transaction() as tx:
                attempt = tx.begin_nested()
                self._import(tx, part, by, result)
                attempt.rollback()
        return result

    def run(self, by: EditedBy) -> ImportResult:
        """Import the lines; if it was interrupted, only the rest changes anything."""
        change, result = self._change(), ImportResult()
        with self.db.reading() as tx:
            head = find_interrupted(tx, self.settings.name, change)
            result.id = head.id if head else 0
        for part in self._parts():
            with self.db.transaction() as tx:
                result.id = result.id or save_head(tx, self.settings.name, change, by)
                self._import(tx, part, by._replace(bulk=str(result.id)), result)
        if result.id:
            with self.db.transaction() as tx:
                changed = load_bulk_persons(tx, self.settings.name, str(result.id)) - {0}
                result.customers = len(changed)
                result.id = finish(tx, change, result.id, result.customers)
        return result

    def _parts(self) -> Iterator[list[ImportLine]]:
        """Yield the lines in parts; all of one customer are in one, so that none counts twice in a preview."""
        of_person: dict[int, list[ImportLine]] = {}
        for line in self.lines:
            of_person.setdefault(line.person, []).append(line)
        for persons in chunks(of_person, BATCH):
            yield [line for person in persons for line in of_person[person]]

    def _change(self) -> BulkChange:
        request = sha256(repr(self.lines).encode()).hexdigest()
        return BulkChange(
            "import a file for {}".format,
            "imported a file for {}".format,
            lambda *_: {},
            f"import {request}",
        )

    def _import(
        self, tx: Connection, lines: Sequence[ImportLine], by: EditedBy, result: ImportResult
    ) -> None:
        there = load_present(tx, self.settings.name, [line.person for line in lines])
        result.told += [(line.number, GONE) for line in lines if line.person not in there]
        lines = [line for line in lines if line.person in there]
        self._import_labels(tx, lines, by, result)
        for line in lines:
            for target, change in self._changes(tx, line, by):
                try:
                    with tx.begin_nested():
                        outcome = change()
                except UsageError as error:
                    result.told.append((line.number, f"{target}: {error}"))
                else:
                    result.counts[target] += outcome.changed

    def _import_labels(
        self, tx: Connection, lines: Sequence[ImportLine], by: EditedBy, result: ImportResult
    ) -> None:
        """Import tags and groups for many customers at once, which is much faster."""
        store, rules = self.settings.name, self.config.rules
        for tag in dict.fromkeys(each for line in lines for each in line.tags):
            persons = [*dict.fromkeys(line.person for line in lines if tag in line.tags)]
            spelled = tags.find_spelling(tx, store, tag, rules)
            skipped = tags.add_tag_to_many(tx, store, persons, spelled, by)
            result.counts["tags"] += len(persons) - len(skipped)
        for group in dict.fromkeys(each for line in lines for each in line.groups):
            persons = [*dict.fromkeys(line.person for line in lines if group in line.groups)]
            skipped = groups.add_many(tx, store, persons, group, by)
            result.counts["group"] += len(persons) - len(skipped)

    def _changes(
        self, tx: Connection, line: ImportLine, by: EditedBy
    ) -> Iterator[tuple[str, Callable[[], Outcome]]]:
        """Yield what else a line changes."""
        settings, person = self.settings, line.person
        if line.company:
            yield "company", lambda: self._put_into_company(tx, line, by)
        for text in line.notes:
            yield "note", partial(self._add_note, tx, person, text, by)
        if (agrees := line.consent) is not None:
            yield (
                "consent",
                lambda: custom_fields.set_consent(tx, settings, person, by, agrees=agrees),
            )
        if (birthday := line.birthday) is not None:
            yield "birthday", lambda: custom_fields.set_birthday(tx, settings, person, birthday, by)

    def _put_into_company(self, tx: Connection, line: ImportLine, by: EditedBy) -> Outcome:
        """Put a customer into a company, which is created if it does not exist."""
        store = self.settings.name
        if find_company(tx, store, line.company) is None:
            companies.create_company(tx, store, line.company, by)
        company = companies.find_company(tx, store, line.company)
        return companies.put_into(tx, company, line.person, by)

    def _add_note(self, tx: Connection, person: int, text: str, by: EditedBy) -> Outcome:
        store = self.settings.name
        if any(each.text == text for each in load_notes(tx, store, [person])):
            return Outcome("has this note already", changed=False)
        return notes.add_note(tx, store, person, text, by)
