"""Whenever the daemon is killed, nothing is lost and nothing happens twice.

WCFLOW_DEATHS says how often it is killed on each kind of database, WCFLOW_SEED repeats the chances
of a run; which instant each of them hits is up to the machine.
"""

from __future__ import annotations

import os
import random
from contextlib import ExitStack

import pytest

from tests.daemon_killer import DaemonKiller

KILLS = int(os.environ.get("WCFLOW_DEATHS", "100"))
STORES = 4
"""As many shops, so that as many first censuses are under fire."""


@pytest.mark.parametrize("number", range(STORES))
def test_whenever_the_daemon_is_killed_everything_is_there_once(tmp_path, database_url, number):
    """While people order, at random moments and in the middle of writes; in the end all laws hold."""
    seed = int(os.environ.get("WCFLOW_SEED", random.SystemRandom().randrange(10**6))) + number
    print(f"WCFLOW_SEED={seed - number}")
    with ExitStack() as stack:
        killer = DaemonKiller(tmp_path, stack, database_url, random.Random(seed))
        for turn in range(KILLS // STORES):
            killer.run_and_kill_daemon(turn)
            killer.expire_leases()
        print(dict(killer.kill_counts))
        killer.run_until_quiet()

        assert KILLS // STORES == killer.kill_counts.total()
        assert KILLS < 100 or killer.kill_counts.keys() >= {"reading", "writing"}
        assert "Traceback" not in killer.forker.log.read_text()
