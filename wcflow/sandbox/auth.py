"""API keys: authentication and permissions.

HTTP Basic works over https only. Over http WooCommerce requires OAuth 1.0a; the signature is
verified, and each nonce is valid once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from wcflow.sandbox.rest import Basic, OAuth, Request, RestError
from wcflow.sandbox.state import ApiKey, State

ADMIN = ApiKey(f"ck_{'a1' * 20}", f"cs_{'a2' * 20}", "read_write", "administrator", 1)
READER = ApiKey(f"ck_{'b1' * 20}", f"cs_{'b2' * 20}", "read", "administrator", 1)
MANAGER = ApiKey(f"ck_{'c1' * 20}", f"cs_{'c2' * 20}", "read_write", "shop_manager", 0)

COMPANION = "companion"
"""The permission to use the companion plugin."""

_WINDOW = timedelta(minutes=15)
_SIGNED = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
_HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}

_REFUSALS = {
    "list": ("view", "Sorry, you cannot list resources."),
    "view": ("view", "Sorry, you cannot view this resource."),
    "create": ("create", "Sorry, you are not allowed to create resources."),
    "edit": ("edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("delete", "Sorry, you are not allowed to delete this resource."),
    "batch": ("batch", "Sorry, you are not allowed to batch manipulate this resource."),
}


def authenticate(state: State, request: Request, now: datetime) -> ApiKey | None:
    """Return the API key of a request, or None without one."""
    match request.auth:
        case Basic() if request.secure:
            key = _basic_key(state, request.auth)
        case OAuth():
            key = _signed_key(state, request, request.auth, now)
        case _:
            key = None
    if key and key.permissions == "read" and request.method not in {"GET", "HEAD", "OPTIONS"}:
        raise _unauthorized("The API key provided does not have write permissions.")
    return key


def authorize(key: ApiKey | None, permission: str, *, administrators_only: bool = False) -> None:
    """Raise RestError unless the key's role has the permission."""
    allowed = {"administrator"} if administrators_only else {"administrator", "shop_manager"}
    if key and key.role in allowed:
        return
    raise refusal(permission, 403 if key else 401)


def refusal(permission: str, status: int) -> RestError:
    """Return the error for a missing permission."""
    if permission == COMPANION:
        message = "This needs an API key of somebody who manages the shop."
        return RestError("wcflow_forbidden", message, status)
    verb, message = _REFUSALS[permission]
    return RestError(f"woocommerce_rest_cannot_{verb}", message, status)


def sign(method: str, url: str, params: Mapping[str, str], secret: str, hashed: str) -> str:
    """Return the OAuth 1.0a signature of a request; `hashed` is HMAC-SHA256 or HMAC-SHA1."""
    pairs = sorted(
        (_quote(name), _quote(value)) for name, value in params.items() if name != "oauth_signature"
    )
    query = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _quote(url), _quote(query)))
    digest = hmac.new(f"{secret}&".encode(), base.encode(), _HASHES[hashed]).digest()
    return base64.b64encode(digest).decode()


def _basic_key(state: State, credentials: Basic) -> ApiKey | None:
    key = state.keys.get(credentials.key)
    if key and not hmac.compare_digest(key.consumer_secret, credentials.secret):
        raise _unauthorized("Consumer secret is invalid.")
    return key


def _signed_key(state: State, request: Request, credentials: OAuth, now: datetime) -> ApiKey:
    params = credentials.params
    missing = [f"oauth_{name}" for name in _SIGNED if not params.get(f"oauth_{name}")]
    if missing:
        message = f"Missing OAuth parameter{'s' * (len(missing) > 1)} {', '.join(missing)}"
        raise RestError("woocommerce_rest_authentication_missing_parameter", message, 401)
    key = state.keys.get(params["oauth_consumer_key"])
    if key is None:
        raise _unauthorized("Consumer key is invalid.")
    _check_signature(request, credentials, key)
    _use_nonce(state, key, params, now)
    return key


def _check_signature(request: Request, credentials: OAuth, key: ApiKey) -> None:
    params = credentials.params
    method = params["oauth_signature_method"]
    if method not in _HASHES:
        raise _unauthorized("Invalid signature - signature method is invalid.")
    right = sign(request.method, credentials.url, params, key.consumer_secret, method)
    given = unquote(params["oauth_signature"].replace(" ", "+"))
    if not hmac.compare_digest(right, given):
        raise _unauthorized("Invalid signature - provided signature does not match.")


def _use_nonce(state: State, key: ApiKey, params: Mapping[str, str], now: datetime) -> None:
    stamp = params["oauth_timestamp"]
    if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > _WINDOW.total_seconds():
        raise _unauthorized("Invalid timestamp.")
    nonce = (key.consumer_key, params["oauth_nonce"])
    if nonce in state.nonces:
        raise _unauthorized("Invalid nonce - nonce has already been used.")
    if len(state.nonces) > 10_000:
        fresh = {known: at for known, at in state.nonces.items() if now - at < 2 * _WINDOW}
        state.nonces = fresh
    state.nonces[nonce] = now


def _quote(text: str) -> str:
    return quote(text, safe="~")


def _unauthorized(message: str) -> RestError:
    return RestError("woocommerce_rest_authentication_error", message, 401)
