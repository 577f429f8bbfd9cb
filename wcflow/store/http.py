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
from wcflow.redact import redact_keys
from wcflow.store import errors, json_body
from wcflow.store.retry import AdaptiveSize, retry_wait
from wcflow.store.signing import signed

Params = Mapping[str, str | int]
SizedParams = Callable[[int], Params]
"""Parameters that depend on how much may be asked for at once."""

JsonShape = type[list[Any]] | type[dict[str, Any]] | tuple[type, ...]

CONNECT_TIMEOUT = 10.0
_CHUNK_BYTES = 1 << 20


class ClientOptions(TypedDict, total=False):
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
    """What the store answered: ``body`` is JSON.

    ``size`` is how much was asked for at once.
    """

    body: Any
    server_now: datetime
    total: int | None
    size: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """What stands at an address when it is looked at without a key."""

    status: int
    location: str
    api: str
    headers: Mapping[str, str]


class HttpClient(woocommerce.API):  # type: ignore[misc] # woocommerce ships no types
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
        self.pages = AdaptiveSize(page_size)
        self.requests, self.seconds = 0, 0.0
        self._connection = errors.ConnectionInfo(
            self.url, min(CONNECT_TIMEOUT, timeout), timeout, ca_file
        )
        self._sleep, self._chance, self._clock = sleep, chance, clock
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._slots: AbstractContextManager[object] = nullcontext()

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
    def limit_concurrency(self, requests_at_once: int) -> Iterator[None]:
        """Let no more requests than these be under way at once, however many threads ask.

        More threads than turns keep a slow shop busy: one makes records while the others wait for it.
        """
        before, self._slots = self._slots, threading.BoundedSemaphore(requests_at_once)
        try:
            yield
        finally:
            self._slots = before

    def ask(
        self,
        method: str,
        path: str,
        params: Params | SizedParams | None = None,
        *,
        json: Any = None,
        shape: JsonShape = list,
    ) -> Answer:
        """Ask for ``path`` below wc/v3 until it is answered or patience ends."""

        def send(size: int) -> requests.Response:
            asked = params(size) if callable(params) else params
            return self._API__request(method, path, json, asked)

        return self._send_with_retries(method, f"/{path}", send, shape, sized=callable(params))

    def index(self) -> Answer:
        """Ask for the index of the REST API, which takes no key: the shop's name and time zone."""
        fields = {"_fields": "name,url,home,gmt_offset,timezone_string,namespaces"}

        def send(_size: int) -> requests.Response:
            return self._send("GET", f"{self.url}/wp-json/", params=fields, auth=_no_auth)

        return self._send_with_retries("GET", "/wp-json/", send, dict, sized=False)

    def check_address(self, url: str) -> AddressCheck:
        """Look at an address once, without a key and without following: where does it lead?"""
        try:
            seen = self._send("GET", url, auth=_no_auth, accept="text/html")
        except (requests.RequestException, OSError) as error:
            asked = f"GET {redact_keys(url)}"
            raise errors.connection_error(asked, self._connection, error, wrote=False) from None
        api = seen.links.get("https://api.w.org/", {}).get("url", "")
        return AddressCheck(seen.status_code, seen.headers.get("Location", ""), api, seen.headers)

    def _send_with_retries(
        self,
        method: str,
        path: str,
        send: Callable[[int], requests.Response],
        shape: JsonShape,
        *,
        sized: bool,
    ) -> Answer:
        attempt, wrote = 1, method != "GET"
        while True:
            size = self.pages.size
            try:
                answer = self._send_once(f"{method} {path}", send, shape, size, wrote=wrote)
            except StoreError as error:
                if sized and errors.is_overload(error):
                    self.pages.shrink(size)
                wait = retry_wait(attempt, error, self._chance(), wrote=wrote)
                if wait is None:
                    raise
                _log.debug(
                    "store falters, asking again", store=self.name, why=str(error), wait=wait
                )
                self._sleep(wait)
                attempt += 1
            else:
                if sized:
                    self.pages.count_success(size)
                return answer

    def _send_once(
        self,
        asked: str,
        send: Callable[[int], requests.Response],
        shape: JsonShape,
        size: int,
        *,
        wrote: bool,
    ) -> Answer:
        try:
            response = send(size)
        except (requests.RequestException, OSError) as error:
            # Not chained: the address in its text carries the signature.
            raise errors.connection_error(asked, self._connection, error, wrote=wrote) from None
        said = errors.StoreResponse(response.status_code, response.headers, response.content)
        if not 200 <= said.status < 300:  # noqa: PLR2004 - every success
            raise errors.response_error(asked, said, store_url=self.url, wrote=wrote)
        return _build_answer(asked, said, shape, size, wrote=wrote)

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
        asked = signed(method, url, _require_signable(query), key, secret)
        return self._send(method, f"{url}?{asked}", data=content, auth=_no_auth)

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
        prepared = self._prepare(session, method, url, params, data, headers, auth)
        with self._slots:
            return self._exchange(session, prepared, url)

    def _exchange(
        self, session: requests.Session, prepared: requests.PreparedRequest, url: str
    ) -> requests.Response:
        started = self._clock()
        try:
            response = session.get_adapter(url).send(
                prepared,
                timeout=(self._connection.connect, self._connection.read),
                **self._environment_settings(session, url),
            )
            # At once, and not in the small pieces in which requests would read and join it.
            response._content = b"".join(response.iter_content(_CHUNK_BYTES))  # noqa: SLF001
            if response.cookies:
                session.cookies.update(response.cookies)  # a balancer's: it keeps us on one server
            return response
        finally:
            self._count_request(self._clock() - started)

    def _prepare(
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
        key = (method, place, auth is _no_auth, headers["Accept"], bool(session.cookies))
        known: dict[Any, requests.PreparedRequest] = self._thread_cache("prepared")
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

    def _thread_cache(self, what: str) -> dict[Any, Any]:
        """Give what this thread keeps from one request to the next."""
        kept: dict[Any, Any] = self._local.__dict__.setdefault(what, {})
        return kept

    def _environment_settings(self, session: requests.Session, url: str) -> Mapping[str, Any]:
        """Give what the environment says of proxies and certificates, looked up once for each host.

        requests would look it up for every request, which takes as long as sending one.
        """
        host = urlsplit(url)[:2]
        found: dict[Any, Mapping[str, Any]] = self._thread_cache("surroundings")
        if host not in found:
            # REQUESTS_CA_BUNDLE would override what stands on the session.
            verify = self._connection.ca_file or True
            found[host] = session.merge_environment_settings(url, {}, True, verify, None)
        return found[host]

    def _count_request(self, seconds: float) -> None:
        with self._lock:
            self.requests += 1
            self.seconds += seconds

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1))
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing. Without any auth, requests would look for one in ~/.netrc."""
    return request


def _require_signable(query: Mapping[str, str]) -> Mapping[str, str]:
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


def _build_answer(
    asked: str,
    said: errors.StoreResponse,
    shape: JsonShape,
    size: int,
    *,
    wrote: bool,
) -> Answer:
    try:
        content = json_body.parse_json(said.content)
    except json_body.UnreadableError as error:
        raise errors.unreadable_error(asked, said, str(error), wrote=wrote) from None
    if not isinstance(content, shape):
        why = f"expected {'a list' if shape is list else 'an object'}"
        raise errors.unexpected_error(asked, said.status, why, wrote=wrote)
    now = errors.parse_http_date(said.headers.get("Date", ""))
    if now is None:
        why = "expected a Date header, which a proxy may have taken away"
        raise errors.unexpected_error(asked, said.status, why, wrote=wrote)
    total = said.headers.get("X-WP-Total", "")
    return Answer(content, now, int(total) if total.isdecimal() else None, size, said.headers)
