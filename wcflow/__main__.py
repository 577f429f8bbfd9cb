"""The way in: ``wcflow``, or ``python -m wcflow``."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading

# What is imported stays: to look through it again and again for what may go takes a fifth of the
# start. The command line (cli) turns this on again once a command is loaded.
gc.disable()
# pydantic would look through all that is installed for plugins; none has any business here.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from wcflow.cli import app  # noqa: E402  after the line above
from wcflow.errors import SOME_FAILED  # noqa: E402
from wcflow.redact import redacted_traceback  # noqa: E402


def main() -> None:
    """Run one command; the process ends with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A customer's name must not end a command on a terminal that cannot write it.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    threading.excepthook = lambda crash: _report_bug(crash.exc_value)
    try:
        app(prog_name="wcflow")
    except SystemExit as end:
        _exit_at_once(end)
        raise
    except Exception as bug:  # noqa: BLE001  its text may hold a customer's data, and is not shown
        _report_bug(bug)
        sys.exit(SOME_FAILED)


def _exit_at_once(end: SystemExit) -> None:
    """End the process at once, if nobody is at work in it any more.

    All memory goes with it: to take every module apart first takes a tenth of a short command.
    """
    if threading.active_count() > 1 or not isinstance(end.code, int):
        return
    atexit._run_exitfuncs()  # noqa: SLF001  what Python itself calls here
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code)


def _report_bug(bug: BaseException | None) -> None:
    """Tell where a bug is, for somebody has to find it, and nothing of whom it met."""
    if bug is not None and not isinstance(bug, SystemExit):
        sys.stderr.write(f"{redacted_traceback(bug)}\nwcflow: this is a bug of wcflow\n")


if __name__ == "__main__":
    main()
