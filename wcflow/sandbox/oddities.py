"""What every real shop has some of: orders that no example in a manual looks like."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from wcflow.sandbox.acts import Act
from wcflow.sandbox.shop import Line, Shop

_MARKET = "orders@marketplace.example"


def oddities(
    now: datetime, random: Random, products: list[int], gone: int, *, most: int
) -> list[Act]:
    """Plan odd orders, at most so many; those for `gone` lie long ago."""
    old = now - timedelta(days=600)
    plans: list[tuple[datetime, dict[str, Any]]] = []
    for _ in range(4):
        some = [(random.choice(products), 1)]
        at = now - timedelta(days=random.uniform(1, 500), minutes=7)
        plans += [
            # Over the counter: nobody asked for an address.
            (at, {"items": some, "created_via": "pos", "status": "completed"}),
            # A marketplace's orders all carry its own address.
            (
                at,
                {"items": some, "email": _MARKET, "created_via": "admin", "billing": _name(random)},
            ),
            (old, {"items": [(gone, 1)], "email": f"old{random.randint(1, 99)}@mail.example"}),
            (at, {"items": [_engraving()], "email": "engraved@mail.example"}),
            (at, {"items": [], "email": "empty@mail.example", "status": "completed"}),
        ]
    young = now - timedelta(hours=3)
    last = (random.choice(products), 1)
    plans += [
        (old, {"items": [last], "email": "Bargain@Mail.Example", "fees": [("Discount", "-3.00")]}),
        (young, {"items": [last], "email": "undecided@mail.example", "status": "checkout-draft"}),
        (young, {"items": [last], "status": "checkout-draft"}),
        (young, {"items": [last], "email": "phone@mail.example", "status": "auto-draft"}),
        (
            now - timedelta(days=40),
            {"items": [last], "email": "b2b@mail.example", "number": "RE-1"},
        ),
    ]
    return [Act(at, "someone orders", _placed(at, plan)) for at, plan in plans[:most]]


def _name(random: Random) -> dict[str, str]:
    first, last = random.choice(("Mei", "Åsa", "Rhys", "José")), random.choice(("Sjöström", "Lee"))
    return {"first_name": first, "last_name": last}


def _engraving() -> Line:
    return Line(name="Engraving", total="15.00", meta={"Text": "For Siân & Łukasz"})


def _placed(at: datetime, plan: dict[str, Any]) -> Callable[[Shop], object]:
    return lambda shop: shop.place_order(now=at, **plan)
