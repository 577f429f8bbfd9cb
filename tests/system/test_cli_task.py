"""``wcflow task``, and the e-mail with tasks: once a day, in the store's morning."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.command_line import CommandLine
from tests.mail_host import mail_host
from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import tasks as customers_tasks
from wcflow.database.edits import EditedBy, load_edits
from wcflow.database.tasks import NOTICE, REMINDER, NewTask, add_task

WORKFLOW = """
[workflow follow-up]
trigger = order_paid
do =
    create_task Call {{ email }} assign to sam@shop.example due 2d
    notify_agent {{ email }} ordered
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "[tag Buyer]\nwhen = orders_count >= 1\n")
    command_line.sim.register("anna@example.com", first_name="Anna", last_name="Smith")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run("task", *words, mounted_at=None)


def listed(cli, *words):
    (found,) = json.loads(run(cli, "list", *words, "--json").out).values()
    return [(each["id"], each["text"], each["assignee"], each["state"]) for each in found]


def test_a_task_is_added_assigned_and_closed(cli):
    added = run(cli, "add", "Call her", "--customer", "anna", "--for", "sam", "--due", "2d")
    assert "Anna Smith <anna@example.com>, customer 1: added task 1 for sam: Call her." in added.out
    assert [(1, "Call her", "sam", "open")] == listed(cli)
    run(cli, "assign", "1", "kim@shop.example")
    assert [(1, "Call her", "kim@shop.example", "open")] == listed(cli, "--for", "KIM@shop.example")
    assert "Anna Smith" in run(cli, "show", "1").out
    assert "Closed task 1: Call her." in run(cli, "done", "1", "1").out
    assert ([], 1) == (listed(cli), len(listed(cli, "--all")))
    assert "Task 1 was closed already." in run(cli, "done", "1").out


def test_the_tasks_that_are_due_first_come_first(cli):
    for text, due in (("later", "9d"), ("sooner", "2d")):
        run(cli, "add", text, "--due", due)
    run(cli, "add", "whenever")
    assert ["sooner", "later", "whenever"] == [text for _, text, _, _ in listed(cli)]


def test_status_counts_the_due_ones(cli):
    run(cli, "add", "Call her", "--due", "2020-01-31")
    assert "1 due" in cli.run("status", mounted_at=None).out
    run(cli, "snooze", "1", "3d")
    assert "due ('wcflow task list')" not in cli.run("status", mounted_at=None).out


@pytest.mark.parametrize("words", [("show", "9"), ("done", "9"), ("snooze", "9", "3d")])
def test_a_task_that_does_not_exist_is_an_error(cli, words):
    result = run(cli, *words)
    assert (2, True) == (result.code, "there is no task with the id 9" in result.err)


def test_a_time_that_is_none_is_an_error(cli):
    assert "'soon' is not a time" in run(cli, "add", "Call", "--due", "soon").err


def test_a_reminder_is_about_a_customer_and_listed_as_one(cli):
    run(cli, "add", "Send the sample", "anna", "--due", "9d")
    added = run(cli, "add", "Ask about it", "anna", "--due", "2d", "--for", "sam", "--reminder")
    assert "added reminder 2 for sam: Ask about it" in added.out
    assert ["Ask about it"] == [text for _, text, *_ in listed(cli, "--reminders")]
    out = run(cli, "list").out
    assert "shop: 1 task and 1 reminder" in out
    assert "Ask about it (reminder)" in out
    assert "shop: reminder 2" in run(cli, "show", "2").out


def test_a_reminder_needs_a_date_and_every_task_a_text(cli):
    result = run(cli, "add", "Ask about it", "anna", "--remind")
    assert (2, True) == (result.code, "a reminder needs a date" in result.err)
    assert 2 == run(cli, "add", " ", "anna").code
    assert [] == listed(cli)


def undo(cli, number):
    return cli.run("customer", "undo", number, mounted_at=None)


def test_each_change_of_a_task_is_an_edit_that_can_be_undone(cli):
    run(cli, "add", "Call her", "anna", "--for", "sam", "--due", "2d")
    before = run(cli, "show", "1", "--json").out
    run(cli, "assign", "1", "kim", "--reason", "holiday")
    run(cli, "snooze", "1", "2030-01-31")
    run(cli, "done", "1")
    with cli.sim.db.reading() as tx:
        found = load_edits(tx, "shop", [person(tx, "c1")])
    assert [
        "added task 1 for sam: Call her",
        "assigned task 1 to kim",
        "put task 1 off until 2030-01-31",
        "closed task 1: Call her",
    ] == [each.words for each in found]
    assert "holiday" == found[1].by.reason
    for number in (4, 3, 2):
        assert 0 == undo(cli, number).code
    assert before == run(cli, "show", "1", "--json").out
    assert "deleted task 1 again" in undo(cli, 1).out
    assert [] == listed(cli, "--all")


def test_an_undo_does_not_overwrite_what_was_changed_since(cli):
    run(cli, "add", "Call her", "anna", "--for", "sam")
    run(cli, "assign", "1", "kim")
    run(cli, "assign", "1", "lee")
    result = undo(cli, 2)
    assert (2, True) == (result.code, "task 1 was changed since" in result.err)
    run(cli, "done", "1")
    assert "task 1 is done already" in undo(cli, 1).err
    assert [(1, "Call her", "lee", "done")] == listed(cli, "--all")


def test_the_timeline_tells_each_change_of_a_task_once(cli):
    run(cli, "add", "Call her", "anna")
    run(cli, "done", "1")
    found = json.loads(cli.run("customer", "show", "anna", "--json", mounted_at=None).out)
    words = [each["words"] for each in found["timeline"] if each["kind"] == "task"]
    assert ["added task 1: Call her", "closed task 1: Call her"] == sorted(words)


def test_the_timeline_tells_a_task_of_a_workflow_once(tmp_path):
    cli = CommandLine(tmp_path, WORKFLOW)
    cli.run("sync", "--approve")
    cli.sim.place_order(email="anna@example.com")
    cli.run("sync", "--approve")
    found = json.loads(cli.run("customer", "show", "anna", "--json", mounted_at=None).out)
    cli.sim.db.close()
    words = [each["words"] for each in found["timeline"] if "anna@" in each["words"]]
    assert ["notice 2: anna@example.com ordered", "task 1 for sam@shop.example: Call"] == [
        each.removesuffix(" anna@example.com") for each in sorted(words)
    ]


# The e-mail.


@pytest.fixture
def office(tmp_path):
    """A store at 10:00 whose mail goes to a real mail server."""
    with mail_host() as (host, port):
        smtp = f"\n[smtp]\nhost = 127.0.0.1\nport = {port}\nencryption = none\n"
        smtp += "from = shop@shop.example\n"
        sim = Simulation(tmp_path, WORKFLOW + smtp, wcflow="agent = team@shop.example")
        sim.run_pass()
        sim.advance(hours=1)
        yield sim, host
        sim.db.close()


def sent(host):
    return [(str(each["To"]), str(each["Subject"])) for each in host.messages]


def test_a_notice_is_mailed_to_the_agent_at_once_and_only_once(office):
    sim, host = office
    sim.place_order(email="anna@example.com")
    for _ in range(3):
        sim.run_pass()
        sim.advance(hours=9)
    assert [("team@shop.example", "[shop] anna@example.com ordered")] == sent(host)


def test_a_due_task_is_mailed_each_morning_until_it_is_done(office):
    sim, host = office
    sim.place_order(email="anna@example.com")
    sim.run_pass()
    del host.messages[:]
    sim.advance(days=2, hours=1)
    for _ in range(2):
        sim.run_pass()
    assert [("sam@shop.example", "[shop] 1 task")] == sent(host)
    assert "Call anna@example.com" in host.messages[0].get_content()
    sim.advance(hours=14)  # past midnight, before the morning
    sim.run_pass()
    assert 1 == len(host.messages)
    sim.advance(hours=9)
    sim.run_pass()
    assert ["Overdue:"] == [
        line for line in host.messages[1].get_content().splitlines() if "Overdue" in line
    ]


def test_a_due_reminder_is_mailed_as_one(office):
    sim, host = office
    sim.place_order(email="anna@example.com")
    sim.run_pass()
    with sim.db.transaction() as tx:
        who = person(tx, "g:anna@example.com")
        new = NewTask("a", who, "Ask her", "me", REMINDER, assignee="sam@shop.example")
        due = replace(new, due_at=sim.now + timedelta(hours=2))
        number = add_task(tx, "shop", due, sim.now)
    del host.messages[:]
    sim.advance(hours=1)
    sim.run_pass()
    assert [] == sent(host)
    sim.advance(hours=1)
    sim.run_pass()
    assert [("sam@shop.example", "[shop] Ask her")] == sent(host)
    lines = host.messages[0].get_content().splitlines()
    assert ["Reminders:", f"- {number}: Ask her"] == lines[:2]
    sim.advance(days=1, hours=22)
    sim.run_pass()
    assert ("sam@shop.example", "[shop] 1 task and 1 reminder") == sent(host)[-1]


def test_a_task_for_someone_without_an_address_goes_to_the_agent(office):
    sim, host = office
    with sim.db.transaction() as tx:
        task = NewTask("a", 0, "Ring", "me", assignee="Sam", due_at=sim.now - timedelta(days=1))
        add_task(tx, "shop", task, sim.now)
    sim.run_pass()
    assert [("team@shop.example", "[shop] 1 task")] == sent(host)
    assert "for Sam" in host.messages[0].get_content()


def test_a_mail_server_that_refuses_is_tried_again_later(office):
    sim, host = office
    sim.place_order(email="anna@example.com")
    host.refusal = "451 try again later"
    sim.run_pass()
    host.refusal = ""
    sim.run_pass()
    assert [] == host.messages
    sim.advance(minutes=16)
    sim.run_pass()
    assert 1 == len(host.messages)


@pytest.mark.parametrize("words", [("assign", "1", "kim"), ("snooze", "1", "3d")])
def test_a_task_that_is_done_is_neither_assigned_nor_put_off(cli, words):
    run(cli, "add", "Call her")
    run(cli, "done", "1")
    result = run(cli, *words)
    assert (2, True) == (result.code, "task 1 is done already" in result.err)


def test_a_task_is_not_put_off_into_the_past(cli):
    run(cli, "add", "Call her")
    result = run(cli, "snooze", "1", "2020-01-31")
    assert (2, True) == (result.code, "2020-01-31 is not in the future" in result.err)


def test_a_sync_that_approves_mails_tasks_too(tmp_path):
    with mail_host() as (host, port):
        smtp = (
            f"[smtp]\nhost = 127.0.0.1\nport = {port}\nencryption = none\nfrom = a@shop.example\n"
        )
        cli = CommandLine(tmp_path, smtp + WORKFLOW)
        cli.sim.place_order(email="anna@example.com", days_ago=1)
        cli.run("sync", "--approve")
        notice = NewTask("n", 0, "Look", "you", NOTICE, assignee="sam@shop.example")
        with cli.sim.db.transaction() as tx:
            add_task(tx, "shop", replace(notice, due_at=cli.sim.now), cli.sim.now)
        cli.run("sync", "--approve")
        cli.sim.db.close()
    assert ["sam@shop.example"] == host.recipients


def test_the_same_moment_adds_a_task_for_each_customer(cli):
    store = cli.sim.config.stores[0].name
    by = EditedBy("Anna", cli.sim.now)
    with cli.sim.db.transaction() as tx:
        for who in (1, 2):
            customers_tasks.add_task(tx, store, who, "Call", by._replace(key=f"request {who}"))
        customers_tasks.add_task(tx, store, 1, "Call", by)
        customers_tasks.add_task(tx, store, 2, "Call", by)
    assert 4 == len(listed(cli))
