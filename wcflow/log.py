"""Configure logging: one line per outcome, a fixed phrase and keys, without secrets or personal data."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from wcflow.redact import printable_text, redact_text, redacted_traceback


def configure_logging(level: str, form: str, *, terminal: bool) -> None:
    """Log to stderr: colored text on a terminal, plain text or JSON elsewhere."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _redact_event,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(form, terminal=terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level_number(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


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
