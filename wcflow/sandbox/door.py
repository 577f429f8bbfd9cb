"""Turns HTTP into requests to the store, and records the calls.

Shared by `server.py` and by the callbacks that tests use in place of a server.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from wcflow.sandbox.rest import MALFORMED, Basic, OAuth, Request, Response

_API = "/wp-json"


class Answers(Protocol):
    """A store, or faults in front of one."""

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer one request at the given time."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the store; its status is 0 where no response was sent."""

    method: str
    path: str
    params: Mapping[str, Any]
    json: Any
    status: int
    body_bytes: int
    at: datetime

    @property
    def writes(self) -> bool:
        """Whether the call can change something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}


def record_call(request: Request, response: Response | None, now: datetime) -> Call:
    """Return the record of a call; `response` is None where none was sent."""
    status, size = (response.status, len(response.body.encode())) if response else (0, 0)
    path = request.path if request.rest else f"page {request.path}"
    return Call(request.method, path, request.params, request.json, status, size, now)


def parse_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Parse an HTTP request; header names are in lower case."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}"
    rest = parts.path == _API or parts.path.startswith(f"{_API}/")
    # PHP keeps the last of several parameters of one name.
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(
        method=method.upper(),
        path=(parts.path[len(_API) :] if rest else parts.path) or "/",
        params=_parse_query(query),
        json=_parse_json(headers, body),
        auth=_parse_auth(query, headers, f"{base}{parts.path}"),
        accept=headers.get("accept", "*/*"),
        base=base,
        rest=rest,
    )


def _parse_query(query: Mapping[str, str]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, value in query.items():
        if name.startswith("oauth_"):
            continue
        head = re.fullmatch(r"(\w+)\[\w*\]", name)
        if head:
            params.setdefault(head[1], []).append(value)
        else:
            params[name] = value
    return params


def _parse_json(headers: Mapping[str, str], body: bytes) -> Any:
    if not body or "json" not in headers.get("content-type", ""):
        return None
    try:
        return json.loads(body)
    except ValueError:
        return MALFORMED


def _parse_auth(
    query: Mapping[str, str], headers: Mapping[str, str], url: str
) -> Basic | OAuth | None:
    if any(name.startswith("oauth_") for name in query):
        return OAuth(query, url)
    if query.get("consumer_key") and query.get("consumer_secret"):
        return Basic(query["consumer_key"], query["consumer_secret"])
    scheme, _, header = headers.get("authorization", "").partition(" ")
    return _parse_basic(header) if scheme.lower() == "basic" else None


def _parse_basic(header: str) -> Basic | None:
    try:
        key, _, secret = base64.b64decode(header).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Basic(key, secret)
