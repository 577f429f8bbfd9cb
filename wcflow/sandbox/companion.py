"""The REST routes of the companion plugin, where the store has it: /wp-json/wc-wcflow/v1/."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from wcflow.sandbox.companion_tables import EVENTS, PLUGIN, SERVED_AFTER, Row, Stream, Tables
from wcflow.sandbox.params import integer, read_params, text
from wcflow.sandbox.rest import RequestContext, RestError

_MAX_ROWS = 500
_MAX_PEOPLE = 100
_STREAMS = ("changes", "requests", "events")
_STATES = ("done", "refused")


def need_plugin(call: RequestContext) -> Tables:
    """Return the plugin's tables; raise the error of an unknown route where it is not active."""
    if PLUGIN not in call.state.settings.plugins:
        message = "No route was found matching the URL and request method."
        raise RestError("rest_no_route", message, 404)
    tables = call.state.companion
    tables.purge(call.now)
    return tables


def utc(at: datetime) -> str:
    """Return a time as the plugin writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def status(call: RequestContext) -> dict[str, Any]:
    """Return what the plugin is and has."""
    tables = need_plugin(call)
    return {
        "plugin": "wcflow-companion",
        "version": tables.version,
        "protocol": 1,
        "epoch": tables.epoch,
        "streams": {name: _span(tables.stream(name)) for name in _STREAMS},
        "people": len(tables.people),
        "generation": tables.generation,
        "settings": str(tables.settings.get("digest", "")),
        "mail_url": f"{call.request.base}/",
        "events": {name: name not in tables.switched_off for name in EVENTS},
        "consent_plugin": tables.consent_plugin,
        "hpos": call.state.settings.hpos,
    }


def _span(stream: Stream) -> dict[str, int]:
    return {"first": stream.rows[0].id if stream.rows else 0, "last": stream.last}


def read_stream(name: str) -> Callable[[RequestContext], Any]:
    """Return the route that reads a stream."""

    def answer(call: RequestContext) -> dict[str, Any]:
        tables = need_plugin(call)
        readers = {"after": integer(0), "key": text, "limit": integer(1, _MAX_ROWS)}
        asked = read_params(call.request.params, readers)
        after, stream = asked.get("after", 0), tables.stream(name)
        reset = _is_reset(stream, after, asked.get("key", ""))
        rows = [
            row
            for row in stream.rows
            if row.id > (0 if reset else after) and row.at <= call.now - SERVED_AFTER
        ]
        page = rows[: asked.get("limit", 200)]
        return {
            "epoch": tables.epoch,
            "reset": reset,
            "rows": [_row(row) for row in page],
            "more": len(rows) > len(page),
        }

    return answer


def _is_reset(stream: Stream, after: int, key: str) -> bool:
    """Return whether the row that was read last is another one now, or was never given."""
    if not after:
        return False
    found = next((row for row in stream.rows if row.id == after), None)
    return after > stream.last or (found is not None and found.key != key)


def _row(row: Row) -> dict[str, Any]:
    return {"id": row.id, "key": row.key, "at": utc(row.at), **row.fields}


def save_answers(call: RequestContext) -> dict[str, Any]:
    """Keep what came of requests; answers to unknown ones are ignored."""
    tables = need_plugin(call)
    known = {row.key for row in tables.requests.rows}
    saved = 0
    for each in _rows(call, "answers"):
        if each.get("key") in known and each.get("state") in _STATES:
            tables.answers[each["key"]] = dict(each)
            saved += 1
    return {"saved": saved}


def save_people(call: RequestContext) -> dict[str, Any]:
    """Insert or replace people, and remove those who are gone."""
    tables = need_plugin(call)
    cards, gone = _rows(call, "people"), call.requested.get("gone", [])
    if len(cards) > _MAX_PEOPLE:
        raise RestError("wcflow_too_many", "At most 100 people in one request.", 413)
    generation = str(call.requested.get("generation", ""))
    refused = [_why_refused(card) for card in cards if not _number(card.get("person"))]
    good = [card for card in cards if _number(card.get("person"))]
    for card in good:
        tables.people[card["person"]] = dict(card)
        tables.generations[card["person"]] = generation
    removed = [number for number in gone if tables.people.pop(number, None) is not None]
    tables.generation = generation or tables.generation
    return {"saved": len(good), "gone": len(removed), "refused": refused}


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _why_refused(card: Mapping[str, Any]) -> dict[str, Any]:
    return {"person": card.get("person", 0), "why": "The person has no number."}


def finish_people(call: RequestContext) -> dict[str, Any]:
    """Remove the people of older generations."""
    tables = need_plugin(call)
    kept = str(call.requested.get("generation", ""))
    old = [number for number in tables.people if tables.generations.get(number) != kept]
    for number in old:
        del tables.people[number]
    return {"removed": len(old)}


def save_summary(call: RequestContext) -> dict[str, Any]:
    """Keep the summary."""
    need_plugin(call).summary = dict(call.requested)
    return {"saved": True}


def save_settings(call: RequestContext) -> dict[str, Any]:
    """Keep the keys and topics of e-mails."""
    need_plugin(call).settings = dict(call.requested)
    return {"saved": True}


def _rows(call: RequestContext, name: str) -> list[Any]:
    rows = call.requested.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise RestError("wcflow_bad_request", f"{name} must be a list of objects.", 400)
    return rows


_GET, _PUT = "GET", "POST PUT"

ROUTES: tuple[tuple[str, str, str, Callable[[RequestContext], Any]], ...] = (
    (_GET, "/wc-wcflow/v1/status", "list", status),
    *((_GET, f"/wc-wcflow/v1/{name}", "list", read_stream(name)) for name in _STREAMS),
    ("POST", "/wc-wcflow/v1/requests/answers", "edit", save_answers),
    ("POST", "/wc-wcflow/v1/people", "edit", save_people),
    ("POST", "/wc-wcflow/v1/people/finish", "edit", finish_people),
    (_PUT, "/wc-wcflow/v1/summary", "edit", save_summary),
    (_PUT, "/wc-wcflow/v1/settings", "edit", save_settings),
)
