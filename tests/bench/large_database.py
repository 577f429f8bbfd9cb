"""The database of a large store, large without the store: people, orders and products from a seed.

wcflow then evaluates all people, and all changes are marked as delivered. Nothing is measured here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import orjson

from wcflow.config.files import default_ini, set_values
from wcflow.config.load import Config, load_config
from wcflow.database.connection import Database, open_database
from wcflow.database.mapping import customer_to_row, order_to_row, product_to_row
from wcflow.database.sql import stamp
from wcflow.database.stores import Hold, save_hold, save_store
from wcflow.evaluate.evaluation import evaluate
from wcflow.evaluate.save import EvaluationResult
from wcflow.records import Address, Customer, LineItem, Order, Product, Refund
from wcflow.sandbox.auth import ADMIN

NOW = datetime(2026, 10, 1, 9, 30, tzinfo=UTC)
INITIAL_SYNC = NOW - timedelta(days=30)
"""Nothing has happened in the store since then."""

PEOPLE, ORDERS, PRODUCTS = 300_000, 1_000_000, 2_000
GUESTS = 0.3
_YEARS = 4 * 365
_FIRST = [
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Ella",
    "Finn",
    "Greta",
    "Hugo",
    "Ida",
    "Jonas",
    "Karla",
    "Leo",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
]
_LAST = [
    "Adler",
    "Becker",
    "Conrad",
    "Dietrich",
    "Engel",
    "Fischer",
    "Graf",
    "Huber",
    "Jansen",
    "Keller",
    "Lang",
    "Maier",
]
_STREETS = [
    "Main Street",
    "Station Road",
    "Market Square",
    "Church Lane",
    "Mill Way",
    "Park Avenue",
]
_CITIES = ["Berlin", "Vienna", "Zurich", "Munich", "Hamburg", "Graz", "Basel", "Cologne"]
_COUNTRIES = ("DE", "DE", "DE", "DE", "DE", "AT", "CH", "FR", "NL", "US")
_STATUSES = ("completed",) * 85 + ("processing",) * 5 + ("cancelled",) * 4 + ("refunded",) * 2
_METHODS = ("paypal", "stripe", "bacs", "cod")
_CATEGORIES = [f"Category {number}" for number in range(40)]


@dataclass(frozen=True, slots=True)
class LargeDatabase:
    """The files of a large database, and the number of its people and orders."""

    path: Path
    ini: Path
    people: int
    orders: int

    @property
    def accounts(self) -> int:
        return int(self.people * (1 - GUESTS))

    @property
    def config(self) -> Config:
        return load_config(self.ini, {})

    def open(self) -> Database:
        return open_database(f"sqlite:///{self.path}")


def build_large_database(
    folder: Path, share: float = 1.0, seed: int = 7, *, people: int = 0
) -> LargeDatabase:
    """Build a database with this share of a million orders, or reuse the one in WCFLOW_BENCH_DIR.

    With ``people`` it has that many, with as few orders as people.
    """
    people, orders = people or int(PEOPLE * share), people or int(ORDERS * share)
    folder = Path(os.environ.get("WCFLOW_BENCH_DIR") or folder)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"large-{people}-{orders}-{seed}"
    large = LargeDatabase(folder / f"{name}.sqlite3", folder / f"{name}.ini", people, orders)
    _write_ini(large)
    if not large.path.exists():
        _build(large, Random(seed))
    return large


def _write_ini(large: LargeDatabase) -> None:
    keys = {"consumer_key": ADMIN.consumer_key, "consumer_secret": ADMIN.consumer_secret}
    text = set_values(default_ini(), "store shop", {"url": "http://127.0.0.1:9", **keys})
    text = set_values(text, "wcflow", {"database": f"sqlite:///{large.path}"})
    large.ini.write_text(text)
    large.ini.chmod(0o600)


def _build(large: LargeDatabase, random: Random) -> None:
    """Fill the tables, evaluate everybody, and mark all changes as delivered."""
    path = large.path.with_suffix(".part")
    path.unlink(missing_ok=True)
    with open_database(f"sqlite:///{path}") as db:
        _save_store(db)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("PRAGMA synchronous=OFF")
        _fill(raw, large, random)
    with open_database(f"sqlite:///{path}") as db:
        evaluate_all(db, large.config, INITIAL_SYNC)
    with closing(sqlite3.connect(path)) as raw:
        with raw:
            mark_delivered(raw)
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.rename(large.path)


def _save_store(db: Database) -> None:
    with db.transaction() as tx:
        save_store(
            tx,
            "shop",
            url="http://127.0.0.1:9",
            title="Large store",
            time_zone="Europe/Berlin",
            currency="EUR",
            version="10.2.4",
            initial_sync_started=stamp(INITIAL_SYNC),
            initial_sync_done=stamp(INITIAL_SYNC),
            order_cursor=stamp(INITIAL_SYNC),
            newest_customer_id=10**9,
            reconciled_at=stamp(NOW),
            polled_at=stamp(NOW),
            meta_write_verified=True,
        )
        save_hold(tx, "shop", Hold(approved=True))


def evaluate_all(db: Database, config: Config, now: datetime) -> EvaluationResult:
    """Evaluate everybody who is marked or due."""
    (settings,) = config.stores
    return evaluate(db, config, settings, now)


# Content of the store


def _fill(raw: sqlite3.Connection, large: LargeDatabase, random: Random) -> None:
    products = [_product(number, random) for number in range(1, PRODUCTS + 1)]
    _insert(raw, "product", (product_to_row("shop", each) for each in products))
    accounts = large.accounts
    people = [_address(number, random) for number in range(1, large.people + 1)]
    _insert(raw, "customer", (_account(n, people[n - 1], random) for n in range(1, accounts + 1)))
    _insert(raw, "orders", _orders(large, people, accounts, products, random))
    _insert(
        raw,
        "person",
        (_person(n, each) for n, each in enumerate(people, start=1)),
    )
    _insert(
        raw,
        "identity",
        (_identity(n, each, accounts) for n, each in enumerate(people, start=1)),
    )


def _insert(raw: sqlite3.Connection, table: str, rows: Iterator[dict[str, object]]) -> None:
    first = next(rows)
    names, marks = ", ".join(first), ", ".join("?" * len(first))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    raw.execute(statement, tuple(first.values()))
    raw.executemany(statement, (tuple(row.values()) for row in rows))


def _product(number: int, random: Random) -> Product:
    categories = tuple(random.sample(_CATEGORIES, random.choice((1, 1, 2))))
    return Product(number, f"Product {number}", f"SKU-{number}", categories, ("new",), INITIAL_SYNC)


def _address(number: int, random: Random) -> Address:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    return Address(
        first_name=first,
        last_name=last,
        address_1=f"{random.choice(_STREETS)} {number % 180 + 1}",
        city=random.choice(_CITIES),
        postcode=f"{10000 + number % 80000}",
        country=random.choice(_COUNTRIES),
        email=f"{first}.{last}.{number}@example.com".lower(),
        phone=f"+49 30 {number:07d}",
    )


def _account(number: int, address: Address, random: Random) -> dict[str, object]:
    customer = Customer(
        id=number,
        email=address.email,
        first_name=address.first_name,
        last_name=address.last_name,
        username=address.email.partition("@")[0],
        role="customer",
        created=INITIAL_SYNC - timedelta(days=random.randrange(1, _YEARS)),
        billing=address,
        shipping=address,
        meta={},
    )
    return customer_to_row("shop", customer)


def _person(number: int, address: Address) -> dict[str, object]:
    empty = dict.fromkeys(
        (
            "added_by_hand",
            "removed_by_hand",
            "added_by_workflows",
            "current_tags",
            "matching_workflows",
        ),
        "[]",
    )
    row = {"id": number, "store": "shop", "email": address.email, "dirty": 1, "present": True}
    numbers = {"written_order_id": 0, "total_spent": 0, "orders_count": 0}
    return {**row, **empty, "kept_forever": "{}", "rules_digest": "", **numbers}


def _identity(number: int, address: Address, accounts: int) -> dict[str, object]:
    account = number <= accounts
    kind, value = ("account", str(number)) if account else ("email", address.email)
    return {"store": "shop", "kind": kind, "value": value, "person": number}


def _orders(
    large: LargeDatabase,
    people: list[Address],
    accounts: int,
    products: list[Product],
    random: Random,
) -> Iterator[dict[str, object]]:
    """Yield the oldest orders first: most people order once or twice, a few often."""
    newest, length = stamp(INITIAL_SYNC) - 3600, _YEARS * 86400
    for number in range(1, large.orders + 1):
        created = newest - int(length * (large.orders - number) / large.orders)
        # With the third power, one in a hundred people has a large part of the orders.
        uniform = random.random()
        share = uniform if random.random() < 0.6 else uniform**3
        person = int(share * large.people) + 1
        order = _order(number, person, people[person - 1], accounts, products, created, random)
        history = orjson.dumps([["", order.status, created]]).decode()
        yield {**order_to_row("shop", order), "history": history}


def _order(
    number: int,
    person: int,
    address: Address,
    accounts: int,
    products: list[Product],
    created: int,
    random: Random,
) -> Order:
    at = datetime.fromtimestamp(created, UTC)
    status = random.choice(_STATUSES)
    settled = status in ("completed", "refunded")
    items = tuple(
        _item(number * 10 + n, products, random) for n in range(random.choice((1, 1, 2, 3)))
    )
    total = sum(item.total for item in items)
    part = status == "completed" and random.random() < 0.02
    refunded = total if status == "refunded" else total // 3 if part else 0
    refunds = (Refund(number * 10 + 9, refunded, "", at + timedelta(days=9)),) if refunded else ()
    return Order(
        id=number,
        number=str(number),
        status=status,
        currency="EUR",
        total=total,
        discount_total=0,
        customer_id=person if person <= accounts else 0,
        email=address.email,
        created=at,
        modified=at + timedelta(days=2),
        paid=at + timedelta(minutes=1) if settled or status == "processing" else None,
        completed=at + timedelta(days=2) if settled else None,
        billing=address,
        shipping=address,
        payment_method=random.choice(_METHODS),
        created_via="checkout",
        items=items,
        refunds=refunds,
    )


def _item(number: int, products: list[Product], random: Random) -> LineItem:
    product = random.choice(products)
    quantity = random.choice((1, 1, 1, 2))
    price = 990 + product.id * 7 % 9000
    return LineItem(number, product.id, 0, product.name, product.sku, quantity, quantity * price)


# Changes of wcflow


def mark_delivered(raw: sqlite3.Connection) -> None:
    """Save the tags of all waiting changes as delivered and read back from the store."""
    for kind, table in (("tags_customer", "customer"), ("tags_order", "orders")):
        _save_tags(raw, kind, table)
    raw.execute(
        "UPDATE outbox SET state = 'done', finished_at = due_at, outcome = 'written' WHERE state = 'due'"
    )


def _save_tags(raw: sqlite3.Connection, kind: str, table: str) -> None:
    waiting = "SELECT person, target_id, payload FROM outbox WHERE kind = ? AND state = 'due'"
    rows = raw.execute(waiting, (kind,)).fetchall()
    select = f"SELECT detail FROM {table} WHERE store = 'shop' AND id = ?"
    raw.executemany(
        f"UPDATE {table} SET detail = ? WHERE store = 'shop' AND id = ?",
        (
            (_with_tags(raw.execute(select, (target,)).fetchone()[0], payload), target)
            for _, target, payload in rows
        ),
    )
    column = "written_to_customer = ?" if table == "customer" else "written_to_order = ?"
    raw.executemany(
        f"UPDATE person SET {column}, written_order_id = max(written_order_id, ?)"
        " WHERE store = 'shop' AND id = ?",
        (
            (_written(payload), target if table == "orders" else 0, person)
            for person, target, payload in rows
        ),
    )


def _with_tags(detail: str, payload: str) -> str:
    record, tags = orjson.loads(detail), orjson.loads(payload)
    meta = {"wcflow_tags": ", ".join(sorted(tags["wanted"], key=str.casefold))}
    if tags["segment"]:
        meta["wcflow_segment"] = tags["segment"]
    record["meta"] = {**record["meta"], **meta}
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()


def _written(payload: str) -> str:
    tags = orjson.loads(payload)
    return orjson.dumps({"segment": tags["segment"], "tags": sorted(tags["wanted"])}).decode()
