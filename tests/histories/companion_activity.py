"""What happens around the companion plugin: requests, visits, links in e-mails, lost tables, backups.

Tags of the dashboard begin like those that people add in the store, because rules say nothing of them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field

from tests import oracle
from tests.histories.mail_server import RecordingMailServer
from tests.histories.store_activity import MANUAL_PREFIX
from wcflow.customers import erasure
from wcflow.database import companion
from wcflow.database.edits import EditedBy
from wcflow.database.people import load_person_ids
from wcflow.database.restore import prepare_restored
from wcflow.database.stores import load_secret
from wcflow.errors import UsageError
from wcflow.rules.mail_links import click_address, open_address
from wcflow.sandbox.companion_tables import PLUGIN

PREFIX = f"{MANUAL_PREFIX} dashboard"
GROUPS = ("Wholesale", "Press")
REQUESTS = (
    *("add_tag", "add_tag", "remove_tag", "add_note", "add_note", "remove_note", "set_group"),
    *("set_status", "set_company", "add_reminder", "close_task", "snooze_task", "undo"),
    *("approve", "tag_many", "ask_nonsense"),
)
"""What people ask for in the dashboard."""
VISITS = ("view", "view", "fill_cart", "empty_cart", "log_in", "open", "click", "unsubscribe")
"""What customers do in the store and with e-mails."""
ACCIDENTS = (
    *("deactivate", "activate", "reinstall", "back_up", "restore", "restore"),
    *("save_database", "restore_database", "erase"),
)
"""What happens to the plugin, to its tables, and to wcflow's database."""


class LinkedMailServer(RecordingMailServer):
    """Keeps the links that unsubscribe; notes e-mails after an unsubscription."""

    def __init__(self, sim):
        super().__init__(sim)
        self.links, self.stopped = [], set()

    def _accept(self, recipient, message):
        super()._accept(recipient, message)
        if message["List-Unsubscribe"] is not None and recipient in self.stopped:
            self.violations.append((self.sent[-1], "unsubscribed by the link"))
        text = str(message["List-Unsubscribe"] or "")
        found = re.findall(r"https://shop\.example/\?wcflow=[\w.-]+", text)
        self.links += [(recipient, each) for each in found]


@dataclass
class Dashboard:
    """The plugin as people use it. ``asked`` are all requests in their order, with their owners."""

    sim: object
    activity: object
    server: LinkedMailServer
    asked: list = field(default_factory=list)
    seen: dict = field(default_factory=dict)
    viewed: list = field(default_factory=list)
    unsubscribed: list = field(default_factory=list)
    erased: dict = field(default_factory=dict)
    backups: list = field(default_factory=list)
    databases: list = field(default_factory=list)
    restored: bool = False
    """Whether wcflow's database was restored."""

    @property
    def plugin(self):
        return self.sim.sandbox.companion

    @property
    def is_active(self):
        return PLUGIN in self.sim.sandbox.state.settings.plugins

    def do(self, deed, pick):
        """Do a deed; without the plugin nobody asks for anything."""
        self._look()
        if self.is_active or deed in ACCIDENTS:
            getattr(self, deed)(pick)
            self.activity.update_removals()

    def _look(self):
        for person, card in self.plugin.tables.people.items():
            self.seen[person] = {**deepcopy(card), "generation": self.plugin.tables.generation}

    # Requests.

    def tag_everyone(self):
        """Add a tag of their own to each customer who is shown, or was shown once."""
        self._look()
        for card in self.seen.values():
            self._ask("tag.add", card, tag=f"{PREFIX} {len(self.asked)}")

    def _ask(self, action, card, pick=0, **data):
        fields = {
            "by": "Jo (jo)",
            "user_id": 3,
            "reason": "",
            "bulk": "",
            "action": action,
            "data": data,
            "generation": card.get("generation") or self.plugin.tables.generation,
            **{name: card.get(name, 0) for name in ("person", "customer_id")},
            "email": card.get("email", ""),
        }
        row = self.plugin.tables.append("requests", self.sim.now, fields)
        self.asked.append((row, owner_of(card)))
        return row

    def _card(self, pick):
        """Return the card of someone who is shown, or was shown once: merged, deleted, erased."""
        shown = [*self.plugin.tables.people.values()] if pick % 4 else [*self.seen.values()]
        return shown[pick // 4 % len(shown)] if shown else {}

    def add_tag(self, pick):
        self._ask("tag.add", self._card(pick), tag=f"{PREFIX} {len(self.asked)}")

    def remove_tag(self, pick):
        added = [each for each in self.asked if _adds_a_tag(each[0].fields)]
        if added:
            row, _ = added[pick % len(added)]
            self._ask("tag.remove", row.fields, tag=row.fields["data"]["tag"])

    def add_note(self, pick):
        self._ask("note.add", self._card(pick), text=f"Note {len(self.asked)}", category="Feedback")

    def remove_note(self, pick):
        card = self._card(pick)
        for note in card.get("notes", ())[:1]:
            self._ask("note.remove", card, note=note["id"])

    def set_group(self, pick):
        action = ("group.add", "group.add", "group.remove")[pick // 5 % 3]
        self._ask(action, self._card(pick), group=GROUPS[pick % 2])

    def set_status(self, pick):
        self._ask("status.set", self._card(pick), status=("inactive", "active")[pick // 3 % 2])

    def set_company(self, pick):
        self._ask("company.set", self._card(pick), company=("Acme", "Rotor Ltd", "")[pick % 3])

    def add_reminder(self, pick):
        text = f"Call {len(self.asked)}"
        self._ask("reminder.add", self._card(pick), text=text, due="2027-01-10T08:00:00Z")

    def close_task(self, pick):
        summary = self.plugin.tables.summary
        for task in summary.get("tasks", ())[pick % 3 :][:1]:
            self.activity.finished_tasks.add(task["id"])
            self._ask("task.done", {"generation": summary["generation"]}, task=task["id"])

    def snooze_task(self, pick):
        summary, until = self.plugin.tables.summary, "2027-02-10T08:00:00Z"
        for task in summary.get("tasks", ())[pick % 3 :][:1]:
            shown = {"generation": summary["generation"]}
            self._ask("task.snooze", shown, task=task["id"], until=until)

    def undo(self, pick):
        card = self._card(pick)
        found = [each["edit"] for each in card.get("timeline", ()) if each["edit"]]
        if found:
            self._ask("edit.undo", card, edit=found[pick % len(found)])

    def approve(self, _pick):
        if held := self.plugin.tables.summary.get("held"):
            self._ask("held.approve", {}, token=held["token"])

    def tag_many(self, pick):
        shown = self.plugin.tables.generation
        pairs = [
            (card["person"], card["customer_id"])
            for card in self.seen.values()
            if not companion.is_other_database(card["generation"], shown)
        ]
        tag = f"{PREFIX} many {len(self.asked)}"
        self._ask("tag.add", {}, tag=tag, people=[list(each) for each in pairs[pick % 2 :]])

    def ask_nonsense(self, pick):
        action = ("tag.ad", "tag.add", "status.set", "note.remove")[pick % 4]
        self._ask(action, self._card(pick), status="asleep", note=2**70)

    # Visitors.

    def _visitor(self, pick):
        accounts = sorted(self.activity.accounts().items())
        return accounts[pick % len(accounts)] if accounts else None

    def view(self, pick):
        if found := self._visitor(pick):
            self.plugin.view_product(self.sim.product, now=self.sim.now, customer=found[1])
            self._note_view(found[1])

    def fill_cart(self, pick):
        """Visitors with a cart may be unknown so far."""
        items = [{"product_id": self.sim.product, "name": "Wallet", "quantity": 1}]
        email = "visitor@example.com" if pick % 3 == 0 else "ada@example.com"
        self.plugin.change_cart("k1", items, now=self.sim.now, email=email)
        self._note_view(None)

    def empty_cart(self, _pick):
        self.plugin.change_cart("k1", [], now=self.sim.now, email="ada@example.com")
        self._note_view(None)

    def log_in(self, pick):
        if found := self._visitor(pick):
            self.plugin.log_in(found[1], now=self.sim.now)
            self._note_view(found[1])

    def _note_view(self, owner):
        self.viewed.append((self.plugin.tables.events.rows[-1], owner))

    # Links in e-mails.

    def open(self, pick):
        """Load the picture of an e-mail, as if it were in all of them."""
        self._follow_link_of_entry(pick, open_address)

    def click(self, pick):
        self._follow_link_of_entry(pick, click_address, "https://shop.example/sale")

    def _follow_link_of_entry(self, pick, address, *target):
        if entries := self.sim.outbox(kinds=["email"], states=("done",)):
            with self.sim.db.reading() as tx:
                secret = load_secret(tx)
            entry = entries[pick % len(entries)].id
            url = address("https://shop.example/", secret, "shop", entry, *target)
            self.plugin.open_link(url, now=self.sim.now)

    def unsubscribe(self, pick):
        before = self.plugin.tables.events.last
        if self.server.links:
            address, url = self.server.links[pick % len(self.server.links)]
            self.plugin.open_link(url, now=self.sim.now, method="POST")
            if self.plugin.tables.events.last > before:
                self.unsubscribed.append((self.plugin.tables.events.rows[-1], address))

    # Accidents.

    def deactivate(self, _pick):
        self.plugin.deactivate()

    def activate(self, _pick):
        self.plugin.activate()

    def reinstall(self, _pick):
        self.plugin.reinstall()

    def back_up(self, _pick):
        self.backups.append(self.plugin.back_up())

    def restore(self, pick):
        if self.backups:
            self.plugin.restore(self.backups[pick % len(self.backups)])

    def save_database(self, _pick):
        if file := self._file():
            self.sim.reopen_database()
            self.sim.db.close()
            self.databases.append(file.read_bytes())
            self.sim.reopen_database()

    def restore_database(self, pick):
        if self.databases:
            self.sim.db.close()
            self._file().write_bytes(self.databases[pick % len(self.databases)])
            prepare_restored(self.sim.database_url, self.sim.now)
            self.sim.reopen_database()
            self.restored = True
            self.erased.clear()
            self.server.stopped.clear()

    def _file(self):
        """Return the database's file; other servers are not backed up here."""
        is_file = self.sim.database_url.startswith("sqlite")
        return self.sim.folder / "wcflow.sqlite3" if is_file else None

    def erase(self, pick):
        """Delete the first customer who can be deleted, for the tables remember them."""
        (settings,) = self.sim.config.stores
        with self.sim.db.transaction() as tx:
            persons = load_person_ids(tx, "shop")
            first = pick % max(1, len(persons))
            for person in [*persons[first:], *persons[:first]]:
                orders = [*erasure.Orders][pick % 2]
                self.activity._record_persons(tx, person)
                with suppress(UsageError), tx.begin_nested():
                    erasure.erase(tx, settings, person, EditedBy("jo", self.sim.now), orders=orders)
                    self.erased[person] = self.sim.now
                    self.activity.unstamped_change = True
                    return

    # Passes.

    def note_pass(self):
        """Record whose unsubscription wcflow has read: from now on they get no marketing e-mail."""
        tables = self.plugin.tables
        with self.sim.db.reading() as tx:
            cursor = companion.load_cursor(tx, "shop", "events")
        here = {row.key for row in tables.events.rows if row.id <= cursor.row_id}
        for row, address in self.unsubscribed:
            if row.key in here and cursor.epoch == tables.epoch:
                self.server.stopped.add(address)


def _adds_a_tag(fields):
    return fields["action"] == "tag.add" and "tag" in fields["data"]


def owner_of(card):
    """Return the account or the address that stands for someone, as in the ledger of the store."""
    return card.get("customer_id") or oracle.normalize_email(card.get("email", ""))
