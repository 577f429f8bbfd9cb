"""A request that was let in, and the kinds of requests there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wcflow.sandbox.exchange import Request
from wcflow.sandbox.state import Key, State


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that is let in: whose it is, when, and the ids in its path."""

    state: State
    request: Request
    key: Key
    now: datetime
    ids: tuple[int, ...]

    @property
    def id(self) -> int:
        """The first id in the path: of the order, customer, coupon, product."""
        return self.ids[0]

    @property
    def asked(self) -> Mapping[str, Any]:
        """The body, where it is an object."""
        return self.request.json if isinstance(self.request.json, Mapping) else {}

    @property
    def force(self) -> bool:
        """Whether it says `force`, in the address or in the body."""
        value = self.request.params.get("force", self.asked.get("force"))
        return str(value).lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request: its method and path, the leave that it needs, and who answers."""

    method: str
    path: re.Pattern[str]
    deed: str
    answer: Callable[[Visit], Any]
    administrators_only: bool = False
