"""Check one section against the registry: its values, and every problem in it.

Problems that concern several keys or sections are found in rules.py and load.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypeVar

from wcflow.config.ini import Section
from wcflow.config.problem import Findings
from wcflow.config.schema import RENAMED_KEYS, kinds
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import Key, Kind
from wcflow.rules.literals import fold

T = TypeVar("T")


class ParsedSection:
    """One section and the values of its keys, defaults included.

    A value with a problem counts as absent, so that reading continues and finds the next problem.
    """

    def __init__(self, section: Section, kind: Kind, findings: Findings) -> None:
        self.section, self.kind, self.findings = section, kind, findings
        self.name, self.file = section.name, section.file
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self._values.get(key, self.kind.keys[key].default)

    def has(self, key: str) -> bool:
        """Return whether the section has the key, with or without problems."""
        return key in self.section.entries

    def text(self, key: str) -> str:
        """Return the text of a key exactly as written, or nothing."""
        entry = self.section.entries.get(key)
        return entry.text if entry else ""

    def place_of(self, key: str) -> tuple[str, int]:
        """Return the file and the line of a key, or of the section if it lacks the key."""
        return self.file, self.section.line_of(key, 0)

    def others(self) -> list[tuple[str, Any]]:
        """Return the keys whose names the admin chose, as written, with their values."""
        own = (key for key in self._values if key not in self.kind.keys)
        return [(self.section.entries[key].key, self._values[key]) for key in own]

    def parse_value(self, key: str, parser: Callable[[str], T]) -> T | None:
        """Return the parsed value of a key; None if it is absent or has problems, which are reported."""
        if not self.text(key):
            return None
        try:
            return parser(self.text(key))
        except RuleErrors as error:
            for rule_error in error.rule_errors:
                self.report(key, rule_error)
            return None

    def report(self, key: str, rule_error: RuleError) -> None:
        """Report a problem of a key's value, or of the section if it lacks the key."""
        line = self.section.line_of(key, rule_error.row)
        if not rule_error.hint and _INLINE_COMMENT.search(self._row_text(key, rule_error.row)):
            hint = "comments go on their own line"
            rule_error = RuleError(rule_error.expected, rule_error.got, hint, rule_error.row)
        self.findings.problem(
            self.file, line, self.section.head, self._mask_secret(key, rule_error)
        )

    def _mask_secret(self, key: str, rule_error: RuleError) -> RuleError:
        """Return the problem without the value of a secret key."""
        known = self.kind.keys.get(key)
        if known is None or not known.secret or not self.text(key):
            return rule_error
        got = rule_error.got
        for text in self.text(key).split("\n"):
            got = got.replace(text, "…")
        return replace(rule_error, got=got)

    def warning(self, key: str, text: str, hint: str = "", *, row: int = 0) -> None:
        """Report something that works but may surprise."""
        line = self.section.line_of(key, row)
        self.findings.warning(self.file, line, self.section.head, text, hint)

    def _row_text(self, key: str, row: int) -> str:
        return "".join(self.text(key).split("\n")[row : row + 1])

    def parse_values(self) -> None:
        """Parse every key, and report unknown and missing ones."""
        for key in self.section.entries:
            if key in self.kind.keys:
                self._parse_key(key, self.kind.keys[key])
            elif self.kind.others is not None and not self._seems_misspelled(key):
                self._parse_key(key, self.kind.others)
            else:
                self._report_unknown(key)
        for known in self.kind.keys.values():
            if known.required and not self.has(known.name) and not self.misspelled(known.name):
                self.report(
                    "",
                    RuleError("", f"missing key {known.name!r}", f"for example: {_example(known)}"),
                )

    def _seems_misspelled(self, key: str) -> bool:
        """Return whether a key that the admin may have chosen seems to be one of wcflow's."""
        assert self.kind.others is not None, "only asked where admins choose keys"
        if not did_you_mean(key, self.kind.keys):
            return False
        try:
            self.kind.others.parser(self.text(key))
        except RuleErrors:
            return True
        return False

    def misspelled(self, key: str) -> bool:
        """Return whether a missing key may be there in a form that was already reported."""
        others = [each for each in self.section.entries if each not in self.kind.keys]
        return self.section.broken or any(did_you_mean(each, [key]) for each in others)

    def _parse_key(self, key: str, known: Key) -> None:
        entry = self.section.entries[key]
        if len(entry.rows) > 1 and not known.rows:
            hint = "if that line is another key, do not indent it"
            self.report(key, RuleError("a single line", "another one", hint, row=1))
            return
        try:
            self._values[key] = known.parser(entry.text)
        except RuleErrors as error:
            for rule_error in error.rule_errors:
                self.report(key, rule_error)

    def _report_unknown(self, key: str) -> None:
        renamed = RENAMED_KEYS.get(self.kind.name, {}).get(key)
        if renamed:
            self._report_key(
                key, RuleError("", f"unknown key {key!r}: it is now called {renamed!r}")
            )
            return
        # Something that does not look like a key can be the rest of a secret, so it is not shown.
        shown = f" {key!r}" if re.fullmatch(r"[a-z_ -]{1,40}", key) else ""
        hint = did_you_mean(key, self.kind.keys) or self._home_hint(key)
        self._report_key(key, RuleError("", f"unknown key{shown}", hint))

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
    """Return the sections of a known kind that have a name if their kind needs one."""
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
    known = ", ".join(f"[{kind}]" for kind in kinds())
    hint = _head_hint(section.head) or f"use one of {known}"
    rule_error = RuleError("", f"unknown section [{section.kind}]", hint)
    findings.problem(section.file, section.line, section.head, rule_error)
    return None


def _head_hint(head: str) -> str:
    """Suggest ``[segment VIP]`` for ``[segment: VIP]`` or ``[sgement VIP]``."""
    first, _, rest = head.partition(" ")
    for name, kind in kinds().items():
        if kind.named and first.startswith(name) and not rest and first.strip(":") != name:
            return f"write [{name} NAME], with a space after {name!r}"
    near = get_close_matches(first.strip(":"), list(kinds()), n=1, cutoff=0.6)
    return f"did you mean [{near[0]}{' ' if rest else ''}{rest}]?" if near else ""


def _has_valid_name(section: Section, kind: Kind, findings: Findings) -> bool:
    if bool(section.name) != kind.named:
        got = f"[{section.head}]"
        findings.problem(section.file, section.line, section.head, RuleError(kind.head, got))
    return bool(section.name) == kind.named


def _report_duplicates(parsed_sections: list[ParsedSection]) -> None:
    first: dict[tuple[str, str], ParsedSection] = {}
    for parsed in parsed_sections:
        # Conditions ignore case, so 'vip' and 'VIP' would be the same segment.
        known = first.setdefault((parsed.kind.name, fold(parsed.name)), parsed)
        if known is not parsed:
            where = f"{known.file}:{known.section.line}"
            got = f"a second one (the first is at {where})"
            parsed.report("", RuleError(f"one [{parsed.section.head}]", got))
