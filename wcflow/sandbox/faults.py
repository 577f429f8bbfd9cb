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
from wcflow.sandbox.rest import HTML, JSON, Request, Response, http_date, text_response
from wcflow.sandbox.store import SandboxStore

PHP_NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: size in <b>/srv/plugins/x.php</b> on line <b>7</b>"
)
BOM = "\ufeff"
MAINTENANCE = "Briefly unavailable for scheduled maintenance. Check back in a minute."

Next = Callable[[Request, datetime], Response]
Handler = Callable[[Request, datetime, Next], Response]


class NoResponse(Exception):
    """No answer came; a door turns this into what a client sees then."""


class TimedOut(NoResponse):
    """The answer took too long."""

    def __init__(self, *, effect: bool) -> None:
        """Say whether the shop did what it was asked all the same."""
        super().__init__(f"timed out {'after' if effect else 'before'} the effect")
        self.effect = effect


class Unreachable(NoResponse):
    """The connection was refused."""


@dataclass(slots=True)
class FaultRule:
    """One kind of trouble: for which requests, how often, and what it does to them."""

    handler: Handler
    only: str = "*"
    times: int | None = 1
    after: int = 0
    when: Callable[[Request], bool] = lambda _request: True

    def applies_to(self, request: Request) -> bool:
        """Whether it befalls this request; counting down if so."""
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
    """A shop in bad weather; it answers wherever the shop would.

    Verbs share three words: `times` (None: until it recovers), `only` (a glob on method and
    path, such as "POST /wc/v3/orders/batch" or "GET *"), and `after` (how many let pass first).
    """

    def __init__(self, store: SandboxStore) -> None:
        """Stand before a shop, in fair weather."""
        self.store = store
        self.rules: list[FaultRule] = []

    def answer(self, request: Request, now: datetime) -> Response:
        """Answer as the shop does, less what befalls the request on its way."""
        return self._run_rules(0, request, now)

    def recover(self) -> None:
        """End all trouble."""
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
        """Answer with an error, as JSON or as HTML, in the shop's place or after it did its work."""
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
        """Answer 429 and say when to come back."""
        self.fail_with(status=429, html=True, retry_after=retry_after, **counts)

    def enter_maintenance(self, **counts: Any) -> None:
        """Answer as WordPress does while it updates itself."""

        def handler(request: Request, now: datetime, _next: Next) -> Response:
            as_json = "application/json" in request.accept
            body = _maintenance_json() if as_json else _html_page("Maintenance", MAINTENANCE)
            kind = JSON if as_json else HTML
            return text_response(body, now, status=503, kind=kind, headers={"Retry-After": "600"})

        self._add_rule(handler, counts)

    def fail_long_pages(self, *, over: int = 50, status: int = 504, **counts: Any) -> None:
        """Let a proxy give up on pages longer than `over`, until the shop recovers."""

        def handler(_request: Request, now: datetime, _next: Next) -> Response:
            return text_response(
                _html_page(str(status), "Gateway Time-out"), now, status=status, kind=HTML
            )

        def when(request: Request) -> bool:
            return int(request.params.get("per_page", 10)) > over

        self._add_rule(handler, {"times": None, **counts}, when)

    def time_out(self, *, effect: bool = False, **counts: Any) -> None:
        """Let no answer come in time, before or after the shop did what it was asked."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            if effect:
                call_next(request, now)
            raise TimedOut(effect=effect)

        self._add_rule(handler, counts)

    def refuse_connections(self, **counts: Any) -> None:
        """Let nobody through."""

        def handler(_request: Request, _now: datetime, _next: Next) -> Response:
            raise Unreachable

        self._add_rule(handler, counts)

    def cut_response(self, **counts: Any) -> None:
        """Break the answer off in the middle."""
        self._change_response(
            lambda response: replace(response, body=_first_half(response.body)), counts
        )

    def prepend_text(self, text: str = PHP_NOTICE, **counts: Any) -> None:
        """Put a PHP notice, or a BOM, before the answer."""
        self._change_response(lambda response: replace(response, body=text + response.body), counts)

    def redirect(
        self, to: str = "https://www.shop.example/", *, effect: bool = False, **counts: Any
    ) -> None:
        """Send the client elsewhere, before or after the shop did what it was asked."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            if effect:
                call_next(request, now)
            return text_response(
                _html_page("301", "Moved"), now, status=301, kind=HTML, headers={"Location": to}
            )

        self._add_rule(handler, counts)

    def delay_response(self, seconds: float, **counts: Any) -> None:
        """Hold the answer back for so long."""
        self._change_response(lambda response: replace(response, delay=seconds), counts)

    def shift_clock(self, by: timedelta, **counts: Any) -> None:
        """Let the shop's own clock be wrong: its Date header and its stamps."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            return call_next(request, now + by)

        self._add_rule(handler, {"times": None, **counts})

    def shift_date_header(self, by: timedelta, **counts: Any) -> None:
        """Let only the Date header be wrong, as behind a proxy with a clock of its own."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            response = call_next(request, now)
            return replace(response, headers={**response.headers, "Date": http_date(now + by)})

        self._add_rule(handler, {"times": None, **counts})

    def before_answer(self, act: Callable[[SandboxStore, datetime], object], **counts: Any) -> None:
        """Let someone act in the shop just before it answers."""

        def handler(request: Request, now: datetime, call_next: Next) -> Response:
            act(self.store, now)
            return call_next(request, now)

        self._add_rule(handler, counts)

    def skip_first_row(self, **counts: Any) -> None:
        """Let a page after the first miss its first row, as when a row moved to the page before."""

        def when(request: Request) -> bool:
            return request.method == "GET" and int(request.params.get("page", 1)) > 1

        self._change_response(_drop_first_row, counts, when)

    def set_field(self, kind: str, id: int, field: str, value: Any, **counts: Any) -> None:  # noqa: A002  as the shop calls it
        """Let a plugin spoil a field ("total", "line_items.0.id") of an order, customer, product or refund.

        Bytes are JSON as they stand, also such as no Python value gives: ``b"1e999"``.
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
        """Show an order's new stamp with the lines that it had before it was last edited."""
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
    """Name what a path tells of: /wc/v3/orders/12/refunds tells of refunds."""
    nouns = [part for part in path.split("/") if part and not part.isdecimal()]
    return nouns[-1].removesuffix("s") if nouns else ""


def _set_field(row: Any, field: str, value: Any) -> bool:
    """Put a value at a place; False where the row has no such place, or was not asked for it."""
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
