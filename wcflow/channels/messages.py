"""Messages to an admin through apprise, and pings of a monitor such as healthchecks.io."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, Literal

import requests

from wcflow.errors import DeliveryError

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
        return import_module("apprise")
    except ImportError:
        advice = f"Run: {sys.executable} -m pip install apprise"
        raise DeliveryError("apprise is not installed", advice) from None
