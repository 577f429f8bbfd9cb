"""A section held against the registry: its values, and every way in which it does not fit.

What one key says is judged here; what several keys or sections say together is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from wcflow.config.ini import Section
from wcflow.config.problem import Findings
from wcflow.config.schema import LATER_KEYS, LATER_KINDS, kinds
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import Key, Kind
from wcflow.rules.literals import fold

T = TypeVar("T")


class Sheet:
    """One section and the values of its keys, defaults included.

    A value with a problem counts as absent, so that reading can go on and find the next one.
    """

    def __init__(self, section: Section, kind: Kind, findings: Findings) -> None:
        self.section, self.kind, self.findings = section, kind, findings
        self.name, self.file = section.name, section.file
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._values.get(key, self.kind.keys[key].default)

    def has(self, key: str) -> bool:
        """Say whether the section gives the key, be it rightly or wrongly."""
        return key in self.section.entries

    def text(self, key: str) -> str:
        """Give what stands behind a key, word for word; nothing where it is absent."""
        entry = self.section.entries.get(key)
        return entry.text if entry else ""

    def understand(self, key: str, read: Callable[[str], T]) -> T | None:
        """Read a key's text; None where it is absent or has flaws, which are told."""
        if not self.text(key):
            return None
        try:
            return read(self.text(key))
        except RuleErrors as error:
            for flaw in error.flaws:
                self.tell(key, flaw)
            return None

    def tell(self, key: str, flaw: RuleError) -> None:
        """Tell a flaw of a key's value; with no such key, of the section."""
        line = self.section.line_of(key, flaw.row)
        if not flaw.hint and _COMMENT_BEHIND.search(self._row(key, flaw.row)):
            hint = "comments stand on lines of their own"
            flaw = RuleError(flaw.expected, flaw.got, hint, flaw.row)
        self.findings.problem(self.file, line, self.section.head, self._hushed(key, flaw))

    def _hushed(self, key: str, flaw: RuleError) -> RuleError:
        """Make sure that a value which nobody may repeat is not repeated."""
        known = self.kind.keys.get(key)
        if known is None or not known.quiet or not self.text(key):
            return flaw
        got = flaw.got
        for text in self.text(key).split("\n"):
            got = got.replace(text, "…")
        return replace(flaw, got=got)

    def remark(self, key: str, text: str, hint: str = "") -> None:
        """Tell of something that works and may yet surprise."""
        line = self.section.line_of(key)
        self.findings.remark(self.file, line, self.section.head, text, hint)

    def _row(self, key: str, row: int) -> str:
        return "".join(self.text(key).split("\n")[row : row + 1])

    def fill(self) -> None:
        """Read every key by its own form."""
        for key in self.section.entries:
            if key in self.kind.keys:
                self._fill(key)
            else:
                self._unknown(key)
        for known in self.kind.keys.values():
            if known.required and not self.has(known.name):
                self.tell("", RuleError(f"a key {known.name!r}", "none", f"e.g. {_example(known)}"))

    def _fill(self, key: str) -> None:
        entry, known = self.section.entries[key], self.kind.keys[key]
        if len(entry.rows) > 1 and not known.rows:
            hint = "if that line is a key of its own, do not indent it"
            self.tell(key, RuleError("a single line", "one more", hint, row=1))
            return
        try:
            self._values[key] = known.read(entry.text)
        except RuleErrors as error:
            for flaw in error.flaws:
                self.tell(key, flaw)

    def _unknown(self, key: str) -> None:
        if key in LATER_KEYS.get(self.kind.name, ()):
            self.tell(
                key, RuleError("a key of this version", f"{key!r}, which it does not have yet")
            )
            return
        # What does not look like a key may be the rest of a secret, so it is not repeated.
        got = repr(key) if re.fullmatch(r"[a-z_ -]{1,40}", key) else "another word"
        hint = did_you_mean(key, self.kind.keys) or self._elsewhere(key)
        self._tell_key(key, RuleError(f"a key of [{self.kind.name}]", got, hint))

    def _elsewhere(self, key: str) -> str:
        homes = [kind.head for kind in kinds().values() if key in kind.keys]
        return f"it belongs to {' or '.join(homes)}" if homes else ""

    def _tell_key(self, key: str, flaw: RuleError) -> None:
        line = self.section.entries[key].line
        self.findings.problem(self.file, line, self.section.head, flaw)


_COMMENT_BEHIND = re.compile(r"\s[#;]")


def _example(key: Key) -> str:
    return f"{key.name} = {key.example}"


def sheets_of(sections: Iterable[Section], findings: Findings) -> list[Sheet]:
    """Read the sections that are of a known kind and have the name that their kind asks for."""
    sheets = []
    for section in sections:
        kind = _kind_of(section, findings)
        if kind is not None and _well_named(section, kind, findings):
            sheets.append(Sheet(section, kind, findings))
    for sheet in sheets:
        sheet.fill()
    _tell_twice(sheets)
    return sheets


def _kind_of(section: Section, findings: Findings) -> Kind | None:
    if section.kind in kinds():
        return kinds()[section.kind]
    if section.kind in LATER_KINDS:
        got = f"[{section.kind}], which it does not have yet"
        flaw = RuleError("a kind of section of this version", got)
    else:
        known = ", ".join(f"[{kind}]" for kind in kinds())
        hint = did_you_mean(section.kind, kinds())
        flaw = RuleError(f"one of {known}", f"[{section.kind}]", hint)
    findings.problem(section.file, section.line, section.head, flaw)
    return None


def _well_named(section: Section, kind: Kind, findings: Findings) -> bool:
    if bool(section.name) != kind.named:
        got = f"[{section.head}]"
        findings.problem(section.file, section.line, section.head, RuleError(kind.head, got))
    return bool(section.name) == kind.named


def _tell_twice(sheets: list[Sheet]) -> None:
    first: dict[tuple[str, str], Sheet] = {}
    for sheet in sheets:
        # 'vip' and 'VIP' would be one segment to a condition, which compares without case.
        known = first.setdefault((sheet.kind.name, fold(sheet.name)), sheet)
        if known is not sheet:
            where = f"{known.file}:{known.section.line}"
            got = f"a second one (the first stands at {where})"
            sheet.tell("", RuleError(f"one [{sheet.section.head}]", got))
