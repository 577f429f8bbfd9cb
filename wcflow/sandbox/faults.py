"""Faults of hosts, proxies, plugins and networks in front of the store.

Each method adds one kind of fault for a number of requests. Nothing is random: the arguments and
the order of requests decide which request fails.
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
from wcflow.sandbox.rest import HTML, JSON, Request, Response, http_date, text_response
from wcflow.sandbox.store import SandboxStore

PHP_NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: size in <b>/srv/plugins/x.php</b> on line <b>7</b>"
)
CACHE_REMARK = "\n<!-- Cached by [a plugin] at 2026-11-22 19:20:08 -->"
BOM = "\ufeff"
MAINTENANCE = "Briefly unavailable for scheduled maintenance. Check back in a minute."

Next = Callable[[Request, datetime], Response]
Handler = Callable[[Request, datetime, Next], Response]


class NoResponse(Exception):
    """No response was sent; the HTTP layer turns this into what a client sees."""


class TimedOut(NoResponse):
    """The response took too long."""

    def __init__(self, *, effect: bool) -> None:
        """`effect`: whether the store carried out the request."""
        super().__init__(f"timed out {'after' if effect else 'before'} the effect")
        self.effect = effect


class Unreachable(NoResponse):
    """The connection was refused."""


@dataclass(slots=True)
class FaultRule:
    """One kind of fault: which requests it affects, how often, and how."""

    handler: Handler
    only: str = "*"
    times: int | None = 1
    after: int = 0
    when: Callable[[Request], bool] = lambda _request: True

    def applies_to(self, request: Request) -> bool:
        """Whether the fault affects this request; if so, count down."""
        requested = f"{request.method} {request.path}"
        if self.times == 0 or not fnmatchcase(requested, self.only) or not self.when(request):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """A store with faults; answers in place of the store.

    All methods share three arguments:

    `times` (None: until `recover`), `only` (a glob on method and path, such as
    "POST /wc/v3/orders/batch" or "GET *"), and `after` (matching requests to let through first).
    """

    def __init__(self, store: SandboxStore) -> None:
        self.store = store
        self.rules: list[FaultRule] = []

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer as the store does, unless a fault affects the request."""
        return self._run_rules(0, request, now)

    def recover(self) -> None:
        """Remove all faults."""
        self.rules.clear()

    def fail_with(
        self,
        *,
        status: int = 500,
        html: bool = False,
        retry_after: int | None = None,
        effect: bool = False,
        **counts: Any,
    ) -> None:
        """Return an error, as JSON or HTML, in place of the request's effect or after it."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        message = "There has been a critical error on this website."
        error = {"code": "internal_server_error", "message": message, "data": {"status": status}}
        body = _html_page(str(status), message) if html else json.dumps(error)
        kind = HTML if html else JSON

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            if effect:
                call_next(request, now)
            return text_response(body, now, status=status, kind=kind, headers=headers)

        self._add_rule(handler, counts)

    def throttle(self, *, retry_after: int = 2, **counts: Any) -> None:
        """Return 429 with a Retry-After header."""
        self.fail_with(status=429, html=True, retry_after=retry_after, **counts)

    def enter_maintenance(self, **counts: Any) -> None:
        """Answer as WordPress does during an update."""

        def handler(request: Request, now: datetime, _next: Next) -> Response:
            as_json = "application/json" in request.accept
            body = _maintenance_json() if as_json else _html_page("Maintenance", MAINTENANCE)
            kind = JSON if as_json else HTML
            return text_response(body, now, status=503, kind=kind, headers={"Retry-After": "600"})

        self._add_rule(handler, counts)

    def fail_long_pages(self, *, over: int = 50, status: int = 504, **counts: Any) -> None:
        """Fail pages longer than `over` rows, as behind a proxy with a short time limit."""

        def handler(_request: Request, now: datetime, _next: Next) -> Response:
            return text_response(
                _html_page(str(status), "Gateway Time-out"), now, status=status, kind=HTML
            )

        def when(request: Request) -> bool:
            return int(request.params.get("per_page", 10)) > over

        self._add_rule(handler, {"times": None, **counts}, when)

    def time_out(self, *, effect: bool = False, **counts: Any) -> None:
        """Time out, before or after the store carried out the request."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            if effect:
                call_next(request, now)
            raise TimedOut(effect=effect)

        self._add_rule(handler, counts)

    def refuse_connections(self, **counts: Any) -> None:
        """Refuse the connection."""

        def handler(_request: Request, _now: datetime, _next: Next) -> Response:
            raise Unreachable

        self._add_rule(handler, counts)

    def cut_response(self, **counts: Any) -> None:
        """Send only the first half of the body."""
        self._change_response(
            lambda response: replace(response, body=_first_half(response.body)), counts
        )

    def prepend_text(self, text: str = PHP_NOTICE, **counts: Any) -> None:
        """Put a PHP notice, or a BOM, before the body."""
        self._change_response(lambda response: replace(response, body=text + response.body), counts)

    def append_text(self, text: str = CACHE_REMARK, **counts: Any) -> None:
        """Put a cache's remark, or a PHP notice, after the body."""
        self._change_response(lambda response: replace(response, body=response.body + text), counts)

    def redirect(
        self, to: str = "https://www.shop.example/", *, effect: bool = False, **counts: Any
    ) -> None:
        """Redirect the client, before or after the store carried out the request."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            if effect:
                call_next(request, now)
            return text_response(
                _html_page("301", "Moved"), now, status=301, kind=HTML, headers={"Location": to}
            )

        self._add_rule(handler, counts)

    def delay_response(self, seconds: float, **counts: Any) -> None:
        """Delay the response."""
        self._change_response(lambda response: replace(response, delay=seconds), counts)

    def shift_clock(self, by: timedelta, **counts: Any) -> None:
        """Shift the store's clock: its Date header and its timestamps."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            return call_next(request, now + by)

        self._add_rule(handler, {"times": None, **counts})

    def shift_date_header(self, by: timedelta, **counts: Any) -> None:
        """Shift only the Date header, as a proxy with a wrong clock does."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            response = call_next(request, now)
            return replace(response, headers={**response.headers, "Date": http_date(now + by)})

        self._add_rule(handler, {"times": None, **counts})

    def before_answer(self, act: Callable[[SandboxStore, datetime], object], **counts: Any) -> None:
        """Call `act` just before the store answers."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            act(self.store, now)
            return call_next(request, now)

        self._add_rule(handler, counts)

    def skip_first_row(self, **counts: Any) -> None:
        """Drop the first row of a later page, as when it moved to the page before."""

        def when(request: Request) -> bool:
            return request.method == "GET" and int(request.params.get("page", 1)) > 1

        self._change_response(_drop_first_row, counts, when)

    def set_field(self, kind: str, id: int, field: str, value: Any, **counts: Any) -> None:  # noqa: A002  as the store calls it
        """Replace a field ("total", "line_items.0.id") of one order, customer, product or refund.

        Bytes are raw JSON, for values that Python cannot write: ``b"1e999"``.
        """

        def change(response: Response) -> Response:
            if response.status != HTTPStatus.OK:
                return response
            found = response.json
            rows = found if isinstance(found, list) else [found]
            touched = [_set_field(row, field, value) for row in rows if row.get("id") == id]
            return replace(response, body=_dump_with_raw(found)) if any(touched) else response

        def when(request: Request) -> bool:
            return request.method == "GET" and _kind_of_path(request.path) == kind

        self._change_response(change, {"times": None, **counts}, when)

    def show_old_items(self, order_id: int, *, times: int = 1) -> None:
        """Show an order's new timestamp with the lines from before its last edit."""
        left = [times]

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            response = call_next(request, now)
            former = self._with_old_items(order_id, response) if left[0] else None
            if former is None:
                return response
            left[0] -= 1
            return former

        self._add_rule(handler, {"times": None, "only": "GET /wc/v3/orders*"})

    def _with_old_items(self, order_id: int, response: Response) -> Response | None:
        order = self.store.state.orders.get(order_id)
        found = response.json if response.status == 200 and order else None
        rows = found if isinstance(found, list) else [found]
        shown = [row for row in rows if row and row.get("id") == order_id and "line_items" in row]
        if not shown or order is None:
            return None
        for row in shown:
            row["line_items"] = values.item_rows(order.former_items)
        return replace(response, body=json.dumps(found))

    def _change_response(
        self,
        change: Callable[[Response], Response],
        counts: dict[str, Any],
        when: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            return change(call_next(request, now))

        self._add_rule(handler, counts, when)

    def _add_rule(
        self,
        handler: Handler,
        counts: dict[str, Any],
        when: Callable[[Request], bool] = lambda _request: True,
    ) -> None:
        self.rules.append(FaultRule(handler, when=when, **counts))

    def _run_rules(self, place: int, request: Request, now: datetime) -> Response:
        if place == len(self.rules):
            return self.store.answer(request, now)

        def call_next(later: Request, then: datetime) -> Response:
            return self._run_rules(place + 1, later, then)

        rule = self.rules[place]
        affected = rule.applies_to(request)
        return rule.handler(request, now, call_next) if affected else call_next(request, now)


def _kind_of_path(path: str) -> str:
    """Return the kind of record at a path: refund for /wc/v3/orders/12/refunds."""
    nouns = [part for part in path.split("/") if part and not part.isdecimal()]
    return nouns[-1].removesuffix("s") if nouns else ""


def _set_field(row: Any, field: str, value: Any) -> bool:
    """Set a field by its dotted path; return False where the row has no such field."""
    *places, last = [int(part) if part.isdecimal() else part for part in field.split(".")]
    for place in places:
        if not _has_field(row, place):
            return False
        row = row[place]
    if not _has_field(row, last):
        return False
    row[last] = value
    return True


def _has_field(row: Any, place: int | str) -> bool:
    if isinstance(row, list):
        return isinstance(place, int) and place < len(row)
    return isinstance(row, dict) and place in row


def _dump_with_raw(body: Any) -> str:
    raw: list[bytes] = []

    def mark(value: bytes) -> str:
        raw.append(value)
        return f"raw JSON {len(raw) - 1}"

    text = json.dumps(body, default=mark)
    for number, value in enumerate(raw):
        text = text.replace(f'"raw JSON {number}"', value.decode())
    return text


def _first_half(body: str) -> str:
    return body[: len(body) // 2]


def _drop_first_row(response: Response) -> Response:
    if response.status != 200 or not response.body.startswith("["):
        return response
    return replace(response, body=json.dumps(response.json[1:]))


def _maintenance_json() -> str:
    error = {"code": "wp_die", "message": MAINTENANCE, "data": {"status": 503}}
    return json.dumps({**error, "additional_errors": []})


def _html_page(title: str, text: str) -> str:
    return (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
        f"<body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
