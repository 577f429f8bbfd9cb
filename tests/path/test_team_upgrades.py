"""What a team did with its customers is kept by an upgrade, and nothing is written twice after it."""

import pytest

from tests.databases.team_store import build_team_store
from tests.path.test_upgrades import DUMPS, _contents, old_url  # noqa: F401  a fixture
from wcflow.cli.check_database import examine
from wcflow.database.connection import open_database
from wcflow.database.people_filter import PeopleFilter, PeopleQuery
from wcflow.database.people_search import Belonging

REVISIONS = sorted(name for file in DUMPS.glob("*.lite.sql") if (name := file.name[:4]) >= "0005")
TABLES_OF_0005 = ("points", "tier", "pool_code", "task", "group_member", "campaign", "suppression")
TABLES_OF_0006 = ("edit", "customer_note", "customer_group", "company", "company_member", "erasure")


@pytest.fixture(params=REVISIONS)
def revision(request):
    return request.param


@pytest.fixture
def sim(old_url, revision, tmp_path):  # noqa: F811
    """The shop as it is for the upgraded database."""
    folder = tmp_path / "today"
    folder.mkdir()
    simulation = build_team_store(folder, revision=revision)
    simulation.db.close()
    simulation.db = open_database(old_url)
    yield simulation
    simulation.db.close()


def test_the_dump_has_rows_in_the_tables_that_came_with_it(old_url, revision):  # noqa: F811
    contents = _contents(old_url)
    expected = TABLES_OF_0005 + (TABLES_OF_0006 if revision >= "0006" else ())

    assert [] == [name for name in expected if not contents[name]]
    assert {"waiting"} <= {row["state"] for row in contents["run"]}
    assert {"due", "done"} <= {row["state"] for row in contents["outbox"]}


def test_an_upgraded_database_passes_its_check_before_and_after_a_sync(sim):
    assert [] == examine(sim.db, sim.config, sim.now).problems
    sim.settle()
    assert [] == examine(sim.db, sim.config, sim.now).problems


def test_customers_are_found_after_an_upgrade(sim):
    belonging = Belonging(frozenset(), "by_email")
    with sim.db.reading() as tx:
        found = [
            PeopleQuery(tx, "shop", PeopleFilter(search=text), belonging).matched
            for text in ("dora@", "ben@example", "no such customer")
        ]
    assert [1, 1, 0] == found


def test_after_an_upgrade_what_waits_is_written_once_and_nothing_that_was_written(sim):
    before = _texts(sim)
    passes = []
    for days in (0, 0, 0, 2, 0, 1, 0):
        sim.advance(days=days, minutes=3)
        sim.run_pass()
        passes.append(len(sim.writes))
    added = _texts(sim)[len(before) :]

    assert passes[0] > 0 == passes[2] == passes[-1]
    notes = _texts(sim)
    assert [] == [each for each in notes if notes.count(each) > 1]
    assert {"Welcome", "Your gift", "Two days on"} <= {
        start
        for _, text in added
        for start in ("Welcome", "Your gift", "Two days on")
        if start in text
    }


def _texts(sim):
    """Return the notes of all orders, without the marks that follow from a run."""
    orders = sorted(sim.sandbox.order_ids())
    return [(order, note) for order in orders for note in sorted(sim.notes(order))]
