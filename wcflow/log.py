"""Configure logging: one line per outcome, a fixed phrase and keys, without secrets or personal data."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog

from wcflow.redact import printable_text, redact_text, redacted_traceback


def log_to_stderr(level: str, form: str) -> None:
    """Log in the form that fits where stderr leads: a terminal, the journal, or a file."""
    terminal, journal = sys.stderr.isatty(), is_journal(sys.stderr, os.environ)
    configure_logging(level, form, terminal=terminal, journal=journal)


def configure_logging(level: str, form: str, *, terminal: bool, journal: bool = False) -> None:
    """Log to stderr: colored text on a terminal, plain text or JSON elsewhere.

    The journal has its own timestamps, so plain text for it has none.
    """
    timestamper = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _redact_event,
            *([] if journal and form == "auto" else [timestamper]),
            _renderer(form, terminal=terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level_number(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def is_journal(stream: TextIO, env: Mapping[str, str]) -> bool:
    """Return whether a stream leads to the journal.

    JOURNAL_STREAM holds its device and inode (systemd.exec(5)). A child process inherits the
    variable, even if its output goes elsewhere.
    """
    try:
        stat = os.fstat(stream.fileno())
    except OSError:  # not a file
        return False
    return env.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def _redact_event(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Remove secrets, personal data and terminal control characters from all values."""
    error = event.pop("exc_info", None)
    redacted: structlog.typing.EventDict = {
        key: _redact_value(value) for key, value in event.items()
    }
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        redacted["exception"] = redacted_traceback(error)
    return redacted


def _redact_value(value: Any) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case Mapping():
            return {_redact_value(key): _redact_value(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redact_value(each) for each in value]
        case _:
            return printable_text(redact_text(str(value)))


def _renderer(form: str, *, terminal: bool) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=terminal and form == "auto")


def _level_number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
