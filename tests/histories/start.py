"""How every history begins: a shop with two old orders, of which wcflow has taken its census."""

from __future__ import annotations

import contextlib
import copy

from tests.histories.rule_sets import rules_ini
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync

_COPIES = {}
"""Beginnings that were lived through: the database, the shop and the time at their end."""


def start_store(folder, rule_set, page_size, start, *, database=None, dies_at=None, **sandbox):
    """Open a shop and take its census, over which wcflow may die after so many steps."""
    sim = Simulation(
        folder,
        rules_ini(rule_set),
        database=database,
        store=f"page_size = {page_size}\nparallel = 1",
        now=start,
        **sandbox,
    )
    sim.place_order(email="old@example.com", days_ago=60)
    sim.place_order(email="BEN@example.com", days_ago=60)
    if dies_at is not None:
        with sim.context() as context:
            sync.refresh_store_info(context)
        with contextlib.suppress(ProcessKilled), sim.crash_after(dies_at) as context:
            sync.sync_once(context)
        sim.reopen_database()
        sim.place_order(email="late@example.com")
        sim.advance(minutes=11)
    sim.settle()
    return sim


def start_from_copy(folder, rule_set, page_size, start, **sandbox):
    """Do the same with a file, by a copy of what it came to the first time."""
    key = (page_size, start, *sorted(sandbox.items()))
    if key not in _COPIES:
        first = start_store(folder, rule_set, page_size, start, **sandbox)
        first.reopen_database()
        first.db.close()
        _COPIES[key] = _database_file(folder).read_bytes(), copy.deepcopy(first.sandbox), first.now
    content, former, now = _COPIES[key]
    _database_file(folder).write_bytes(content)
    sim = Simulation(
        folder, rules_ini(rule_set), store=f"page_size = {page_size}\nparallel = 1", now=start
    )
    sim.switch_store(copy.deepcopy(former), now)
    return sim


def _database_file(folder):
    return folder / "wcflow.sqlite3"
