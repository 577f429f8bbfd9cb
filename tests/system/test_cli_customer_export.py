"""``wcflow customer export``: all that is held on a person, in two files that only the admin can read."""

import json
import re
import stat
from datetime import timedelta
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest

import wcflow.customers
from tests.command_line import CommandLine
from tests.persons import person
from wcflow.customers import edits
from wcflow.customers.export import load_tables, personal_tables
from wcflow.database.events import save_events
from wcflow.database.suppression import Suppression, add
from wcflow.rules.event_kinds import CONSENT_GIVEN

RULES = """
[segment Regular]
when = orders_count >= 1

[workflow welcome]
trigger = first_order
do = create_task Call <them>
     add_to_group Fans
     add_note Hello
"""
ADDRESS = {
    "first_name": "Anna <b>",
    "last_name": "O'Neil & Co",
    "phone": "+49 30 123456",
    "address_1": "Main Street 1",
    "city": "Berlin",
}


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    sim = command_line.sim
    sim.now -= timedelta(days=3)
    anna = sim.register("anna@example.com", days_ago=9, billing=ADDRESS, shipping=ADDRESS)
    sim.register("bob@example.com", days_ago=9, first_name="Bob")
    sim.run_pass()
    sim.advance(days=1)
    sim.place_order(customer=anna, billing=ADDRESS, customer_note="Ring <twice>")
    sim.run_pass()
    sim.advance(days=2)
    with sim.db.transaction() as tx:
        save_events(tx, "shop", {person(tx, "c1"): [CONSENT_GIVEN.make("given", sim.now)]})
        add(tx, "shop", Suppression("sms", "+49 30 123456", "manual", "asked", sim.now, "maria"))
    yield command_line
    sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def export(cli, folder, *words):
    result = run(cli, "customer", "export", "anna@example.com", "--to", folder, "--yes", *words)
    assert (0, "") == (result.code, result.err)
    return json.loads((folder / "customer-1.json").read_text())


def test_the_export_has_everything_and_only_this_person(cli, tmp_path):
    run(cli, "note", "add", "Likes tea", "anna")
    run(cli, "note", "add", "Likes coffee", "bob")
    run(cli, "customer", "deactivate", "anna", "--reason", "asked for it")
    facts = export(cli, tmp_path / "out")
    assert ("anna@example.com", "inactive") == (facts["customer"]["email"], facts["status"])
    (order,) = facts["orders"]
    assert ("100.00", "Ring <twice>", "Berlin") == (
        order["total"],
        order["customer_note"],
        order["billing"]["city"],
    )
    assert ["+49 30 123456"] == [each["address"] for each in facts["suppressed"]]
    assert {"person", "event", "run", "outbox", "task", "customer_note", "edit"} <= {
        *facts["tables"]
    }
    assert {"group_member", "identity", "membership", "transition"} <= {*facts["tables"]}
    text = json.dumps(facts)
    assert "Likes tea" in text
    assert "asked for it" in text
    assert "coffee" not in text
    assert "bob@" not in text


def test_every_table_with_rows_of_persons_is_exported(cli):
    """A table that is added later, too."""
    with cli.sim.db.reading() as tx:
        found = load_tables(tx, "shop", person(tx, "c1"))
        names = {each.name for each in personal_tables()}
        with_rows = {
            name
            for name in names
            if tx.exec_driver_sql(
                f"SELECT count(*) FROM {name} WHERE person = {person(tx, 'c1')}"
            ).scalar()
        }
    assert names >= {"points", "tier", "pool_code", "company_member", "customer_note", "edit"}
    assert found.keys() == with_rows | {"person"}


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_shows_the_record_and_no_text_can_become_markup(cli, tmp_path):
    run(cli, "note", "add", "<script>alert(1)</script>", "anna")
    export(cli, tmp_path / "out")
    text = (tmp_path / "out" / "customer-1.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert not {"script", "b", "twice", "them"} & {*page.tags}
    shown = " ".join(page.texts)
    for each in (
        "Anna <b> O'Neil & Co",
        "<script>alert(1)</script>",
        "Ring <twice>",
        "Call <them>",
        "agreed to marketing",
        "placed and paid order",
        "entered the segment Regular",
    ):
        assert each in shown, each


def test_only_the_admin_can_read_the_files(cli, tmp_path):
    folder = tmp_path / "out"
    export(cli, folder)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    assert (0o700, {0o600}) == (stat.S_IMODE(folder.stat().st_mode), modes)
    assert ["customer-1.html", "customer-1.json"] == sorted(each.name for each in folder.iterdir())


def test_an_export_is_confirmed_and_is_in_the_timeline(cli, tmp_path):
    words = ("customer", "export", "anna", "--to", tmp_path / "out")
    refused = run(cli, *words)
    assert (2, True) == (refused.code, "add --yes" in refused.err)
    assert not (tmp_path / "out").exists()
    export(cli, tmp_path / "out", "--reason", "request of 5 May")
    newest = json.loads(run(cli, "customer", "show", "anna", "--json").out)["timeline"][0]
    assert ("exported what is held on them", "request of 5 May", None) == (
        newest["words"],
        newest["reason"],
        newest["edit"],
    )


def test_those_who_may_only_look_can_export(cli, tmp_path):
    cli.edit_config("[wcflow]", "[wcflow]\nread_only = yes")
    assert "anna@example.com" == export(cli, tmp_path / "out")["customer"]["email"]


def test_a_folder_that_cannot_be_made_is_told(cli, tmp_path):
    (tmp_path / "file").write_text("")
    result = run(cli, "customer", "export", "anna", "--to", tmp_path / "file" / "x", "--yes")
    assert (1, True) == (result.code, "cannot make the folder" in result.err)


def test_the_undo_of_every_operation_is_known_to_the_command():
    import_module("wcflow.cli.customer_undo")
    kinds = set()
    for path in Path(wcflow.customers.__file__).parent.glob("*.py"):
        kinds |= {*re.findall(r'^@undoes\("(\w+)"\)', path.read_text(), re.MULTILINE)}
    assert "status" in kinds
    assert kinds <= edits._UNDO.keys()


def test_whom_the_team_joined_with_a_person_is_exported(cli, tmp_path):
    cli.sim.place_order(email="anna.lind@example.com")
    cli.sim.run_pass()
    merged = run(cli, "customer", "merge", "1", "anna.lind@example.com", "--yes")
    assert (0, "") == (merged.code, merged.err)
    (row,) = export(cli, tmp_path / "out")["tables"]["same_person"]
    assert {"email": "anna.lind@example.com", "belongs_to": "c1"} == row


def test_an_undo_says_what_it_undoes(cli):
    run(cli, "customer", "deactivate", "anna")
    number = json.loads(run(cli, "customer", "show", "anna", "--json").out)["timeline"][0]["edit"]
    undone = run(cli, "customer", "undo", number).out
    assert re.search(
        rf"Edit {number} of \S+, \d{{4}}-\S+ \d\d:\d\d: set the status to inact", undone
    )
    assert "set the status back to active" in undone
