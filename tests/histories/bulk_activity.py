"""What a team does for many customers at once: bulk changes, imports, and their undo; and the laws.

The ledger follows the edits in the database: each one has its effect, and an undone one has none.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple
from unittest.mock import patch

from sqlalchemy import select

from tests.histories.team_activity import PREFIX, key_of, places, who_stayed_the_same
from tests.persons import person as find_person
from tests.simulation import CrashPoint, ProcessKilled
from wcflow.customers import bulk, groups, imports, notes, status, tags
from wcflow.customers.bulk import BULK, change_many, load_saved_bulk, undo_bulk
from wcflow.customers.bulk_actions import ACTIONS, BulkRequest, plan_change
from wcflow.customers.import_lines import read_lines
from wcflow.customers.import_table import match_columns, read_table
from wcflow.customers.imports import Importer
from wcflow.database.companies import load_companies_of
from wcflow.database.edits import EditedBy, load_bulk, load_edits, undone_ids
from wcflow.database.groups import load_groups
from wcflow.database.identity import load_person_keys
from wcflow.database.people import load_memories, load_person_ids
from wcflow.database.schema import METADATA
from wcflow.database.sql import table_of
from wcflow.database.tables import CustomerNoteRow, RunRow
from wcflow.errors import UsageError
from wcflow.evaluate.bulk import BulkRun, plan_bulk, start_bulk
from wcflow.evaluate.codes import reserving
from wcflow.evaluate.context import open_context
from wcflow.rules.hand_tags import tags_now

DEEDS = (
    *("add-tag", "add-tag", "remove-tag", "add-to-group", "remove-from-group"),
    *("activate", "deactivate", "note", "note", "import", "import", "import", "start-workflow"),
    *("undo", "undo", "undo", "continue", "continue", "continue"),
)
WORKFLOW = "invited"
_NOTES, _RUNS = table_of(CustomerNoteRow), table_of(RunRow)
_COMPARED = (
    *("person", "identity", "event", "edit", "customer_group", "group_member", "customer_note"),
    *("company", "company_member", "outbox", "written_tags", "task", "points", "tier"),
)


class Request(NamedTuple):
    """A bulk change that was asked for: an action with its value, or the text of a file."""

    action: str
    value: str
    owners: tuple


@dataclass
class BulkTeam:
    """A team that works with many customers. ``team`` does the same for one."""

    sim: object
    activity: object
    team: object
    tags: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    companies: dict = field(default_factory=dict)
    birthdays: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    invited: Counter = field(default_factory=Counter)
    asked: Counter = field(default_factory=Counter)
    unsure_birthdays: set = field(default_factory=set)
    made: list = field(default_factory=list)
    seen: set = field(default_factory=set)
    interrupted: list = field(default_factory=list)
    not_undone: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=lambda: {"tag": [0], "group": [0]})
    count: int = 0

    def do(self, deed, pick, crash=None, size=500):
        """Do something; ``crash`` is after how many steps the process is killed, if at all."""
        self.count += 1
        if self.interrupted and pick % 2:
            deed = ("undo", "continue")[pick // 2 % 2]
        owners = sorted(self.activity.people(), key=str)
        chosen = tuple(owner for number, owner in enumerate(owners) if pick >> number & 1) or owners
        request = self._request(deed, pick, tuple(chosen))
        if request is None:
            return
        point = CrashPoint(10_000 if crash is None else crash)
        try:
            with (
                patch.object(bulk, "BATCH", size),
                patch.object(imports, "BATCH", size),
                suppress(UsageError),
                point.count_steps_of(self.sim.db),
            ):
                self._perform(request)
        except ProcessKilled:
            self.sim.reopen_database()
            self.interrupted.append(request)
        self._follow_edits()

    def do_everything(self):
        """Do each deed for everyone; which one is the first depends on what was done before."""
        deeds = [each for each in dict.fromkeys(DEEDS) if each != "continue"]
        first = self.count % len(deeds)
        self.do("continue", 0)
        for deed in deeds[first:] + deeds[:first]:
            self.do(deed, 0, size=2)

    def _request(self, deed, pick, owners):
        if deed == "continue":
            return self.interrupted.pop() if self.interrupted else None
        if deed == "undo":
            return Request("undo", self._latest(), ()) if self.made else None
        if deed == "import":
            return Request("import", self._file(owners, pick), owners)
        known = self.numbers["group" if "group" in deed else "tag"]
        if deed.startswith("add"):
            known.append(self.count)
        number = known[-1] if deed.startswith("add") else known[pick % len(known)]
        tag = f"{PREFIX} bulk {number}"
        values = {"add-tag": tag, "remove-tag": tag, "note": f"Call {self.count}"}
        value = values.get(deed, f"Bulk {number}" if "group" in deed else "")
        self.asked[value] = len(owners)
        return Request(deed, value, owners)

    def _latest(self):
        return str(self.made[-1])

    def _file(self, owners, pick):
        """Return a table of what to import, about customers by address or id."""
        self.asked[f"Imported {self.count}"] = len(owners)
        self.numbers["tag"].append(self.count)
        self.numbers["group"].append(self.count)
        number, lines = self.count, ["Kunde,email,Gruppe,Etikett,Firma,Notiz,birthday"]
        for at, owner in enumerate(owners):
            who = f"{owner}," if isinstance(owner, int) else f",{owner}"
            day = f"19{50 + number % 50}-{1 + number % 12:02}-{1 + at:02}"
            company = f"Company {number % 3}" if pick % 2 else ""
            groups, tags = f"Bulk {number};Bulk", f"{PREFIX} bulk {number};{PREFIX} bulk"
            cells = (groups, tags, company, f"Imported {number}")
            lines.append(f"{who},{','.join(cells)},{day if isinstance(owner, int) else ''}")
        return "\n".join(lines)

    # What they do.

    def _perform(self, request):
        if request.action == "undo":
            self._undo(int(request.value))
        elif request.action == "import":
            self._import(request)
        elif request.action == "start-workflow":
            self._start_workflow(request)
        else:
            self._change(request)

    @property
    def _by(self):
        return EditedBy("sam", self.sim.now)

    def _persons(self, tx, owners):
        found = (find_person(tx, key_of(owner)) for owner in owners)
        return [each for each in dict.fromkeys(found) if each is not None]

    def _change(self, request):
        with self.sim.db.reading() as tx:
            persons = self._persons(tx, request.owners)
            wanted = BulkRequest("shop", self.sim.config, request.value)
            change = plan_change(tx, request.action, wanted, [repr(request.owners)])
        check_same_as_single_commands(self.sim, change, request, persons, self._by)
        change_many(self.sim.db, "shop", persons, change, self._by)
        check_everyone_changed(self.sim, request, persons)

    def _import(self, request):
        (settings,) = self.sim.config.stores
        table = read_table(request.value)
        maps = ("Kunde=id", "Gruppe=group", "Etikett=tags", "Firma=company", "Notiz=note")
        columns = match_columns(table.columns, maps)
        with self.sim.db.reading() as tx:
            lines = read_lines(tx, "shop", table, columns, "", self.sim.now.date())
        importer = Importer(self.sim.db, self.sim.config, settings, lines.good)
        before = self._dump()
        planned = importer.preview(self._by)
        assert before == self._dump()
        done = importer.run(self._by)
        assert planned.counts == done.counts, (planned.counts, done.counts)
        assert sorted(planned.told) == sorted(done.told)
        again = importer.run(self._by)
        assert (0, 0, 0) == (again.id, again.customers, again.counts.total()), again

    def _dump(self):
        with self.sim.db.reading() as tx:
            return dump(tx)

    def _start_workflow(self, request):
        (settings,) = self.sim.config.stores
        (workflow,) = [each for each in self.sim.config.rules.workflows if each.name == WORKFLOW]
        with self.sim.db.transaction() as tx:
            context = open_context(tx, self.sim.config, settings, self.sim.now)
            persons = self._persons(tx, request.owners)
            run = BulkRun(workflow, None, self.sim.now, persons)
            plan = plan_bulk(tx, context, run, reserving(tx, "shop", self.sim.now))
            start_bulk(tx, context, plan)
            started = [each.memory.person for each in plan.planned_runs]
            owners = self._owners(tx, started).values()
        self.invited.update(owners)

    def _undo(self, number):
        with self.sim.db.reading() as tx:
            saved = load_saved_bulk(tx, ["shop"], number)
        result = undo_bulk(self.sim.db, saved, self._by)
        with self.sim.db.reading() as tx:
            left = load_saved_edits(tx, number)
        assert len(left) <= result.reasons.total(), (left, result.reasons)
        self.not_undone[number] = {each.id for each in left}

    # The ledger.

    def _owners(self, tx, persons):
        keys = load_person_keys(tx, "shop", [*persons])
        return {
            person: int(key[1:]) if key.startswith("c") else key.removeprefix("g:")
            for person, key in keys.items()
        }

    def _follow_edits(self):
        """Note what the new edits of bulk changes have done, and those that undo them."""
        with self.sim.db.reading() as tx:
            found = load_edits(tx, "shop", [0, *load_person_ids(tx, "shop")])
            owners = self._owners(tx, {each.person for each in found} - {0})
        new = sorted((each for each in found if each.id not in self.seen), key=lambda e: e.id)
        by_id = {each.id: each for each in found}
        self.seen |= by_id.keys()
        for edit in new:
            done = edit if edit.undoes is None else by_id.get(edit.undoes)
            if done is None:
                continue
            undone = edit.undoes is not None
            if done.kind == BULK:
                self.made = [each for each in self.made if each != done.id]
                self.made += [] if undone else [done.id]
            elif done.by.bulk.isdecimal():
                self._note_effect(done, owners.get(edit.person), undone=undone)

    def _note_effect(self, edit, owner, *, undone):
        data = edit.data
        if edit.kind == "tags":
            for tag, (added, _, by_workflow) in data.items():
                was = added or by_workflow
                self.tags[owner, tag] = was if undone else not was
        elif edit.kind == "group_member":
            self.groups[owner, data["group"]] = data["added"] != undone
        elif edit.kind == "status":
            self.team.inactive[owner] = data["inactive"] == undone
        elif edit.kind == "note":
            self.notes[data["note"]] = not undone
        elif edit.kind == "company_member":
            with self.sim.db.reading() as tx:
                who = find_person(tx, key_of(owner))
                self.companies[owner] = load_companies_of(tx, "shop", [who]).get(who)
        elif edit.kind == "custom_field":
            known = self.birthdays.setdefault(owner, [""])
            if not undone:
                known.append(data["value"])
            elif known[-1] == data["value"]:
                known.pop()
            else:
                self.unsure_birthdays.add(owner)


def load_saved_edits(tx, number):
    """Return the edits of a bulk change that are not undone."""
    made = load_bulk(tx, "shop", str(number))
    undone = undone_ids(tx, [each.id for each in made])
    return [each for each in made if each.undoes is None and each.id not in undone]


def dump(tx):
    """Return what is in the tables that a team can change, without ids and the names of bulks."""
    found = {}
    for table in METADATA.sorted_tables:
        if table.name in _COMPARED:
            rows = tx.execute(select(table)).mappings()
            found[table.name] = sorted(repr(_plain(table.name, row)) for row in rows)
    return found


def _plain(table, row):
    is_note = table == "edit" and row["kind"] == "note"
    left_out = {"bulk"} | ({"words", "data"} if is_note else set())
    left_out |= {"id"} if table in ("edit", "customer_note", "event", "outbox") else set()
    return sorted((name, value) for name, value in row.items() if name not in left_out)


_SINGLE = {
    "add-tag": tags.add_tag,
    "remove-tag": tags.remove_tag,
    "add-to-group": groups.add_to_group,
    "remove-from-group": groups.remove_from_group,
    "activate": status.activate,
    "deactivate": status.deactivate,
    "note": notes.add_note,
}
assert _SINGLE.keys() == ACTIONS.keys()


def check_same_as_single_commands(sim, change, request, persons, by):
    """A bulk change leaves the same behind as the command for one customer, for each of them."""
    values = (request.value,) if request.value else ()
    with sim.db.transaction() as tx:
        attempt = tx.begin_nested()
        for person in persons:
            with suppress(UsageError), tx.begin_nested():
                _SINGLE[request.action](tx, "shop", person, *values, by)
        expected = dump(tx)
        attempt.rollback()
        attempt = tx.begin_nested()
        change.operation(tx, "shop", persons, by)
        found = dump(tx)
        attempt.rollback()
    for table, rows in expected.items():
        assert rows == found[table], (table, request, {*rows} ^ {*found[table]})


def check_everyone_changed(sim, request, persons):
    """After a bulk change, everyone who was selected is as it says."""
    with sim.db.reading() as tx:
        memories = load_memories(tx, "shop", persons)
        members = load_groups(tx, "shop", persons)
    for person, memory in memories.items():
        as_wanted = {
            "add-tag": request.value in tags_now(memory),
            "remove-tag": request.value not in tags_now(memory),
            "add-to-group": request.value in members.get(person, ()),
            "remove-from-group": request.value not in members.get(person, ()),
            "activate": not memory.standing.inactive,
            "deactivate": memory.standing.inactive,
        }
        assert as_wanted.get(request.action, True), (request, person)


def check_all(sim, activity, team):
    """Check all laws of this module for people who stayed who they are."""
    certain = who_stayed_the_same(activity)
    check_tags(activity, team, certain)
    check_notes(sim, team)
    check_invited(sim, team, certain)
    check_undone(sim, team)
    with sim.db.reading() as tx:
        persons = {owner: find_person(tx, key_of(owner)) for owner in certain}
        members = load_groups(tx, "shop", [*persons.values()])
        employers = load_companies_of(tx, "shop", [*persons.values()])
    for (owner, group), is_in in team.groups.items():
        if owner in certain:
            assert is_in == (group in members.get(persons[owner], ())), (owner, group)
    for owner, company in team.companies.items():
        if owner in certain:
            assert company == employers.get(persons[owner]), (owner, company)
    for owner, days in team.birthdays.items():
        if owner in certain and owner not in team.unsure_birthdays:
            assert days[-1] == (sim.meta("customer", owner, "birthday") or ""), (owner, days)


def check_tags(activity, team, certain):
    """A tag is where the last change put it, unless someone removed it in the store."""
    removed = {(each.owner, each.tag) for each in activity.removals}
    for (owner, tag), is_there in team.tags.items():
        if owner in certain and (owner, tag) not in removed and tag.startswith(PREFIX):
            for place in places(certain[owner]):
                assert is_there == (tag in activity.shown(place)), (owner, tag, place)


def check_undone(sim, team):
    """What is undone is undone as a whole, also if it was interrupted, but for what was told."""
    with sim.db.reading() as tx:
        heads = [each for each in load_edits(tx, "shop", [0]) if each.kind == BULK]
        for number in undone_ids(tx, [each.id for each in heads]):
            left = load_saved_edits(tx, number)
            told = team.not_undone.get(number, ())
            # The store can have refused a field; a company can have other customers.
            surprising = {each.kind for each in left if each.id not in told}
            assert not surprising - {"custom_field", "company"}, (number, left)


def check_notes(sim, team):
    """Each note is there once, and shown unless it was undone, whoever has it now."""
    with sim.db.reading() as tx:
        rows = tx.execute(select(_NOTES)).all()
    shown = {row.id: row.removed_at is None for row in rows}
    assert team.notes == {number: shown.get(number) for number in team.notes}
    for text, times in Counter(row.text for row in rows if shown[row.id]).items():
        assert times <= team.asked[text], (text, times)


def check_invited(sim, team, certain):
    """A workflow that was started for many has run once for each, to its end."""
    with sim.db.reading() as tx:
        of_workflow = (_RUNS.c.workflow == WORKFLOW, _RUNS.c.state != "skipped")
        rows = tx.execute(select(_RUNS.c.person, _RUNS.c.state).where(*of_workflow)).all()
        persons = {owner: find_person(tx, key_of(owner)) for owner in certain}
        members = load_groups(tx, "shop", [*persons.values()])
    for owner, times in team.invited.items():
        if owner in certain:
            states = [row.state for row in rows if row.person == persons[owner]]
            assert (["done"], 1) == (states, times), (owner, states, times)
            found = members.get(persons[owner], frozenset())
            assert {"Came"} == found & {"Invited", "Came"}, (owner, found)
