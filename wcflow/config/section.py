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
from wcflow.config.schema import PLANNED_KEYS, PLANNED_KINDS, kinds
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import Key, Kind
from wcflow.rules.literals import fold

T = TypeVar("T")


class ParsedSection:
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

    def parse_value(self, key: str, parser: Callable[[str], T]) -> T | None:
        """Read a key's text; None where it is absent or has flaws, which are told."""
        if not self.text(key):
            return None
        try:
            return parser(self.text(key))
        except RuleErrors as error:
            for rule_error in error.rule_errors:
                self.report(key, rule_error)
            return None

    def report(self, key: str, rule_error: RuleError) -> None:
        """Tell a flaw of a key's value; with no such key, of the section."""
        line = self.section.line_of(key, rule_error.row)
        if not rule_error.hint and _INLINE_COMMENT.search(self._row_text(key, rule_error.row)):
            hint = "comments stand on lines of their own"
            rule_error = RuleError(rule_error.expected, rule_error.got, hint, rule_error.row)
        self.findings.problem(
            self.file, line, self.section.head, self._mask_secret(key, rule_error)
        )

    def _mask_secret(self, key: str, rule_error: RuleError) -> RuleError:
        """Make sure that a value which nobody may repeat is not repeated."""
        known = self.kind.keys.get(key)
        if known is None or not known.secret or not self.text(key):
            return rule_error
        got = rule_error.got
        for text in self.text(key).split("\n"):
            got = got.replace(text, "…")
        return replace(rule_error, got=got)

    def warning(self, key: str, text: str, hint: str = "") -> None:
        """Tell of something that works and may yet surprise."""
        line = self.section.line_of(key)
        self.findings.warning(self.file, line, self.section.head, text, hint)

    def _row_text(self, key: str, row: int) -> str:
        return "".join(self.text(key).split("\n")[row : row + 1])

    def parse_values(self) -> None:
        """Read every key by its own form."""
        for key in self.section.entries:
            if key in self.kind.keys:
                self._parse_key(key)
            else:
                self._report_unknown(key)
        for known in self.kind.keys.values():
            if known.required and not self.has(known.name):
                self.report(
                    "", RuleError(f"a key {known.name!r}", "none", f"e.g. {_example(known)}")
                )

    def _parse_key(self, key: str) -> None:
        entry, known = self.section.entries[key], self.kind.keys[key]
        if len(entry.rows) > 1 and not known.rows:
            hint = "if that line is a key of its own, do not indent it"
            self.report(key, RuleError("a single line", "one more", hint, row=1))
            return
        try:
            self._values[key] = known.parser(entry.text)
        except RuleErrors as error:
            for rule_error in error.rule_errors:
                self.report(key, rule_error)

    def _report_unknown(self, key: str) -> None:
        if key in PLANNED_KEYS.get(self.kind.name, ()):
            self.report(
                key, RuleError("a key of this version", f"{key!r}, which it does not have yet")
            )
            return
        # What does not look like a key may be the rest of a secret, so it is not repeated.
        got = repr(key) if re.fullmatch(r"[a-z_ -]{1,40}", key) else "another word"
        hint = did_you_mean(key, self.kind.keys) or self._home_hint(key)
        self._report_key(key, RuleError(f"a key of [{self.kind.name}]", got, hint))

    def _home_hint(self, key: str) -> str:
        homes = [kind.head for kind in kinds().values() if key in kind.keys]
        return f"it belongs to {' or '.join(homes)}" if homes else ""

    def _report_key(self, key: str, rule_error: RuleError) -> None:
        line = self.section.entries[key].line
        self.findings.problem(self.file, line, self.section.head, rule_error)


_INLINE_COMMENT = re.compile(r"\s[#;]")


def _example(key: Key) -> str:
    return f"{key.name} = {key.example}"


def parse_sections(sections: Iterable[Section], findings: Findings) -> list[ParsedSection]:
    """Read the sections that are of a known kind and have the name that their kind asks for."""
    parsed_sections = []
    for section in sections:
        kind = _find_kind(section, findings)
        if kind is not None and _has_valid_name(section, kind, findings):
            parsed_sections.append(ParsedSection(section, kind, findings))
    for parsed in parsed_sections:
        parsed.parse_values()
    _report_duplicates(parsed_sections)
    return parsed_sections


def _find_kind(section: Section, findings: Findings) -> Kind | None:
    if section.kind in kinds():
        return kinds()[section.kind]
    if section.kind in PLANNED_KINDS:
        got = f"[{section.kind}], which it does not have yet"
        rule_error = RuleError("a kind of section of this version", got)
    else:
        known = ", ".join(f"[{kind}]" for kind in kinds())
        hint = did_you_mean(section.kind, kinds())
        rule_error = RuleError(f"one of {known}", f"[{section.kind}]", hint)
    findings.problem(section.file, section.line, section.head, rule_error)
    return None


def _has_valid_name(section: Section, kind: Kind, findings: Findings) -> bool:
    if bool(section.name) != kind.named:
        got = f"[{section.head}]"
        findings.problem(section.file, section.line, section.head, RuleError(kind.head, got))
    return bool(section.name) == kind.named


def _report_duplicates(parsed_sections: list[ParsedSection]) -> None:
    first: dict[tuple[str, str], ParsedSection] = {}
    for parsed in parsed_sections:
        # 'vip' and 'VIP' would be one segment to a condition, which compares without case.
        known = first.setdefault((parsed.kind.name, fold(parsed.name)), parsed)
        if known is not parsed:
            where = f"{known.file}:{known.section.line}"
            got = f"a second one (the first stands at {where})"
            parsed.report("", RuleError(f"one [{parsed.section.head}]", got))
