"""Points and tiers in whole passes: once, on the right day, and never for what was before."""

from decimal import Decimal

import pytest

from tests.persons import person
from tests.simulation import Simulation
from wcflow import sync
from wcflow.config.problem import ConfigError
from wcflow.database.identity import move_identity
from wcflow.database.standings import load_standings
from wcflow.rules.points import balance

POINTS = """
[points]
per_amount = 1 per 10
per_order = 5
expires = 1y

[workflow welcome]
trigger = first_order
do = add_points 50

[tag Collector]
when = points >= 60
"""
TIERS = """
[tiers]
by = total_spent(365d)
grace = 30d
Silver = 100
Gold = 500

[workflow up]
trigger = tier_upgraded
do = add_note Welcome to {{ tier }}

[workflow down]
trigger = tier_downgraded
do = add_note You are in {{ tier or 'no tier' }}

[workflow close]
trigger = tier_close_to_upgrade 50
do = add_note Only {{ to_next_tier }} to {{ next_tier }}

[workflow risk]
trigger = tier_downgrade_risk 14d
do = add_note Buy something

[segment Gold Member]
when = tier = 'gold'
"""
ANNA = "g:anna@example.com"


def standing(sim, key=ANNA):
    with sim.db.reading() as tx:
        number = person(tx, key)
        return load_standings(tx, "shop", [number])[number]


def points(sim, key=ANNA):
    return balance(standing(sim, key).points, sim.now).points


@pytest.fixture
def simulate(tmp_path):
    opened = []

    def make(rules, **more):
        sim = Simulation(tmp_path, rules, **more)
        opened.append(sim)
        return sim

    yield make
    for each in opened:
        each.db.close()


@pytest.fixture
def shop(simulate):
    """A store that was just read, with points."""
    sim = simulate(POINTS)
    sim.run_pass()
    sim.advance(hours=1)
    return sim


def test_an_order_and_a_step_earn_points_that_rules_see_in_the_same_pass(shop):
    order = shop.place_order(email="anna@example.com")
    shop.run_pass()
    assert (65, {"Collector"}) == (points(shop), shop.tags(order))


def test_a_branch_sees_the_points_that_the_steps_before_it_added(simulate):
    sim = simulate(
        "[points]\nper_order = 5\n[workflow w]\ntrigger = first_order\ndo =\n add_points 50\n"
        " add_to_group Fans\n add_tag Fan\n"
        " if points >= 55 and groups contains 'fans' and tags contains 'Fan'\n  add_tag Member\n"
        " end\n"
    )
    sim.run_pass()
    sim.advance(hours=1)
    order = sim.place_order(email="anna@example.com")
    sim.settle()
    assert {"Fan", "Member"} == sim.tags(order)


def test_an_order_that_was_paid_before_an_edit_of_the_section_and_read_after_it_earns(shop):
    shop.place_order(email="anna@example.com")
    shop.advance(minutes=5)
    shop.write_rules(POINTS.replace("per_order = 5", "per_order = 7"))
    shop.run_pass()
    assert 67 == points(shop)


def test_more_passes_and_changes_of_the_order_change_nothing(shop):
    order = shop.place_order(email="anna@example.com")
    for _ in range(3):
        shop.settle()
        shop.advance(days=1)
        shop.sandbox.set_status(order, "processing", now=shop.now)
    assert (65, 2) == (points(shop), len(standing(shop).points))


def test_a_refund_takes_points_back_and_the_tag_goes_with_them(shop):
    order = shop.place_order(email="anna@example.com")
    shop.run_pass()
    shop.advance(days=2)
    shop.sandbox.refund(order, Decimal(60), now=shop.now)
    shop.settle()
    assert (59, set()) == (points(shop), shop.tags(order))
    shop.sandbox.refund(order, now=shop.now)
    shop.settle()
    assert 50 == points(shop)


def test_points_expire_on_the_day_without_any_new_order(shop):
    order = shop.place_order(email="anna@example.com")
    shop.run_pass()
    shop.advance(days=364)
    shop.run_pass()
    assert (65, {"Collector"}) == (points(shop), shop.tags(order))
    shop.advance(days=1, hours=1)
    shop.run_pass()
    assert (0, set()) == (points(shop), shop.tags(order))


def test_orders_from_before_the_section_earn_nothing(simulate):
    sim = simulate("[tag Buyer]\nwhen = orders_count >= 1\n")
    sim.place_order(email="anna@example.com", days_ago=3)
    sim.run_pass()
    sim.advance(hours=1)
    sim.write_rules(POINTS)
    sim.run_pass()
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com")
    sim.run_pass()
    assert [15] == [each.amount for each in standing(sim).points]


def test_with_since_they_earn_from_that_day(simulate):
    sim = simulate(POINTS.replace("expires = 1y", "since = 2026-06-01"))
    for days in (30, 3):
        sim.place_order(email="anna@example.com", days_ago=days)
    sim.run_pass()
    assert [15] == [each.amount for each in standing(sim).points]


def test_an_order_of_another_person_takes_its_points_along(shop):
    order = shop.place_order(email="anna@example.com")
    shop.place_order(email="anna@example.com")
    shop.place_order(email="ben@example.com")
    shop.run_pass()
    shop.advance(hours=1)
    shop.sandbox.edit_billing(order, email="ben@example.com", now=shop.now)
    shop.settle()
    assert (65, 80) == (points(shop), points(shop, "g:ben@example.com"))


def test_points_of_two_persons_who_are_one_add_up_and_stay(shop):
    for name in ("anna", "ben"):
        shop.place_order(email=f"{name}@example.com")
    shop.run_pass()
    with shop.db.transaction() as tx:
        move_identity(tx, "shop", ANNA, "g:ben@example.com", "ben@example.com")
    assert 130 == points(shop, "g:ben@example.com")


def test_add_points_happens_once_whatever_crashes(tmp_path):
    for steps in range(1, 60):
        folder = tmp_path / str(steps)
        folder.mkdir()
        sim = Simulation(folder, POINTS)
        sim.run_pass()
        sim.advance(hours=1)
        sim.place_order(email="anna@example.com")
        crashed = False
        with sim.crash_after(steps) as context:
            try:
                sync.sync_once(context)
            except BaseException as error:  # noqa: BLE001  the simulated kill
                crashed = "Crash" in type(error).__name__
        sim.reopen_database()
        sim.advance(minutes=15)
        sim.run_pass()
        assert 65 == points(sim)
        sim.db.close()
        if not crashed:
            return
    pytest.fail("every pass crashed")


# Tiers.


@pytest.fixture
def club(simulate):
    """A store with tiers, in which Anna was in Silver before they were there."""
    sim = simulate("[tag Buyer]\nwhen = orders_count >= 1\n")
    sim.place_order(email="anna@example.com", total="200.00", days_ago=300)
    sim.run_pass()
    sim.advance(hours=1)
    sim.write_rules(TIERS)
    sim.settle()
    return sim


def test_the_tiers_that_a_new_section_gives_are_no_upgrade(club):
    assert ("Silver", []) == (standing(club).tier.tier, club.runs(ANNA))


def test_an_upgrade_starts_its_workflow_once_and_segments_see_it(club):
    order = club.place_order(email="anna@example.com", total="300.00")
    for _ in range(3):
        club.settle()
    assert ["Welcome to Gold"] == club.notes(order)
    assert "Gold Member" in club.tags(order)


def test_a_new_customer_who_reaches_a_tier_is_upgraded(club):
    order = club.place_order(email="new@example.com", total="100.00")
    club.settle()
    assert ["Welcome to Silver"] == club.notes(order)


def test_someone_close_to_the_next_tier_is_told_once(club):
    order = club.place_order(email="anna@example.com", total="260.00")
    club.settle()
    assert ["Only 40 to Gold"] == club.notes(order)
    club.advance(days=1)
    small = club.place_order(email="anna@example.com", total="10.00")
    club.settle()
    assert [] == club.notes(small)


def test_the_risk_is_told_on_its_day_and_the_downgrade_follows_after_the_grace_period(club):
    order = club.place_order(email="anna@example.com", total="300.00")
    club.settle()
    # The old order leaves the window 66 days from now; 30 days later Gold is lost.
    club.advance(days=66 + 30 - 14 - 1)
    club.run_pass()
    assert ["Welcome to Gold"] == club.notes(order)
    club.advance(days=1)
    club.run_pass()
    assert ["Welcome to Gold", "Buy something"] == club.notes(order)
    club.advance(days=12)
    club.run_pass()
    assert "Gold" == standing(club).tier.tier
    club.advance(days=3)
    club.run_pass()
    club.settle()
    assert ["Welcome to Gold", "Buy something", "You are in Silver"] == club.notes(order)


def test_an_edit_of_the_tiers_is_no_event(club):
    club.write_rules(TIERS.replace("Gold = 500", "Gold = 150"))
    club.settle()
    assert ("Gold", []) == (standing(club).tier.tier, club.runs(ANNA))


def test_set_tier_is_the_least_that_they_have(simulate):
    gift = "\n[workflow gift]\ntrigger = order_created\nonce = per customer\ndo = set_tier gold\n"
    sim = simulate(TIERS + gift)
    sim.run_pass()
    sim.advance(hours=1)
    sim.place_order(email="anna@example.com", total="20.00")
    sim.settle()
    assert ("Gold", "workflow gift") == (standing(sim).tier.tier, standing(sim).tier.fixed_by)
    sim.advance(days=500)
    sim.run_pass()
    assert "Gold" == standing(sim).tier.tier


def test_merged_persons_have_the_tier_of_both_their_orders(club):
    ben = club.place_order(email="ben@example.com", total="300.00")
    club.settle()
    club.sandbox.edit_billing(ben, email="anna@example.com", now=club.now)
    with club.db.transaction() as tx:
        move_identity(tx, "shop", "g:ben@example.com", ANNA, "anna@example.com")
    club.settle()
    assert "Gold" == standing(club).tier.tier


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[tag A]\nwhen = points > 1\n", "section [points] for points, got none"),
        ("[tag A]\nwhen = tier = 'Gold'\n", "section [tiers] for tier, got none"),
        (
            "[workflow a]\ntrigger = tier_upgraded\ndo = add_note {{ next_tier }}\n",
            "section [tiers] for tier, got none",
        ),
        ("[workflow a]\ntrigger = order_paid\ndo = add_points 5\n", "a section [points]"),
        ("[workflow a]\ntrigger = order_paid\ndo = set_tier Gold\n", "a section [tiers]"),
        (
            TIERS + "[workflow a]\ntrigger = order_paid\ndo = set_tier Glod\n",
            "did you mean 'Gold'?",
        ),
        ("[tiers]\nby = total_spent\n", "a tier and what it needs"),
        ("[tiers]\nGold = 100\n", "missing key 'by'"),
        ("[tiers]\nby = total_spent\nGold = much\n", "what the tier needs, such as 1000"),
        ("[tiers]\nby = email\nGold = 5\n", "[tiers]"),
        ("[points]\nper_amount = 10\n", "points per amount, such as '1 per 10'"),
        ("[points]\nfor_events = consent_givn 10\n", "did you mean 'consent_given'?"),
    ],
)
def test_what_is_wrong_is_told_when_the_file_is_loaded(tmp_path, rules, message):
    with pytest.raises(ConfigError) as caught:
        Simulation(tmp_path, rules)
    assert message in str(caught.value)


def test_nothing_of_it_is_computed_without_the_sections(simulate):
    sim = simulate("[tag Buyer]\nwhen = orders_count >= 1\n")
    sim.place_order(email="anna@example.com")
    sim.run_pass()
    with sim.db.reading() as tx:
        assert {} == load_standings(tx, "shop", [person(tx, ANNA)])


# What the store shows.


@pytest.fixture
def both(simulate):
    """A store with points and tiers that was just read."""
    sim = simulate("[points]\nper_amount = 1 per 10\n[tiers]\nby = total_spent\nSilver = 100\n")
    sim.run_pass()
    sim.advance(hours=1)
    return sim


def shown(record):
    meta = {each["key"]: each["value"] for each in record["meta_data"]}
    return meta.get("wcflow_tier"), meta.get("wcflow_points")


def test_a_customer_shows_tier_and_points_and_their_order_does_not(both):
    customer = both.register("anna@example.com")
    order = both.place_order(customer=customer)
    both.settle()
    assert ("Silver", "10") == shown(both.sandbox.customer(customer))
    assert (None, None) == shown(both.sandbox.order(order))


def test_a_guest_shows_them_on_the_latest_order_alone(both):
    first = both.place_order(email="anna@example.com")
    both.settle()
    assert ("Silver", "10") == shown(both.sandbox.order(first))
    both.advance(days=1)
    second = both.place_order(email="anna@example.com")
    both.settle()
    assert ("Silver", "20") == shown(both.sandbox.order(second))
    assert (None, None) == shown(both.sandbox.order(first))


def test_what_the_store_shows_already_is_not_written_again(both):
    customer = both.register("anna@example.com")
    both.place_order(customer=customer)
    both.settle()
    both.advance(days=1)
    both.run_pass()
    assert [] == both.writes


def test_someone_without_points_or_tier_gets_nothing_written(both):
    both.register("anna@example.com")
    both.run_pass()
    assert [] == both.writes


def test_when_the_sections_are_removed_so_is_what_the_store_shows(both):
    customer = both.register("anna@example.com")
    both.place_order(customer=customer)
    both.settle()
    both.write_rules("[tag Buyer]\nwhen = orders_count >= 1\n")
    both.settle()
    assert (None, None) == shown(both.sandbox.customer(customer))


def test_no_step_can_write_these_fields(tmp_path):
    rules = "[workflow a]\ntrigger = order_paid\ndo = set_meta wcflow_points 9\n"
    with pytest.raises(ConfigError, match="a key of your own"):
        Simulation(tmp_path, rules)
