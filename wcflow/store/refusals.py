"""Say in one sentence why the store's answer is no success, and what an admin can do about it.

Answers come in, StoreErrors come out. Nothing is asked and nothing retried; calls without any
answer are the matter of silences.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from wcflow.discreet import without_keys, without_secrets
from wcflow.errors import StoreError
from wcflow.store import body

TIMEOUT, UNREACHABLE, BROKEN = "wcflow_timeout", "wcflow_unreachable", "wcflow_broken"
CERTIFICATE, REDIRECT, PAGE = "wcflow_certificate", "wcflow_redirect", "wcflow_page"
UNREADABLE, UNEXPECTED = "wcflow_unreadable", "wcflow_unexpected"
"""wcflow's own words where WooCommerce had no chance to say one: ``StoreError.code``."""

NO_ROUTE = "rest_no_route"
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses that may be another one a moment later; 52x are Cloudflare's."""
OVERLOAD = frozenset({502, 504, 522, 524})
"""Statuses that say: that was too much at once."""

_WHOLE = frozenset({TIMEOUT, UNREACHABLE, BROKEN, CERTIFICATE, REDIRECT, PAGE, NO_ROUTE})


def concerns_store(error: StoreError) -> bool:
    """Say whether the whole store is out of reach or refuses the key, and not just this request."""
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return False  # one order can break a plugin while all others are well
    return error.code in _WHOLE or error.status in BUSY | {401}


def is_overload(error: StoreError) -> bool:
    """Say whether asking for less may help."""
    return error.code == TIMEOUT or error.status in OVERLOAD


@dataclass(frozen=True, slots=True)
class Said:
    """What came back: status, headers, the raw body and, where it is an object, its JSON."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def code(self) -> str:
        return without_secrets(body.plain(str(self._object().get("code", "")), 80))

    @property
    def message(self) -> str:
        said = self._object()
        details = _details(said.get("data"))
        # Plugins quote what they refuse: addresses, sometimes keys; a part of one is one, too.
        whole = body.plain(f"{said.get('message', '')} {details}".strip(), 5_000)
        return body.plain(without_secrets(whole), 240)

    @property
    def page(self) -> bool:
        return body.is_page(self.headers.get("Content-Type", ""), self.content)

    @property
    def title(self) -> str:
        return without_secrets(body.title_of(self.content[:20_000].decode("utf-8", "replace")))

    def _object(self) -> Mapping[str, Any]:
        try:
            found = body.parsed(self.content)
        except body.UnreadableError:
            return {}
        return found if type(found) is dict else {}


def _details(data: Any) -> str:
    params = data.get("params") if type(data) is dict else None
    if type(params) is not dict:
        return ""
    return "; ".join(str(why) for why in params.values())


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After: seconds, or a date less the answer's own Date."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    then, now = instant(value), instant(headers.get("Date", ""))
    return max(0.0, (then - now).total_seconds()) if then and now else None


def instant(http_date: str) -> datetime | None:
    """Read the date of a header; None where it is none."""
    try:
        found = parsedate_to_datetime(http_date)
    except (ValueError, IndexError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def refused(asked: str, said: Said, *, shop: str, wrote: bool) -> StoreError:
    """Give the error for an answer that is not a success."""
    what, advice, permanent = _verdict(said, shop, wrote=wrote)
    wait = retry_after(said.headers)
    return StoreError(
        f"{what}: {asked}: {_cause(said)}",
        advice,
        asked=asked,
        status=said.status,
        code=_code(said),
        permanent=permanent,
        retry_after=wait,
        effect_unknown=wrote and _may_have_happened(said.status, wait),
    )


def _code(said: Said) -> str:
    if said.code:
        return said.code
    if 300 <= said.status < 400:  # noqa: PLR2004 - every redirect
        return REDIRECT
    return PAGE if said.page else ""


def _cause(said: Said) -> str:
    words = f'("{said.message}")' if said.message else ""
    title = f'web page "{said.title}"' if said.page and said.title else ""
    return " ".join(each for each in (f"HTTP {said.status}", said.code, words, title) if each)


def _may_have_happened(status: int, wait: float | None) -> bool:
    # Closed for maintenance or too early: not passed on. A limiter may count after the work is done.
    closed = status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
    return status in BUSY - {425} and not closed


Verdict = tuple[str, str, bool]
"""What is wrong, what to do, and whether it stays so."""


def _verdict(said: Said, shop: str, *, wrote: bool) -> Verdict:
    status = said.status
    if 300 <= status < 400:  # noqa: PLR2004 - every redirect
        return _redirect(said.headers.get("Location", ""), shop)
    if status == HTTPStatus.UNAUTHORIZED:
        return _unauthorized(said, shop, wrote=wrote)
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(said)
    if status == HTTPStatus.NOT_FOUND:
        return _not_found(said)
    return _PLAIN.get(status) or _other(status)


def _redirect(location: str, shop: str) -> Verdict:
    target = without_keys(location.partition("?")[0])
    base = target.partition("/wp-json")[0].rstrip("/")
    advice = f"set url to {base or 'the address where the shop is'}"
    if not target.startswith("http") or "/wp-json" not in target or base == shop:
        advice = "set url to the address that a browser shows for the shop's home page"
    return f"the store sends wcflow on to {target or 'nowhere'}", advice, True


def _unauthorized(said: Said, shop: str, *, wrote: bool) -> Verdict:
    message = said.message.lower()
    if "timestamp" in message:
        advice = "set the clocks of this machine and of the shop: over http they must agree within 15 min"
        return "the store refused the time of the request", advice, False
    if "nonce" in message:
        return "the store saw this request before", "run the command again", False
    if said.code != "woocommerce_rest_authentication_error" or "consumer key" in message:
        return "the store does not know the key", _unknown_key(shop), True
    if wrote and "secret" not in message and "signature" not in message:
        advice = (
            "give the key the permission Read/Write (WooCommerce, Settings, Advanced, REST API)"
        )
        sure = "permission" in message  # the message comes in the shop's language
        return "the key may only read" + ("" if sure else ", or its secret is wrong"), advice, True
    return "the consumer secret is wrong", "copy consumer_key and consumer_secret once more", True


def _unknown_key(shop: str) -> str:
    advice = (
        "check consumer_key (WooCommerce, Settings, Advanced, REST API) and that it was not revoked"
    )
    if shop.startswith("https"):
        advice += "; if it is right, the web server drops the Authorization header: let it pass"
    return advice


def _forbidden(said: Said) -> Verdict:
    if said.code:
        advice = "give the key to a user who is an administrator or at least a shop manager"
        return "the key's user may not do this", advice, True
    advice = "allow this machine's address and the user agent wcflow in the shop's firewall or security plugin"
    return "something in front of the shop turned wcflow away", advice, False


def _not_found(said: Said) -> Verdict:
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


_LATER = "try again later"
_PLAIN: Mapping[int, Verdict] = {
    400: ("the store did not accept the request", "", True),
    405: (
        "the store does not allow this method here",
        "let the web server pass PUT and DELETE",
        True,
    ),
    408: ("the store did not wait for the request", _LATER, False),
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
        f"{_LATER}: WordPress may be updating itself",
        False,
    ),
    504: ("the store took too long for its web server", "lower page_size if it stays so", False),
}


def _other(status: int) -> Verdict:
    if status in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "the store is in trouble", _LATER, False
    return "the store refused the request", "", 400 <= status < 500  # noqa: PLR2004 - its range


def unreadable(asked: str, said: Said, why: str, *, wrote: bool) -> StoreError:
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
        code=PAGE if page else UNREADABLE,
        effect_unknown=wrote,
    )


def unexpected(asked: str, status: int, why: str, *, wrote: bool) -> StoreError:
    """Give the error for JSON that is not of the form that WooCommerce documents."""
    return StoreError(
        f"the store's answer is not as WooCommerce documents it: {asked}: {why}",
        "look for a plugin that changes the REST API, and update WooCommerce",
        asked=asked,
        status=status,
        code=UNEXPECTED,
        effect_unknown=wrote,
    )
