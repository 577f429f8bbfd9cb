"""No change is lost or made twice, whenever the daemon is killed.

WCFLOW_KILLS sets how often it is killed on each kind of database. WCFLOW_SEED repeats the random
choices of a run, but not the exact moments: those depend on the machine.
"""

from __future__ import annotations

import random
from contextlib import ExitStack

import pytest

from tests.daemon_killer import KILL_MODES, DaemonKiller
from tests.search_settings import KILLS, SEED

STORES = 4
"""The kills are divided among so many stores, so that some hit an initial sync."""


@pytest.mark.parametrize("number", range(STORES))
def test_no_kill_loses_or_repeats_a_change(tmp_path, database_url, number):
    """Orders arrive meanwhile; the kills come at random moments, during reads and writes."""
    seed = int(SEED or random.SystemRandom().randrange(10**6)) + number
    print(f"WCFLOW_SEED={seed - number}")
    with ExitStack() as stack:
        killer = DaemonKiller(tmp_path, stack, database_url, random.Random(seed))
        turns = KILLS // STORES
        for turn in range(3 * turns):  # on a busy machine, more kills until one hits a request
            if turn >= turns and killer.fired_modes:
                break
            killer.run_and_kill_daemon(turn)
            killer.expire_leases()
        print(dict(killer.kill_counts))
        killer.run_until_quiet()

        assert turns <= killer.kill_counts.total()
        if turns >= len(KILL_MODES):
            assert killer.fired_modes, "no kill hit a request"
        if turns >= 5 * len(KILL_MODES):
            assert killer.fired_modes == {"GET *", "POST *"}
        assert "Traceback" not in killer.forker.log.read_text()
