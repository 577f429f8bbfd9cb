"""Give memory back after a census or a great evaluation: a daemon rests most of its life."""

from __future__ import annotations

import ctypes
import gc

from wcflow.mirror.database import Database


def tidy(db: Database) -> None:
    """Let go of what work of some size has left behind: idle connections, and free memory.

    The C library keeps what was freed, and each connection to SQLite keeps two megabytes of pages;
    together that is a fifth of the process. The database opens connections anew when it needs them.
    """
    db.close()
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # of glibc alone
        trim(0)
