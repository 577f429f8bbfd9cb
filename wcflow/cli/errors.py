"""The one place where an error becomes a sentence, advice and an exit code.

Errors of wcflow, the store, the database and the disk are printed as sentences. Any other exception
is a bug in wcflow and keeps its traceback.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from wcflow.cli import output
from wcflow.config.problem import ConfigError
from wcflow.errors import BAD_CONFIG, SOME_FAILED, TRY_LATER, StoreError, WcflowError

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
PIPE_CLOSED = 128 + signal.SIGPIPE

_WORK_KEPT = "what was done is kept; run the same command again to continue"
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class StoppedBySignal(BaseException):
    """A signal ended the command; not an Exception, so that no handler takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def error_boundary() -> Iterator[None]:
    """Turn an error into one sentence on stderr and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except WcflowError as error:
        raise typer.Exit(report_error(error)) from None
    except BrokenPipeError:
        _discard_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except OSError as error:
        message, advice, code = describe_os_error(error)
        output.print_error(message, advice)
        raise typer.Exit(code) from None
    except typer.Abort:
        # Ctrl-C or Ctrl-D at a question.
        output.print_error("interrupted: nothing was changed")
        raise typer.Exit(INTERRUPTED) from None
    except KeyboardInterrupt:
        output.print_error(f"interrupted: {_WORK_KEPT}")
        raise typer.Exit(INTERRUPTED) from None
    except StoppedBySignal as stopped:
        output.print_error(f"stopped: {_WORK_KEPT}")
        raise typer.Exit(stopped.exit_code) from None


def report_error(error: WcflowError, where: str = "") -> int:
    """Print an error on stderr and return its exit code."""
    output.print_error(f"{where}{error_message(error)}", error.advice)
    return exit_code(error)


def error_message(error: WcflowError) -> str:
    """Return an error's message; each problem of a configuration is on its own line."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        return f"{error}\n{count} problem{'s' if count > 1 else ''} in the configuration"
    # On one line: text from the store must not add lines.
    return output.printable(error)


def exit_code(error: WcflowError) -> int:
    """Return the exit code; a wrong key or address is a configuration problem."""
    if isinstance(error, StoreError) and error.permanent and _concerns_store(error):
        return BAD_CONFIG
    return error.exit_code


def _concerns_store(error: StoreError) -> bool:
    # Most commands never contact a store.
    from wcflow.store.errors import is_store_wide  # noqa: PLC0415

    return is_store_wide(error)


def describe_os_error(error: OSError) -> tuple[str, str, int]:
    """Return sentence, advice and exit code for an error of the operating system."""
    where = f"{error.filename}: " if error.filename else ""
    message = f"{where}{(error.strerror or type(error).__name__).lower()}"
    if error.errno in _DISK_FULL:
        return message, "Free some disk space and run the command again.", TRY_LATER
    if isinstance(error, PermissionError):
        return (
            message,
            "Run wcflow as the user who owns this file, or change its permissions.",
            SOME_FAILED,
        )
    return message, "", SOME_FAILED


def _discard_stdout() -> None:
    """Close stdout for good, or Python would print an error about the closed pipe at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
