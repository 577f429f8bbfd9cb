"""Send requests to the shop: keys, sessions, time-outs, patience. What an answer means stands elsewhere.

ask ──▶ one try ──▶ answered? ──yes──▶ Answer
 ▲                      │no
 └── wait, shrink ◀── again?  ──no───▶ StoreError
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import urlencode, urlsplit

import orjson
import requests
import structlog
import woocommerce
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from wcflow import __version__
from wcflow.errors import StoreError
from wcflow.redact import without_keys
from wcflow.store import errors, json_body
from wcflow.store.retry import Portion, wait_before
from wcflow.store.signing import signed

Params = Mapping[str, str | int]
Sized = Callable[[int], Params]
"""Parameters that depend on how much may be asked for at once."""

Shape = type[list[Any]] | type[dict[str, Any]] | tuple[type, ...]

Parse = Callable[[bytes], Any]
"""How to read a body: as body.parsed does, and raising what it raises."""

CONNECT_WITHIN = 10.0
_PIECE = 1 << 20


class How(TypedDict, total=False):
    """How to speak to a shop; all of it has defaults."""

    ca_file: str | None
    timeout: float
    page_size: int
    sleep: Callable[[float], object]
    chance: Callable[[], float]
    clock: Callable[[], float]


_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the store answered: ``body`` is JSON, or what it was asked to be read as.

    ``size`` is how much was asked for at once.
    """

    body: Any
    server_now: datetime
    total: int | None
    size: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Glance:
    """What stands at an address when it is looked at without a key."""

    status: int
    location: str
    api: str
    headers: Mapping[str, str]


class Transport(woocommerce.API):  # type: ignore[misc] # woocommerce ships no types
    """A shop's REST API over pooled connections. Threads may share it: each has its own session."""

    def __init__(
        self,
        name: str,
        url: str,
        key: str,
        secret: str,
        *,
        ca_file: str | None = None,
        timeout: float = 30.0,
        page_size: int = 100,
        sleep: Callable[[float], object] = time.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(url.rstrip("/"), key, secret, user_agent=f"wcflow/{__version__}")
        self.name = name
        self.pages = Portion(page_size)
        self.requests, self.seconds = 0, 0.0
        self._line = errors.Line(self.url, min(CONNECT_WITHIN, timeout), timeout, ca_file)
        self._sleep, self._chance, self._clock = sleep, chance, clock
        self._lock = threading.Lock()
        self._of_thread = threading.local()
        self._sessions: list[requests.Session] = []
        self._turns: AbstractContextManager[object] = nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, also those of other threads."""
        with self._lock:
            for session in self._sessions:
                session.close()

    @contextmanager
    def at_most(self, requests_at_once: int) -> Iterator[None]:
        """Let no more requests than these be under way at once, however many threads ask.

        More threads than turns keep a slow shop busy: one makes records while the others wait for it.
        """
        before, self._turns = self._turns, threading.BoundedSemaphore(requests_at_once)
        try:
            yield
        finally:
            self._turns = before

    def ask(
        self,
        method: str,
        path: str,
        params: Params | Sized | None = None,
        *,
        json: Any = None,
        shape: Shape = list,
        parse: Parse = json_body.parsed,
    ) -> Answer:
        """Ask for ``path`` below wc/v3 until it is answered or patience ends."""

        def send(size: int) -> requests.Response:
            asked = params(size) if callable(params) else params
            return self._API__request(method, path, json, asked)

        return self._patiently(method, f"/{path}", send, shape, parse, sized=callable(params))

    def index(self) -> Answer:
        """Ask for the index of the REST API, which takes no key: the shop's name and time zone."""
        fields = {"_fields": "name,url,home,gmt_offset,timezone_string,namespaces"}

        def send(_size: int) -> requests.Response:
            return self._send("GET", f"{self.url}/wp-json/", params=fields, auth=_no_key)

        return self._patiently("GET", "/wp-json/", send, dict, json_body.parsed, sized=False)

    def glance(self, url: str) -> Glance:
        """Look at an address once, without a key and without following: where does it lead?"""
        try:
            seen = self._send("GET", url, auth=_no_key, accept="text/html")
        except (requests.RequestException, OSError) as error:
            asked = f"GET {without_keys(url)}"
            raise errors.unanswered(asked, self._line, error, wrote=False) from None
        api = seen.links.get("https://api.w.org/", {}).get("url", "")
        return Glance(seen.status_code, seen.headers.get("Location", ""), api, seen.headers)

    def _patiently(
        self,
        method: str,
        path: str,
        send: Callable[[int], requests.Response],
        shape: Shape,
        parse: Parse,
        *,
        sized: bool,
    ) -> Answer:
        attempt, wrote = 1, method != "GET"
        while True:
            size = self.pages.size
            try:
                answer = self._try(f"{method} {path}", send, shape, parse, size, wrote=wrote)
            except StoreError as error:
                if sized and errors.is_overload(error):
                    self.pages.was_too_much(size)
                wait = wait_before(attempt, error, self._chance(), wrote=wrote)
                if wait is None:
                    raise
                _log.debug(
                    "store falters, asking again", store=self.name, why=str(error), wait=wait
                )
                self._sleep(wait)
                attempt += 1
            else:
                if sized:
                    self.pages.was_fine(size)
                return answer

    def _try(
        self,
        asked: str,
        send: Callable[[int], requests.Response],
        shape: Shape,
        parse: Parse,
        size: int,
        *,
        wrote: bool,
    ) -> Answer:
        try:
            response = send(size)
        except (requests.RequestException, OSError) as error:
            # Not chained: the address in its text carries the signature.
            raise errors.unanswered(asked, self._line, error, wrote=wrote) from None
        said = errors.Said(response.status_code, response.headers, response.content)
        if not 200 <= said.status < 300:  # noqa: PLR2004 - every success
            raise errors.refused(asked, said, shop=self.url, wrote=wrote)
        return _answer(asked, said, shape, parse, size, wrote=wrote)

    def _API__request(  # noqa: N802 - the name of woocommerce.API's one request method
        self, method: str, endpoint: str, data: Any, params: Params | None = None
    ) -> requests.Response:
        """Send once, with the key: Basic over https, OAuth signed anew over http."""
        url = self._API__get_url(endpoint)
        query = {key: str(value) for key, value in (params or {}).items() if value != ""}
        content = None if data is None else orjson.dumps(data)
        if self.is_ssl:
            auth = HTTPBasicAuth(self.consumer_key.encode(), self.consumer_secret.encode())
            return self._send(method, url, params=query, data=content, auth=auth)
        key, secret = self.consumer_key, self.consumer_secret
        asked = signed(method, url, _signable(query), key, secret)
        return self._send(method, f"{url}?{asked}", data=content, auth=_no_key)

    def _send(
        self,
        method: str,
        url: str,
        *,
        auth: Any,
        params: Params | None = None,
        data: bytes | None = None,
        accept: str = "application/json",
    ) -> requests.Response:
        headers = {"Accept": accept, "User-Agent": self.user_agent}
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        session = self._session()
        prepared = self._prepared(session, method, url, params, data, headers, auth)
        with self._turns:
            return self._exchanged(session, prepared, url)

    def _exchanged(
        self, session: requests.Session, prepared: requests.PreparedRequest, url: str
    ) -> requests.Response:
        started = self._clock()
        try:
            response = session.get_adapter(url).send(
                prepared,
                timeout=(self._line.connect, self._line.read),
                **self._surroundings(session, url),
            )
            # At once, and not in the small pieces in which requests would read and join it.
            response._content = b"".join(response.iter_content(_PIECE))  # noqa: SLF001
            if response.cookies:
                session.cookies.update(response.cookies)  # a balancer's: it keeps us on one server
            return response
        finally:
            self._count(self._clock() - started)

    def _prepared(
        self,
        session: requests.Session,
        method: str,
        url: str,
        params: Params | None,
        data: bytes | None,
        headers: Mapping[str, str],
        auth: Any,
    ) -> requests.PreparedRequest:
        """Prepare a request; what is the same for all of a place is prepared once.

        Its query is written already: requests would take it apart and join it anew.
        """
        place, _, told = url.partition("?")
        key = (method, place, auth is _no_key, headers["Accept"], bool(session.cookies))
        known: dict[Any, requests.PreparedRequest] = self._kept("prepared")
        prepared = known.get(key) if data is None and not session.cookies else None
        if prepared is None:
            request = requests.Request(method, place, headers=headers, data=data, auth=auth)
            prepared = session.prepare_request(request)
            if data is None and not session.cookies:
                known[key] = prepared
        prepared = prepared.copy()
        if query := urlencode(params) if params else told:
            prepared.url = f"{prepared.url}?{query}"
        return prepared

    def _kept(self, what: str) -> dict[Any, Any]:
        """Give what this thread keeps from one request to the next."""
        kept: dict[Any, Any] = self._of_thread.__dict__.setdefault(what, {})
        return kept

    def _surroundings(self, session: requests.Session, url: str) -> Mapping[str, Any]:
        """Give what the environment says of proxies and certificates, looked up once for each host.

        requests would look it up for every request, which takes as long as sending one.
        """
        host = urlsplit(url)[:2]
        found: dict[Any, Mapping[str, Any]] = self._kept("surroundings")
        if host not in found:
            # REQUESTS_CA_BUNDLE would override what stands on the session.
            verify = self._line.ca_file or True
            found[host] = session.merge_environment_settings(url, {}, True, verify, None)
        return found[host]

    def _count(self, seconds: float) -> None:
        with self._lock:
            self.requests += 1
            self.seconds += seconds

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = requests.Session()
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1))
            self._of_thread.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def _no_key(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing. Without any auth, requests would look for one in ~/.netrc."""
    return request


def _signable(query: Mapping[str, str]) -> Mapping[str, str]:
    for key, value in query.items():
        if "/" in value or "%" in value:
            # woocommerce.OAuth leaves them as they are, PHP does not: the signatures differ.
            raise StoreError(
                # What it is stays unsaid: it may be somebody's address.
                f"a {key} with / or % in it cannot be asked for over http",
                "give the shop https, or avoid / and % in codes",
                permanent=True,
            )
    return query


def _answer(
    asked: str, said: errors.Said, shape: Shape, parse: Parse, size: int, *, wrote: bool
) -> Answer:
    try:
        content = parse(said.content)
    except json_body.UnreadableError as error:
        raise errors.unreadable(asked, said, str(error), wrote=wrote) from None
    if not isinstance(content, shape):
        why = f"expected {'a list' if shape is list else 'an object'}"
        raise errors.unexpected(asked, said.status, why, wrote=wrote)
    now = errors.instant(said.headers.get("Date", ""))
    if now is None:
        why = "expected a Date header, which a proxy may have taken away"
        raise errors.unexpected(asked, said.status, why, wrote=wrote)
    total = said.headers.get("X-WP-Total", "")
    return Answer(content, now, int(total) if total.isdecimal() else None, size, said.headers)
