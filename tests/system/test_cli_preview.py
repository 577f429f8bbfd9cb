"""``wcflow workflow preview`` shows the way of one customer through a workflow, and changes nothing."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.command_line import CommandLine

RULES = """
[coupon_pool gifts]
[coupon thanks]
type = percent
amount = 10
prefix = TY
[workflow series]
trigger = order_paid
when = order.total < 500
stop_when = last_order_date < -5d
do =
    add_tag Buyer
    add_to_group Buyers
    if order.total >= 50
        assign_coupon gifts else create_coupon thanks
        wait 3d
        add_note For {{ email }}: {{ coupon.code }}
    else
        add_note small
    end
    if tags contains 'Buyer' and groups contains 'Buyers'
        wait until orders_count >= 2 for at most 4d
    end
    stop
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    assert 0 == command_line.run("sync").code
    command_line.sim.now = datetime.now(UTC).replace(microsecond=0)
    command_line.order = command_line.sim.place_order(email="anna@example.com")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def preview(cli, name="series", customer="anna@example.com"):
    found = json.loads(cli.run("workflow", "preview", name, "--for", customer, "--json").out)
    return found, {row["label"]: row for row in found["rows"] if row["label"]}


def contents(rows, label):
    return [change["content"] for change in rows[label]["changes"]]


def at(text):
    return datetime.fromisoformat(text)


def test_each_step_is_shown_with_its_time_its_text_and_its_branch(cli):
    found, rows = preview(cli)
    assert "Buyer" in contents(rows, "1")[0]
    assert "yes: order.total 100.00 >= 50" == rows["3"]["result"]
    assert "not taken" == rows["3.else.1"]["result"]
    assert "waits" == rows["3.then.2"]["result"]
    assert rows["3.then.1"]["changes"][0]["content"].startswith("TY-")
    code = rows["3.then.1"]["changes"][0]["payload"]["code"]
    assert f"For anna@example.com: {code}" in contents(rows, "3.then.3")[0]
    waited = at(rows["3.then.3"]["at"]) - at(rows["1"]["at"])
    assert timedelta(days=3) <= waited + timedelta(hours=1) < timedelta(days=3, hours=2)
    assert "went on: time over after 4 days: orders_count 1 < 2" == rows["4.then.1"]["result"]
    assert found["outcome"].startswith("stop_when holds: last_order_date ")
    assert "the run ends: stopped by the step 'stop'" == rows["5"]["result"]


def test_it_says_whether_when_and_stop_when_hold_now_and_after_each_wait(cli):
    found, _ = preview(cli)
    assert "yes: order.total 100.00 < 500" == found["when"]
    assert found["stop_when"].startswith("no: last_order_date ")
    assert ["", True] == [
        found["checks"][0]["why_not"],
        found["checks"][-1]["why_not"].startswith("stop_when holds: last_order_date"),
    ]
    assert found["starts_not"].startswith("it has run for this already: order ")


def test_the_next_code_of_a_pool_is_shown_and_not_taken(cli, tmp_path):
    (tmp_path / "codes.txt").write_text("gift-1\n")
    cli.run("pool", "import", "gifts", tmp_path / "codes.txt")
    _, rows = preview(cli)
    assert ["gift-1 of gifts"] == contents(rows, "3.then.1")
    assert "For anna@example.com: gift-1" in contents(rows, "3.then.3")[0]
    (pool,) = json.loads(cli.run("pool", "list", "--json").out)["shop"]
    assert (1, 0) == (pool["free"], pool["reserved"])


def test_a_preview_changes_nothing(cli, tmp_path):
    cli.sim.db.close()
    with closing(sqlite3.connect(tmp_path / "wcflow.sqlite3")) as db:
        before = list(db.iterdump())
    assert 0 == cli.run("workflow", "preview", "series", "--for", "anna@example.com").code
    with closing(sqlite3.connect(tmp_path / "wcflow.sqlite3")) as db:
        assert before == list(db.iterdump())


def test_it_is_shown_as_a_table_for_people(cli):
    shown = cli.run("workflow", "preview", "series", "--for", "anna@example.com")
    text = " ".join(shown.out.split())
    assert "shop: series for" in shown.lines[0]
    assert "starts no, it has run for this already: order" in text
    assert "3 if order.total >= 50 yes: order.total 100.00 >= 50" in text
    assert "If it started now, it would end on 20" in text
    assert "This is a preview: nothing was sent or written." == shown.lines[-1]


MAILS = """
[smtp]
host = mail.example
from = Shop <shop@shop.example>
[email hello]
subject = Hello {{ first_name or "you" }}
text = Welcome
[email invoice]
subject = Your order
text = Thanks
transactional = yes
[workflow mails]
trigger = order_paid
do =
    send_email hello
    send_email invoice
"""


def test_messages_without_consent_are_shown_as_not_sent(tmp_path):
    cli = CommandLine(tmp_path, MAILS)
    cli.run("sync")
    cli.sim.place_order(email="anna@example.com")
    cli.run("sync")
    _, rows = preview(cli, "mails")
    (marketing,), (transactional,) = rows["1"]["changes"], rows["2"]["changes"]
    assert "consent" in marketing["remark"]
    assert "" == transactional["remark"]
    cli.sim.db.close()


def test_an_unknown_workflow_or_customer_is_an_error(cli):
    assert 2 == cli.run("workflow", "preview", "serie", "--for", "anna@example.com").code
    assert 2 == cli.run("workflow", "preview", "series", "--for", "nobody@example.com").code
