"""The files of an SQLite database: copies, permissions, and the lock of the daemon.

PostgreSQL has its own tools for all of these.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from wcflow.database.errors import translate_error
from wcflow.errors import BusyError, SetupError, WcflowError

_PAGES = 4096
"""The number of pages that are copied before an interrupt is handled."""

# Copies.

_MEGABYTE = 1 << 20
_DAY = 86_400
SUFFIXES = ("", "-wal", "-shm", "-journal")
"""The ends of the names of a database's files; all but the first are SQLite's own."""
_PART_PREFIX = ".wcflow."
"""The prefix of copies that are not complete yet."""


def copy_database(source: Path, target: Path) -> int:
    """Copy a database to a new file, which appears when it is complete; return its size in bytes.

    Other processes can write in the meantime: the copy is one state. Raises WcflowError.
    """
    _require_new_file(target)
    with temporary_copy(target) as part:
        _copy_and_verify(source, part, target)
        _require_new_file(target)
        part.rename(target)
    sync_folder(target.parent)
    return target.stat().st_size


def backup_before_upgrade(path: Path, revision: str) -> Path:
    """Copy a database before its upgrade; the caller holds a lock against other upgrades.

    The name contains the revision and the day of the last change, so that an upgrade that fails
    repeatedly leaves one copy a day.
    """
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d")
    target = path.with_name(f"{path.name}.{revision}.{day}.bak")
    for leftover in path.parent.glob(f"{_PART_PREFIX}{path.name}.{revision}.*.part"):
        leftover.unlink()
    with temporary_copy(target) as part:
        _copy_and_verify(path, part, target)
        part.rename(target)
    sync_folder(path.parent)
    return target


def list_database_files(path: Path) -> list[Path]:
    """Return the existing files of a database: itself, SQLite's own files, and backups."""
    own = [path.with_name(f"{path.name}{end}") for end in SUFFIXES]
    backups = sorted(path.parent.glob(f"{path.name}.*.bak"))
    return [each for each in (*own, *backups) if each.is_file()]


def _require_new_file(target: Path) -> None:
    if os.path.lexists(target):
        raise WcflowError(f"{target} exists already", "Choose the name of a new file.")


@contextmanager
def temporary_copy(target: Path) -> Iterator[Path]:
    """Create a file next to the target that only its owner can read; delete it after a failure."""
    try:
        handle, name = tempfile.mkstemp(".part", f"{_PART_PREFIX}{target.name}.", target.parent)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        advice = (
            "The directory must exist, and the user that runs wcflow must be able to write to it."
        )
        raise WcflowError(f"{target} cannot be written: {reason}", advice) from error
    os.close(handle)
    part = Path(name)
    _delete_stale_parts(part)
    try:
        yield part
    finally:
        for end in SUFFIXES:
            part.with_name(part.name + end).unlink(missing_ok=True)


def _delete_stale_parts(part: Path) -> None:
    """Delete the parts of copies that were killed at least a day ago."""
    now = part.stat().st_mtime
    for leftover in part.parent.glob(f"{_PART_PREFIX}*.part*"):
        with suppress(FileNotFoundError):  # that copy has just ended
            if now - leftover.stat().st_mtime > _DAY:
                leftover.unlink()


def _copy_and_verify(source: Path, part: Path, target: Path) -> None:
    copy_pages(source, part, target)
    if found := find_damage(part):
        raise SetupError(
            f"the copy of {source} is damaged and has been deleted: {found}",
            "Run 'wcflow check-database' to check the database itself.",
        )


def copy_pages(source: Path, part: Path, target: Path) -> None:
    """Copy a database into the file ``part``, which becomes a single file without a log.

    Raises SetupError if the source is no database, and BusyError without enough space.
    """
    try:
        with closing(_open(source)) as reader, closing(_open(part)) as writer:
            # A transaction shows one state, however long the copy takes.
            reader.execute("BEGIN").close()
            reader.execute("SELECT count(*) FROM sqlite_master").close()
            _require_space(_database_size(reader), source, target)
            # A failed copy is deleted: it needs no journal, and one fsync at the end.
            writer.execute("PRAGMA journal_mode=OFF").close()
            writer.execute("PRAGMA synchronous=OFF").close()
            reader.backup(writer, pages=_PAGES, progress=lambda *_: None)
        with closing(_open(part)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.Error as error:
        location = target if "full" in str(error) else source
        translated = translate_error(error, str(location))
        if translated is None:
            raise
        raise translated from error
    _sync_file(part)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA busy_timeout=5000").close()
    return connection


def _database_size(reader: sqlite3.Connection) -> int:
    pages, size = (
        int(reader.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    return pages * size


def _require_space(size: int, source: Path, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < size:
        raise BusyError(
            f"there is too little space for a copy of {source} in {target.parent}:"
            f" it needs {-(-size // _MEGABYTE):,} MB, and {free // _MEGABYTE:,} MB are free",
            "Free some space there and run the command again; nothing was changed.",
        )


def find_damage(path: Path) -> str:
    """Return the first problem that SQLite finds in a database, or nothing."""
    with closing(_open(path)) as copy:
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if found == "ok" else str(found)


def _sync_file(file: Path) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make sure that the new name survives a power failure."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# Permissions. The files contain customers' addresses: only their owner should read them.

_GROUP_AND_OTHERS = 0o077


class PermissionProblem(NamedTuple):
    """Files that other users can read, and the command that changes it."""

    message: str
    advice: str


def check_permissions(database: str) -> PermissionProblem | None:
    """Return a problem if other users can read or write a file of the database, or nothing."""
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or os.name != "posix":
        return None
    unprotected = [
        path for path in list_database_files(Path(str(url.database))) if _is_open_to_others(path)
    ]
    if not unprotected:
        return None
    names = ", ".join(map(str, unprotected))
    contain = "contains" if len(unprotected) == 1 else "contain"
    command = f"Run: chmod 600 {' '.join(shlex.quote(str(path)) for path in unprotected)}"
    problem = f"{names} {contain} customers' addresses and can be read by other users"
    return PermissionProblem(problem, command)


def _is_open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _GROUP_AND_OTHERS)


# The lock of the daemon: one daemon for each SQLite file. Commands take turns with it. The daemon
# locks a file next to the database. The kernel releases the lock however the process ends, so that
# it never has to be cleaned up; the file stays.

_OWNER_ONLY = 0o600


@contextmanager
def single_instance(database: str, pid: int) -> Iterator[None]:
    """Make this the only daemon of an SQLite database; raise BusyError if there is another one.

    Several daemons can share PostgreSQL. The database file itself is not locked: SQLite locks
    parts of it, and closing it anywhere in this process would release those locks.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        yield
        return
    # The real path: two links to one database are the same database.
    real = Path(os.path.realpath(str(url.database)))
    lock_file = real.with_name(f"{real.name}.lock")
    with _translate_lock_errors(lock_file):
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with _translate_lock_errors(lock_file):
            _lock_file(handle, str(url.database))
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{pid}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def _translate_lock_errors(lock_file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BusyError(
                f"the disk of {lock_file} is full", "Free some space and start wcflow again."
            ) from error
        raise SetupError(
            f"the file {lock_file} cannot be used: {error.strerror}",
            "The directory must exist, and the user that runs wcflow must be able to write to it.",
        ) from error


def _lock_file(handle: int, location: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
        process = f" (process {holder})" if holder.isdecimal() else ""
        raise BusyError(
            f"another 'wcflow run'{process} uses the database {location}",
            "Stop the other one, or use PostgreSQL, which several can share.",
        ) from None
