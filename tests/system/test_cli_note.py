"""``wcflow note``: what the team writes down about customers."""

import json

import pytest

from tests.command_line import CommandLine
from tests.persons import person
from wcflow.database.edits import load_edits


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "")
    command_line.sim.register("anna@example.com", first_name="Anna")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def notes_of(cli, customer="anna"):
    return json.loads(run(cli, "note", "list", customer, "--json").out)["notes"]


def test_a_note_is_written_in_a_category_and_listed(cli):
    added = run(cli, "note", "add", "Called back", "anna", "--category", "phone call")
    assert "Anna <anna@example.com>" in added.out
    assert "wrote note 1 (Phone Call)" in added.out
    run(cli, "note", "add", "Likes tea", "anna")
    newest, oldest = notes_of(cli)
    assert ("Likes tea", "General") == (newest["text"], newest["category"])
    assert ("Called back", "Phone Call") == (oldest["text"], oldest["category"])
    assert "Called back" in run(cli, "note", "list", "anna").out


def test_an_unknown_category_is_an_error_with_a_suggestion(cli):
    result = run(cli, "note", "add", "x", "anna", "--category", "Complain")
    assert (2, True) == (result.code, "Did you mean 'Complaint'?" in result.err)
    assert [] == notes_of(cli)


def test_an_empty_note_is_an_error(cli):
    assert 2 == run(cli, "note", "add", "  ", "anna").code


def test_a_removed_note_is_no_longer_listed(cli):
    run(cli, "note", "add", "Likes tea", "anna")
    assert "Removed note 1 (General)." in run(cli, "note", "remove", "1").out
    assert [] == notes_of(cli)
    assert "removed already" in run(cli, "note", "remove", "1").out
    assert 2 == run(cli, "note", "remove", "7").code


def test_each_change_is_an_edit_with_its_author_and_reason(cli, monkeypatch):
    monkeypatch.setattr("wcflow.cli.context.admin_name", lambda: "maria")
    run(cli, "note", "add", "Likes tea", "anna")
    run(cli, "note", "remove", "1", "--reason", "wrong person")
    with cli.sim.db.reading() as tx:
        found = load_edits(tx, "shop", [person(tx, "c1")])
    assert ["wrote note 1 (General)", "removed note 1 (General)"] == [each.words for each in found]
    assert [("maria", ""), ("maria", "wrong person")] == [
        (each.by.name, each.by.reason) for each in found
    ]


def test_with_read_only_everything_can_be_seen_and_nothing_changed(cli):
    run(cli, "note", "add", "Likes tea", "anna")
    cli.edit_config("[wcflow]", "[wcflow]\nread_only = yes")
    assert 1 == len(notes_of(cli))
    for words in (
        ("note", "add", "x", "anna"),
        ("note", "remove", "1"),
        ("sync",),
        ("run",),
        ("plan",),
    ):
        result = cli.run(*words)
        assert (78, True) == (result.code, "read_only = yes" in result.err), words
    assert 1 == len(notes_of(cli))
