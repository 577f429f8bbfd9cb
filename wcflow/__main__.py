"""The entry point of ``wcflow`` and ``python -m wcflow``."""

from __future__ import annotations

import gc
import os
import sys
import threading

# Imports create few cyclic objects, and the collector would take a fifth of the start-up time. The
# command line enables it again once a command is loaded.
gc.disable()
# pydantic would search all installed packages for plugins, and wcflow uses none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from wcflow.cli import app  # noqa: E402  after the line above
from wcflow.errors import SOME_FAILED  # noqa: E402
from wcflow.redact import redacted_traceback  # noqa: E402


def main() -> None:
    """Run one command and exit with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # Names must not crash a command on a terminal that cannot display them.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    threading.excepthook = lambda crash: _report_bug(crash.exc_value)
    try:
        app(prog_name="wcflow")
    except Exception as bug:  # noqa: BLE001  its text can contain customer data and is not shown
        _report_bug(bug)
        sys.exit(SOME_FAILED)


def _report_bug(bug: BaseException | None) -> None:
    """Print where a bug is, without customer data."""
    if bug is not None and not isinstance(bug, SystemExit):
        sys.stderr.write(f"{redacted_traceback(bug)}\nwcflow: this is a bug in wcflow\n")


if __name__ == "__main__":
    main()
