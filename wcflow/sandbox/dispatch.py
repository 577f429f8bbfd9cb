"""From a request to an answer: whose key, which route, with whose leave."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from wcflow.sandbox import auth, site
from wcflow.sandbox.exchange import MALFORMED, Made, Page, Refusal, Request, Response, refused, told
from wcflow.sandbox.routes import ROUTES
from wcflow.sandbox.schema import trimmed
from wcflow.sandbox.state import Key, State
from wcflow.sandbox.visit import Route, Visit


def answer(state: State, request: Request, now: datetime) -> Response:
    """Answer a request below /wp-json."""
    try:
        return _response(_answered(state, request, now), request, now)
    except Refusal as refusal:
        return refused(refusal, now)


def _answered(state: State, request: Request, now: datetime) -> Any:
    if request.path in {"/", ""}:
        return site.index(state, request, now)
    key = auth.key_of(state, request, now)
    route, ids = _route(request)
    if request.json is MALFORMED:
        raise Refusal("rest_invalid_json", "Invalid JSON body passed.", 400)
    auth.permit(key, route.deed, administrators_only=route.administrators_only)
    return route.answer(Visit(state, request, _known(key), now, ids))


def _known(key: Key | None) -> Key:
    # `permit` lets no stranger pass; this says so to the type checker.
    assert key is not None
    return key


def _route(request: Request) -> tuple[Route, tuple[int, ...]]:
    method = "PUT" if request.method == "PATCH" else request.method
    for route in ROUTES:
        found = route.path.fullmatch(request.path.rstrip("/"))
        if found and method in route.method.split():
            return route, tuple(int(part) for part in found.groups() if part.isdigit())
    message = "No route was found matching the URL and request method."
    raise Refusal("rest_no_route", message, 404)


def _response(found: Any, request: Request, now: datetime) -> Response:
    match found:
        case Page():
            counts = {"X-WP-Total": str(found.total), "X-WP-TotalPages": str(found.pages)}
            return told(f"[{','.join(found.rows)}]", now, headers=counts)
        case Made():
            body = json.dumps(trimmed(found.body, request.params))
            location = f"{request.base}/wp-json{found.location}"
            return told(body, now, status=201, headers={"Location": location})
        case _:
            return told(json.dumps(trimmed(found, request.params)), now)
