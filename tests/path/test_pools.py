"""Coupon pools: each code goes to one customer, comes back if it was not delivered, and runs can do without."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.persons import person
from tests.simulation import START, Simulation
from wcflow.actions.registry import content_words
from wcflow.database import outcomes, pools
from wcflow.database.connection import open_database
from wcflow.database.events import load_events
from wcflow.database.identity import move_identity
from wcflow.database.run_control import stop_run
from wcflow.errors import StoreError
from wcflow.evaluate.bulk import BulkRun, plan_bulk, start_bulk
from wcflow.evaluate.codes import reserving
from wcflow.evaluate.context import open_context
from wcflow.rules.steps import CodeRequest, NoCode, PoolCode
from wcflow.rules.workflow_run import progress_words

RULES = """
[coupon_pool birthday]
codes_file = codes.txt
{pool}
[coupon fallback]
type = percent
amount = 10
prefix = FALLBACK
[workflow gift]
trigger = order_paid
once = per customer
{workflow}
do =
    {step}
    {between}
    add_note Your code: {{{{ coupon.code }}}}
    add_tag Gift
"""
PEOPLE = ("anna", "ben", "cleo")


def simulation(
    folder,
    codes,
    *,
    step="assign_coupon birthday",
    between="",
    pool="",
    workflow="",
    database=None,
):
    (folder / "codes.txt").write_text("\n".join(codes))
    rules = RULES.format(step=step, between=between, pool=pool, workflow=workflow)
    sim = Simulation(folder, rules.replace("    \n", ""), database=database)
    sim.settle()
    return sim


def order_all(sim, *people):
    """Each of these people places an order; return the orders by person."""
    orders = {each: sim.place_order(email=f"{each}@example.com") for each in people}
    sim.settle()
    return orders


def codes(sim, *states, pool="birthday"):
    """Return the codes in these states, sorted."""
    with sim.db.reading() as tx:
        return sorted(each.code for each in pools.load_codes(tx, "shop", pool, states, None))


def counts(sim, pool="birthday"):
    with sim.db.reading() as tx:
        found = pools.count_codes(tx, "shop")[pool]
    return {state: count for state, count in found.items() if count}


def run_of(sim, name):
    return next(run for run in sim.runs(f"g:{name}@example.com") if run.counts)


def events(sim, name):
    with sim.db.reading() as tx:
        number = person(tx, f"g:{name}@example.com")
        return load_events(tx, "shop", [number]).get(number, ())


def test_each_customer_gets_a_code_of_their_own(tmp_path, database_url):
    sim = simulation(tmp_path, ["AA-1", "AA-2", "AA-3"], database=database_url)
    orders = order_all(sim, "anna", "ben")
    notes = sorted(sim.notes(orders[each])[0] for each in orders)
    assert ["Your code: AA-1", "Your code: AA-2"] == notes
    assert {"free": 1, "assigned": 2} == counts(sim)
    (event,) = events(sim, "anna")
    assert ("coupon_assigned", "birthday", "gift") == (
        event.kind,
        event.data["pool"],
        event.data["workflow"],
    )
    sim.db.close()


def test_a_pool_that_runs_empty_in_the_middle_ends_the_other_runs_with_a_reason(tmp_path):
    sim = simulation(tmp_path, ["one", "two"])
    orders = order_all(sim, *PEOPLE)
    assert 2 == sum(bool(sim.notes(order)) for order in orders.values())
    reasons = sorted(run_of(sim, each).reason for each in PEOPLE)
    assert ["all steps are done"] * 2 + ["step 1: the coupon pool birthday is empty"] == reasons


def test_an_empty_pool_falls_back_to_the_other_step(tmp_path):
    sim = simulation(tmp_path, ["one"], step="assign_coupon birthday else create_coupon fallback")
    orders = order_all(sim, "anna", "ben")
    notes = sorted(sim.notes(order)[0].removeprefix("Your code: ") for order in orders.values())
    assert "one" in notes
    (created,) = sim.coupons()
    assert {"one", created["code"].upper()} == {
        note if note == "one" else note.upper() for note in notes
    }


def test_an_empty_pool_falls_back_to_another_pool(tmp_path):
    sim = simulation(
        tmp_path,
        ["one"],
        step="assign_coupon birthday else assign_coupon spare else stop",
        pool="[coupon_pool spare]",
    )
    with sim.db.transaction() as tx:
        pools.add_codes(tx, "shop", "spare", ["two"], sim.now)
    orders = order_all(sim, *PEOPLE)
    notes = sorted(note for order in orders.values() for note in sim.notes(order))
    assert ["Your code: one", "Your code: two"] == notes
    assert "stopped by the step 'stop'" in {run_of(sim, each).reason for each in PEOPLE}


def test_without_a_code_only_the_steps_that_need_it_are_cancelled(tmp_path):
    sim = simulation(tmp_path, ["one"], step="assign_coupon birthday else add_tag No Code")
    orders = order_all(sim, "anna", "ben")
    with_code = [each for each in orders if sim.notes(orders[each])]
    (without,) = set(orders) - set(with_code)
    assert {"Gift", "No Code"} == sim.tags(orders[without])
    outcomes = {e.label: e.outcome for e in sim.outbox(states=["cancelled"])}
    assert "the coupon pool birthday is empty" == outcomes["1"]
    assert "cancelled, because its pool code was cancelled" == outcomes["2"]


def test_a_code_comes_back_if_the_run_ends_before_delivery_and_goes_to_the_next(tmp_path):
    sim = simulation(
        tmp_path, ["only"], between="wait 3d", workflow="stop_when = orders_count >= 2"
    )
    order_all(sim, "anna")
    assert ["only"] == codes(sim, "reserved")
    sim.place_order(email="anna@example.com")
    sim.advance(days=4)
    sim.settle()
    assert "stop_when holds: orders_count 2 >= 2" == run_of(sim, "anna").reason
    assert ["only"] == codes(sim, "free")
    (given,) = [e for e in sim.outbox() if e.kind == "pool_code"]
    assert ("cancelled", "the code is free again: nothing with it was written") == (
        given.state,
        given.outcome,
    )
    orders = order_all(sim, "ben")
    sim.advance(days=4)
    sim.settle()
    assert ["Your code: only"] == sim.notes(orders["ben"])


def test_a_cancelled_change_cannot_be_retried_after_its_code_went_back(tmp_path):
    """Otherwise a customer would get a code that another one has by now."""
    sim = simulation(tmp_path, ["only"])
    sim.place_order(email="anna@example.com")
    sim.run_pass(write=False, approve=False)
    sim.advance(minutes=3)
    sim.run_pass(write=False, approve=False)
    run = run_of(sim, "anna")
    with sim.db.transaction() as tx:
        stop_run(tx, "shop", run, sim.now)
    sim.run_pass(write=False, approve=False)
    assert ["only"] == codes(sim, "free")
    note = next(e for e in sim.outbox() if e.kind == "note")
    given = next(e for e in sim.outbox() if e.kind == "pool_code")
    with sim.db.transaction() as tx:
        outcomes.retry(tx, [note.id, given.id], sim.now)
    states = {e.kind: e.state for e in sim.outbox(ids=[note.id, given.id])}
    assert {"note": "cancelled", "pool_code": "cancelled"} == states


def test_a_code_whose_delivery_is_not_certain_stays_reserved(tmp_path):
    """The note may have reached the store although the answer got lost."""
    sim = simulation(tmp_path, ["only"])
    sim.place_order(email="anna@example.com")
    sim.faults.time_out(effect=True, only="POST */notes", times=None)
    with pytest.raises(StoreError):
        sim.settle()
    sim.faults.recover()
    with sim.db.transaction() as tx:
        stop_run(tx, "shop", run_of(sim, "anna"), sim.now)
    sim.run_pass(write=False)
    assert ["only"] == codes(sim, "reserved")


def test_a_run_that_an_admin_has_just_stopped_keeps_no_code(tmp_path):
    sim = simulation(tmp_path, ["only"], between="wait 3d")
    order_all(sim, "anna")
    with sim.db.transaction() as tx:
        stop_run(tx, "shop", run_of(sim, "anna"), sim.now)
    sim.run_pass()
    assert {"free": 1} == counts(sim)


def test_runs_that_are_started_by_hand_get_codes_too(tmp_path):
    sim = simulation(tmp_path, ["one", "two"])
    rules = RULES.format(step="assign_coupon birthday", between="", pool="", workflow="")
    sim.write_rules(rules.replace("trigger = order_paid", "trigger = bulk").replace("    \n", ""))
    orders = order_all(sim, *PEOPLE)
    (workflow,), (settings,) = sim.config.rules.workflows, sim.config.stores
    with sim.db.transaction() as tx:
        context = open_context(tx, sim.config, settings, sim.now)
        bulk = BulkRun(workflow, None, sim.now)
        start_bulk(tx, context, plan_bulk(tx, context, bulk, reserving(tx, "shop", sim.now)))
    sim.settle()
    notes = [note for order in orders.values() for note in sim.notes(order)]
    assert ["Your code: one", "Your code: two"] == sorted(notes)
    reasons = sorted(run_of(sim, each).reason for each in PEOPLE)
    assert ["all steps are done"] * 2 + ["step 1: the coupon pool birthday is empty"] == reasons


def test_a_dry_run_reserves_nothing(tmp_path):
    sim = simulation(tmp_path, ["only"], workflow="mode = dry_run")
    order_all(sim, "anna")
    assert {"free": 1} == counts(sim)
    dry = {e.kind: e.payload for e in sim.outbox(states=["dry_run"])}
    assert "Your code: (a code of birthday)" == dry["note"]["text"].partition(" (ref")[0]
    (pool,) = (each for each in sim.outbox(states=["dry_run"]) if "pool" in each.payload)
    assert "a code of birthday" == content_words(pool)


def test_an_address_outside_only_gets_no_code(tmp_path):
    sim = simulation(tmp_path, ["only"], workflow="only = ben@example.com")
    orders = order_all(sim, "anna", "ben")
    assert ([], ["Your code: only"]) == tuple(sim.notes(order) for order in orders.values())


def test_codes_are_created_in_the_store_when_they_are_assigned(tmp_path):
    sim = simulation(tmp_path, ["MINE-1", "MINE-2"], pool="create = fallback")
    orders = order_all(sim, "anna")
    (coupon,) = sim.coupons()
    assert ("mine-1", ["anna@example.com"]) == (coupon["code"], coupon["email_restrictions"])
    assert ["Your code: MINE-1"] == sim.notes(orders["anna"])
    assert ["MINE-1"] == codes(sim, "assigned")


def test_a_code_that_the_store_has_already_is_set_aside(tmp_path):
    sim = simulation(tmp_path, ["taken", "good"], pool="create = fallback")
    sim.sandbox.add_coupon("taken", now=sim.now)
    orders = order_all(sim, "anna")
    assert [] == sim.notes(orders["anna"])
    assert ["taken"] == codes(sim, "unusable")


def verified(tmp_path, **coupons):
    """Return a simulation with a verified pool of these coupons; those with None do not exist."""
    (tmp_path / "codes.txt").write_text("\n".join(coupons))
    rules = RULES.format(
        step="assign_coupon birthday", between="wait 1h", pool="verify = yes", workflow=""
    )
    sim = Simulation(tmp_path, rules)
    for code, fields in coupons.items():
        if fields is not None:
            sim.sandbox.add_coupon(code, now=sim.now, **fields)
    return sim


def test_codes_are_looked_up_before_they_are_given_and_unusable_ones_set_aside(tmp_path):
    sim = verified(
        tmp_path, gone=None, expired={"date_expires": "2026-01-01"}, good={"amount": "5"}
    )
    sim.settle()
    orders = order_all(sim, "anna")
    sim.advance(hours=2)
    sim.settle()
    assert ["Your code: good"] == sim.notes(orders["anna"])
    with sim.db.reading() as tx:
        aside = pools.load_codes(tx, "shop", "birthday", ["unusable"], None)
    assert {
        "gone": "the store has no such coupon",
        "expired": "expired on 2025-12-31",
    } == {each.code: each.reason for each in aside}


def test_a_run_waits_while_codes_cannot_be_looked_up(tmp_path):
    sim = verified(tmp_path, good={})
    sim.faults.fail_with(status=500, only="GET */coupons", times=None)
    sim.settle()
    orders = order_all(sim, "anna")
    run = run_of(sim, "anna")
    assert ("waiting", "waits: the codes of the pool are looked up in the store") == (
        run.state,
        progress_words(run, "1"),
    )
    sim.faults.recover()
    sim.settle()
    sim.advance(hours=2)
    sim.settle()
    assert ["Your code: good"] == sim.notes(orders["anna"])


def test_a_code_that_was_deleted_in_the_store_is_not_sent(tmp_path):
    sim = verified(tmp_path, good={})
    sim.settle()
    orders = order_all(sim, "anna")
    sim.sandbox.delete_coupon("good")
    sim.advance(hours=2)
    sim.settle()
    assert [] == sim.notes(orders["anna"])
    outcomes_by_kind = {each.kind: each.outcome for each in sim.outbox() if each.run_id}
    assert {
        "pool_code": "the pool code was deleted in the store",
        "note": "cancelled, because its pool code was cancelled",
    } == outcomes_by_kind
    sim.run_pass()
    assert {"unusable": 1} == counts(sim)


def test_two_people_cannot_get_the_same_code_even_from_two_processes(tmp_path, database_url):
    """Two transactions are open at the same time; on SQLite the second waits."""
    db = open_database(database_url)
    with db.transaction() as tx:
        pools.add_codes(tx, "shop", "p", [f"c{n}" for n in range(40)], START)
    request = CodeRequest("w", "e", "1", "p", False)

    def take(person):
        with db.transaction() as tx:
            found = pools.reserve_code(tx, "shop", person, request, START)
            time.sleep(0.002)
            return found

    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(take, range(44)))
    db.close()
    assert 40 == len({each.code for each in given if isinstance(each, PoolCode)})
    assert 4 == given.count(NoCode.EMPTY)


def test_imported_codes_are_new_once(tmp_path, database_url):
    db = open_database(database_url)
    with db.transaction() as tx:
        assert 2 == pools.add_codes(tx, "shop", "p", ["a'b", 'c"d'], START)
        assert 1 == pools.add_codes(tx, "shop", "p", ['C"D', "e"], START)
        assert 3 == pools.count_codes(tx, "shop")["p"]["free"]
    db.close()


def test_the_codes_of_a_merged_customer_stay_given(tmp_path):
    sim = simulation(tmp_path, ["one", "two"])
    order_all(sim, "anna", "ben")
    with sim.db.transaction() as tx:
        anna, ben = (person(tx, f"g:{each}@example.com") for each in ("anna", "ben"))
        move_identity(tx, "shop", "g:ben@example.com", "g:anna@example.com", "anna@example.com")
        owners = {each.person for each in pools.load_codes(tx, "shop", "birthday", ["assigned"], 9)}
    assert {anna} == owners
    assert ben not in owners
    assert {"assigned": 2} == counts(sim)


def test_two_stores_that_share_a_file_have_two_pools(tmp_path):
    sim = simulation(tmp_path, ["one"])
    with sim.db.transaction() as tx:
        assert 1 == pools.add_codes(tx, "other", "birthday", ["one"], sim.now)
    order_all(sim, "anna")
    with sim.db.reading() as tx:
        assert 1 == pools.count_codes(tx, "other")["birthday"]["free"]


def test_a_changed_file_is_imported_and_known_codes_stay_as_they_are(tmp_path):
    sim = simulation(tmp_path, ["one"])
    order_all(sim, "anna")
    (tmp_path / "codes.txt").write_text("ONE\nthree\nThree\n\nfour\n")
    sim.run_pass()
    assert {"free": 2, "assigned": 1} == counts(sim)


def test_a_file_that_cannot_be_read_is_a_saved_problem_and_others_go_on(tmp_path):
    sim = simulation(tmp_path, ["one"])
    (tmp_path / "codes.txt").write_bytes(b"one\nt\xe9st\n")
    sim.run_pass()
    with sim.db.reading() as tx:
        problem = pools.load_file(tx, "shop", "birthday").problem
    assert "line 2 is not UTF-8 text; save the file as UTF-8" in problem
    assert {"free": 1} == counts(sim)


@pytest.mark.parametrize("wait", [timedelta(0), timedelta(days=2)])
def test_a_reserved_code_keeps_its_run_and_step(tmp_path, wait):
    sim = simulation(tmp_path, ["only"], between="wait 3d")
    order_all(sim, "anna")
    sim.now += wait
    sim.settle()
    with sim.db.reading() as tx:
        (code,) = pools.load_reserved(tx, "shop")
        anna = person(tx, "g:anna@example.com")
    assert ("only", anna, run_of(sim, "anna").id, "1") == code[2:6]
