"""The daemon pushes people and a summary to the companion plugin: nothing is lost or sent twice."""

from contextlib import suppress
from datetime import timedelta

import pytest

from tests.persons import person
from tests.simulation import START, ProcessKilled, Simulation
from wcflow import maintenance
from wcflow.customers import companies, edits, erasure, merge, notes, tags
from wcflow.dashboard import companion as dashboard
from wcflow.dashboard.summary import fitted
from wcflow.database import companion, outcomes, restore
from wcflow.database.connection import open_database
from wcflow.database.consistency import find_row_problems
from wcflow.database.edits import EditedBy, find_edit
from wcflow.evaluate.context import read_context

RULES = """
[segment Large]
when = total_spent >= 200
[tag Lapsed]
when = last_order_date < -30d
[workflow welcome]
trigger = order_paid
do = add_note Thanks
"""


@pytest.fixture
def sim(tmp_path):
    sim = Simulation(tmp_path, RULES, plugins={"companion"})
    sim.anna = sim.register("anna@example.com", days_ago=90, first_name="Anna", last_name="Muster")
    sim.place_order(customer=sim.anna, total="250.00", days_ago=40)
    sim.place_order(email="guest@example.com", days_ago=3)
    return sim


def cards(sim):
    """Return what the plugin shows of each person, by address."""
    return {each["email"]: each for each in sim.sandbox.companion.tables.people.values()}


def run_passes(sim, count=2):
    for _ in range(count):
        sim.advance(minutes=1)
        sim.run_pass()


def pushes(sim):
    """Return the requests of the last pass that pushed people."""
    return [each for each in sim.writes if each.path.endswith("/v1/people")]


def edit(sim, function, key="c1", **more):
    """Let someone change a customer by hand."""
    by = EditedBy("maria", sim.now)
    with sim.db.transaction() as tx:
        return function(tx, "shop", person(tx, key), by=by, **more)


def outdated(sim):
    with sim.db.reading() as tx:
        return companion.count_outdated(tx, "shop")


def test_a_card_shows_what_the_team_needs_to_know(sim):
    run_passes(sim)
    card = cards(sim)["anna@example.com"]
    assert {
        "name": "Anna Muster",
        "segment": "Large",
        "tags": ["Lapsed", "Large"],
        "status": "active",
        "spent": "250.00",
        "orders": 1,
        "average": "250.00",
        "reasons": [
            "Large: total spent 250.00 USD, at least 200",
            "Lapsed: last order date 2026-05-06, more than 30 days ago",
        ],
    } == {
        name: card[name]
        for name in (
            *("name", "segment", "tags", "status", "spent", "orders", "average", "reasons"),
        )
    }
    assert [("2", "250.00")] == [(each["number"], each["total"]) for each in card["recent_orders"]]
    assert "Registered an account" in [each["words"] for each in card["timeline"]]
    assert 0 == cards(sim)["guest@example.com"]["customer_id"]


def test_people_who_did_not_change_are_not_sent_again(sim):
    run_passes(sim, 3)
    sim.advance(minutes=1)
    sim.run_pass()
    assert [] == pushes(sim)
    sim.advance(days=1)
    sim.run_pass()
    assert [] == pushes(sim)


def test_an_edit_by_hand_is_shown_after_the_next_pass(sim):
    run_passes(sim)
    edit(sim, notes.add_note, text="Likes tea")
    assert 1 == outdated(sim)
    run_passes(sim, 1)
    (note,) = cards(sim)["anna@example.com"]["notes"]
    assert ("Likes tea", "General", "maria") == (note["text"], note["category"], note["by"])


def test_a_new_order_and_what_follows_from_it_are_shown(sim):
    run_passes(sim)
    sim.advance(minutes=5)
    sim.place_order(email="guest@example.com", total="150.00")
    run_passes(sim)
    card = cards(sim)["guest@example.com"]
    assert ("Large", "250.00") == (card["segment"], card["spent"])
    assert any("Thanks" in each["words"] for each in card["timeline"])


def test_the_plugin_is_updated_at_most_once_a_minute(sim):
    run_passes(sim)
    edit(sim, notes.add_note, text="Likes tea")
    sim.advance(seconds=20)
    sim.run_pass()
    assert [] == cards(sim)["anna@example.com"]["notes"]
    sim.advance(seconds=40)
    sim.run_pass()
    assert 1 == len(cards(sim)["anna@example.com"]["notes"])


def test_without_the_plugin_nothing_is_sent_or_noted(tmp_path):
    sim = Simulation(tmp_path, RULES)
    sim.place_order(email="guest@example.com")
    run_passes(sim)
    assert not [call for call in sim.calls if "wcflow" in call.path]
    with sim.db.reading() as tx:
        assert companion.load_companion(tx, "shop") is None


def test_with_write_no_nothing_is_sent(sim):
    sim.change_settings(write=False)
    run_passes(sim)
    assert {} == cards(sim)


def test_who_is_gone_disappears(sim):
    run_passes(sim)
    sim.sandbox.delete_customer(sim.anna, now=sim.now)
    sim.sandbox.delete_order(cards(sim)["anna@example.com"]["recent_orders"][0]["id"])
    sim.nightly()
    run_passes(sim, 3)
    assert ["guest@example.com"] == [*cards(sim)]


def test_two_who_are_merged_become_one(sim):
    run_passes(sim)
    sim.register("guest@example.com")
    run_passes(sim, 3)
    assert 2 == len(cards(sim))
    assert cards(sim)["guest@example.com"]["customer_id"]


def test_a_plugin_that_was_deactivated_gets_what_changed_meanwhile(sim):
    run_passes(sim)
    sim.sandbox.companion.deactivate()
    edit(sim, notes.add_note, text="Likes tea")
    sim.advance(minutes=1)
    sim.run_pass(check_store=False)
    sim.sandbox.companion.activate()
    sim.advance(minutes=20)
    sim.run_pass()
    assert 1 == len(cards(sim)["anna@example.com"]["notes"])
    with sim.db.reading() as tx:
        assert "" == companion.load_companion(tx, "shop").problem


def test_a_plugin_that_fails_stops_neither_poll_nor_delivery(sim):
    run_passes(sim)
    sim.faults.fail_with(only="* /wc-wcflow/*", times=None)
    later = sim.place_order(email="guest@example.com", days_ago=0)
    sim.advance(minutes=5)
    sim.run_pass()
    assert ["Thanks"] == sim.notes(later)
    with sim.db.reading() as tx:
        assert "500" in companion.load_companion(tx, "shop").problem


def test_a_plugin_that_was_installed_anew_gets_everyone(sim):
    run_passes(sim)
    sim.sandbox.companion.reinstall()
    assert {} == cards(sim)
    run_passes(sim, 2)
    assert {"anna@example.com", "guest@example.com"} == cards(sim).keys()
    assert sim.sandbox.companion.tables.settings


def test_a_restored_plugin_shows_no_one_who_is_gone(sim):
    run_passes(sim)
    backup = sim.sandbox.companion.back_up()
    sim.sandbox.companion.request("tag.add", now=sim.now, person=1, tag="Gold")
    edit(sim, notes.add_note, text="Likes tea")
    run_passes(sim, 2)
    sim.sandbox.companion.restore(backup)
    assert [] == cards(sim)["anna@example.com"]["notes"]
    run_passes(sim, 3)
    assert ("Likes tea", ["Gold", "Lapsed", "Large"]) == (
        cards(sim)["anna@example.com"]["notes"][0]["text"],
        cards(sim)["anna@example.com"]["tags"],
    )


def test_after_a_restore_of_the_database_everyone_is_pushed_anew(sim):
    run_passes(sim)
    edit(sim, notes.add_note, text="Likes tea")
    run_passes(sim, 1)
    shown = cards(sim)["anna@example.com"]
    sim.sandbox.companion.tables.people[shown["person"]] = {**shown, "name": "As of later"}
    with sim.db.transaction() as tx:
        companion.expect_anything(tx)
    run_passes(sim, 1)
    assert "Anna Muster" == cards(sim)["anna@example.com"]["name"]


def test_changed_rules_change_the_reasons_of_everyone(sim):
    run_passes(sim)
    sim.write_rules(RULES.replace(">= 200", ">= 210"))
    run_passes(sim)
    assert "at least 210" in cards(sim)["anna@example.com"]["reasons"][0]


def test_a_card_that_the_plugin_refuses_stops_no_other_and_is_not_sent_again(sim, monkeypatch):
    from wcflow.sandbox import companion as plugin

    odd = {"person": 1, "why": "It is odd."}
    monkeypatch.setattr(plugin, "_why_refused", lambda card: odd if card["person"] == 1 else None)
    run_passes(sim)
    assert {"guest@example.com"} == cards(sim).keys()
    run_passes(sim, 1)
    assert [] == pushes(sim)
    monkeypatch.undo()
    edit(sim, notes.add_note, text="Likes tea")
    run_passes(sim, 1)
    assert 2 == len(cards(sim))


@pytest.mark.parametrize("steps", [*range(0, 60, 7), 75, 90, 120])
def test_a_process_that_is_killed_while_it_pushes_loses_nothing(sim, steps):
    run_passes(sim)
    edit(sim, notes.add_note, text="Likes tea")
    edit(sim, tags.add_tag, tag="Gold")
    sim.advance(minutes=1)
    with sim.crash_after(steps) as context, suppress(ProcessKilled):
        dashboard.update_plugin(context)
    sim.reopen_database()
    sim.advance(minutes=2)
    run_passes(sim, 2)
    card = cards(sim)["anna@example.com"]
    assert ({"Gold", "Lapsed", "Large"}, 1) == ({*card["tags"]}, len(card["notes"]))
    assert 0 == outdated(sim)


def test_the_summary_says_how_the_store_is(sim):
    run_passes(sim)
    sim.place_order(email="guest@example.com")
    run_passes(sim)
    summary = sim.sandbox.companion.tables.summary
    assert ["Large"] == [each["name"] for each in summary["segments"]]
    assert [2] == [each["people"] for each in summary["segments"]]
    assert ["welcome"] == [each["name"] for each in summary["workflows"]]
    assert ({"waiting": 0, "failed": 0}, None) == (summary["queue"], summary["held"])
    assert {"Large", "Lapsed"} & {*summary["vocabulary"]["tags"]}
    assert "Follow-up" in summary["vocabulary"]["note_categories"]
    (thanks,) = [each for each in summary["actions"] if "Thanks" in each["words"]]
    assert thanks["order_id"]


def test_an_order_that_hands_its_tags_on_to_a_later_one_is_no_action(sim):
    run_passes(sim)
    for _ in range(2):
        sim.place_order(email="guest@example.com")
        run_passes(sim)
    words = [each["words"] for each in sim.sandbox.companion.tables.summary["actions"]]
    assert [each for each in words if each.startswith("Tags")]
    assert [] == [each for each in words if "later order" in each]


def test_a_summary_that_is_too_long_has_fewer_tasks():
    tasks = [{"id": number, "text": "☎" * 100} for number in range(8)]
    assert [0, 1, 2, 3] == [each["id"] for each in fitted({"tasks": tasks}, 2000)["tasks"]]
    assert {"tasks": []} == fitted({"tasks": tasks}, 20)


def test_figures_of_workflows_are_computed_once_an_hour(sim):
    run_passes(sim)
    before = sim.sandbox.companion.tables.summary["workflows"][0]["started"]
    sim.place_order(email="guest@example.com")
    run_passes(sim)
    assert before == sim.sandbox.companion.tables.summary["workflows"][0]["started"]
    sim.advance(hours=1)
    sim.run_pass()
    assert before + 1 == sim.sandbox.companion.tables.summary["workflows"][0]["started"]


def test_a_large_store_is_pushed_bit_by_bit(sim, monkeypatch):
    """The first push does not block polls: each pass pushes for a limited time."""
    for number in range(250):
        sim.place_order(email=f"guest{number}@example.com", days_ago=5)
    monkeypatch.setattr(dashboard, "PUSH_LIMIT", timedelta())
    run_passes(sim)
    assert {} == cards(sim)
    assert 252 == outdated(sim)
    monkeypatch.undo()
    run_passes(sim)
    assert (252, 0) == (len(cards(sim)), outdated(sim))


def test_settings_that_the_plugin_refuses_stop_nothing_else(sim):
    sim.faults.fail_with(status=400, only="PUT /wc-wcflow/v1/settings", times=None)
    run_passes(sim)
    assert 2 == len(cards(sim))
    with sim.db.reading() as tx:
        found = companion.load_companion(tx, "shop")
    assert ("PUT /settings" in found.problem, "") == (True, found.settings)
    sim.faults.recover()
    sim.advance(minutes=20)
    sim.run_pass()
    with sim.db.reading() as tx:
        found = companion.load_companion(tx, "shop")
    assert ("", sim.sandbox.companion.tables.settings["digest"]) == (found.problem, found.settings)


def test_someone_gone_whom_the_plugin_still_shows_is_found_and_then_removed(sim):
    run_passes(sim)
    tables = sim.sandbox.companion.tables
    tables.people[77] = {**cards(sim)["guest@example.com"], "person": 77, "email": "gone@x.example"}
    tables.generations[77] = tables.generation
    with sim.db.transaction() as tx:
        companion.save_pushed(tx, "shop", {77: "digest"}, [], [])
        (problem,) = find_row_problems(tx, "shop", sim.now)
        assert ("companion plugin", ("77",)) == (problem.name, problem.examples)
    with sim.context() as context:
        maintenance.resync(context)
    run_passes(sim)
    assert "gone@x.example" not in cards(sim)
    with sim.db.reading() as tx:
        assert [] == [*find_row_problems(tx, "shop", sim.now)]


def test_of_two_who_are_merged_one_card_is_left_and_an_undo_brings_both_back(sim):
    run_passes(sim)
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        context = read_context(tx, sim.config, settings, sim.now)
        both = person(tx, "c1"), person(tx, "g:guest@example.com")
        outcome = merge.merge(tx, context, *both, EditedBy("maria", sim.now))
    run_passes(sim)
    assert ["350.00"] == [each["spent"] for each in cards(sim).values()]
    with sim.db.transaction() as tx:
        edits.undo(tx, find_edit(tx, outcome.edit), EditedBy("maria", sim.now))
    run_passes(sim)
    assert {"anna@example.com": "250.00", "guest@example.com": "100.00"} == {
        email: each["spent"] for email, each in cards(sim).items()
    }


def test_someone_who_is_erased_leaves_the_plugin_at_once(sim):
    run_passes(sim)
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        who = person(tx, "c1")
        erasure.erase(tx, settings, who, EditedBy("m", sim.now), orders=erasure.Orders.ANONYMIZE)
    run_passes(sim, 1)
    assert ["guest@example.com"] == [*cards(sim)]
    with sim.db.reading() as tx:
        assert [] == [*find_row_problems(tx, "shop", sim.now)]


def test_a_company_that_is_renamed_is_shown_under_its_new_name(sim):
    by = EditedBy("maria", sim.now)
    with sim.db.transaction() as tx:
        companies.create_company(tx, "shop", "ACME", by)
        acme = companies.find_company(tx, "shop", "ACME")
    run_passes(sim)
    with sim.db.transaction() as tx:
        companies.put_into(tx, acme, person(tx, "c1"), by)
    run_passes(sim)
    assert "ACME" == cards(sim)["anna@example.com"]["company"]
    with sim.db.transaction() as tx:
        companies.change_company(tx, acme, by, name="Acme Inc")
    run_passes(sim)
    assert "Acme Inc" == cards(sim)["anna@example.com"]["company"]


def test_a_message_that_was_delivered_or_failed_is_in_the_timeline(sim):
    run_passes(sim)
    sim.faults.fail_with(status=400, only="POST /wc/v3/orders/*/notes", times=None)
    sim.place_order(email="guest@example.com")
    run_passes(sim)
    assert any("failed" in each["words"] for each in cards(sim)["guest@example.com"]["timeline"])
    sim.faults.recover()
    with sim.db.transaction() as tx:
        outcomes.retry(tx, [each.id for each in sim.outbox(states=("failed",))], sim.now)
    run_passes(sim)
    assert not any(
        "failed" in each["words"] for each in cards(sim)["guest@example.com"]["timeline"]
    )


def test_what_is_delivered_later_is_shown_then(sim):
    run_passes(sim)
    sim.faults.fail_with(status=500, only="POST /wc/v3/orders/*/notes", times=None)
    sim.place_order(email="guest@example.com")
    run_passes(sim, 8)
    before = cards(sim)["guest@example.com"]["timeline"]
    sim.faults.recover()
    sim.advance(hours=1)
    run_passes(sim, 1)
    new = [e for e in cards(sim)["guest@example.com"]["timeline"] if e not in before]
    assert ["Note"] == [each["words"].partition(" on")[0] for each in new]


def test_a_database_that_was_restored_pushes_everyone_anew(tmp_path, database_url):
    with open_database(database_url) as db, db.transaction() as tx:
        companion.push_everyone(tx, "shop")
    restore.prepare_restored(database_url, START)
    with open_database(database_url) as db, db.reading() as tx:
        found = companion.load_companion(tx, "shop")
    assert ("", 0) == (found.generation, found.queued_up_to)


def test_two_databases_that_update_one_plugin_are_noticed(sim, capsys):
    run_passes(sim)
    assert "another wcflow" not in capsys.readouterr().out
    sim.sandbox.companion.tables.generation = "4f9f1c9e:7"
    run_passes(sim, 1)
    assert "another wcflow updates the companion plugin too" in capsys.readouterr().out


def warnings(sim):
    """Return what the dashboard warns of, and what 'wcflow companion status' does."""
    with sim.db.reading() as tx:
        problems = companion.load_problems(tx, "shop")
    return sim.sandbox.companion.tables.summary["warnings"], problems


def test_another_database_is_warned_of_until_it_was_not_seen_for_a_day(sim):
    run_passes(sim)
    assert ([], []) == warnings(sim)
    sim.sandbox.companion.tables.generation = "4f9f1c9e:7"
    run_passes(sim, 2)
    shown, problems = warnings(sim)
    assert [companion.OTHER_DATABASE] == problems
    assert [f"A{companion.OTHER_DATABASE[1:]}."] == shown
    sim.advance(hours=23)
    run_passes(sim)
    assert [companion.OTHER_DATABASE] == warnings(sim)[1]
    sim.advance(hours=2)
    run_passes(sim)
    assert ([], []) == warnings(sim)


def test_a_database_that_replaces_another_is_not_warned_of(sim):
    tables = sim.sandbox.companion.tables
    tables.generation = "4f9f1c9e:7"
    with sim.db.transaction() as tx:
        tx.exec_driver_sql("DELETE FROM companion")
        tx.exec_driver_sql("DELETE FROM companion_pushed")
    run_passes(sim, 2)
    assert ([], []) == warnings(sim)
    assert "4f9f1c9e" not in tables.generation


def test_invented_addresses_at_the_checkout_are_a_problem_while_the_plugin_counts_some(sim):
    sim.sandbox.companion.tables.dropped_emails = 1200
    run_passes(sim)
    ((problem,), tables) = warnings(sim)[1], sim.sandbox.companion.tables
    assert "ignored 1,200 e-mail addresses from the checkout in the last day" in problem
    tables.dropped_emails = 0
    run_passes(sim)
    assert [] == warnings(sim)[1]


def test_the_plugin_is_served_on_both_kinds_of_database(tmp_path, database_url):
    sim = Simulation(tmp_path, RULES, database=database_url, plugins={"companion"})
    sim.place_order(email="guest@example.com", total="250.00")
    run_passes(sim)
    found = cards(sim)["guest@example.com"]
    sim.sandbox.companion.request("tag.add", now=sim.now, person=found["person"], tag="Gold")
    run_passes(sim)
    assert ["Gold", "Large"] == cards(sim)["guest@example.com"]["tags"]
    assert 0 == outdated(sim)
    sim.db.close()


def test_people_whom_the_plugin_has_lost_are_pushed_again(sim):
    run_passes(sim)
    sim.sandbox.companion.tables.people.clear()
    run_passes(sim, 1)
    assert {"anna@example.com", "guest@example.com"} == cards(sim).keys()
