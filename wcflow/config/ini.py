"""Parse the text of an INI file into sections, entries and rows with their line numbers.

Only the form is checked here, not names or values. There is no interpolation and no section of
defaults; ``=`` is the only delimiter; comments are on their own lines; a value continues on lines
that are indented further than its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from wcflow.config.problem import Findings
from wcflow.rules.errors import RuleError


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One line of a value, without surrounding spaces."""

    line: int
    text: str


@dataclass(slots=True)
class Entry:
    """A key as written and its value; ``rows`` are the non-empty lines of the value."""

    key: str
    line: int
    rows: list[ValueLine] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(row.text for row in self.rows)

    def line_of(self, row: int) -> int:
        """Return the line in the file of a row of :attr:`text`, counted from 0."""
        return self.rows[row].line if row < len(self.rows) else self.line


@dataclass(slots=True)
class Section:
    """A head ``[kind name]`` and its entries by lower-case key, in file order."""

    file: str
    line: int
    kind: str
    name: str
    entries: dict[str, Entry] = field(default_factory=dict)
    broken: bool = False
    """Whether a line could not be read, so that a key that seems to be missing may be there."""

    @property
    def head(self) -> str:
        return f"{self.kind} {self.name}".strip()

    def line_of(self, key: str, row: int = 0) -> int:
        """Return the line of a row of a key's value, or of the head if the key is absent."""
        entry = self.entries.get(key)
        return entry.line_of(row) if entry else self.line


def decode_text(data: bytes, file: str, findings: Findings) -> str:
    """Decode UTF-8 bytes, with or without a byte order mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:200]:
        got = "UTF-16 or another encoding with two bytes for each letter"
        findings.problem(file, 1, "", RuleError("UTF-8 text", got, "save the file as UTF-8"))
        findings.unreadable.add(file)
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        rule_error = RuleError("UTF-8 text", "bytes of another encoding", "save the file as UTF-8")
        findings.problem(file, line, "", rule_error)
        findings.unreadable.add(file)
        return ""


def parse_ini(text: str, file: str, findings: Findings) -> list[Section]:
    """Parse the text of one file; lines that do not have the right form are reported to ``findings``."""
    return _IniReader(file, findings).parse(text)


_LINE_END = re.compile(r"\r\n|\n|\r")
# Including those at which str.splitlines splits: rows of a value must stay rows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


_COMMON_KEYS = frozenset({"when", "do", "trigger", "group", "tag", "url", "once"})


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Number the lines as editors do: str.splitlines would also split at U+2028 and the like."""
    return enumerate(_LINE_END.split(text), start=1)


class _IniReader:
    """The state while a file is parsed: the section and entry that the next line belongs to."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.file, self.findings = file, findings
        self.sections: list[Section] = []
        self.section: Section | None = None
        self.entry: Entry | None = None
        self.indent = 0
        self.latest: Entry | None = None  # also after a line that could not be read
        self.adopting = False  # lines of a value that are not indented are reported once
        self.reported = False  # lines under an invalid head are not reported one by one

    def parse(self, text: str) -> list[Section]:
        for number, line in _numbered_lines(text):
            bare = line.strip()
            if bare and bare[0] not in "#;":
                self._read_line(number, bare, _indent_width(line))
        return self.sections

    def _read_line(self, number: int, bare: str, indent: int) -> None:
        if _UNPRINTABLE.search(bare):
            self._report(number, "text", "a control character")
        elif self.entry is not None and indent > self.indent:
            self.entry.rows.append(ValueLine(number, bare))
        elif bare.startswith("["):
            self._read_head(number, bare)
        else:
            self._read_key(number, bare, indent)

    def _read_head(self, number: int, bare: str) -> None:
        self.section = self.entry = self.latest = None
        self.reported = True
        inner = bare[1:-1].split()
        if not bare.endswith("]"):
            self._report_unclosed(number, bare)
        elif not inner or set("[]") & set("".join(inner)):
            self._report(
                number, "a section header such as [segment VIP]", "brackets without a name"
            )
        else:
            self.section = Section(self.file, number, inner[0].lower(), " ".join(inner[1:]))
            self.sections.append(self.section)

    def _report_unclosed(self, number: int, bare: str) -> None:
        hint = "put what follows the ']' on a line of its own" if "]" in bare else ""
        self._report(number, "a ']' at the end of the section header", "none", hint)

    def _read_key(self, number: int, bare: str, indent: int) -> None:
        key, found, value = (part.strip() for part in bare.partition("="))
        self.entry = None
        if self.section is None:
            self._report_outside(number)
        elif self._belongs_to_latest(key, found):
            self._adopt(number, bare)
        elif not found:
            self.section.broken = True
            self._report(number, "key = value", "a line without '='", self._hint(bare))
        elif not key:
            self._report(number, "a key before the '='", "none")
        else:
            rows = [ValueLine(number, value)] if value else []
            self._start_entry(self.section, Entry(key, number, rows), indent)

    def _belongs_to_latest(self, key: str, found: str) -> bool:
        """Return whether a line continues an empty value but is not indented."""
        latest = self.latest
        if latest is None or (latest.rows and not self.adopting):
            return False
        return ":" not in key and not (found and re.fullmatch(r"[\w-]+", key))

    def _adopt(self, number: int, bare: str) -> None:
        assert self.latest is not None, "only a line after a key belongs to one"
        if not self.adopting:
            hint = f"indent all lines that belong to {self.latest.key!r}"
            self._report(number, "an indented line", "one that is not", hint)
        self.adopting = True
        self.latest.rows.append(ValueLine(number, bare))

    def _report_outside(self, number: int) -> None:
        if not self.reported:
            self._report(
                number, "a section header such as [wcflow] first", "a line before any section"
            )
        self.reported = True

    def _hint(self, bare: str) -> str:
        before, colon, _ = bare.partition(":")
        if colon and before.strip().isidentifier():
            return f"did you mean '{before.strip()} = …'?"
        first = bare.split(maxsplit=1)[0]
        if self.section and first.isidentifier() and first in _COMMON_KEYS:
            return f"did you mean '{first} = …'?"
        last = list(self.section.entries)[-1:] if self.section else []
        return f"if it belongs to {last[0]!r}, indent it" if last else ""

    def _start_entry(self, section: Section, entry: Entry, indent: int) -> None:
        first = section.entries.setdefault(entry.key.lower(), entry)
        if first is not entry:
            got = f"a second one (the first is on line {first.line})"
            self._report(entry.line, f"one {entry.key!r}", got)
        self.entry, self.indent = entry, indent
        self.latest, self.adopting = entry, False

    def _report(self, number: int, expected: str, got: str, hint: str = "") -> None:
        head = self.section.head if self.section else ""
        self.findings.problem(self.file, number, head, RuleError(expected, got, hint))


def _indent_width(line: str) -> int:
    line = line.expandtabs(8)
    return len(line) - len(line.lstrip())
