"""Laws of workflow list and workflow run."""

import json
import re
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

[workflow rehearsal]
trigger = bulk
mode = dry_run
do = add_note Only played

[workflow asleep]
trigger = bulk
mode = off
do = add_note never
"""


@pytest.fixture
def cli(tmp_path):
    """Anna bought once, Bob three times, Carla never."""
    made = CommandLine(tmp_path, RULES)
    anna, bob, _carla = (
        made.sim.register(f"{name}@example.com", days_ago=400, first_name=name.capitalize())
        for name in ("anna", "bob", "carla")
    )
    made.annas = made.sim.place_order(customer=anna, days_ago=40)
    made.bobs = [made.sim.place_order(customer=bob, days_ago=days) for days in (60, 50, 30)]
    assert 0 == made.run("sync", "--approve").code
    yield made
    made.sim.db.close()


def test_a_bulk_run_is_counted_first_and_needs_a_yes(cli):
    """Without a terminal and without --yes: the count is said, 2, and nothing begins."""
    ran = cli.run("workflow", "run", "gift")
    assert 2 == ran.code
    assert [
        "3 of 3 customers match; gift would run for 2 of them.",
        "  not for 1: when does not hold",
    ] == ran.lines
    assert [] == cli.sim.runs("c1")


def test_a_bulk_run_does_what_the_workflow_does(cli):
    """With --yes runs begin; effects go through the outbox; tags are worn after the next sync."""
    ran = cli.run("workflow", "run", "gift", "--yes")
    assert (0, []) == (ran.code, cli.writes)
    assert re.search(r"2 runs started as 'bulk \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z'", ran.out)
    assert 0 == cli.run("sync").code
    assert [{"Regular", "Gifted"}, {"Regular"}, {"Gifted"}] == [
        cli.sim.customer_tags(number) for number in (1, 2, 3)
    ]
    assert ["A gift for Anna"] == cli.sim.notes(cli.annas)


def test_a_person_without_an_order_gets_no_note(cli):
    """Carla's tag is put on; her note has no order to stand on and is called off with the reason."""
    cli.run("workflow", "run", "gift", "--yes")
    (note,) = (e for e in cli.sim.outbox(states=["cancelled"]) if e.kind == "note")
    assert "the customer has no order for it" == note.outcome


def test_where_chooses_the_people(cli):
    """Only those for whom the condition holds; it may ask for segments and tags."""
    ran = cli.run("workflow", "run", "gift", "--yes", "--where", "segments contains 'Regular'")
    assert "2 of 3 customers match; gift would run for 1 of them." == ran.lines[0]
    cli.run("sync")
    assert [{"Regular", "Gifted"}, {"Regular"}, frozenset()] == [
        cli.sim.customer_tags(number) for number in (1, 2, 3)
    ]


def test_an_order_trigger_takes_each_persons_latest(cli):
    """order_paid by command: their latest paid order; who never had one is left out."""
    ran = cli.run("workflow", "run", "thanks", "--yes")
    assert "  not for 1: the trigger has never happened for this customer" in ran.lines
    cli.run("sync")
    orders = (cli.annas, *cli.bobs)
    assert [1, 0, 0, 1] == [len(cli.sim.notes(order)) for order in orders]
    assert [f"Thanks for order {cli.annas}"] == cli.sim.notes(cli.annas)


def test_once_still_applies(cli):
    """per customer: a second command finds nobody."""
    cli.run("workflow", "run", "thanks", "--yes")
    ran = cli.run("workflow", "run", "thanks", "--yes")
    assert (0, "It would run for no customer.") == (ran.code, ran.lines[-1])


def test_a_rehearsal_only_rehearses(cli):
    """dry_run: nothing waits for the shop, the plan shows what it would be."""
    ran = cli.run("workflow", "run", "rehearsal", "--yes")
    assert "This is a dry run" in ran.out
    assert [] == cli.sim.outbox(states=["due"])
    assert "Only played" in cli.run("plan").out


def test_what_a_bulk_run_queues_is_before_the_brake(tmp_path):
    """More than max_writes: held, like any other write."""
    cli = CommandLine(tmp_path, RULES, wcflow="max_writes = 2")
    for number in range(3):
        cli.sim.place_order(email=f"guest{number}@example.com", days_ago=30)
    assert 0 == cli.run("sync", "--approve").code
    assert 0 == cli.run("workflow", "run", "gift", "--yes").code
    held = cli.run("sync")
    assert (1, []) == (held.code, cli.writes)
    cli.sim.db.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gifft"], "Did you mean 'gift'?"),
        (["asleep"], "switched off"),
        (["gift", "--where", "orders_countt > 1"], "orders_count"),
        (["gift", "--where", "segments contains 'Regula'"], "Did you mean 'Regular'?"),
        (["gift", "--where", "meta.loyalty = 'gold'"], "the custom field loyalty is not imported"),
        (["gift", "--where", "order.total > 5"], "order.total"),
        (["gift", "--store", "other"], "Use one of: shop"),
    ],
)
def test_what_cannot_be_run_ends_with_2(cli, words, said):
    """A wrong name or condition is told with what is near; nothing begins."""
    ran = cli.run("workflow", "run", *words, "--yes")
    assert (2, []) == (ran.code, cli.writes)
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_list_shows_each_workflow(cli):
    """Trigger, mode, since when, and runs by state."""
    cli.run("workflow", "run", "gift", "--yes")
    told = json.loads(cli.run("workflow", "list", "--json", mounted_at=None).out)["shop"]
    assert {
        "gift": ("bulk", "live", {"done": 2}),
        "thanks": ("order_paid", "live", {}),
        "rehearsal": ("bulk", "dry_run", {}),
        "asleep": ("bulk", "off", {}),
    } == {each["name"]: (each["trigger"], each["mode"], each["runs"]) for each in told}


@pytest.mark.parametrize(("answer", "begun"), [("y", 2), ("n", 0)])
def test_a_terminal_is_asked(cli, answer, begun):
    """On a terminal the question is put, and the answer counts."""
    with serve(cli.sandbox, clock=lambda: datetime.now(UTC)) as server:
        cli.edit_config("url = https://shop.example", f"url = {server.url}")
        with cli.sim.db.transaction() as tx:
            save_store(tx, "shop", url=server.url)
        words = ("workflow", "run", "gift", "--config", cli.config)
        run_on_terminal(*words, answers=[("Run gift for 2 customers? [y/N]", answer)])
    runs = [run for key in ("c1", "c2", "c3") for run in cli.sim.runs(key)]
    assert begun == len([run for run in runs if run.workflow == "gift"])
