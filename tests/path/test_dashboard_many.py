"""One request of the dashboard for many customers: everyone is changed once, and it is one change."""

from contextlib import suppress

import pytest

from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.customers.bulk import load_saved_bulk, undo_bulk
from wcflow.customers.edits import BULK
from wcflow.dashboard.request_data import Desk
from wcflow.dashboard.requests import handle_requests
from wcflow.database.edits import EditedBy, load_edits

RULES = """
[segment Large]
when = total_spent >= 200
"""


@pytest.fixture
def sim(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins={"companion"})
    sim.anna = sim.register("anna@example.com", days_ago=90)
    sim.ben = sim.register("ben@example.com", days_ago=90)
    sim.place_order(customer=sim.anna, total="250.00", days_ago=40)
    sim.place_order(email="guest@example.com", days_ago=3)
    run_passes(sim, 2)
    return sim


def run_passes(sim, count=1):
    for _ in range(count):
        sim.advance(minutes=1)
        sim.run_pass()


def cards(sim):
    return {each["email"]: each for each in sim.sandbox.companion.tables.people.values()}


def everyone(sim):
    return [[each["person"], each["customer_id"]] for each in cards(sim).values()]


def ask(sim, action, people, *, run=True, bulk="b1", **data):
    row = sim.sandbox.companion.request(action, now=sim.now, bulk=bulk, people=people, **data)
    if not run:
        return row
    run_passes(sim)
    return answer(sim, row)


def answer(sim, row):
    found = sim.sandbox.companion.answer_to(row)
    return (found["state"], found["words"]) if found else None


def load_all_edits(sim, person=0):
    with sim.db.reading() as tx:
        return load_edits(tx, "shop", [person])


def test_everyone_of_a_request_is_changed_in_the_store(sim):
    assert ask(sim, "tag.add", everyone(sim), tag="Gold") == (
        "done",
        "Added the tag Gold to 3 customers.",
    )
    assert {"Gold", "Large"} == sim.customer_tags(sim.anna)
    assert {"Gold"} == sim.customer_tags(sim.ben)
    assert ["Gold"] == cards(sim)["guest@example.com"]["tags"]


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("group.add", {"group": "Trade"}, "Added 3 customers to the group Trade."),
        ("status.set", {"status": "inactive"}, "Set 3 customers to inactive."),
        (
            "note.add",
            {"text": "Met at the fair", "category": "Meeting"},
            "Wrote a note (Meeting) about 3 customers.",
        ),
    ],
)
def test_groups_status_and_notes_can_be_changed_for_many(sim, action, data, words):
    assert ("done", words) == ask(sim, action, everyone(sim), **data)
    shown = cards(sim)["guest@example.com"]
    notes = [(each["category"], each["text"], each["by"]) for each in shown["notes"]]
    assert {
        "group.add": shown["groups"] == ["Trade"],
        "status.set": shown["status"] == "inactive",
        "note.add": notes == [("Meeting", "Met at the fair", "Jo (jo)")],
    }[action]


def test_a_change_is_removed_from_many(sim):
    ask(sim, "tag.add", everyone(sim), tag="Gold")
    ask(sim, "group.add", everyone(sim), group="Trade")
    removed = ask(sim, "tag.remove", everyone(sim), tag="gold", bulk="b2")
    assert ("done", "Removed the tag Gold from 3 customers.") == removed
    removed = ask(sim, "group.remove", everyone(sim), group="Trade", bulk="b2")
    assert ("done", "Removed 3 customers from the group Trade.") == removed
    assert ([], []) == (
        cards(sim)["ben@example.com"]["tags"],
        cards(sim)["ben@example.com"]["groups"],
    )


def test_the_requests_of_one_bulk_action_are_one_change_that_is_undone_as_a_whole(sim):
    first, *others = everyone(sim)
    one = ask(sim, "tag.add", [first], run=False, tag="Gold")
    two = ask(sim, "tag.add", others, run=False, tag="Gold")
    other = ask(sim, "tag.add", [first], run=False, tag="Silver", bulk="b2")
    run_passes(sim)
    assert ("done", "Added the tag Gold to 1 customer.") == answer(sim, one)
    assert ("done", "Added the tag Gold to 3 customers.") == answer(sim, two)
    assert ("done", "Added the tag Silver to 1 customer.") == answer(sim, other)
    heads = [each for each in load_all_edits(sim) if each.kind == BULK]
    assert ["added the tag Gold to 3 customers", "added the tag Silver to 1 customer"] == [
        each.words for each in heads
    ]
    with sim.db.reading() as tx:
        saved = load_saved_bulk(tx, ["shop"], heads[0].id)
    undo_bulk(sim.db, saved, EditedBy("sam", sim.now))
    run_passes(sim)
    assert [] == [each for each in cards(sim).values() if "Gold" in each["tags"]]


def test_who_is_gone_or_had_it_already_is_named_in_the_answer(sim):
    guest = cards(sim)["guest@example.com"]["person"]
    ask(sim, "tag.add", [[guest, 0]], tag="Gold", bulk="b0")
    people = [*everyone(sim), [9999, 0], [0, 8888], [guest, 0]]
    words = (
        "Added the tag Gold to 2 customers. Not changed: the store no longer has this customer (2), "
        "had the tag Gold already (1)."
    )
    assert ("done", words) == ask(sim, "tag.add", people, tag="Gold")
    again = ask(sim, "tag.add", people[:3], tag="Gold", bulk="b2")
    assert ("done", "Changed no customer. Not changed: had the tag Gold already (3).") == again
    assert 2 == len([each for each in load_all_edits(sim) if each.kind == BULK])


def test_an_account_is_found_by_its_number_also_if_the_person_has_another_one_now(sim):
    assert "done" == ask(sim, "tag.add", [[9999, sim.anna]], tag="Gold")[0]
    assert {"Gold", "Large"} == sim.customer_tags(sim.anna)


@pytest.mark.parametrize("people", [[], "x", [1, 2], [["a"]], [[1, 2, 3]], {"1": 2}, None])
def test_an_odd_list_of_customers_changes_nobody(sim, people):
    state, words = ask(sim, "tag.add", people, tag="Gold")
    assert ("refused", "The list of customers cannot be read.") == (state, words[:37])


def test_a_list_that_is_too_long_changes_nobody(sim):
    refused = ask(sim, "tag.add", [[1, 0]] * 1001, tag="Gold")
    assert ("refused", "A request can name 1,000 customers at most. Update the plugin.") == refused


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("company.set", {"company": "A"}, "cannot do 'company.set' for many customers at once"),
        ("tag.add", {"tag": "a,b"}, "must not be empty or have a comma"),
        ("tag.add", {}, "The tag is missing."),
        ("status.set", {"status": "gone"}, "'gone' is not a status."),
        ("group.remove", {"group": "Nobody"}, "There is no group 'Nobody'."),
        ("note.add", {"text": "x", "category": "Gossip"}, "no category of notes 'Gossip'"),
    ],
)
def test_what_cannot_be_done_for_many_is_refused_with_a_sentence(sim, action, data, words):
    state, said = ask(sim, action, everyone(sim), **data)
    assert "refused" == state
    assert words in said


def test_when_time_is_up_the_rest_of_the_requests_waits_for_the_next_pass(sim):
    rows = [ask(sim, "tag.add", everyone(sim), run=False, tag=f"T{number}") for number in range(3)]
    read = [{"id": row.id, "key": row.key, **row.fields} for row in rows]
    with sim.context() as context:
        desk = Desk(context.config, context.settings, sim.now)
        assert 1 == handle_requests(sim.db, desk, read, stopping=lambda: True)
    run_passes(sim)
    assert ["done"] * 3 == [answer(sim, row)[0] for row in rows]


@pytest.mark.parametrize("steps", range(0, 60, 6))
def test_a_process_that_is_killed_changes_everyone_once(sim, steps):
    rows = [ask(sim, "note.add", [each], run=False, text="Hello") for each in everyone(sim)]
    sim.advance(minutes=1)
    with sim.crash_after(steps) as context, suppress(ProcessKilled, ExceptionGroup):
        sync.take_requests(context)
    sim.reopen_database()
    run_passes(sim, 2)
    assert "Wrote a note (General) about 3 customers." == answer(sim, rows[-1])[1]
    assert [1, 1, 1] == [len(each["notes"]) for each in cards(sim).values()]
