"""A wrong clock: nothing is done while it is noticed, and what was done unnoticed is repaired."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from tests.persons import person
from tests.simulation import Simulation
from wcflow.database import consistency, lease
from wcflow.database.restore import expects_earlier_writes
from wcflow.database.schema import METADATA
from wcflow.database.sql import instant, stamp, table_of
from wcflow.database.stores import save_store
from wcflow.database.tables import RunRow, TransitionRow
from wcflow.profile import guest_key

LIFECYCLE = """
[segment At Risk]
group = lifecycle
when =
    orders_count >= 1
    last_order_date < -90d

[segment Regular]
group = lifecycle
when = orders_count >= 1
"""
WIN_BACK = """
[workflow win back]
trigger = segment_entered At Risk
do =
    add_tag Win back
    create_coupon back
    add_note Come back with {{ coupon.code }}

[coupon back]
type = percent
amount = 10
expires = 30d
"""
VIP = """
[segment VIP]
when = total_spent >= 500

[workflow vip]
trigger = segment_entered VIP
do = add_note Very important
"""
ANNA = guest_key("anna@example.com")
AHEAD = timedelta(days=30)


@pytest.fixture
def simulate(tmp_path):
    made = []

    def make(rules=LIFECYCLE, **more):
        made.append(Simulation(tmp_path, rules, **more))
        return made[-1]

    yield make
    for sim in made:
        sim.db.close()


def run_unnoticed(sim, *, ahead=AHEAD, approve=False):
    """Run a pass while both clocks are wrong, so that nothing notices it; then set them right."""
    sim.now += ahead
    sim.run_pass(approve=approve, write=approve)
    sim.now += timedelta(minutes=10) - ahead


# While the clocks disagree


@pytest.mark.parametrize("error", [AHEAD, -AHEAD, timedelta(minutes=6)])
def test_nothing_is_evaluated_or_written_while_the_clocks_disagree(simulate, error):
    sim = simulate()
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    new = sim.place_order(email="ben@example.com")
    sim.clock_error = error
    result = sim.run_pass(approve=False)

    assert sim.machine_now() == result.clock_gap.here
    assert sim.now == result.clock_gap.store.replace(microsecond=0)
    assert (0, 0, []) == (result.evaluated.people, result.delivered.done, sim.writes)
    assert 1 <= result.polled.orders
    assert ("Regular", None) == (sim.segment(order), sim.segment(new))


def test_work_goes_on_by_itself_when_the_clocks_agree_again(simulate):
    sim = simulate()
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    new = sim.place_order(email="ben@example.com")
    sim.clock_error = AHEAD
    sim.run_pass(approve=False)
    sim.clock_error = timedelta()
    result = sim.run_pass(approve=False)

    assert (None, "Regular") == (result.clock_gap, sim.segment(new))


def test_the_log_reports_the_gap_once_and_its_end_once(simulate):
    sim = simulate()
    sim.settle()
    with capture_logs() as lines:
        for error in (AHEAD, AHEAD, timedelta(), timedelta()):
            sim.clock_error = error
            sim.run_pass(approve=False)
            sim.advance(minutes=1)

    clocks = [line for line in lines if line["event"].startswith("clocks")]
    assert ["clocks disagree", "clocks agree again"] == [line["event"] for line in clocks]
    assert "this machine's clock says 2026-07-15" in clocks[0]["why"]


def test_the_gap_is_saved_until_the_clocks_agree(simulate):
    sim = simulate()
    sim.clock_error = AHEAD
    sim.run_pass(approve=False)
    during = (sim.row().clock_here, sim.row().clock_store)
    expected = (stamp(sim.machine_now()), stamp(sim.now))
    sim.clock_error = timedelta()
    sim.run_pass(approve=False)

    assert (expected, (None, None)) == (during, (sim.row().clock_here, sim.row().clock_store))


# After a pass on a wrong clock


def test_nobody_stays_at_risk_because_a_clock_was_ahead(simulate):
    sim = simulate()
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim, approve=True)
    wrong = sim.segment(order)
    result = sim.run_pass(approve=False)

    assert ("At Risk", "Regular") == (wrong, sim.segment(order))
    memory = sim.memory(ANNA)
    assert {"Regular"} == set(memory.segments)
    assert memory.segments["Regular"] <= sim.now
    assert sim.now == memory.evaluated_at
    assert 1 == result.evaluated.repair.people


def test_time_goes_on_as_usual_after_the_repair(simulate):
    """At Risk is entered on the right day, and not when the wrong clock would have been right."""
    sim = simulate()
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim)
    sim.run_pass(approve=False)
    shown = []
    for _ in range(12):
        sim.advance(days=1)
        sim.run_pass(approve=False)
        shown.append(sim.segment(order))

    assert [*["Regular"] * 10, *["At Risk"] * 2] == shown


@pytest.mark.parametrize("ahead", [AHEAD, timedelta(days=11)])
def test_a_workflow_that_only_time_started_is_withdrawn(simulate, ahead, database_url):
    """Its coupon is not created; on the real day, even the same one, it starts."""
    sim = simulate(LIFECYCLE + WIN_BACK, database=database_url)
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim, ahead=ahead)
    queued = len(sim.runs(ANNA))
    sim.run_pass()
    after = (sim.runs(ANNA), sim.coupons(), sim.tags(order))
    for _ in range(12):
        sim.advance(days=1)
        sim.run_pass()

    assert (1, ([], [], {"Regular"})) == (queued, after)
    assert [1, 1] == [len(sim.coupons()), len(sim.notes(order))]
    assert {"At Risk", "Win back"} == sim.tags(order)


def test_what_a_wrong_clock_queued_and_a_hold_kept_back_is_withdrawn(simulate):
    """Nothing of it was tried, although the gap without polls lets wcflow look before it writes."""
    sim = simulate(LIFECYCLE + WIN_BACK, wcflow="max_writes = 1")
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    sim.now += AHEAD
    sim.run_pass(approve=False)
    held = (bool(sim.hold().reason), len(sim.runs(ANNA)))
    sim.now += timedelta(minutes=10) - AHEAD
    sim.run_pass()

    assert ((True, 1), []) == (held, sim.runs(ANNA))
    assert ([], [], {"Regular"}) == (sim.coupons(), sim.notes(order), sim.tags(order))


def test_a_trigger_from_time_starts_again_on_its_day(simulate):
    """The event has the same name then: inactive 90d since an order."""
    rules = "[workflow wake up]\ntrigger = inactive 90d\ndo = add_note Asleep\n"
    sim = simulate(rules)
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim)
    sim.run_pass()
    before = sim.notes(order)
    sim.advance(days=11)
    sim.run_pass()

    assert ([], ["Asleep"]) == (before, sim.notes(order))


def test_what_an_order_started_is_done_once_with_the_right_date(simulate):
    rules = (
        "[workflow thanks]\ntrigger = order_paid\ndo =\n    create_coupon thanks\n"
        "    add_note {{ coupon.expires }}\n[coupon thanks]\ntype = percent\namount = 5\nexpires = 30d\n"
    )
    sim = simulate(rules)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    run_unnoticed(sim)
    for _ in range(3):
        sim.run_pass()

    assert (1, ["2026-07-15"]) == (len(sim.coupons()), sim.notes(order))


def test_what_was_delivered_on_a_wrong_clock_is_not_delivered_again(simulate):
    sim = simulate(VIP)
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com", total="500.00")
    run_unnoticed(sim, approve=True)
    for _ in range(3):
        sim.run_pass()
        sim.advance(days=1)

    assert ["Very important"] == sim.notes(order)
    assert 1 == len(sim.runs(ANNA))


def test_the_repair_itself_is_no_event(simulate):
    """Leaving At Risk because the clock is right again starts no workflow, nor does what follows."""
    triggers = {
        "left": "segment_left At Risk",
        "entered": "segment_entered Regular",
        "removed": "tag_removed At Risk",
        "added": "tag_added Regular",
    }
    rules = LIFECYCLE + "".join(
        f"[workflow {name}]\ntrigger = {trigger}\ndo = add_note {name}\n"
        for name, trigger in triggers.items()
    )
    sim = simulate(rules)
    order = sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim)
    for _ in range(3):
        sim.run_pass()
        sim.advance(hours=1)

    assert [] == sim.notes(order)


def test_what_really_happened_meanwhile_is_an_event(simulate):
    sim = simulate(VIP)
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com", total="500.00")
    run_unnoticed(sim)
    sim.run_pass()
    sim.run_pass()

    assert ["Very important"] == sim.notes(order)
    assert ["VIP entered 2026-06-15"] == [run.event for run in sim.runs(ANNA)]


def test_a_wait_that_began_on_a_wrong_clock_lasts_as_long_as_written(simulate):
    rules = "[workflow thanks]\ntrigger = order_paid\ndo =\n    add_note At once\n    wait 7d\n    add_note Later\n"
    sim = simulate(rules)
    sim.settle()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    run_unnoticed(sim, approve=True)
    sim.run_pass()
    sim.advance(days=6)
    sim.run_pass()
    before = sim.notes(order)
    sim.advance(days=2)
    sim.run_pass()

    assert (["At once"], ["At once", "Later"]) == (before, sim.notes(order))


def test_no_time_in_the_future_is_left(simulate):
    sim = simulate(LIFECYCLE + WIN_BACK)
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim, approve=True)
    sim.run_pass(approve=False)
    with sim.db.reading() as tx:
        anna = person(tx, ANNA)
        runs, transitions = table_of(RunRow), table_of(TransitionRow)
        times = [
            *tx.scalars(select(runs.c.started_at)),
            *tx.scalars(select(runs.c.event_at)),
            *tx.scalars(select(transitions.c.at).where(transitions.c.person == anna)),
        ]
    entries = [each for each in sim.outbox() if each.queued_at > sim.now]

    assert ([], []) == ([each for each in times if instant(each) > sim.now], entries)


FUTURE_ROWS = (
    "INSERT INTO tier VALUES ('shop', 99, 'Gold', '', {at}, {at}, '', '')",
    (
        "INSERT INTO task (id, store, key, kind, person, order_id, text, assignee, state, told_at,"
        " made_by, made_at, done_by, done_at) VALUES (1, 'shop', 'k', 'task', 1, 0, '', '', 'done',"
        " {at}, '', {at}, '', {at})"
    ),
    "INSERT INTO suppression VALUES ('shop', 'email', 'a@example.com', 'manual', '', {at}, '')",
    (
        "INSERT INTO campaign (store, name, state, started_at, started_by, audience_at, position,"
        " audience, finished_at, changed_at, rules_digest)"
        " VALUES ('shop', 'news', 'done', {at}, '', {at}, 0, 0, {at}, {at}, '')"
    ),
    "INSERT INTO codes_file VALUES ('shop', 'gift', '', '', {at}, '')",
    "INSERT INTO group_member VALUES ('shop', 1, 'Press', {at}, '')",
    "INSERT INTO points VALUES (1, 'shop', 1, 'k', 5, '', '', 0, '', {at}, NULL, NULL, NULL)",
)


def test_no_table_of_points_tasks_or_campaigns_keeps_a_time_in_the_future(simulate):
    """Otherwise a task would be mailed again only after a month, and a grace period be longer."""
    sim = simulate("[tiers]\nby = total_spent\nGold = 100000\n")
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    run_unnoticed(sim, approve=True)
    with sim.db.transaction() as tx:
        for each in FUTURE_ROWS:
            tx.execute(text(each.format(at=stamp(sim.now + AHEAD))))
    sim.run_pass(approve=False)
    with sim.db.reading() as tx:
        latest = {
            f"{name}.{column}": tx.scalar(select(func.max(METADATA.tables[name].c[column])))
            for name, columns in consistency.PAST_COLUMNS.items()
            for column in columns
        }
    assert {} == {name: at for name, at in latest.items() if at and at > stamp(sim.now)}


def test_a_right_clock_costs_no_repair(simulate):
    sim = simulate()
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    sim.advance(minutes=1)

    assert sim.run_pass(approve=False).evaluated.repair is None


def test_a_lease_taken_by_a_wrong_clock_blocks_nobody(simulate):
    """A process was killed while its clock was two hours ahead."""
    sim = simulate()
    sim.settle()
    with sim.db.transaction() as tx:
        assert lease.acquire(tx, "shop", "killed", sim.now + timedelta(hours=2))

    assert sim.run_pass(approve=False).polled is not None


def test_polls_on_a_wrong_clock_do_not_stop_rescans(simulate):
    """Times of polls in the future are taken for now."""
    sim = simulate()
    sim.place_order(email="anna@example.com", days_ago=80)
    sim.settle()
    future = stamp(sim.now + AHEAD)
    with sim.db.transaction() as tx:
        save_store(
            tx, "shop", polled_at=future, reconciled_at=future, customer_rescan_started=future
        )
    sim.run_pass(approve=False)
    row = sim.row()

    assert all(
        at <= stamp(sim.now)
        for at in (row.polled_at, row.reconciled_at, row.customer_rescan_started)
    )


# After the store's own clock was ahead

GREETING = "[workflow hello]\ntrigger = order_paid\ndo = add_note hello\n"


def import_on_a_wrong_clock(sim, error):
    """Poll a store whose clock is ahead, with an order from then, and set its clock right."""
    sim.now += AHEAD
    sim.clock_error = error
    sim.place_order(email="ben@example.com")
    sim.advance(minutes=5)
    sim.run_pass()
    sim.now += timedelta(minutes=10) - AHEAD
    sim.clock_error = timedelta()
    sim.run_pass()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("error", [-AHEAD, timedelta()])
def test_new_orders_are_read_and_greeted_after_the_stores_clock_is_set_back(simulate, error, known):
    """Whether or not this machine's clock was wrong too, also if the import ran at that time."""
    sim = simulate(LIFECYCLE + GREETING)
    if known:
        sim.settle()
    import_on_a_wrong_clock(sim, error)
    new = sim.place_order(email="cleo@example.com")
    sim.advance(minutes=5)
    sim.settle()
    assert ("Regular", ["hello"]) == (sim.segment(new), sim.notes(new))


def test_orders_placed_before_the_first_poll_on_a_right_clock_are_read_too(simulate):
    sim = simulate()
    sim.settle()
    sim.now += AHEAD
    sim.clock_error = -AHEAD
    sim.place_order(email="ben@example.com")
    sim.advance(minutes=5)
    sim.run_pass()
    sim.now += timedelta(minutes=10) - AHEAD
    sim.clock_error = timedelta()
    new = sim.place_order(email="cleo@example.com")
    sim.advance(hours=3)
    sim.settle()
    assert "Regular" == sim.segment(new)


def test_a_gap_on_a_wrong_clock_does_not_cost_a_request_for_each_change_for_years(simulate):
    """After a gap, wcflow looks for a change before it makes it; that ends after a day."""
    sim = simulate(VIP)
    sim.settle()
    sim.clock_error = timedelta(days=1500)
    sim.run_pass(approve=False)
    sim.clock_error = timedelta()
    with sim.db.reading() as tx:
        wrong = expects_earlier_writes(tx, sim.now)
    sim.run_pass(approve=False)
    sim.advance(hours=5)
    sim.run_pass(approve=False)
    with sim.db.reading() as tx:
        after_a_gap, a_day_later = (
            expects_earlier_writes(tx, sim.now + later)
            for later in (timedelta(), timedelta(hours=25))
        )

    assert (False, True, False) == (wrong, after_a_gap, a_day_later)
