"""Bad weather around the shop: what hosts, proxies, plugins and networks do to its answers.

Each verb sets up one kind of trouble for so many requests. Nothing here is left to chance: what
befalls which request follows from the arguments and from the order of requests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any

from wcflow.sandbox import values
from wcflow.sandbox.rest import HTML, JSON, Request, Response, http_date, told
from wcflow.sandbox.store import Shop

PHP_NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: size in <b>/srv/plugins/x.php</b> on line <b>7</b>"
)
BOM = "\ufeff"
MAINTENANCE = "Briefly unavailable for scheduled maintenance. Check back in a minute."

Next = Callable[[Request, datetime], Response]
Deed = Callable[[Request, datetime, Next], Response]


class Trouble(Exception):
    """No answer came; a door turns this into what a client sees then."""


class TimedOut(Trouble):
    """The answer took too long."""

    def __init__(self, *, effect: bool) -> None:
        """Say whether the shop did what it was asked all the same."""
        super().__init__(f"timed out {'after' if effect else 'before'} the effect")
        self.effect = effect


class Unreachable(Trouble):
    """The connection was refused."""


@dataclass(slots=True)
class Rule:
    """One kind of trouble: for which requests, how often, and what it does to them."""

    deed: Deed
    only: str = "*"
    times: int | None = 1
    after: int = 0
    when: Callable[[Request], bool] = lambda _request: True

    def befalls(self, request: Request) -> bool:
        """Whether it befalls this request; counting down if so."""
        asked = f"{request.method} {request.path}"
        if self.times == 0 or not fnmatchcase(asked, self.only) or not self.when(request):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """A shop in bad weather; it answers wherever the shop would.

    Verbs share three words: `times` (None: until it recovers), `only` (a glob on method and
    path, such as "POST /wc/v3/orders/batch" or "GET *"), and `after` (how many let pass first).
    """

    def __init__(self, shop: Shop) -> None:
        """Stand before a shop, in fair weather."""
        self.shop = shop
        self.rules: list[Rule] = []

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer as the shop does, less what befalls the request on its way."""
        return self._from(0, request, now)

    def recovers(self) -> None:
        """End all trouble."""
        self.rules.clear()

    def falters(
        self,
        *,
        status: int = 500,
        html: bool = False,
        retry_after: int | None = None,
        effect: bool = False,
        **counts: Any,
    ) -> None:
        """Answer with an error, as JSON or as HTML, in the shop's place or after it did its work."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = "There has been a critical error on this website."
        error = {"code": "internal_server_error", "message": message, "data": {"status": status}}
        body = _html(str(status), message) if html else json.dumps(error)
        kind = HTML if html else JSON

        def deed(request: Request, now: datetime, following: Next) -> Response:
            if effect:
                following(request, now)
            return told(body, now, status=status, kind=kind, headers=headers)

        self._add(deed, counts)

    def throttles(self, *, retry_after: int = 2, **counts: Any) -> None:
        """Answer 429 and say when to come back."""
        self.falters(status=429, html=True, retry_after=retry_after, **counts)

    def maintains(self, **counts: Any) -> None:
        """Answer as WordPress does while it updates itself."""

        def deed(request: Request, now: datetime, _next: Next) -> Response:
            as_json = "application/json" in request.accept
            body = _maintenance() if as_json else _html("Maintenance", MAINTENANCE)
            kind = JSON if as_json else HTML
            return told(body, now, status=503, kind=kind, headers={"Retry-After": "600"})

        self._add(deed, counts)

    def chokes(self, *, over: int = 50, status: int = 504, **counts: Any) -> None:
        """Let a proxy give up on pages longer than `over`, until the shop recovers."""

        def deed(_request: Request, now: datetime, _next: Next) -> Response:
            return told(_html(str(status), "Gateway Time-out"), now, status=status, kind=HTML)

        def when(request: Request) -> bool:
            return int(request.params.get("per_page", 10)) > over

        self._add(deed, {"times": None, **counts}, when)

    def times_out(self, *, effect: bool = False, **counts: Any) -> None:
        """Let no answer come in time, before or after the shop did what it was asked."""

        def deed(request: Request, now: datetime, following: Next) -> Response:
            if effect:
                following(request, now)
            raise TimedOut(effect=effect)

        self._add(deed, counts)

    def refuses_connections(self, **counts: Any) -> None:
        """Let nobody through."""

        def deed(_request: Request, _now: datetime, _next: Next) -> Response:
            raise Unreachable

        self._add(deed, counts)

    def tears(self, **counts: Any) -> None:
        """Break the answer off in the middle."""
        self._alter(lambda response: replace(response, body=_half(response.body)), counts)

    def chatters(self, text: str = PHP_NOTICE, **counts: Any) -> None:
        """Put a PHP notice, or a BOM, before the answer."""
        self._alter(lambda response: replace(response, body=text + response.body), counts)

    def redirects(
        self, to: str = "https://www.shop.example/", *, effect: bool = False, **counts: Any
    ) -> None:
        """Send the client elsewhere, before or after the shop did what it was asked."""

        def deed(request: Request, now: datetime, following: Next) -> Response:
            if effect:
                following(request, now)
            return told(_html("301", "Moved"), now, status=301, kind=HTML, headers={"Location": to})

        self._add(deed, counts)

    def dawdles(self, seconds: float, **counts: Any) -> None:
        """Hold the answer back for so long."""
        self._alter(lambda response: replace(response, delay=seconds), counts)

    def clock_off(self, by: timedelta, **counts: Any) -> None:
        """Let the shop's own clock be wrong: its Date header and its stamps."""

        def deed(request: Request, now: datetime, following: Next) -> Response:
            return following(request, now + by)

        self._add(deed, {"times": None, **counts})

    def date_header_off(self, by: timedelta, **counts: Any) -> None:
        """Let only the Date header be wrong, as behind a proxy with a clock of its own."""

        def deed(request: Request, now: datetime, following: Next) -> Response:
            response = following(request, now)
            return replace(response, headers={**response.headers, "Date": http_date(now + by)})

        self._add(deed, {"times": None, **counts})

    def meanwhile(self, act: Callable[[Shop, datetime], object], **counts: Any) -> None:
        """Let someone act in the shop just before it answers."""

        def deed(request: Request, now: datetime, following: Next) -> Response:
            act(self.shop, now)
            return following(request, now)

        self._add(deed, counts)

    def slips_rows(self, **counts: Any) -> None:
        """Let a page after the first miss its first row, as when a row moved to the page before."""

        def when(request: Request) -> bool:
            return request.method == "GET" and int(request.params.get("page", 1)) > 1

        self._alter(_without_first, counts, when)

    def spoils(self, kind: str, id: int, field: str, value: Any, **counts: Any) -> None:  # noqa: A002  as the shop calls it
        """Let a plugin spoil a field ("total", "line_items.0.id") of an order, customer, product or refund.

        Bytes are JSON as they stand, also such as no Python value gives: ``b"1e999"``.
        """

        def change(response: Response) -> Response:
            if response.status != HTTPStatus.OK:
                return response
            found = response.json
            rows = found if isinstance(found, list) else [found]
            touched = [_spoilt(row, field, value) for row in rows if row.get("id") == id]
            return replace(response, body=_with_raw(found)) if any(touched) else response

        def when(request: Request) -> bool:
            return request.method == "GET" and _kind_at(request.path) == kind

        self._alter(change, {"times": None, **counts}, when)

    def half_saved(self, order_id: int, *, times: int = 1) -> None:
        """Show an order's new stamp with the lines that it had before it was last edited."""
        left = [times]

        def deed(request: Request, now: datetime, following: Next) -> Response:
            response = following(request, now)
            former = self._former(order_id, response) if left[0] else None
            if former is None:
                return response
            left[0] -= 1
            return former

        self._add(deed, {"times": None, "only": "GET /wc/v3/orders*"})

    def _former(self, order_id: int, response: Response) -> Response | None:
        order = self.shop.state.orders.get(order_id)
        found = response.json if response.status == 200 and order else None
        rows = found if isinstance(found, list) else [found]
        shown = [row for row in rows if row and row.get("id") == order_id and "line_items" in row]
        if not shown or order is None:
            return None
        for row in shown:
            row["line_items"] = values.item_rows(order.former_items)
        return replace(response, body=json.dumps(found))

    def _alter(
        self,
        change: Callable[[Response], Response],
        counts: dict[str, Any],
        when: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        def deed(request: Request, now: datetime, following: Next) -> Response:
            return change(following(request, now))

        self._add(deed, counts, when)

    def _add(
        self,
        deed: Deed,
        counts: dict[str, Any],
        when: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        self.rules.append(Rule(deed, when=when, **counts))

    def _from(self, place: int, request: Request, now: datetime) -> Response:
        if place == len(self.rules):
            return self.shop.answer(request, now)

        def following(later: Request, then: datetime) -> Response:
            return self._from(place + 1, later, then)

        rule = self.rules[place]
        befallen = rule.befalls(request)
        return rule.deed(request, now, following) if befallen else following(request, now)


def _kind_at(path: str) -> str:
    """Name what a path tells of: /wc/v3/orders/12/refunds tells of refunds."""
    nouns = [part for part in path.split("/") if part and not part.isdecimal()]
    return nouns[-1].removesuffix("s") if nouns else ""


def _spoilt(row: Any, field: str, value: Any) -> bool:
    """Put a value at a place; False where the row has no such place, or was not asked for it."""
    *places, last = [int(part) if part.isdecimal() else part for part in field.split(".")]
    for place in places:
        if not _has(row, place):
            return False
        row = row[place]
    if not _has(row, last):
        return False
    row[last] = value
    return True


def _has(row: Any, place: int | str) -> bool:
    if isinstance(row, list):
        return isinstance(place, int) and place < len(row)
    return isinstance(row, dict) and place in row


def _with_raw(body: Any) -> str:
    raw: list[bytes] = []

    def mark(value: bytes) -> str:
        raw.append(value)
        return f"raw JSON {len(raw) - 1}"

    text = json.dumps(body, default=mark)
    for number, value in enumerate(raw):
        text = text.replace(f'"raw JSON {number}"', value.decode())
    return text


def _half(body: str) -> str:
    return body[: len(body) // 2]


def _without_first(response: Response) -> Response:
    if response.status != 200 or not response.body.startswith("["):
        return response
    return replace(response, body=json.dumps(response.json[1:]))


def _maintenance() -> str:
    error = {"code": "wp_die", "message": MAINTENANCE, "data": {"status": 503}}
    return json.dumps({**error, "additional_errors": []})


def _html(title: str, text: str) -> str:
    return (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
