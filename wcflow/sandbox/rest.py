"""A request that was let in, and the kinds of requests there are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wcflow.sandbox.state import ApiKey, State


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A request that is let in: whose it is, when, and the ids in its path."""

    state: State
    request: Request
    key: ApiKey
    now: datetime
    ids: tuple[int, ...]

    @property
    def id(self) -> int:
        """The first id in the path: of the order, customer, coupon, product."""
        return self.ids[0]

    @property
    def requested(self) -> Mapping[str, Any]:
        """The body, where it is an object."""
        return self.request.json if isinstance(self.request.json, Mapping) else {}

    @property
    def force(self) -> bool:
        """Whether it says `force`, in the address or in the body."""
        value = self.request.params.get("force", self.requested.get("force"))
        return str(value).lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Route:
    """A kind of request: its method and path, the leave that it needs, and who answers."""

    method: str
    path: re.Pattern[str]
    permission: str
    answer: Callable[[RequestContext], Any]
    administrators_only: bool = False


# What is asked of the shop and what it answers, apart from any network. Not an HTTP library: the two doors (a real server, callbacks in tests) translate to and fro.

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"

# Stands where a body should be JSON and is not.
MALFORMED: Any = object()

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Basic:
    """A key and its secret, as HTTP Basic carries them."""

    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class OAuth:
    """The signed parameters of an OAuth 1.0a request, and the address they were signed for."""

    params: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` stands below /wp-json, or is a page of the site where `rest` is false."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    auth: Basic | OAuth | None = None
    accept: str = "application/json"
    base: str = "https://shop.example"
    rest: bool = True

    @property
    def secure(self) -> bool:
        """Whether it came over https."""
        return self.base.startswith("https:")


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; `delay` is how many seconds a door should hold it back."""

    status: int
    headers: Mapping[str, str]
    body: str
    delay: float = 0.0

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class RestError(Exception):
    """What was asked is refused, in WordPress's words."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        """Carry WordPress's code, its sentence, the HTTP status and what else stands in `data`."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = {"status": status, **data}

    @property
    def body(self) -> dict[str, Any]:
        """The refusal as WordPress writes it."""
        return {"code": self.code, "message": self.message, "data": self.data}


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: rows already written as JSON, and how many there are in all."""

    rows: list[str]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Created:
    """Something that was just created, and where it can be found."""

    body: Any
    location: str


def http_date(now: datetime) -> str:
    """Write an instant as the Date header does."""
    at = now.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def text_response(
    body: str,
    now: datetime,
    *,
    status: int = 200,
    kind: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Wrap a body that is already text."""
    named = {"Date": http_date(now), "Content-Type": kind, **(headers or {})}
    return Response(status, named, body)


def error_response(refusal: RestError, now: datetime) -> Response:
    """Answer with a refusal."""
    return text_response(json.dumps(refusal.body), now, status=refusal.status)
