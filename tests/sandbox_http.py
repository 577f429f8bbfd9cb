"""Connects `requests` to the sandbox without a socket."""

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
class SandboxHttp:
    """Passes requests to the store, and records them."""

    sandbox: Answers
    clock: Clock
    calls: list[Call] = field(default_factory=list)

    @property
    def writes(self) -> list[Call]:
        """The calls that can change something."""
        return [call for call in self.calls if call.writes]

    def clear_calls(self) -> None:
        """Clear the record."""
        self.calls.clear()

    def answer(self, sent: requests.PreparedRequest) -> Answer:
        """Answer a request of `requests`; faults become the exceptions that a client sees."""
        now = self.clock()
        request = _read(sent)
        try:
            response = self.sandbox.answer(request, now)
        except TimedOut:
            self.calls.append(record_call(request, None, now))
            raise requests.exceptions.ReadTimeout(request=sent) from None
        except Unreachable:
            self.calls.append(record_call(request, None, now))
            raise requests.exceptions.ConnectionError(request=sent) from None
        self.calls.append(record_call(request, response, now))
        _raise_if_timed_out(sent, response)
        return response.status, dict(response.headers), response.body.encode()


@contextmanager
def mount_sandbox(
    sandbox: Answers, clock: Clock, *, url: str = "https://shop.example"
) -> Iterator[SandboxHttp]:
    """Send requests to `url` to a store, or to its faults."""
    http = SandboxHttp(sandbox, clock)
    below = re.compile(re.escape(url) + r"(/.*)?$")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        # Receivers of webhooks and messages are real servers on this machine.
        mock.add_passthru("http://127.0.0.1:")
        for method in _METHODS:
            mock.add_callback(method, below, callback=http.answer, content_type=None)
        yield http


def _read(sent: requests.PreparedRequest) -> Request:
    headers = {name.lower(): str(value) for name, value in sent.headers.items()}
    body = sent.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    return parse_request(str(sent.method), str(sent.url), headers, content)


def _raise_if_timed_out(sent: requests.PreparedRequest, response: Response) -> None:
    timeout = getattr(sent, "req_kwargs", {}).get("timeout")
    read_timeout = timeout[1] if isinstance(timeout, tuple) else timeout
    if read_timeout is not None and response.delay > read_timeout:
        raise requests.exceptions.ReadTimeout(request=sent)
