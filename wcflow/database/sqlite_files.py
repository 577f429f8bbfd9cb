"""Copy an SQLite database while others work with it: one state of it, private, whole or not at all.

What a copy is for is known elsewhere. PostgreSQL has tools of its own.
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
"""How many pages are copied between two chances to be interrupted."""

_MEGABYTE = 1 << 20
_DAY = 86_400
_PART_PREFIX = ".wcflow."
"""How the names of copies begin that are not whole yet."""


def copy_database(source: Path, target: Path) -> int:
    """Copy the database to a file that is not there yet; give its size in bytes.

    Others may go on writing: the copy is of one state. Raises WcflowError.
    """
    _require_new_file(target)
    with _temporary_copy(target) as part:
        _copy_pages(source, part, target)
        _require_new_file(target)
        part.rename(target)
    _sync_folder(target.parent)
    return target.stat().st_size


def backup_before_upgrade(path: Path, version: str) -> Path:
    """Copy a database before it is upgraded; the caller sees to it that nobody else does so now.

    It is named for its revision and the day on which it was last opened: an upgrade that fails
    again and again leaves one copy a day.
    """
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d")
    target = path.with_name(f"{path.name}.{version}.{day}.bak")
    for leftover in path.parent.glob(f"{_PART_PREFIX}{path.name}.{version}.*.part"):
        leftover.unlink()
    with _temporary_copy(target) as part:
        _copy_pages(path, part, target)
        part.rename(target)
    _sync_folder(path.parent)
    return target


def list_database_files(path: Path) -> list[Path]:
    """Give the files of a database that are there: itself, what SQLite keeps beside it, copies."""
    beside = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal")]
    copies = sorted(path.parent.glob(f"{path.name}.*.bak"))
    return [each for each in (path, *beside, *copies) if each.is_file()]


def _require_new_file(target: Path) -> None:
    if os.path.lexists(target):
        raise WcflowError(f"{target} is there already", "name a file that is not there yet")


@contextmanager
def _temporary_copy(target: Path) -> Iterator[Path]:
    """Lend a file beside the target that its owner alone may read; it does not outlive a failure."""
    try:
        handle, name = tempfile.mkstemp(".part", f"{_PART_PREFIX}{target.name}.", target.parent)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        advice = "the directory must be there, and wcflow's user must be able to write in it"
        raise WcflowError(f"{target} cannot be written: {reason}", advice) from error
    os.close(handle)
    part = Path(name)
    _delete_stale_parts(part)
    try:
        yield part
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + end).unlink(missing_ok=True)


def _delete_stale_parts(part: Path) -> None:
    """Delete what copies left beside this one when they were killed: a day ago or longer."""
    now = part.stat().st_mtime
    for leftover in part.parent.glob(f"{_PART_PREFIX}*.part*"):
        with suppress(FileNotFoundError):  # its own copy has ended just now
            if now - leftover.stat().st_mtime > _DAY:
                leftover.unlink()


def _copy_pages(source: Path, part: Path, target: Path) -> None:
    try:
        with closing(_open(source)) as reader, closing(_open(part)) as writer:
            # A transaction keeps one state in sight, however long it takes and whoever writes.
            reader.execute("BEGIN").close()
            reader.execute("SELECT count(*) FROM sqlite_master").close()
            _require_space(_database_size(reader), source, target)
            # What fails is thrown away: it needs no journal, and is synchronised once at the end.
            writer.execute("PRAGMA journal_mode=OFF").close()
            writer.execute("PRAGMA synchronous=OFF").close()
            reader.backup(writer, pages=_PAGES, progress=lambda *_: None)
        _verify_copy(part, source)
    except sqlite3.Error as error:
        place = target if "full" in str(error) else source
        translated = translate_error(error, str(place))
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
            f"there is no room for a copy of {source} in {target.parent}:"
            f" it takes {-(-size // _MEGABYTE):,} MB, and {free // _MEGABYTE:,} MB are free",
            "make room there and run the command again; nothing was changed",
        )


def _verify_copy(part: Path, source: Path) -> None:
    """Look whether the copy is sound, and make it one plain file that needs nothing beside it."""
    with closing(_open(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE").close()
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise SetupError(
            f"the copy of {source} is damaged, and was thrown away: {found}",
            "'wcflow check-database' says whether the database itself is sound",
        )


def _sync_file(file: Path) -> None:
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# Who may read the database's files. They hold customers' addresses: their owner alone should.

_GROUP_AND_OTHERS = 0o077


class PermissionProblem(NamedTuple):
    """That others may read them, in a sentence, and the command that ends it."""

    said: str
    advice: str


def check_permissions(database: str) -> PermissionProblem | None:
    """Say whether users other than their owner may read or write the files of a database.

    What SQLite keeps beside its file, and the copies from before upgrades, are among them.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or os.name != "posix":
        return None
    unprotected = [
        path for path in list_database_files(Path(str(url.database))) if _is_open_to_others(path)
    ]
    if not unprotected:
        return None
    names = ", ".join(map(str, unprotected))
    verbs = (
        "holds customers' addresses and"
        if len(unprotected) == 1
        else "hold customers' addresses and"
    )
    command = f"Run: chmod 600 {' '.join(shlex.quote(str(path)) for path in unprotected)}"
    return PermissionProblem(f"{names} {verbs} can be read by other users", command)


def _is_open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _GROUP_AND_OTHERS)


# One daemon for each SQLite file. Commands beside it share the file in turns; PostgreSQL is shared by all. A lock on a file beside the database says who serves it. The kernel lets go of it whenever and however the process ends, so it never has to be cleared away; the file stays.

_OWNER_ONLY = 0o600


@contextmanager
def single_instance(database: str, pid: int) -> Iterator[None]:
    """Be the one process that serves an SQLite database; raises BusyError where another is it.

    Of PostgreSQL nothing is asked. The database's own file is not locked: SQLite locks parts of
    it, and closing it anywhere in the process would undo those locks.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        yield
        return
    # By its real name: two links to one database are one database.
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
                f"the disk that holds {lock_file} is full", "Make room and start wcflow again."
            ) from error
        raise SetupError(
            f"the file {lock_file} cannot be used: {error.strerror}",
            "The directory must exist, and the user that runs wcflow must be able to write in it.",
        ) from error


def _lock_file(handle: int, location: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
        process = f" (process {holder})" if holder.isdecimal() else ""
        raise BusyError(
            f"another 'wcflow run'{process} serves the database {location}",
            "Stop that one, or let both use one PostgreSQL, which several may share.",
        ) from None
