"""Restore an SQLite database from a backup.

The backup is copied next to the database, checked and upgraded there, and takes its place at the
very end. PostgreSQL has its own tools.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Connection, select, update

from wcflow.database import schema
from wcflow.database.companion import expect_anything
from wcflow.database.connection import open_database, open_without_upgrade
from wcflow.database.pools import GivenCode, set_given_aside
from wcflow.database.sql import instant, stamp, table_of
from wcflow.database.sqlite_files import (
    SUFFIXES,
    copy_pages,
    find_damage,
    sync_folder,
    temporary_copy,
)
from wcflow.database.stores import load_setting, save_setting
from wcflow.database.tables import ChannelRow, OutboxRow, StoreRow
from wcflow.errors import BusyError, SetupError, WcflowError

_STORES, _CHANNELS, _OUTBOX = table_of(StoreRow), table_of(ChannelRow), table_of(OutboxRow)
_SQLITE_HEADER, _PG_DUMP_HEADER = b"SQLite format 3\0", b"PGDMP"
_OTHER_BACKUP = "Choose another backup; nothing was changed."
_MESSAGE_CHANNELS = ("email", "message")
_MAY_BE_SENT = (
    "may have been sent after the backup was made. 'wcflow outbox retry' would send it, or send it"
    " again."
)
_LOOK_UNTIL = "look_for_writes_until"
AFTER_RESTORE, AFTER_GAP = timedelta(days=30), timedelta(days=1)
"""How long wcflow looks in the store for a change before it makes it: what it wrote after a backup is
unknown to the database that was restored. After a gap without polls, the database can have been
restored by other means, such as pg_restore."""


class RestoredStore(NamedTuple):
    """A store in a backup, and when it was last polled."""

    name: str
    url: str
    polled_at: datetime | None


def list_stores(path: Path) -> list[RestoredStore]:
    """Return the stores in a database of the current revision."""
    columns = (_STORES.c.name, _STORES.c.url, _STORES.c.polled_at)
    with open_without_upgrade(_url(path)) as db, db.reading() as tx:
        rows = tx.execute(select(*columns).order_by(_STORES.c.name)).all()
    return [RestoredStore(name, url, instant(at) if at else None) for name, url, at in rows]


@contextmanager
def checked_copy(backup: Path, target: Path, now: datetime) -> Iterator[Path]:
    """Copy a backup next to ``target``, check and upgrade the copy; delete it if it is not used.

    Raises WcflowError if the backup cannot be read, and SetupError if wcflow cannot use it.
    """
    _require_sqlite_file(backup)
    with temporary_copy(target) as part:
        try:
            copy_pages(backup, part, target)
        except SetupError as error:
            raise SetupError(str(error), _OTHER_BACKUP) from error
        if damage := find_damage(part):
            raise SetupError(f"{backup} is damaged: {damage}", _OTHER_BACKUP)
        _upgrade(part, backup, now)
        yield part


def _require_sqlite_file(backup: Path) -> None:
    try:
        with backup.open("rb") as file:
            head = file.read(len(_SQLITE_HEADER))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise WcflowError(f"{backup} cannot be read: {reason}", _OTHER_BACKUP) from error
    if head.startswith(_PG_DUMP_HEADER):
        advice = "Set database in [wcflow] to the PostgreSQL database, and run this again."
        raise SetupError(f"{backup} is a dump of a PostgreSQL database", advice)
    if head != _SQLITE_HEADER:
        raise SetupError(f"{backup} is not an SQLite database", _OTHER_BACKUP)


def _upgrade(part: Path, backup: Path, now: datetime) -> None:
    """Upgrade a copy; its changes need approval, and are looked for in the store first."""
    with open_without_upgrade(_url(part)) as db:
        with db.reading() as tx:
            revision = schema.load_revision(tx)
        if revision is None or revision == schema.OTHER_PROGRAM:
            raise SetupError(f"{backup} is not a database of wcflow", _OTHER_BACKUP)
        try:
            schema.check_revision(revision, str(backup))
        except SetupError as error:
            advice = "Install the newer wcflow first, or choose another backup."
            raise SetupError(str(error), f"{advice} Nothing was changed.") from error
        with db.transaction() as tx:
            if revision != schema.HEAD:
                schema.upgrade(tx)
            _hold_changes(tx, now)


def _hold_changes(tx: Connection, now: datetime) -> None:
    """Let changes wait for approval, to be looked for in the store first; end messages that wait."""
    expect_earlier_writes(tx, now + AFTER_RESTORE)
    tx.execute(update(_CHANNELS).values(approved=False))
    expect_anything(tx)
    waiting = update(_OUTBOX).where(_OUTBOX.c.state.in_(("due", "claimed")))
    messages = waiting.where(_OUTBOX.c.channel.in_(_MESSAGE_CHANNELS))
    ended = {"state": "failed", "outcome": _MAY_BE_SENT, "finished_at": stamp(now)}
    tx.execute(messages.values(**ended))
    tx.execute(waiting.values(approved=False))


def prepare_restored(url: str, now: datetime) -> int:
    """Prepare a database that another program restored, as ``checked_copy`` does; upgrade it.

    Which codes of coupon pools were given away since the backup is not known, so all free ones are
    set aside. Returns how many were.
    """
    with open_database(url) as db, db.transaction() as tx:
        _hold_changes(tx, now)
        return set_given_aside(tx, None, now)


def _url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


@contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """Make sure that no other process uses a database, and merge its log into it.

    Raises BusyError. A file that SQLite cannot read is not in use.
    """
    if not path.exists():
        yield
        return
    with closing(sqlite3.connect(path, timeout=2.0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE").close()
            connection.execute("PRAGMA journal_mode=DELETE").close()
            connection.close()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                message = f"another command uses the database {path}"
                raise BusyError(message, "Wait until it has finished.") from error
        except sqlite3.DatabaseError:
            pass  # damaged: this is why it is replaced
        # Of a damaged database, closing now would delete the log, which can be of use.
        yield


def keep_codes(part: Path, target: Path, now: datetime) -> int:
    """Set codes of coupon pools aside in a copy that were given away after the backup was made.

    The old database knows which. If it is not there or cannot be read, all free codes are set
    aside. Returns how many were.
    """
    given = _given_codes(target) if target.exists() else None
    with open_without_upgrade(_url(part)) as db, db.transaction() as tx:
        return set_given_aside(tx, given, now)


def _given_codes(path: Path) -> list[GivenCode] | None:
    """Return the codes that are not free in a database; None if it cannot be read.

    It is opened for reading only, because closing it would otherwise delete the log of a damaged one.
    """
    log = path.with_name(f"{path.name}-wal")
    # Without a log nothing writes to it: no file is made beside it.
    address = f"{path.absolute().as_uri()}?mode=ro{'' if log.exists() else '&immutable=1'}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=2.0)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master").fetchall()
            if ("pool_code",) not in names:
                return []
            query = "SELECT store, pool, code FROM pool_code WHERE state <> 'free'"
            return [GivenCode(*row) for row in connection.execute(query)]
    except sqlite3.DatabaseError:
        return None


def replace_database(part: Path, target: Path, now: datetime) -> Path | None:
    """Replace a database with a checked copy; return where the old one is kept.

    The new file has the owner of the old one, or else of the directory, and only they can read it.
    """
    like = (target if target.exists() else target.parent).stat()
    part.chmod(stat.S_IMODE(like.st_mode) & 0o600 if target.exists() else 0o600)
    give_to(part, like)
    kept = _keep(target, now) if target.exists() else None
    part.replace(target)
    sync_folder(target.parent)
    return kept


def give_to(path: Path, like: os.stat_result) -> None:
    """Give a file the owner and group of another one; only root can."""
    if os.geteuid() == 0:
        os.chown(path, like.st_uid, like.st_gid)


def _keep(target: Path, now: datetime) -> Path:
    """Keep the old database under a name with the time; SQLite's own files are moved with it."""
    taken = now.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    kept = target.with_name(f"{target.name}.before-restore.{taken}.bak")
    try:
        kept.hardlink_to(target)
    except OSError:  # FAT, or a share of another machine
        target.rename(kept)
    for end in SUFFIXES[1:]:
        own = target.with_name(f"{target.name}{end}")
        if own.exists():
            own.rename(kept.with_name(f"{kept.name}{end}"))
    return kept


def expect_earlier_writes(tx: Connection, until: datetime) -> None:
    """Save until when the store can contain changes that the database does not know of."""
    before = int(load_setting(tx, _LOOK_UNTIL) or 0)
    known = before if before <= stamp(until + AFTER_RESTORE) else 0
    save_setting(tx, _LOOK_UNTIL, str(max(known, stamp(until))))


def expects_earlier_writes(tx: Connection, now: datetime) -> bool:
    """Return whether the store can contain changes that the database does not know of.

    A time that is further ahead than any gap comes from a wrong clock.
    """
    return stamp(now) < int(load_setting(tx, _LOOK_UNTIL) or 0) <= stamp(now + AFTER_RESTORE)
