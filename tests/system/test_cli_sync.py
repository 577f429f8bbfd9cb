"""``wcflow plan``, ``sync``, ``approve``, ``status`` and ``outbox``."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.command_line import CommandLine
from wcflow.database.stores import save_store
from wcflow.sandbox.auth import ADMIN, READER
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

[workflow practice]
trigger = order_paid
mode = dry_run
do = add_note Not written, {{ first_name }}

[coupon thanks]
type = percent
amount = 10
expires = 30d
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    yield command_line
    command_line.sim.db.close()


@pytest.fixture
def anna(cli):
    """A customer with one order of last month."""
    number = cli.sim.register(
        "anna@example.com", days_ago=90, first_name="Anna", last_name="Schmidt"
    )
    cli.sim.place_order(customer=number, days_ago=30)
    return number


def first_sync(cli):
    """Approve and write the first changes, so that later orders start workflows."""
    assert 0 == cli.run("sync", "--approve").code


def test_a_dry_run_of_sync_shows_the_plan_and_writes_nothing(cli, anna):
    dry = cli.run("sync", "--dry-run")
    assert (0, []) == (dry.code, cli.writes)

    planned = cli.run("plan")
    assert planned.out == dry.out
    assert "Nothing was written to the store." in dry.out


def test_a_dry_run_of_sync_approves_nothing(cli, anna):
    assert 2 == cli.run("sync", "--dry-run", "--approve").code


def use_key(cli, before, after):
    """Replace the API key in the INI."""
    cli.edit_config(before.consumer_key, after.consumer_key)
    cli.edit_config(before.consumer_secret, after.consumer_secret)


def order_again(cli, anna):
    """Place an order now; return its id."""
    cli.sim.now = datetime.now(UTC)
    return cli.sim.place_order(customer=anna, status="processing")


# plan


def test_plan_shows_the_exact_changes_and_writes_nothing(cli, anna):
    """With the customer, the old and new value, the hold and the next command."""
    (order,) = cli.sandbox.order_ids()
    ran = cli.run("plan")
    assert (0, "", []) == (ran.code, ran.err, cli.writes)
    assert [
        "shop: https://shop.example",
        "2 changes for 1 customer would be written to the store: tags on 1 customer, tags on 1 order.",
        "",
        "Customers per segment",
        "segment  in the store now  after  difference",
        "Regular                 0      1  +1",
        "",
        "Tags",
        "tag      on customers  on orders",
        "Regular  +1            +1",
        "",
        "Tags and segments",
        "customer                                     where              change",
        f"Anna Schmidt <anna@example.com>, customer 1  customer, order {order}  +Regular",
    ] == ran.lines[:14]
    assert "Nothing was written to the store." in ran.lines
    assert ran.lines[-2].startswith("The first 2 changes wait for your approval.")
    assert "wcflow approve" in ran.lines[-1]


def test_plan_as_json_has_the_person_the_target_and_both_values(cli, anna):
    (waiting, _order) = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    assert {
        "customer": {"id": anna, "name": "Anna Schmidt", "email": "anna@example.com"},
        "kind": "tags_customer",
        "target_id": anna,
        "before": {"wcflow_tags": None, "wcflow_segment": None},
        "after": {"wcflow_tags": "Regular", "wcflow_segment": None},
    } == {key: waiting[key] for key in ("customer", "kind", "target_id", "before", "after")}


def test_plan_merges_tags_that_were_added_by_hand(cli, anna):
    """It shows exactly the tags that a delivery would write."""
    cli.sandbox.edit_customer_meta(anna, "wcflow_tags", "Wholesale", now=cli.sim.now)
    (waiting, _order) = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    assert ("Wholesale", "Regular, Wholesale") == (
        waiting["before"]["wcflow_tags"],
        waiting["after"]["wcflow_tags"],
    )


def test_plan_shows_only_the_tags_that_change(cli, anna):
    """Of a customer who has tags, only what is added and removed; the rest is as before."""
    cli.sandbox.edit_customer_meta(anna, "wcflow_tags", "Wholesale", now=cli.sim.now)
    first_sync(cli)
    again = order_again(cli, anna)
    cli.edit_config("[segment Regular]\n", "[segment Regular]\ntag = Buyer\n")
    customer = "Anna Schmidt <anna@example.com>, customer 1"
    lines = [line for line in cli.run("plan").lines if line.startswith(customer)]
    assert [
        f"{customer}  customer  +Buyer −Regular",
        f"{customer}  order {again}   +Buyer +Wholesale",
    ] == [lines[0], *(line for line in lines if f"order {again}   +" in line)]


def test_sync_writes_what_plan_shows(cli, anna):
    waiting = json.loads(cli.run("plan", "--json").out)["shop"]["waiting"]
    first_sync(cli)
    assert [each["after"]["wcflow_tags"] for each in waiting] == [
        cli.sim.meta(each["kind"].partition("_")[2], each["target_id"], "wcflow_tags")
        for each in waiting
    ]


def test_plan_shows_a_limited_number_of_changes_and_how_many_it_leaves_out(cli):
    for number in range(4):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)
    ran = cli.run("plan", "--limit", 3)
    more = "… and 1 more. --all shows them; --html FILE and --csv FILE write them to a file."
    assert more in ran.lines
    assert "Regular                +4" in ran.lines, "the totals are whole"
    assert 4 == cli.run("plan", "--all").out.count("@example.com, guest")


def test_plan_shows_notes_coupons_and_dry_runs(cli, anna):
    """A coupon has its code, amount, expiry date and address; dry runs are in a separate part."""
    first_sync(cli)
    order_again(cli, anna)
    ran = cli.run("plan")
    code = re.search(r"THANKS-[2-9A-Z]{8}", ran.out)[0]
    assert re.search(rf"{code}: 10 %, until \d{{4}}-\d\d-\d\d, for anna@example.com", ran.out)
    assert f"Thank you, Anna: {code} (ref " in ran.out
    dry_run = ran.out.partition("Dry run, never written: 1 order note")[2]
    assert "Not written, Anna" in dry_run
    assert "Nothing was written to the store." in dry_run


def test_plan_says_that_nothing_is_ever_written_with_write_no(tmp_path):
    cli = CommandLine(tmp_path, RULES, store="write = no")
    cli.sim.place_order(email="guest@example.com", days_ago=30)
    assert "write = no" in cli.run("plan").lines[-1]
    ran = cli.run("sync", "--approve")
    assert (0, []) == (ran.code, cli.writes)
    cli.sim.db.close()


# sync and approve


def test_the_first_changes_are_held_until_they_are_approved(cli, anna):
    held = cli.run("sync")
    assert (1, []) == (held.code, cli.writes)
    assert "The first 2 changes wait for your approval." in held.lines
    approved = cli.run("approve")
    assert (0, "shop: 2 changes approved.") == (approved.code, approved.lines[0])
    written = cli.run("sync")
    assert 0 == written.code
    assert "  written    2 changes" in written.lines
    assert {"Regular"} == cli.sim.customer_tags(anna)


def test_sync_approve_writes_changes_that_would_be_held(cli, anna):
    assert 0 == cli.run("sync", "--approve").code
    assert {"Regular"} == cli.sim.customer_tags(anna)


def test_a_second_sync_writes_nothing(cli, anna):
    first_sync(cli)
    ran = cli.run("sync")
    assert (0, []) == (ran.code, cli.writes)


def test_the_old_option_accept_still_works_but_is_not_in_the_help(cli, anna):
    assert 0 == cli.run("sync", "--accept").code
    assert cli.writes
    assert "--accept" not in cli.run("sync", "--help").out


def test_approve_says_when_nothing_is_waiting(cli, anna):
    first_sync(cli)
    assert (0, "shop: nothing is waiting.\n", "") == cli.run("approve")


def test_approve_before_the_first_poll_exits_with_78_and_advice(cli):
    ran = cli.run("approve")
    assert 78 == ran.code
    assert "has never been reached" in ran.err
    assert "wcflow plan" in ran.err


def test_sync_with_a_failed_change_exits_with_1_and_names_the_next_command(cli, anna):
    """The store rejects the note."""
    first_sync(cli)
    order = order_again(cli, anna)
    cli.faults.fail_with(status=400, only=f"POST /wc/v3/orders/{order}/notes")
    ran = cli.run("sync")
    assert 1 == ran.code
    assert "wcflow outbox list --state failed" in ran.lines[-1]


# A store that moved


def test_a_moved_store_is_refused_until_an_admin_confirms_the_new_address(cli, anna):
    """The store id is the same."""
    first_sync(cli)
    cli.edit_config("url = https://shop.example", "url = https://new.example")
    refused = cli.run("plan", mounted_at="https://new.example")
    assert 78 == refused.code
    assert "wcflow approve --moved shop" in refused.err
    unconfirmed = cli.run("approve", "--moved", "shop", mounted_at="https://new.example")
    assert 2 == unconfirmed.code
    confirmed = cli.run("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert (0, "shop is now at https://new.example.\n") == (confirmed.code, confirmed.out)
    assert 0 == cli.run("plan", mounted_at="https://new.example").code


def test_approve_moved_never_accepts_a_different_store(cli, anna):
    """The store id is another one."""
    first_sync(cli)
    cli.edit_config("url = https://shop.example", "url = https://new.example")
    cli.faults = Faults(SandboxStore(store_id="another"))
    ran = cli.run("approve", "--moved", "shop", "--yes", mounted_at="https://new.example")
    assert 78 == ran.code
    assert "a different store" in ran.err


# status


def test_status_of_a_healthy_store_exits_with_0_and_has_all_counts(cli, anna):
    first_sync(cli)
    ran = cli.run("status", mounted_at=None)
    assert (0, "All is well.") == (ran.code, ran.lines[-1])
    status = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]
    assert (True, 1, 1, {"completed": 1}, {"Regular": 1}, {"done": 2}, []) == tuple(
        status[key]
        for key in ("healthy", "customers", "people", "orders", "segments", "outbox", "failed")
    )


def test_status_shows_quarantined_orders_with_their_reasons(cli, anna):
    """They need attention, so the exit code is 1."""
    first_sync(cli)
    orders = [order_again(cli, anna) for _ in range(7)]
    for order in orders:
        cli.faults.set_field("order", order, "total", "secret words")
    assert 0 == cli.run("sync").code
    ran = cli.run("status", mounted_at=None)
    status = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]

    reason = "total: expected an amount, got text that is not one"
    assert (1, "Needs attention: 7 orders could not be read.") == (ran.code, ran.lines[-1])
    assert "7 records from the store could not be read." in ran.out
    assert 5 == ran.out.count(reason)
    assert "… and 2 more: 'wcflow status --json'" in ran.out
    assert "secret" not in ran.out + json.dumps(status)
    assert [(order, "order", reason) for order in orders] == [
        (each["id"], each["kind"], each["reason"]) for each in status["quarantine"]
    ]
    cli.faults.recover()
    cli.sim.nightly()
    assert 0 == cli.run("status", mounted_at=None).code


def odd_fields(cli):
    return json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]["odd_fields"]


def test_status_counts_the_records_with_an_odd_field(cli, anna):
    """It is no problem; a record counts once, however often it is read, until it is read well."""
    first_sync(cli)
    orders = [order_again(cli, anna) for _ in range(3)]
    for order in orders[:2]:
        cli.faults.set_field("order", order, "meta_data", [{}, {}])
        cli.faults.set_field("order", order, "line_items.0.quantity", "1.5")
    cli.faults.set_field("customer", anna, "first_name", [])
    cli.run("sync")
    ran = cli.run("status", mounted_at=None)
    expected = {"customer.first_name": 1, "order.line_items.quantity": 2, "order.meta_data": 2}
    assert (0, "All is well.", expected) == (ran.code, ran.lines[-1], odd_fields(cli))
    for order in orders:
        cli.sim.sandbox.set_status(order, "processing", now=cli.sim.now)
    cli.run("resync")
    assert expected == odd_fields(cli)

    cli.faults.recover()
    cli.run("resync")
    assert {} == odd_fields(cli)


def test_doctor_names_odd_fields_with_an_example(cli, anna):
    first_sync(cli)
    orders = [order_again(cli, anna) for _ in range(2)]
    for order in orders:
        cli.faults.set_field("order", order, "meta_data", [{}, {}])
    cli.faults.set_field("order", orders[0], "refunds", None)
    cli.run("sync")
    ran = cli.run("doctor")
    newest, other = max(orders), orders[0]
    read = "everything else was read"
    for said in (
        f"order.meta_data is in an unexpected form in 2 orders, such as order {newest}; {read}",
        f"order.refunds is in an unexpected form in order {other}; {read}",
    ):
        assert any(said in line for line in ran.lines)


def test_status_makes_no_request(cli, anna):
    first_sync(cli)
    assert 0 == cli.run("status", mounted_at=None).code


def test_status_before_the_first_poll_exits_with_1(cli):
    ran = cli.run("status", mounted_at=None)
    assert (1, "Needs attention: the store was never read.") == (ran.code, ran.lines[-1])


def test_status_shows_the_progress_of_the_initial_import_and_its_error(cli, anna):
    """Maintenance begins after the customers were read."""
    cli.faults.enter_maintenance(times=None, only="GET /wc/v3/orders", after=3)
    assert 75 == cli.run("sync").code
    ran = cli.run("status", mounted_at=None)
    assert "  initial import  1 customer and 0 orders imported so far" in ran.lines
    assert any("in maintenance mode" in line for line in ran.lines)
    assert 1 == ran.code
    assert "Needs attention: the store cannot be polled." == ran.lines[-1]


def test_a_screen_names_one_time_zone(cli, anna):
    """The store's, and only once, also if polls fail."""
    first_sync(cli)
    entry = cli.sim.outbox(states=["done"])[0].id
    cli.faults.enter_maintenance(times=None)
    assert 75 == cli.run("sync").code
    commands = ["status", "workflow list", "outbox list", f"outbox show {entry}", "explain 1"]
    for command in commands:
        shown = cli.run(*command.split(), mounted_at=None).out
        assert (1, 0) == (shown.count("Europe/Berlin"), shown.count("UTC")), command


def test_status_shows_an_unfinished_resync(cli, anna):
    first_sync(cli)
    cli.faults.enter_maintenance(times=None, only="GET /wc/v3/customers", after=1)
    assert 75 == cli.run("resync").code
    ran = cli.run("status", mounted_at=None)
    assert any("everything is being read again; not finished" in line for line in ran.lines)


def test_status_exits_with_1_while_changes_wait_for_approval(cli, anna):
    cli.run("plan")
    ran = cli.run("status", mounted_at=None)
    assert (1, "Needs attention: changes wait for 'wcflow approve'.") == (ran.code, ran.lines[-1])


def test_status_shows_the_error_and_its_start_until_a_sync_succeeds(cli, anna):
    first_sync(cli)
    cli.faults.enter_maintenance(times=None)
    assert 75 == cli.run("sync").code
    status = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]
    assert not status["healthy"]
    assert "in maintenance mode" in status["poll_error"]
    assert status["poll_error_since"] is not None
    cli.faults.recover()
    assert 0 == cli.run("sync").code
    assert 0 == cli.run("status", mounted_at=None).code


def test_a_read_only_key_makes_writes_fail_and_not_polls(cli, anna):
    cli.run("plan")
    cli.run("approve", mounted_at=None)
    use_key(cli, ADMIN, READER)
    assert 78 == cli.run("sync").code
    found = cli.run("status", mounted_at=None)
    assert "changes cannot be written to the store" in found.out
    assert re.search("writes fail +the key is read-only", found.out)
    assert "polls fail" not in found.out
    status = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]
    assert ("", True) == (status["poll_error"], status["write_error_since"] is not None)
    use_key(cli, READER, ADMIN)
    assert 0 == cli.run("sync").code
    assert 0 == cli.run("status", mounted_at=None).code


def test_a_second_plan_begins_with_two_requests_and_no_plan_sends_anything_but_reads(cli, anna):
    def fixed_requests():
        paths = [call.path for call in cli.calls]
        first_poll = paths.index("/wc/v3/orders")
        return first_poll, {call.method for call in cli.calls}

    cli.run("plan")
    assert (3, {"GET"}) == fixed_requests()
    cli.run("plan")
    assert (2, {"GET"}) == fixed_requests()
    use_key(cli, ADMIN, READER)
    cli.run("plan")
    assert (3, {"GET"}) == fixed_requests()


def test_a_second_plan_still_notices_another_store_at_the_same_address(cli, anna):
    cli.run("plan")
    cli.faults = Faults(SandboxStore(store_id="another"))
    ran = cli.run("plan")
    assert (78, True) == (ran.code, "is another store" in ran.err)
    assert all(call.path != "/wc/v3/orders" for call in cli.calls)


def test_status_exits_with_1_if_the_last_poll_is_older_than_max_age(cli, anna):
    first_sync(cli)
    with cli.sim.db.transaction() as tx:
        row = cli.sim.row()
        polled = row.polled_at - int(timedelta(hours=3).total_seconds())
        save_store(tx, "shop", polled_at=polled)
    assert 1 == cli.run("status", mounted_at=None).code
    assert 0 == cli.run("status", "--max-age", "4h", mounted_at=None).code
    assert 2 == cli.run("status", "--max-age", "soon", mounted_at=None).code


def test_commands_that_only_read_create_no_database_and_exit_with_78(tmp_path, cli):
    cli.edit_config("wcflow.sqlite3", "elsewhere.sqlite3")
    for args in (["status"], ["explain", "1"], ["outbox", "list"], ["workflow", "list"]):
        ran = cli.run(*args, mounted_at=None)
        assert (78, "") == (ran.code, ran.out)
        assert "wcflow plan" in ran.err
    assert not (tmp_path / "elsewhere.sqlite3").exists()


# outbox


def test_a_failed_change_can_be_shown_and_retried_but_not_cancelled_once_it_is_written(cli, anna):
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
    cancelled = cli.run("outbox", "cancel", failed["id"])
    assert "0 changes cancelled." == cancelled.lines[0]


def test_a_cancelled_change_is_not_written(cli, anna):
    first_sync(cli)
    order = order_again(cli, anna)
    cli.run("plan")
    due = json.loads(cli.run("outbox", "list", "--state", "due", "--json").out)["shop"]
    ids = [each["id"] for each in due]
    assert f"{len(ids)} changes cancelled." == cli.run("outbox", "cancel", *ids).lines[0]
    cli.run("sync")
    assert [] == cli.sim.notes(order)


@pytest.mark.parametrize(
    "args",
    [
        ["show", "99"],
        ["retry", "99"],
        ["cancel", "99"],
        ["retry"],
        ["cancel", "--failed", "99"],
    ],
)
def test_outbox_exits_with_2_for_unknown_ids_and_for_none_or_both_selections(cli, args):
    ran = cli.run("outbox", *args, mounted_at=None)
    assert (2, "") == (ran.code, ran.out)


def test_an_unknown_store_exits_with_2_and_lists_the_known_ones(cli):
    ran = cli.run("sync", "--store", "shopp")
    assert 2 == ran.code
    assert "Use one of: shop" in ran.err


def test_every_command_works_on_sqlite_and_on_postgresql(tmp_path, database_url):
    cli = CommandLine(
        tmp_path,
        RULES + "[workflow gift]\ntrigger = bulk\ndo = add_tag Gift\n",
        database=database_url,
    )
    anna = cli.sim.register("anna@example.com", days_ago=90)
    order = cli.sim.place_order(customer=anna, days_ago=30)
    commands = [
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
    assert [0] * len(commands) == [cli.run(*args).code for args in commands]
    assert {"Regular", "Gift"} == cli.sim.tags(order)
    cli.sim.db.close()


# Clocks


@pytest.fixture
def month_ahead(cli, anna):
    """This machine's clock is a month ahead of the store's, and the last sync noticed that."""
    first_sync(cli)
    cli.clock_error = timedelta(days=30)
    return cli.run("sync", "--approve")


def gap_words(cli):
    now = datetime.now(UTC)
    here, store = (f"{each:%Y-%m-%d}" for each in (now, now - cli.clock_error))
    return (
        rf"this machine's clock says {here} \d\d:\d\d UTC, the store's says {store} \d\d:\d\d UTC"
    )


def test_sync_on_a_wrong_clock_writes_nothing_and_exits_with_75(cli, month_ahead):
    assert (75, "") == (month_ahead.code, month_ahead.out)
    assert 1 == len(re.findall(gap_words(cli), month_ahead.err))
    assert "NTP" in month_ahead.err
    assert [] == cli.writes


def test_plan_on_a_wrong_clock_exits_with_75(cli, month_ahead):
    ran = cli.run("plan")

    assert 75 == ran.code
    assert re.search(gap_words(cli), ran.err)


def test_status_says_which_clock_says_what(cli, month_ahead):
    ran = cli.run("status", mounted_at=None)
    as_json = json.loads(cli.run("status", "--json", mounted_at=None).out)["shop"]

    assert 1 == ran.code
    assert re.search(f"Needs attention: {gap_words(cli)}", ran.out.replace("\n", " "))
    assert {"here", "store"} == set(as_json["clocks"])
    assert not as_json["healthy"]


def test_doctor_says_which_clock_says_what(cli, month_ahead):
    ran = cli.run("doctor")

    assert 1 == ran.code
    assert re.search(f"problem  {gap_words(cli)}", ran.out)


def test_sync_goes_on_when_the_clocks_agree_again(cli, month_ahead):
    cli.clock_error = timedelta()
    ran = cli.run("sync")

    assert (0, 0) == (ran.code, cli.run("status", mounted_at=None).code)


def test_over_http_a_rejected_signature_is_a_matter_of_clocks(cli):
    """Whatever the language of the store: 75 and not 78, which would stop the daemon for good."""
    cli.edit_config("https://shop.example", "http://shop.example")
    cli.clock_error = timedelta(days=30)
    ran = cli.run("sync", mounted_at="http://shop.example")

    assert 75 == ran.code
    assert re.search(gap_words(cli), ran.err)
