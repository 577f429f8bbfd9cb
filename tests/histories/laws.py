"""What must be so at a shop once all is quiet, whatever happened before. Each law is an assertion."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests import naive
from tests.builders import BERLIN
from tests.histories.street import GRANTED, OWN
from wcflow.cli.check_database import examine
from wcflow.database.customers import customers
from wcflow.database.orders import order_records

DAY = timedelta(days=1)


def hold(world, street):
    """State all laws."""
    mirror_is_the_shop(world, street)
    everybody_wears_what_the_rules_say(world, street)
    own_tags_are_where_they_were_put(street)
    effects_are_there_once(world, street)
    nothing_came_too_early(world, street)
    history_set_nothing_off(world, street)
    nothing_is_left_to_do(world)
    the_database_is_sound(world)


# The mirror.


def mirror_is_the_shop(world, street):
    """Whole records, read from the shop's JSON by hand."""
    told = {order["id"]: _order(order) for order in street.orders()}
    with world.db.reading() as tx:
        kept = order_records(tx, "shop", range(1, 5000))
        people = customers(tx, "shop", range(1, 500))
    _equal(told, {number: _kept_order(order) for number, order in kept.items()})
    accounts = {c["id"]: _customer(c) for c in street.customers()}
    _equal(accounts, {number: _kept_customer(each) for number, each in people.items()})


def new_orders_are_known(world, street):
    """No night is needed for that, however many were made in one second."""
    with world.db.reading() as tx:
        kept = {*order_records(tx, "shop", range(1, 5000))}
    _same(set(), {order["id"] for order in street.orders(*SHOWN)} - kept, "unknown orders")


def young_orders_are_whole(world, street):
    """Lines that were saved after the stamp are read all the same, a few minutes later."""
    young = world.now - timedelta(minutes=5)
    told = {o["id"]: _order(o)["items"] for o in street.orders(*SHOWN) if _created(o) > young}
    with world.db.reading() as tx:
        kept = order_records(tx, "shop", told)
    _equal(told, {number: _kept_order(order)["items"] for number, order in kept.items()})


SHOWN = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")


def _created(order):
    return naive.moment(order["date_created_gmt"])


def _equal(expected, actual):
    """Say only what differs: (expected, actual) by key."""
    keys = [key for key in {**expected, **actual} if expected.get(key) != actual.get(key)]
    assert not keys, {key: (expected.get(key), actual.get(key)) for key in keys}


def _cents(text):
    return int(Decimal(text) * 100)


def _ours(meta):
    return {m["key"]: m["value"] for m in meta if m["key"].startswith("wcflow_")}


def _order(o):
    dates = (o["date_created_gmt"], o["date_modified_gmt"], o["date_paid_gmt"])
    return {
        "is": (o["number"], o["status"], o["currency"], o["customer_id"], o["payment_method"]),
        "email": naive.plain(o["billing"]["email"]),
        "dates": tuple(each and naive.moment(each) for each in (*dates, o["date_completed_gmt"])),
        "total": _cents(o["total"]),
        "items": [
            (i["id"], i["product_id"], i["name"], i["quantity"], _cents(i["total"]))
            for i in o["line_items"]
        ],
        "refunds": sorted((r["id"], -_cents(r["total"])) for r in o["refunds"]),
        "coupons": [c["code"] for c in o["coupon_lines"]],
        "meta": _ours(o["meta_data"]),
    }


def _kept_order(o):
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
    created = naive.moment(c["date_created_gmt"])
    return (naive.plain(c["email"]), c["username"], c["role"], created, _ours(c["meta_data"]))


def _kept_customer(c):
    return (
        naive.plain(c.email),
        c.username,
        c.role,
        c.created,
        {k: v for k, v in c.meta.items() if v},
    )


def _same(expected, actual, what):
    assert expected == actual, (what, expected, actual)


# Segments and tags.


def everybody_wears_what_the_rules_say(world, street):
    """On the account and on the latest order: no more and no less, but for what hands did."""
    expected, actual = {}, {}
    for owner, person in street.people().items():
        away = {r.tag for r in street.removals if r.owner == owner and r.certain}
        doubted = {r.tag for r in street.removals_near(owner, person)} - away
        wanted = naive.tags(person, street.book, world.now, BERLIN) - away - doubted
        segment = naive.segment(person, street.book, world.now, BERLIN)
        for place in _places(person):
            shown = {t for t in street.shown(place) if not t.startswith(OWN)}
            expected[owner, place] = (segment, wanted)
            actual[owner, place] = (_segment(world, place), shown - {GRANTED} - doubted)
    _equal(expected, actual)


def _places(person):
    order = naive.latest(person)
    places = [("order", order["id"])] if order else []
    return places + ([("customer", person.account["id"])] if person.account else [])


def _segment(world, place):
    return world.meta(*place, "wcflow_segment") or ""


def own_tags_are_where_they_were_put(street):
    """What a person wrote by hand is never taken away."""
    there = {*street.shop.order_ids()}, {*street.accounts().values()}
    left = {
        tag: place
        for tag, place in street.own.items()
        if place[1] in there[0 if place[0] == "order" else 1]
    }
    _equal(left, {tag: place for tag, place in left.items() if tag in street.shown(place)})


# Effects.


def _notes(world):
    """All notes of wcflow: (order, words, mark, when)."""
    for order in world.shop.order_ids():
        for note in world.shop.notes(order):
            words, is_ours, mark = note["note"].rpartition(" (ref ")
            if is_ours:
                yield order, words, mark, naive.moment(note["date_created_gmt"])


def effects_are_there_once(world, street):
    """Not twice in any case; and where it is certain that something happened, not never."""
    notes = list(_notes(world))
    marks = Counter(mark for _, _, mark, _ in notes)
    _equal({}, {mark: times for mark, times in marks.items() if times > 1})
    texts = Counter((order, words) for order, words, _, _ in notes)
    since = _began(world)
    for order in street.orders():
        if order["status"] in naive.UNSHOWN or not order["date_paid_gmt"]:
            continue
        number, paid = order["id"], naive.moment(order["date_paid_gmt"])
        if paid >= since:
            _same(1, texts[number, f"paid {number}"], f"paid {number}")
            _later_is_there(street, order, texts)
    _refunds_are_told(street, texts, since)
    _extras_are_told(street, texts)
    _welcomes_are_there(world, street, since)


def _began(world):
    return datetime.fromtimestamp(world.row().census_started, UTC)


def _later_is_there(street, order, texts):
    number = order["id"]
    person = next((p for p in street.people().values() if order in p.orders), None)
    quiet = person and not any(each["refunds"] for each in person.orders)
    # Of whom an order is gone may have been given money back for it.
    doubted = street.moved | street.robbed
    if quiet and not doubted & {person.email, naive.plain(order["billing"]["email"])}:
        _same(1, texts[number, f"later {number}"], f"later {number}")


def _refunds_are_told(street, texts, since):
    dates = {r.id: r.created for o in street.shop.state.orders.values() for r in o.refunds}
    for order in street.orders():
        number, backs = order["id"], order["refunds"]
        told = texts[number, f"back {number}"]
        assert told <= len(backs) + 1, number
        whole = order["status"] == "refunded" or naive.refunded(order) >= Decimal(order["total"])
        if order["status"] not in naive.UNSHOWN and street.book.refunded and not whole:
            _same(sum(dates[r["id"]] >= since for r in backs), told, f"back {number}")


def _extras_are_told(street, texts):
    """A workflow that came later looks at what happened since, and not at what was before."""
    for name, (added, known, gone) in street.extras.items():
        for order in street.orders():
            if order["status"] in naive.UNSHOWN or not order["date_paid_gmt"]:
                continue
            number, paid = order["id"], naive.moment(order["date_paid_gmt"])
            told = texts[number, f"{name} {number}"]
            if paid < added.replace(microsecond=0):  # the shop's stamps are of whole seconds
                _same(0, told, f"{name} {number}")
            elif known is not None and paid > known and gone is None:
                _same(1, told, f"{name} {number}")


def _welcomes_are_there(world, street, since):
    codes = Counter(c["email_restrictions"][0] for c in world.coupons())
    for owner, person in street.people().items():
        if {owner, person.email} & street.moved:
            continue
        assert codes[person.email] <= 1, person.email
        dates = [naive.dated(order) for order in naive.paid_orders(person)]
        if dates and min(dates) >= since:
            _same(1, codes[person.email], person.email)
            # Of whom nothing is left for a while, tags of workflows are forgotten.
            for place in () if {owner, person.email} & street.robbed else _places(person):
                taken = {r.tag for r in street.removals_near(owner, person)}
                assert GRANTED in street.shown(place) | taken, place


def nothing_came_too_early(world, street):
    """What waits five days comes five days after the payment, by the clocks on the wall."""
    for order, words, _, at in _notes(world):
        if words.startswith("later ") and order in street.paid_at:
            paid = street.paid_at[order].astimezone(BERLIN)
            slack = timedelta(hours=1) if _clock_changes(paid) else timedelta()
            assert at >= paid + 5 * DAY - slack, order
        if words == "missed":
            days = [when.astimezone(BERLIN).date() for when in street.paid_at.values() if when < at]
            assert at.astimezone(BERLIN).date() > min(days, default=OLD) + 40 * DAY


OLD = datetime(2000, 1, 1, tzinfo=UTC).date()


def _clock_changes(instant):
    return (instant - DAY).utcoffset() != (instant + DAY).utcoffset()


def history_set_nothing_off(world, street):
    """What was paid before the census began is told of by nobody."""
    since = _began(world)
    old = {
        o["id"]
        for o in street.orders()
        if o["date_paid_gmt"] and naive.moment(o["date_paid_gmt"]) < since
    }
    told = {(order, words) for order, words, _, _ in _notes(world) if order in old}
    _same(set(), {each for each in told if each[1].partition(" ")[0] in ("paid", "later")}, since)


def nothing_is_left_to_do(world):
    """Nothing waits that is due, and one more walk writes nothing."""
    left = [e for e in world.outbox(states=("due", "claimed")) if e.due_at <= world.now]
    _same([], left, "left in the outbox")
    world.pass_(minutes=5)
    world.walk(accept=False, know=False)
    _same([], [(each.path, each.json) for each in world.writes], "writes of one more walk")


def the_database_is_sound(world):
    """No row contradicts another, and none is of what cannot be."""
    assert [] == examine(world.db, world.config, world.now).unsound
