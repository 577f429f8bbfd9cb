"""Talk to the companion plugin over its own REST API, which takes the store's API keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from wcflow.store.errors import unexpected_error
from wcflow.store.fields import Json
from wcflow.store.http import HttpClient, Params
from wcflow.store.json_body import InvalidRow
from wcflow.store.odd_values import odd_id, odd_time

API = "wc-wcflow/v1"
PROTOCOL = 1
MOST_CARDS = 100
"""How many people the plugin takes in one request."""


@dataclass(frozen=True, slots=True)
class CompanionStatus:
    """What the plugin says about itself.

    ``epoch`` names its tables. ``generation`` and ``settings`` are what wcflow last gave it, or
    empty. ``summary`` is when the summary that it has was pushed, if it says so. ``last`` is the number of the last row of each stream. ``dropped_emails`` is how many
    addresses from the checkout it ignored in the last day, because they were too many.
    """

    version: str
    protocol: int
    epoch: str
    people: int
    generation: str
    settings: str
    mail_url: str
    last: Mapping[str, int]
    dropped_emails: int = 0
    summary: datetime | None = None


class StreamPage(NamedTuple):
    """Rows of a stream, in their order. After a ``reset`` they begin with the first one."""

    epoch: str
    reset: bool
    rows: tuple[Json, ...]
    more: bool


class Pushed(NamedTuple):
    """What the plugin did with cards: why it refused some, by person."""

    refused: Mapping[int, str]


def read_status(store: HttpClient) -> CompanionStatus:
    """Return what the plugin says about itself."""
    body = _send(store, "GET", "status")
    streams = body.get("streams")
    last = {
        name: _number(each.get("last"))
        for name, each in (streams.items() if isinstance(streams, dict) else ())
        if isinstance(each, dict)
    }
    return CompanionStatus(
        version=_text(body.get("version")),
        protocol=_number(body.get("protocol")),
        epoch=_text(body.get("epoch")),
        people=_number(body.get("people")),
        generation=_text(body.get("generation")),
        settings=_text(body.get("settings")),
        mail_url=_text(body.get("mail_url")),
        last=last,
        dropped_emails=_number(body.get("dropped_emails")),
        summary=odd_time(body.get("summary")),
    )


def read_stream(
    store: HttpClient, stream: str, after: int, key: str, limit: int = 200
) -> StreamPage:
    """Return the rows of a stream after the one with this number and key; 0 and "" at first.

    Rows without a number or a key are left out.
    """
    params: Params = {"after": str(after), "key": key, "limit": limit}
    body = _send(store, "GET", stream, params)
    rows = body.get("rows")
    if not isinstance(rows, list) or not _text(body.get("epoch")):
        why = "expected an epoch and a list of rows"
        raise unexpected_error(f"GET /{stream}", 200, why, wrote=False)
    good = tuple(each for each in rows if _is_row(each))
    return StreamPage(_text(body["epoch"]), body.get("reset") is True, good, bool(body.get("more")))


def _is_row(row: object) -> bool:
    if isinstance(row, InvalidRow) or not isinstance(row, dict):
        return False
    return _number(row.get("id")) > 0 and bool(_text(row.get("key")))


def push_people(
    store: HttpClient, generation: str, cards: Sequence[Json], gone: Sequence[int]
) -> Pushed:
    """Save cards of people, at most 100, and remove those who are gone."""
    body = {"generation": generation, "people": cards, "gone": gone}
    answer = _send(store, "POST", "people", json=body)
    found = answer.get("refused")
    refused = {
        _number(each.get("person")): _text(each.get("why")) or "it did not say why"
        for each in (found if isinstance(found, list) else ())
        if isinstance(each, dict)
    }
    return Pushed(refused)


def finish_people(store: HttpClient, generation: str) -> int:
    """Remove people of earlier generations; return how many there were."""
    return _number(
        _send(store, "POST", "people/finish", json={"generation": generation}).get("removed")
    )


def push_summary(store: HttpClient, summary: Json) -> None:
    """Save what the plugin shows about the whole store."""
    _send(store, "PUT", "summary", json=summary)


def push_settings(store: HttpClient, settings: Json) -> None:
    """Save the keys of links in e-mails and the topics of mail."""
    _send(store, "PUT", "settings", json=settings)


def push_answers(store: HttpClient, answers: Sequence[Json]) -> None:
    """Say what came of requests; the plugin ignores those that it no longer knows."""
    _send(store, "POST", "requests/answers", json={"answers": answers})


def _send(
    store: HttpClient,
    method: str,
    path: str,
    params: Params | None = None,
    json: Any = None,
) -> Json:
    # Sent once: what fails comes again with the next pass, and must not delay this one.
    answer = store.request(method, path, params, json=json, shape=dict, api=API, retry=False)
    body: Json = answer.body
    return body


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    """Return a number that PHP may have written as text; 0 for anything else."""
    return odd_id(value) or 0
