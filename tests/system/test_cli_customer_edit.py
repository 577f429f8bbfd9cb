"""``wcflow customer edit``: names and addresses in WooCommerce."""

import pytest

from tests.command_line import CommandLine


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, "")
    billing = {"city": "Hamburg", "country": "DE"}
    command_line.sim.register("anna@example.com", first_name="Anna", billing=billing)
    command_line.sim.place_order(email="guest@example.com", days_ago=2)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    command_line.sim.db.close()


def run(cli, *words):
    return cli.run(*words, mounted_at=None)


def test_an_edit_is_planned_written_and_taken_back(cli):
    result = run(cli, "customer", "edit", "anna", "--last-name", "Smith", "--city", "Berlin")
    assert "customer 1: changed the last name and billing city." in result.out
    assert "The next 'wcflow sync' writes it to WooCommerce;" in result.out
    assert "billing city: Hamburg → Berlin" in run(cli, "outbox", "list").out
    assert "Hamburg → Berlin" in cli.run("plan").out
    assert 0 == cli.run("sync").code
    customer = cli.sandbox.customer(1)
    assert ("Smith", "Berlin") == (customer["last_name"], customer["billing"]["city"])
    assert 0 == run(cli, "customer", "undo", "1").code
    assert 0 == cli.run("sync").code
    assert "Hamburg" == cli.sandbox.customer(1)["billing"]["city"]


def test_the_outbox_shows_what_the_store_refused_in_its_own_words(cli):
    cli.sandbox.register("taken@example.com", now=cli.sim.now)
    result = run(cli, "customer", "edit", "anna", "--email", "taken@example.com")
    assert "WordPress then informs the customer at their old address." in result.out
    assert 1 == cli.run("sync").code
    listed = run(cli, "outbox", "list")
    assert '"Email address is invalid."' in listed.out


def test_a_guest_and_wrong_values_are_errors_with_advice(cli):
    guest = run(cli, "customer", "edit", "guest@example.com", "--city", "Berlin")
    assert (2, True) == (guest.code, "Change the address of their order" in guest.err)
    country = run(cli, "customer", "edit", "anna", "--country", "England")
    assert (2, True) == (country.code, "Did you mean 'GB'?" in country.err)
    assert 2 == run(cli, "customer", "edit", "anna").code


def test_copy_billing_alone_is_an_edit(cli):
    result = run(cli, "customer", "edit", "anna", "--copy-billing")
    assert "the shipping first name, shipping city and shipping country." in result.out


def test_a_store_without_writes_takes_no_edit(cli):
    cli.edit_config("[store shop]", "[store shop]\nwrite = no")
    result = run(cli, "customer", "edit", "anna", "--city", "Berlin")
    assert (2, True) == (result.code, "write = no" in result.err)
