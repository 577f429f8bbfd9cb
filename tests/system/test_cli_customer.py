"""``wcflow customer list``: the right people with their figures, from the local copy alone."""

import csv
import json

import pytest

from tests.command_line import CommandLine
from wcflow.evaluate import listing

RULES = """
[segment VIP]
group = lifecycle
when = total_spent >= 1000

[segment Regular]
group = lifecycle
when = orders_count >= 1

[tag Big Spender]
when = total_spent >= 500

[tag Never]
when = total_spent >= 100000
"""


@pytest.fixture
def cli(tmp_path):
    """Eleven customers: number N has spent N times 100; and two guests."""
    command_line = CommandLine(tmp_path, RULES)
    for number in range(1, 12):
        customer = command_line.sim.register(
            f"a{number}@example.com", days_ago=90, first_name=f"=A{number}", last_name="Müller"
        )
        command_line.sim.place_order(customer=customer, days_ago=30, total=f"{number}00.00")
    for guest in ("guest10@example.com", "guest9@example.com"):
        command_line.sim.place_order(email=guest, days_ago=30, total="10.00")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run("customer", "list", *words, mounted_at=None)


def emails(cli, *words):
    (found,) = json.loads(run(cli, *words, "--json").out).values()
    return [each["customer"]["email"].partition("@")[0] for each in found]


def test_customers_are_listed_by_number_and_then_guests_by_address(cli, monkeypatch):
    """Whatever the size of a batch."""
    everyone = [*(f"a{number}" for number in range(1, 12)), "guest9", "guest10"]
    assert everyone == emails(cli)
    monkeypatch.setattr(listing, "BATCH", 2)
    assert everyone == emails(cli)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--segment", "VIP"], ["a10", "a11"]),
        (["--segment", "vip"], ["a10", "a11"]),
        (["--tag", "big spender"], [f"a{number}" for number in range(5, 12)]),
        (["--tag", "Never"], []),
        (["--where", "total_spent between 200 and 300"], ["a2", "a3"]),
        (["--where", "is_guest"], ["guest9", "guest10"]),
        (["--where", "segments contains 'VIP' and tags contains 'Big Spender'"], ["a10", "a11"]),
        (["--segment", "Regular", "--tag", "Big Spender", "--where", "total_spent > 800"], ["a9"]),
        (["--where", "total_spent > 200", "--limit", "2"], ["a3", "a4"]),
    ],
)
def test_the_options_select_customers(cli, words, expected):
    assert expected == emails(cli, *words)


def test_the_table_has_the_figures_and_says_how_many_there_are(cli):
    ran = run(cli, "--tag", "Big Spender", "--limit", 1)
    assert (0, "") == (ran.code, ran.err)
    assert "shop: 7 customers; amounts are in USD" == ran.lines[0]
    assert "=A5 Müller <a5@example.com>, customer 5       1  500.00  " in ran.lines[2]
    assert ran.lines[2].endswith("  Regular")
    assert "… and 6 more. --limit N shows more, --csv FILE writes all." == ran.lines[-1]


def test_the_count_is_whole_with_a_condition_too(cli):
    ran = run(cli, "--where", "total_spent > 200", "--limit", 2)
    assert "shop: 9 customers; amounts are in USD" == ran.lines[0]
    assert "… and 7 more. --limit N shows more, --csv FILE writes all." == ran.lines[-1]


def test_a_file_has_all_customers(cli, tmp_path):
    ran = run(cli, "--csv", tmp_path / "people.csv")
    assert [f"Wrote 13 customers to {tmp_path / 'people.csv'}."] == ran.lines
    with (tmp_path / "people.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 13 == len(rows)
    assert ("shop", "5", "'=A5 Müller", "a5@example.com", "1", "500.00", "USD") == tuple(
        rows[4].values()
    )[:7]
    assert ("Regular", "Big Spender, Regular") == (rows[4]["segments"], rows[4]["tags"])
    assert "" == rows[-1]["customer id"]


def test_figures_are_those_of_the_explanation(tmp_path):
    """Refunds and orders of the future are left out of both."""
    cli = CommandLine(tmp_path, RULES)
    number = cli.sim.register("anna@example.com", days_ago=90)
    for days_ago in (50, 20, -5):
        order = cli.sim.place_order(customer=number, days_ago=days_ago)
    cli.sandbox.refund(order - 1, "30.00", now=cli.sim.now)
    assert 0 == cli.run("sync", "--approve").code
    (found,) = json.loads(run(cli, "--where", "email = 'anna@example.com'", "--json").out)["shop"]
    explained = json.loads(cli.run("explain", number, "--json", mounted_at=None).out)
    assert ("170.00", 2) == (found["total_spent"], found["orders_count"])
    assert [explained[each] for each in ("orders_count", "last_order_at")] == [
        found[each] for each in ("orders_count", "last_order_at")
    ]
    cli.sim.db.close()


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["--group", "Press"], ["there is no group 'Press'", "wcflow group list"]),
        (["--sort", "money"], ["money"]),
        (["--status", "asleep"], ["asleep"]),
        (["--segment", "VPI"], ["there is no [segment VPI]", "Did you mean 'VIP'?"]),
        (["--tag", "Big Spendr"], ["no customer has the tag 'Big Spendr'", "'Big Spender'?"]),
        (["--where", "totl_spent > 1"], ["unknown attribute 'totl_spent'", "'total_spent'?"]),
        (
            ["--where", "totl_spent > 1 and orders_cout > 1"],
            ["'totl_spent' (did you mean 'total_spent'?)", "(did you mean 'orders_count'?)"],
        ),
        (["--where", "segments contains 'VPI'"], ["no [segment VPI]", "Did you mean 'VIP'?"]),
        (["--store", "other"], ["Use one of: shop"]),
    ],
)
def test_a_wrong_name_or_condition_is_told_with_the_likely_one(cli, words, messages):
    ran = run(cli, *words)
    assert (2, "") == (ran.code, ran.out)
    assert [] == [each for each in messages if each not in ran.err]


def test_a_file_that_cannot_be_written_is_told(cli, tmp_path):
    ran = run(cli, "--csv", tmp_path / "none" / "people.csv")
    assert (1, "") == (ran.code, ran.out)
    assert "no such file or directory" in ran.err


def test_a_store_that_was_never_read_is_told(tmp_path):
    cli = CommandLine(tmp_path, RULES)
    ran = run(cli)
    assert (78, "") == (ran.code, ran.out)
    assert "wcflow plan" in ran.err
    cli.sim.db.close()


def test_a_search_looks_into_names_addresses_phone_numbers_and_order_numbers(cli):
    billing = {"first_name": "Zoë", "last_name": "Ångström", "phone": "+49 (30) 123-456"}
    cli.sim.place_order(email="zoe@work.example", billing=billing, number="WC-77", days_ago=3)
    assert 0 == cli.run("sync", "--approve").code
    for text in ("zoe angstrom", "ÅNG", "work.ex", "030 123456", "123-456", "#wc-77", "WC-77"):
        assert ["zoe"] == emails(cli, "--search", text), text
    assert ["a3"] == emails(cli, "--search", "A3 muller")
    order = next(iter(cli.sandbox.order_ids()))
    assert ["a1"] == emails(cli, "--search", f"#{order}")
    for text in ("nothing", "%", "999999999", "#"):
        assert [] == emails(cli, "--search", text), text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sort", "name", "--limit", "3"], ["a1", "a10", "a11"]),
        (["--sort", "name", "--desc", "--limit", "2"], ["guest9", "guest10"]),
        (["--sort", "spent", "--desc", "--limit", "2"], ["a11", "a10"]),
        (["--sort", "email", "--limit", "3"], ["a10", "a11", "a1"]),
        (["--sort", "orders", "--limit", "1", "--offset", "12"], ["guest9"]),
        (["--limit", "2", "--offset", "1"], ["a2", "a3"]),
        (["--where", "total_spent > 200", "--offset", "8", "--limit", "5"], ["a11"]),
        (["--tag", "Big Spender", "--offset", "6"], ["a11"]),
        (["--sort", "since", "--desc", "--limit", "2"], ["guest9", "guest10"]),
    ],
)
def test_a_list_is_sorted_and_read_a_page_at_a_time(cli, words, expected):
    assert expected == emails(cli, *words)


def test_a_status_column_is_shown_only_where_someone_is_inactive(cli):
    assert "status" not in run(cli).lines[1]
    assert 0 == cli.run("customer", "deactivate", "a5@example.com", mounted_at=None).code
    assert "customer 5 inactive 1 500.00" in " ".join(run(cli, "--status", "inactive").out.split())
    assert "customer 4 active 1 400.00" in " ".join(run(cli).out.split())
    assert ["a5"] == emails(cli, "--status", "inactive")
    assert "a5" not in emails(cli, "--status", "active")
