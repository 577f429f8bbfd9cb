"""A small language for stories about a shop: people act, days pass, and one looks at the result.

    shop = open_shop("first-time-buyer")
    anna = shop.customer("Anna")
    anna.buys(40)
    shop.wait(days=1)
    assert ["First-time Buyer"] == anna.tags

Behind it are the recipe as it ships, real passes, a sandbox store and a clock that is set.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from tests.mail_host import free_port, mail_host
from tests.persons import person
from tests.simulation import Simulation
from tests.webhook_host import running_webhook_host
from wcflow import sync
from wcflow.config.recipes import FOLDER, INCLUDE, load_recipes
from wcflow.database.sql import instant, stamp, table_of
from wcflow.database.standings import load_standings
from wcflow.database.tables import OutboxRow, PersonRow
from wcflow.database.tasks import DONE, NOTICE, OPEN, TASK, load_tasks
from wcflow.evaluate.campaigns import start_campaign
from wcflow.evaluate.context import open_context
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.poll.pools import import_codes
from wcflow.rules.points import balance
from wcflow.sandbox import subscriptions
from wcflow.sandbox.orders import LineItem
from wcflow.standing import Standing

OPENED = "2026-06-15 12:00"
"""A Monday."""
CONSENT = "newsletter"
"""The custom field of accounts, and of guests' orders, that says whether they accept marketing."""
SMTP = """
[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = hello@shop.example
"""
SMS = "twilio://SID:TOKEN@+15551234567/{phone}"
"""The address of the SMS service in recipes; here, it is a server that keeps the messages."""
DRY_RUN = re.compile(r"^mode = dry_run\n", re.MULTILINE)


class Shop:
    """A shop that uses recipes, its people and its products.

    ``change`` maps texts of the recipes to what this shop writes instead. Dry runs are switched
    on, as the admin does after a look, unless ``as_shipped``. With ``running=False`` the shop is
    older than wcflow, which ``starts_wcflow`` starts.
    """

    def __init__(
        self,
        folder,
        *recipes,
        opened=OPENED,
        zone="Europe/Berlin",
        change=None,
        as_shipped=False,
        running=True,
        store="",
        settings="",
        wcflow="",
        **sandbox,
    ):
        self.zone = ZoneInfo(zone)
        self._open = ExitStack()
        self.mailbox, port = self._open.enter_context(mail_host(port=free_port()))
        self.phones = self._open.enter_context(running_webhook_host())
        change = (change or {}) | {SMS: f"json://127.0.0.1:{self.phones.port}/{{phone}}"}
        self._write_recipes(folder / FOLDER, recipes, change, as_shipped)
        self._rules = settings + SMTP.format(port=port)
        self.sim = Simulation(
            folder,
            self._rules,
            wcflow=f"include = {INCLUDE}\n{wcflow}",
            store=f"consent_meta = {CONSENT}\n{store}",
            now=self.time(opened),
            zone=zone,
            **sandbox,
        )
        self.sandbox = self.sim.sandbox
        self.products = {"Wallet": self.sim.product}
        (store_settings,) = self.sim.config.stores
        self.channels = open_channels(
            self.sim.config, store_settings, self.sim.db, self.sim.machine_now
        )
        self.running = False
        if running:
            self.starts_wcflow()

    def _write_recipes(self, folder, names, change, as_shipped):
        (folder / "emails").mkdir(parents=True)
        unused = set(change) - {SMS}
        for name in names:
            for path, shipped in load_recipes()[name].contents.items():
                text = shipped if as_shipped else DRY_RUN.sub("", shipped)
                for old, new in change.items():
                    unused -= {old} if old in text else set()
                    text = text.replace(old, new)
                (folder / path).write_text(text)
        assert set() == unused, "not in the recipe"

    def removes_dry_runs(self):
        """Switch the recipes on, as the admin does after a look."""
        for file in (self.sim.folder / FOLDER).glob("*.ini"):
            file.write_text(DRY_RUN.sub("", file.read_text()))
        self.sim.write_rules(self._rules)

    def close(self):
        close_channels(self.channels)
        self._open.close()
        self.sim.db.close()

    # Time.

    def starts_wcflow(self):
        """Start wcflow: from here on, events start workflows."""
        self.sim.run_pass(channels=self.channels)
        self.running = True

    def sends_campaign(self, name):
        """Start a campaign, as ``wcflow campaign send`` does."""
        (campaign,) = (each for each in self.sim.config.rules.campaigns if each.name == name)
        (settings,) = self.sim.config.stores
        with self.sim.db.transaction() as tx:
            context = open_context(tx, self.sim.config, settings, self.now)
            start_campaign(tx, context, campaign, "by command", approved=True)

    def imports_codes(self, pool, *codes):
        """Import codes into a pool, as ``wcflow pool import`` does."""
        file = self.sim.folder / "codes.txt"
        file.write_text("\n".join(codes))
        import_codes(self.sim.db, "shop", pool, file, self.now)

    def stops_wcflow(self):
        """Stop wcflow, while people go on buying."""
        self.running = False

    @property
    def now(self):
        return self.sim.now

    def time(self, text):
        """Return a local time, noon if only the day is given."""
        text = text if " " in text else f"{text} 12:00"
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=self.zone).astimezone(UTC)

    def wait(self, **length):
        """Let time pass; if wcflow runs, it works whenever something is due."""
        self._run_until(self.now + timedelta(**length))

    def wait_until(self, local_time):
        """Let time pass until a local time, or noon of that day."""
        until = self.time(local_time)
        assert until > self.now, "this is in the past"
        self._run_until(until)

    def _run_until(self, until):
        if not self.running:
            self.sim.now = until
            return
        self.sim.run_pass(channels=self.channels)
        with self.sim.context(channels=self.channels) as context:
            while self.now < until:
                self.sim.now = min(until, self._next_stop(until))
                sync.sync_once(context)
                sync.sync_once(context)  # what the first one wrote
        self.sim.run_pass(channels=self.channels)

    def _next_stop(self, until):
        """Return when something is due next: in 30 days at most, and in the last days each day."""
        rest, day = until - self.now, timedelta(days=1)
        pause = day if rest < 3 * day else min(30 * day, rest - 2 * day)
        young = timedelta(minutes=3)
        due = [self._earliest(PersonRow), self._earliest(OutboxRow)]
        found = [instant(at) for at in due if at is not None]
        return max(self.now + young, min([self.now + pause, *found]))

    def _earliest(self, model):
        table = table_of(model)
        with self.sim.db.reading() as tx:
            later = table.c.due_at > stamp(self.now)
            return tx.scalar(select(func.min(table.c.due_at)).where(later))

    # The team.

    @property
    def tasks(self):
        """The texts of the open tasks, by age."""
        return self._tasks(TASK)

    @property
    def notices(self):
        """What the agent was told or will be told, by age."""
        return self._tasks(NOTICE, OPEN, DONE)

    def mails_to(self, address):
        """The plain texts of the e-mails in a mailbox of the team, oldest first."""
        found = [m for m in self.mailbox.messages if address in m["To"]]
        return [m.get_body(("plain",)).get_content() for m in found]

    def _tasks(self, kind, *states):
        with self.sim.db.reading() as tx:
            found = load_tasks(tx, "shop", states=states or (OPEN,))
            found.sort(key=lambda each: each.id)
        return [each.text for each in found if each.kind == kind]

    # People and products.

    def customer(self, name, *, country="", consent=False, **meta):
        """Register an account, with or without consent to marketing."""
        made = Person(self, name)
        made.consent = "yes" if consent else ""
        made.registers(country=country, **meta)
        return made

    def guest(self, name, email="", *, consent=False):
        """Someone without an account; their orders say whether they accept marketing."""
        made = Person(self, name, email)
        made.consent = "yes" if consent else ""
        return made

    def sells(self, name, *, categories=(), tags=()):
        """Add a product."""
        self.products[name] = self.sandbox.add_product(
            name, now=self.now, categories=categories, tags=tags
        )


class Person:
    """Someone who buys in a shop, with or without an account."""

    def __init__(self, shop, name, email=""):
        self.shop, self.name, self.account = shop, name, 0
        self.email = email or f"{name.lower()}@example.com"
        self.orders, self.consent, self.phone = [], "", ""

    def registers(self, *, country="", **meta):
        """Get an account under the same address."""
        self.account = self.shop.sim.register(
            self.email,
            first_name=self.name,
            shipping={"country": country} if country else None,
            meta=meta | ({CONSENT: self.consent} if self.consent else {}),
        )

    def buys(
        self,
        total=100,
        product="Wallet",
        *,
        ship_to="",
        as_guest=False,
        status="completed",
        meta=None,
        **more,
    ):
        """Place an order of one product and return it."""
        items = (LineItem(self.shop.products[product], total=f"{total:.2f}", name=product),)
        number = self.shop.sandbox.place_order(
            now=self.shop.now,
            customer=0 if as_guest else self.account,
            email=self.email,
            items=items,
            status=status,
            meta=(meta or {}) | self._consent_of_guest(),
            billing={"first_name": self.name, "phone": self.phone},
            shipping={"country": ship_to} if ship_to else None,
            **more,
        )
        self.orders.append(number)
        return Purchase(self.shop, number)

    def _consent_of_guest(self):
        return {CONSENT: self.consent} if self.consent and not self.account else {}

    def leaves_at_checkout(self, total=100, product="Wallet", **more):
        """Begin to check out and do not pay; return the unpaid order."""
        return self.buys(total, product, status="pending", **more)

    def subscribes(self, *, next_payment):
        """Begin a subscription that renews at a local time."""
        number = subscriptions.begin(
            self.shop.sandbox.state,
            now=self.shop.now,
            customer_id=self.account,
            email=self.email,
            next_payment=self.shop.time(next_payment),
        )
        return Subscription(self, number)

    def withdraws_consent(self):
        self._answers("no")

    def gives_consent(self):
        self._answers("yes")

    def _answers(self, word):
        self.consent = word
        if self.account:
            self.has_custom_field(CONSENT, word)

    def has_custom_field(self, key, value):
        """Let a plugin change a field of the account."""
        self.shop.sandbox.edit_customer_meta(self.account, key, value, now=self.shop.now)

    # What wcflow did.

    @property
    def tags(self):
        """The tags that the shop shows."""
        sim = self.shop.sim
        return sorted(
            sim.customer_tags(self.account) if self.account else sim.tags(self.orders[-1])
        )

    @property
    def notes(self):
        """The notes on all their orders."""
        return [note for number in self.orders for note in self.shop.sim.notes(number)]

    @property
    def tier(self):
        """The tier that wcflow keeps, empty below the lowest."""
        found = self._standing().tier
        return found.tier if found else ""

    def custom_field(self, key):
        """A custom field of the account in the store, or None."""
        return self.shop.sim.meta("customer", self.account, key)

    @property
    def points(self):
        """The points that wcflow keeps."""
        return balance(self._standing().points, self.shop.now).points

    def _standing(self):
        key = f"c{self.account}" if self.account else f"g:{self.email}"
        with self.shop.sim.db.reading() as tx:
            found = person(tx, key)
            return load_standings(tx, "shop", [found]).get(found, Standing())

    @property
    def mails(self):
        """The subjects of the e-mails in their mailbox, oldest first."""
        return [each["Subject"] for each in self._messages()]

    @property
    def texts(self):
        """The messages on their phone, oldest first."""
        found = (json.loads(body) | {"path": path} for path, _, body in self.shop.phones.requests)
        digits = self.phone.lstrip("+")
        return [each["message"] for each in found if digits and digits in each["path"]]

    @property
    def last_mail(self):
        """The plain text of the last e-mail in their mailbox."""
        text = self._messages()[-1].get_body(("plain",)).get_content()
        return " ".join(text.split())

    def _messages(self):
        return [
            each
            for each in self.shop.mailbox.messages
            if self.email in [to.addr_spec for to in each["To"].addresses]
        ]

    @property
    def coupons(self):
        """The coupons that only they can use, as amounts by the beginning of their codes."""
        found = [
            each for each in self.shop.sim.coupons() if self.email in each["email_restrictions"]
        ]
        return {each["code"].rpartition("-")[0].upper(): each["amount"] for each in found}


class Purchase:
    """An order, and what happens to it."""

    def __init__(self, shop, number):
        self.shop, self.number = shop, number

    def is_refunded(self, amount=None):
        """Refund an amount, or all."""
        money = None if amount is None else f"{amount:.2f}"
        self.shop.sandbox.refund(self.number, money, now=self.shop.now)

    def becomes(self, status):
        """Change its status."""
        self.shop.sandbox.set_status(self.number, status, now=self.shop.now)

    def is_shipped(self, tracking_number):
        """Enter a tracking number, as a plugin does."""
        self.shop.sandbox.edit_order_meta(
            self.number, "_tracking_number", tracking_number, now=self.shop.now
        )

    def is_paid(self):
        self.shop.sandbox.pay(self.number, now=self.shop.now)


class Subscription:
    """A subscription of someone, and what happens to it."""

    def __init__(self, person, number):
        self.person, self.number = person, number

    def is_cancelled(self):
        self._change(status="cancelled", next_payment=None)

    def renews(self, *, status, next_payment):
        """Make the order of a renewal, paid or failed, and return it."""
        self._change(next_payment=self.person.shop.time(next_payment))
        meta = {"_subscription_renewal": str(self.number)}
        return self.person.buys(40, status=status, created_via="subscription", meta=meta)

    def _change(self, **fields):
        shop = self.person.shop
        subscriptions.change(shop.sandbox.state, self.number, now=shop.now, **fields)
