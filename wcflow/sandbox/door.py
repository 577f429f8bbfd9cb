"""What both doors share: from HTTP to a request of the shop, and a record of the calls.

Not a server: `server.py` is one door, callbacks in tests are the other.
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
    """A shop, or faults around one."""

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer one request, at one instant."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that came through a door; its status is 0 where no answer went out."""

    method: str
    path: str
    params: Mapping[str, Any]
    json: Any
    status: int
    body_bytes: int
    at: datetime

    @property
    def writes(self) -> bool:
        """Whether it asked for a change."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}


def record_call(request: Request, response: Response | None, now: datetime) -> Call:
    """Record a call; no response means that none went out."""
    status, size = (response.status, len(response.body.encode())) if response else (0, 0)
    path = request.path if request.rest else f"page {request.path}"
    return Call(request.method, path, request.params, request.json, status, size, now)


def parse_request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Read an HTTP request; header names are given in lower case."""
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
