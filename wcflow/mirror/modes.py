"""Who may read the database's files. They hold customers' addresses: their owner alone should."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from wcflow.mirror.copy import files_of

_OTHERS = 0o077


class Exposed(NamedTuple):
    """That others may read them, in a sentence, and the command that ends it."""

    said: str
    advice: str


def exposed(database: str) -> Exposed | None:
    """Say whether users other than their owner may read or write the files of a database.

    What SQLite keeps beside its file, and the copies from before upgrades, are among them.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or os.name != "posix":
        return None
    wide = [path for path in files_of(Path(str(url.database))) if _is_wide(path)]
    if not wide:
        return None
    names = ", ".join(map(str, wide))
    verbs = "holds customers' addresses and" if len(wide) == 1 else "hold customers' addresses and"
    command = f"chmod 600 {' '.join(shlex.quote(str(path)) for path in wide)}"
    return Exposed(f"{names} {verbs} can be read by other users", command)


def _is_wide(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
