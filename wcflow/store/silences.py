"""Say in one sentence why a call to the store got no answer, and what an admin can do about it.

Exceptions of requests come in, StoreErrors come out. Their own texts are not shown: the address in
them carries the signature.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3

from wcflow.errors import StoreError
from wcflow.store.refusals import BROKEN, CERTIFICATE, TIMEOUT, UNREACHABLE


@dataclass(frozen=True, slots=True)
class Line:
    """How the store was called: for the sentences about a call that got no answer."""

    shop: str
    connect: float
    read: float
    ca_file: str | None

    @property
    def host(self) -> str:
        return urlsplit(self.shop).netloc.rpartition("@")[2]


def unanswered(asked: str, line: Line, error: Exception, *, wrote: bool) -> StoreError:
    """Give the error for a call without an answer. ``error``'s own text may hold a signature."""
    what, advice, code, permanent = _silence(line, error)
    return StoreError(
        f"{what}: {asked}",
        advice,
        asked=asked,
        code=code,
        permanent=permanent,
        effect_unknown=wrote and code in (TIMEOUT, BROKEN) and not _unsent(error),
    )


Silence = tuple[str, str, str, bool]
"""What is wrong, what to do, wcflow's word for it, and whether it stays so."""


def _silence(line: Line, error: Exception) -> Silence:
    if isinstance(error, requests.exceptions.SSLError):
        return *_certificate(line, tuple(_causes(error))), CERTIFICATE, True
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return f"{line.shop} is no web address", "check url", UNREACHABLE, True
    return _late(line, error) or _unconnected(line, error)


def _late(line: Line, error: Exception) -> Silence | None:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        what = f"no connection to {line.host} within {line.connect:g} s"
        return what, "check url, the shop and the firewalls between", TIMEOUT, False
    if _is(error, requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
        what = f"no answer from {line.host} within {line.read:g} s"
        return what, "raise timeout or lower page_size if it stays so", TIMEOUT, False
    return None


def _unconnected(line: Line, error: Exception) -> Silence:
    if _is(error, socket.gaierror, urllib3.exceptions.NameResolutionError):
        what = f"the name {line.host} was not found"
        return what, "check url and this machine's DNS", UNREACHABLE, False
    if _unsent(error):
        what = f"{line.host} takes no connection"
        return what, "check url, and whether the shop's web server runs", UNREACHABLE, False
    if line.ca_file and type(error) in (OSError, FileNotFoundError):
        what = f"{line.ca_file} cannot be read"
        return what, "set ca_file to a file of certificates in PEM format", CERTIFICATE, True
    return f"the connection to {line.host} broke off", "try again later", BROKEN, False


_UNKNOWN_AUTHORITY = "set ca_file to the certificate of the authority that signed it"
_OTHER_NAME = "set url to the name that the certificate was made for"
_CERTIFICATE_ADVICE = {
    9: "set the clock of this machine",  # not valid yet
    10: "renew the shop's certificate",  # expired
    62: _OTHER_NAME,
    64: _OTHER_NAME,  # the same for an IP address
}


def _certificate(line: Line, causes: tuple[object, ...]) -> tuple[str, str]:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {line.host} is not trusted ({cause.verify_message})"
            return what, _CERTIFICATE_ADVICE.get(cause.verify_code, _UNKNOWN_AUTHORITY)
    if line.ca_file and any("x509" in str(cause).lower() for cause in causes):
        return f"{line.ca_file} holds no certificate", "set ca_file to a file in PEM format"
    return f"{line.host} does not speak https", "check the port and the https:// in url"


def _unsent(error: Exception) -> bool:
    """Say whether the request surely never left: no connection came about."""
    return _is(
        error,
        requests.exceptions.ConnectTimeout,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        ConnectionRefusedError,
        socket.gaierror,
    )


def _is(error: Exception, *kinds: type[Exception]) -> bool:
    return any(isinstance(cause, kinds) for cause in _causes(error))


def _causes(error: object) -> Iterator[object]:
    """Give an exception and those it wraps, however requests and urllib3 wrapped them."""
    if not isinstance(error, BaseException):
        return
    yield error
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__):
        if inner is not error:
            yield from _causes(inner)
