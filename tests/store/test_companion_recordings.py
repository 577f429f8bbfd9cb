"""The sandbox's companion plugin answers as the real plugin did: one recorded conversation, in order."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.companion_tables import Row
from wcflow.sandbox.rest import MALFORMED, Basic, Request
from wcflow.sandbox.store import SandboxStore

FILE = Path(__file__).parent.parent / "recordings" / "companion" / "companion.json"
EXCHANGES = json.loads(FILE.read_text(encoding="utf-8"))
BY_NAME = {each["name"]: each for each in EXCHANGES}

CUSTOMER = replace(ADMIN, consumer_key=f"ck_{'d1' * 20}", role="customer")
KEYS = {
    "read_write key of an administrator": Basic(ADMIN.consumer_key, ADMIN.consumer_secret),
    "read key of an administrator": Basic(READER.consumer_key, READER.consumer_secret),
    "read_write key of a shop manager": Basic(MANAGER.consumer_key, MANAGER.consumer_secret),
    "read_write key of a customer": Basic(CUSTOMER.consumer_key, CUSTOMER.consumer_secret),
    "unknown key": Basic("ck_unknown", "cs_unknown"),
    "known key, wrong secret": Basic(ADMIN.consumer_key, "cs_wrong"),
    "no key": None,
}
# Bodies that the recording only describes.
BODIES = {
    "people_not_json": MALFORMED,
    "people_list": [1, 2],
    "people_too_large": {"generation": "g", "people": [], "x": "x" * 1_100_000},
    "people_too_many": {"generation": "0b2a.1", "people": [{"person": n} for n in range(1, 102)]},
}


def fill_stream(sandbox, stream, rows, at=None):
    """Put the recorded rows into a stream."""
    table = sandbox.state.companion.stream(stream)
    for row in rows:
        fields = {name: row[name] for name in row if name not in ("id", "key", "at")}
        when = datetime.fromisoformat(row["at"]).astimezone(UTC)
        table.rows.append(Row(row["id"], row["key"], at or when, fields))
        table.last = row["id"]


def people_do_things(sandbox):
    for stream in ("requests", "changes", "events"):
        fill_stream(sandbox, stream, BY_NAME[stream]["response"]["json"]["rows"])


def old_rows_are_deleted(sandbox):
    del sandbox.state.companion.changes.rows[:5]


# What happened in the store before an exchange.
BEFORE = {"requests_young": people_do_things, "changes_after_purge": old_rows_are_deleted}


def plain(name, body):
    """Return what an answer says, without times that someone changed in the database by hand."""
    if name == "changes_after_purge":
        return {**body, "rows": [{**row, "at": ""} for row in body["rows"]]}
    return body


@pytest.fixture(scope="module")
def answers():
    sandbox = SandboxStore(plugins=("companion",))
    sandbox.state.keys[CUSTOMER.consumer_key] = CUSTOMER
    sandbox.state.companion.epoch = BY_NAME["status"]["response"]["json"]["epoch"]
    found = {}
    for each in EXCHANGES:
        name, asked = each["name"], each["request"]
        if name in BEFORE:
            BEFORE[name](sandbox)
        now = parsedate_to_datetime(each["response"]["headers"]["Date"])
        body = BODIES.get(name, asked.get("json"))
        request = Request(
            asked["method"], asked["path"], asked.get("params") or {}, body, KEYS[asked["key"]]
        )
        found[name] = sandbox.answer(request, now)
    return found


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange["name"])
def test_the_sandbox_answers_as_the_plugin_did(answers, exchange):
    recorded, answer = exchange["response"], answers[exchange["name"]]

    assert recorded["status"] == answer.status, answer.body
    assert recorded["headers"]["Content-Type"] == answer.headers["Content-Type"]
    assert plain(exchange["name"], recorded["json"]) == plain(exchange["name"], answer.json)


def test_every_recording_has_a_name_of_its_own():
    assert len(EXCHANGES) == len(BY_NAME)
    assert BEFORE.keys() | BODIES.keys() <= BY_NAME.keys()
