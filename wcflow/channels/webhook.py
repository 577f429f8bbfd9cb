"""Send webhooks as Standard Webhooks describes them: signed, with a stable id.

The address connected to is the one that was checked: a host name whose address changes between the
two cannot lead wcflow into a private network.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook

from wcflow.channels.addresses import WebhookSettings
from wcflow.errors import DeliveryError
from wcflow.redact import printable_text, redact_text

SHOWN = 500
"""Characters of an answer that are shown."""
RETRIED = frozenset({408, 425, 429})
PAUSE = timedelta(minutes=1)
"""After an address did not answer, nothing else is sent to it for this long."""
_DAY = 86_400
GONE = 410


@dataclass(slots=True)
class WebhookChannel:
    """Sends the webhooks of the configuration; an address that does not answer is left alone a while."""

    settings: Mapping[str, WebhookSettings]
    clock: Callable[[], datetime]
    _silent: dict[str, tuple[datetime, DeliveryError]] = field(default_factory=dict)

    def send(self, name: str, message_id: str, body: str) -> str:
        """Send one; return the outcome in words. Raises DeliveryError."""
        settings = self.settings.get(name)
        if settings is None:
            raise DeliveryError(f"[webhook {name}] is no longer in the INI file", permanent=True)
        now = self.clock()
        until, error = self._silent.get(name, (now, None))
        if error is not None and now < until:
            raise error
        try:
            return send_webhook(settings, message_id, body, now)
        except NoAnswerError as failure:
            self._silent[name] = (now + PAUSE, failure)
            raise


class NoAnswerError(DeliveryError):
    """The address could not be reached."""


def send_webhook(settings: WebhookSettings, message_id: str, body: str, now: datetime) -> str:
    """Send a body to the address, signed; return the outcome in words. Raises DeliveryError."""
    headers = {
        **settings.headers,
        "Content-Type": "application/json",
        "User-Agent": "wcflow",
        "Idempotency-Key": message_id,
        **_signature(settings.key, message_id, body, now),
    }
    refusal: Exception | None = None
    for address in _addresses(settings):
        try:
            return _post(settings, address, headers, body)
        except requests.ConnectTimeout as error:
            refusal = error
        except requests.ConnectionError as error:
            refusal = error
            if not _never_connected(error):
                break
        except requests.RequestException as error:
            refusal = error
            break
    raise NoAnswerError(f"POST {settings.place}: no answer ({_cause(refusal)})")


def _signature(key: bytes, message_id: str, body: str, now: datetime) -> dict[str, str]:
    now = now.astimezone(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(key).sign(message_id, now, body),
    }


def _post(settings: WebhookSettings, address: str, headers: Mapping[str, str], body: str) -> str:
    with requests.Session() as session:
        session.trust_env = False  # a proxy would connect to an address that was not checked
        for scheme in ("https://", "http://"):
            session.mount(scheme, _ToAddress(address))
        response = session.post(
            settings.url,
            data=body.encode(),
            headers={**headers, "Host": urlsplit(settings.url).netloc.rpartition("@")[2]},
            timeout=settings.timeout,
            allow_redirects=False,
            stream=True,
        )
        with response:
            if response.ok and not response.is_redirect and response.status_code < 300:  # noqa: PLR2004
                return f"POST {settings.place}: HTTP {response.status_code}"
            raise _refused(settings, response)


def _refused(settings: WebhookSettings, response: requests.Response) -> DeliveryError:
    status = response.status_code
    message = f"POST {settings.place}: HTTP {status}"
    if answer := _answer(settings, response):
        message = f"{message}: {answer}"
    if 300 <= status < 400:  # noqa: PLR2004
        return DeliveryError(
            f"{message} (a redirect, which wcflow does not follow: write the final address into the"
            " INI file)",
            permanent=True,
        )
    if status == GONE:
        return DeliveryError(f"{message} (the receiver accepts no more)", permanent=True)
    permanent = 400 <= status < 500 and status not in RETRIED  # noqa: PLR2004
    return DeliveryError(message, permanent=permanent, retry_after=_retry_after(response))


def _answer(settings: WebhookSettings, response: requests.Response) -> str:
    """Return the beginning of an answer in one line, without secrets."""
    try:
        start = next(response.iter_content(4 * SHOWN), b"")
    except requests.RequestException:
        return ""
    text = start.decode("utf-8", "replace")
    for secret in (settings.url, *settings.headers.values()):
        text = text.replace(secret, "…")
    return " ".join(printable_text(redact_text(text)).split())[:SHOWN]


def _retry_after(response: requests.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return min(float(seconds), _DAY) if seconds.isdecimal() else None


# Addresses.


def is_public(address: str) -> bool:
    """Return whether an IP address is reachable from everywhere, and none of a private network."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not found.is_multicast


def _addresses(settings: WebhookSettings) -> Iterator[str]:
    """Yield the addresses of the host that may be connected to; raises DeliveryError for none."""
    parts = urlsplit(settings.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAnswerError(f"POST {settings.place}: the host has no address") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    allowed = [each for each in addresses if settings.allow_private or is_public(each)]
    if not allowed:
        raise DeliveryError(
            f"POST {settings.place}: the host is in a private network (if that is right, add"
            f" allow_private = yes to [webhook {settings.name}])",
            permanent=True,
        )
    yield from allowed


class _ToAddress(HTTPAdapter):
    """Connects to one address, whatever the name of the host means by then."""

    def __init__(self, address: str) -> None:
        super().__init__(max_retries=0)
        self._address = address

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        named: dict[str, Any] = {**pool}
        if host["scheme"] == "https":
            named |= {"server_hostname": host["host"], "assert_hostname": host["host"]}
        return {**host, "host": self._address}, named


def _never_connected(error: requests.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ == "NewConnectionError"


def _cause(error: Exception | None) -> str:
    """Return why there is no answer; the text of the error would contain the address."""
    if isinstance(error, requests.Timeout):
        return "it took too long"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not valid"
    if isinstance(error, requests.ConnectionError):
        return "no connection" if _never_connected(error) else "the connection was closed"
    return type(error).__name__
