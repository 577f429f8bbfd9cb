"""Messages through apprise to admins and customers, and pings of a monitor such as healthchecks.io."""

from __future__ import annotations

import logging
import re
import sys
import threading
from importlib import import_module
from typing import Any, Literal

import requests

from wcflow.channels.addresses import fill_placeholders
from wcflow.errors import DeliveryError
from wcflow.redact import redact_text

TIMEOUT = (5.0, 5.0)
"""Seconds to connect, and for each part of the response."""
MAX_BODY = 1000
Signal = Literal["start", "success", "fail"]


def ping(url: str, signal: Signal, reason: str) -> None:
    """Send a monitor the state of wcflow: started, working or failing; raises DeliveryError.

    As healthchecks.io takes it: URL/start, URL, URL/fail, with the reason as the body.
    """
    path = "" if signal == "success" else f"/{signal}"
    try:
        response = requests.post(
            f"{url.rstrip('/')}{path}",
            data=reason.encode()[:MAX_BODY],
            headers={"User-Agent": "wcflow", "Content-Type": "text/plain; charset=utf-8"},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except (requests.RequestException, ValueError) as error:  # of urllib3: a host that cannot be
        # The text of the error contains the address, which is a secret.
        raise DeliveryError(f"no answer from ping_url ({_cause(error)})") from None
    if response.status_code >= requests.codes.multiple_choices:
        raise DeliveryError(f"ping_url answered with HTTP {response.status_code}")


def _cause(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "it took too long"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__


def send_apprise(addresses: list[str], subject: str, text: str) -> str:
    """Send a message to all addresses of apprise; return which ones it did not reach, and why.

    Raises DeliveryError if it reached none. Those that it reached must not get it again.
    """
    library = _apprise()
    failures = [
        f"{why} address {number} of {len(addresses)}"
        for number, address in enumerate(addresses, 1)
        if (why := _send_to(library.Apprise(), address, subject, text))
    ]
    if len(failures) == len(addresses):
        raise DeliveryError("; ".join(failures))
    return "; ".join(failures)


def _send_to(client: Any, address: str, subject: str, text: str) -> str:
    if not client.add(address):
        return "apprise does not understand"
    return "" if client.notify(title=subject, body=text) else "apprise could not reach"


def _apprise() -> Any:
    try:
        library = import_module("apprise")
    except ImportError:
        advice = f"Run: {sys.executable} -m pip install apprise"
        raise DeliveryError("apprise is not installed", advice) from None
    # What it logs contains addresses and telephone numbers.
    _LOGGER.propagate = False
    # Whoever configures logging disables the loggers that exist, and the reasons would be lost.
    _LOGGER.disabled = False
    return library


_LOGGER = logging.getLogger("apprise")
_STATUS = re.compile(r"error=(\d{3})")
_CAN_PASS = frozenset({401, 403, 408, 425, 429})
"""Among the refusals of a provider: a login can be repaired, and a limit passes."""
_REFUSES_ALL = frozenset({401, 429})
"""Refusals that the next message gets as well: the login is wrong, or a limit is reached."""
_LOST = "Socket Exception: "
"""Apprise logs the cause of a lost connection after these words, for debugging only."""
_NEVER_CONNECTED = re.compile(
    r"NewConnectionError|ConnectTimeout|NameResolutionError|Failed to resolve"
    r"|CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER|Connection refused|unreachable|Name or service not known|Errno -[235]\b"
)


_ONE_AT_A_TIME = threading.Lock()
"""Apprise sends in threads of its own, so what it logs does not show which store it is about."""


class UnconfirmedError(DeliveryError):
    """The connection ended before the answer: the message may have been sent. It must not be repeated."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class RefusesAllError(DeliveryError):
    """The provider takes no message at the moment, whoever it is for."""


class _Said(logging.Handler):
    """Collects what apprise logs about one message."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.warnings: list[str] = []
        self.lost = ""

    def __enter__(self) -> None:
        _LOGGER.setLevel(self.level)
        _LOGGER.addHandler(self)

    def __exit__(self, *_: object) -> None:
        _LOGGER.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.warnings.append(text)
        elif text.startswith(_LOST):
            self.lost = text


def send_to_one(channel: str, url: str, recipient: str, text: str) -> None:
    """Send a message to a customer; raises DeliveryError with what apprise says.

    ``url`` is an address of apprise with a placeholder for the recipient.
    """
    library = _apprise()
    client, said = library.Apprise(asset=_patient(library)), _Said()
    with _ONE_AT_A_TIME, said:
        understood = client.add(fill_placeholders(url, recipient))
        sent = understood and client.notify(body=text, body_format=library.NotifyFormat.TEXT)
    if not understood:
        raise DeliveryError(f"apprise does not understand the address of [channel {channel}]")
    if not sent:
        raise _failure(said, url, recipient)


def _patient(library: Any) -> Any:
    """Return settings with which apprise waits for the provider's answer, as long as that takes.

    It would otherwise stop waiting while it is still sending. Before version 2 it always waits.
    """
    try:
        return library.AppriseAsset(service_timeout=0)
    except (AttributeError, TypeError):
        return library.AppriseAsset()


def _failure(said: _Said, url: str, recipient: str) -> DeliveryError:
    words = "\n".join(said.warnings)
    reason = _without_secrets(words, url, recipient) or "no reason given"
    unknown = not words  # apprise says why it could not send something
    never_connected = _NEVER_CONNECTED.search(said.lost) is not None
    if unknown or (said.lost and not never_connected):
        return UnconfirmedError(
            f"may have been sent: the connection ended before the provider's answer ({reason})."
            " 'wcflow outbox retry' would send it again."
        )
    status = int(found[1]) if (found := _STATUS.search(words)) else 0
    permanent = 400 <= status < 500 and status not in _CAN_PASS  # noqa: PLR2004
    if never_connected or status in _REFUSES_ALL:
        return RefusesAllError(f"apprise could not send it: {reason}")
    return DeliveryError(f"apprise could not send it: {reason}", permanent=permanent)


def check_channel(url: str) -> str:
    """Return what is wrong with the address of a channel, or nothing. Raises DeliveryError."""
    understood = _apprise().Apprise().add(fill_placeholders(url, "+15551234567"))
    return "" if understood else "apprise does not understand the address"


def _without_secrets(words: str, url: str, recipient: str) -> str:
    """Return what apprise said, in one line, without the parts of the address and without numbers."""
    text = " ".join(words.split())
    parts = re.findall(r"[\w.~%+=-]{4,}", url.partition("://")[2])
    for each in sorted({recipient, recipient.lstrip("+"), *parts}, key=len, reverse=True):
        text = text.replace(each, "…")
    return redact_text(re.sub(r"\+?\d{5,}", "…", text))[:300]
