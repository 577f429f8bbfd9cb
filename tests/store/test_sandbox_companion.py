"""The companion plugin of the sandbox: streams, people, answers, and addresses for e-mails."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest

from tests.store.sandbox_requests import NOW, place_order, send
from wcflow.rules.unsubscribe import Subscriber, unsubscribe_token
from wcflow.sandbox.auth import MANAGER, READER
from wcflow.sandbox.store import SandboxStore

BASE = "/wc-wcflow/v1"
SOON = NOW + timedelta(seconds=2)
SECRET = "s3cret"


@pytest.fixture
def sandbox():
    return SandboxStore(plugins=("companion",))


def key(purpose):
    return hmac.new(SECRET.encode(), purpose, hashlib.sha256).hexdigest()


def read(sandbox, stream, after=0, row_key="", now=SOON, **more):
    params = {"after": after, "key": row_key, **more}
    return send(sandbox, "GET", f"{BASE}/{stream}", params, now=now).json


def changes(sandbox, **more):
    rows = read(sandbox, "changes", **more)["rows"]
    return [(row["kind"], row["object_id"], row["what"]) for row in rows]


def give_keys(sandbox):
    topics = [{"name": "email", "label": "E-mail", "meta": "accepts_marketing"}]
    body = {"digest": "d1", "unsubscribe_key": key(b"unsubscribe"), "link_key": key(b"link")}
    assert send(sandbox, "PUT", f"{BASE}/settings", json={**body, "topics": topics}).json == {
        "saved": True
    }


def test_a_store_without_the_plugin_does_not_know_its_routes():
    found = send(SandboxStore(), "GET", f"{BASE}/status")

    assert (404, "rest_no_route") == (found.status, found.json["code"])


def test_the_plugin_tells_its_version_its_streams_and_its_switches(sandbox):
    sandbox.companion.switch_off("search")
    found = send(sandbox, "GET", f"{BASE}/status").json

    assert ("wcflow-companion", 1, 0) == (found["plugin"], found["protocol"], found["people"])
    assert {"first": 0, "last": 0} == found["streams"]["changes"]
    assert "https://shop.example/" == found["mail_url"]
    assert (True, False) == (found["events"]["product_viewed"], found["events"]["search"])


def test_a_shop_manager_reads_and_writes_and_a_read_key_only_reads(sandbox):
    put = {"method": "PUT", "path": f"{BASE}/summary", "json": {}}

    assert [200, 401] == [send(sandbox, **put, key=each).status for each in (MANAGER, READER)]
    assert 200 == send(sandbox, "GET", f"{BASE}/status", key=READER).status


def test_changes_name_what_the_store_saved_trashed_and_deleted(sandbox):
    person = sandbox.register("a@example.com", now=NOW)
    order = place_order(sandbox)
    assert changes(sandbox)[-1] == ("order", order, "saved")
    assert ("customer", person, "saved") in changes(sandbox)

    at = [NOW + timedelta(minutes=n) for n in range(1, 6)]
    sandbox.edit_customer_meta(person, "colour", "red", now=at[0])
    sandbox.add_note(order, "hi", now=at[1])
    sandbox.trash(order, now=at[2])
    sandbox.delete_customer(person, now=at[3])
    send(sandbox, "DELETE", f"/wc/v3/orders/{order}", {"force": "true"}, now=at[4])

    assert changes(sandbox, now=at[4] + timedelta(seconds=2))[-5:] == [
        ("customer", person, "saved"),
        ("order", order, "note"),
        ("order", order, "trashed"),
        ("customer", person, "deleted"),
        ("order", order, "deleted"),
    ]


def test_rows_are_served_when_they_are_two_seconds_old(sandbox):
    sandbox.register("a@example.com", now=NOW)

    assert [] == changes(sandbox, now=NOW + timedelta(seconds=1))
    assert 1 == len(changes(sandbox, now=SOON))


def test_a_reader_gets_what_follows_the_last_row_in_pages(sandbox):
    for number in range(3):
        sandbox.register(f"c{number}@example.com", now=NOW + timedelta(seconds=number))
    later = NOW + timedelta(minutes=1)

    first = read(sandbox, "changes", limit=2, now=later)
    last = first["rows"][-1]
    rest = read(sandbox, "changes", last["id"], last["key"], now=later)

    assert ([1, 2], True) == ([row["id"] for row in first["rows"]], first["more"])
    assert ([3], False, False) == ([r["id"] for r in rest["rows"]], rest["more"], rest["reset"])


def test_a_number_that_was_never_given_or_has_another_key_is_a_reset(sandbox):
    sandbox.register("a@example.com", now=NOW)

    assert read(sandbox, "changes", 1, "another")["reset"]
    beyond = read(sandbox, "changes", 9, "x")
    assert (True, [1]) == (beyond["reset"], [row["id"] for row in beyond["rows"]])


def test_rows_are_kept_for_14_days_and_their_numbers_are_not_given_again(sandbox):
    sandbox.register("a@example.com", now=NOW)
    row = read(sandbox, "changes")["rows"][0]
    later = NOW + timedelta(days=15)

    found = read(sandbox, "changes", row["id"], row["key"], now=later)
    status = send(sandbox, "GET", f"{BASE}/status", now=later).json

    assert ([], False) == (found["rows"], found["reset"])
    assert {"first": 0, "last": 1} == status["streams"]["changes"]


def test_a_restored_backup_gives_numbers_again_with_other_keys(sandbox):
    backup = sandbox.companion.back_up()
    sandbox.register("a@example.com", now=NOW)
    old = read(sandbox, "changes")["rows"][0]
    sandbox.companion.restore(backup)
    sandbox.register("b@example.com", now=NOW)

    found = read(sandbox, "changes", old["id"], old["key"])

    assert found["reset"]
    assert (old["id"], True) == (found["rows"][0]["id"], old["key"] != found["rows"][0]["key"])


def test_people_of_an_older_generation_are_removed_in_the_end(sandbox):
    def push(generation, *people, gone=()):
        cards = [{"person": number, "name": f"N{number}"} for number in people]
        body = {"generation": generation, "people": cards, "gone": list(gone)}
        return send(sandbox, "POST", f"{BASE}/people", json=body).json

    push("g1", 1, 2, 3)
    assert {"saved": 1, "gone": 1, "refused": []} == push("g2", 1, gone=[3, 9])
    assert push("g2", 0)["refused"][0]["person"] == 0
    finished = send(sandbox, "POST", f"{BASE}/people/finish", json={"generation": "g2"}).json

    assert ({"removed": 1}, {1}) == (finished, set(sandbox.companion.tables.people))


def test_an_answer_belongs_to_a_request_that_is_known(sandbox):
    row = sandbox.companion.request("tag.add", now=NOW, person=5, tag="Gold")
    (found,) = read(sandbox, "requests")["rows"]
    assert ("tag.add", 5, {"tag": "Gold"}) == (found["action"], found["person"], found["data"])

    answers = [
        {"id": row.id, "key": row.key, "state": "done", "words": "Added."},
        {"id": 9, "key": "unknown", "state": "done", "words": "?"},
    ]
    saved = send(sandbox, "POST", f"{BASE}/requests/answers", json={"answers": answers}).json

    assert ({"saved": 1}, "Added.") == (saved, sandbox.companion.answer_to(row)["words"])


def test_visitors_make_events_unless_they_are_switched_off(sandbox):
    person = sandbox.register("a@example.com", now=NOW)
    product = sandbox.add_product("Wallet", now=NOW)
    sandbox.companion.switch_off("category_viewed")

    sandbox.companion.view_product(product, now=NOW, customer=person)
    sandbox.companion.view_category("Books", now=NOW, customer=person)
    sandbox.companion.change_cart("c1", [], now=NOW, email="v@example.com")

    found = [(r["kind"], r["customer_id"], r["email"]) for r in read(sandbox, "events")["rows"]]
    assert found == [
        ("product_viewed", person, "a@example.com"),
        ("cart_updated", 0, "v@example.com"),
    ]


def test_an_unsubscribe_link_works_at_once_by_post_and_only_by_post(sandbox):
    give_keys(sandbox)
    person = sandbox.register("a@example.com", now=NOW, meta={"accepts_marketing": "yes"})
    token = unsubscribe_token(SECRET, Subscriber("shop", 1, "A@example.com", "news"))
    url = f"https://shop.example/?wcflow={token}"

    assert sandbox.companion.open_link(url, now=NOW).status == 200
    assert [] == read(sandbox, "events")["rows"]
    for _ in range(2):
        assert sandbox.companion.open_link(url, now=NOW, method="POST").status == 200

    (row,) = read(sandbox, "events")["rows"]
    assert {"token": token, "topics": ["email"]} == row["data"]
    consent = [m["value"] for m in sandbox.customer(person)["meta_data"]]
    assert "no" in consent


def test_a_forged_link_changes_nothing(sandbox):
    give_keys(sandbox)
    token = unsubscribe_token("another", Subscriber("shop", 1, "a@example.com", "news"))
    for query in (f"wcflow={token}", f"wcflow_open={token}", f"wcflow_click={token}", "wcflow=x"):
        url = f"https://shop.example/?{query}"
        assert sandbox.companion.open_link(url, now=NOW, method="POST").status == 400

    assert [] == read(sandbox, "events")["rows"]


def test_a_plugin_that_is_not_active_records_nothing(sandbox):
    sandbox.companion.deactivate()
    sandbox.register("a@example.com", now=NOW)
    sandbox.companion.activate()

    assert [] == changes(sandbox)


def test_a_plugin_that_is_installed_again_has_another_epoch(sandbox):
    before = read(sandbox, "changes")["epoch"]
    sandbox.companion.reinstall()

    assert before != read(sandbox, "changes")["epoch"]
