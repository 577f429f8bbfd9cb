"""What people ask for in the dashboard: each request is done once, and answered."""

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.simulation import ProcessKilled, Simulation
from wcflow import maintenance, sync
from wcflow.dashboard import companion as dashboard
from wcflow.dashboard.requests import ACTIONS
from wcflow.database import companion, edits
from wcflow.database.consistency import find_row_problems

RULES = """
[segment Large]
when = total_spent >= 200
[workflow welcome]
trigger = order_paid
do = add_note Thanks
"""
ANNA = "anna@example.com"


@pytest.fixture
def sim(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins={"companion"})
    sim.anna = sim.register(ANNA, days_ago=90, first_name="Anna", last_name="Muster")
    sim.place_order(customer=sim.anna, total="250.00", days_ago=40)
    sim.guest_order = sim.place_order(email="guest@example.com", days_ago=3)
    run_passes(sim, 2)
    return sim


def run_passes(sim, count=1, **more):
    for _ in range(count):
        sim.advance(minutes=1)
        sim.run_pass(**more)


def card(sim, email=ANNA):
    shown = sim.sandbox.companion.tables.people.values()
    return next((each for each in shown if each["email"] == email), None)


def ask(sim, action, *, email=ANNA, run=True, **data):
    """Do something in the dashboard, run a pass, and return the answer."""
    found = card(sim, email) if email else {"person": 0}
    row = sim.sandbox.companion.request(action, now=sim.now, person=found["person"], **data)
    if not run:
        return row
    run_passes(sim)
    return answer(sim, row)


def answer(sim, row):
    found = sim.sandbox.companion.answer_to(row)
    return (found["state"], found["words"]) if found else None


def test_a_tag_reaches_the_store_in_the_same_pass(sim):
    assert ("done", "Added the tag Gold.") == ask(sim, "tag.add", tag="Gold")
    assert {"Gold", "Large"} == sim.customer_tags(sim.anna)
    assert ["Gold", "Large"] == card(sim)["tags"]
    assert ("done", "Removed the tag Gold.") == ask(sim, "tag.remove", tag="gold")
    assert {"Large"} == sim.customer_tags(sim.anna)


def test_groups_notes_status_and_company_are_changed(sim):
    assert "done" == ask(sim, "group.add", group="Wholesale")[0]
    assert "done" == ask(sim, "note.add", text="Likes tea", category="Feedback")[0]
    assert "done" == ask(sim, "status.set", status="inactive")[0]
    found = card(sim)
    assert (["Wholesale"], "inactive") == (found["groups"], found["status"])
    (note,) = found["notes"]
    assert ("Likes tea", "Feedback", "Jo (jo)") == (note["text"], note["category"], note["by"])
    assert "done" == ask(sim, "note.remove", note=note["id"])[0]
    assert "done" == ask(sim, "group.remove", group="Wholesale")[0]
    assert "done" == ask(sim, "status.set", status="active")[0]
    found = card(sim)
    assert ([], [], "active") == (found["groups"], found["notes"], found["status"])


def test_a_new_company_is_made_but_not_by_a_misspelling(sim):
    assert ("done", "Put into the company Acme Ltd.") == ask(sim, "company.set", company="Acme Ltd")
    assert "Acme Ltd" == card(sim)["company"]
    refused = "There is no company 'Acme Lt'. Did you mean 'Acme Ltd'?"
    assert ("refused", refused) == ask(sim, "company.set", company="Acme Lt")
    assert "done" == ask(sim, "company.set", company="")[0]
    assert "done" == ask(sim, "company.set", company="ACME  LTD")[0]
    assert "Acme Ltd" == card(sim)["company"]


def test_reminders_are_added_put_off_and_closed(sim):
    assert "done" == ask(sim, "reminder.add", text="Call", due="2026-07-01T08:00:00Z")[0]
    (task,) = card(sim)["tasks"]
    assert ("reminder", "Call", "2026-07-01T08:00:00Z") == (task["kind"], task["text"], task["due"])
    assert "done" == ask(sim, "task.snooze", task=task["id"], until="2026-07-09T08:00:00Z")[0]
    assert "2026-07-09T08:00:00Z" == card(sim)["tasks"][0]["due"]
    assert "done" == ask(sim, "task.done", email="", task=task["id"])[0]
    assert [] == card(sim)["tasks"]


def test_an_edit_is_undone_from_the_timeline(sim):
    ask(sim, "tag.add", tag="Gold")
    number = next(each["edit"] for each in card(sim)["timeline"] if each["edit"])
    assert ("done", "Took back Gold.") == ask(sim, "edit.undo", edit=number)
    assert ("refused", f"Edit {number} was undone already.") == ask(sim, "edit.undo", edit=number)


@pytest.mark.parametrize(
    ("action", "data", "words"),
    [
        ("tag.ad", {}, "WcFlow cannot do 'tag.ad'. Did you mean 'tag.add'?"),
        ("tag.add", {"tag": "a,b"}, "A tag must not be empty or have a comma."),
        ("tag.add", {}, "The tag is missing."),
        ("tag.add", {"tag": ["x"]}, "The tag is missing."),
        ("tag.add", {"tag": "x" * 201}, "The tag is longer than 200 characters. Shorten it."),
        ("tag.remove", {"tag": "Gold"}, "They do not have the tag 'Gold'. Their tags: Large."),
        (
            "note.add",
            {"text": "x", "category": "Gossip"},
            "There is no category of notes 'Gossip'.",
        ),
        ("note.remove", {"note": 99}, "This customer does not have this note any more."),
        ("status.set", {"status": "gone"}, "'gone' is not a status. Use active or inactive."),
        ("reminder.add", {"text": "x"}, "The date is missing, or is not a date."),
        ("task.done", {"task": "x"}, "This task does not exist any more."),
        ("edit.undo", {"edit": 2**70}, "This customer does not have this change any more."),
        ("held.approve", {"token": "1.1.x"}, "Nothing waits for approval any more."),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_sentence(sim, action, data, words):
    state, said = ask(sim, action, **data)
    assert words.casefold() in said.casefold() or said.casefold().startswith(words[:-1].casefold())
    assert ("done" if action == "held.approve" else "refused") == state


def test_an_odd_request_stops_no_other(sim):
    tables = sim.sandbox.companion.tables
    odd = tables.append("requests", sim.now, {"action": None, "data": "x", "person": [1], "by": 7})
    good = ask(sim, "tag.add", tag="Gold", run=False)
    run_passes(sim)
    assert "refused" == answer(sim, odd)[0]
    assert "done" == answer(sim, good)[0]


def test_of_a_customer_who_is_gone_nothing_is_changed(sim):
    row = sim.sandbox.companion.request("tag.add", now=sim.now, person=9999, tag="Gold")
    run_passes(sim)
    assert ("refused", "The store no longer has this customer.") == answer(sim, row)


def test_a_request_about_someone_who_was_merged_changes_whom_they_belong_to_now(sim):
    guest = card(sim, "guest@example.com")
    row = ask(sim, "tag.add", email="guest@example.com", tag="Gold", run=False)
    row.fields["person"] = 9999
    run_passes(sim)
    assert "done" == answer(sim, row)[0]
    assert "Gold" in card(sim, "guest@example.com")["tags"]
    assert guest["person"] == card(sim, "guest@example.com")["person"]


def test_who_did_it_when_and_why_is_kept(sim):
    found = card(sim)["person"]
    sim.sandbox.companion.request(
        "tag.add", now=sim.now, person=found, by="Maria (maria)", reason="Fair", bulk="b1", tag="X"
    )
    asked = sim.now
    run_passes(sim)
    with sim.db.reading() as tx:
        (edit,) = edits.load_edits(tx, "shop", [found])
    assert ("Maria (maria)", asked.replace(microsecond=0), "Fair", "b1") == edit.by[:4]


def test_a_request_is_done_once_even_if_the_stream_is_read_again(sim):
    row = ask(sim, "note.add", text="Likes tea", run=False)
    run_passes(sim)
    with sim.db.transaction() as tx:
        companion.save_cursor(tx, "shop", "requests", companion.Cursor())
    sim.sandbox.companion.tables.answers.clear()
    run_passes(sim)
    assert 1 == len(card(sim)["notes"])
    assert "done" == answer(sim, row)[0]


def test_after_a_restore_of_the_store_requests_are_not_done_twice(sim):
    backup = sim.sandbox.companion.back_up()
    ask(sim, "note.add", text="Before", run=False)
    with_one = sim.sandbox.companion.back_up()
    ask(sim, "note.add", text="After")
    sim.sandbox.companion.restore(with_one)
    run_passes(sim, 2)
    assert {"Before", "After"} == {each["text"] for each in card(sim)["notes"]}
    sim.sandbox.companion.restore(backup)
    again = ask(sim, "note.add", text="Later", run=False)
    run_passes(sim, 2)
    assert "done" == answer(sim, again)[0]
    assert 3 == len(card(sim)["notes"])


def test_a_restored_backup_that_no_number_shows_is_noticed_by_its_older_summary(sim):
    row = ask(sim, "note.add", text="Likes tea", run=False)
    backup = sim.sandbox.companion.back_up()
    run_passes(sim)
    sim.sandbox.companion.restore(backup)
    run_passes(sim, 2)
    assert "done" == answer(sim, row)[0]
    assert ["Likes tea"] == [each["text"] for each in card(sim)["notes"]]


def test_an_answer_that_a_restored_backup_lacks_is_posted_again_at_night(sim):
    row = ask(sim, "note.add", text="Likes tea", run=False)
    backup = sim.sandbox.companion.back_up()
    run_passes(sim)
    backup.summary = sim.sandbox.companion.tables.summary
    sim.sandbox.companion.restore(backup)
    run_passes(sim)
    assert None is answer(sim, row)
    sim.nightly()
    run_passes(sim)
    assert "done" == answer(sim, row)[0]


def test_after_a_new_installation_requests_are_done(sim):
    ask(sim, "note.add", text="Before")
    sim.sandbox.companion.reinstall()
    run_passes(sim, 2)
    assert ("done", "Added the tag Gold.") == ask(sim, "tag.add", tag="Gold")


@pytest.fixture
def with_new_database(sim):
    """A new, empty database in which Zoe has the number that the guest had in the one before."""
    guest = card(sim, "guest@example.com")["person"]
    sim.place_order(email="zoe@example.com")
    run_passes(sim)
    ask(sim, "tag.add", tag="Gold", run=False)
    sim.asked = ask(sim, "tag.add", email="guest@example.com", tag="Press", run=False)
    sim.bulk = ask(sim, "tag.add", email="", tag="Fair", people=[[guest, 0]], run=False)
    sim.sandbox.delete_order(sim.guest_order)
    sim.lose_database()
    run_passes(sim, 3)
    assert guest == card(sim, "zoe@example.com")["person"]
    return sim


def test_in_a_new_database_a_request_of_before_changes_nobody_else(with_new_database):
    sim, refused = with_new_database, "The store no longer has this customer."
    assert {"Gold", "Large"} == sim.customer_tags(sim.anna)
    assert ("refused", refused) == answer(sim, sim.asked)
    words = "Changed no customer. Not changed: the store no longer has this customer (1)."
    assert ("done", words) == answer(sim, sim.bulk)
    assert [] == card(sim, "zoe@example.com")["tags"]


@pytest.mark.parametrize(
    ("action", "kind"),
    [("note.remove", "note"), ("task.done", "task"), ("edit.undo", "edit")],
)
def test_in_a_new_database_numbers_of_before_mean_nothing(with_new_database, action, kind):
    sim = with_new_database
    ask(sim, "reminder.add", text="Call", due="2026-07-01T08:00:00Z")
    ask(sim, "note.add", text="Likes tea")
    before = card(sim)
    numbers = {
        "note": before["notes"][0]["id"],
        "task": before["tasks"][0]["id"],
        "edit": before["timeline"][0]["edit"],
    }
    row = ask(sim, action, run=False, **{kind: numbers[kind]})
    row.fields["generation"] = "another database:1"
    run_passes(sim)
    state, words = answer(sim, row)
    assert "refused" == state
    assert "any more" in words
    shown = ("notes", "tasks", "timeline")
    assert [before[each] for each in shown] == [card(sim)[each] for each in shown]


@pytest.mark.parametrize("steps", range(0, 80, 5))
def test_a_process_that_is_killed_does_each_request_once(sim, steps):
    rows = [ask(sim, "note.add", text=f"Note {number}", run=False) for number in range(3)]
    sim.advance(minutes=1)
    with sim.crash_after(steps) as context, suppress(ProcessKilled, ExceptionGroup):
        sync.take_requests(context)
    sim.reopen_database()
    run_passes(sim, 2)
    assert ["done"] * 3 == [answer(sim, row)[0] for row in rows]
    assert ["Note 0", "Note 1", "Note 2"] == sorted(each["text"] for each in card(sim)["notes"])


def test_answers_are_posted_until_the_plugin_has_them(sim):
    row = ask(sim, "tag.add", tag="Gold", run=False)
    sim.faults.fail_with(only="POST /wc-wcflow/v1/requests/answers", times=1)
    run_passes(sim)
    assert None is answer(sim, row)
    run_passes(sim)
    assert "done" == answer(sim, row)[0]


def test_with_write_no_requests_wait(sim):
    sim.change_settings(write=False)
    assert None is ask(sim, "tag.add", tag="Gold")


class TestApproval:
    @pytest.fixture
    def held(self, tmp_path):
        """A store whose first changes wait for approval."""
        sim = Simulation(tmp_path, RULES, plugins={"companion"})
        sim.place_order(email=ANNA, total="250.00")
        run_passes(sim, 2, approve=False)
        sim.place_order(email="guest@example.com")
        run_passes(sim, 2, approve=False)
        return sim

    def test_the_summary_says_what_waits(self, held):
        found = held.sandbox.companion.tables.summary["held"]
        assert ("The first 2 changes wait for your approval.", 2) == (
            found["reason"],
            found["count"],
        )
        assert [("order note", 1), ("tags on an order", 1)] == [
            (each["words"], each["count"]) for each in found["kinds"]
        ]

    def approve(self, sim, token):
        row = sim.sandbox.companion.request("held.approve", now=sim.now, token=token)
        run_passes(sim, approve=False)
        return answer(sim, row)

    def test_what_was_shown_is_approved_and_written(self, held):
        token = held.sandbox.companion.tables.summary["held"]["token"]
        assert ("done", "Approved 2 changes.") == self.approve(held, token)
        assert None is held.sandbox.companion.tables.summary["held"]
        assert [] == held.outbox(states=("due",))

    def test_what_was_not_shown_is_not_approved(self, held):
        token = held.sandbox.companion.tables.summary["held"]["token"]
        held.place_order(email="new@example.com")
        run_passes(held, 2, approve=False)
        state, words = self.approve(held, token)
        assert ("refused", "1 change waits that the page did not show yet.") == (
            state,
            words.partition(" Look")[0],
        )
        assert 3 == len(held.outbox(states=("due",)))

    def test_less_than_was_shown_is_approved(self, held):
        token = held.sandbox.companion.tables.summary["held"]["token"]
        with held.db.transaction() as tx:
            tx.exec_driver_sql("DELETE FROM outbox WHERE kind = 'note'")
        assert ("done", "Approved 1 change.") == self.approve(held, token)

    def test_an_odd_token_approves_nothing(self, held):
        assert "refused" == self.approve(held, "x.y")[0]
        assert 2 == len(held.outbox(states=("due",)))


def test_every_action_of_the_contract_is_known():
    assert {
        *("tag.add", "tag.remove", "group.add", "group.remove", "note.add", "note.remove"),
        *("status.set", "reminder.add", "task.done", "task.snooze", "company.set"),
        *("edit.undo", "held.approve"),
    } == {*ACTIONS}


def test_old_requests_are_deleted_at_night(sim):
    ask(sim, "tag.add", tag="Gold")
    sim.advance(days=91)
    sim.run_pass()
    with sim.context() as context:
        maintenance.nightly(context)
    with sim.db.reading() as tx:
        assert 0 == tx.exec_driver_sql("SELECT count(*) FROM companion_request").scalar()


def test_the_database_stays_consistent(sim):
    ask(sim, "tag.add", tag="Gold")
    with sim.db.reading() as tx:
        assert [] == [*find_row_problems(tx, "shop", sim.now)]


def test_thousands_of_requests_do_not_block_the_poll(sim, monkeypatch):
    rows = [ask(sim, "note.add", text=f"Note {number}", run=False) for number in range(3)]
    monkeypatch.setattr(dashboard, "TAKE_LIMIT", timedelta())
    run_passes(sim)
    assert [None] * 3 == [answer(sim, row) for row in rows]
    monkeypatch.undo()
    run_passes(sim)
    assert ["done"] * 3 == [answer(sim, row)[0] for row in rows]


@pytest.mark.parametrize("steps", range(0, 520, 40))
def test_a_pass_that_is_killed_anywhere_loses_nothing_and_does_nothing_twice(sim, steps):
    rows = [ask(sim, "note.add", text=f"Note {number}", run=False) for number in range(2)]
    rows.append(ask(sim, "tag.add", tag="Gold", run=False))
    order = sim.place_order(email="guest@example.com", total="150.00")
    sim.advance(minutes=1)
    with sim.crash_after(steps) as context, suppress(ProcessKilled, ExceptionGroup):
        sync.sync_once(context)
    sim.reopen_database()
    sim.advance(hours=1)  # what was claimed is tried again
    run_passes(sim, 3)
    assert ["done"] * 3 == [answer(sim, row)[0] for row in rows]
    assert ["Note 0", "Note 1"] == sorted(each["text"] for each in card(sim)["notes"])
    assert {"Gold", "Large"} == sim.customer_tags(sim.anna) == {*card(sim)["tags"]}
    assert ["Thanks"] == sim.notes(order)
    guest = card(sim, "guest@example.com")
    thanks = [each for each in guest["timeline"] if "Thanks" in each["words"]]
    assert ("250.00", ["Large"], 1) == (guest["spent"], guest["tags"], len(thanks))
    with sim.db.reading() as tx:
        assert 0 == companion.count_outdated(tx, "shop")
