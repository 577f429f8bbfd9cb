"""Someone is deleted after they were selected for a bulk change, an import or an undo: they stay away."""

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.customers import erasure
from wcflow.customers.bulk import change_many, load_saved_bulk, undo_bulk
from wcflow.customers.bulk_actions import ACTIONS, BulkRequest, plan_change
from wcflow.customers.edits import GONE
from wcflow.customers.import_lines import read_lines
from wcflow.customers.import_table import match_columns, read_table
from wcflow.customers.imports import Importer
from wcflow.database.edits import EditedBy, load_edits
from wcflow.database.erase_person import count_held


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, "")
    simulation.register("anna@example.com", days_ago=90)
    simulation.register("ben@example.com", days_ago=90)
    simulation.settle()
    yield simulation
    simulation.db.close()


def by(sim):
    return EditedBy("maria", sim.now)


def people(sim):
    with sim.db.reading() as tx:
        return [person(tx, "c1"), person(tx, "c2")]


def delete_anna(sim):
    """Delete her, and return what is held about her then."""
    (settings,), (anna, _) = sim.config.stores, people(sim)
    with sim.db.transaction() as tx:
        erasure.erase(tx, settings, anna, by(sim))
        return anna, count_held(tx, "shop", anna)


def held(sim, who):
    with sim.db.reading() as tx:
        return count_held(tx, "shop", who)


def plan(sim, action, value):
    with sim.db.reading() as tx:
        return plan_change(tx, action, BulkRequest("shop", sim.config, value), ["all"])


def change(sim, action, value, persons):
    return change_many(sim.db, "shop", persons, plan(sim, action, value), by(sim))


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_bulk_change_leaves_out_who_was_deleted_after_the_preview(sim, action):
    value, persons = ("Anna's" if ACTIONS[action].value else ""), people(sim)
    before = {
        "remove-tag": "add-tag",
        "remove-from-group": "add-to-group",
        "activate": "deactivate",
    }
    if action in before:
        change(sim, before[action], value, persons)
    planned = plan(sim, action, value)
    anna, left = delete_anna(sim)
    result = change_many(sim.db, "shop", persons, planned, by(sim))
    assert (1, {GONE: 1}) == (result.changed, result.reasons)
    assert left == held(sim, anna)


def test_an_import_leaves_out_who_was_deleted_after_the_preview(sim):
    text = "email,group,tags,company,note\n"
    text += "anna@example.com,Anna's,Anna's,Anna's,Anna's\nben@example.com,Fair,Fair,Fair,Fair"
    table, (settings,) = read_table(text), sim.config.stores
    with sim.db.reading() as tx:
        columns = match_columns(table.columns, ())
        lines = read_lines(tx, "shop", table, columns, "", sim.now.date()).good
    anna, left = delete_anna(sim)
    result = Importer(sim.db, sim.config, settings, lines).run(by(sim))
    assert [(2, GONE)] == result.told
    assert {"tags": 1, "group": 1, "company": 1, "note": 1} == result.counts
    assert left == held(sim, anna)


@pytest.mark.parametrize("action", ["note", "remove-from-group", "add-tag"])
def test_an_undo_leaves_out_who_was_deleted_since_it_was_asked_for(sim, action):
    persons = people(sim)
    if action == "remove-from-group":
        change(sim, "add-to-group", "Anna's", persons)
    made = change(sim, action, "Anna's", persons)
    with sim.db.reading() as tx:
        saved = load_saved_bulk(tx, ["shop"], made.id)
    anna, left = delete_anna(sim)
    assert 1 == undo_bulk(sim.db, saved, by(sim)).changed
    assert left == held(sim, anna)
    with sim.db.reading() as tx:
        assert not [each for each in load_edits(tx, "shop", [anna]) if "Anna's" in each.words]


@pytest.mark.parametrize("in_the_store", [False, True])
def test_the_next_sync_works_after_an_undo_for_someone_who_is_gone(sim, in_the_store):
    made = change(sim, "add-to-group", "Anna's", people(sim))
    if in_the_store:
        sim.sandbox.delete_customer(1, now=sim.now)
        sim.nightly()
    else:
        delete_anna(sim)
    sim.run_pass()
    with sim.db.reading() as tx:
        saved = load_saved_bulk(tx, ["shop"], made.id)
    undo_bulk(sim.db, saved, by(sim))
    sim.place_order(email="ben@example.com", customer=2)
    sim.advance(minutes=5)
    sim.run_pass()
    assert [] == examine(sim.db, sim.config, sim.now).problems
