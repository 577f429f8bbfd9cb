"""Say in words what a database refused, and what to do. Bugs (a wrong statement) are not worded."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from wcflow.errors import BusyError, SetupError, WcflowError


class _ErrorCase(NamedTuple):
    sign: str
    kind: type[WcflowError]
    sentence: str
    advice: str


_SQLITE = [
    _ErrorCase(
        "is locked",
        BusyError,
        "the database {place} is in use by another process",
        "Try again when the other wcflow has finished, or stop it.",
    ),
    _ErrorCase(
        "disk is full",
        BusyError,
        "the disk that holds the database {place} is full",
        "Make room and run the command again; what was stored before is safe.",
    ),
    _ErrorCase(
        "disk I/O error",
        BusyError,
        "the disk that holds the database {place} cannot be read or written",
        "Look at the disk and at the rights of the database and its directory.",
    ),
    _ErrorCase(
        "unable to open database file",
        SetupError,
        "the database {place} cannot be opened",
        "The directory must exist, and the user that runs wcflow must be able to write in it.",
    ),
    _ErrorCase(
        "readonly database",
        SetupError,
        "the database {place} cannot be written",
        "The user that runs wcflow must own the file and its directory.",
    ),
    _ErrorCase(
        "file is not a database",
        SetupError,
        "the file {place} is not a database",
        "Name another file under database in [wcflow], or move this one away.",
    ),
    _ErrorCase(
        "malformed",
        SetupError,
        "the database {place} is damaged",
        "Put back a backup, or move the file away: wcflow then reads the shop anew.",
    ),
]
_POSTGRES_SETUP = "Look at database in [wcflow]: user, password, host and the database's name."
_POSTGRES = [
    _ErrorCase("28", SetupError, "the database {place} refuses the user: {cause}", _POSTGRES_SETUP),
    _ErrorCase(
        "3D000", SetupError, "the database {place} does not exist: {cause}", _POSTGRES_SETUP
    ),
    _ErrorCase(
        "42501",
        SetupError,
        "the database {place} does not allow it: {cause}",
        "The user must own the database, or be allowed to create tables in it.",
    ),
    _ErrorCase(
        "53100",
        BusyError,
        "the disk that holds the database {place} is full",
        "Make room and run the command again; what was stored before is safe.",
    ),
    _ErrorCase(
        "55P03",
        BusyError,
        "the database {place} is in use by another process, which holds a table",
        "Try again when it has finished, or stop it: pg_stat_activity tells which it is.",
    ),
]
# A connection that fails carries no code: only these words tell a wrong setting from a server that is down.
_POSTGRES_WORDS = {"authentication failed": "28", "no pg_hba.conf entry": "28", "role ": "28"}


def translate_error(error: Exception, place: str) -> WcflowError | None:
    """Give the error as an admin reads it; None where it is a bug."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _translate_sqlite(cause, place)
    return _translate_postgres(error, cause, place)


def _translate_sqlite(cause: sqlite3.Error, place: str) -> WcflowError | None:
    for case in _SQLITE:
        if case.sign in str(cause):
            return case.kind(case.sentence.format(place=place), case.advice)
    return None


def _translate_postgres(
    error: Exception, cause: BaseException | None, place: str
) -> WcflowError | None:
    words = _first_line(cause)
    code = getattr(cause, "sqlstate", None) or _guess_code(words)
    for case in _POSTGRES:
        if code.startswith(case.sign):
            return case.kind(case.sentence.format(place=place, cause=words), case.advice)
    if isinstance(error, (OperationalError, InterfaceError)):
        return BusyError(
            f"the database {place} cannot be used now: {words}",
            "Look whether PostgreSQL runs and can be reached from here.",
        )
    return None


def _guess_code(words: str) -> str:
    if "database" in words and "does not exist" in words:
        return "3D000"
    return next((code for sign, code in _POSTGRES_WORDS.items() if sign in words), "")


def _first_line(cause: BaseException | None) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[-1] if lines and "FATAL" in lines[-1] else next(iter(lines), "no reason given")
