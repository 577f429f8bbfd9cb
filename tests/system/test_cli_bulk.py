"""``wcflow workflow list`` and ``wcflow workflow run``."""

import json
from datetime import UTC, datetime

import pytest

from tests.command_line import CommandLine, run_on_terminal
from wcflow.database.stores import save_store
from wcflow.sandbox.server import serve

RULES = """
[segment Regular]
when = orders_count >= 1

[workflow gift]
trigger = bulk
when = orders_count < 3
do =
    add_tag Gifted
    add_note A gift for {{ first_name }}

[workflow thanks]
trigger = order_paid
once = per customer
do = add_note Thanks for order {{ order.number }}

[workflow practice]
trigger = bulk
mode = dry_run
do = add_note Not written

[workflow disabled]
trigger = bulk
mode = off
do = add_note never
"""


@pytest.fixture
def cli(tmp_path):
    """Anna bought once, Bob three times, Carla never."""
    command_line = CommandLine(tmp_path, RULES)
    anna, bob, _carla = (
        command_line.sim.register(f"{name}@example.com", days_ago=400, first_name=name.capitalize())
        for name in ("anna", "bob", "carla")
    )
    command_line.annas_order = command_line.sim.place_order(customer=anna, days_ago=40)
    command_line.bobs_orders = [
        command_line.sim.place_order(customer=bob, days_ago=days) for days in (60, 50, 30)
    ]
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def test_a_bulk_run_needs_confirmation(cli):
    """Without a terminal and --yes it only shows the counts."""
    ran = cli.run("workflow", "run", "gift")
    assert 2 == ran.code
    assert [
        "3 of 3 customers match; gift would run for 2 of them.",
        "  not for 1: when does not match",
    ] == ran.lines
    assert [] == cli.sim.runs("c1")


def test_a_bulk_run_runs_the_steps_of_the_workflow(cli):
    """The next sync writes its changes."""
    ran = cli.run("workflow", "run", "gift", "--yes")
    assert (0, []) == (ran.code, cli.writes)
    assert "2 runs started." in ran.lines
    assert 0 == cli.run("sync").code
    assert [{"Regular", "Gifted"}, {"Regular"}, {"Gifted"}] == [
        cli.sim.customer_tags(number) for number in (1, 2, 3)
    ]
    assert ["A gift for Anna"] == cli.sim.notes(cli.annas_order)


def test_a_person_without_an_order_gets_no_note(cli):
    """Carla gets her tag; her note is cancelled with the reason."""
    cli.run("workflow", "run", "gift", "--yes")
    (note,) = (e for e in cli.sim.outbox(states=["cancelled"]) if e.kind == "note")
    assert "the customer has no order for it" == note.outcome


def test_where_selects_the_customers(cli):
    """The condition can use segments and tags."""
    ran = cli.run("workflow", "run", "gift", "--yes", "--where", "segments contains 'Regular'")
    assert "2 of 3 customers match; gift would run for 1 of them." == ran.lines[0]
    cli.run("sync")
    assert [{"Regular", "Gifted"}, {"Regular"}, frozenset()] == [
        cli.sim.customer_tags(number) for number in (1, 2, 3)
    ]


def test_an_order_trigger_uses_each_customers_latest_order(cli):
    """Customers without a paid order are skipped."""
    ran = cli.run("workflow", "run", "thanks", "--yes")
    assert "  not for 1: the trigger has never happened for this customer" in ran.lines
    cli.run("sync")
    orders = (cli.annas_order, *cli.bobs_orders)
    assert [1, 0, 0, 1] == [len(cli.sim.notes(order)) for order in orders]
    assert [f"Thanks for order {cli.annas_order}"] == cli.sim.notes(cli.annas_order)


def test_once_applies_to_bulk_runs(cli):
    """With "per customer", a second run finds no customer."""
    cli.run("workflow", "run", "thanks", "--yes")
    ran = cli.run("workflow", "run", "thanks", "--yes")
    assert (0, "It would run for no customer.") == (ran.code, ran.lines[-1])


def test_a_bulk_run_in_dry_run_mode_queues_nothing(cli):
    """The plan shows what it would write."""
    ran = cli.run("workflow", "run", "practice", "--yes")
    assert "This is a dry run" in ran.out
    assert [] == cli.sim.outbox(states=["due"])
    assert "Not written" in cli.run("plan").out


def test_the_write_limit_applies_to_a_bulk_run(tmp_path):
    cli = CommandLine(tmp_path, RULES, wcflow="max_writes = 2")
    for number in range(3):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)
    assert 0 == cli.run("sync", "--approve").code
    assert 0 == cli.run("workflow", "run", "gift", "--yes").code
    held = cli.run("sync")
    assert (1, []) == (held.code, cli.writes)
    cli.sim.db.close()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["gifft"], "Did you mean 'gift'?"),
        (["disabled"], "switched off"),
        (["gift", "--where", "orders_countt > 1"], "orders_count"),
        (["gift", "--where", "segments contains 'Regula'"], "Did you mean 'Regular'?"),
        (["gift", "--where", "meta.loyalty = 'gold'"], "the custom field loyalty is not imported"),
        (["gift", "--where", "order.total > 5"], "order.total"),
        (["gift", "--store", "other"], "Use one of: shop"),
    ],
)
def test_an_invalid_bulk_run_exits_with_2(cli, args, message):
    """A wrong name or condition gets a suggestion, and nothing is started."""
    ran = cli.run("workflow", "run", *args, "--yes")
    assert (2, []) == (ran.code, cli.writes)
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_list_shows_each_workflow_with_trigger_mode_and_runs(cli):
    cli.run("workflow", "run", "gift", "--yes")
    listed = json.loads(cli.run("workflow", "list", "--json", mounted_at=None).out)["shop"]
    assert {
        "gift": ("bulk", "live", {"done": 2}),
        "thanks": ("order_paid", "live", {}),
        "practice": ("bulk", "dry_run", {}),
        "disabled": ("bulk", "off", {}),
    } == {each["name"]: (each["trigger"], each["mode"], each["run_counts"]) for each in listed}


@pytest.mark.parametrize(("answer", "started"), [("y", 2), ("n", 0)])
def test_a_bulk_run_asks_for_confirmation_on_a_terminal(cli, answer, started):
    with serve(cli.sandbox, clock=lambda: datetime.now(UTC)) as server:
        cli.edit_config("url = https://shop.example", f"url = {server.url}")
        with cli.sim.db.transaction() as tx:
            save_store(tx, "shop", url=server.url)
        args = ("workflow", "run", "gift", "--config", cli.config)
        run_on_terminal(*args, answers=[("Run gift for 2 customers? [y/N]", answer)])
    runs = [run for key in ("c1", "c2", "c3") for run in cli.sim.runs(key)]
    assert started == len([run for run in runs if run.workflow == "gift"])
