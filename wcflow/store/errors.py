"""Turn failed requests into StoreErrors: one sentence with the cause, and advice for the admin."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3

from wcflow.errors import StoreError
from wcflow.redact import redact_keys
from wcflow.rules.clocks import CLOCK_ADVICE, ClockGap
from wcflow.store.response import StoreResponse, parse_retry_after

TIMEOUT, UNREACHABLE, DISCONNECTED = "wcflow_timeout", "wcflow_unreachable", "wcflow_broken"
CERTIFICATE, REDIRECT, HTML_PAGE = "wcflow_certificate", "wcflow_redirect", "wcflow_page"
UNREADABLE, UNEXPECTED = "wcflow_unreadable", "wcflow_unexpected"
"""Values of ``StoreError.code`` where WooCommerce sent no code."""

NO_ROUTE = "rest_no_route"
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses that can pass with time; 52x are Cloudflare's."""
OVERLOAD_STATUSES = frozenset({502, 504, 522, 524})
"""Statuses that mean that the request asked for too much."""

_STORE_WIDE_CODES = frozenset(
    {TIMEOUT, UNREACHABLE, DISCONNECTED, CERTIFICATE, REDIRECT, HTML_PAGE, NO_ROUTE}
)


def is_store_wide(error: StoreError) -> bool:
    """Return whether other requests would fail too: the store is unreachable or rejects the key."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return False  # a single order can crash a plugin
    return error.code in _STORE_WIDE_CODES or error.status in TRANSIENT_STATUSES | {401}


def is_overload(error: StoreError) -> bool:
    """Return whether a smaller request could succeed."""
    return error.code == TIMEOUT or error.status in OVERLOAD_STATUSES


# Requests without a response


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """How wcflow connects to the store; ``connect`` and ``read`` are time-outs in seconds."""

    store_url: str
    connect: float
    read: float
    ca_file: str | None

    @property
    def host(self) -> str:
        return urlsplit(self.store_url).netloc.rpartition("@")[2]


def connection_error(
    request: str, connection: ConnectionInfo, error: Exception, *, wrote: bool
) -> StoreError:
    """Return the error for a request without a response; ``error``'s text can contain a signature."""
    what, advice, code, permanent = _diagnose_connection(connection, error)
    return StoreError(
        f"{what} ({request})",
        advice,
        request=request,
        code=code,
        permanent=permanent,
        effect_unknown=wrote and code in (TIMEOUT, DISCONNECTED) and not _was_not_sent(error),
    )


ConnectionDiagnosis = tuple[str, str, str, bool]
"""What failed, advice, ``StoreError.code``, and whether it is permanent."""


def _diagnose_connection(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis:
    if isinstance(error, requests.exceptions.SSLError):
        return *_diagnose_certificate(connection, tuple(_causes(error))), CERTIFICATE, True
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return f"{connection.store_url} is not a web address", "Check url.", UNREACHABLE, True
    return _diagnose_timeout(connection, error) or _diagnose_unconnected(connection, error)


def _diagnose_timeout(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis | None:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        what = f"could not connect to {connection.host} within {connection.connect:g} s"
        advice = "Check url, whether the store is running, and the firewalls in between."
        return what, advice, TIMEOUT, False
    if _caused_by(error, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        what = f"{connection.host} did not respond within {connection.read:g} s"
        return what, "If this continues, raise timeout or lower page_size.", TIMEOUT, False
    return None


def _diagnose_unconnected(connection: ConnectionInfo, error: Exception) -> ConnectionDiagnosis:
    if _caused_by(error, socket.gaierror, urllib3.exceptions.NameResolutionError):
        what = f"the host name {connection.host} could not be resolved"
        return what, "Check url and the DNS settings of this machine.", UNREACHABLE, False
    if _was_not_sent(error):
        what = f"could not connect to {connection.host}"
        return what, "Check url and whether the store's web server is running.", UNREACHABLE, False
    if connection.ca_file and type(error) in (OSError, FileNotFoundError):
        what = f"cannot read {connection.ca_file}"
        return what, "Set ca_file to a file of certificates in PEM format.", CERTIFICATE, True
    return f"the connection to {connection.host} was lost", _TRY_LATER, DISCONNECTED, False


_TRY_LATER = "Try again later."
_UNKNOWN_AUTHORITY = "Set ca_file to the certificate of the authority that signed it."
_WRONG_HOST_NAME = "Set url to the host name in the certificate."
_CERTIFICATE_ADVICE = {
    9: "Set the clock of this machine.",  # not valid yet
    10: "Renew the store's certificate.",  # expired
    62: _WRONG_HOST_NAME,
    64: _WRONG_HOST_NAME,  # the same for an IP address
}


def _diagnose_certificate(
    connection: ConnectionInfo, causes: tuple[object, ...]
) -> tuple[str, str]:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {connection.host} is not trusted: {cause.verify_message}"
            return what, _CERTIFICATE_ADVICE.get(cause.verify_code, _UNKNOWN_AUTHORITY)
    if connection.ca_file and any("x509" in str(cause).lower() for cause in causes):
        what = f"{connection.ca_file} contains no certificate"
        return what, "Set ca_file to a file of certificates in PEM format."
    return f"{connection.host} does not support https", "Check the port and https:// in url."


def _was_not_sent(error: Exception) -> bool:
    """Return whether the request was certainly not sent, because no connection was made."""
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
    """Yield an exception and those inside it, however requests and urllib3 wrapped them."""
    if not isinstance(error, BaseException):
        return
    yield error
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__):
        if inner is not error:
            yield from _causes(inner)


# Responses that are not a success


def response_error(
    request: str, response: StoreResponse, *, store_url: str, wrote: bool
) -> StoreError:
    """Return the error for a response that is not a success."""
    what, advice, permanent = _diagnose(response, store_url, wrote=wrote)
    wait = parse_retry_after(response.headers)
    return StoreError(
        f"{what} ({request}: {_error_cause(response)})",
        advice,
        request=request,
        status=response.status,
        code=_error_code(response),
        permanent=permanent,
        retry_after=wait,
        effect_unknown=wrote and _may_have_happened(response.status, wait),
    )


def clock_error(request: str, response: StoreResponse, gap: ClockGap) -> StoreError:
    """Return the error for a signature that is rejected because the clocks disagree."""
    return StoreError(
        f"{gap} ({request}: {_error_cause(response)})",
        CLOCK_ADVICE,
        request=request,
        status=response.status,
        code=_error_code(response),
    )


def _error_code(response: StoreResponse) -> str:
    if response.code:
        return response.code
    if 300 <= response.status < 400:  # noqa: PLR2004 - every redirect
        return REDIRECT
    return HTML_PAGE if response.page else ""


def _error_cause(response: StoreResponse) -> str:
    cause = f"HTTP {response.status} {response.code}".rstrip()
    if response.page and response.title:
        cause += f', web page "{response.title}"'
    return f'{cause}: "{response.message}"' if response.message else cause


def _may_have_happened(status: int, wait: float | None) -> bool:
    # Not with 425, nor with a 503 that names a time: WordPress is updating itself and did not
    # process the request. A rate limit (429) can apply after it was processed.
    maintenance = status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
    return status in TRANSIENT_STATUSES - {425} and not maintenance


Diagnosis = tuple[str, str, bool]
"""What failed, advice, and whether it is permanent."""


def _diagnose(response: StoreResponse, store_url: str, *, wrote: bool) -> Diagnosis:
    status = response.status
    if 300 <= status < 400:  # noqa: PLR2004 - every redirect
        return _diagnose_redirect(response.headers.get("Location", ""), store_url)
    if status == HTTPStatus.UNAUTHORIZED:
        return _diagnose_unauthorized(response, store_url, wrote=wrote)
    if status == HTTPStatus.FORBIDDEN:
        return _diagnose_forbidden(response)
    if status == HTTPStatus.NOT_FOUND:
        return _diagnose_not_found(response)
    said = f"{response.message} {response.title}".lower()
    if status == HTTPStatus.SERVICE_UNAVAILABLE and "maintenance" in said:
        return "the store is in maintenance mode", "Wait until the maintenance is over.", False
    return _BY_STATUS.get(status) or _diagnose_other(status)


def _diagnose_redirect(location: str, store_url: str) -> Diagnosis:
    target = redact_keys(location.partition("?")[0])
    base = target.partition("/wp-json")[0].rstrip("/")
    advice = f"Set url to {base}."
    if not target.startswith("http") or "/wp-json" not in target or base == store_url:
        advice = "Set url to the address that a browser shows for the store's home page."
    return f"the store redirects to {target or 'an unknown address'}", advice, True


def _diagnose_unauthorized(response: StoreResponse, store_url: str, *, wrote: bool) -> Diagnosis:
    message = response.message.lower()
    if "timestamp" in message:
        advice = (
            "Set the clocks of this machine and the store: over http they must agree within 15 min."
        )
        return "the store rejected the time of the request", advice, False
    if "nonce" in message:
        return "the store has already seen this request", "Run the command again.", False
    if response.code != "woocommerce_rest_authentication_error" or "consumer key" in message:
        return "the store rejected the API key", _unknown_key_advice(store_url), True
    if wrote and "secret" not in message and "signature" not in message:
        advice = "Give the key Read/Write permission (WooCommerce, Settings, Advanced, REST API)."
        certain = "permission" in message  # the message is in the store's language
        return f"the key is read-only{'' if certain else ' or its secret is wrong'}", advice, True
    return "the consumer secret is wrong", "Copy consumer_key and consumer_secret again.", True


def _unknown_key_advice(store_url: str) -> str:
    advice = (
        "Check consumer_key and that it was not revoked"
        " (WooCommerce, Settings, Advanced, REST API)."
    )
    if store_url.startswith("https"):
        advice += (
            " If the key is right, the web server drops the Authorization header:"
            " configure it to pass the header on."
        )
    return advice


def _diagnose_forbidden(response: StoreResponse) -> Diagnosis:
    if response.code:
        advice = "Assign the key to a user who is an administrator or at least a shop manager."
        return "the key's user does not have permission", advice, True
    advice = (
        "Allow this machine's address and the user agent wcflow in the store's firewall or"
        " security plugin."
    )
    return "a firewall or security plugin blocked the request", advice, False


def _diagnose_not_found(response: StoreResponse) -> Diagnosis:
    if response.code == NO_ROUTE:
        advice = "Activate WooCommerce, and update it if it is older than 3.5."
        return "the store's API does not have this route", advice, True
    if response.code:
        return "not found in the store", "", True
    advice = (
        "Check url. If it is right, choose any permalink structure but Plain (WordPress, Settings,"
        " Permalinks) and configure the web server to pass /wp-json on to WordPress."
    )
    return "there is no WooCommerce API at this address", advice, True


_LOWER_PAGE_SIZE = "If this continues, lower page_size."
_BY_STATUS: Mapping[int, Diagnosis] = {
    400: ("the store rejected the request", "", True),
    405: (
        "the store does not allow this method",
        "Configure the web server to allow PUT and DELETE.",
        True,
    ),
    408: ("the store stopped waiting for the request", _TRY_LATER, False),
    413: ("the request was too large for the store", "", True),
    414: ("the URL of the request was too long for the store", "", True),
    429: (
        "the store limits the request rate",
        "Raise poll_every, or ask the host for a higher limit.",
        False,
    ),
    500: ("the store reported an internal error", "Check the store's PHP error log.", False),
    501: ("the store does not support the request", "", True),
    502: ("the store's web server got no response from PHP", _LOWER_PAGE_SIZE, False),
    503: (
        "the store is temporarily unavailable",
        "Try again later: WordPress may be updating itself.",
        False,
    ),
    504: ("the store took too long to respond to its web server", _LOWER_PAGE_SIZE, False),
}


def _diagnose_other(status: int) -> Diagnosis:
    if status in TRANSIENT_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the store has a problem", _TRY_LATER, False
    return "the store rejected the request", "", 400 <= status < 500  # noqa: PLR2004 - its range


# Successful responses with unexpected content


def unreadable_error(request: str, response: StoreResponse, why: str, *, wrote: bool) -> StoreError:
    """Return the error for a success whose body is not JSON."""
    page = response.page
    title = f' "{response.title}"' if page and response.title else ""
    what = "the store sent a web page" if page else "cannot read the store's response"
    advice = (
        "Check the store's plugins and the host's protection: one of them intercepts the API."
        if page
        else "Check the store's PHP error log."
    )
    return StoreError(
        f"{what}{title} ({request}: HTTP {response.status}{'' if page else f': {why}'})",
        advice,
        request=request,
        status=response.status,
        code=HTML_PAGE if page else UNREADABLE,
        effect_unknown=wrote,
    )


def unexpected_error(request: str, status: int, why: str, *, wrote: bool) -> StoreError:
    """Return the error for JSON that does not match WooCommerce's documentation."""
    return StoreError(
        f"the store's response is not what WooCommerce documents ({request}: {why})",
        "Look for a plugin that changes the REST API, and update WooCommerce.",
        request=request,
        status=status,
        code=UNEXPECTED,
        effect_unknown=wrote,
    )
