"""``wcflow customer show``: all about one customer, and the timeline of what happened to them."""

import json
from datetime import timedelta

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.cli.options import utcnow
from wcflow.customers.record import load_record
from wcflow.customers.timeline import EVENT_WORDS, event_words
from wcflow.database.events import save_events
from wcflow.database.merge import merge_persons
from wcflow.profile import StoredEvent
from wcflow.rules.event_kinds import EMAIL_CLICKED, EVENT_KINDS

RULES = """
[segment Regular]
when = orders_count >= 1

[coupon thanks]
type = percent
amount = 10
expires = 30d

[workflow welcome]
trigger = first_order
do = create_coupon thanks
     add_tag First-time Buyer
     create_task Call them
"""
ADDRESS = {
    "first_name": "Anna",
    "last_name": "Lind",
    "company": "ACME GmbH",
    "phone": "+49 30 123456",
    "address_1": "Main Street 1",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
}


@pytest.fixture
def cli(tmp_path):
    """Anna orders twice, a day after her store was first read; one order is refunded in part."""
    command_line = CommandLine(tmp_path, RULES)
    sim = command_line.sim
    sim.now -= timedelta(days=3)
    anna = sim.register("anna@example.com", days_ago=90, billing=ADDRESS, shipping=ADDRESS)
    sim.run_pass()
    sim.advance(days=1)
    first = sim.place_order(customer=anna, total="100.00", billing=ADDRESS)
    command_line.first = first
    sim.place_order(customer=anna, total="50.00", number="A-77", billing=ADDRESS)
    sim.sandbox.refund(first, "30.00", now=sim.now)
    sim.run_pass()
    sim.advance(days=2)
    yield command_line
    sim.db.close()


def run(cli, *words):
    result = cli.run(*words, mounted_at=None)
    assert (0, "") == (result.code, result.err)
    return result.out


def record(cli, *words):
    return json.loads(run(cli, "customer", "show", "anna@example.com", *words, "--json"))


def told(cli):
    """Return kind and words of the timeline, the oldest first."""
    return [(each["kind"], each["words"]) for each in reversed(record(cli)["timeline"])]


def test_the_record_has_contact_figures_and_orders(cli):
    found = record(cli)
    assert {
        "customer": {"id": 1, "name": "Anna Lind", "email": "anna@example.com"},
        "status": "active",
        "phone": "+49 30 123456",
        "billing_company": "ACME GmbH",
        "company": None,
        "orders_count": 2,
        "total_spent": "120.00",
        "average_order": "60.00",
        "currency": "USD",
    }.items() <= found.items()
    assert ["50.00", "100.00"] == [each["total"] for each in found["orders"]]
    assert ("0.00", "30.00") == tuple(each["refunded"] for each in found["orders"])
    assert ADDRESS == {key: found["billing"][key] for key in ADDRESS}


def test_the_company_is_shown_with_its_own_figures(cli):
    run(cli, "company", "create", "Acme", "--billing-company", "acme gmbh")
    shown = run(cli, "customer", "show", "anna")
    assert "Acme (1 customer, 2 paid orders, 120.00 USD)" in shown
    assert {"name": "Acme", "customers": 1, "revenue": "120.00"}.items() <= record(cli)[
        "company"
    ].items()
    (listed,) = json.loads(run(cli, "customer", "list", "--company", "ACME", "--json"))["shop"]
    assert "anna@example.com" == listed["customer"]["email"]


def test_figures_are_those_of_the_explanation_and_of_the_list(cli):
    shown = record(cli)
    explained = json.loads(run(cli, "explain", "anna@example.com", "--json"))
    (listed,) = json.loads(run(cli, "customer", "list", "--json"))["shop"]
    for name in ("orders_count", "last_order_at"):
        assert shown[name] == explained[name] == listed[name]
    assert shown["total_spent"] == listed["total_spent"]
    assert (shown["customer_since"], shown["tags"]) == (listed["customer_since"], listed["tags"])


def test_the_timeline_tells_what_happened_in_plain_words(cli):
    words = told(cli)
    first = cli.first
    assert ("account", "registered an account") == words[0]
    for each in (
        ("order", f"placed and paid order {first}: 100.00 USD"),
        ("order", f"placed and paid order {first + 1} (number A-77): 50.00 USD"),
        ("refund", f"was refunded 30.00 USD of order {first}"),
        ("segment", "entered the segment Regular"),
        ("run", "workflow welcome started: first order"),
        ("task", "task 1: Call them"),
    ):
        assert 1 == words.count(each), (each, words)
    assert any(kind == "workflow" and "coupon" in each for kind, each in words)
    (entered,) = [each for each in record(cli)["timeline"] if each["kind"] == "segment"]
    assert "orders_count 2 >= 1" == entered["reason"]


def test_edits_have_their_author_reason_and_the_id_that_undoes_them(cli, monkeypatch):
    monkeypatch.setattr("wcflow.cli.context.admin_name", lambda: "maria")
    run(cli, "note", "add", "Likes tea", "anna")
    run(cli, "tag", "add", "Gold", "anna")
    run(cli, "customer", "deactivate", "anna", "--reason", "asked for it")
    status, tag, note = record(cli)["timeline"][:3]
    assert ("set the status to inactive", "maria", "asked for it") == tuple(
        status[name] for name in ("words", "by", "reason")
    )
    assert ("added the tag Gold", "wrote note 1 (General): Likes tea") == (
        tag["words"],
        note["words"],
    )
    run(cli, "customer", "undo", str(status["edit"]))
    newest, *others = record(cli)["timeline"]
    assert (None, False) == (newest["edit"], newest["undone"]), "an undo is not undone"
    assert [status["edit"]] == [each["edit"] for each in others if each["undone"]]
    assert "undone" in run(cli, "customer", "show", "anna")


def test_the_timeline_is_cut_and_all_of_it_is_listed_on_request(cli):
    for number in range(25):
        run(cli, "note", "add", f"note number {number}", "anna")
    shown = run(cli, "customer", "show", "anna")
    assert "note number 24" in shown
    assert "note number 4\n" not in shown
    assert "more; --all lists them." in shown
    everything = run(cli, "customer", "show", "anna", "--all")
    assert 2 == everything.count("note number 0"), "once as a note, once in the timeline"
    assert "registered an account" in everything


def test_every_stored_event_has_words(cli):
    assert EVENT_KINDS.keys() == EVENT_WORDS.keys()
    at = utcnow() - timedelta(minutes=1)
    for kind in EVENT_KINDS.values():
        for data in ({}, dict.fromkeys(kind.data, "X")):
            words = event_words(StoredEvent(kind.name, "key", at, "", data))
            assert words == words.strip(), words
            assert "{" not in words, words
    clicked = EMAIL_CLICKED.make("a", at, message="welcome", url="https://shop.example/")
    with cli.sim.db.transaction() as tx:
        save_events(tx, "shop", {person(tx, "c1"): [clicked]})
    assert ("event", "clicked a link in the e-mail welcome: https://shop.example/") in told(cli)
    assert "met an alien" == event_words(StoredEvent("met_an_alien", "key", at))


def test_a_merged_customer_has_the_timeline_of_both(cli):
    sim = cli.sim
    sim.place_order(email="guest@example.com")
    assert 0 == cli.run("sync", "--approve").code
    run(cli, "note", "add", "A guest", "guest@example.com")
    with sim.db.transaction() as tx:
        guest, anna = person(tx, "g:guest@example.com"), person(tx, "c1")
        merge_persons(tx, "shop", guest, anna)
    with sim.db.reading() as tx:
        found = load_record(tx, sim.config, sim.config.stores[0], anna, utcnow())
    assert ["A guest"] == [each.text for each in found.notes]
    words = [each.words for each in found.timeline]
    assert {"wrote note 1 (General): A guest", "registered an account"} <= {*words}


def test_someone_unknown_is_an_error(cli):
    assert 2 == cli.run("customer", "show", "nora", mounted_at=None).code
