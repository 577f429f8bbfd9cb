"""A store that is renamed in the INI file is noticed, and its data can be kept."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from tests.command_line import CommandLine
from wcflow.database import lease, pools
from wcflow.database.rename_store import tables_with_store
from wcflow.database.rule_changes import load_rules
from wcflow.database.runs import load_activations
from wcflow.database.sql import table_of
from wcflow.database.tables import SettingRow

RULES = """
[segment Regular]
when = orders_count >= 1
[workflow welcome]
trigger = first_order
once = per customer
do =
    add_note Welcome
    wait 1d
    add_note Still there?
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    command_line.sim.place_order(email="anna@example.com", days_ago=9)
    assert 0 == command_line.run("sync", "--approve").code
    command_line.berta = order_now(command_line, "berta@example.com")
    assert 0 == command_line.run("sync").code
    yield command_line
    command_line.sim.db.close()


def order_now(cli, email, **more):
    """Place an order at the time of the commands' clock, which goes on during a test."""
    cli.sim.now = datetime.now(UTC)
    return cli.sim.place_order(email=email, **more)


def rename_in_ini(cli, name="boutique"):
    text = cli.config.read_text().replace("[store shop]", f"[store {name}]")
    cli.config.write_text(text)


def rows_by_name(cli):
    """Return how many rows each table has, by the store's name."""
    with cli.sim.db.reading() as tx:
        return {
            table.name: dict(
                tx.execute(select(table.c[column], func.count()).group_by(table.c[column])).all()
            )
            for table, column in tables_with_store()
        }


EVERYTHING = """
[points]
per_amount = 1 per 10
[tiers]
by = total_spent
Gold = 10
[coupon_pool gift]
[workflow thanks]
trigger = order_paid
do =
    assign_coupon gift
    add_note Your code: {{ coupon.code }}
    add_to_group Buyers
    create_task Call {{ email }}
[campaign news]
when = orders_count >= 1
do = add_points 5
"""


def test_a_rename_keeps_points_tiers_groups_tasks_codes_and_campaigns(tmp_path):
    """And starts nothing again: no points, no task and no code comes twice."""
    cli = CommandLine(tmp_path, EVERYTHING)
    cli.sim.place_order(email="berta@example.com", days_ago=9)
    with cli.sim.db.transaction() as tx:
        pools.add_codes(tx, "shop", "gift", ["a", "b", "c"], cli.sim.now)
    assert 0 == cli.run("sync", "--approve").code
    order_now(cli, "anna@example.com", total="50.00")
    assert 0 == cli.run("sync", "--approve").code
    assert 0 == cli.run("campaign", "send", "news", "--yes").code
    for _ in range(2):
        assert 0 == cli.run("sync", "--approve").code
    before = rows_by_name(cli)
    filled = ("points", "tier", "group_member", "task", "pool_code", "campaign")
    assert {} == {name: rows for name in filled if not (rows := before[name])}

    rename_in_ini(cli)
    assert 0 == cli.run("store", "rename", "shop", "boutique", "--yes").code
    assert 0 == cli.run("sync").code

    assert [] == cli.writes
    after = rows_by_name(cli)
    assert {name: {"boutique": before[name]["shop"]} for name in filled} == {
        name: after[name] for name in filled
    }
    cli.sim.db.close()


@pytest.mark.parametrize("command", ["sync", "plan", "doctor", "status"])
def test_a_renamed_store_is_noticed_and_nothing_is_read_or_written(cli, command):
    rename_in_ini(cli)
    before = rows_by_name(cli)

    ran = cli.run(command)

    said = ran.out + ran.err
    assert ran.code
    assert "the database has the store of [store boutique] under the name 'shop'" in said
    assert "wcflow store rename shop boutique" in said
    assert before == rows_by_name(cli)


def test_a_rename_moves_every_row(cli):
    before = rows_by_name(cli)
    rename_in_ini(cli)

    ran = cli.run("store", "rename", "shop", "boutique", "--yes")

    assert (0, "") == (ran.code, ran.err)
    moved = {
        table: {name.replace("shop", "boutique"): count for name, count in counts.items()}
        for table, counts in before.items()
    }
    assert moved == rows_by_name(cli)


def test_every_table_is_about_a_store_or_the_whole_database():
    """A new table with rows of a store needs a column of this name, or it would be forgotten."""
    from wcflow.database.tables.base import Row

    known = {table.name for table, _ in tables_with_store()}
    assert {table.name for table in Row.metadata.tables.values()} - known == {
        table_of(SettingRow).name
    }


def test_after_a_rename_nothing_is_read_written_or_started_again(cli):
    rename_in_ini(cli)
    cli.run("store", "rename", "shop", "boutique", "--yes")
    notes = cli.sim.notes(cli.berta)

    ran = cli.run("sync")

    assert (0, []) == (ran.code, cli.writes)
    assert notes == cli.sim.notes(cli.berta) == ["Welcome"]
    later = order_now(cli, "carla@example.com")
    assert 0 == cli.run("sync").code
    assert ["Welcome"] == cli.sim.notes(later)


def test_an_order_between_the_last_sync_and_a_rename_starts_its_workflow(cli):
    between = order_now(cli, "carla@example.com")
    rename_in_ini(cli)
    cli.run("store", "rename", "shop", "boutique", "--yes")

    cli.run("sync")

    assert ["Welcome"] == cli.sim.notes(between)


def rule_rows(cli):
    """Return since when rules are as they are, and since when workflows are switched on."""
    with cli.sim.db.reading() as tx:
        rules, workflows = load_rules(tx, "boutique"), load_activations(tx, "boutique")
    return {name: at for name, (_, at) in rules.items()}, {
        name: activation for name, (activation, _) in workflows.items()
    }


def test_a_rename_is_no_change_of_rules(cli):
    rename_in_ini(cli)
    cli.run("store", "rename", "shop", "boutique", "--yes")
    before = rule_rows(cli)
    assert all(before)

    time.sleep(1.1)  # these times are whole seconds
    cli.run("sync")

    assert before == rule_rows(cli)


def test_a_rename_is_refused_while_a_daemon_has_the_lease(cli):
    rename_in_ini(cli)
    with cli.sim.db.transaction() as tx:
        assert lease.acquire(tx, "shop", "web1:812:abc", cli.sim.now)
    before = rows_by_name(cli)

    ran = cli.run("store", "rename", "shop", "boutique", "--yes")

    assert 75 == ran.code
    assert "process 812 on web1 is working on the store 'shop'" in ran.err
    assert before == rows_by_name(cli)


@pytest.mark.parametrize(
    ("old", "new", "renamed", "message"),
    [
        ("shop", "boutique", False, "there is no [store boutique]"),
        ("shop", "shop", False, "[store shop] is still in the configuration"),
        ("shpo", "boutique", True, "the database has no store 'shpo'"),
    ],
)
def test_a_rename_with_a_wrong_name_changes_nothing(cli, old, new, renamed, message):
    if renamed:
        rename_in_ini(cli)
    before = rows_by_name(cli)

    ran = cli.run("store", "rename", old, new, "--yes")

    assert (2, True) == (ran.code, message in ran.err)
    assert before == rows_by_name(cli)


def test_a_section_with_another_address_is_refused(cli):
    rename_in_ini(cli)
    text = cli.config.read_text().replace("https://shop.example", "https://other.example")
    cli.config.write_text(text)

    ran = cli.run("store", "rename", "shop", "boutique", "--yes")

    assert (78, True) == (ran.code, "has the address https://other.example" in ran.err)
