"""The street before the sandbox shop: people go in, and what they do is told as it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import Random

from wcflow.sandbox.seed import passing
from wcflow.sandbox.server import Server
from wcflow.sandbox.shop import Shop

EVERY = 1.0
"""Seconds between two looks at who has come."""


@contextmanager
def busy(
    shop: Shop,
    server: Server,
    clock: Callable[[], datetime],
    tell: Callable[[datetime, str], None],
    per_hour: float,
) -> Iterator[None]:
    """Let people act in the shop for as long as the context lasts, and tell what each does."""
    closing = threading.Event()

    def go_on() -> None:
        chance, since = Random(), clock()  # noqa: S311  chance for play
        while not closing.wait(EVERY):
            now = clock()
            with server.lock:
                acts = passing(shop, chance, since, now, per_hour=per_hour)
                for act in acts:
                    act.perform(shop)
            for act in acts:
                tell(act.at, act.words)
            since = now

    thread = threading.Thread(target=go_on, name="street", daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing.set()
        thread.join()
