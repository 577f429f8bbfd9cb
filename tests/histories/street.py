"""What people and the shop's owner do, and a ledger of it that the laws are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests import naive
from tests.builders import BERLIN
from wcflow.database.customers import customers
from wcflow.database.orders import order_records
from wcflow.sandbox.orders import LineItem
from wcflow.sandbox.rest import RestError

EMAILS = ("ada@example.com", "ben@example.com", "CY@example.com", "dee@example.com")
OWN = "own"
GRANTED = "Welcomed"


@dataclass
class Removal:
    """A tag that the owner took away; ``certain`` while nobody could say that it may come back."""

    owner: int | str
    tag: str
    place: tuple[str, int]
    certain: bool
    seen: bool = False


class Street:
    """The people around a shop. Each deed picks whom and what by number, and may find nobody."""

    def __init__(self, world, book):
        self.w, self.shop, self.book = world, world.shop, book
        self.wallet = world.product
        long_ago = world.now - timedelta(days=400)
        self.belt = self.shop.add_product("Belt", now=long_ago, price="60.00")
        self.unsaved = {}
        self.silent = False
        # The ledger: when orders were really paid, whom identity changed, what hands did to tags.
        self.paid_at, self.moved, self.robbed = {}, set(), set()
        self.own, self.removals = {}, []
        # Workflows that came later: when written, since when surely watching, when gone.
        self.extras = {}

    # Looking around.

    def orders(self, *statuses):
        every = (self.shop.order(each) for each in self.shop.order_ids())
        return [o for o in every if not statuses or o["status"] in statuses]

    def customers(self):
        return [self.shop.customer(each) for each in self.shop.customer_ids()]

    def accounts(self):
        """The accounts by address; not those of who runs the shop."""
        return {
            naive.plain(c["email"]): c["id"] for c in self.customers() if c["role"] == "customer"
        }

    def people(self):
        return naive.people(self.orders(), self.customers())

    def _pick(self, pick, *statuses, among=None):
        found = self.orders(*statuses) if among is None else among
        return found[pick % len(found)] if found else None

    def _looked_after(self, *statuses):
        """Orders of which also a change without a stamp is found in a night."""
        every, hpos = self.orders(*statuses), self.shop.state.settings.hpos
        young = (self.w.now - timedelta(days=20)).isoformat()
        return [order for order in every if hpos or order["date_created_gmt"] > young]

    def _lines(self, total, pick=0):
        product, name = ((self.wallet, "Wallet"), (self.belt, "Belt"))[pick % 2]
        return (LineItem(product_id=product, total=total, name=name),)

    # People.

    def registers(self, pick):
        email = EMAILS[pick % len(EMAILS)]
        if naive.plain(email) not in self.accounts():
            self._doubt(naive.plain(email))
            self.shop.register(email, now=self.w.now)

    def orders_something(self, pick, *, status="processing", as_guest=False, lines=True):
        email = EMAILS[pick % len(EMAILS)]
        account = 0 if as_guest else self.accounts().get(naive.plain(email), 0)
        items = self._lines(f"{(40, 120, 260)[pick // 4 % 3]}.00", pick // 12)
        order = self.shop.place_order(
            now=self.w.now,
            customer=account,
            email=email,
            items=items if lines else (),
            status=status,
        )
        if not lines:
            self.unsaved[order] = items
        if status in naive.PAID:
            self.paid_at[order] = self.w.now
        return order

    def orders_without_lines(self, pick):
        """The stamp is there, the lines are not: they are saved with no new stamp."""
        self.orders_something(pick, lines=False)

    def orders_unpaid(self, pick):
        self.orders_something(pick, status="pending")

    def orders_as_guest(self, pick):
        self.orders_something(pick, as_guest=True)

    def lines_are_saved(self, _pick=0):
        for order, items in self.unsaved.items():
            if order in self.shop.order_ids():
                self.shop.save_items(order, items)
        self.unsaved.clear()

    def pays(self, pick):
        if order := self._pick(pick, "pending", "failed"):
            self.paid_at[order["id"]] = self.w.now
            self.shop.pay(order["id"], now=self.w.now)

    def fails(self, pick):
        if order := self._pick(pick, "pending"):
            self.shop.fail(order["id"], now=self.w.now)

    def completes(self, pick):
        if order := self._pick(pick, "processing"):
            self.shop.complete(order["id"], now=self.w.now)

    def is_given_some_back(self, pick):
        self._refund(pick, "5.00")

    def is_given_all_back(self, pick):
        self._refund(pick, None)

    def _refund(self, pick, amount):
        self.lines_are_saved()
        order = self._pick(pick, "processing", "completed")
        if order and float(order["total"]) - float(naive.refunded(order)) > 5:
            self.shop.refund(order["id"], amount, now=self.w.now)

    def changes_email(self, pick):
        accounts = self.accounts()
        new = EMAILS[pick // 4 % len(EMAILS)]
        if accounts and naive.plain(new) not in accounts:
            old = sorted(accounts)[pick % len(accounts)]
            self._identity(old, naive.plain(new), accounts[old])
            self.shop.change_email(accounts[old], new, now=self.w.now)

    def deletes_account(self, pick):
        accounts = self.accounts()
        if accounts:
            email = sorted(accounts)[pick % len(accounts)]
            bought = self.people()[accounts[email]].orders
            addresses = {naive.plain(order["billing"]["email"]) for order in bought}
            if any(order not in self._looked_after() for order in bought):
                return
            self._identity(email, accounts[email], *addresses)
            self.shop.delete_customer(accounts[email], now=self.w.now)
            self.silent = True

    # The owner.

    def edits_address_of_order(self, pick):
        if order := self._pick(pick, among=self._looked_after()):
            new = EMAILS[pick // 7 % len(EMAILS)]
            self._moves(order, naive.plain(new))
            self.shop.edit_billing(order["id"], now=self.w.now, email=new)

    def gives_order_to(self, pick):
        order, accounts = self._pick(pick, among=self._looked_after()), self.accounts()
        if order:
            email, account = [("", 0), *sorted(accounts.items())][pick // 7 % (len(accounts) + 1)]
            self._moves(order, email or naive.plain(order["billing"]["email"]), account)
            self.shop.assign_order(order["id"], account, now=self.w.now)

    def edits_total(self, pick):
        self.lines_are_saved()
        order = self._pick(pick, among=self._looked_after("processing", "completed", "pending"))
        if order and not order["refunds"]:
            self.silent = True
            total = f"{(10, 150, 400)[pick // 7 % 3]}.00"
            self.shop.edit_items(order["id"], self._lines(total, pick // 2), now=self.w.now)

    def trashes(self, pick):
        if order := self._pick(pick, "processing", "pending", "completed", "failed"):
            self._robs(order)
            self.shop.trash(order["id"], now=self.w.now)

    def restores(self, pick):
        if order := self._pick(pick, "trash"):
            self.shop.untrash(order["id"], now=self.w.now)

    def deletes_order(self, pick):
        if order := self._pick(pick):
            for owner in self._robs(order):
                self._doubt(owner)  # until a night wcflow counts what is gone
            self.shop.delete_order(order["id"])

    def _robs(self, order):
        """Note that what stood on an order may be found nowhere any more; say whom it concerns."""
        concerned = set()
        for owner, person in self.people().items():
            if any(each["id"] == order["id"] for each in person.orders):
                concerned |= {owner, person.email}
        self.robbed |= concerned
        return concerned

    def _moves(self, order, *to):
        self.silent = True
        owners = [o for o, p in self.people().items() if order in p.orders]
        self._identity(naive.plain(order["billing"]["email"]), *owners, *to)

    def _identity(self, *who):
        """Note that these may be one another now: what was done for one was done for the other."""
        self.moved |= {each for each in who if each}
        for each in who:
            self._doubt(each)

    def _doubt(self, owner):
        for removal in self.removals:
            removal.certain = removal.certain and removal.owner != owner

    # Tags by hand.

    def _places(self):
        places = [("order", order["id"]) for order in self._looked_after()]
        return [*places, *(("customer", each) for each in self.accounts().values())]

    def _write_tags(self, place, tags):
        kind, number = place
        text = ", ".join(sorted(tags)) or None
        if kind == "order":
            self.silent = True
            self.shop.edit_order_meta(number, "wcflow_tags", text, now=self.w.now)
        else:
            self.shop.edit_customer_meta(number, "wcflow_tags", text, now=self.w.now)

    def shown(self, place):
        kind, number = place
        return self.w.tags(number) if kind == "order" else self.w.customer_tags(number)

    def adds_tag_by_hand(self, pick):
        if places := self._places():
            place = places[pick % len(places)]
            tag = f"{OWN}{len(self.own) + 1}"
            self.own[tag] = place
            self._write_tags(place, self.shown(place) | {tag})

    def takes_tag_away(self, pick, *, certain=False):
        places = [place for place in self._places() if self.shown(place)]
        if places:
            place = places[pick % len(places)]
            shown = sorted(self.shown(place))
            tag = shown[pick // 5 % len(shown)]
            self._write_tags(place, set(shown) - {tag})
            self.own.pop(tag, None)
            for owner, person in self.people().items():
                if self._is_at(place, person):
                    sure = certain and self._is_current(place, person) and self._all_are_known()
                    self.removals.append(Removal(owner, tag, place, sure))

    def _all_are_known(self):
        """Say whether wcflow has heard already whose the accounts and the orders are, and what is gone."""
        with self.w.db.reading() as tx:
            kept = customers(tx, "shop", list(self.accounts().values()))
            orders = order_records(tx, "shop", range(1, 5000))
        told = {each: account for account, each in self.accounts().items()}
        mails = {number: naive.plain(each.email) for number, each in kept.items()}
        owned = {
            o["id"]: (o["customer_id"], naive.plain(o["billing"]["email"])) for o in self.orders()
        }
        known = {number: (each.customer_id, each.email) for number, each in orders.items()}
        return told == mails and owned == known

    @staticmethod
    def _is_at(place, person):
        kind, number = place
        if kind == "customer":
            return person.account is not None and person.account["id"] == number
        return any(order["id"] == number for order in person.orders)

    @staticmethod
    def _is_current(place, person):
        kind, number = place
        return kind == "customer" or (naive.latest(person) or {}).get("id") == number

    def removals_near(self, owner, person):
        """The removals that concern a person, or someone whom they may have been."""
        near = {owner, person.email}
        near |= self.moved if near & self.moved else set()
        return [removal for removal in self.removals if removal.owner in near]

    def wanted(self, person):
        return naive.tags(person, self.book, self.w.now, BERLIN)

    def looks_around(self, *, seen=False):
        """See which removals still bind: the rule held all the while, and wcflow had a look in time."""
        if not any(removal.certain for removal in self.removals):
            return
        people = self.people()
        for removal in self.removals:
            person = people.get(removal.owner)
            holds = person is not None and removal.tag in self.wanted(person)
            there = holds and (removal.seen or self._is_current(removal.place, person))
            removal.certain = removal.certain and there
            removal.seen = removal.seen or (there and seen)

    # The admin.

    def changes_book(self, book):
        """Another book is used from now on."""
        for name, (added, known, gone) in self.extras.items():
            if name != book.extra:
                self.extras[name] = (added, known, gone or self.w.now)
        if book.extra and book.extra not in self.extras:
            self.extras[book.extra] = (self.w.now, None, None)
        self.book = book
        self.looks_around()

    def was_walked(self):
        """A whole walk was done: a new workflow is surely watching now."""
        for name, (added, known, gone) in self.extras.items():
            self.extras[name] = (added, known or self.w.now, gone)

    def do(self, deed, pick):
        """Do it, if the shop lets them."""
        try:
            getattr(self, deed)(pick)
        except RestError:
            return
        finally:
            self.looks_around()


DEEDS = (
    "registers",
    "orders_something",
    "orders_without_lines",
    "orders_unpaid",
    "orders_as_guest",
    "lines_are_saved",
    "pays",
    "fails",
    "completes",
    "is_given_some_back",
    "is_given_all_back",
    "changes_email",
    "deletes_account",
    "edits_address_of_order",
    "gives_order_to",
    "edits_total",
    "trashes",
    "restores",
    "deletes_order",
    "adds_tag_by_hand",
    "takes_tag_away",
)
