"""Answer a request: find its route, check its key and permission, build the response."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from wcflow.sandbox import auth, site
from wcflow.sandbox.params import select_fields
from wcflow.sandbox.rest import (
    MALFORMED,
    Created,
    ListPage,
    Request,
    RequestContext,
    Response,
    RestError,
    Route,
    error_response,
    text_response,
)
from wcflow.sandbox.routes import ROUTES
from wcflow.sandbox.state import ApiKey, State


def answer_request(state: State, request: Request, now: datetime) -> Response:
    """Answer a request below /wp-json."""
    state.companion.clock = max(state.companion.clock, now)
    try:
        return _build_response(_answer(state, request, now), request, now)
    except RestError as refusal:
        return error_response(refusal, now)


def _answer(state: State, request: Request, now: datetime) -> Any:
    if request.path in {"/", ""}:
        return site.index(state, request, now)
    key = auth.authenticate(state, request, now)
    route, ids = _find_route(request)
    if request.json is MALFORMED:
        more = {"json_error_code": 4, "json_error_message": "Syntax error"}
        raise RestError("rest_invalid_json", "Invalid JSON body passed.", 400, **more)
    auth.authorize(key, route.permission, administrators_only=route.administrators_only)
    if request.path.startswith("/wc/v3/coupons") and not state.settings.coupons_enabled:
        raise auth.refusal(route.permission, 403)
    return route.answer(RequestContext(state, request, _require_key(key), now, ids))


def _require_key(key: ApiKey | None) -> ApiKey:
    # `authorize` accepts no missing key; this is for the type checker.
    assert key is not None
    return key


def _find_route(request: Request) -> tuple[Route, tuple[int, ...]]:
    method = "PUT" if request.method == "PATCH" else request.method
    for route in ROUTES:
        found = route.path.fullmatch(request.path.rstrip("/"))
        if found and method in route.method.split():
            return route, tuple(int(part) for part in found.groups() if part.isdigit())
    message = "No route was found matching the URL and request method."
    raise RestError("rest_no_route", message, 404)


def _build_response(found: Any, request: Request, now: datetime) -> Response:
    match found:
        case ListPage():
            counts = {"X-WP-Total": str(found.total), "X-WP-TotalPages": str(found.pages)}
            return text_response(f"[{','.join(found.rows)}]", now, headers=counts)
        case Created():
            body = json.dumps(select_fields(found.body, request.params))
            location = f"{request.base}/wp-json{found.location}"
            return text_response(body, now, status=201, headers={"Location": location})
        case _:
            return text_response(json.dumps(select_fields(found, request.params)), now)
