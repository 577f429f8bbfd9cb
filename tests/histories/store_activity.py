"""What people and the store's owner do, with a ledger for the invariants."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from tests import oracle
from tests.builders import BERLIN
from wcflow.customers import edits, merge
from wcflow.database.customers import load_customers
from wcflow.database.edits import EditedBy
from wcflow.database.identity import load_person_keys
from wcflow.database.orders import load_orders
from wcflow.database.people import load_person_ids
from wcflow.database.sql import table_of
from wcflow.database.tables import SamePersonRow
from wcflow.errors import UsageError
from wcflow.evaluate.context import read_context
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.rest import RestError

EMAILS = ("ada@example.com", "ben@example.com", "CY@example.com", "dee@example.com")
MANUAL_PREFIX = "own"
WORKFLOW_TAG = "Welcomed"


@dataclass
class Removal:
    """A tag that the owner removed; ``certain`` while it must stay removed."""

    owner: int | str
    tag: str
    place: tuple[str, int]
    certain: bool
    seen: bool = False


class StoreActivity:
    """Activities in a store. Each selects its target by number, and does nothing without one."""

    def __init__(self, sim, rule_set):
        self.sim, self.sandbox, self.rule_set = sim, sim.sandbox, rule_set
        self.wallet = sim.product
        long_ago = sim.now - timedelta(days=400)
        self.belt = self.sandbox.add_product("Belt", now=long_ago, price="60.00")
        self.pending_lines = {}
        self.unstamped_change = False
        # The ledger: payments, changed identities, and tags changed by hand.
        self.paid_at, self.with_changed_identity, self.with_lost_orders = {}, set(), set()
        self.manual_tags, self.removals = {}, []
        # Workflows added later: when added, since when surely active, when removed.
        self.extra_workflows = {}

    # Look-ups.

    def orders(self, *statuses):
        found = (self.sandbox.order(each) for each in self.sandbox.order_ids())
        return [o for o in found if not statuses or o["status"] in statuses]

    def customers(self):
        return [self.sandbox.customer(each) for each in self.sandbox.customer_ids()]

    def accounts(self):
        """The accounts by address, without those of staff."""
        return {
            oracle.normalize_email(c["email"]): c["id"]
            for c in self.customers()
            if c["role"] == "customer"
        }

    def people(self):
        return oracle.group_people(self.orders(), self.customers(), self.joined())

    def joined(self):
        """What someone of the team has joined by hand: addresses, and customers or addresses."""
        with self.sim.db.reading() as tx:
            rows = tx.execute(table_of(SamePersonRow).select()).all()
        return [(row.email, row.belongs_to) for row in rows]

    def _pick(self, pick, *statuses, among=None):
        found = self.orders(*statuses) if among is None else among
        return found[pick % len(found)] if found else None

    def _covered_by_nightly(self, *statuses):
        """Orders whose changes the nightly check finds even without a timestamp."""
        found, hpos = self.orders(*statuses), self.sandbox.state.settings.hpos
        young = (self.sim.now - timedelta(days=20)).isoformat()
        return [order for order in found if hpos or order["date_created_gmt"] > young]

    def _lines(self, total, pick=0):
        product, name = ((self.wallet, "Wallet"), (self.belt, "Belt"))[pick % 2]
        return (LineItem(product_id=product, total=total, name=name),)

    # People.

    def register(self, pick):
        email = EMAILS[pick % len(EMAILS)]
        if oracle.normalize_email(email) not in self.accounts():
            self._mark_uncertain(oracle.normalize_email(email))
            self.sandbox.register(email, now=self.sim.now)

    def place_order(self, pick, *, status="processing", as_guest=False, lines=True):
        email = EMAILS[pick % len(EMAILS)]
        account = 0 if as_guest else self.accounts().get(oracle.normalize_email(email), 0)
        items = self._lines(f"{(40, 120, 260)[pick // 4 % 3]}.00", pick // 12)
        order = self.sandbox.place_order(
            now=self.sim.now,
            customer=account,
            email=email,
            items=items if lines else (),
            status=status,
        )
        if not lines:
            self.pending_lines[order] = items
        if status in oracle.PAID:
            self.paid_at[order] = self.sim.now
        return order

    def place_order_without_lines(self, pick):
        """The order is visible before its lines, which are saved without a new timestamp."""
        self.place_order(pick, lines=False)

    def place_unpaid_order(self, pick):
        self.place_order(pick, status="pending")

    def place_guest_order(self, pick):
        self.place_order(pick, as_guest=True)

    def save_pending_lines(self, _pick=0):
        for order, items in self.pending_lines.items():
            if order in self.sandbox.order_ids():
                self.sandbox.save_items(order, items)
        self.pending_lines.clear()

    def pay(self, pick):
        if order := self._pick(pick, "pending", "failed"):
            self.paid_at[order["id"]] = self.sim.now
            self.sandbox.pay(order["id"], now=self.sim.now)

    def fail(self, pick):
        if order := self._pick(pick, "pending"):
            self.sandbox.fail(order["id"], now=self.sim.now)

    def complete(self, pick):
        if order := self._pick(pick, "processing"):
            self.sandbox.complete(order["id"], now=self.sim.now)

    def refund_part(self, pick):
        self._refund(pick, "5.00")

    def refund_all(self, pick):
        self._refund(pick, None)

    def _refund(self, pick, amount):
        self.save_pending_lines()
        order = self._pick(pick, "processing", "completed")
        if order and float(order["total"]) - float(oracle.refunded(order)) > 5:
            self.sandbox.refund(order["id"], amount, now=self.sim.now)

    def change_email(self, pick):
        accounts = self.accounts()
        new = EMAILS[pick // 4 % len(EMAILS)]
        if accounts and oracle.normalize_email(new) not in accounts:
            old = sorted(accounts)[pick % len(accounts)]
            self._record_identity_change(old, oracle.normalize_email(new), accounts[old])
            self.sandbox.change_email(accounts[old], new, now=self.sim.now)

    def delete_account(self, pick):
        accounts = self.accounts()
        if accounts:
            email = sorted(accounts)[pick % len(accounts)]
            bought = self.people()[accounts[email]].orders
            addresses = {oracle.normalize_email(order["billing"]["email"]) for order in bought}
            if any(order not in self._covered_by_nightly() for order in bought):
                return
            self._record_identity_change(email, accounts[email], *addresses)
            self.sandbox.delete_customer(accounts[email], now=self.sim.now)
            self.unstamped_change = True

    # The owner.

    def edit_order_email(self, pick):
        if order := self._pick(pick, among=self._covered_by_nightly()):
            new = EMAILS[pick // 7 % len(EMAILS)]
            self._record_reassignment(order, oracle.normalize_email(new))
            self.sandbox.edit_billing(order["id"], now=self.sim.now, email=new)

    def reassign_order(self, pick):
        order, accounts = self._pick(pick, among=self._covered_by_nightly()), self.accounts()
        if order:
            email, account = [("", 0), *sorted(accounts.items())][pick // 7 % (len(accounts) + 1)]
            self._record_reassignment(
                order, email or oracle.normalize_email(order["billing"]["email"]), account
            )
            self.sandbox.assign_order(order["id"], account, now=self.sim.now)

    def edit_total(self, pick):
        self.save_pending_lines()
        order = self._pick(
            pick, among=self._covered_by_nightly("processing", "completed", "pending")
        )
        if order and not order["refunds"]:
            self.unstamped_change = True
            total = f"{(10, 150, 400)[pick // 7 % 3]}.00"
            self.sandbox.edit_items(order["id"], self._lines(total, pick // 2), now=self.sim.now)

    def trash(self, pick):
        if order := self._pick(pick, "processing", "pending", "completed", "failed"):
            self._record_lost_order(order)
            self.sandbox.trash(order["id"], now=self.sim.now)

    def restore(self, pick):
        if order := self._pick(pick, "trash"):
            self.sandbox.untrash(order["id"], now=self.sim.now)

    def delete_order(self, pick):
        if order := self._pick(pick):
            for owner in self._record_lost_order(order):
                self._mark_uncertain(owner)  # until the nightly check counts the orders
            self.sandbox.delete_order(order["id"])

    def _record_lost_order(self, order):
        """Mark tags on an order as uncertain, and return the persons concerned."""
        concerned = set()
        for owner, person in self.people().items():
            if any(each["id"] == order["id"] for each in person.orders):
                concerned |= {owner, person.email}
        self.with_lost_orders |= concerned
        return concerned

    def _record_reassignment(self, order, *to):
        self.unstamped_change = True
        owners = [o for o, p in self.people().items() if order in p.orders]
        self._record_identity_change(
            oracle.normalize_email(order["billing"]["email"]), *owners, *to
        )

    def _record_identity_change(self, *owners):
        """Record that these persons can be merged now: an action for one counts for the other."""
        self.with_changed_identity |= {each for each in owners if each}
        for each in owners:
            self._mark_uncertain(each)

    def _mark_uncertain(self, owner):
        for removal in self.removals:
            removal.certain = removal.certain and removal.owner != owner

    # The team.

    def merge_customers(self, pick):
        """Merge two customers, unless both have an account; every second time with the orders."""
        (settings,) = self.sim.config.stores
        with self.sim.db.transaction() as tx:
            persons = load_person_ids(tx, "shop")
            if len(persons) < 2:
                return
            one = persons[pick % len(persons)]
            other = persons[pick // 7 % len(persons)]
            self._record_persons(tx, one, other)
            context = read_context(tx, self.sim.config, settings, self.sim.now)
            by, move = EditedBy("team", self.sim.now), bool(pick % 2)
            with suppress(UsageError), tx.begin_nested():
                merge.merge(tx, context, one, other, by, move_store_orders=move)

    def split_customers(self, pick):
        """Take back one of the merges."""
        with self.sim.db.transaction() as tx:
            merges = [
                each
                for one in load_person_ids(tx, "shop")
                for each in merge.find_merges(tx, "shop", one)
            ]
            if merges:
                edit = merges[pick % len(merges)]
                self._record_persons(tx, edit.person)
                with suppress(UsageError), tx.begin_nested():
                    edits.undo(tx, edit, EditedBy("team", self.sim.now))

    def _record_persons(self, tx, *persons):
        keys = load_person_keys(tx, "shop", persons).values()
        owners = [int(key[1:]) if key.startswith("c") else key[2:] for key in keys]
        near = {address for pair in self.joined() for address in pair}
        emails = {number: email for email, number in self.accounts().items()}
        self._record_identity_change(
            *owners,
            *(emails[each] for each in owners if each in emails),
            *(each.removeprefix("g:") for each in near),
        )

    # Tags by hand.

    def _places(self):
        places = [("order", order["id"]) for order in self._covered_by_nightly()]
        return [*places, *(("customer", each) for each in self.accounts().values())]

    def _write_tags(self, place, tags):
        kind, number = place
        text = ", ".join(sorted(tags)) or None
        if kind == "order":
            self.unstamped_change = True
            self.sandbox.edit_order_meta(number, "wcflow_tags", text, now=self.sim.now)
        else:
            self.sandbox.edit_customer_meta(number, "wcflow_tags", text, now=self.sim.now)

    def shown(self, place):
        kind, number = place
        return self.sim.tags(number) if kind == "order" else self.sim.customer_tags(number)

    def add_tag_by_hand(self, pick):
        if places := self._places():
            place = places[pick % len(places)]
            tag = f"{MANUAL_PREFIX}{len(self.manual_tags) + 1}"
            self.manual_tags[tag] = place
            self._write_tags(place, self.shown(place) | {tag})

    def remove_tag_by_hand(self, pick, *, certain=False):
        places = [place for place in self._places() if self.shown(place)]
        if places:
            place = places[pick % len(places)]
            shown = sorted(self.shown(place))
            tag = shown[pick // 5 % len(shown)]
            self._write_tags(place, set(shown) - {tag})
            self.manual_tags.pop(tag, None)
            for owner, person in self.people().items():
                if self._is_at(place, person):
                    sure = certain and self._is_current(place, person) and self._is_fully_synced()
                    self.removals.append(Removal(owner, tag, place, sure))

    def _is_fully_synced(self):
        """Return whether wcflow already has the current owners of accounts and orders, and deletions."""
        with self.sim.db.reading() as tx:
            kept = load_customers(tx, "shop", list(self.accounts().values()))
            saved_orders = load_orders(tx, "shop", range(1, 5000))
        accounts = {number: email for email, number in self.accounts().items()}
        saved_accounts = {
            number: oracle.normalize_email(each.email) for number, each in kept.items()
        }
        orders = {
            o["id"]: (o["customer_id"], oracle.normalize_email(o["billing"]["email"]))
            for o in self.orders()
        }
        saved = {number: (each.customer_id, each.email) for number, each in saved_orders.items()}
        return accounts == saved_accounts and orders == saved

    @staticmethod
    def _is_at(place, person):
        kind, number = place
        if kind == "customer":
            return person.account is not None and person.account["id"] == number
        return any(order["id"] == number for order in person.orders)

    @staticmethod
    def _is_current(place, person):
        kind, number = place
        return kind == "customer" or (oracle.latest_order(person) or {}).get("id") == number

    def removals_near(self, owner, person):
        """The removals of a person, or of persons that can be merged with them."""
        near = {owner, person.email}
        near |= self.with_changed_identity if near & self.with_changed_identity else set()
        return [removal for removal in self.removals if removal.owner in near]

    def wanted(self, person):
        return oracle.tags(person, self.rule_set, self.sim.now, BERLIN)

    def update_removals(self, *, seen=False):
        """Update which removals still apply: the rule held throughout, and wcflow read them in time."""
        if not any(removal.certain for removal in self.removals):
            return
        people = self.people()
        for removal in self.removals:
            person = people.get(removal.owner)
            holds = person is not None and removal.tag in self.wanted(person)
            applies = holds and (removal.seen or self._is_current(removal.place, person))
            removal.certain = removal.certain and applies
            removal.seen = removal.seen or (applies and seen)

    # The admin.

    def change_rules(self, rule_set):
        """Use another set of rules from now on."""
        for name, (added, active, removed) in self.extra_workflows.items():
            if name != rule_set.extra:
                self.extra_workflows[name] = (added, active, removed or self.sim.now)
        if rule_set.extra and rule_set.extra not in self.extra_workflows:
            self.extra_workflows[rule_set.extra] = (self.sim.now, None, None)
        self.rule_set = rule_set
        self.update_removals()

    def record_pass(self):
        """Record a complete pass: new workflows are surely active now."""
        for name, (added, active, removed) in self.extra_workflows.items():
            self.extra_workflows[name] = (added, active or self.sim.now, removed)

    def do(self, activity, pick):
        """Do an activity, unless the store rejects it."""
        try:
            getattr(self, activity)(pick)
        except RestError:
            return
        finally:
            self.update_removals()


ACTIVITIES = (
    "register",
    "place_order",
    "place_order_without_lines",
    "place_unpaid_order",
    "place_guest_order",
    "save_pending_lines",
    "pay",
    "fail",
    "complete",
    "refund_part",
    "refund_all",
    "change_email",
    "delete_account",
    "edit_order_email",
    "reassign_order",
    "edit_total",
    "trash",
    "restore",
    "delete_order",
    "add_tag_by_hand",
    "remove_tag_by_hand",
    "merge_customers",
    "split_customers",
)
