"""How every history begins: a shop with two old orders, of which wcflow has taken its census."""

from __future__ import annotations

import contextlib
import copy

from tests.histories.rulebook import written
from tests.world import Died, World
from wcflow import sync

_LIVED = {}
"""Beginnings that were lived through: the database, the shop and the time at their end."""


def born(folder, book, page_size, begin, *, database=None, dies_at=None, **shop):
    """Open a shop and take its census, over which wcflow may die after so many steps."""
    w = World(
        folder,
        written(book),
        database=database,
        store=f"page_size = {page_size}\nparallel = 1",
        now=begin,
        **shop,
    )
    w.buys(email="old@example.com", days_ago=60)
    w.buys(email="BEN@example.com", days_ago=60)
    if dies_at is not None:
        with w.line() as line:
            sync.refresh_store_info(line)
        with contextlib.suppress(Died), w.mortal(dies_at) as line:
            sync.sync_once(line)
        w.die()
        w.buys(email="late@example.com")
        w.pass_(minutes=11)
    w.settle()
    return w


def relived(folder, book, page_size, begin, **shop):
    """Do the same with a file, by a copy of what it came to the first time."""
    key = (page_size, begin, *sorted(shop.items()))
    if key not in _LIVED:
        first = born(folder, book, page_size, begin, **shop)
        first.die()
        first.db.close()
        _LIVED[key] = _file(folder).read_bytes(), copy.deepcopy(first.shop), first.now
    content, former, now = _LIVED[key]
    _file(folder).write_bytes(content)
    w = World(folder, written(book), store=f"page_size = {page_size}\nparallel = 1", now=begin)
    w.trades_as(copy.deepcopy(former), now)
    return w


def _file(folder):
    return folder / "wcflow.sqlite3"
