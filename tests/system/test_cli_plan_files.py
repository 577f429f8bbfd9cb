"""``wcflow plan --html FILE --csv FILE``: the totals and all changes in files."""

import csv
import re

import pytest

from tests.command_line import CommandLine

RULES = """
[segment Regular]
when = orders_count >= 1

[workflow practice]
trigger = order_paid
mode = dry_run
existing = include
do = add_note Hello, {{ first_name }}
"""
EVIL = "=HYPERLINK(\"http://evil.example\") <script>alert('x')</script>"


@pytest.fixture
def cli(tmp_path):
    """Twelve customers; the first has a hostile name."""
    command_line = CommandLine(tmp_path, RULES)
    for number in range(12):
        name = "" if number else EVIL
        customer = command_line.sim.register(
            f"a{number}@example.com", days_ago=90, first_name=name, last_name="=1"
        )
        command_line.sim.place_order(customer=customer, days_ago=30)
    yield command_line
    command_line.sim.db.close()


def test_both_files_have_the_totals_and_all_changes(cli, tmp_path):
    page, table = tmp_path / "plan.html", tmp_path / "plan.csv"
    ran = cli.run("plan", "--limit", 2, "--html", page, "--csv", table)
    assert (0, "") == (ran.code, ran.err)
    assert [f"The totals and all changes are in {each}." for each in (page, table)] == ran.lines[
        -2:
    ]
    assert (
        "… and 10 more. --all shows them; --html FILE and --csv FILE write them to a file."
        in ran.lines
    )

    html = page.read_text(encoding="utf-8")
    customers = [int(each) for each in re.findall(r", customer (\d+)</td>", html)]
    assert [*range(1, 13), *range(1, 13)] == customers, "waiting, then dry run; 9 before 10"
    assert '<td>Regular</td><td class="number">0</td><td class="number">12</td>' in html
    assert "<script" not in html
    assert 1 == html.count(">why</th>"), "only the note has a reason of its own"

    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    segment = next(row for row in rows if row["part"] == "people in segment")
    assert ("shop", "Regular", "0", "12") == tuple(
        segment[each] for each in ("store", "name", "before", "after")
    )
    changes = [row for row in rows if row["part"] == "Tags and segments"]
    assert [str(number) for number in range(1, 13)] == [row["customer id"] for row in changes]
    assert {"'+Regular"} == {row["change"] for row in changes}
    assert changes[0]["customer"].startswith("'=HYPERLINK(")
    assert 12 == sum(row["part"].endswith("(Dry run, never written)") for row in rows)


def test_a_file_that_cannot_be_written_is_told_before_the_store_is_read(cli, tmp_path):
    ran = cli.run("plan", "--html", tmp_path / "none" / "plan.html", mounted_at=None)
    assert (1, "") == (ran.code, ran.out)
    file = tmp_path / "none" / "plan.html"
    assert f"wcflow: cannot write {file}: no such file or directory" == ran.err.splitlines()[0]


def test_a_plan_that_fails_leaves_the_old_file(cli, tmp_path):
    (tmp_path / "plan.csv").write_text("old")
    cli.edit_config("consumer_key = ck_", "consumer_key = ck_0")
    ran = cli.run("plan", "--csv", tmp_path / "plan.csv")
    assert 78 == ran.code
    assert "old" == (tmp_path / "plan.csv").read_text()
    assert [] == [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")]
