"""Workflows along the whole path: each effect reaches the shop once, and only when it should."""

import pytest

from tests.world import World

WELCOME = """
[workflow welcome]
trigger = first_order
do =
    add_tag First-time Buyer
    add_note Welcome, {{ email }}: order {{ order.number }}
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[coupon thanks]
type = percent
amount = 10
prefix = THANKS
expires = 30d
"""


@pytest.fixture
def world(tmp_path):
    def make(rules, **more):
        return World(tmp_path, rules, **more)

    return make


def test_what_happened_before_the_census_is_history(world):
    """An order of last week sets nothing off, though the workflow sees it."""
    w = world(WELCOME)
    old = w.buys(email="anna@example.com", days_ago=7)
    w.settle()
    assert ([], [], set()) == (w.notes(old), w.coupons(), w.tags(old))


def test_existing_include_makes_history_count(world):
    w = world(WELCOME.replace("do =", "existing = include\ndo ="))
    old = w.buys(email="anna@example.com", days_ago=7)
    w.settle()
    assert {"First-time Buyer"} == w.tags(old)


def test_a_first_order_is_welcomed_once(world):
    w = world(WELCOME)
    w.settle()
    w.pass_(hours=1)
    new = w.buys(email="Anna@Example.com")
    for _ in range(3):
        w.settle()
    (coupon,) = w.coupons()
    assert {"First-time Buyer"} == w.tags(new)
    assert [
        f"Welcome, anna@example.com: order {new}",
        f"Your code is {coupon['code'].upper()}",
    ] == w.notes(new)
    assert ["anna@example.com"] == coupon["email_restrictions"]
    assert "10.00" == coupon["amount"]
    assert coupon["date_expires_gmt"].startswith("2026-07-15")


def test_a_second_walk_writes_nothing(world):
    """Our own writes come back as changes of the order: they must cause nothing."""
    w = world(WELCOME + "[segment All]\nwhen = orders_count >= 1\n")
    customer = w.registers("berta@example.com", days_ago=100)
    w.buys(customer=customer, days_ago=50)
    w.settle()
    w.pass_(hours=1)
    w.buys(customer=customer)
    w.settle()
    w.pass_(minutes=5)
    w.walk()
    assert [] == w.writes
    assert (0, 0) == (w.walk().evaluated.people, len(w.writes))


def test_a_guest_who_registers_is_not_welcomed_again(world):
    w = world(WELCOME.replace("do =", "once = per customer\ndo ="))
    w.settle()
    w.pass_(hours=1)
    w.buys(email="anna@example.com")
    w.settle()
    customer = w.registers("anna@example.com")
    w.buys(customer=customer)
    w.settle()
    assert (1, {"First-time Buyer"}) == (len(w.coupons()), w.customer_tags(customer))


@pytest.mark.parametrize("hpos", [True, False])
def test_who_deletes_their_account_and_makes_another_is_not_welcomed_again(world, hpos):
    """Neither is told by a list of changes: a legacy store moves no stamp when a user is deleted."""
    w = world(WELCOME.replace("do =", "once = per customer\ndo ="), hpos=hpos)
    w.settle()
    first = w.registers("anna@example.com")
    w.buys(customer=first)
    w.settle()
    w.shop.delete_customer(first, now=w.now)
    w.pass_(hours=1)
    second = w.registers("anna@example.com")
    w.buys(customer=second)
    w.settle()
    assert (1, {"First-time Buyer"}) == (len(w.coupons()), w.customer_tags(second))
    assert w.memory(f"c{first}") is None


FOLLOW_UP = """
[workflow follow-up]
trigger = order_paid
when = order.total >= 50
stop_when = orders_count >= 2
do =
    add_note thanks
    wait 7d
    add_note how was it?
"""


def test_a_wait_is_waited_and_asked_again(world):
    w = world(FOLLOW_UP)
    w.settle()
    first = w.buys(email="anna@example.com")
    w.settle()
    assert ["thanks"] == w.notes(first)
    w.pass_(days=6)
    w.walk()
    assert ["thanks"] == w.notes(first)
    w.pass_(days=1)
    w.walk()
    assert ["thanks", "how was it?"] == w.notes(first)


def test_a_run_that_no_longer_qualifies_ends_with_a_reason(world):
    w = world(FOLLOW_UP)
    w.settle()
    first = w.buys(email="anna@example.com")
    w.settle()
    w.pass_(days=3)
    w.buys(email="anna@example.com")
    w.pass_(days=5)
    w.walk()
    ended = [run for run in w.runs("g:anna@example.com") if run.order_id == first]
    assert ["thanks"] == w.notes(first)
    assert ["ended"] == [run.state for run in ended]
    assert ended[0].reason.startswith("stop_when holds: orders_count 2 >= 2")


@pytest.mark.parametrize("way", ["its address is corrected", "an account is given it"])
def test_what_waits_for_the_shop_is_written_though_the_order_is_somebody_elses_by_now(world, way):
    """Nobody else would tell of that order again."""
    w = world(FOLLOW_UP)
    berta = w.registers("berta@example.com")
    w.settle()
    first = w.buys(email="anna@example.com")
    w.walk(accept=False, write=False)
    w.pass_(minutes=5)
    if way == "an account is given it":
        w.shop.assign_order(first, berta, now=w.now)
    else:
        w.shop.edit_billing(first, now=w.now, email="berta@example.org")
    w.settle()
    assert ["thanks"] == w.notes(first)


def test_what_waits_for_the_shop_is_called_off_where_the_order_is_gone(world):
    w = world(FOLLOW_UP)
    w.settle()
    first = w.buys(email="anna@example.com")
    w.walk(accept=False, write=False)
    w.shop.delete_order(first)
    w.pass_(days=1)
    w.nightly()
    w.settle()
    kinds = {entry.kind: (entry.state, entry.outcome) for entry in w.outbox()}
    assert ("cancelled", f"order {first} is gone") == kinds["note"]


def test_a_condition_that_did_not_hold_is_not_made_up_for_later(world):
    """An order of 20 is no order of 50, also when its customer later qualifies otherwise."""
    w = world(
        "[workflow big]\ntrigger = order_paid\nwhen = total_spent >= 100\ndo = add_note big\n"
    )
    w.settle()
    small = w.buys(email="anna@example.com", total="20.00")
    w.settle()
    large = w.buys(email="anna@example.com", total="90.00")
    w.settle()
    assert ([], ["big"]) == (w.notes(small), w.notes(large))


def test_a_rehearsal_writes_nothing_and_shows_what_it_would_have(world):
    w = world(WELCOME.replace("do =", "mode = dry_run\ndo ="))
    w.settle()
    new = w.buys(email="anna@example.com")
    w.settle()
    assert ([], [], set()) == (w.notes(new), w.coupons(), w.tags(new))
    assert ["tag", "note", "coupon", "note"] == [e.kind for e in w.outbox(states=("dry_run",))]


def test_a_workflow_can_be_tried_on_ones_own_address(world):
    w = world(WELCOME.replace("do =", "only = me@shop.example\ndo ="))
    w.settle()
    theirs, mine = w.buys(email="anna@example.com"), w.buys(email="me@shop.example")
    w.settle()
    assert (0, 2) == (len(w.notes(theirs)), len(w.notes(mine)))


def test_a_workflow_that_was_off_does_not_make_up_for_that_time(world):
    on = "[workflow note]\ntrigger = order_paid\ndo = add_note hello\n"
    w = world(on)
    w.settle()
    w.rules(on + "mode = off\n")
    while_off = w.buys(email="anna@example.com")
    w.settle()
    w.rules(on)
    w.settle()
    later = w.buys(email="anna@example.com")
    w.settle()
    assert ([], ["hello"]) == (w.notes(while_off), w.notes(later))


def test_a_segment_entered_by_an_order_sets_its_workflow_off(world):
    w = world(
        "[segment VIP]\nwhen = total_spent >= 150\n"
        "[workflow vip]\ntrigger = segment_entered VIP\ndo = add_note now a VIP\n"
    )
    old = w.buys(email="old@example.com", total="500.00", days_ago=9)
    w.buys(email="anna@example.com", days_ago=9)
    w.settle()
    new = w.buys(email="anna@example.com")
    w.settle()
    assert ([], ["now a VIP"], {"VIP"}) == (w.notes(old), w.notes(new), w.tags(new))


def test_an_edited_rule_is_no_event(world):
    """Those whom a wider rule takes in are tagged, and not written to."""
    vip = "[segment VIP]\nwhen = total_spent >= {}\n"
    work = "[workflow vip]\ntrigger = segment_entered VIP\ndo = add_note now a VIP\n"
    w = world(vip.format(1000) + work)
    order = w.buys(email="anna@example.com", days_ago=9)
    w.settle()
    w.rules(vip.format(50) + work)
    w.settle()
    assert ({"VIP"}, []) == (w.tags(order), w.notes(order))


def test_at_risk_comes_by_time_alone(world):
    w = world(
        "[segment At Risk]\nwhen = last_order_date < -90d\n"
        "[workflow miss]\ntrigger = segment_entered At Risk\ndo = add_note we miss you\n"
    )
    order = w.buys(email="anna@example.com", days_ago=80)
    w.settle()
    w.pass_(days=10)
    assert (0, set()) == (w.walk().evaluated.people, w.tags(order))
    w.pass_(days=1)
    w.walk()
    assert ({"At Risk"}, ["we miss you"]) == (w.tags(order), w.notes(order))
    assert 0 == w.walk().evaluated.people


def test_who_bought_yesterday_is_not_missed(world):
    """The daemon was down while they came back: the pull comes before the evaluation."""
    w = world("[workflow miss]\ntrigger = inactive 60d\ndo = add_note we miss you\n")
    order = w.buys(email="anna@example.com", days_ago=30)
    w.settle()
    w.pass_(days=29)
    again = w.buys(email="anna@example.com")
    w.pass_(days=5)
    w.settle()
    assert ([], []) == (w.notes(order), w.notes(again))


def test_a_stalled_shop_evaluates_nobody(world):
    """Where the pull fails, stale orders must not make anyone inactive."""
    w = world("[workflow miss]\ntrigger = inactive 60d\ndo = add_note we miss you\n")
    order = w.buys(email="anna@example.com", days_ago=30)
    w.settle()
    w.pass_(days=40)
    w.faults.fail_with(times=None, status=500)
    with pytest.raises(Exception, match="500"):
        w.walk(accept=False)
    assert ([], [], []) == (w.notes(order), w.outbox(states=("due",)), w.runs("g:anna@example.com"))


def test_a_tag_of_one_workflow_sets_off_another(world):
    w = world(
        "[workflow one]\ntrigger = order_paid\ndo = add_tag Hot\n"
        "[workflow two]\ntrigger = tag_added Hot\ndo = add_note it is hot\n"
    )
    w.settle()
    order = w.buys(email="anna@example.com")
    w.settle()
    assert ({"Hot"}, ["it is hot"]) == (w.tags(order), w.notes(order))


def test_customer_matches_fires_when_the_condition_becomes_true(world):
    w = world(
        "[workflow big]\ntrigger = customer_matches\nwhen = total_spent > 150\ndo = add_note big\n"
    )
    old = w.buys(email="old@example.com", total="500.00", days_ago=3)
    w.settle()
    w.buys(email="anna@example.com")
    w.settle()
    second = w.buys(email="anna@example.com")
    w.settle()
    assert ([], ["big"]) == (w.notes(old), w.notes(second))


def test_a_step_that_is_given_up_takes_the_later_ones_with_it(world):
    """A note that tells a code must not go out when the code could not be made."""
    w = world(WELCOME)
    w.settle()
    w.faults.fail_with(times=None, status=400, only="POST /wc/v3/coupons")
    order = w.buys(email="anna@example.com")
    w.settle()
    assert [f"Welcome, anna@example.com: order {order}"] == w.notes(order)
    states = [(e.kind, e.state) for e in w.outbox() if e.run_id]
    assert [("note", "done"), ("coupon", "failed"), ("note", "cancelled")] == states


def test_without_an_address_there_is_no_coupon_for_anyone(world):
    """Without an address to restrict it to, the coupon would be everybody's."""
    w = world(WELCOME)
    w.settle()
    order = w.buys(email="anna@localhost")
    w.settle()
    (run,) = w.runs("g:anna@localhost")
    assert ([f"Welcome, anna@localhost: order {order}"], []) == (w.notes(order), w.coupons())
    assert "step 3: no e-mail address to restrict the coupon to" == run.reason


def test_set_meta_goes_to_the_customer_or_a_guests_latest_order(world):
    w = world("[workflow meta]\ntrigger = order_paid\ndo = set_meta last_buy {{ order.number }}\n")
    w.settle()
    customer = w.registers("berta@example.com")
    guests, theirs = w.buys(email="anna@example.com"), w.buys(customer=customer)
    w.settle()
    assert (str(guests), str(theirs), None) == (
        w.meta("order", guests, "last_buy"),
        w.meta("customer", customer, "last_buy"),
        w.meta("order", theirs, "last_buy"),
    )


def test_a_young_order_without_lines_starts_nothing(world):
    """WooCommerce saves an order before its lines: what it is about is not known yet."""
    w = world("[workflow any]\ntrigger = order_created\ndo = add_note Hello\n")
    w.settle()
    w.pass_(hours=1)
    order = w.shop.place_order(now=w.now, email="anna@example.com", items=())
    w.walk()
    assert [] == w.notes(order)
    w.pass_(minutes=3)
    w.settle()
    assert ["Hello"] == w.notes(order)
