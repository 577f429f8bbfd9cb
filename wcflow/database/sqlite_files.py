"""Who may read the database's files. They hold customers' addresses: their owner alone should."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from wcflow.database.copy import files_of
from wcflow.errors import BusyError, SetupError

_OTHERS = 0o077


class Exposed(NamedTuple):
    """That others may read them, in a sentence, and the command that ends it."""

    said: str
    advice: str


def exposed(database: str) -> Exposed | None:
    """Say whether users other than their owner may read or write the files of a database.

    What SQLite keeps beside its file, and the copies from before upgrades, are among them.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or os.name != "posix":
        return None
    wide = [path for path in files_of(Path(str(url.database))) if _is_wide(path)]
    if not wide:
        return None
    names = ", ".join(map(str, wide))
    verbs = "holds customers' addresses and" if len(wide) == 1 else "hold customers' addresses and"
    command = f"Run: chmod 600 {' '.join(shlex.quote(str(path)) for path in wide)}"
    return Exposed(f"{names} {verbs} can be read by other users", command)


def _is_wide(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)


# One daemon for each SQLite file. Commands beside it share the file in turns; PostgreSQL is shared by all. A lock on a file beside the database says who serves it. The kernel lets go of it whenever and however the process ends, so it never has to be cleared away; the file stays.

_OWNER_ALONE = 0o600


@contextmanager
def sole(database: str, pid: int) -> Iterator[None]:
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
    beside = real.with_name(f"{real.name}.lock")
    with _in_words(beside):
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ALONE)
    try:
        with _in_words(beside):
            _lock(handle, str(url.database))
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{pid}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def _in_words(beside: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        if refused.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BusyError(
                f"the disk that holds {beside} is full", "Make room and start wcflow again."
            ) from refused
        raise SetupError(
            f"the file {beside} cannot be used: {refused.strerror}",
            "The directory must exist, and the user that runs wcflow must be able to write in it.",
        ) from refused


def _lock(handle: int, place: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = os.pread(handle, 32, 0).decode(errors="replace").strip()
        process = f" (process {who})" if who.isdecimal() else ""
        raise BusyError(
            f"another 'wcflow run'{process} serves the database {place}",
            "Stop that one, or let both use one PostgreSQL, which several may share.",
        ) from None
