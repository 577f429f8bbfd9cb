"""The sandbox behind `requests`, without a socket: any client then talks to it as to a shop.

Not a mock: what answers is the shop itself, and what troubles it are its own faults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import requests
import responses

from wcflow.sandbox.door import Answers, Call, parse_request, record_call
from wcflow.sandbox.faults import TimedOut, Unreachable
from wcflow.sandbox.rest import Request, Response

Clock = Callable[[], datetime]
Answer = tuple[int, dict[str, str], bytes]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass
class Door:
    """The way into the shop, and a record of who came through."""

    shop: Answers
    clock: Clock
    calls: list[Call] = field(default_factory=list)

    @property
    def writes(self) -> list[Call]:
        """The calls that asked for a change."""
        return [call for call in self.calls if call.writes]

    def forget(self) -> None:
        """Begin the record anew."""
        self.calls.clear()

    def answer(self, sent: requests.PreparedRequest) -> Answer:
        """Answer what `requests` is about to send; trouble becomes what a client sees then."""
        now = self.clock()
        request = _read(sent)
        try:
            response = self.shop.answer(request, now)
        except TimedOut:
            self.calls.append(record_call(request, None, now))
            raise requests.exceptions.ReadTimeout(request=sent) from None
        except Unreachable:
            self.calls.append(record_call(request, None, now))
            raise requests.exceptions.ConnectionError(request=sent) from None
        self.calls.append(record_call(request, response, now))
        _in_time(sent, response)
        return response.status, dict(response.headers), response.body.encode()


@contextmanager
def mounted(shop: Answers, clock: Clock, *, url: str = "https://shop.example") -> Iterator[Door]:
    """Put a shop, or faults around one, where `requests` looks for `url`."""
    door = Door(shop, clock)
    below = re.compile(re.escape(url) + r"(/.*)?$")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in _METHODS:
            mock.add_callback(method, below, callback=door.answer, content_type=None)
        yield door


def _read(sent: requests.PreparedRequest) -> Request:
    headers = {name.lower(): str(value) for name, value in sent.headers.items()}
    body = sent.body or b""
    whole = body.encode() if isinstance(body, str) else bytes(body)
    return parse_request(str(sent.method), str(sent.url), headers, whole)


def _in_time(sent: requests.PreparedRequest, response: Response) -> None:
    timeout = getattr(sent, "req_kwargs", {}).get("timeout")
    patience = timeout[1] if isinstance(timeout, tuple) else timeout
    if patience is not None and response.delay > patience:
        raise requests.exceptions.ReadTimeout(request=sent)
