"""``wcflow company``: companies, their customers and their figures."""

import json

import pytest

from tests.command_line import CommandLine

ACME = {"company": "ACME  Ltd."}


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "")
    sim = command_line.sim
    anna = sim.register("anna@example.com", first_name="Anna")
    sim.register("ben@example.com", first_name="Ben")
    sim.place_order(customer=anna, total="40.00", billing=ACME)
    sim.place_order(email="guest@example.com", total="60.00", billing={"company": "Acme ltd."})
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words, **more):
    return cli.run(*words, mounted_at=None, **more)


def company(cli, name="Acme Ltd."):
    return json.loads(run(cli, "company", "show", name, "--json").out)


def members(cli, name="Acme Ltd."):
    return {each["email"] for each in company(cli, name)["members"]}


def edit_ids(cli):
    with cli.sim.db.reading() as tx:
        return [row[0] for row in tx.exec_driver_sql("SELECT id FROM edit ORDER BY id")]


def test_customers_with_its_billing_company_belong_to_a_company(cli):
    created = run(cli, "company", "create", "Acme Ltd.", "--vat-id", "GB123")
    assert "Created Acme Ltd., with 2 customers." in created.out
    found = company(cli)
    assert {"anna@example.com", "guest@example.com"} == members(cli)
    assert (2, 2, "100.00") == (found["customers"], found["orders_count"], found["revenue"])
    assert "GB123" in run(cli, "company", "show", "acme ltd.").out
    assert "100.00" in run(cli, "company", "list").out


def test_someone_is_put_into_a_company_and_taken_out_by_hand(cli):
    run(cli, "company", "create", "Acme Ltd.")
    assert "put into the company Acme Ltd." in run(cli, "company", "add", "Acme Ltd.", "ben").out
    assert "already" in run(cli, "company", "add", "Acme Ltd.", "ben").out
    run(cli, "company", "remove", "acme ltd.", "anna")
    assert {"ben@example.com", "guest@example.com"} == members(cli)
    refused = run(cli, "company", "remove", "acme ltd.", "anna")
    assert (2, True) == (refused.code, "belong to no company" in refused.err)


def test_a_billing_company_belongs_to_one_company(cli):
    run(cli, "company", "create", "Acme Ltd.")
    refused = run(cli, "company", "create", "Acme UK", "--billing-company", "ACME LTD.")
    assert (2, True) == (refused.code, "belongs to the company Acme Ltd. already" in refused.err)
    assert 0 == run(cli, "company", "create", "Acme UK", "--billing-company", "").code
    assert 2 == run(cli, "company", "create", "acme uk").code


def test_details_of_a_company_change(cli):
    run(cli, "company", "create", "Acme Ltd.")
    run(cli, "company", "edit", "Acme Ltd.", "--name", "Acme Group", "--email", "hi@acme.example")
    assert "hi@acme.example" == company(cli, "Acme Group")["email"]
    assert {"anna@example.com", "guest@example.com"} == members(cli, "Acme Group")
    missing = run(cli, "company", "show", "Acme Grup")
    assert (2, True) == (missing.code, "Did you mean 'Acme Group'?" in missing.err)
    assert 2 == run(cli, "company", "edit", "Acme Group").code


def test_deleting_a_company_asks_and_keeps_its_customers(cli):
    run(cli, "company", "create", "Acme Ltd.")
    assert 2 == run(cli, "company", "delete", "Acme Ltd.").code
    assert 2 == company(cli)["customers"]
    run(cli, "company", "delete", "Acme Ltd.", "--yes")
    assert 2 == run(cli, "company", "show", "Acme Ltd.").code
    assert "anna@example.com" in run(cli, "customer", "list").out


def test_every_change_of_companies_is_undone(cli):
    run(cli, "company", "create", "Acme Ltd.")
    run(cli, "company", "add", "Acme Ltd.", "ben")
    run(cli, "company", "remove", "Acme Ltd.", "anna")
    run(cli, "company", "edit", "Acme Ltd.", "--name", "Acme Group")
    run(cli, "company", "delete", "Acme Group", "--yes")
    for number in sorted(edit_ids(cli), reverse=True)[:4]:
        cli.undo(number)
    assert {"anna@example.com", "guest@example.com"} == members(cli)
    cli.undo(edit_ids(cli)[0])
    assert 2 == run(cli, "company", "show", "Acme Ltd.").code


def test_a_company_that_others_joined_is_not_deleted_by_an_undo(cli):
    run(cli, "company", "create", "Acme Ltd.")
    run(cli, "company", "add", "Acme Ltd.", "ben")
    refused = cli.run("customer", "undo", str(edit_ids(cli)[0]), "--yes")
    assert (2, True) == (refused.code, "there are customers in Acme Ltd. now" in refused.err)
    assert "ben@example.com" in members(cli)


def test_a_deleted_company_comes_back_with_those_who_are_still_there(cli):
    run(cli, "company", "create", "Acme Ltd.")
    run(cli, "company", "add", "Acme Ltd.", "ben")
    run(cli, "company", "delete", "Acme Ltd.", "--yes")
    deleted = edit_ids(cli)[-1]
    ben = next(each for each in cli.sim.sandbox.state.customers.values() if "ben" in each.email)
    cli.sim.sandbox.delete_customer(ben.id, now=cli.sim.now)
    assert 0 == cli.run("customer", "delete", "ben", "--yes").code
    cli.undo(deleted)
    assert {"anna@example.com", "guest@example.com"} == members(cli)
    with cli.sim.db.reading() as tx:
        assert [] == tx.exec_driver_sql("SELECT person FROM company_member").all()
