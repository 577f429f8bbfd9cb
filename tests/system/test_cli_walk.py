"""Laws of plan, sync, accept, status and outbox, on a shop."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.command import Desk
from wcflow.database.stores import save_store
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.store import SandboxStore

RULES = """
[segment Regular]
when = orders_count >= 1

[workflow thanks]
trigger = order_paid
do =
    create_coupon thanks
    add_note Thank you, {{ first_name }}: {{ coupon.code }}

[workflow rehearsal]
trigger = order_paid
mode = dry_run
do = add_note Only played, {{ first_name }}

[coupon thanks]
type = percent
amount = 10
expires = 30d
"""


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, RULES)
    yield made
    made.world.db.close()


@pytest.fixture
def anna(desk):
    """A customer with one order of last month."""
    number = desk.world.registers(
        "anna@example.com", days_ago=90, first_name="Anna", last_name="Schmidt"
    )
    desk.world.buys(customer=number, days_ago=30)
    return number


def first_walk(desk):
    """Accept and write the first census, so that what follows is news."""
    assert 0 == desk.gives("sync", "--approve").code


def buys_again(desk, anna):
    """An order of this very second is news."""
    desk.world.now = datetime.now(UTC)
    return desk.world.buys(customer=anna, status="processing")


# plan


def test_plan_shows_the_exact_writes_and_writes_nothing(desk, anna):
    """Who, where, and from what to what; the brake and the next command; no request but reads."""
    ran = desk.gives("plan")
    assert (0, "", []) == (ran.code, ran.err, desk.writes)
    assert [
        "shop: https://shop.example",
        "2 writes would go to the shop: tags on 1 customer, tags on 1 order.",
        "",
        "Tags on customers",
        "who                                          what",
        "Anna Schmidt <anna@example.com>, customer 1  tags: (none) → Regular",
    ] == ran.lines[:6]
    assert "Nothing was written to the shop." in ran.lines
    assert ran.lines[-2].startswith("These writes are held: the first 2 changes wait")
    assert "wcflow approve" in ran.lines[-1]


def test_plan_as_json_tells_all(desk, anna):
    """Scripts get person, target, what stands there and what will."""
    (waiting, _order) = json.loads(desk.gives("plan", "--json").out)["shop"]["waiting"]
    assert {
        "person": {
            "name": "Anna Schmidt",
            "email": "anna@example.com",
            "id": anna,
        },
        "kind": "tags_customer",
        "target": anna,
        "before": {"wcflow_tags": None, "wcflow_segment": None},
        "after": {"wcflow_tags": "Regular", "wcflow_segment": None},
    } == {key: waiting[key] for key in ("person", "kind", "target", "before", "after")}


def test_plan_shows_what_a_persons_own_tag_becomes(desk, anna):
    """The tags after are those that delivery would write: merged with what people put there."""
    desk.shop.edit_customer_meta(anna, "wcflow_tags", "Wholesale", now=desk.world.now)
    (waiting, _order) = json.loads(desk.gives("plan", "--json").out)["shop"]["waiting"]
    assert ("Wholesale", "Regular, Wholesale") == (
        waiting["before"]["wcflow_tags"],
        waiting["after"]["wcflow_tags"],
    )


def test_what_plan_shows_is_what_sync_writes(desk, anna):
    """Each value of the plan stands at the shop after the next sync."""
    waiting = json.loads(desk.gives("plan", "--json").out)["shop"]["waiting"]
    first_walk(desk)
    assert [each["after"]["wcflow_tags"] for each in waiting] == [
        desk.world.meta(each["kind"].partition("_")[2], each["target"], "wcflow_tags")
        for each in waiting
    ]


def test_plan_is_limited_and_says_what_it_leaves_out(desk):
    """Of many writes of a kind the first are shown, and how to see the others."""
    for number in range(4):
        desk.world.buys(email=f"guest{number}@example.com", days_ago=30)
    ran = desk.gives("plan", "--limit", 3)
    assert "… and 1 more (--all shows them)" in ran.lines
    assert 4 == desk.gives("plan", "--all").out.count("@example.com, guest")


def test_plan_shows_notes_and_coupons_and_rehearsals(desk, anna):
    """A coupon is shown with code, worth, end and address; a rehearsal stands on its own."""
    first_walk(desk)
    buys_again(desk, anna)
    ran = desk.gives("plan")
    code = re.search(r"THANKS-[2-9A-Z]{8}", ran.out)[0]
    assert re.search(rf"{code}: 10 %, until \d{{4}}-\d\d-\d\d, for anna@example.com", ran.out)
    assert f"Thank you, Anna: {code} (ref " in ran.out
    rehearsed = ran.out.partition("Only rehearsed, never written (dry_run): 1 order note")[2]
    assert "Only played, Anna" in rehearsed
    assert "Nothing was written to the shop." in rehearsed


def test_plan_of_a_store_that_is_never_written_to(tmp_path):
    """With write = no the plan says that nothing ever is written."""
    desk = Desk(tmp_path, RULES, store="write = no")
    desk.world.buys(email="guest@example.com", days_ago=30)
    assert "write = no" in desk.gives("plan").lines[-1]
    ran = desk.gives("sync", "--approve")
    assert (0, []) == (ran.code, desk.writes)
    desk.world.db.close()


# sync and accept


def test_the_first_writes_are_held_until_accepted(desk, anna):
    """sync ends with 1 and says so; accept lets them go; the next sync writes them."""
    held = desk.gives("sync")
    assert (1, []) == (held.code, desk.writes)
    assert "Writes are held: the first 2 changes wait for your approval." in held.lines
    accepted = desk.gives("approve")
    assert (0, "shop: 2 writes may go.") == (accepted.code, accepted.lines[0])
    written = desk.gives("sync")
    assert 0 == written.code
    assert "  written  2 writes" in written.lines
    assert {"Regular"} == desk.world.customer_tags(anna)


def test_sync_accept_does_both(desk, anna):
    """For scripts: what would be held is written in the same go."""
    assert 0 == desk.gives("sync", "--approve").code
    assert {"Regular"} == desk.world.customer_tags(anna)


def test_a_second_sync_writes_nothing(desk, anna):
    """Nothing changed at the shop: not one request but reads."""
    first_walk(desk)
    ran = desk.gives("sync")
    assert (0, []) == (ran.code, desk.writes)


def test_accept_with_nothing_held(desk, anna):
    first_walk(desk)
    assert (0, "shop: nothing waits.\n", "") == desk.gives("approve")


def test_accept_before_the_shop_was_ever_read(desk):
    """There is nothing to let go yet: 78, and the command that comes first."""
    ran = desk.gives("approve")
    assert 78 == ran.code
    assert "was never reached" in ran.err
    assert "wcflow plan" in ran.err


def test_sync_tells_what_was_given_up(desk, anna):
    """An order that is gone from the shop: its note is given up, 1, and status knows why."""
    first_walk(desk)
    order = buys_again(desk, anna)
    desk.faults.before_answer(
        lambda shop, _now: shop.delete_order(order), only=f"POST /wc/v3/orders/{order}/notes"
    )
    ran = desk.gives("sync")
    assert 1 == ran.code
    assert "wcflow outbox list --state failed" in ran.lines[-1]


# A shop that moved


def test_a_moved_shop_is_refused_until_it_is_followed(desk, anna):
    """The same store id at another address: 78 with the way out; --moved --yes takes it."""
    first_walk(desk)
    desk.edits("url = https://shop.example", "url = https://new.example")
    refused = desk.gives("plan", mounted_at="https://new.example")
    assert 78 == refused.code
    assert "wcflow approve --moved shop" in refused.err
    asked = desk.gives("approve", "--moved", "shop", mounted_at="https://new.example")
    assert 2 == asked.code
    followed = desk.gives("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert (0, "shop is now at https://new.example.\n") == (followed.code, followed.out)
    assert 0 == desk.gives("plan", mounted_at="https://new.example").code


def test_another_shop_is_never_followed(desk, anna):
    """Another store id behind the name: 78, also with --yes."""
    first_walk(desk)
    desk.edits("url = https://shop.example", "url = https://new.example")
    desk.faults = Faults(SandboxStore(store_id="another"))
    ran = desk.gives("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert 78 == ran.code
    assert "another shop" in ran.err


# status


def test_status_of_a_healthy_store(desk, anna):
    """0, and every count an admin asks for."""
    first_walk(desk)
    ran = desk.gives("status", mounted_at=None)
    assert (0, "All is well.") == (ran.code, ran.lines[-1])
    told = json.loads(desk.gives("status", "--json", mounted_at=None).out)["shop"]
    assert (True, 1, 1, {"completed": 1}, {"Regular": 1}, {"done": 2}, []) == tuple(
        told[key]
        for key in ("healthy", "customers", "people", "orders", "segments", "queue", "given_up")
    )


def test_status_tells_what_was_put_aside(desk, anna):
    """Rows that cannot be understood are named with the reason; the shop is not unwell for that."""
    first_walk(desk)
    orders = [buys_again(desk, anna) for _ in range(7)]
    for order in orders:
        desk.faults.set_field("order", order, "total", "secret words")
    assert 0 == desk.gives("sync").code
    ran = desk.gives("status", mounted_at=None)
    told = json.loads(desk.gives("status", "--json", mounted_at=None).out)["shop"]

    reason = "total: expected an amount, got text that is none"
    assert (0, "All is well.") == (ran.code, ran.lines[-1])
    assert "7 rows of the shop cannot be understood." in ran.out
    assert 5 == ran.out.count(reason)
    assert "… and 2 more: 'wcflow status --json'" in ran.out
    assert "secret" not in ran.out + json.dumps(told)
    assert [(order, "order", reason) for order in orders] == [
        (each["id"], each["kind"], each["reason"]) for each in told["aside"]
    ]


def test_status_calls_a_shop_unwell_of_which_most_cannot_be_understood(desk, anna):
    """Ten rows of a kind, and as many as are known: that is no odd row any more; 1."""
    first_walk(desk)
    for _ in range(10):
        desk.faults.set_field("order", buys_again(desk, anna), "total", "")
    desk.gives("sync")
    ran = desk.gives("status", mounted_at=None)
    assert (1, "Not well: 10 orders cannot be understood.") == (ran.code, ran.lines[-1])


def test_status_needs_no_shop(desk, anna):
    """It looks into the database alone: no request."""
    first_walk(desk)
    assert 0 == desk.gives("status", mounted_at=None).code


def test_status_before_anything_is_no_success(desk):
    """A store that was never read is not well: 1."""
    ran = desk.gives("status", mounted_at=None)
    assert (1, "Not well: it was never read.") == (ran.code, ran.lines[-1])


def test_status_tells_how_far_a_first_census_has_come(desk, anna):
    """The shop closes when its orders are asked for: the customer is read, no order, and why; 1."""
    desk.faults.enter_maintenance(times=None, only="GET /wc/v3/orders", after=3)
    assert 75 == desk.gives("sync").code
    ran = desk.gives("status", mounted_at=None)
    assert "  first census  1 customer and 0 orders are read so far" in ran.lines
    assert any("closed for the moment" in line for line in ran.lines)
    assert 1 == ran.code
    assert ran.lines[-1].startswith("Not well: polls fail since")


def test_status_tells_that_everything_is_read_again(desk, anna):
    first_walk(desk)
    desk.faults.enter_maintenance(times=None, only="GET /wc/v3/customers", after=2)
    assert 75 == desk.gives("resync").code
    ran = desk.gives("status", mounted_at=None)
    assert any("everything is read again; not done yet" in line for line in ran.lines)


def test_status_tells_that_writes_are_held(desk, anna):
    desk.gives("plan")
    ran = desk.gives("status", mounted_at=None)
    assert (1, "Not well: writes are held until 'wcflow approve'.") == (ran.code, ran.lines[-1])


def test_status_tells_since_when_polls_fail(desk, anna):
    """A shop that is out of reach: sync 75, then status 1 with the reason."""
    first_walk(desk)
    desk.faults.enter_maintenance(times=None)
    assert 75 == desk.gives("sync").code
    told = json.loads(desk.gives("status", "--json", mounted_at=None).out)["shop"]
    assert not told["healthy"]
    assert "closed for the moment" in told["error"]
    assert told["error_since"] is not None
    desk.faults.recover()
    assert 0 == desk.gives("sync").code
    assert 0 == desk.gives("status", mounted_at=None).code


def test_status_finds_a_poll_too_old(desk, anna):
    """--max-age says how old the last poll may be."""
    first_walk(desk)
    with desk.world.db.transaction() as tx:
        row = desk.world.row()
        polled = row.polled_at - int(timedelta(hours=3).total_seconds())
        save_store(tx, "shop", polled_at=polled)
    assert 1 == desk.gives("status", mounted_at=None).code
    assert 0 == desk.gives("status", "--max-age", "4h", mounted_at=None).code
    assert 2 == desk.gives("status", "--max-age", "soon", mounted_at=None).code


def test_looking_makes_no_database(tmp_path, desk):
    """status, explain, outbox and workflow list never make a database: 78 and the way."""
    desk.edits("wcflow.sqlite3", "elsewhere.sqlite3")
    for words in (["status"], ["explain", "1"], ["outbox", "list"], ["workflow", "list"]):
        ran = desk.gives(*words, mounted_at=None)
        assert (78, "") == (ran.code, ran.out)
        assert "wcflow plan" in ran.err
    assert not (tmp_path / "elsewhere.sqlite3").exists()


# outbox


def test_an_effect_given_up_can_be_seen_retried_and_called_off(desk, anna):
    """failed → retry → done; called off → not written."""
    first_walk(desk)
    order = buys_again(desk, anna)
    desk.faults.fail_with(status=400, only=f"POST /wc/v3/orders/{order}/notes")
    assert 1 == desk.gives("sync").code
    (failed,) = json.loads(desk.gives("outbox", "list", "--state", "failed", "--json").out)["shop"]
    shown = desk.gives("outbox", "show", failed["id"])
    assert "Thank you, Anna" in shown.out
    assert "HTTP 400" in shown.out
    assert "1 effect will be tried again." == desk.gives("outbox", "retry", "--failed").lines[0]
    assert 0 == desk.gives("sync").code
    assert 1 == len(desk.world.notes(order))
    left = desk.gives("outbox", "cancel", failed["id"])
    assert "0 effects called off." == left.lines[0]


def test_a_cancelled_effect_is_not_written(desk, anna):
    first_walk(desk)
    order = buys_again(desk, anna)
    desk.gives("plan")
    due = json.loads(desk.gives("outbox", "list", "--state", "due", "--json").out)["shop"]
    ids = [each["id"] for each in due]
    assert f"{len(ids)} effects called off." == desk.gives("outbox", "cancel", *ids).lines[0]
    desk.gives("sync")
    assert [] == desk.world.notes(order)


@pytest.mark.parametrize(
    "words",
    [
        ["show", "99"],
        ["retry", "99"],
        ["cancel", "99"],
        ["retry"],
        ["cancel", "--failed", "99"],
    ],
)
def test_outbox_refuses_what_is_not_there(desk, words):
    """Unknown ids, and saying nothing or both, end with 2."""
    ran = desk.gives("outbox", *words, mounted_at=None)
    assert (2, "") == (ran.code, ran.out)


def test_an_unknown_store_is_told_with_those_known(desk):
    ran = desk.gives("sync", "--store", "shopp")
    assert 2 == ran.code
    assert "known: shop" in ran.err


def test_every_command_works_on_every_database(tmp_path, database_url):
    """The whole round on SQLite and on PostgreSQL."""
    desk = Desk(
        tmp_path,
        RULES + "[workflow gift]\ntrigger = bulk\ndo = add_tag Gift\n",
        database=database_url,
    )
    anna = desk.world.registers("anna@example.com", days_ago=90)
    order = desk.world.buys(customer=anna, days_ago=30)
    round_trip = [
        ["doctor"],
        ["plan"],
        ["approve"],
        ["sync"],
        ["workflow", "run", "gift", "--yes"],
        ["workflow", "list"],
        ["sync"],
        ["outbox", "list"],
        ["outbox", "show", "1"],
        ["explain", "1"],
        ["status"],
    ]
    assert [0] * len(round_trip) == [desk.gives(*words).code for words in round_trip]
    assert {"Regular", "Gift"} == desk.world.tags(order)
    desk.world.db.close()
