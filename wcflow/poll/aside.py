"""What a visit could not understand, and what it understands again. The shop is not asked here.

Several threads note; what they noted is kept in the transaction that passes those rows, so that
none is passed without a trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from threading import Lock

import structlog
from sqlalchemy import Connection

from wcflow.mirror.aside import Key, put_aside, rows_aside, take_back
from wcflow.store.client import Unreadable

log = structlog.get_logger()


class Notes:
    """Rows to be put aside and to be taken back, as noted since they were last kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[Key, str] = {}
        self._put: dict[Key, str] = {}
        self._back: set[Key] = set()

    def begin(self, tx: Connection, store: str) -> None:
        """Learn what is aside already."""
        self._known = {Key(row.kind, row.id): row.reason for row in rows_aside(tx, store)}

    def aside(self, kind: str) -> set[int]:
        """Give the rows of a kind that are aside: the night asks for them, and nobody else need."""
        with self._lock:
            return {key.id for key in (*self._known, *self._put) if key.kind == kind}

    def note(self, kind: str, understood: Iterable[int], others: Iterable[Unreadable]) -> None:
        """Note what of an answer was understood, and what was not; the latest answer counts."""
        with self._lock:
            if self._known or self._put:
                self._understood({Key(kind, each) for each in understood})
            for row in others:
                self._put[Key(kind, row.id)] = row.why
                self._back.discard(Key(kind, row.id))

    def forget(self, keys: Iterable[Key]) -> None:
        """Note that these are no more."""
        with self._lock:
            self._understood(set(keys))

    def _understood(self, keys: set[Key]) -> None:
        self._back |= keys & (self._known.keys() | self._put.keys())
        for key in keys & self._put.keys():
            del self._put[key]

    def keep(self, tx: Connection, store: str, now: datetime) -> None:
        """Keep what was noted, and tell what is new about it."""
        with self._lock:
            put, self._put = self._put, {}
            back, self._back = self._back, set()
        if not put and not back:
            return
        take_back(tx, store, back)
        put_aside(tx, store, put.items(), now)
        for key in sorted(back & self._known.keys()):
            log.info("row understood again", store=store, kind=key.kind, id=key.id)
            del self._known[key]
        for key, why in sorted(put.items()):
            if self._known.get(key) != why:
                log.warning("row put aside", store=store, kind=key.kind, id=key.id, why=why)
        self._known |= put
