"""The REST routes of the companion plugin, where the store has it: /wp-json/wc-wcflow/v1/."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from wcflow.sandbox.auth import COMPANION
from wcflow.sandbox.companion_tables import PLUGIN, SERVED_AFTER, SWITCHES, Row, Stream, Tables
from wcflow.sandbox.params import integer, read_params, text
from wcflow.sandbox.rest import RequestContext, RestError

_MAX_ROWS = 500
_MAX_PEOPLE = 100
_MAX_BYTES = 1024 * 1024
_MAX_GENERATION = 100
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
        "summary": str(tables.summary.get("sent_at", "")),
        "mail_url": f"{call.request.base}/",
        "events": {name: name not in tables.switched_off for name in SWITCHES},
        "consent_plugin": tables.consent_plugin,
        "hpos": call.state.settings.hpos,
        "dropped_emails": tables.dropped_emails,
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
    tables, body = need_plugin(call), _body(call)
    known = {row.key for row in tables.requests.rows}
    saved = 0
    for each in _list(body, "answers"):
        if isinstance(each, Mapping) and each.get("key") in known and each.get("state") in _STATES:
            tables.answers[each["key"]] = dict(each)
            saved += 1
    return {"saved": saved}


def save_people(call: RequestContext) -> dict[str, Any]:
    """Insert or replace people, and remove those who are gone."""
    tables, body = need_plugin(call), _body(call)
    generation = _generation(body)
    cards, gone = _list(body, "people"), _list(body, "gone")
    if len(cards) > _MAX_PEOPLE:
        raise RestError("wcflow_too_many", "At most 100 people at a time.", 413)
    _begin(tables, generation)
    refused = [why for card in cards if (why := _why_refused(card))]
    good = [card for card in cards if not _why_refused(card)]
    for card in good:
        tables.people[card["person"]] = dict(card)
        tables.generations[card["person"]] = generation
    removed = [number for number in gone if tables.people.pop(number, None) is not None]
    return {"saved": len(good), "gone": len(removed), "refused": refused}


def _begin(tables: Tables, generation: str) -> None:
    """Remember the generation; remove the people of another database, who have their numbers there."""
    known, given = (each.rpartition(":")[0] for each in (tables.generation, generation))
    if known and given and known != given:
        tables.people.clear()
        for row in tables.requests.rows:
            row.fields["person"] = 0
    tables.generation = generation


def _why_refused(card: Any) -> dict[str, Any] | None:
    if not isinstance(card, Mapping):
        return {"person": 0, "why": "A card is an object."}
    person = card.get("person")
    if isinstance(person, int) and not isinstance(person, bool) and person > 0:
        return None
    return {"person": 0, "why": "A card needs a person, a whole number above 0."}


def finish_people(call: RequestContext) -> dict[str, Any]:
    """Remove the people of older generations."""
    tables, kept = need_plugin(call), _generation(_body(call))
    _begin(tables, kept)
    old = [number for number in tables.people if tables.generations.get(number) != kept]
    for number in old:
        del tables.people[number]
    return {"removed": len(old)}


def save_summary(call: RequestContext) -> dict[str, Any]:
    """Keep the summary."""
    need_plugin(call).summary = dict(_body(call))
    return {"saved": True}


def save_settings(call: RequestContext) -> dict[str, Any]:
    """Keep the keys and topics of e-mails."""
    tables, body = need_plugin(call), _body(call)
    if why := _wrong_settings(body):
        raise RestError("wcflow_bad_settings", why, 400)
    tables.settings = dict(body)
    return {"saved": True}


def _wrong_settings(body: Mapping[str, Any]) -> str:
    if not body.get("digest"):
        return "The digest is missing."
    for name in ("unsubscribe_key", "link_key"):
        if not re.fullmatch(r"[0-9a-f]{64}", str(body.get(name, ""))):
            return f"{name} must be 32 bytes as 64 hexadecimal digits in lower case."
    for topic in body.get("topics") or []:
        if not topic.get("name") or not topic.get("meta"):
            return "A topic needs a name and a meta key."
        if re.search(r"capabilities$|user_level$|^session_tokens$", topic["meta"]):
            return f"The meta key of topic {topic['name']} is reserved."
    return ""


def _body(call: RequestContext) -> Mapping[str, Any]:
    body = call.request.json
    if body is not None and len(json.dumps(body)) > _MAX_BYTES:
        raise RestError("wcflow_too_large", "The body is larger than 1 MB.", 413)
    if not isinstance(body, Mapping):
        raise RestError("wcflow_bad_body", "The body must be a JSON object.", 400)
    return body


def _generation(body: Mapping[str, Any]) -> str:
    found = body.get("generation")
    if not isinstance(found, str) or not 1 <= len(found) <= _MAX_GENERATION:
        message = "The generation must be a text of 1 to 100 characters."
        raise RestError("wcflow_bad_generation", message, 400)
    return found


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name, [])
    if not isinstance(found, list):
        raise RestError("wcflow_bad_body", f"The field {name} must be a list.", 400)
    return found


_GET, _PUT = "GET", "POST PUT"

ROUTES: tuple[tuple[str, str, str, Callable[[RequestContext], Any]], ...] = (
    (_GET, "/wc-wcflow/v1/status", COMPANION, status),
    *((_GET, f"/wc-wcflow/v1/{name}", COMPANION, read_stream(name)) for name in _STREAMS),
    ("POST", "/wc-wcflow/v1/requests/answers", COMPANION, save_answers),
    ("POST", "/wc-wcflow/v1/people", COMPANION, save_people),
    ("POST", "/wc-wcflow/v1/people/finish", COMPANION, finish_people),
    (_PUT, "/wc-wcflow/v1/summary", COMPANION, save_summary),
    (_PUT, "/wc-wcflow/v1/settings", COMPANION, save_settings),
)
