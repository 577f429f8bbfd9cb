"""Read the INI file and the files it includes, without interpreting their sections."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from wcflow.config.ini import Section, decode_text, parse_ini
from wcflow.config.problem import Findings
from wcflow.config.section import ParsedSection
from wcflow.rules.errors import RuleError

ReadFile = Callable[[Path], bytes]


_MAX_BYTES = 2_000_000
"""The largest file in bytes: room for thousands of rules, but not for an endless device."""


_READ_HINTS: dict[type[OSError], str] = {
    FileNotFoundError: "'wcflow init' writes one",
    PermissionError: "the user that runs wcflow must be able to read it, including the service's user",
}


def read_file(path: Path) -> bytes:
    """Read a file; raises OSError if it is too large."""
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


@dataclass(slots=True)
class IniFiles:
    """The files that were read, the main one first, and their sections."""

    read: ReadFile
    findings: Findings
    paths: list[Path] = field(default_factory=list)

    def sections(self, path: Path) -> list[Section]:
        """Read one file; a file that cannot be read is reported."""
        self.paths.append(path)
        try:
            data = self.read(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            hint = _READ_HINTS.get(type(error), "")
            rule_error = RuleError("", f"cannot be read: {reason.lower()}", hint)
            self.findings.problem(str(path), 0, "", rule_error)
            self.findings.unreadable.add(str(path))
            return []
        return parse_ini(decode_text(data, str(path), self.findings), str(path), self.findings)

    def read_included(self, general: ParsedSection) -> list[Section]:
        """Read the files that ``include`` in ``[wcflow]`` names, sorted by name."""
        base = Path(general.file).parent
        sections: list[Section] = []
        for row, pattern in general["include"]:
            found = self._not_yet_read(_match_files(base, pattern))
            if not found:
                self._report_no_match(general, row, pattern, base)
            for path in found:
                sections += self.sections(path)
        return sections

    def _not_yet_read(self, matches: Iterable[Path]) -> list[Path]:
        # '*.ini' beside the main file also matches the main file, which has been read already.
        known = {path.resolve() for path in self.paths}
        return [path for path in matches if path.resolve() not in known]

    def _report_no_match(self, general: ParsedSection, row: int, pattern: str, base: Path) -> None:
        matches = _match_files(base, pattern)
        got = f"{pattern!r}, which matches none"
        if any(path.resolve() == Path(general.file).resolve() for path in matches):
            got = f"{pattern!r}, which is this file itself"
        elif matches:
            got = f"{pattern!r}, which is already included"
        elif (base / pattern).is_dir():
            got = f"{pattern!r}, which is a directory (write {pattern.rstrip('/')}/*.ini)"
        rule_error = RuleError("files to include", got, row=row)
        general.report("include", rule_error)


def _match_files(base: Path, pattern: str) -> list[Path]:
    # Path.glob rejects absolute patterns, which admins do write. Not recursive: '/**' would
    # walk the whole machine.
    anchored = str(Path(glob.escape(str(base))) / pattern)
    found = glob.glob(anchored)  # noqa: PTH207
    return [Path(name) for name in sorted(found) if Path(name).is_file()]


def readable_by_others(path: Path) -> bool:
    """Return whether users other than the owner can read a file."""
    if os.name != "posix" or not path.is_file():
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


# The commented default configuration, and how to set values without losing a comment.


def default_ini() -> str:
    """Return the text of the default configuration, ``config/wcflow.ini`` of the source."""
    shipped = files("wcflow") / "default.ini"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    # In a source tree it is not inside the package.
    source = Path(__file__).parents[2] / "config" / "wcflow.ini"
    return source.read_text(encoding="utf-8")


def set_values(text: str, head: str, values: Mapping[str, str]) -> str:
    """Return INI text with keys of the section ``[head]`` set; everything else stays as it is.

    An existing key is replaced in place, a new one is added below the head. Raises KeyError if
    there is no such section.
    """
    sections = {section.head: section for section in parse_ini(text, "", Findings())}
    lines = text.split("\n")
    for key, value in values.items():
        _check_value(key, value)
        _set_value(lines, sections[head], key, value)
    new = [f"{key} = {value}" for key, value in values.items() if key not in sections[head].entries]
    at = sections[head].line
    return "\n".join([*lines[:at], *new, *lines[at:]])


def remove_keys(text: str, head: str, keys: Collection[str]) -> str:
    """Return INI text without some keys of ``[head]``, which are in files of their own.

    Raises KeyError if there is no such section or key.
    """
    sections = {section.head: section for section in parse_ini(text, "", Findings())}
    lines = text.split("\n")
    for key in keys:
        at = sections[head].entries[key].line - 1
        lines[at] = f"# {key} is in the file of that name beside this one."
    return "\n".join(lines)


def _check_value(key: str, value: str) -> None:
    if not key.isidentifier() or not value.strip() or not value.isprintable():
        raise ValueError(f"expected a key and a value of one line, got {key!r}")


def _set_value(lines: list[str], section: Section, key: str, value: str) -> None:
    entry = section.entries.get(key)
    if entry is None:
        return
    if any(row.line != entry.line for row in entry.rows):
        raise ValueError(f"expected a value of one line to replace, got several of {key!r}")
    lines[entry.line - 1] = f"{key} = {value}"
