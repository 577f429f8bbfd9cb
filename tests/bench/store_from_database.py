"""A shop that shows what a mirror holds, so that a poll of a large one finds nothing new.

Accounts, and orders by id and stamp, are read from the mirror's own tables; all else is said by a
small shop of the sandbox. It stands in a process of its own: its cost is nobody's.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from wcflow.database.mapping import customer_from_row
from wcflow.sandbox.rest import Request, Response, text_response
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.server import serve

_STAMPS = "id,date_modified_gmt"
_ACCOUNTS = "SELECT * FROM customer WHERE store = 'shop' AND id IN"
_ORDERS = (
    "SELECT id, modified FROM orders WHERE store = 'shop' AND created > ? AND created < ?"
    " ORDER BY created, id"
)


class DatabaseStore:
    """The answers of a small shop, with the accounts and the orders of a large one."""

    def __init__(self, small: Any, path: Path) -> None:
        self._small, self._path = small, path

    def answer(self, request: Request, now: datetime) -> Response:
        asked, kind = request.params, request.path.rpartition("/")[2]
        if kind == "customers" and "include" in asked:
            rows = [_account(row) for row in self._read(f"{_ACCOUNTS} ({asked['include']})")]
        elif kind == "orders" and asked.get("_fields") == _STAMPS and "after" in asked:
            between = (_seconds(asked["after"]), _seconds(asked["before"]))
            rows = [_stamps(row) for row in self._read(_ORDERS, between)]
        else:
            return self._small.answer(request, now)
        body = json.dumps(rows[: int(asked["per_page"])])
        return text_response(body, now, headers={"X-WP-Total": str(len(rows))})

    def _read(self, query: str, values: tuple[int, ...] = ()) -> list[Any]:
        with closing(sqlite3.connect(self._path)) as raw:
            raw.row_factory = _named
            return raw.execute(query, values).fetchall()


class _Row:
    """A row whose columns are its attributes, as SQLAlchemy gives it."""


def _named(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> _Row:
    row = _Row()
    row.__dict__.update(zip([name for name, *_ in cursor.description], values, strict=True))
    return row


def _account(row: Any) -> dict[str, Any]:
    account = customer_from_row(row)
    meta = [
        {"id": n, "key": k, "value": v} for n, (k, v) in enumerate((account.meta or {}).items())
    ]
    return {
        **asdict(account),
        "date_created_gmt": account.created and _naive(int(account.created.timestamp())),
        "created": None,
        "meta_data": meta,
    }


def _stamps(row: Any) -> dict[str, Any]:
    return {"id": row.id, "date_modified_gmt": _naive(row.modified)}


def _naive(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def _serving(pipe: Connection, path: Path) -> None:
    small = seed_store(datetime.now(UTC), Random(7), people=20, orders=60)
    with serve(DatabaseStore(small, path)) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def serve_database(path: Path) -> Iterator[str]:
    """Show a mirror as a shop; give its address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serving, args=(there, path), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("done")
        process.join(5)
