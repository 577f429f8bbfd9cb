"""Read the INI file and those that it includes. What their sections mean is not asked here."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wcflow.config.ini import Section, decode, read_ini
from wcflow.config.problem import Findings
from wcflow.config.sheet import Sheet
from wcflow.rules.flaw import Flaw

Read = Callable[[Path], bytes]


_LARGEST = 2_000_000
"""Bytes that a file of an admin's may have: ten thousands of rules, and no device without an end."""


def read_whole(path: Path) -> bytes:
    """Read a file; one that is no text of an admin's for its size alone is an OSError."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return data


@dataclass(slots=True)
class Files:
    """The files that were read, the main one first, and the sections in them."""

    read: Read
    findings: Findings
    paths: list[Path] = field(default_factory=list)

    def sections(self, path: Path) -> list[Section]:
        """Read one file; one that cannot be read is a problem of its own."""
        self.paths.append(path)
        try:
            data = self.read(path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            hint = "wcflow init writes one" if isinstance(error, FileNotFoundError) else ""
            flaw = Flaw("a file that can be read", reason.lower(), hint)
            self.findings.problem(str(path), 0, "", flaw)
            return []
        return read_ini(decode(data, str(path), self.findings), str(path), self.findings)

    def included(self, general: Sheet) -> list[Section]:
        """Read the files that ``include`` of ``[wcflow]`` names, in the order of their names."""
        base = Path(general.file).parent
        sections: list[Section] = []
        for row, pattern in general["include"]:
            found = self._new(_matches(base, pattern))
            if not found:
                self._tell_nothing(general, row, pattern)
            for path in found:
                sections += self.sections(path)
        return sections

    def _new(self, matches: Iterable[Path]) -> list[Path]:
        # '*.ini' beside the main file also means the main file: it has been read already.
        known = {path.resolve() for path in self.paths}
        return [path for path in matches if path.resolve() not in known]

    def _tell_nothing(self, general: Sheet, row: int, pattern: str) -> None:
        flaw = Flaw("files to include", f"{pattern!r}, which matches none", row=row)
        general.tell("include", flaw)


def _matches(base: Path, pattern: str) -> list[Path]:
    # Path.glob refuses absolute patterns, which an admin may well write. Not recursive: '/**' would
    # walk the whole machine.
    anchored = str(Path(glob.escape(str(base))) / pattern)
    found = glob.glob(anchored)  # noqa: PTH207
    return [Path(name) for name in sorted(found) if Path(name).is_file()]


def open_to_others(path: Path) -> bool:
    """Say whether users other than the owner may read a file."""
    if os.name != "posix" or not path.is_file():
        return False
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
