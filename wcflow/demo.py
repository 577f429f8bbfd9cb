"""The stage of the demo: a shop with a past, a configuration for it, and a few people who act.

Nothing is printed here, and wcflow itself is not played: it is the real one that is shown.
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
from wcflow.sandbox.state import Order
from wcflow.sandbox.store import SandboxStore

PEOPLE, ORDERS = 500, 2500
INI, DATABASE, STORE = "wcflow.ini", "wcflow.sqlite3", "shop"
MARKER = "# Written by 'wcflow demo' for its sandbox shop, and used again by the next demo here.\n"


def open_demo_store(now: datetime) -> SandboxStore:
    """Open the shop: the same people and orders each time, up to ``now``."""
    return seed_store(now, Random(2), people=PEOPLE, orders=ORDERS)  # noqa: S311  chance for play


# The directory


@contextmanager
def demo_folder(path: Path) -> Iterator[Path]:
    """Take a directory for one demo; raises BusyError while another one is there."""
    path.mkdir(parents=True, exist_ok=True)
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
        advice = "end it with Ctrl-C, or name another directory with --dir"
        raise BusyError(f"a demo is running in {path}", advice) from None


def demo_config(path: Path, url: str) -> str:
    """Give the demo's configuration: that of an earlier demo in ``path``, else the default one.

    The database of an earlier demo goes, for its shop has gone. Raises SetupError where there are
    files that no demo has written.
    """
    ini, text = path / INI, MARKER + default_ini()
    if ini.exists():
        text = ini.read_text(encoding="utf-8")
    if not text.startswith(MARKER) or (not ini.exists() and (path / DATABASE).exists()):
        foreign = ini if ini.exists() else path / DATABASE
        raise SetupError(
            f"{foreign} is there and was not written by a demo",
            "name another directory with --dir",
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
    except KeyError as head:
        advice = "put it back, or delete the file: the next demo writes a new one"
        raise SetupError(f"the demo's {INI} has no section [{head.args[0]}]", advice) from None


# What happens


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """Something that somebody has done; ``email`` is whose."""

    words: str
    email: str


def play_demo_events(
    store: SandboxStore, at_risk: Sequence[int], regulars: Sequence[int], now: datetime
) -> list[DemoEvent]:
    """Let a few people act: two buy for the first time, one comes back, one gives an order back.

    ``at_risk`` and ``regulars`` are ids of customers from whom to choose.
    """
    chance = Random(4)  # noqa: S311  chance for play
    played = [
        _new_customer_buys(store, make_persona(chance, 9001, now), now),
        _guest_buys(store, make_persona(chance, 9002, now), now),
    ]
    if at_risk:
        played.append(_customer_returns(store, at_risk[0], now))
    returned = next(
        (order for each in regulars if (order := _refundable_order(store, each, now))), None
    )
    if returned is not None:
        played.append(_customer_is_refunded(store, returned, now))
    return played


def _refundable_order(store: SandboxStore, customer: int, now: datetime) -> int | None:
    """Give a customer's latest order if, without it, they had not been seen for three months."""
    email = store.state.customers[customer].email.lower()
    paid = sorted(
        (order for order in store.state.orders.values() if _paid_by(order, customer, email)),
        key=lambda order: order.created,
    )
    if len(paid) < 3 or paid[-1].customer_id != customer:  # noqa: PLR2004  two are left then
        return None
    return paid[-1].id if now - paid[-2].created > timedelta(days=95) else None


def _paid_by(order: Order, customer: int, email: str) -> bool:
    theirs = order.customer_id == customer or (
        not order.customer_id and order.billing["email"].lower() == email
    )
    return theirs and order.status in ("processing", "completed") and order.remaining > 0


def _new_customer_buys(store: SandboxStore, who: Persona, now: datetime) -> DemoEvent:
    account = store.register(
        who.email,
        now=now,
        first_name=who.first_name,
        last_name=who.last_name,
        billing=who.billing,
    )
    number = store.place_order(
        now=now, customer=account, items=_basket(store, 1, 17), billing=who.billing
    )
    words = f"{_full_name(who)} opens an account and buys for the first time: {_order_text(store, number)}"
    return DemoEvent(words, who.email)


def _guest_buys(store: SandboxStore, who: Persona, now: datetime) -> DemoEvent:
    number = store.place_order(
        now=now, email=who.email, items=_basket(store, 28), billing=who.billing
    )
    words = f"{_full_name(who)} buys for the first time, without an account: {_order_text(store, number)}"
    return DemoEvent(words, who.email)


def _customer_returns(store: SandboxStore, customer: int, now: datetime) -> DemoEvent:
    who = store.state.customers[customer]
    number = store.place_order(now=now, customer=customer, items=_basket(store, 9))
    words = (
        f"{who.first_name} {who.last_name}, long not seen, buys again: {_order_text(store, number)}"
    )
    return DemoEvent(words, who.email)


def _customer_is_refunded(store: SandboxStore, number: int, now: datetime) -> DemoEvent:
    who = store.state.customers[store.state.orders[number].customer_id]
    store.refund(number, now=now, reason="Returned")
    words = f"{who.first_name} {who.last_name} sends everything back: {_order_text(store, number)}"
    return DemoEvent(words, who.email)


def _basket(store: SandboxStore, *shelves: int) -> list[tuple[int, int]]:
    products = sorted(store.state.products)
    return [(products[shelf], 1) for shelf in shelves]


def _full_name(who: Persona) -> str:
    return f"{who.first_name} {who.last_name}"


def _order_text(store: SandboxStore, number: int) -> str:
    order = store.order(number)
    return f"order {order['number']}, {order['total']} {order['currency']}"
