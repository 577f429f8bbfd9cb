"""The demo's made-up store, its directory and configuration, and the customers who act in it.

wcflow itself is the real one. Nothing is printed here.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from wcflow.config.files import default_ini, set_values
from wcflow.errors import BusyError, SetupError
from wcflow.sandbox.auth import ADMIN
from wcflow.sandbox.people import Persona, make_persona
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.state import Customer, Order
from wcflow.sandbox.store import SandboxStore

PEOPLE, ORDERS = 500, 2500
INI, DATABASE, STORE = "wcflow.ini", "wcflow.sqlite3", "shop"
MARKER = "# Written by 'wcflow demo' for its made-up store. The next demo in this directory uses it again.\n"


def open_demo_store(now: datetime) -> SandboxStore:
    """Return a store with the same people and orders each time, up to ``now``."""
    return seed_store(now, Random(2), people=PEOPLE, orders=ORDERS)  # noqa: S311  no secret


def bypass_proxy() -> None:
    """Connect to this machine without a proxy: that of the environment is for the internet."""
    os.environ["no_proxy"] = "127.0.0.1"


@contextmanager
def demo_folder(path: Path) -> Iterator[Path]:
    """Create and lock a directory; raises BusyError if another demo runs in it.

    Git ignores a directory that the demo creates.
    """
    if not path.exists():
        path.mkdir(parents=True)
        (path / ".gitignore").write_text("*\n", encoding="utf-8")
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock_folder(handle, path)
        yield path
    finally:
        os.close(handle)


def _lock_folder(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        advice = "Stop it with Ctrl-C, or use another directory with --dir."
        raise BusyError(f"a demo is running in {path}", advice) from None


def demo_config(path: Path, url: str) -> str:
    """Return the configuration: that of an earlier demo in ``path``, or the default one.

    Deletes the database of an earlier demo, because its store no longer exists. Raises SetupError
    if the directory has files that no demo wrote.
    """
    ini, text = path / INI, MARKER + default_ini()
    if ini.exists():
        text = ini.read_text(encoding="utf-8")
    if not text.startswith(MARKER) or (not ini.exists() and (path / DATABASE).exists()):
        foreign = ini if ini.exists() else path / DATABASE
        raise SetupError(
            f"{foreign} already exists, and no demo wrote it",
            "Use another directory with --dir.",
        )
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        (path / name).unlink(missing_ok=True)
    return _set_store(text, url)


def _set_store(text: str, url: str) -> str:
    store = {
        "url": url,
        "consumer_key": ADMIN.consumer_key,
        "consumer_secret": ADMIN.consumer_secret,
        "currency_rates": "EUR 1.08",
    }
    try:
        return set_values(set_values(text, f"store {STORE}", store), "wcflow", {"poll_every": "5s"})
    except KeyError as missing:
        advice = "Add it again, or delete the file: the next demo writes a new one."
        raise SetupError(f"the demo's {INI} has no section [{missing.args[0]}]", advice) from None


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """Something that a customer did, in words."""

    words: str
    email: str


def play_demo_events(
    store: SandboxStore, at_risk: Sequence[int], regulars: Sequence[int], now: datetime
) -> list[DemoEvent]:
    """Let customers act: two buy for the first time, one comes back, one is refunded.

    ``at_risk`` and ``regulars`` are ids of customers to choose from.
    """
    chance = Random(4)  # noqa: S311  no secret
    events = [
        _new_customer_buys(store, make_persona(chance, 9001, now), now),
        _guest_buys(store, make_persona(chance, 9002, now), now),
    ]
    if at_risk:
        events.append(_customer_returns(store, at_risk[0], now))
    refundable = next(
        (order for each in regulars if (order := _refundable_order(store, each, now))), None
    )
    if refundable is not None:
        events.append(_customer_is_refunded(store, refundable, now))
    return events


def _refundable_order(store: SandboxStore, customer: int, now: datetime) -> int | None:
    """Return a customer's latest order, if without it they have not bought for three months."""
    email = store.state.customers[customer].email.lower()
    paid = sorted(
        (order for order in store.state.orders.values() if _paid_by(order, customer, email)),
        key=lambda order: order.created,
    )
    if len(paid) < 3 or paid[-1].customer_id != customer:  # noqa: PLR2004  two are left then
        return None
    return paid[-1].id if now - paid[-2].created > timedelta(days=95) else None


def _paid_by(order: Order, customer: int, email: str) -> bool:
    belongs = order.customer_id == customer or (
        not order.customer_id and order.billing["email"].lower() == email
    )
    return belongs and order.status in ("processing", "completed") and order.remaining > 0


def _new_customer_buys(store: SandboxStore, persona: Persona, now: datetime) -> DemoEvent:
    account = store.register(
        persona.email,
        now=now,
        first_name=persona.first_name,
        last_name=persona.last_name,
        billing=persona.billing,
    )
    number = store.place_order(
        now=now, customer=account, items=_basket(store, 1, 17), billing=persona.billing
    )
    words = (
        f"{full_name(persona)} registers and buys for the first time: {order_text(store, number)}"
    )
    return DemoEvent(words, persona.email)


def _guest_buys(store: SandboxStore, persona: Persona, now: datetime) -> DemoEvent:
    number = store.place_order(
        now=now, email=persona.email, items=_basket(store, 28), billing=persona.billing
    )
    words = f"{full_name(persona)} buys for the first time, as a guest: {order_text(store, number)}"
    return DemoEvent(words, persona.email)


def _customer_returns(store: SandboxStore, customer: int, now: datetime) -> DemoEvent:
    buyer = store.state.customers[customer]
    number = store.place_order(now=now, customer=customer, items=_basket(store, 9))
    words = f"{full_name(buyer)} buys again after a long time: {order_text(store, number)}"
    return DemoEvent(words, buyer.email)


def _customer_is_refunded(store: SandboxStore, number: int, now: datetime) -> DemoEvent:
    buyer = store.state.customers[store.state.orders[number].customer_id]
    store.refund(number, now=now, reason="Returned")
    words = f"{full_name(buyer)} gets a full refund: {order_text(store, number)}"
    return DemoEvent(words, buyer.email)


def _basket(store: SandboxStore, *shelves: int) -> list[tuple[int, int]]:
    products = sorted(store.state.products)
    return [(products[shelf], 1) for shelf in shelves]


def full_name(buyer: Persona | Customer) -> str:
    return f"{buyer.first_name} {buyer.last_name}"


def order_text(store: SandboxStore, number: int) -> str:
    order = store.order(number)
    return f"order {order['number']}, {order['total']} {order['currency']}"
