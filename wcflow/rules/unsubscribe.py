"""Signed links to unsubscribe: whoever has the link can unsubscribe that address, and nobody else's."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import astuple, dataclass
from urllib.parse import quote, urlsplit

_MAC_BYTES = 16
MAIL_SUBJECT = "unsubscribe"
"""The subject of an e-mail that asks for it; the token follows."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who unsubscribes, and from which e-mail the link was."""

    store: str
    person: int
    address: str
    email: str


def unsubscribe_token(secret: str, subscriber: Subscriber) -> str:
    """Return a token for links: letters, digits, ``-``, ``_`` and one ``.``."""
    body = json.dumps(astuple(subscriber), ensure_ascii=False, separators=(",", ":")).encode()
    return f"{_encode(body)}.{_encode(_sign(secret, body))}"


def check_token(secret: str, token: str) -> Subscriber | None:
    """Return whom a token belongs to, or None if it is not ours; takes the same time for any token."""
    body_text, _, mac_text = token.strip().partition(".")
    body, mac = _decode(body_text), _decode(mac_text)
    if not hmac.compare_digest(_sign(secret, body), mac):
        return None
    try:
        store, person, address, email = json.loads(body)
    except ValueError:
        return None
    return Subscriber(store, person, address, email)


def unsubscribe_link(base: str, token: str) -> str:
    """Return the address with the token in it: ``https://shop.example/u?wcflow=TOKEN``."""
    return f"{base}{'&' if urlsplit(base).query else '?'}wcflow={token}"


def unsubscribe_mail(address: str, token: str) -> str:
    """Return a ``mailto:`` link; the mailbox of [bounces] understands the e-mail that it makes."""
    return f"mailto:{quote(address, safe='@')}?subject={MAIL_SUBJECT}%20{token}"


def _sign(secret: str, body: bytes) -> bytes:
    # Apart from coupon codes, which derive from the same secret.
    key = hmac.new(secret.encode(), b"unsubscribe", hashlib.sha256).digest()
    return hmac.new(key, body, hashlib.sha256).digest()[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
