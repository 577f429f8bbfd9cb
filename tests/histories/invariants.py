"""Invariants that hold at the end of every history, as assertions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import oracle
from tests.builders import BERLIN
from tests.histories.rule_sets import BIRTHDAY_META, CONSENT_META
from tests.histories.store_activity import MANUAL_PREFIX, WORKFLOW_TAG
from tests.simulation import Simulation
from wcflow.cli.check_database import examine
from wcflow.database.customers import load_customers
from wcflow.database.orders import load_orders
from wcflow.database.people import load_person_ids
from wcflow.database.sql import table_of
from wcflow.database.tables import SamePersonRow
from wcflow.evaluate.context import read_context
from wcflow.evaluate.load import load_full_memories, load_profiles

DAY = timedelta(days=1)


def check_all(sim, activity):
    """Check all invariants."""
    check_database_matches_store(sim, activity)
    check_tags_and_segments(sim, activity)
    check_manual_tags_kept(activity)
    check_actions_once(sim, activity)
    check_waits(sim, activity)
    check_history_ignored(sim, activity)
    check_nothing_left(sim)
    check_database_consistent(sim)
    check_fresh_import_agrees(sim, activity)


# The database.


def check_database_matches_store(sim, activity):
    """Compare whole records, parsed here from the store's JSON."""
    expected = {order["id"]: _order(order) for order in activity.orders()}
    with sim.db.reading() as tx:
        saved = load_orders(tx, "shop", range(1, 5000))
        people = load_customers(tx, "shop", range(1, 500))
    _assert_equal(expected, {number: _database_order(order) for number, order in saved.items()})
    accounts = {c["id"]: _customer(c) for c in activity.customers()}
    _assert_equal(accounts, {number: _database_customer(each) for number, each in people.items()})


def check_new_orders_known(sim, activity):
    """The next pass reads new orders, even many within one second."""
    with sim.db.reading() as tx:
        saved = {*load_orders(tx, "shop", range(1, 5000))}
    _assert_same(
        set(), {order["id"] for order in activity.orders(*VISIBLE)} - saved, "unknown orders"
    )


def check_young_orders_complete(sim, activity):
    """Lines saved after the order's timestamp are read a few minutes later."""
    young = sim.now - timedelta(minutes=5)
    expected = {
        o["id"]: _order(o)["items"] for o in activity.orders(*VISIBLE) if _created(o) > young
    }
    with sim.db.reading() as tx:
        saved = load_orders(tx, "shop", expected)
    _assert_equal(
        expected, {number: _database_order(order)["items"] for number, order in saved.items()}
    )


VISIBLE = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")


def _created(order):
    return oracle.parse_gmt(order["date_created_gmt"])


def _assert_equal(expected, actual):
    """Compare two dicts, and show only the differences: (expected, actual) by key."""
    keys = [key for key in {**expected, **actual} if expected.get(key) != actual.get(key)]
    assert not keys, {key: (expected.get(key), actual.get(key)) for key in keys}


def _cents(text):
    return int(Decimal(text) * 100)


def _our_meta(meta):
    """Return wcflow's own fields and those that it imports, as far as they have a value."""
    ours = {
        m["key"]: m["value"]
        for m in meta
        if m["key"].startswith(("wcflow_", CONSENT_META, BIRTHDAY_META))
    }
    return {key: value for key, value in ours.items() if value}


def _order(o):
    dates = (o["date_created_gmt"], o["date_modified_gmt"], o["date_paid_gmt"])
    return {
        "is": (o["number"], o["status"], o["currency"], o["customer_id"], o["payment_method"]),
        "email": oracle.normalize_email(o["billing"]["email"]),
        "dates": tuple(
            each and oracle.parse_gmt(each) for each in (*dates, o["date_completed_gmt"])
        ),
        "total": _cents(o["total"]),
        "items": [
            (i["id"], i["product_id"], i["name"], i["quantity"], _cents(i["total"]))
            for i in o["line_items"]
        ],
        "refunds": sorted((r["id"], -_cents(r["total"])) for r in o["refunds"]),
        "coupons": [c["code"] for c in o["coupon_lines"]],
        "meta": _our_meta(o["meta_data"]),
    }


def _database_order(o):
    return {
        "is": (o.number, o.status, o.currency, o.customer_id, o.payment_method),
        "email": o.email,
        "dates": (o.created, o.modified, o.paid, o.completed),
        "total": o.total,
        "items": [(i.id, i.product_id, i.name, i.quantity, i.total) for i in o.items],
        "refunds": sorted((r.id, r.total) for r in o.refunds),
        "coupons": list(o.coupons),
        "meta": {key: value for key, value in o.meta.items() if value},
    }


def _customer(c):
    created = oracle.parse_gmt(c["date_created_gmt"])
    return (
        oracle.normalize_email(c["email"]),
        c["username"],
        c["role"],
        created,
        _our_meta(c["meta_data"]),
    )


def _database_customer(c):
    return (
        oracle.normalize_email(c.email),
        c.username,
        c.role,
        c.created,
        {k: v for k, v in c.meta.items() if v},
    )


def _assert_same(expected, actual, what):
    assert expected == actual, (what, expected, actual)


# Segments and tags.


def check_tags_and_segments(sim, activity):
    """Tags on accounts and latest orders are as the rules say, except for changes by hand."""
    expected, actual = {}, {}
    for owner, person in activity.people().items():
        removed = {r.tag for r in activity.removals if r.owner == owner and r.certain}
        uncertain = {r.tag for r in activity.removals_near(owner, person)} - removed
        wanted = oracle.tags(person, activity.rule_set, sim.now, BERLIN) - removed - uncertain
        segment = oracle.segment(person, activity.rule_set, sim.now, BERLIN)
        for place in _places(person):
            shown = {t for t in activity.shown(place) if not t.startswith(MANUAL_PREFIX)}
            expected[owner, place] = (segment, wanted)
            actual[owner, place] = (_segment(sim, place), shown - {WORKFLOW_TAG} - uncertain)
    _assert_equal(expected, actual)


def _places(person):
    order = oracle.latest_order(person)
    places = [("order", order["id"])] if order else []
    return places + ([("customer", person.account["id"])] if person.account else [])


def _segment(sim, place):
    return sim.meta(*place, "wcflow_segment") or ""


def check_manual_tags_kept(activity):
    """Tags added by hand are never removed."""
    existing = {*activity.sandbox.order_ids()}, {*activity.accounts().values()}
    left = {
        tag: place
        for tag, place in activity.manual_tags.items()
        if place[1] in existing[0 if place[0] == "order" else 1]
    }
    _assert_equal(left, {tag: place for tag, place in left.items() if tag in activity.shown(place)})


# Actions.


def notes_of(sim):
    """All notes of wcflow: (order, text, mark, time)."""
    for order in sim.sandbox.order_ids():
        for note in sim.sandbox.notes(order):
            text, is_ours, mark = note["note"].rpartition(" (ref ")
            if is_ours:
                yield order, text, mark, oracle.parse_gmt(note["date_created_gmt"])


def check_actions_once(sim, activity):
    """No action happens twice, and each one that is certainly due happens."""
    notes = list(notes_of(sim))
    marks = Counter(mark for _, _, mark, _ in notes)
    _assert_equal({}, {mark: times for mark, times in marks.items() if times > 1})
    texts = Counter((order, text) for order, text, _, _ in notes)
    since = sync_started(sim)
    for order in activity.orders():
        if order["status"] in oracle.HIDDEN or not order["date_paid_gmt"]:
            continue
        number, paid = order["id"], oracle.parse_gmt(order["date_paid_gmt"])
        if paid >= since:
            _assert_same(1, texts[number, f"paid {number}"], f"paid {number}")
            _check_later_note(activity, order, texts)
    _check_refund_notes(activity, texts, since)
    _check_extra_notes(activity, texts)
    _check_welcomes(sim, activity, since)


def sync_started(sim):
    return datetime.fromtimestamp(sim.row().initial_sync_started, UTC)


def _check_later_note(activity, order, texts):
    number = order["id"]
    person = next((p for p in activity.people().values() if order in p.orders), None)
    unrefunded = person and not any(each["refunds"] for each in person.orders)
    # A person with a deleted order can have had a refund for it.
    uncertain = activity.with_changed_identity | activity.with_lost_orders
    if unrefunded and not uncertain & {
        person.email,
        oracle.normalize_email(order["billing"]["email"]),
    }:
        _assert_same(1, texts[number, f"later {number}"], f"later {number}")


def _check_refund_notes(activity, texts, since):
    dates = {r.id: r.created for o in activity.sandbox.state.orders.values() for r in o.refunds}
    for order in activity.orders():
        number, refunds = order["id"], order["refunds"]
        count = texts[number, f"back {number}"]
        assert count <= len(refunds) + 1, number
        in_full = order["status"] == "refunded" or oracle.refunded(order) >= Decimal(order["total"])
        if order["status"] not in oracle.HIDDEN and activity.rule_set.refunded and not in_full:
            _assert_same(sum(dates[r["id"]] >= since for r in refunds), count, f"back {number}")


def _check_extra_notes(activity, texts):
    """A workflow added later handles only what happens after that."""
    for name, (added, active, removed) in activity.extra_workflows.items():
        for order in activity.orders():
            if order["status"] in oracle.HIDDEN or not order["date_paid_gmt"]:
                continue
            number, paid = order["id"], oracle.parse_gmt(order["date_paid_gmt"])
            count = texts[number, f"{name} {number}"]
            if paid < added.replace(microsecond=0):  # the store's timestamps are whole seconds
                _assert_same(0, count, f"{name} {number}")
            elif active is not None and paid > active and removed is None:
                _assert_same(1, count, f"{name} {number}")


def _check_welcomes(sim, activity, since):
    codes = Counter(c["email_restrictions"][0] for c in sim.coupons())
    for owner, person in activity.people().items():
        if {owner, person.email} & activity.with_changed_identity:
            continue
        assert codes[person.email] <= 1, person.email
        dates = [oracle.order_date(order) for order in oracle.paid_orders(person)]
        if dates and min(dates) >= since:
            _assert_same(1, codes[person.email], person.email)
            # Workflow tags are forgotten when a person has no records left for a while.
            for place in (
                () if {owner, person.email} & activity.with_lost_orders else _places(person)
            ):
                removed = {r.tag for r in activity.removals_near(owner, person)}
                assert WORKFLOW_TAG in activity.shown(place) | removed, place


def check_waits(sim, activity):
    """A wait of five days ends five days after the payment, in local time."""
    for order, text, _, at in notes_of(sim):
        if text.startswith("later ") and order in activity.paid_at:
            paid = activity.paid_at[order].astimezone(BERLIN)
            slack = timedelta(hours=1) if _clock_changes(paid) else timedelta()
            assert at >= paid + 5 * DAY - slack, order
        if text == "missed":
            days = [
                when.astimezone(BERLIN).date() for when in activity.paid_at.values() if when < at
            ]
            assert at.astimezone(BERLIN).date() > min(days, default=OLD) + 40 * DAY


OLD = datetime(2000, 1, 1, tzinfo=UTC).date()


def _clock_changes(instant):
    return (instant - DAY).utcoffset() != (instant + DAY).utcoffset()


def check_history_ignored(sim, activity):
    """Orders paid before the initial sync start no workflow."""
    since = sync_started(sim)
    old = {
        o["id"]
        for o in activity.orders()
        if o["date_paid_gmt"] and oracle.parse_gmt(o["date_paid_gmt"]) < since
    }
    found = {(order, text) for order, text, _, _ in notes_of(sim) if order in old}
    _assert_same(
        set(), {each for each in found if each[1].partition(" ")[0] in ("paid", "later")}, since
    )


def check_nothing_left(sim):
    """No due outbox entry is waiting, and one more pass writes nothing."""
    waiting = sim.outbox(states=("due", "claimed"), limit=None)
    left = [each for each in waiting if each.due_at <= sim.now]
    # What comes later in a run waits for a message that must not be sent yet.
    later = {each.run_id: each.id for each in reversed(waiting) if each.due_at > sim.now}
    left = [each for each in left if each.id < later.get(each.run_id, each.id + 1)]
    _assert_same([], left, "left in the outbox")
    sim.advance(minutes=5)
    sim.run_pass(approve=False, check_store=False)
    _assert_same([], [(each.path, each.json) for each in sim.writes], "writes of one more pass")


def check_database_consistent(sim):
    """Rows are consistent with each other."""
    assert [] == examine(sim.db, sim.config, sim.now).problems


def check_fresh_import_agrees(sim, activity):
    """A new database with the same merges gives every order to the same customer."""
    joined = activity.joined()
    _assert_equal(orders_by_key(sim), _expected_orders(activity))
    if not joined:
        return
    with TemporaryDirectory() as folder:
        new = Simulation(Path(folder), "", now=sim.now)
        new.switch_store(sim.sandbox, sim.now)
        with new.db.transaction() as tx:
            rows = [{"store": "shop", "email": a, "belongs_to": b} for a, b in joined]
            tx.execute(table_of(SamePersonRow).insert(), rows)
        new.run_pass(write=False, approve=False)
        _assert_equal(orders_by_key(sim), orders_by_key(new))
        new.db.close()


def orders_by_key(sim):
    """Return the orders of each person in the database, by the person's key."""
    (settings,) = sim.config.stores
    with sim.db.reading() as tx:
        context = read_context(tx, sim.config, settings, sim.now)
        memories = load_full_memories(tx, "shop", load_person_ids(tx, "shop"))
        profiles = load_profiles(tx, context, [*memories], memories).values()
    found = {each.key: sorted(order.id for order in each.orders) for each in profiles}
    return {key: orders for key, orders in found.items() if orders}


def _expected_orders(activity):
    return {
        f"c{owner}" if isinstance(owner, int) else f"g:{owner}": sorted(
            order["id"] for order in person.orders
        )
        for owner, person in activity.people().items()
        if person.orders
    }
