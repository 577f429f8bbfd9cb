"""``wcflow customer duplicates``."""

import json

import pytest

from tests.command_line import CommandLine

BERG = {"first_name": "Anna", "last_name": "Berg", "postcode": "10115"}


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "")
    sim = command_line.sim
    sim.register("anna@example.com", first_name="Anna", last_name="Berg")
    sim.place_order(customer=1, email="anna@example.com", billing=BERG)
    sim.place_order(email="anna+shop@example.com", billing=BERG)
    sim.place_order(email="berg@example.com", billing=BERG)
    sim.place_order(email="ben@example.com", billing={"first_name": "Ben"})
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run("customer", *words, mounted_at=None)


def pairs(cli, *words):
    found = json.loads(run(cli, "duplicates", "--json", *words).out)["shop"]
    return {
        tuple(person["customer"]["email"] for person in each["customers"]): each for each in found
    }


MAILBOX = ("anna@example.com", "anna+shop@example.com")


def test_likely_duplicates_are_listed_with_reasons_the_most_likely_first(cli):
    found = pairs(cli)
    assert MAILBOX == next(iter(found))
    assert ["the same mailbox", "the same name", "the same postcode"] == found[MAILBOX]["reasons"]
    assert 3 == len(found)
    shown = run(cli, "duplicates", "--limit", "1").out
    assert "3 pairs of customers who may be the same person" in shown
    assert "… and 2 more." in shown


def test_a_minimum_score_leaves_out_the_less_likely(cli):
    assert [MAILBOX] == [*pairs(cli, "--score", "90")]


def test_the_pairs_can_be_written_to_a_file(cli, tmp_path):
    result = run(cli, "duplicates", "--csv", tmp_path / "pairs.csv")
    assert "Wrote 3 pairs" in result.out
    assert 4 == len((tmp_path / "pairs.csv").read_text().splitlines())


def test_different_people_are_no_longer_listed_until_that_is_undone(cli):
    result = run(cli, "duplicates", "--dismiss", *MAILBOX)
    assert (0, True) == (result.code, "different people" in result.out)
    assert MAILBOX not in pairs(cli)
    assert 2 == len(pairs(cli))
    assert "already" in run(cli, "duplicates", "--dismiss", *reversed(MAILBOX)).out
    assert 0 == run(cli, "undo", "1").code
    assert MAILBOX in pairs(cli)


def test_merged_customers_are_no_longer_duplicates(cli):
    assert 0 == run(cli, "merge", *MAILBOX, "--yes").code
    assert MAILBOX not in pairs(cli)
