"""A coupon is valid until the end of the day that a note about it names."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.simulation import Simulation
from wcflow.database import pauses
from wcflow.sandbox.rest import RestError

RULES = """
[workflow welcome]
trigger = first_order
do =
    create_coupon thanks
    add_note until {{ coupon.expires }}

[coupon thanks]
type = percent
amount = 10
expires = %s
"""


def at(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


class Thanked:
    """A store in a time zone whose customer got a coupon at that local time."""

    def __init__(self, folder, zone, ordered, expires):
        self.zone = zone
        self.sim = Simulation(
            folder, RULES % expires, now=at(ordered, zone) - timedelta(hours=1), zone=zone
        )
        self.sim.settle()
        self.sim.now = at(ordered, zone)
        order = self.sim.place_order(email="anna@example.com")
        self.sim.run_pass()
        self.sim.run_pass()
        (self.coupon,) = self.sim.coupons()
        (note,) = self.sim.notes(order)
        self.named = note.removeprefix("until ")

    def use(self, local_time):
        """Order with the coupon at a local time; return why the store refuses it, or nothing."""
        self.sim.now = at(local_time, self.zone)
        try:
            self.sim.place_order(email="anna@example.com", coupon_codes=[self.coupon["code"]])
        except RestError as error:
            return str(error)
        return ""


@pytest.mark.parametrize(
    ("zone", "ordered", "expires", "last_day", "next_day"),
    [
        ("Europe/Berlin", "2026-06-15 10:00", "30d", "2026-07-15", "2026-07-16"),
        # Summer time ends on 25 October and begins on 28 March.
        ("Europe/Berlin", "2026-10-10 00:01", "30d", "2026-11-09", "2026-11-10"),
        ("Europe/Berlin", "2026-10-24 23:59", "1d", "2026-10-25", "2026-10-26"),
        ("Europe/Berlin", "2027-02-28 12:00", "1mo", "2027-03-28", "2027-03-29"),
        # A month is no 30 days.
        ("Europe/Berlin", "2027-01-31 12:00", "1mo", "2027-02-28", "2027-03-01"),
        ("Europe/Berlin", "2027-01-31 12:00", "30d", "2027-03-02", "2027-03-03"),
        ("America/New_York", "2026-06-15 22:00", "30d", "2026-07-15", "2026-07-16"),
        ("Pacific/Auckland", "2026-06-15 01:00", "2w", "2026-06-29", "2026-06-30"),
        # The day begins at 01:00, because clocks are set at midnight.
        ("Africa/Cairo", "2026-04-22 12:00", "1d", "2026-04-23", "2026-04-24"),
        ("Europe/Berlin", "2026-06-15 10:00", "36h", "2026-06-16", "2026-06-17"),
    ],
)
def test_a_coupon_is_valid_through_the_day_that_the_note_names(
    tmp_path, zone, ordered, expires, last_day, next_day
):
    """In the store's time zone: at 23:59 an order can use it, at 00:01 of the next day none can."""
    thanked = Thanked(tmp_path, zone, ordered, expires)

    assert last_day == thanked.named
    first = "01:01" if zone == "Africa/Cairo" else "00:01"
    assert "has expired" in thanked.use(f"{next_day} {first}")
    assert "" == thanked.use(f"{last_day} 23:59")


def test_the_plan_names_the_same_day_as_the_note(tmp_path):
    thanked = Thanked(tmp_path, "Europe/Berlin", "2026-06-15 10:00", "30d")

    # As WooCommerce applies dates: it expires when the next day begins.
    assert "2026-07-16T00:00:00" == thanked.coupon["date_expires"]
    assert "2026-07-15" == thanked.named


# What waits too long.

LATE = (
    RULES % "30d"
    + """
[workflow reminder]
trigger = first_order
do =
    create_coupon thanks
    wait 7d
    add_note Still valid: {{ coupon.code }}
    set_meta last_code {{ coupon.code }}
    wait 30d
    add_note {{ coupon.code }} has expired
"""
)


@pytest.fixture
def late(tmp_path):
    sim = Simulation(tmp_path, LATE)
    sim.settle()
    sim.advance(hours=1)
    return sim


def wait_paused(sim, name, **length):
    with sim.db.transaction() as tx:
        pauses.pause(tx, "shop", name, sim.now)
    sim.settle()
    sim.advance(**length)
    with sim.db.transaction() as tx:
        pauses.resume(tx, "shop", name, sim.now)
    sim.settle()


def outcomes_of(sim, kinds=("coupon", "note")):
    return {
        each.outcome for each in sim.outbox() if each.kind in kinds and each.state == "cancelled"
    }


def test_a_coupon_that_has_expired_before_it_is_written_is_cancelled_with_its_note(late):
    order = late.place_order(email="anna@example.com")
    late.run_pass(write=False)
    wait_paused(late, "welcome", days=40)
    assert not [each for each in late.notes(order) if each.startswith("until")]
    assert 1 == len(late.coupons())  # that of the reminder
    expected = "the coupon would have expired before this was written"
    assert {expected, "cancelled, because its coupon was cancelled"} == outcomes_of(late)


def test_a_note_that_waited_longer_than_its_coupon_is_valid_is_cancelled(late):
    order = late.place_order(email="anna@example.com")
    late.run_pass()
    late.advance(days=8)
    late.run_pass(write=False)
    wait_paused(late, "reminder", days=25)
    notes = [each for each in late.notes(order) if not each.startswith("until")]
    assert ([], "") == (notes, late.meta("order", order, "last_code") or "")


def test_a_note_that_is_meant_for_after_the_last_day_is_written(late):
    order = late.place_order(email="anna@example.com")
    for _ in range(8):
        late.settle()
        late.advance(days=5)
    late.settle()
    assert late.notes(order)[-1].endswith("has expired")
