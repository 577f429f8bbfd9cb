"""Requests, responses, routes and errors, independent of any HTTP library."""

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
    """An authorized request: its key, its time, and the ids in its path."""

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
        """The body if it is an object, else an empty one."""
        return self.request.json if isinstance(self.request.json, Mapping) else {}

    @property
    def force(self) -> bool:
        """Whether `force` is set, in the URL or in the body."""
        value = self.request.params.get("force", self.requested.get("force"))
        return str(value).lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Route:
    """A route: method, path, required permission and handler."""

    method: str
    path: re.Pattern[str]
    permission: str
    answer: Callable[[RequestContext], Any]
    administrators_only: bool = False


# Requests and responses; the HTTP server and the callbacks of tests translate to and from HTTP.

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"

# In place of a body that is not valid JSON.
MALFORMED: Any = object()

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Basic:
    """A key and its secret from HTTP Basic."""

    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class OAuth:
    """The signed parameters of an OAuth 1.0a request, and the signed URL."""

    params: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `path` is relative to /wp-json, or a page of the site where `rest` is false."""

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
    """A response; `delay` is in seconds."""

    status: int
    headers: Mapping[str, str]
    body: str
    delay: float = 0.0

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


class RestError(Exception):
    """An error in WordPress's words."""

    def __init__(self, code: str, message: str, status: int, **data: Any) -> None:
        """Take WordPress's code, message, HTTP status, and further fields of `data`."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = {"status": status, **data}

    @property
    def body(self) -> dict[str, Any]:
        """The error as WordPress writes it."""
        return {"code": self.code, "message": self.message, "data": self.data}


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list: rows as JSON, and the total count."""

    rows: list[str]
    total: int
    pages: int


@dataclass(frozen=True, slots=True)
class Created:
    """A created record and its path."""

    body: Any
    location: str


def http_date(now: datetime) -> str:
    """Format a time for the Date header."""
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
    """Return a response with a text body."""
    named = {"Date": http_date(now), "Content-Type": kind, **(headers or {})}
    return Response(status, named, body)


def error_response(refusal: RestError, now: datetime) -> Response:
    """Return the response for an error."""
    return text_response(json.dumps(refusal.body), now, status=refusal.status)
