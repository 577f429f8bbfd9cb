"""Laws of plan, sync, accept, status and outbox, on a shop."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.command_line import CommandLine
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
def cli(tmp_path):
    made = CommandLine(tmp_path, RULES)
    yield made
    made.sim.db.close()


@pytest.fixture
def anna(cli):
    """A customer with one order of last month."""
    number = cli.sim.register(
        "anna@example.com", days_ago=90, first_name="Anna", last_name="Schmidt"
    )
    cli.sim.place_order(customer=number, days_ago=30)
    return number


def first_sync(cli):
    """Accept and write the first census, so that what follows is news."""
    assert 0 == cli.run("sync", "--approve").code


def order_again(cli, anna):
    """An order of this very second is news."""
    cli.sim.now = datetime.now(UTC)
    return cli.sim.place_order(customer=anna, status="processing")


# plan


def test_plan_shows_the_exact_writes_and_writes_nothing(cli, anna):
    """Who, where, and from what to what; the brake and the next command; no request but reads."""
    ran = cli.run("plan")
    assert (0, "", []) == (ran.code, ran.err, cli.writes)
    assert [
        "shop: https://shop.example",
        "2 changes would be written to the store: tags on 1 customer, tags on 1 order.",
        "",
        "Tags on customers",
        "customer                                     change",
        "Anna Schmidt <anna@example.com>, customer 1  tags: (none) → Regular",
    ] == ran.lines[:6]
    assert "Nothing was written to the store." in ran.lines
    assert ran.lines[-2].startswith("The first 2 changes wait for your approval.")
    assert "wcflow approve" in ran.lines[-1]


def test_plan_as_json_tells_all(cli, anna):
    """Scripts get person, target, what stands there and what will."""
    (waiting, _order) = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    assert {
        "customer": {"id": anna, "name": "Anna Schmidt", "email": "anna@example.com"},
        "kind": "tags_customer",
        "target_id": anna,
        "before": {"wcflow_tags": None, "wcflow_segment": None},
        "after": {"wcflow_tags": "Regular", "wcflow_segment": None},
    } == {key: waiting[key] for key in ("customer", "kind", "target_id", "before", "after")}


def test_plan_shows_what_a_persons_own_tag_becomes(cli, anna):
    """The tags after are those that delivery would write: merged with what people put there."""
    cli.sandbox.edit_customer_meta(anna, "wcflow_tags", "Wholesale", now=cli.sim.now)
    (waiting, _order) = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    assert ("Wholesale", "Regular, Wholesale") == (
        waiting["before"]["wcflow_tags"],
        waiting["after"]["wcflow_tags"],
    )


def test_what_plan_shows_is_what_sync_writes(cli, anna):
    """Each value of the plan stands at the shop after the next sync."""
    waiting = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    first_sync(cli)
    assert [each["after"]["wcflow_tags"] for each in waiting] == [
        cli.sim.meta(each["kind"].partition("_")[2], each["target_id"], "wcflow_tags")
        for each in waiting
    ]


def test_plan_is_limited_and_says_what_it_leaves_out(cli):
    """Of many writes of a kind the first are shown, and how to see the others."""
    for number in range(4):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)
    ran = cli.run("plan", "--limit", 3)
    assert "… and 1 more (--all shows them)" in ran.lines
    assert 4 == cli.run("plan", "--all").out.count("@example.com, guest")


def test_plan_shows_notes_and_coupons_and_rehearsals(cli, anna):
    """A coupon is shown with code, worth, end and address; a rehearsal stands on its own."""
    first_sync(cli)
    order_again(cli, anna)
    ran = cli.run("plan")
    code = re.search(r"THANKS-[2-9A-Z]{8}", ran.out)[0]
    assert re.search(rf"{code}: 10 %, until \d{{4}}-\d\d-\d\d, for anna@example.com", ran.out)
    assert f"Thank you, Anna: {code} (ref " in ran.out
    rehearsed = ran.out.partition("Dry run, never written: 1 order note")[2]
    assert "Only played, Anna" in rehearsed
    assert "Nothing was written to the store." in rehearsed


def test_plan_of_a_store_that_is_never_written_to(tmp_path):
    """With write = no the plan says that nothing ever is written."""
    cli = CommandLine(tmp_path, RULES, store="write = no")
    cli.sim.place_order(email="guest@example.com", days_ago=30)
    assert "write = no" in cli.run("plan").lines[-1]
    ran = cli.run("sync", "--approve")
    assert (0, []) == (ran.code, cli.writes)
    cli.sim.db.close()


# sync and accept


def test_the_first_writes_are_held_until_accepted(cli, anna):
    """sync ends with 1 and says so; accept lets them go; the next sync writes them."""
    held = cli.run("sync")
    assert (1, []) == (held.code, cli.writes)
    assert "The first 2 changes wait for your approval." in held.lines
    accepted = cli.run("approve")
    assert (0, "shop: 2 changes approved.") == (accepted.code, accepted.lines[0])
    written = cli.run("sync")
    assert 0 == written.code
    assert "  written    2 changes" in written.lines
    assert {"Regular"} == cli.sim.customer_tags(anna)


def test_sync_accept_does_both(cli, anna):
    """For scripts: what would be held is written in the same go."""
    assert 0 == cli.run("sync", "--approve").code
    assert {"Regular"} == cli.sim.customer_tags(anna)


def test_a_second_sync_writes_nothing(cli, anna):
    """Nothing changed at the shop: not one request but reads."""
    first_sync(cli)
    ran = cli.run("sync")
    assert (0, []) == (ran.code, cli.writes)


def test_sync_still_takes_the_old_option_accept(cli, anna):
    """Scripts may use it; the help shows only --approve."""
    assert 0 == cli.run("sync", "--accept").code
    assert cli.writes
    assert "--accept" not in cli.run("sync", "--help").out


def test_accept_with_nothing_held(cli, anna):
    first_sync(cli)
    assert (0, "shop: nothing is waiting.\n", "") == cli.run("approve")


def test_accept_before_the_shop_was_ever_read(cli):
    """There is nothing to let go yet: 78, and the command that comes first."""
    ran = cli.run("approve")
    assert 78 == ran.code
    assert "has never been reached" in ran.err
    assert "wcflow plan" in ran.err


def test_sync_tells_what_was_given_up(cli, anna):
    """An order that is gone from the shop: its note is given up, 1, and status knows why."""
    first_sync(cli)
    order = order_again(cli, anna)
    cli.faults.before_answer(
        lambda sandbox, _now: sandbox.delete_order(order), only=f"POST /wc/v3/orders/{order}/notes"
    )
    ran = cli.run("sync")
    assert 1 == ran.code
    assert "wcflow outbox list --state failed" in ran.lines[-1]


# A shop that moved


def test_a_moved_shop_is_refused_until_it_is_followed(cli, anna):
    """The same store id at another address: 78 with the way out; --moved --yes takes it."""
    first_sync(cli)
    cli.edit_config("url = https://shop.example", "url = https://new.example")
    refused = cli.run("plan", mounted_at="https://new.example")
    assert 78 == refused.code
    assert "wcflow approve --moved shop" in refused.err
    asked = cli.run("approve", "--moved", "shop", mounted_at="https://new.example")
    assert 2 == asked.code
    followed = cli.run("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert (0, "shop is now at https://new.example.\n") == (followed.code, followed.out)
    assert 0 == cli.run("plan", mounted_at="https://new.example").code


def test_another_shop_is_never_followed(cli, anna):
    """Another store id behind the name: 78, also with --yes."""
    first_sync(cli)
    cli.edit_config("url = https://shop.example", "url = https://new.example")
    cli.faults = Faults(SandboxStore(store_id="another"))
    ran = cli.run("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert 78 == ran.code
    assert "a different store" in ran.err


# status


def test_status_of_a_healthy_store(cli, anna):
    """0, and every count an admin asks for."""
    first_sync(cli)
    ran = cli.run("status", mounted_at=None)
    assert (0, "All is well.") == (ran.code, ran.lines[-1])
    told = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]
    assert (True, 1, 1, {"completed": 1}, {"Regular": 1}, {"done": 2}, []) == tuple(
        told[key]
        for key in ("healthy", "customers", "people", "orders", "segments", "outbox", "failed")
    )


def test_status_tells_what_was_put_aside(cli, anna):
    """Rows that cannot be understood are named with the reason; the shop is not unwell for that."""
    first_sync(cli)
    orders = [order_again(cli, anna) for _ in range(7)]
    for order in orders:
        cli.faults.set_field("order", order, "total", "secret words")
    assert 0 == cli.run("sync").code
    ran = cli.run("status", mounted_at=None)
    told = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]

    reason = "total: expected an amount, got text that is not one"
    assert (0, "All is well.") == (ran.code, ran.lines[-1])
    assert "7 rows from the store could not be read." in ran.out
    assert 5 == ran.out.count(reason)
    assert "… and 2 more: 'wcflow status --json'" in ran.out
    assert "secret" not in ran.out + json.dumps(told)
    assert [(order, "order", reason) for order in orders] == [
        (each["id"], each["kind"], each["reason"]) for each in told["quarantine"]
    ]


def test_status_calls_a_shop_unwell_of_which_most_cannot_be_understood(cli, anna):
    """Ten rows of a kind, and as many as are known: that is no odd row any more; 1."""
    first_sync(cli)
    for _ in range(10):
        cli.faults.set_field("order", order_again(cli, anna), "total", "")
    cli.run("sync")
    ran = cli.run("status", mounted_at=None)
    assert (1, "Needs attention: 10 orders could not be read.") == (ran.code, ran.lines[-1])


def test_status_needs_no_shop(cli, anna):
    """It looks into the database alone: no request."""
    first_sync(cli)
    assert 0 == cli.run("status", mounted_at=None).code


def test_status_before_anything_is_no_success(cli):
    """A store that was never read is not well: 1."""
    ran = cli.run("status", mounted_at=None)
    assert (1, "Needs attention: the store was never read.") == (ran.code, ran.lines[-1])


def test_status_tells_how_far_a_first_census_has_come(cli, anna):
    """The shop closes when its orders are asked for: the customer is read, no order, and why; 1."""
    cli.faults.enter_maintenance(times=None, only="GET /wc/v3/orders", after=3)
    assert 75 == cli.run("sync").code
    ran = cli.run("status", mounted_at=None)
    assert "  initial import  1 customer and 0 orders imported so far" in ran.lines
    assert any("temporarily unavailable" in line for line in ran.lines)
    assert 1 == ran.code
    assert ran.lines[-1].startswith("Needs attention: polls fail since")


def test_status_tells_that_everything_is_read_again(cli, anna):
    first_sync(cli)
    cli.faults.enter_maintenance(times=None, only="GET /wc/v3/customers", after=2)
    assert 75 == cli.run("resync").code
    ran = cli.run("status", mounted_at=None)
    assert any("everything is being read again; not finished" in line for line in ran.lines)


def test_status_tells_that_writes_are_held(cli, anna):
    cli.run("plan")
    ran = cli.run("status", mounted_at=None)
    assert (1, "Needs attention: changes wait for 'wcflow approve'.") == (ran.code, ran.lines[-1])


def test_status_tells_since_when_polls_fail(cli, anna):
    """A shop that is out of reach: sync 75, then status 1 with the reason."""
    first_sync(cli)
    cli.faults.enter_maintenance(times=None)
    assert 75 == cli.run("sync").code
    told = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]
    assert not told["healthy"]
    assert "temporarily unavailable" in told["poll_error"]
    assert told["poll_error_since"] is not None
    cli.faults.recover()
    assert 0 == cli.run("sync").code
    assert 0 == cli.run("status", mounted_at=None).code


def test_status_finds_a_poll_too_old(cli, anna):
    """--max-age says how old the last poll may be."""
    first_sync(cli)
    with cli.sim.db.transaction() as tx:
        row = cli.sim.row()
        polled = row.polled_at - int(timedelta(hours=3).total_seconds())
        save_store(tx, "shop", polled_at=polled)
    assert 1 == cli.run("status", mounted_at=None).code
    assert 0 == cli.run("status", "--max-age", "4h", mounted_at=None).code
    assert 2 == cli.run("status", "--max-age", "soon", mounted_at=None).code


def test_looking_makes_no_database(tmp_path, cli):
    """status, explain, outbox and workflow list never make a database: 78 and the way."""
    cli.edit_config("wcflow.sqlite3", "elsewhere.sqlite3")
    for words in (["status"], ["explain", "1"], ["outbox", "list"], ["workflow", "list"]):
        ran = cli.run(*words, mounted_at=None)
        assert (78, "") == (ran.code, ran.out)
        assert "wcflow plan" in ran.err
    assert not (tmp_path / "elsewhere.sqlite3").exists()


# outbox


def test_an_effect_given_up_can_be_seen_retried_and_called_off(cli, anna):
    """failed → retry → done; called off → not written."""
    first_sync(cli)
    order = order_again(cli, anna)
    cli.faults.fail_with(status=400, only=f"POST /wc/v3/orders/{order}/notes")
    assert 1 == cli.run("sync").code
    (failed,) = json.loads(cli.run("outbox", "list", "--state", "failed", "--json").out)["shop"]
    shown = cli.run("outbox", "show", failed["id"])
    assert "Thank you, Anna" in shown.out
    assert "HTTP 400" in shown.out
    assert "1 change will be retried." == cli.run("outbox", "retry", "--failed").lines[0]
    assert 0 == cli.run("sync").code
    assert 1 == len(cli.sim.notes(order))
    left = cli.run("outbox", "cancel", failed["id"])
    assert "0 changes cancelled." == left.lines[0]


def test_a_cancelled_effect_is_not_written(cli, anna):
    first_sync(cli)
    order = order_again(cli, anna)
    cli.run("plan")
    due = json.loads(cli.run("outbox", "list", "--state", "due", "--json").out)["shop"]
    ids = [each["id"] for each in due]
    assert f"{len(ids)} changes cancelled." == cli.run("outbox", "cancel", *ids).lines[0]
    cli.run("sync")
    assert [] == cli.sim.notes(order)


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
def test_outbox_refuses_what_is_not_there(cli, words):
    """Unknown ids, and saying nothing or both, end with 2."""
    ran = cli.run("outbox", *words, mounted_at=None)
    assert (2, "") == (ran.code, ran.out)


def test_an_unknown_store_is_told_with_those_known(cli):
    ran = cli.run("sync", "--store", "shopp")
    assert 2 == ran.code
    assert "Use one of: shop" in ran.err


def test_every_command_works_on_every_database(tmp_path, database_url):
    """The whole round on SQLite and on PostgreSQL."""
    cli = CommandLine(
        tmp_path,
        RULES + "[workflow gift]\ntrigger = bulk\ndo = add_tag Gift\n",
        database=database_url,
    )
    anna = cli.sim.register("anna@example.com", days_ago=90)
    order = cli.sim.place_order(customer=anna, days_ago=30)
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
    assert [0] * len(round_trip) == [cli.run(*words).code for words in round_trip]
    assert {"Regular", "Gift"} == cli.sim.tags(order)
    cli.sim.db.close()
