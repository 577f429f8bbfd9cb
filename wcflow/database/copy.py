"""Copy an SQLite database while others work with it: one state of it, private, whole or not at all.

What a copy is for is known elsewhere. PostgreSQL has tools of its own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from wcflow.database.errors import worded
from wcflow.errors import BusyError, SetupError, WcflowError

_PAGES = 4096
"""How many pages are copied between two chances to be interrupted."""

_MEGABYTE = 1 << 20
_DAY = 86_400
_PART = ".wcflow."
"""How the names of copies begin that are not whole yet."""


def copied(source: Path, target: Path) -> int:
    """Copy the database to a file that is not there yet; give its size in bytes.

    Others may go on writing: the copy is of one state. Raises WcflowError.
    """
    _must_be_new(target)
    with _part(target) as part:
        _copy(source, part, target)
        _must_be_new(target)
        part.rename(target)
    _settle(target.parent)
    return target.stat().st_size


def set_aside(path: Path, version: str) -> Path:
    """Copy a database before it is upgraded; the caller sees to it that nobody else does so now.

    It is named for its revision and the day on which it was last opened: an upgrade that fails
    again and again leaves one copy a day.
    """
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d")
    target = path.with_name(f"{path.name}.{version}.{day}.bak")
    for left in path.parent.glob(f"{_PART}{path.name}.{version}.*.part"):
        left.unlink()
    with _part(target) as part:
        _copy(path, part, target)
        part.rename(target)
    _settle(path.parent)
    return target


def files_of(path: Path) -> list[Path]:
    """Give the files of a database that are there: itself, what SQLite keeps beside it, copies."""
    beside = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]
    copies = sorted(path.parent.glob(f"{path.name}.*.bak"))
    return [each for each in (path, *beside, *copies) if each.is_file()]


def _must_be_new(target: Path) -> None:
    if os.path.lexists(target):
        raise WcflowError(f"{target} is there already", "name a file that is not there yet")


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """Lend a file beside the target that its owner alone may read; it does not outlive a failure."""
    try:
        handle, name = tempfile.mkstemp(".part", f"{_PART}{target.name}.", target.parent)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        advice = "the directory must be there, and wcflow's user must be able to write in it"
        raise WcflowError(f"{target} cannot be written: {why}", advice) from error
    os.close(handle)
    part = Path(name)
    _clear(part)
    try:
        yield part
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + end).unlink(missing_ok=True)


def _clear(part: Path) -> None:
    """Delete what copies left beside this one when they were killed: a day ago or longer."""
    now = part.stat().st_mtime
    for left in part.parent.glob(f"{_PART}*.part*"):
        with suppress(FileNotFoundError):  # its own copy has ended just now
            if now - left.stat().st_mtime > _DAY:
                left.unlink()


def _copy(source: Path, part: Path, target: Path) -> None:
    try:
        with closing(_opened(source)) as reader, closing(_opened(part)) as writer:
            # A transaction keeps one state in sight, however long it takes and whoever writes.
            reader.execute("BEGIN").close()
            reader.execute("SELECT count(*) FROM sqlite_master").close()
            _must_fit(_size(reader), source, target)
            # What fails is thrown away: it needs no journal, and is synchronised once at the end.
            writer.execute("PRAGMA journal_mode=OFF").close()
            writer.execute("PRAGMA synchronous=OFF").close()
            reader.backup(writer, pages=_PAGES, progress=lambda *_: None)
        _verify(part, source)
    except sqlite3.Error as error:
        place = target if "full" in str(error) else source
        told = worded(error, str(place))
        if told is None:
            raise
        raise told from error
    _synchronise(part)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=5000").close()
    return connection


def _size(reader: sqlite3.Connection) -> int:
    pages, size = (
        int(reader.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    return pages * size


def _must_fit(size: int, source: Path, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise BusyError(
            f"there is no room for a copy of {source} in {target.parent}:"
            f" it takes {-(-size // _MEGABYTE):,} MB, and {free // _MEGABYTE:,} MB are free",
            "make room there and run the command again; nothing was changed",
        )


def _verify(part: Path, source: Path) -> None:
    """Look whether the copy is sound, and make it one plain file that needs nothing beside it."""
    with closing(_opened(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE").close()
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise SetupError(
            f"the copy of {source} is damaged, and was thrown away: {found}",
            "'wcflow check-database' says whether the database itself is sound",
        )


def _synchronise(file: Path) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(folder: Path) -> None:
    """Have the new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
