"""Names and addresses that a team edits reach WooCommerce once, and never over someone else's change."""

from contextlib import suppress

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow.customers import edits, fields
from wcflow.database.contacts import load_contacts
from wcflow.database.customers import load_customers
from wcflow.database.edits import EditedBy, find_edit
from wcflow.errors import StoreError, UsageError


@pytest.fixture
def sim(tmp_path):
    simulation = Simulation(tmp_path, "[tag Berlin]\nwhen = city = 'Berlin'\n")
    billing = {"first_name": "Ana", "city": "Hamburg", "country": "DE", "phone": "+49 40 1"}
    simulation.register("anna@example.com", days_ago=90, first_name="Ana", billing=billing)
    simulation.register("ben@example.com", days_ago=90)
    simulation.place_order(email="guest@example.com", days_ago=5)
    simulation.settle()
    return simulation


def edit(sim, key="c1", *, copy_billing=False, **values):
    wanted = {name.replace("__", "."): value for name, value in values.items()}
    (settings,) = sim.config.stores
    with sim.db.transaction() as tx:
        by = EditedBy("maria", sim.now)
        who = person(tx, key)
        return fields.edit_fields(tx, settings, who, wanted, by, copy_billing=copy_billing)


def undo(sim, number):
    with sim.db.transaction() as tx:
        return edits.undo(tx, find_edit(tx, number), EditedBy("maria", sim.now))


def puts(sim):
    """Return what the last pass wrote to customers one by one."""
    return [call.json for call in sim.writes if "/customers/" in call.path and call.method == "PUT"]


def local(sim, customer_id=1):
    with sim.db.reading() as tx:
        return load_customers(tx, "shop", [customer_id])[customer_id]


def entries(sim):
    return [(each.state, each.outcome) for each in sim.outbox(kinds=["customer_fields"])]


def test_only_changed_fields_are_written_in_one_request_and_read_again_at_once(sim):
    edit(sim, first_name="Anna", billing__city="Berlin", billing__country="DE")
    sim.run_pass(approve=False)
    assert [{"first_name": "Anna", "billing": {"city": "Berlin"}}] == puts(sim)
    assert ("Anna", "Berlin") == (local(sim).first_name, local(sim).billing.city)
    sim.run_pass()
    assert [] == puts(sim)
    assert {"Berlin"} == sim.customer_tags(1)


def test_an_edit_needs_no_approval_even_if_the_changes_of_the_store_are_held(tmp_path):
    sim = Simulation(tmp_path, "[tag All]\nwhen = is_registered\n", wcflow="max_writes = 1")
    for name in ("anna", "ben", "cleo"):
        sim.register(f"{name}@example.com", days_ago=9)
    sim.run_pass(approve=False)
    assert sim.hold().reason
    edit(sim, last_name="Smith")
    sim.run_pass(approve=False)
    assert [{"last_name": "Smith"}] == puts(sim)


def test_a_field_that_someone_changed_meanwhile_is_not_overwritten(sim):
    edit(sim, billing__city="Berlin", last_name="Smith")
    sim.sandbox.edit_customer(1, now=sim.now, billing={"city": "Bremen"})
    sim.run_pass()
    assert [] == puts(sim)
    ((state, outcome),) = entries(sim)
    assert ("failed", "someone changed the billing city in the store meanwhile") == (state, outcome)
    assert "Bremen" == local(sim).billing.city


def test_another_field_that_someone_changed_meanwhile_does_not_matter(sim):
    edit(sim, billing__city="Berlin")
    sim.sandbox.edit_customer(1, now=sim.now, billing={"phone": "+49 30 2"})
    sim.run_pass()
    assert ("Berlin", "+49 30 2") == (local(sim).billing.city, local(sim).billing.phone)


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_edit_without_a_response_is_tried_again_and_written_once(sim, took_effect):
    edit(sim, billing__city="Berlin")
    sim.faults.time_out(effect=took_effect, only="PUT /wc/v3/customers/*")
    with pytest.raises(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    sim.advance(minutes=11)
    sim.run_pass()
    assert ["done"] == [state for state, _ in entries(sim)]
    assert ([] if took_effect else [{"billing": {"city": "Berlin"}}]) == puts(sim)
    assert "Berlin" == local(sim).billing.city


def test_what_the_store_refuses_is_shown_in_its_own_words_without_the_value(sim):
    sim.sandbox.register("taken@example.com", now=sim.now)
    edit(sim, email="taken@example.com")
    sim.run_pass()
    ((state, outcome),) = entries(sim)
    assert ("failed", True) == (state, '"Email address is invalid."' in outcome)
    assert "taken@" not in outcome


def test_an_address_that_a_known_account_has_is_refused_at_once(sim):
    with pytest.raises(UsageError, match="customer 2 has this e-mail address already"):
        edit(sim, email="BEN@example.com")
    assert [] == entries(sim)


def test_a_new_address_keeps_the_person(sim):
    with sim.db.reading() as tx:
        before = person(tx, "c1")
    edit(sim, email="anna.smith@example.com")
    sim.settle()
    with sim.db.reading() as tx:
        assert before == person(tx, "c1")
        assert "anna.smith@example.com" == load_contacts(tx, "shop", [before])[before].email


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "anna", "cannot be the e-mail address"),
        ("email", "", "cannot be the e-mail address"),
        ("billing__email", "änna@example.com", "cannot be the billing e-mail address"),
        ("billing__country", "Germany", "there is no country"),
        ("shipping__country", "XX", "there is no country"),
        ("first_name", "<b>Anna</b>", "no first name that WooCommerce can keep"),
        ("billing__city", "B" * 201, "no billing city that WooCommerce can keep"),
    ],
)
def test_wrong_values_are_refused_at_once(sim, field, value, message):
    with pytest.raises(UsageError, match=message):
        edit(sim, **{field: value})
    assert [] == entries(sim)


def test_a_guest_has_no_details_of_their_own(sim):
    with pytest.raises(UsageError, match="they are a guest"):
        edit(sim, "g:guest@example.com", first_name="Gast")


def test_copying_the_billing_address_uses_its_new_values(sim):
    edit(sim, copy_billing=True, billing__city="Berlin", shipping__phone="+49 30 9")
    sim.run_pass()
    shipping = local(sim).shipping
    assert ("Ana", "Berlin", "DE") == (shipping.first_name, shipping.city, shipping.country)
    assert "+49 30 9" == shipping.phone


def test_the_same_values_are_no_edit(sim):
    assert not edit(sim, first_name="Ana").changed
    assert [] == entries(sim)


def test_two_edits_reach_the_store_in_order_also_if_the_first_is_tried_again(sim):
    edit(sim, billing__city="Berlin")
    sim.faults.time_out(effect=False, only="PUT /wc/v3/customers/*")
    with pytest.raises(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    edit(sim, billing__city="Bonn")
    sim.run_pass()
    assert [] == puts(sim)
    sim.advance(minutes=11)
    sim.run_pass()
    assert ["Berlin", "Bonn"] == [each["billing"]["city"] for each in puts(sim)]
    assert "Bonn" == local(sim).billing.city


def test_an_undo_writes_the_old_values_back(sim):
    done = edit(sim, billing__city="Berlin", first_name="Anna")
    sim.run_pass()
    undo(sim, done.edit)
    sim.run_pass()
    assert [{"billing": {"city": "Hamburg"}, "first_name": "Ana"}] == puts(sim)
    assert ("Ana", "Hamburg") == (local(sim).first_name, local(sim).billing.city)


def test_an_undo_before_the_write_cancels_it(sim):
    done = edit(sim, billing__city="Berlin")
    assert undo(sim, done.edit).words.startswith("cancelled before it was written")
    sim.run_pass()
    assert ([], ["cancelled"]) == (puts(sim), [state for state, _ in entries(sim)])


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_undo_of_an_edit_without_a_response_leaves_the_old_value(sim, took_effect):
    done = edit(sim, billing__city="Berlin")
    sim.faults.time_out(effect=took_effect, only="PUT /wc/v3/customers/*")
    with pytest.raises(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    undo(sim, done.edit)
    sim.advance(minutes=11)
    sim.run_pass()
    assert "Hamburg" == sim.sandbox.customer(1)["billing"]["city"] == local(sim).billing.city


def test_an_edit_that_failed_has_nothing_to_undo(sim):
    done = edit(sim, billing__city="Berlin")
    sim.sandbox.edit_customer(1, now=sim.now, billing={"city": "Bremen"})
    sim.run_pass()
    with pytest.raises(UsageError, match="never reached the store"):
        undo(sim, done.edit)


def test_an_edit_of_a_deleted_customer_is_cancelled(sim):
    edit(sim, billing__city="Berlin")
    sim.sandbox.delete_customer(1, now=sim.now)
    sim.run_pass()
    assert [("cancelled", "customer 1 was deleted")] == entries(sim)


def test_nothing_of_an_edit_is_in_the_log(sim, capsys):
    edit(sim, billing__address_1="Hauptstrasse 7", email="anna.smith@example.com")
    sim.sandbox.edit_customer(1, now=sim.now, billing={"address_1": "Ring 2"})
    sim.run_pass()
    edit(sim, billing__address_1="Hauptstrasse 7")
    sim.run_pass()
    logged = capsys.readouterr()
    assert not {"Hauptstrasse", "Ring", "anna.smith"} & set((logged.out + logged.err).split())
    assert "Hauptstrasse" not in logged.out + logged.err


def test_an_edit_right_after_another_knows_what_that_one_wrote(sim):
    """Also if the customer could not be read again after it."""
    edit(sim, billing__city="Berlin")

    def fail(*_):
        sim.faults.fail_with(status=500, only="GET /wc/v3/customers", times=9)

    sim.faults.before_answer(fail, only="PUT *")
    with suppress(StoreError):
        sim.run_pass(approve=False, check_store=False)
    sim.faults.recover()
    assert "Hamburg" == local(sim).billing.city
    edit(sim, billing__city="Bonn")
    sim.run_pass()
    assert ["done", "done"] == [state for state, _ in entries(sim)]
    assert "Bonn" == local(sim).billing.city
