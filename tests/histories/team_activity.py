"""What a team does by command: tags, the status, and names; and the laws that hold afterwards.

Tags of the team begin like those that people add in the store, because rules say nothing of them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.histories.store_activity import MANUAL_PREFIX, Removal
from tests.persons import person as find_person
from wcflow.customers import edits, fields, status, tags
from wcflow.database import people
from wcflow.database.edits import EditedBy, find_edit
from wcflow.errors import UsageError

PREFIX = f"{MANUAL_PREFIX} team"
DEEDS = (
    "add_tag",
    "add_tag",
    "remove_own_tag",
    "remove_any_tag",
    "deactivate",
    "activate",
    "edit_name",
    "edit_name",
    "undo",
)


@dataclass
class Team:
    """The team of a store. ``activity`` knows who is who; ``names`` are the last names that it gave."""

    sim: object
    activity: object
    given: dict = field(default_factory=dict)
    taken: set = field(default_factory=set)
    inactive: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    undoable: list = field(default_factory=list)
    count: int = 0

    def __post_init__(self):
        self.saved_names = []
        answer = self.sim.sandbox.answer

        def answer_and_look(request, now):
            before = self._names()
            found = answer(request, now)
            self.saved_names += [
                each for each in self._names().items() if each not in before.items()
            ]
            return found

        self.sim.sandbox.answer = answer_and_look

    def _names(self):
        return {number: each.last_name for number, each in self.sim.sandbox.state.customers.items()}

    def do(self, deed, pick):
        """Do something with one of the customers."""
        owners = sorted(self.activity.people(), key=str)
        owner = owners[pick % len(owners)]
        with suppress(UsageError), self.sim.db.transaction() as tx:
            who = find_person(tx, key_of(owner))
            if who is not None:
                getattr(self, f"_{deed}")(tx, owner, who, pick)

    @property
    def _by(self):
        self.count += 1
        return EditedBy("sam", self.sim.now)

    def _add_tag(self, tx, owner, who, _pick):
        tag = f"{PREFIX}{self.count}"
        tags.add_tag(tx, "shop", who, tag, self._by)
        self.given[tag] = owner

    def _remove_own_tag(self, tx, owner, who, pick):
        own = [tag for tag, whose in self.given.items() if whose == owner and tag not in self.taken]
        if own:
            tag = own[pick // 7 % len(own)]
            tags.remove_tag(tx, "shop", who, tag, self._by)
            self.taken.add(tag)

    def _remove_any_tag(self, tx, owner, who, pick):
        """Remove a tag of a rule, as the owner of the store does there."""
        known = people.load_memories(tx, "shop", [who])[who].current_tags
        others = sorted(tag for tag in known if not tag.startswith(MANUAL_PREFIX))
        if others:
            tag = others[pick // 7 % len(others)]
            tags.remove_tag(tx, "shop", who, tag, self._by)
            place = ("order", 0) if isinstance(owner, str) else ("customer", owner)
            self.activity.removals.append(Removal(owner, tag, place, certain=False))

    def _deactivate(self, tx, owner, who, _pick):
        status.deactivate(tx, "shop", who, self._by)
        self.inactive[owner] = True

    def _activate(self, tx, owner, who, _pick):
        status.activate(tx, "shop", who, self._by)
        self.inactive[owner] = False

    def _edit_name(self, tx, owner, who, _pick):
        (settings,) = self.sim.config.stores
        name = f"Smith{self.count}"
        done = fields.edit_fields(tx, settings, who, {"last_name": name}, self._by)
        self.names.setdefault(owner, []).append(name)
        self.undoable.append((done.edit, owner, name))

    def _undo(self, tx, _owner, _who, _pick):
        """Undo the latest change of a name."""
        if self.undoable:
            number, owner, name = self.undoable.pop()
            edits.undo(tx, find_edit(tx, number), self._by)
            names = self.names[owner]
            if names and names[-1] == name:
                names.pop()


def key_of(owner):
    return f"g:{owner}" if isinstance(owner, str) else f"c{owner}"


def who_stayed_the_same(activity):
    """Return the people, by owner, whose account, address and orders nobody changed."""
    changed = activity.with_changed_identity | activity.with_lost_orders
    return {
        owner: person
        for owner, person in activity.people().items()
        if not changed & {owner, person.email}
    }


def check_all(sim, activity, team):
    """Check all laws of this module for people who stayed who they are."""
    certain = who_stayed_the_same(activity)
    check_tags(activity, team, certain)
    check_status(sim, team, certain)
    check_names(sim, team, certain)


def check_tags(activity, team, certain):
    """A tag of the team stays until someone removes it; one that the team removed stays away."""
    removed = {(each.owner, each.tag) for each in activity.removals}
    for tag, owner in team.given.items():
        if owner not in certain or (owner, tag) in removed:
            continue
        for place in places(certain[owner]):
            shown = tag in activity.shown(place)
            assert shown == (tag not in team.taken), (owner, tag, place)


def places(person):
    """Return where the tags of a person are shown now."""
    if person.account is not None:
        return [("customer", person.account["id"])]
    # Around a clock change, a later order can have an earlier time.
    latest = max(
        person.orders, key=lambda each: (each["date_created_gmt"], each["id"]), default=None
    )
    return [("order", latest["id"])] if latest and latest["status"] == "processing" else []


def check_status(sim, team, certain):
    """The status is what the team set it to, and the account shows it."""
    for owner, inactive in team.inactive.items():
        if owner in certain:
            memory = sim.memory(key_of(owner))
            assert memory.standing.inactive == inactive, owner
            if not isinstance(owner, str):
                shown = sim.meta("customer", owner, "wcflow_status")
                assert ("inactive" if inactive else None) == (shown or None), owner


def check_names(sim, team, certain):
    """Each name reaches the store once, unless an undo writes it again; the last one is there."""
    entries = sim.outbox(kinds=["customer_fields"], limit=None)
    assert not [each for each in entries if each.state not in ("done", "cancelled")], entries
    wanted = Counter(
        (each.target_id, each.payload["fields"]["last_name"]["to"]) for each in entries
    )
    for saved, times in Counter(team.saved_names).items():
        assert times <= wanted[saved], saved
    for owner, names in team.names.items():
        if owner in certain:
            expected = names[-1] if names else ""
            assert expected == sim.sandbox.customer(owner)["last_name"], (owner, names)
