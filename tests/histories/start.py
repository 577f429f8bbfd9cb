"""The start of every history: a store with two old orders, after the initial sync."""

from __future__ import annotations

import contextlib
import copy

from tests.histories.rule_sets import head_lines, rules_ini
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync

_COPIES = {}
"""Finished starts: database, sandbox and time."""


def start_store(folder, rule_set, page_size, start, *, database=None, crash_step=None, **sandbox):
    """Create a store and run the initial sync; it is killed after ``crash_step`` steps, if given."""
    sim = Simulation(
        folder,
        rules_ini(rule_set),
        database=database,
        now=start,
        **head_lines(rule_set, page_size),
        **sandbox,
    )
    sim.place_order(email="old@example.com", days_ago=60)
    sim.place_order(email="BEN@example.com", days_ago=60)
    if crash_step is not None:
        with sim.context() as context:
            sync.refresh_store_info(context)
        with contextlib.suppress(ProcessKilled), sim.crash_after(crash_step) as context:
            sync.sync_once(context)
        sim.reopen_database()
        sim.place_order(email="late@example.com")
        sim.advance(minutes=11)
    sim.settle()
    return sim


def start_from_copy(folder, rule_set, page_size, start, **sandbox):
    """Do the same with SQLite, from a copy of an earlier start."""
    key = (rule_set, page_size, start, *sorted(sandbox.items()))
    if key not in _COPIES:
        first = start_store(folder, rule_set, page_size, start, **sandbox)
        first.reopen_database()
        first.db.close()
        _COPIES[key] = _database_file(folder).read_bytes(), copy.deepcopy(first.sandbox), first.now
    content, saved_sandbox, now = _COPIES[key]
    _database_file(folder).write_bytes(content)
    sim = Simulation(folder, rules_ini(rule_set), now=start, **head_lines(rule_set, page_size))
    sim.switch_store(copy.deepcopy(saved_sandbox), now)
    return sim


def _database_file(folder):
    return folder / "wcflow.sqlite3"
