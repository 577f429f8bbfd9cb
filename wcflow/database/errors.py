"""Translate database errors into messages for admins, except bugs such as a wrong statement."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from wcflow.errors import BusyError, SetupError, WcflowError


class _ErrorCase(NamedTuple):
    """``sign`` is a part of SQLite's message, or the beginning of a PostgreSQL error code."""

    sign: str
    kind: type[WcflowError]
    message: str
    advice: str


_SQLITE = [
    _ErrorCase(
        "is locked",
        BusyError,
        "the database {location} is in use by another process",
        "Try again when the other wcflow has finished, or stop it.",
    ),
    _ErrorCase(
        "disk is full",
        BusyError,
        "the disk that holds the database {location} is full",
        "Free some space. Everything saved so far is safe; a running daemon continues automatically.",
    ),
    _ErrorCase(
        "disk I/O error",
        BusyError,
        "the disk that holds the database {location} cannot be read or written",
        "Check the disk, and the permissions of the database and its directory.",
    ),
    _ErrorCase(
        "unable to open database file",
        SetupError,
        "the database {location} cannot be opened",
        "The directory must exist, and the user that runs wcflow must be able to write to it.",
    ),
    _ErrorCase(
        "readonly database",
        SetupError,
        "the database {location} cannot be written",
        "The user that runs wcflow must own the file and its directory.",
    ),
    _ErrorCase(
        "file is not a database",
        SetupError,
        "the file {location} is not a database",
        "Set another file as database in [wcflow], or move this one away.",
    ),
    _ErrorCase(
        "malformed",
        SetupError,
        "the database {location} is damaged",
        "Restore a backup with 'wcflow restore FILE', or move the file away: wcflow then imports the"
        " store again.",
    ),
]
_POSTGRES_SETUP = "Check database in [wcflow]: user, password, host and the name of the database."
_POSTGRES = [
    _ErrorCase(
        "28", SetupError, "the database {location} rejects the user: {cause}", _POSTGRES_SETUP
    ),
    _ErrorCase(
        "3D000", SetupError, "the database {location} does not exist: {cause}", _POSTGRES_SETUP
    ),
    _ErrorCase(
        "42501",
        SetupError,
        "the user has too few permissions in the database {location}: {cause}",
        "The user must own the database, or be allowed to create tables in it.",
    ),
    _ErrorCase(
        "53100",
        BusyError,
        "the disk that holds the database {location} is full",
        "Free some space. Everything saved so far is safe; a running daemon continues automatically.",
    ),
    _ErrorCase(
        "55P03",
        BusyError,
        "the database {location} is in use by another process, which has locked a table",
        "Try again when it has finished, or stop it; pg_stat_activity shows which one it is.",
    ),
]
# Errors of a failed connection have no code: only these texts distinguish a wrong setting from a
# server that is down.
_POSTGRES_CODES = {"authentication failed": "28", "no pg_hba.conf entry": "28", "role ": "28"}


def translate_error(error: Exception, location: str) -> WcflowError | None:
    """Return the error as a message for admins, or None if it is a bug."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _translate_sqlite(cause, location)
    return _translate_postgres(error, cause, location)


def _translate_sqlite(cause: sqlite3.Error, location: str) -> WcflowError | None:
    for case in _SQLITE:
        if case.sign in str(cause):
            return case.kind(case.message.format(location=location), case.advice)
    return None


def _translate_postgres(
    error: Exception, cause: BaseException | None, location: str
) -> WcflowError | None:
    text = _main_line(cause)
    code = getattr(cause, "sqlstate", None) or _guess_code(text)
    for case in _POSTGRES:
        if code.startswith(case.sign):
            return case.kind(case.message.format(location=location, cause=text), case.advice)
    if isinstance(error, (OperationalError, InterfaceError)):
        return BusyError(
            f"the database {location} cannot be reached: {text}",
            "Check that PostgreSQL is running and can be reached from here.",
        )
    return None


def _guess_code(text: str) -> str:
    if "database" in text and "does not exist" in text:
        return "3D000"
    return next((code for sign, code in _POSTGRES_CODES.items() if sign in text), "")


def _main_line(cause: BaseException | None) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[-1] if lines and "FATAL" in lines[-1] else next(iter(lines), "no reason given")
