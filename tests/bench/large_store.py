"""A large shop that answers from prepared pages, in a process of its own.

Its rows are written by the sandbox: a shop of a few thousand orders, laid side by side many times,
with ids, addresses and dates of their own. They stand in one text in the order of their dates, so
that a page of the census is a piece of it. What is asked less often the sandbox itself answers.

Keys are not looked at. It is a shop to read from: nothing can be written to it.
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
_PATTERN, _PEOPLE = 2000, 400
_ORDER_FIELDS = f"{wire.ORDER_FIELDS},meta_data"
_APART = timedelta(seconds=97)
_STEP = 10_000
_STAMPS = ("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt")

Piece = bytes | memoryview
Delay = Callable[[str, int], float]
"""How many seconds an answer takes, by what is asked for and how many rows it has."""


def no_delay(_kind: str, _rows: int) -> float:
    return 0.0


def measured_delay(kind: str, rows: int) -> float:
    """Take as long as a WooCommerce with 100,000 orders did on two cores."""
    return 0.065 + rows * {"orders": 0.0085, "customers": 0.0028}.get(kind, 0.001)


class SeenRequest(NamedTuple):
    """A request as the shop saw it; the instants are those of ``time.monotonic``."""

    target: str
    came: float
    left: float
    guest: int

    @property
    def kind(self) -> str:
        return urlsplit(self.target).path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class RowIndex:
    """Rows of one kind, as text and by what they can be asked for."""

    rows: list[bytes]
    text: memoryview
    starts: list[int]
    created: list[str]
    modified: list[str]
    status: list[str]
    places: dict[int, int]

    def page(self, first: int, last: int) -> Piece:
        """Give rows that stand side by side, without the brackets around them."""
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
        {row["id"]: place for place, row in enumerate(rows)},
    )


def _all(sandbox: SandboxStore, path: str, now: datetime, **params: str) -> list[dict[str, Any]]:
    """Ask the sandbox for all rows of a kind, page by page."""
    rows: list[dict[str, Any]] = []
    for page in range(1, 1000):
        told = {"per_page": "100", "page": str(page), "orderby": "id", "order": "asc", **params}
        found = sandbox.answer(Request("GET", f"/wc/v3/{path}", told, auth=_KEY), now).json
        rows += found
        if len(found) < 100:
            return rows
    raise AssertionError(f"expected an end of {path}")


class LargeStore:
    """A shop of many orders, made of one of few."""

    def __init__(self, orders: int, now: datetime) -> None:
        self.sandbox = seed_store(now, Random(7), people=_PEOPLE, orders=min(orders, _PATTERN))
        pattern = _all(self.sandbox, "orders", now, status="any", _fields=_ORDER_FIELDS)
        towns = -(-orders // len(pattern))
        people = _all(self.sandbox, "customers", now, role="all", _fields=wire.CUSTOMER_FIELDS)
        refunds = _all(self.sandbox, "refunds", now, _fields=wire.REFUND_FIELDS)
        made = [_order(row, town, len(people)) for town in range(towns) for row in pattern]
        made = sorted(made[:orders], key=lambda row: (row["date_created_gmt"], row["number"]))
        for number, row in enumerate(made, start=_STEP):
            row.update(id=number, number=str(number))
        self.shelves = {
            "orders": _index(made),
            "customers": _index(
                [_customer(row, town, len(people)) for town in range(towns) for row in people]
            ),
            "refunds": _index([_refund(row, town) for town in range(towns) for row in refunds]),
        }

    def answer(self, target: str, now: datetime) -> tuple[list[Piece], dict[str, str], int]:
        """Answer with the pieces of a body, its headers and how many rows it has."""
        parts = urlsplit(target)
        kind = parts.path.removeprefix("/wp-json/wc/v3/")
        if kind not in self.shelves:
            request = parse_request("GET", f"https://shop.example{target}", {}, b"")
            told = self.sandbox.answer(replace(request, auth=_KEY), now)
            assert told.status == 200, told.body
            return [told.body.encode()], dict(told.headers), 1
        query = dict(parse_qsl(parts.query))
        body, rows, total = _found(self.shelves[kind], query)
        size = int(query.get("per_page", 10))
        headers = {
            "Date": http_date(now),
            "Content-Type": "application/json; charset=UTF-8",
            "X-WP-Total": str(total),
            "X-WP-TotalPages": str(-(-total // size)),
        }
        return [b"[", body, b"]"], headers, rows


def _order(row: Mapping[str, Any], town: int, people: int) -> dict[str, Any]:
    later = {name: _later(row[name], town) for name in _STAMPS}
    refunds = [{**each, "id": each["id"] + town * _STEP} for each in row["refunds"]]
    return {
        **row,
        **later,
        "customer_id": row["customer_id"] and row["customer_id"] + town * people,
        "billing": _moved(row["billing"], town),
        "refunds": refunds,
    }


def _customer(row: Mapping[str, Any], town: int, people: int) -> dict[str, Any]:
    named = {"username": f"{row['username']}.{town}", "billing": _moved(row["billing"], town)}
    return {**_moved(row, town), "id": row["id"] + town * people, **named}


def _refund(row: Mapping[str, Any], town: int) -> dict[str, Any]:
    created = _later(row["date_created_gmt"], town)
    return {**row, "id": row["id"] + town * _STEP, "date_created_gmt": created}


def _moved(row: Mapping[str, Any], town: int) -> dict[str, Any]:
    return {**row, "email": f"town{town}.{row['email']}" if row["email"] else ""}


def _later(stamp: str | None, town: int) -> str | None:
    return stamp and (datetime.fromisoformat(stamp) + town * _APART).isoformat()


def _found(shelf: RowIndex, query: Mapping[str, str]) -> tuple[Piece, int, int]:
    """Give the text of a page, how many rows it has, and how many there are in all."""
    size = int(query.get("per_page", 10))
    plain = query.get("status", "any") == "any" and not query.keys() & {"include", "exclude"}
    changed = query.keys() & {"modified_after", "modified_before"}
    usual = query.get("orderby", "date") == "date" and query.get("order") == "asc"
    if plain and usual and not changed and query["_fields"] == _ORDER_FIELDS:
        first = bisect_right(shelf.created, query.get("after", ""))
        end = bisect_left(shelf.created, query.get("before", "~"))
        last = max(first, min(first + size, end))
        return shelf.page(first, last), last - first, max(0, end - first)
    places = sorted(_fitting(shelf, query), key=_key(shelf, query))
    if query.get("order", "desc") == "desc":
        places.reverse()
    fields = query.get("_fields", "")
    rows = [_cut(shelf.rows[place], fields) for place in places[:size]]
    return b",".join(rows), len(rows), len(places)


def _fitting(shelf: RowIndex, query: Mapping[str, str]) -> list[int]:
    if "include" in query:
        ids = map(int, query["include"].split(","))
        return [shelf.places[each] for each in ids if each in shelf.places]
    without = {int(each) for each in query.get("exclude", "").split(",") if each}
    status = query.get("status", "any")
    after, before = query.get("after", ""), query.get("before", "~")
    modified_after = query.get("modified_after", "")
    modified_before = query.get("modified_before", "~")
    return [
        place
        for number, place in shelf.places.items()
        if (status == "any" or shelf.status[place] in status.split(","))
        and after < shelf.created[place] < before
        and modified_after < (shelf.modified[place] or "0") < modified_before
        and number not in without
    ]


def _key(shelf: RowIndex, query: Mapping[str, str]) -> Callable[[int], Any]:
    by = {"date": shelf.created, "modified": shelf.modified}.get(query.get("orderby", "date"))
    return by.__getitem__ if by else int


def _cut(row: bytes, fields: str) -> bytes:
    whole = orjson.loads(row)
    names = fields.split(",") if fields else list(whole)
    return json.dumps({name: whole[name] for name in names if name in whole}).encode()


@dataclass
class _Server:
    """Answers from prepared pages over kept connections, each in a thread."""

    large: LargeStore
    delay: Delay
    visits: list[SeenRequest] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, door: socket.socket) -> None:
        for guest in range(1 << 30):
            try:
                line, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line, guest), daemon=True).start()

    def _talk(self, line: socket.socket, guest: int) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with line:
            while head := _head(line):
                came = time.monotonic()
                target = head.split(b" ", 2)[1].decode()
                with self.lock:
                    body, headers, rows = self.large.answer(target, datetime.now(UTC))
                if pause := self.delay(urlsplit(target).path.rpartition("/")[2], rows):
                    time.sleep(pause)
                self._say(line, body, headers)
                self.visits.append(SeenRequest(target, came, time.monotonic(), guest))

    def _say(self, line: socket.socket, body: Sequence[Piece], headers: Mapping[str, str]) -> None:
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        size = sum(map(len, body))
        head = f"HTTP/1.1 200 OK\r\n{told}Content-Length: {size}\r\n\r\n".encode()
        sent = line.sendmsg([head, *body])
        if left := len(head) + size - sent:
            line.sendall(b"".join(body)[-left:])


def _head(line: socket.socket) -> bytes:
    """Read a request's head; nothing where the guest has left."""
    told = b""
    while not told.endswith(b"\r\n\r\n"):
        try:
            more = line.recv(65536)
        except ConnectionError:
            return b""
        if not more:
            return b""
        told += more
    return told


def _run(pipe: Connection, orders: int, delay: Delay) -> None:
    server = _Server(LargeStore(orders, datetime.now(UTC) - timedelta(days=1)), delay)
    with socket.create_server(("127.0.0.1", 0), backlog=16) as door:
        threading.Thread(target=server.serve, args=(door,), daemon=True).start()
        pipe.send(f"http://127.0.0.1:{door.getsockname()[1]}")
        while pipe.recv() == "visits":
            seen, server.visits = server.visits, []
            pipe.send(seen)


@dataclass(frozen=True, slots=True)
class ServedStore:
    """A shop in a process of its own: where it is, and what it saw."""

    url: str
    pipe: Connection

    def visits(self) -> list[SeenRequest]:
        """Give the requests since they were last asked for."""
        self.pipe.send("visits")
        seen: list[SeenRequest] = self.pipe.recv()
        return seen


@contextmanager
def serve_large_store(orders: int, delay: Delay = no_delay) -> Iterator[ServedStore]:
    """Serve a shop of so many orders for as long as the context lasts."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(there, orders, delay), daemon=True
    )
    process.start()
    try:
        yield ServedStore(here.recv(), here)
    finally:
        here.send("done")
        process.join(5)
