"""How long random tests search: short by default, long with ``WCFLOW_LONG=1``."""

import os

LONG = bool(os.environ.get("WCFLOW_LONG"))
SEED = os.environ.get("WCFLOW_SEED")
HISTORIES = int(os.environ.get("WCFLOW_EXAMPLES", "2000" if LONG else "30"))
KILLS = int(os.environ.get("WCFLOW_KILLS", "100" if LONG else "40"))
"""How many times a daemon is killed on each kind of database."""
