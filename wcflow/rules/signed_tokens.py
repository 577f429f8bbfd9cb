"""Tokens that wcflow signs for links in e-mails: they come back from the store's own address.

A token is a JSON list and a signature. Each purpose has its own key, which the companion plugin gets
too: it refuses forged links at once, and wcflow checks them again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence

UNSUBSCRIBE, LINK = b"unsubscribe", b"link"
_MAC_BYTES = 16


def derive_key(secret: str, purpose: bytes) -> bytes:
    """Return the key of a purpose, apart from coupon codes, which derive from the same secret."""
    return hmac.new(secret.encode(), purpose, hashlib.sha256).digest()


def make_token(key: bytes, parts: Sequence[object]) -> str:
    """Return a token for links: letters, digits, ``-``, ``_`` and one ``.``."""
    body = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return f"{_encode(body)}.{_encode(_sign(key, body))}"


def read_token(key: bytes, token: str) -> list[object] | None:
    """Return what was signed, or None if it was not by us; takes the same time for any token."""
    body_text, _, mac_text = token.strip().partition(".")
    body, mac = _decode(body_text), _decode(mac_text)
    if not hmac.compare_digest(_sign(key, body), mac):
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:_MAC_BYTES]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
