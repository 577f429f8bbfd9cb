"""A store with the content of a large database, so that its polls find nothing new.

It answers requests for accounts, and for ids and timestamps of orders, from the database, and all
others from a small sandbox. It runs in another process, so that its cost is not counted.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from wcflow.database.mapping import customer_from_row
from wcflow.sandbox.rest import Request, Response, text_response
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.server import serve
from wcflow.store.wire import DATE_FIELDS

_TIMESTAMPS = f"id,{DATE_FIELDS}"
_ACCOUNTS = "SELECT * FROM customer WHERE store = 'shop' AND id IN"
_ORDERS = (
    "SELECT id, created, modified FROM orders WHERE store = 'shop' AND created > ? AND created < ?"
    " ORDER BY created, id"
)


class DatabaseStore:
    """The answers of a small store, with the accounts and orders of a large one."""

    def __init__(self, small: Any, path: Path) -> None:
        self._small, self._path = small, path

    def answer(self, request: Request, now: datetime) -> Response:
        params, kind = request.params, request.path.rpartition("/")[2]
        if kind == "customers" and "include" in params:
            rows = [_account(row) for row in self._read(f"{_ACCOUNTS} ({params['include']})")]
        elif kind == "orders" and params.get("_fields") == _TIMESTAMPS and "after" in params:
            between = (_seconds(params["after"]), _seconds(params["before"]))
            rows = [_timestamps(row) for row in self._read(_ORDERS, between)]
        else:
            return self._small.answer(request, now)
        body = json.dumps(rows[: int(params["per_page"])])
        return text_response(body, now, headers={"X-WP-Total": str(len(rows))})

    def _read(self, query: str, values: tuple[int, ...] = ()) -> list[Any]:
        with closing(sqlite3.connect(self._path)) as raw:
            raw.row_factory = _row_with_names
            return raw.execute(query, values).fetchall()


class _Row:
    """A row whose columns are attributes, like those of SQLAlchemy."""


def _row_with_names(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> _Row:
    row = _Row()
    row.__dict__.update(zip([name for name, *_ in cursor.description], values, strict=True))
    return row


def _account(row: Any) -> dict[str, Any]:
    account = customer_from_row(row)
    meta = [
        {"id": n, "key": k, "value": v} for n, (k, v) in enumerate((account.meta or {}).items())
    ]
    return {
        **msgspec.to_builtins(account),
        "date_created_gmt": account.created and _naive(int(account.created.timestamp())),
        "created": None,
        "meta_data": meta,
    }


def _timestamps(row: Any) -> dict[str, Any]:
    created, modified = _naive(row.created), _naive(row.modified)
    return {"id": row.id, "date_created_gmt": created, "date_modified_gmt": modified}


def _naive(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def _serve(pipe: Connection, path: Path) -> None:
    small = seed_store(datetime.now(UTC), Random(7), people=20, orders=60)
    with serve(DatabaseStore(small, path)) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def serve_database(path: Path) -> Iterator[str]:
    """Serve a store with the content of this database; yield its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(theirs, path), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("done")
        process.join(5)
