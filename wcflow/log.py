"""One log line per outcome: a fixed phrase, then keys. Secrets and personal data do not pass."""

from __future__ import annotations

import logging
import sys

import structlog

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("auto", "text", "json")


def set_up(level: str, form: str, *, terminal: bool) -> None:
    """Send log lines to stderr: coloured text on a terminal, plain key=value or JSON elsewhere."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _renderer(form, terminal=terminal),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def _renderer(form: str, *, terminal: bool) -> structlog.typing.Processor:
    if form == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=terminal and form == "auto")


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
