"""A story in which each trigger happens: which workflows start, and on which day."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.persons import person
from tests.simulation import Simulation
from wcflow.database.events import save_events
from wcflow.database.sql import table_of
from wcflow.database.tables import RunRow
from wcflow.rules.event_kinds import (
    CART_UPDATED,
    CATEGORY_VIEWED,
    COUPON_ASSIGNED,
    EMAIL_CLICKED,
    EMAIL_OPENED,
    PRODUCT_VIEWED,
    SEARCH,
)
from wcflow.rules.triggers import TRIGGERS
from wcflow.sandbox import subscriptions

RUNS = table_of(RunRow)
MONDAY = datetime(2026, 6, 15, 10, tzinfo=UTC)
ANNA, OTHERS = "anna@example.com", {"bulk"}
"""``bulk`` starts only by command."""
WRITTEN = {
    "order_status_changed": "order_status_changed from pending to processing",
    "order_milestone": "order_milestone 2",
    "high_value_order": "high_value_order 250",
    "checkout_abandoned": "checkout_abandoned after 1h",
    "segment_entered": "segment_entered VIP",
    "segment_left": "segment_left VIP",
    "tag_added": "tag_added VIP",
    "tag_removed": "tag_removed VIP",
    "inactive": "inactive 60d",
    "anniversary": "anniversary of registration in year 1",
    "daily": "daily at 09:00",
    "weekly": "weekly on monday at 09:00",
    "monthly": "monthly on 1 at 09:00",
    "subscription_renewal": "subscription_renewal 3d before",
    "product_viewed": "product_viewed 3 times within 7d",
    "category_browsed": "category_browsed 3 times",
    "cart_abandoned": "cart_abandoned after 1h",
}
WHEN = {
    "customer_matches": "orders_count >= 2",
    **dict.fromkeys(("daily", "weekly", "monthly", "inactive"), f"email = '{ANNA}'"),
}
NAMES = [name for name in TRIGGERS if not name.startswith("tier_") and name not in OTHERS]
PLACED = {"order_created"}
PAID = PLACED | {"order_paid", "product_purchased"}


def rules():
    lines = ["[segment VIP]", "when = total_spent >= 300"]
    for name in NAMES:
        lines += [f"[workflow {name}]", f"trigger = {WRITTEN.get(name, name)}", "do = add_note x"]
        lines += [f"when = {WHEN[name]}"] if name in WHEN else []
    return "\n".join(lines) + "\n"


class Story:
    """Anna's story; ``then`` lets time pass and returns which workflows have started since."""

    def __init__(self, folder):
        settings = "consent_meta = newsletter\nbirthday_meta = born\nbirthday_format = dmy"
        self.sim = Simulation(
            folder, rules(), now=MONDAY, store=settings, plugins=("companion", "subscriptions")
        )
        self.seen, self.last = set(), 0
        self.sim.register("old@example.com", days_ago=362)
        self.sim.settle()
        self.sim.advance(hours=1)

    def then(self, **length):
        self.sim.run_pass(check_store=False)
        self.sim.advance(minutes=3)
        self.sim.run_pass(check_store=False)
        if length:
            self.sim.advance(**length)
            self.sim.run_pass(check_store=False)
        with self.sim.db.reading() as tx:
            query = select(RUNS.c.id, RUNS.c.workflow).where(RUNS.c.id > self.last)
            found = list(tx.execute(query.where(RUNS.c.state != "skipped").order_by(RUNS.c.id)))
        self.last = max([self.last, *(each.id for each in found)])
        started = [each.workflow for each in found]
        assert len(started) == len(set(started)), "each starts once"
        self.seen |= set(started)
        return set(started)

    def order(self, status, **more):
        return self.sim.place_order(customer=self.anna, email=ANNA, status=status, **more)

    def report(self, *events):
        with self.sim.db.transaction() as tx:
            save_events(tx, "shop", {person(tx, f"c{self.anna}"): events})


def orders_are_paid_shipped_and_refunded(story, store):
    checkout = story.order("pending")
    assert PLACED == story.then()
    assert {"checkout_abandoned"} == story.then(hours=2)
    store.pay(checkout, now=story.sim.now)
    store.edit_customer_meta(story.anna, "newsletter", "yes", now=story.sim.now)
    bought = PAID - PLACED | {"order_status_changed", "first_order", "customer_subscribed"}
    assert bought == story.then()

    large = story.order("processing", total="300.00")
    entered = {"segment_entered", "tag_added", "customer_matches"}
    more = {"repeat_order", "high_value_order", "order_milestone"}
    assert PAID | entered | more == story.then()
    store.edit_order_meta(large, "_tracking_number", "1Z", now=story.sim.now)
    assert {"order_shipped"} == story.then()
    store.complete(large, now=story.sim.now)
    assert {"order_completed"} == story.then()
    store.refund(large, "300.00", now=story.sim.now)
    assert {"order_refunded", "segment_left", "tag_removed"} == story.then()


def orders_are_held_cancelled_and_fail(story, store):
    waiting = story.order("on-hold")
    assert {"order_created", "order_on_hold"} == story.then()
    store.cancel(waiting, now=story.sim.now)
    assert {"order_cancelled"} == story.then()
    store.edit_customer_meta(story.anna, "newsletter", "no", now=story.sim.now)
    story.order("failed", created_via="admin")
    assert PLACED | {"order_failed", "customer_unsubscribed"} == story.then()
    story.order("pending", created_via="admin")
    assert PLACED | {"draft_order_created"} == story.then()


def a_guest_registers(story):
    story.sim.place_order(email="berta@example.com", status="processing")
    assert PAID | {"first_order"} == story.then()
    story.sim.register("berta@example.com")
    assert {"customer_created", "customer_enabled"} == story.then()


def a_subscription_is_renewed(story, store):
    number = subscriptions.begin(store.state, now=story.sim.now, customer_id=story.anna, email=ANNA)
    assert {"subscription_started"} == story.then()
    meta = {"_subscription_renewal": str(number)}
    story.order("processing", created_via="subscription", meta=meta)
    assert PAID | {"repeat_order", "subscription_renewed"} == story.then()
    return number


def the_companion_plugin_reports(story):
    now = story.sim.now
    story.report(
        *(PRODUCT_VIEWED.make(f"view {n}", now, product_id=5) for n in range(3)),
        *(CATEGORY_VIEWED.make(f"look {n}", now, category="Mugs") for n in range(3)),
        SEARCH.make("search", now, words="mug"),
        CART_UPDATED.make("cart", now, cart="abc", items=[{"product_id": 5}]),
        EMAIL_OPENED.make("open", now, message="welcome", entry=1),
        EMAIL_CLICKED.make("click", now, message="welcome", entry=1),
        COUPON_ASSIGNED.make("coupon", now, pool="spring", code="A"),
    )
    reported = {"product_viewed", "category_browsed", "coupon_assigned"}
    assert reported | {"email_opened", "email_clicked"} == story.then()
    assert {"cart_abandoned"} == story.then(hours=2)


def weeks_pass(story, store, subscription):
    assert {"daily", "search_without_purchase"} == story.then(days=1)  # Tuesday
    assert {"daily"} == story.then(days=1)
    assert {"daily", "anniversary"} == story.then(days=1)  # Thursday, 18 June
    assert {"daily"} == story.then(days=1)
    assert {"daily", "birthday"} == story.then(days=1)
    assert {"daily"} == story.then(days=1)
    assert {"daily", "weekly"} == story.then(days=1)

    renews = datetime(2026, 6, 29, 12, tzinfo=UTC)
    subscriptions.change(store.state, subscription, now=story.sim.now, next_payment=renews)
    assert {"daily"} == story.then(days=1)
    assert {"daily"} == story.then(days=2)
    assert {"daily", "subscription_renewal"} == story.then(days=1)  # Friday, 26 June
    subscriptions.change(store.state, subscription, now=story.sim.now, status="cancelled")
    assert {"subscription_cancelled"} == story.then()
    assert {"daily", "weekly", "monthly"} == story.then(days=6)
    assert {"daily", "weekly", "monthly", "inactive"} == story.then(days=60)


def test_each_trigger_starts_its_workflow_when_it_happens_and_not_before(tmp_path):
    story = Story(tmp_path)
    store = story.sim.sandbox
    assert set() == story.then()

    story.anna = story.sim.register(ANNA, meta={"born": "20.06.1990"})
    assert {"customer_created"} == story.then()
    orders_are_paid_shipped_and_refunded(story, store)
    orders_are_held_cancelled_and_fail(story, store)
    a_guest_registers(story)
    subscription = a_subscription_is_renewed(story, store)
    the_companion_plugin_reports(story)
    weeks_pass(story, store, subscription)

    assert set(NAMES) == story.seen
