"""Say in one sentence why a call to the store got no answer, and what an admin can do about it.

Exceptions of requests come in, StoreErrors come out. Their own texts are not shown: the address in
them carries the signature.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from wcflow.errors import StoreError
from wcflow.redact import redact_keys, redact_text
from wcflow.store import json_body


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """How the store was called: for the sentences about a call that got no answer."""

    store_url: str
    connect: float
    read: float
    ca_file: str | None

    @property
    def host(self) -> str:
        return urlsplit(self.store_url).netloc.rpartition("@")[2]


def connection_error(
    asked: str, connection: ConnectionInfo, error: Exception, *, wrote: bool
) -> StoreError:
    """Give the error for a call without an answer. ``error``'s own text may hold a signature."""
    what, advice, code, permanent = _diagnose_connection(connection, error)
    return StoreError(
        f"{what}: {asked}",
        advice,
        asked=asked,
        code=code,
        permanent=permanent,
        effect_unknown=wrote and code in (TIMEOUT, DISCONNECTED) and not _was_not_sent(error),
    )


ConnectionDiagnosis = tuple[str, str, str, bool]
"""What is wrong, what to do, wcflow's word for it, and whether it stays so."""


def _diagnose_connection(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis:
    if isinstance(error, requests.exceptions.SSLError):
        return *_diagnose_certificate(connection, tuple(_causes(error))), CERTIFICATE, True
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return f"{connection.store_url} is no web address", "check url", UNREACHABLE, True
    return _diagnose_timeout(connection, error) or _diagnose_unconnected(connection, error)


def _diagnose_timeout(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis | None:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        what = f"no connection to {connection.host} within {connection.connect:g} s"
        return what, "check url, the shop and the firewalls between", TIMEOUT, False
    if _caused_by(error, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        what = f"no answer from {connection.host} within {connection.read:g} s"
        return what, "raise timeout or lower page_size if it stays so", TIMEOUT, False
    return None


def _diagnose_unconnected(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis:
    if _caused_by(error, socket.gaierror, urllib3.exceptions.NameResolutionError):
        what = f"the name {connection.host} was not found"
        return what, "check url and this machine's DNS", UNREACHABLE, False
    if _was_not_sent(error):
        what = f"{connection.host} takes no connection"
        return what, "check url, and whether the shop's web server runs", UNREACHABLE, False
    if connection.ca_file and type(error) in (OSError, FileNotFoundError):
        what = f"{connection.ca_file} cannot be read"
        return what, "set ca_file to a file of certificates in PEM format", CERTIFICATE, True
    return f"the connection to {connection.host} broke off", "try again later", DISCONNECTED, False


_UNKNOWN_AUTHORITY = "set ca_file to the certificate of the authority that signed it"
_WRONG_HOST_NAME = "set url to the name that the certificate was made for"
_CERTIFICATE_ADVICE = {
    9: "set the clock of this machine",  # not valid yet
    10: "renew the shop's certificate",  # expired
    62: _WRONG_HOST_NAME,
    64: _WRONG_HOST_NAME,  # the same for an IP address
}


def _diagnose_certificate(
    connection: ConnectionInfo, causes: tuple[object, ...]
) -> tuple[str, str]:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {connection.host} is not trusted ({cause.verify_message})"
            return what, _CERTIFICATE_ADVICE.get(cause.verify_code, _UNKNOWN_AUTHORITY)
    if connection.ca_file and any("x509" in str(cause).lower() for cause in causes):
        return f"{connection.ca_file} holds no certificate", "set ca_file to a file in PEM format"
    return f"{connection.host} does not speak https", "check the port and the https:// in url"


def _was_not_sent(error: Exception) -> bool:
    """Say whether the request surely never left: no connection came about."""
    return _caused_by(
        error,
        requests.exceptions.ConnectTimeout,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        ConnectionRefusedError,
        socket.gaierror,
    )


def _caused_by(error: Exception, *kinds: type[Exception]) -> bool:
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _causes(error: object) -> Iterator[object]:
    """Give an exception and those it wraps, however requests and urllib3 wrapped them."""
    if not isinstance(error, BaseException):
        return
    yield error
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__):
        if inner is not error:
            yield from _causes(inner)


# Say in one sentence why the store's answer is no success, and what an admin can do about it. Answers come in, StoreErrors come out. Nothing is asked and nothing retried; calls without any answer are the matter of silences.py.

TIMEOUT, UNREACHABLE, DISCONNECTED = "wcflow_timeout", "wcflow_unreachable", "wcflow_broken"
CERTIFICATE, REDIRECT, HTML_PAGE = "wcflow_certificate", "wcflow_redirect", "wcflow_page"
UNREADABLE, UNEXPECTED = "wcflow_unreadable", "wcflow_unexpected"
"""wcflow's own words where WooCommerce had no chance to say one: ``StoreError.code``."""

NO_ROUTE = "rest_no_route"
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses that may be another one a moment later; 52x are Cloudflare's."""
OVERLOAD_STATUSES = frozenset({502, 504, 522, 524})
"""Statuses that say: that was too much at once."""

_STORE_WIDE_CODES = frozenset(
    {TIMEOUT, UNREACHABLE, DISCONNECTED, CERTIFICATE, REDIRECT, HTML_PAGE, NO_ROUTE}
)


def is_store_wide(error: StoreError) -> bool:
    """Say whether the whole store is out of reach or refuses the key, and not just this request."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return False  # one order can break a plugin while all others are well
    return error.code in _STORE_WIDE_CODES or error.status in TRANSIENT_STATUSES | {401}


def is_overload(error: StoreError) -> bool:
    """Say whether asking for less may help."""
    return error.code == TIMEOUT or error.status in OVERLOAD_STATUSES


@dataclass(frozen=True, slots=True)
class StoreResponse:
    """What came back: status, headers, the raw body and, where it is an object, its JSON."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def code(self) -> str:
        return redact_text(json_body.plain_text(str(self._object().get("code", "")), 80))

    @property
    def message(self) -> str:
        said = self._object()
        details = _error_details(said.get("data"))
        # Plugins quote what they refuse: addresses, sometimes keys; a part of one is one, too.
        whole = json_body.plain_text(f"{said.get('message', '')} {details}".strip(), 5_000)
        return json_body.plain_text(redact_text(whole), 240)

    @property
    def page(self) -> bool:
        return json_body.is_html(self.headers.get("Content-Type", ""), self.content)

    @property
    def title(self) -> str:
        return redact_text(json_body.html_title(self.content[:20_000].decode("utf-8", "replace")))

    def _object(self) -> Mapping[str, Any]:
        try:
            found = json_body.parse_json(self.content)
        except json_body.UnreadableError:
            return {}
        return found if type(found) is dict else {}


def _error_details(data: Any) -> str:
    params = data.get("params") if type(data) is dict else None
    if type(params) is not dict:
        return ""
    return "; ".join(str(why) for why in params.values())


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date less the answer's own Date."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    then, now = parse_http_date(value), parse_http_date(headers.get("Date", ""))
    return max(0.0, (then - now).total_seconds()) if then and now else None


def parse_http_date(http_date: str) -> datetime | None:
    """Read the date of a header; None where it is none."""
    try:
        found = parsedate_to_datetime(http_date)
    except (ValueError, IndexError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def response_error(asked: str, said: StoreResponse, *, store_url: str, wrote: bool) -> StoreError:
    """Give the error for an answer that is not a success."""
    what, advice, permanent = _diagnose(said, store_url, wrote=wrote)
    wait = parse_retry_after(said.headers)
    return StoreError(
        f"{what}: {asked}: {_error_cause(said)}",
        advice,
        asked=asked,
        status=said.status,
        code=_error_code(said),
        permanent=permanent,
        retry_after=wait,
        effect_unknown=wrote and _may_have_happened(said.status, wait),
    )


def _error_code(said: StoreResponse) -> str:
    if said.code:
        return said.code
    if 300 <= said.status < 400:  # noqa: PLR2004 - every redirect
        return REDIRECT
    return HTML_PAGE if said.page else ""


def _error_cause(said: StoreResponse) -> str:
    words = f'("{said.message}")' if said.message else ""
    title = f'web page "{said.title}"' if said.page and said.title else ""
    return " ".join(each for each in (f"HTTP {said.status}", said.code, words, title) if each)


def _may_have_happened(status: int, wait: float | None) -> bool:
    # Closed for maintenance or too early: not passed on. A limiter may count after the work is done.
    closed = status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
    return status in TRANSIENT_STATUSES - {425} and not closed


Diagnosis = tuple[str, str, bool]
"""What is wrong, what to do, and whether it stays so."""


def _diagnose(said: StoreResponse, store_url: str, *, wrote: bool) -> Diagnosis:
    status = said.status
    if 300 <= status < 400:  # noqa: PLR2004 - every redirect
        return _diagnose_redirect(said.headers.get("Location", ""), store_url)
    if status == HTTPStatus.UNAUTHORIZED:
        return _diagnose_unauthorized(said, store_url, wrote=wrote)
    if status == HTTPStatus.FORBIDDEN:
        return _diagnose_forbidden(said)
    if status == HTTPStatus.NOT_FOUND:
        return _diagnose_not_found(said)
    return _BY_STATUS.get(status) or _diagnose_other(status)


def _diagnose_redirect(location: str, store_url: str) -> Diagnosis:
    target = redact_keys(location.partition("?")[0])
    base = target.partition("/wp-json")[0].rstrip("/")
    advice = f"set url to {base or 'the address where the shop is'}"
    if not target.startswith("http") or "/wp-json" not in target or base == store_url:
        advice = "set url to the address that a browser shows for the shop's home page"
    return f"the store sends wcflow on to {target or 'nowhere'}", advice, True


def _diagnose_unauthorized(said: StoreResponse, store_url: str, *, wrote: bool) -> Diagnosis:
    message = said.message.lower()
    if "timestamp" in message:
        advice = "set the clocks of this machine and of the shop: over http they must agree within 15 min"
        return "the store refused the time of the request", advice, False
    if "nonce" in message:
        return "the store saw this request before", "run the command again", False
    if said.code != "woocommerce_rest_authentication_error" or "consumer key" in message:
        return "the store does not know the key", _unknown_key_advice(store_url), True
    if wrote and "secret" not in message and "signature" not in message:
        advice = (
            "give the key the permission Read/Write (WooCommerce, Settings, Advanced, REST API)"
        )
        sure = "permission" in message  # the message comes in the shop's language
        return "the key may only read" + ("" if sure else ", or its secret is wrong"), advice, True
    return "the consumer secret is wrong", "copy consumer_key and consumer_secret once more", True


def _unknown_key_advice(store_url: str) -> str:
    advice = (
        "check consumer_key (WooCommerce, Settings, Advanced, REST API) and that it was not revoked"
    )
    if store_url.startswith("https"):
        advice += "; if it is right, the web server drops the Authorization header: let it pass"
    return advice


def _diagnose_forbidden(said: StoreResponse) -> Diagnosis:
    if said.code:
        advice = "give the key to a user who is an administrator or at least a shop manager"
        return "the key's user may not do this", advice, True
    advice = "allow this machine's address and the user agent wcflow in the shop's firewall or security plugin"
    return "something in front of the shop turned wcflow away", advice, False


def _diagnose_not_found(said: StoreResponse) -> Diagnosis:
    if said.code == NO_ROUTE:
        advice = "switch WooCommerce on in the shop, and update it if it is older than 3.5"
        return "the store's API has no such entry", advice, True
    if said.code:
        return "the store has no such thing", "", True
    advice = (
        "check url; if it is right, choose any permalink structure but Plain"
        " (WordPress, Settings, Permalinks) and let the web server pass /wp-json on to WordPress"
    )
    return "there is no WooCommerce API at this address", advice, True


_TRY_LATER = "try again later"
_BY_STATUS: Mapping[int, Diagnosis] = {
    400: ("the store did not accept the request", "", True),
    405: (
        "the store does not allow this method here",
        "let the web server pass PUT and DELETE",
        True,
    ),
    408: ("the store did not wait for the request", _TRY_LATER, False),
    413: ("the request was too large for the store", "", True),
    414: ("the request's address was too long for the store", "", True),
    429: (
        "the store asks to be asked less often",
        "raise poll_every, or ask the host for more",
        False,
    ),
    500: ("the store broke down over the request", "look into the shop's PHP error log", False),
    501: ("the store cannot do this", "", True),
    502: ("the store's web server got no answer from PHP", "lower page_size if it stays so", False),
    503: (
        "the store is closed for the moment",
        f"{_TRY_LATER}: WordPress may be updating itself",
        False,
    ),
    504: ("the store took too long for its web server", "lower page_size if it stays so", False),
}


def _diagnose_other(status: int) -> Diagnosis:
    if status in TRANSIENT_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the store is in trouble", _TRY_LATER, False
    return "the store refused the request", "", 400 <= status < 500  # noqa: PLR2004 - its range


def unreadable_error(asked: str, said: StoreResponse, why: str, *, wrote: bool) -> StoreError:
    """Give the error for a success that holds no data that could be understood."""
    page = said.page
    what = "the store answered with a web page" if page else "the store's answer cannot be read"
    title = f' "{said.title}"' if page and said.title else ""
    advice = "look at what the shop's plugins and the host's protection put before its API"
    return StoreError(
        f"{what}{title}: {asked}: HTTP {said.status}" + ("" if page else f": {why}"),
        advice if page else "look into the shop's PHP error log",
        asked=asked,
        status=said.status,
        code=HTML_PAGE if page else UNREADABLE,
        effect_unknown=wrote,
    )


def unexpected_error(asked: str, status: int, why: str, *, wrote: bool) -> StoreError:
    """Give the error for JSON that is not of the form that WooCommerce documents."""
    return StoreError(
        f"the store's answer is not as WooCommerce documents it: {asked}: {why}",
        "look for a plugin that changes the REST API, and update WooCommerce",
        asked=asked,
        status=status,
        code=UNEXPECTED,
        effect_unknown=wrote,
    )
