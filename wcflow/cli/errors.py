"""The one place where an error becomes a sentence, advice and an exit code. Bugs pass untouched.

What wcflow, the shop, the database or the disk refuse is told in words. Anything else is a bug of
wcflow: it keeps its traceback, for somebody has to find it.
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
    """a signal asked the command to end; not an Exception, so that nothing takes it for an error."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def error_boundary() -> Iterator[None]:
    """Turn what stops a command into one sentence on stderr and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except WcflowError as error:
        raise typer.Exit(report_error(error)) from None
    except BrokenPipeError:
        _discard_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except OSError as error:
        said, advice, code = describe_os_error(error)
        output.print_error(said, advice)
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
    """Tell an error on stderr and give its exit code."""
    output.print_error(f"{where}{error_message(error)}", error.advice)
    return exit_code(error)


def error_message(error: WcflowError) -> str:
    """Give an error's message; the problems of a configuration stand each on a line of its own."""
    if isinstance(error, ConfigError):
        count = len(error.problems)
        return f"{error}\n{count} problem{'s' if count > 1 else ''} in the configuration"
    # On one line: what the shop says of itself must not add lines of its own.
    return output.printable(error)


def exit_code(error: WcflowError) -> int:
    """Give the exit code: a shop that refuses the key or is elsewhere is a matter of the INI."""
    if isinstance(error, StoreError) and error.permanent and _concerns_store(error):
        return BAD_CONFIG
    return error.exit_code


def _concerns_store(error: StoreError) -> bool:
    # Most commands that end have met no shop.
    from wcflow.store.errors import is_store_wide  # noqa: PLC0415

    return is_store_wide(error)


def describe_os_error(error: OSError) -> tuple[str, str, int]:
    """Give sentence, advice and exit code for what the operating system refused."""
    where = f"{error.filename}: " if error.filename else ""
    said = f"{where}{(error.strerror or type(error).__name__).lower()}"
    if error.errno in _DISK_FULL:
        return said, "Free some disk space and run the command again.", TRY_LATER
    if isinstance(error, PermissionError):
        return (
            said,
            "Run wcflow as the user who owns this file, or change its permissions.",
            SOME_FAILED,
        )
    return said, "", SOME_FAILED


def _discard_stdout() -> None:
    """Let nobody write to the closed pipe again: Python would complain of it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
