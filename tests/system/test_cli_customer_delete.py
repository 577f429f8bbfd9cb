"""``wcflow customer delete``, ``erase-request`` and ``erasures``: delete customers, with a receipt."""

import json
from dataclasses import replace

import pytest

from tests.command_line import CommandLine
from wcflow.sandbox import subscriptions

ADDRESS = {"first_name": "Anna", "last_name": "Meier", "phone": "+49 30 123", "city": "Berlin"}


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "[tag Known]\nwhen = orders_count >= 1\n")
    command_line.sim.register("anna@example.com", first_name="Anna", billing=ADDRESS)
    command_line.sim.register("ben@example.com", first_name="Ben")
    command_line.sim.place_order(customer=1, days_ago=3)
    command_line.sim.place_order(customer=1, days_ago=2, status="processing")
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def sync(cli, passes=2):
    for _ in range(passes):
        assert 0 == cli.run("sync").code


def erasures(cli):
    return json.loads(run(cli, "customer", "erasures", "--json").out)["shop"]


def test_it_shows_what_follows_and_asks(cli):
    result = run(cli, "customer", "delete", "anna@example.com")
    assert (2, True) == (result.code, "add --yes" in result.err)
    assert (
        "names, addresses, phone numbers, e-mail addresses and order notes in 2 orders"
        in result.out
    )
    assert "1 order not completed yet" in result.err
    assert [] == erasures(cli)


def test_orders_are_anonymized_by_default_and_the_receipt_says_when_it_is_finished(cli):
    result = run(cli, "customer", "delete", "anna@example.com", "--yes", "--reason", "by letter")
    assert "Deleted Anna <anna@example.com>, customer 1 (receipt 1)." in result.out
    assert ["waits for the store: 0 of 2 orders done"] == [each["state"] for each in erasures(cli)]
    sync(cli)
    (receipt,) = erasures(cli)
    assert ("finished", "by letter", "anonymize") == (
        receipt["state"],
        receipt["reason"],
        receipt["orders"],
    )
    emails = {cli.sandbox.order(each)["billing"]["email"] for each in cli.sandbox.order_ids()}
    assert {"deleted@site.invalid"} == emails
    assert [2] == cli.sandbox.customer_ids()
    assert 2 == run(cli, "explain", "anna@example.com").code


def test_orders_are_deleted_if_wanted(cli):
    run(cli, "customer", "delete", "1", "--orders", "delete", "--yes")
    sync(cli)
    assert ([], [2]) == (cli.sandbox.order_ids(), cli.sandbox.customer_ids())
    assert ["finished"] == [each["state"] for each in erasures(cli)]


def test_a_receipt_can_be_sent_to_the_customer(cli):
    result = run(cli, "customer", "erase-request", "anna@example.com", "--yes")
    receipt = result.out[result.out.index("Erasure of personal data: receipt 1") :]
    sync(cli)
    later = run(cli, "customer", "erasures", "1")
    for text in (receipt, later.out):
        assert not [each for each in ("nna", "example.com", "Meier", "123") if each in text]
        assert "- the customer account" in text
    assert "Erased, or about to be:" in receipt
    assert "Erased:" in later.out


def test_what_woocommerce_lists_of_a_guest_is_named_as_kept(cli):
    """The eraser in WordPress empties that row; it has none for an account that is deleted."""
    cli.sim.place_order(email="zoe@example.com")
    cli.run("sync")
    words = "what WooCommerce's analytics list of customers shows of 1 guest order"
    for who, said in (("zoe@example.com", True), ("anna@example.com", False)):
        result = run(cli, "customer", "erase-request", who)
        assert said == (words in " ".join(result.out.split()))
        assert "analytics list of customers" in " ".join(result.out.split())


def test_subscriptions_are_counted_and_one_that_can_renew_is_named(cli):
    state, now = cli.sandbox.state, cli.sim.now
    state.settings = replace(state.settings, plugins=frozenset({"subscriptions"}))
    begin = {"customer_id": 1, "email": "anna@example.com"}
    number = subscriptions.begin(state, now=now, status="on-hold", **begin)
    sync(cli)
    refused = run(cli, "customer", "delete", "anna@example.com", "--yes")
    assert f"their subscription {number} is on-hold; cancel it in WooCommerce first" in refused.err
    subscriptions.change(state, number, now=now, status="cancelled")
    sync(cli)
    result = run(cli, "customer", "delete", "anna@example.com", "--yes")
    words = " ".join(result.out.split())
    assert "e-mail addresses and notes in 1 subscription that ended" in words
    assert "the subscriptions without these data" in words
    assert (
        "waits for the store: 0 of 2 orders and 0 of 1 subscription done"
        == (erasures(cli)[0]["state"])
    )
    sync(cli, 3)
    assert "finished" == erasures(cli)[0]["state"]


def test_several_customers_are_deleted_each_with_a_receipt(cli, tmp_path):
    file = tmp_path / "who.txt"
    file.write_text("# requests of this week\nanna@example.com\n\nzoe@example.com\n2\nann\n")
    result = run(cli, "customer", "delete", "--from", file, "--yes")
    assert 1 == result.code
    assert f"{file}:4: 'zoe@example.com' is no customer's address or id" in result.err
    assert f"{file}:6: 'ann' is no customer's" in result.err
    assert 2 == len(erasures(cli))
    sync(cli)
    assert [] == cli.sandbox.customer_ids()
    assert ["finished", "finished"] == [each["state"] for each in erasures(cli)]


def test_what_failed_is_shown_and_can_be_tried_again(cli):
    run(cli, "customer", "delete", "anna@example.com", "--yes")
    order = cli.sandbox.order_ids()[0]
    cli.faults.fail_with(status=400, only=f"PUT /wc/v3/orders/{order}")
    cli.run("sync")
    (receipt,) = erasures(cli)
    assert "stopped: 1 change failed; 1 of 2 orders done" == receipt["state"]
    change = receipt["failed"][0]["change"]
    shown = run(cli, "customer", "erasures")
    assert f"wcflow outbox retry {change}" in shown.err
    status = run(cli, "status")
    assert (1, True) == (status.code, f"anonymize order {order}" in status.out)
    assert "deleted" in run(cli, "outbox", "show", change).out
    cli.faults.recover()
    assert 0 == run(cli, "outbox", "retry", change).code
    sync(cli, 3)
    assert ["finished"] == [each["state"] for each in erasures(cli)]


def test_nothing_is_deleted_where_wcflow_writes_nothing(cli):
    cli.edit_config("[store shop]", "[store shop]\nwrite = no")
    result = run(cli, "customer", "delete", "anna@example.com", "--yes")
    assert (2, True) == (result.code, "write = no" in result.err)
    assert [] == erasures(cli)


def test_no_customer_and_an_unknown_receipt_are_errors(cli):
    assert 2 == run(cli, "customer", "delete").code
    assert 2 == run(cli, "customer", "delete", "zoe@example.com", "--yes").code
    assert 2 == run(cli, "customer", "erasures", "7").code


def test_customers_are_selected_by_a_filter(cli):
    result = run(cli, "customer", "delete", "--where", "orders_count = 0", "--yes")
    assert (0, True) == (result.code, "Deleted Ben <ben@example.com>, customer 2" in result.out)
    assert 1 == len(erasures(cli))
    assert 2 == run(cli, "customer", "delete", "--where", "orders_count = 0", "--yes").code
