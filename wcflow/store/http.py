"""Send requests to the store, retry those that fail, and return the parsed responses.

request ──▶ one attempt ──▶ success? ──yes──▶ Answer
  ▲                            │no
  └── wait, smaller pages ◀── retry?  ──no───▶ StoreError
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from woocommerce.oauth import OAuth

from wcflow import __version__
from wcflow.errors import StoreError
from wcflow.redact import redact_keys
from wcflow.rules.clocks import ClockGap, signature_gap
from wcflow.store import errors, json_body
from wcflow.store.response import StoreResponse, parse_age, parse_http_date
from wcflow.store.retry import AdaptiveSize, retry_wait

Params = Mapping[str, str | int]
SizedParams = Callable[[int], Params]
"""Builds the parameters for a given page or batch size."""

JsonShape = type[list[Any]] | type[dict[str, Any]] | tuple[type, ...]

CONNECT_TIMEOUT = 10.0
_API_VERSION = "wc/v3"
_INDEX_FIELDS = "name,url,home,gmt_offset,timezone_string,namespaces"


class ClientOptions(TypedDict, total=False):
    """Optional settings of a client."""

    ca_file: str | None
    timeout: float
    page_size: int
    sleep: Callable[[float], object]
    jitter: Callable[[], float]
    clock: Callable[[], float]


_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful response: ``body`` is parsed JSON, ``size`` the page or batch size in use."""

    body: Any
    server_now: datetime
    total: int | None
    size: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """The response of an address without a key; ``api`` is the API that its Link header names."""

    status: int
    location: str
    api: str
    headers: Mapping[str, str]


class _Session(requests.Session):
    """A session that follows no redirects: one would turn a POST into a GET."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - its signature
        return None


class HttpClient:
    """A store's REST API. Threads can share it: each has its own session.

    woocommerce.API is not used: it opens a connection for every request, follows redirects, and
    over http sends each parameter twice.
    """

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
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.url = name, url.rstrip("/")
        self.pages = AdaptiveSize(page_size)
        self.requests, self.seconds = 0, 0.0
        self._store_time: tuple[datetime, float] | None = None
        self._key, self._secret = key, secret
        self._connection = errors.ConnectionInfo(
            self.url, min(CONNECT_TIMEOUT, timeout), timeout, ca_file
        )
        self._sleep, self._jitter, self._clock = sleep, jitter, clock
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
        """Close the connections of all threads."""
        with self._lock:
            for session in self._sessions:
                session.close()

    @property
    def is_https(self) -> bool:
        return self.url.startswith("https")

    @property
    def store_now(self) -> datetime | None:
        """Return what the store's clock says now, going by its last response; None before any."""
        if self._store_time is None:
            return None
        said, at = self._store_time
        return said + timedelta(seconds=self._clock() - at)

    @contextmanager
    def limit_concurrency(self, concurrent_requests: int) -> Iterator[None]:
        """Limit how many requests run at the same time.

        With more threads than that, one parses a response while the others wait for the store.
        """
        before, self._slots = self._slots, threading.BoundedSemaphore(concurrent_requests)
        try:
            yield
        finally:
            self._slots = before

    def request(
        self,
        method: str,
        path: str,
        params: Params | SizedParams | None = None,
        *,
        json: Any = None,
        shape: JsonShape = list,
        api: str = _API_VERSION,
        retry: bool = True,
    ) -> Answer:
        """Send a request to ``path`` below ``api`` until it succeeds or no retry is left.

        Without ``retry`` it is sent once.
        """

        def send(size: int) -> requests.Response:
            found = params(size) if callable(params) else params
            return self._send_with_key(method, f"{api}/{path}", json, found)

        return self._send_with_retries(
            method, f"/{path}", send, shape, sized=callable(params), retry=retry
        )

    def index(self) -> Answer:
        """Load the index of the REST API, which needs no key: the store's name and time zone."""
        fields = {"_fields": f"{_INDEX_FIELDS},routes./wc/v3/subscriptions"}

        def send(_size: int) -> requests.Response:
            return self._send("GET", f"{self.url}/wp-json/", params=fields, auth=_no_auth)

        return self._send_with_retries("GET", "/wp-json/", send, dict, sized=False)

    def check_address(self, url: str) -> AddressCheck:
        """Load an address once, without a key and without following redirects."""
        try:
            response = self._send("GET", url, auth=_no_auth, accept="text/html")
        except (requests.RequestException, OSError) as error:
            request = f"GET {redact_keys(url)}"
            raise errors.connection_error(request, self._connection, error, wrote=False) from None
        api = response.links.get("https://api.w.org/", {}).get("url", "")
        location = response.headers.get("Location", "")
        return AddressCheck(response.status_code, location, api, response.headers)

    def _send_with_retries(
        self,
        method: str,
        path: str,
        send: Callable[[int], requests.Response],
        shape: JsonShape,
        *,
        sized: bool,
        retry: bool = True,
    ) -> Answer:
        attempt, wrote = 1, method != "GET"
        while True:
            size = self.pages.size
            try:
                answer = self._send_once(f"{method} {path}", send, shape, size, wrote=wrote)
            except StoreError as error:
                if sized and errors.is_overload(error):
                    self.pages.shrink(size)
                wait = retry_wait(attempt, error, self._jitter(), wrote=wrote)
                if wait is None or not retry:
                    raise
                _log.debug("retrying a request", store=self.name, why=str(error), wait=wait)
                self._sleep(wait)
                attempt += 1
            else:
                if sized:
                    self.pages.count_success(size)
                return answer

    def _send_once(
        self,
        request: str,
        send: Callable[[int], requests.Response],
        shape: JsonShape,
        size: int,
        *,
        wrote: bool,
    ) -> Answer:
        try:
            sent = send(size)
        except (requests.RequestException, OSError) as error:
            # Not chained: the URL in its text contains the signature.
            raise errors.connection_error(request, self._connection, error, wrote=wrote) from None
        response = StoreResponse(sent.status_code, sent.headers, sent.content)
        if gap := _rejected_signature_gap(sent):
            raise errors.clock_error(request, response, gap)
        if not 200 <= response.status < 300:  # noqa: PLR2004 - every success
            raise errors.response_error(request, response, store_url=self.url, wrote=wrote)
        return _build_answer(request, response, shape, size, wrote=wrote)

    def _send_with_key(
        self, method: str, path: str, json: Any, params: Params | None
    ) -> requests.Response:
        """Send once, with the key: Basic over https, an OAuth signature over http."""
        url = f"{self.url}/wp-json/{path}"
        query = {key: str(value) for key, value in (params or {}).items() if value != ""}
        data = None if json is None else orjson.dumps(json)
        if self.is_https:
            auth = HTTPBasicAuth(self._key.encode(), self._secret.encode())
            return self._send(method, url, params=query, data=data, auth=auth)
        return self._send(method, self._sign(method, url, query), data=data, auth=_no_auth)

    def _sign(self, method: str, url: str, query: Mapping[str, str]) -> str:
        """Return the URL with the query, a new nonce and the signature."""
        unsigned = f"{url}?{urlencode(_require_signable(query))}"
        oauth = _Signature(unsigned, self._key, self._secret, version=_API_VERSION, method=method)
        return str(oauth.get_oauth_url())

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
        headers = {"Accept": accept, "User-Agent": f"wcflow/{__version__}"}
        if data is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        with self._slots:
            started = self._clock()
            try:
                response = self._session().request(
                    method,
                    url,
                    params=params,
                    data=data,
                    headers=headers,
                    auth=auth,
                    timeout=(self._connection.connect, self._connection.read),
                    # For each request: REQUESTS_CA_BUNDLE would override that of the session.
                    verify=self._connection.ca_file or True,
                )
            finally:
                ended = self._clock()
                self._count_request(ended - started)
            if (now := parse_http_date(response.headers.get("Date", ""))) is not None:
                self._store_time = now + parse_age(response.headers), ended
            return response

    def _count_request(self, seconds: float) -> None:
        with self._lock:
            self.requests += 1
            self.seconds += seconds

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = _Session()
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1))
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session


class _Signature(OAuth):  # type: ignore[misc]  # the library has no types
    """A signature whose nonce does not repeat: of the library's 100 million, two soon are the same."""

    @staticmethod
    def generate_nonce() -> str:
        return secrets.token_hex(20)


def _rejected_signature_gap(response: requests.Response) -> ClockGap | None:
    """Return the gap of the clocks if the store rejects a signature because of its time.

    WooCommerce's message is in the store's language, so the times are compared.
    """
    if response.status_code != HTTPStatus.UNAUTHORIZED:
        return None
    signed = parse_qs(urlsplit(response.request.url or "").query).get("oauth_timestamp", [""])[0]
    store_now = parse_http_date(response.headers.get("Date", ""))
    if not signed.isdecimal() or store_now is None:
        return None
    return signature_gap(datetime.fromtimestamp(int(signed), UTC), store_now)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing. Without any auth, requests would use an entry of ~/.netrc."""
    return request


def _require_signable(query: Mapping[str, str]) -> Mapping[str, str]:
    for key, value in query.items():
        if "/" in value or "%" in value:
            # woocommerce.OAuth does not escape them, PHP does: the signatures would differ.
            raise StoreError(
                # The value is not shown: it can be personal data.
                f"a {key} that contains / or % cannot be sent over http",
                "Use https for the store, or avoid / and % in coupon codes.",
                permanent=True,
            )
    return query


def _build_answer(
    request: str, response: StoreResponse, shape: JsonShape, size: int, *, wrote: bool
) -> Answer:
    try:
        content = json_body.parse_json(response.content)
    except json_body.UnreadableError as error:
        raise errors.unreadable_error(request, response, str(error), wrote=wrote) from None
    if not isinstance(content, shape):
        why = f"expected {'a list' if shape is list else 'an object'}"
        raise errors.unexpected_error(request, response.status, why, wrote=wrote)
    now = parse_http_date(response.headers.get("Date", ""))
    if now is None:
        why = "expected a Date header (a proxy may have removed it)"
        raise errors.unexpected_error(request, response.status, why, wrote=wrote)
    total = response.headers.get("X-WP-Total", "")
    return Answer(content, now, int(total) if total.isdecimal() else None, size, response.headers)
