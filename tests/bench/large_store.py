"""A large store that answers from prepared pages, in another process.

Its rows are many copies of a sandbox with 2,000 orders; each copy has other ids, addresses and
dates. All rows are in one text, in the order of their dates, so that a page of an initial sync is a
slice of it. The sandbox itself answers rare requests.

It does not check keys, and nothing can be written to it.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from multiprocessing.connection import Connection
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import orjson

from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.door import parse_request
from wcflow.sandbox.rest import Basic, Request, http_date
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.store import SandboxStore
from wcflow.store import wire

_KEY = Basic(ADMIN.consumer_key, ADMIN.consumer_secret)
KEYS = {"key": ADMIN.consumer_key, "secret": ADMIN.consumer_secret}
_BASE_ORDERS, _BASE_PEOPLE = 2000, 400
_ORDER_FIELDS = f"{wire.ORDER_FIELDS},meta_data"
_SHIFT = timedelta(seconds=97)
_ID_STEP = 10_000
_TIMESTAMPS = ("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt")

Piece = bytes | memoryview
Delay = Callable[[str, int], float]
"""The seconds that an answer takes, by its resource and its number of rows."""


def no_delay(_kind: str, _rows: int) -> float:
    return 0.0


def measured_delay(kind: str, rows: int) -> float:
    """Return the seconds that a WooCommerce with 100,000 orders took on two cores."""
    return 0.065 + rows * {"orders": 0.0085, "customers": 0.0028}.get(kind, 0.001)


class SeenRequest(NamedTuple):
    """A request that the store answered; the times are those of ``time.monotonic``."""

    target: str
    started: float
    finished: float

    @property
    def kind(self) -> str:
        return urlsplit(self.target).path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Rows of one kind, as text and by the values that requests filter by."""

    rows: list[bytes]
    text: memoryview
    starts: list[int]
    created: list[str]
    modified: list[str]
    status: list[str]
    positions: dict[int, int]

    def page(self, first: int, last: int) -> Piece:
        """Return consecutive rows as JSON, without the brackets around them."""
        return self.text[self.starts[first] : self.starts[last] - 1] if first < last else b""


def _index(rows: list[dict[str, Any]]) -> RowIndex:
    texts = [json.dumps(row).encode() for row in rows]
    text = memoryview(b",".join([*texts, b""]))
    return RowIndex(
        texts,
        text,
        [0, *accumulate(len(each) + 1 for each in texts)],
        [row.get("date_created_gmt") or "" for row in rows],
        [row.get("date_modified_gmt") or "" for row in rows],
        [row.get("status", "") for row in rows],
        {row["id"]: position for position, row in enumerate(rows)},
    )


def _all(sandbox: SandboxStore, path: str, now: datetime, **params: str) -> list[dict[str, Any]]:
    """Return all rows of a kind from the sandbox, page by page."""
    rows: list[dict[str, Any]] = []
    for page in range(1, 1000):
        query = {"per_page": "100", "page": str(page), "orderby": "id", "order": "asc", **params}
        found = sandbox.answer(Request("GET", f"/wc/v3/{path}", query, auth=_KEY), now).json
        rows += found
        if len(found) < 100:
            return rows
    raise AssertionError(f"{path} has no last page")


class LargeStore:
    """A store with many orders, made from copies of a small one."""

    def __init__(self, orders: int, now: datetime) -> None:
        self.sandbox = seed_store(
            now, Random(7), people=_BASE_PEOPLE, orders=min(orders, _BASE_ORDERS)
        )
        base = _all(self.sandbox, "orders", now, status="any", _fields=_ORDER_FIELDS)
        copies = -(-orders // len(base))
        people = _all(self.sandbox, "customers", now, role="all", _fields=wire.CUSTOMER_FIELDS)
        refunds = _all(self.sandbox, "refunds", now, _fields=wire.REFUND_FIELDS)
        rows = [_order(row, copy, len(people)) for copy in range(copies) for row in base]
        rows = sorted(rows[:orders], key=lambda row: (row["date_created_gmt"], row["number"]))
        for number, row in enumerate(rows, start=_ID_STEP):
            row.update(id=number, number=str(number))
        self.indexes = {
            "orders": _index(rows),
            "customers": _index(
                [_customer(row, copy, len(people)) for copy in range(copies) for row in people]
            ),
            "refunds": _index([_refund(row, copy) for copy in range(copies) for row in refunds]),
        }

    def answer(self, target: str, now: datetime) -> tuple[list[Piece], dict[str, str], int]:
        """Return the pieces of the body, the headers and the number of rows."""
        parts = urlsplit(target)
        kind = parts.path.removeprefix("/wp-json/wc/v3/")
        if kind not in self.indexes:
            request = parse_request("GET", f"https://shop.example{target}", {}, b"")
            response = self.sandbox.answer(replace(request, auth=_KEY), now)
            assert response.status == 200, response.body
            return [response.body.encode()], dict(response.headers), 1
        query = dict(parse_qsl(parts.query))
        body, rows, total = _find_page(self.indexes[kind], query)
        size = int(query.get("per_page", 10))
        headers = {
            "Date": http_date(now),
            "Content-Type": "application/json; charset=UTF-8",
            "X-WP-Total": str(total),
            "X-WP-TotalPages": str(-(-total // size)),
        }
        return [b"[", body, b"]"], headers, rows


def _order(row: Mapping[str, Any], copy: int, people: int) -> dict[str, Any]:
    dates = {name: _shift_date(row[name], copy) for name in _TIMESTAMPS}
    refunds = [{**each, "id": each["id"] + copy * _ID_STEP} for each in row["refunds"]]
    return {
        **row,
        **dates,
        "customer_id": row["customer_id"] and row["customer_id"] + copy * people,
        "billing": _with_email_of_copy(row["billing"], copy),
        "refunds": refunds,
    }


def _customer(row: Mapping[str, Any], copy: int, people: int) -> dict[str, Any]:
    return {
        **_with_email_of_copy(row, copy),
        "id": row["id"] + copy * people,
        "username": f"{row['username']}.{copy}",
        "billing": _with_email_of_copy(row["billing"], copy),
    }


def _refund(row: Mapping[str, Any], copy: int) -> dict[str, Any]:
    created = _shift_date(row["date_created_gmt"], copy)
    return {**row, "id": row["id"] + copy * _ID_STEP, "date_created_gmt": created}


def _with_email_of_copy(row: Mapping[str, Any], copy: int) -> dict[str, Any]:
    return {**row, "email": f"copy{copy}.{row['email']}" if row["email"] else ""}


def _shift_date(stamp: str | None, copy: int) -> str | None:
    return stamp and (datetime.fromisoformat(stamp) + copy * _SHIFT).isoformat()


def _find_page(index: RowIndex, query: Mapping[str, str]) -> tuple[Piece, int, int]:
    """Return the text of a page, its number of rows, and the total."""
    size = int(query.get("per_page", 10))
    unfiltered = query.get("status", "any") == "any" and not query.keys() & {"include", "exclude"}
    changes = query.keys() & {"modified_after", "modified_before"}
    by_date = query.get("orderby", "date") == "date" and query.get("order") == "asc"
    if unfiltered and by_date and not changes and query["_fields"] == _ORDER_FIELDS:
        first = bisect_right(index.created, query.get("after", ""))
        end = bisect_left(index.created, query.get("before", "~"))
        last = max(first, min(first + size, end))
        return index.page(first, last), last - first, max(0, end - first)
    positions = sorted(_matching_positions(index, query), key=_sort_key(index, query))
    if query.get("order", "desc") == "desc":
        positions.reverse()
    fields = query.get("_fields", "")
    rows = [_select_fields(index.rows[position], fields) for position in positions[:size]]
    return b",".join(rows), len(rows), len(positions)


def _matching_positions(index: RowIndex, query: Mapping[str, str]) -> list[int]:
    if "include" in query:
        ids = map(int, query["include"].split(","))
        return [index.positions[each] for each in ids if each in index.positions]
    excluded = {int(each) for each in query.get("exclude", "").split(",") if each}
    status = query.get("status", "any")
    after, before = query.get("after", ""), query.get("before", "~")
    modified_after = query.get("modified_after", "")
    modified_before = query.get("modified_before", "~")
    return [
        position
        for number, position in index.positions.items()
        if (status == "any" or index.status[position] in status.split(","))
        and after < index.created[position] < before
        and modified_after < (index.modified[position] or "0") < modified_before
        and number not in excluded
    ]


def _sort_key(index: RowIndex, query: Mapping[str, str]) -> Callable[[int], Any]:
    by = {"date": index.created, "modified": index.modified}.get(query.get("orderby", "date"))
    return by.__getitem__ if by else int


def _select_fields(row: bytes, fields: str) -> bytes:
    values = orjson.loads(row)
    names = fields.split(",") if fields else list(values)
    return json.dumps({name: values[name] for name in names if name in values}).encode()


@dataclass
class _Server:
    """Answers from prepared pages over persistent connections, each in a thread."""

    large: LargeStore
    delay: Delay
    requests: list[SeenRequest] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while head := _read_head(connection):
                started = time.monotonic()
                target = head.split(b" ", 2)[1].decode()
                with self.lock:
                    body, headers, rows = self.large.answer(target, datetime.now(UTC))
                if pause := self.delay(urlsplit(target).path.rpartition("/")[2], rows):
                    time.sleep(pause)
                _send(connection, body, headers)
                self.requests.append(SeenRequest(target, started, time.monotonic()))


def _send(connection: socket.socket, body: Sequence[Piece], headers: Mapping[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    size = sum(map(len, body))
    head = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {size}\r\n\r\n".encode()
    sent = connection.sendmsg([head, *body])
    if remaining := len(head) + size - sent:
        connection.sendall(b"".join(body)[-remaining:])


def _read_head(connection: socket.socket) -> bytes:
    """Read the head of a request, or nothing if the connection is closed."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        try:
            more = connection.recv(65536)
        except ConnectionError:
            return b""
        if not more:
            return b""
        head += more
    return head


def _run(pipe: Connection, orders: int, delay: Delay) -> None:
    server = _Server(LargeStore(orders, datetime.now(UTC) - timedelta(days=1)), delay)
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
        pipe.send(f"http://127.0.0.1:{listener.getsockname()[1]}")
        while pipe.recv() == "requests":
            seen, server.requests = server.requests, []
            pipe.send(seen)


@dataclass(frozen=True, slots=True)
class ServedStore:
    """A store in another process: its URL, and the requests that it answered."""

    url: str
    pipe: Connection

    def requests(self) -> list[SeenRequest]:
        """Return the requests since the last call."""
        self.pipe.send("requests")
        seen: list[SeenRequest] = self.pipe.recv()
        return seen


@contextmanager
def serve_large_store(orders: int, delay: Delay = no_delay) -> Iterator[ServedStore]:
    """Serve a store with this number of orders."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(theirs, orders, delay), daemon=True
    )
    process.start()
    try:
        yield ServedStore(ours.recv(), ours)
    finally:
        ours.send("done")
        process.join(5)
