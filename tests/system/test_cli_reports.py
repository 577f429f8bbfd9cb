"""``wcflow workflow report`` and ``wcflow campaign report``."""

import json

import pytest

from tests.command_line import CommandLine

RULES = """
[segment Buyers]
when = orders_count >= 1
tag = none

[workflow welcome]
trigger = first_order
existing = include
do =
    add_tag Welcomed
    create_coupon thanks
    add_note Your code is {{ coupon.code }}

[campaign sale]
segment = Buyers
do = add_note Sale

[coupon thanks]
type = fixed_cart
amount = 10
prefix = T
"""


@pytest.fixture
def cli(tmp_path):
    """Anna and Bob bought once; then Anna used the coupon that she got."""
    command_line = CommandLine(tmp_path, RULES)
    for name in ("anna", "bob"):
        command_line.sim.place_order(email=f"{name}@example.com", days_ago=10)
    assert 0 == command_line.run("sync", "--approve").code
    assert 0 == command_line.run("sync").code
    codes = {each["email_restrictions"][0]: each["code"] for each in command_line.sim.coupons()}
    command_line.code = codes["anna@example.com"]
    yield command_line
    command_line.sim.db.close()


def buy(cli):
    """Buy with Anna's coupon, a moment after she got it."""
    cli.sim.advance(seconds=30)
    cli.sim.place_order(email="anna@example.com", coupon_codes=[cli.code])
    cli.run("sync")


def test_the_overview_has_a_row_for_each_workflow(cli):
    buy(cli)
    lines = cli.run("workflow", "report").lines
    (row,) = (each for each in lines if each.strip().startswith("welcome"))
    assert ["welcome", "2", "2", "0", "0", "1", "90.00", "USD", "9.0", "×"] == row.split()


def test_one_workflow_is_shown_in_full(cli):
    buy(cli)
    shown = {" ".join(line.split()) for line in cli.run("workflow", "report", "welcome").lines}
    assert shown >= {
        "started 2",
        "tag added 2: Welcomed",
        "coupons done 2",
        "orders 1 (1 by coupon)",
        "revenue 90.00 USD, less refunds",
        "discount 10.00 USD by 1 coupon",
        "return 9.0 × the discount",
    }


def test_the_report_of_campaigns_is_separate(cli):
    cli.run("campaign", "send", "sale", "--yes")
    cli.run("sync")
    found = json.loads(cli.run("campaign", "report", "--json").out)["shop"]["campaigns"]
    assert ["sale"] == list(found)
    assert (2, 2, {"note": {"done": 2}}) == (
        found["sale"]["started"],
        found["sale"]["finished"],
        found["sale"]["changes"],
    )


def test_since_limits_the_report(cli):
    found = json.loads(cli.run("workflow", "report", "--since", "2099-01-01", "--json").out)
    assert 0 == found["shop"]["workflows"]["welcome"]["started"]


def test_a_wrong_day_and_an_unknown_workflow_are_named(cli):
    assert (
        "--since 'yesterday' is not a day"
        in cli.run("workflow", "report", "--since", "yesterday").err
    )
    ran = cli.run("workflow", "report", "welcom")
    assert (2, True) == (ran.code, "welcome" in ran.err)
