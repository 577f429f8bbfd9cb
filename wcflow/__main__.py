"""The way in: ``wcflow``, or ``python -m wcflow``."""

from __future__ import annotations

import sys

from wcflow.cli import app


def main() -> None:
    """Run one command; the process ends with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A customer's name must not end a command on a terminal that cannot write it.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    app(prog_name="wcflow")


if __name__ == "__main__":
    main()
