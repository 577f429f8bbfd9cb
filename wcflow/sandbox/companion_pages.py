"""The companion plugin's addresses for e-mails: unsubscribe, open pixel, click.

Each token was signed by wcflow with a key that the plugin knows. A forged one changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from html import escape
from typing import Any

from wcflow.sandbox import meta
from wcflow.sandbox.companion_tables import PLUGIN, record_change, record_event
from wcflow.sandbox.rest import HTML, Request, Response, text_response
from wcflow.sandbox.state import State

_MAC_BYTES = 16
_NEVER_CACHED = {"Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private"}
_PIXEL = "GIF89a"


def answer_mail_address(state: State, request: Request, now: datetime) -> Response | None:
    """Answer a request for one of the addresses; None if it is none of them."""
    if PLUGIN not in state.settings.plugins:
        return None
    for name, answer in (
        ("wcflow", _unsubscribe),
        ("wcflow_open", _open),
        ("wcflow_click", _click),
    ):
        if name in request.params:
            return answer(state, request, str(request.params[name]), now)
    return None


def read_token(key_hex: str, token: str) -> list[Any] | None:
    """Return the signed list of a token, or None if it is not signed with this key."""
    body_text, _, mac_text = token.partition(".")
    body, mac = _decode(body_text), _decode(mac_text)
    try:
        key = bytes.fromhex(key_hex)
    except ValueError:
        return None
    right = hmac.new(key, body, hashlib.sha256).digest()[:_MAC_BYTES]
    if not key or not hmac.compare_digest(right, mac):
        return None
    found = json.loads(body)
    return found if isinstance(found, list) else None


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii", "replace") + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""


def _unsubscribe(state: State, request: Request, token: str, now: datetime) -> Response:
    settings = state.companion.settings
    found = read_token(str(settings.get("unsubscribe_key", "")), token)
    if found is None:
        return _page("This link is not valid.", now, status=400)
    address, topics = str(found[2]), settings.get("topics", [])
    if request.method != "POST":
        boxes = "".join(f"<li>{escape(str(topic['label']))}</li>" for topic in topics)
        return _page(
            f"<form method='post'><ul>{boxes}</ul><button>Unsubscribe</button></form>", now
        )
    asked = request.params.get("topics") or [topic["name"] for topic in topics][:1]
    for topic in topics:
        if topic["name"] in asked and topic["meta"]:
            _withdraw(state, address, str(topic["meta"]), now)
    if not _is_recorded(state, token, asked):
        record_event(state, "unsubscribed", now, {"token": token, "topics": list(asked)})
    return _page("You are unsubscribed.", now)


def _withdraw(state: State, address: str, key: str, now: datetime) -> None:
    for customer in state.customers.values():
        if customer.email.lower() == address.lower():
            meta.set_meta(customer.meta, key, "no", state.numbers, "usermeta")
            customer.cached_json.clear()
            record_change(state, "customer", customer.id, "saved", now)


def _is_recorded(state: State, token: str, topics: Any) -> bool:
    return any(
        row.fields["kind"] == "unsubscribed"
        and row.fields["data"] == {"token": token, "topics": list(topics)}
        for row in state.companion.events.rows
    )


def _open(state: State, request: Request, token: str, now: datetime) -> Response:
    del request
    if _link(state, token, "open", 3) is None:
        return _page("This link is not valid.", now, status=400)
    record_event(state, "email_opened", now, {"token": token})
    return text_response(_PIXEL, now, kind="image/gif", headers=_NEVER_CACHED)


def _click(state: State, request: Request, token: str, now: datetime) -> Response:
    del request
    found = _link(state, token, "click", 4)
    if found is None or not str(found[3]).startswith(("https://", "http://")):
        return _page("This link is not valid.", now, status=400)
    record_event(state, "email_clicked", now, {"token": token, "url": str(found[3])})
    headers = {"Location": str(found[3]), **_NEVER_CACHED}
    return text_response("", now, status=302, kind=HTML, headers=headers)


def _link(state: State, token: str, kind: str, length: int) -> list[Any] | None:
    found = read_token(str(state.companion.settings.get("link_key", "")), token)
    return found if found and found[0] == kind and len(found) == length else None


def _page(body: str, now: datetime, *, status: int = 200) -> Response:
    html = f"<!DOCTYPE html>\n<html><body>{body}</body></html>\n"
    return text_response(html, now, status=status, kind=HTML, headers=_NEVER_CACHED)
