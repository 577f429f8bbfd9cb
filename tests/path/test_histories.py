"""Whatever people do, whenever the shop falters and wherever the daemon dies: in the end the
mirror equals the shop, everybody is in the segment they belong to, and each effect is there once.
"""

import os
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.builders import BERLIN
from tests.world import Died, Mortal, World
from wcflow import cycle
from wcflow.errors import WcflowError
from wcflow.mirror.orders import order_records

LONG = bool(os.environ.get("WCFLOW_LONG"))
EXAMPLES, STEPS = (400, 40) if LONG else (25, 25)

RULES = """
[segment Big]
group = lifecycle
when = total_spent >= 250

[segment Lapsed]
group = lifecycle
when = last_order_date < -30d

[segment Buyer]
group = lifecycle
when = orders_count > 0

[workflow welcome]
trigger = first_order
once = per customer
do =
    add_tag Welcomed
    create_coupon thanks
    add_note code {{ coupon.code }} for {{ email }}

[workflow paid]
trigger = order_paid
do = add_note paid {{ order.number }}

[workflow later]
trigger = order_paid
once = per order
stop_when = refunds_count > 0
do =
    wait 5d
    add_note later {{ order.number }}

[coupon thanks]
type = percent
amount = 10
"""

EMAILS = ("ada@example.com", "ben@example.com", "CY@example.com")
WHO = st.sampled_from(EMAILS)
PICK = st.integers(0, 50)
ASKED = ("POST /wc/v3/orders/*/notes", "POST /wc/v3/coupons", "POST */batch", "GET *", "GET *")


class Histories(RuleBasedStateMachine):
    """People act, time passes, the shop falters, the daemon dies; then all is looked over."""

    @initialize(hpos=st.booleans())
    def open_shop(self, hpos):
        self.folder = tempfile.TemporaryDirectory()
        self.w = World(Path(self.folder.name), RULES, hpos=hpos)
        self.w.buys(email="old@example.com", days_ago=60)
        self.w.settle()
        # Something is always on its way, so that also short histories are about something.
        self.w.buys(email=EMAILS[0], status="processing")
        self.w.buys(customer=self.w.registers(EMAILS[1]), status="processing")

    # What people do.

    def _some(self, ids, pick):
        return ids[pick % len(ids)] if ids else None

    def _orders(self, *statuses):
        orders = [self.w.shop.order(each) for each in self.w.shop.order_ids()]
        return [o["id"] for o in orders if not statuses or o["status"] in statuses]

    def _accounts(self):
        held = (self.w.shop.customer(each) for each in self.w.shop.customer_ids())
        return {c["email"]: c["id"] for c in held if c["role"] == "customer"}

    @rule(who=WHO)
    def register(self, who):
        if who.lower() not in {email.lower() for email in self._accounts()}:
            self.w.registers(who)

    @rule(
        who=WHO, as_guest=st.booleans(), paid=st.booleans(), total=st.sampled_from([40, 120, 260])
    )
    def buy(self, who, as_guest, paid, total):
        account = 0 if as_guest else self._accounts().get(who, 0)
        status = "processing" if paid else "pending"
        self.w.buys(customer=account, email=who, total=f"{total}.00", status=status)

    @rule(who=WHO)
    def buy_as_guest(self, who):
        self.w.buys(email=who, status="processing")

    @rule(pick=PICK)
    def pay(self, pick):
        order = self._some(self._orders("pending", "failed"), pick)
        if order:
            self.w.shop.pay(order, now=self.w.now)

    @rule(pick=PICK)
    def fail(self, pick):
        order = self._some(self._orders("pending"), pick)
        if order:
            self.w.shop.fail(order, now=self.w.now)

    @rule(pick=PICK, whole=st.booleans())
    def refund(self, pick, whole):
        order = self._some(self._orders("processing", "completed"), pick)
        if order:
            self.w.shop.refund(order, None if whole else "5.00", now=self.w.now)

    @rule(pick=PICK)
    def trash(self, pick):
        order = self._some(self._orders("processing", "pending", "completed"), pick)
        if order:
            self.w.shop.trash(order, now=self.w.now)

    @rule(pick=PICK)
    def untrash(self, pick):
        order = self._some(self._orders("trash"), pick)
        if order:
            self.w.shop.untrash(order, now=self.w.now)

    @rule(pick=PICK)
    def delete_order(self, pick):
        order = self._some(self._orders(), pick)
        if order:
            self.w.shop.delete_order(order)

    @rule(pick=PICK)
    def delete_customer(self, pick):
        account = self._some(sorted(self._accounts().values()), pick)
        if account:
            self.w.shop.delete_customer(account, now=self.w.now)

    # What befalls wcflow.

    @rule(hours=st.sampled_from([0.02, 1, 30, 24 * 6, 24 * 31]))
    def time_passes(self, hours):
        self.w.pass_(hours=hours)

    @rule(after=st.integers(0, 2), effect=st.booleans(), kind=st.sampled_from(ASKED))
    def walk_while_the_shop_does_not_answer(self, after, effect, kind):
        self.w.faults.times_out(effect=effect, only=kind, after=after)
        self.walk()
        self.w.pass_(minutes=5)

    @rule(after=st.integers(0, 3), status=st.sampled_from([500, 502, 503]))
    def shop_errs(self, after, status):
        self.w.faults.falters(status=status, after=after, times=2)

    @rule(transactions=st.integers(0, 25))
    def walk_and_die(self, transactions):
        with self.w.line(holder=f"mortal {transactions}") as line:
            mortal = replace(line, db=Mortal(line.db, transactions))
            try:
                cycle.walk(mortal)
            except (Died, WcflowError):
                self.w.die()
        self.w.pass_(minutes=11)  # leases and claims of the dead lapse

    @rule()
    def walk(self):
        try:
            self.w.walk(accept=False, know=False)
        except WcflowError:
            self.w.pass_(minutes=6)

    # What must be so in the end.

    def teardown(self):
        if not hasattr(self, "w"):
            return
        try:
            self._come_to_rest()
            self._mirror_equals_shop()
            self._segments_are_right()
            self._effects_are_there_once()
        finally:
            self.w.db.close()
            self.folder.cleanup()

    def _come_to_rest(self):
        self.w.faults.recovers()
        for _ in range(3):
            self.w.pass_(hours=8)  # what was put off is tried again
            self.w.settle()
        self.w.pass_(days=1)
        self.w.walk()
        self.w.nightly()
        self.w.settle()
        self.w.pass_(minutes=5)
        self.w.walk()
        assert [] == self.w.writes

    def _mirror_equals_shop(self):
        shop = {each: self.w.shop.order(each) for each in self.w.shop.order_ids()}
        with self.w.db.reading() as tx:
            mirror = order_records(tx, "shop", list(shop))
            known = order_records(tx, "shop", range(1, 2000))
        assert set(shop) == set(known)
        expected = {
            id: (o["status"], o["customer_id"], o["billing"]["email"].lower(), len(o["refunds"]))
            for id, o in shop.items()
        }
        assert expected == {
            id: (o.status, o.customer_id, o.email, len(o.refunds)) for id, o in mirror.items()
        }

    def _people(self):
        """Give the shop's orders by person, by our own reckoning."""
        accounts = {email.lower(): id for email, id in self._accounts().items()}
        people = {}
        for order in (self.w.shop.order(each) for each in self.w.shop.order_ids()):
            email = order["billing"]["email"].lower()
            owner = order["customer_id"] or accounts.get(email) or email
            people.setdefault(owner, []).append(order)
        return people

    def _segments_are_right(self):
        for orders in self._people().values():
            shown = [o for o in orders if o["status"] not in ("trash", "checkout-draft")]
            if shown:
                latest = max(shown, key=lambda o: (o["date_created_gmt"], o["id"]))
                assert (self._expected(orders) or None) == self.w.segment(latest["id"])

    def _expected(self, orders):
        paid = [o for o in orders if o["status"] in ("processing", "completed")]
        net = [float(o["total"]) + sum(float(r["total"]) for r in o["refunds"]) for o in paid]
        paid = [o for o, left in zip(paid, net, strict=True) if left > 0]
        if sum(net) >= 250:
            return "Big"
        if not paid:
            return ""
        last = max(o["date_paid_gmt"] or o["date_created_gmt"] for o in paid)
        edge = (self.w.now.astimezone(BERLIN).date() - timedelta(days=30)).isoformat()
        return "Lapsed" if _local(last, BERLIN) < edge else "Buyer"

    def _effects_are_there_once(self):
        notes = Counter(
            (id, note.split(" for ")[0])
            for id in self.w.shop.order_ids()
            for note in self.w.notes(id)
        )
        assert {} == {note: times for note, times in notes.items() if times > 1}
        welcomes = Counter(c["email_restrictions"][0] for c in self.w.coupons())
        assert {} == {who: times for who, times in welcomes.items() if times > 1}
        assert [] == self.w.outbox(states=("due", "claimed"))
        since = self.w.row().census_started
        for id in self.w.shop.order_ids():
            order = self.w.shop.order(id)
            if order["status"] == "processing" and _stamp(order["date_paid_gmt"]) >= since:
                assert notes[id, f"paid {id}"] == 1
        tags = {tag for id in self.w.shop.order_ids() for tag in self.w.tags(id)}
        assert tags <= {"Big", "Lapsed", "Buyer", "Welcomed"}


def _stamp(naive_gmt):
    return int(datetime.fromisoformat(naive_gmt).replace(tzinfo=UTC).timestamp())


def _local(naive_gmt, zone):
    return datetime.fromisoformat(naive_gmt).replace(tzinfo=UTC).astimezone(zone).date().isoformat()


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
