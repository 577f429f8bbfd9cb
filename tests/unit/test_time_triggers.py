"""Triggers from time: in the store's zone, once each, across clock changes and leap years."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.builders import BERLIN, STORE, account, order
from wcflow.profile import Profile
from wcflow.rules.errors import RuleErrors
from wcflow.rules.events import TriggerContext
from wcflow.rules.triggers import parse_trigger
from wcflow.units import at_time_of_day

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
FAR_WEST = ZoneInfo("Etc/GMT+8")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def someone(zone=BERLIN, *, orders=(), registered=None, born=""):
    store = replace(STORE, zone=zone, birthday_meta="born", birthday_format="dmy")
    one = account(created=registered, meta={"born": born}) if registered or born else None
    return Profile(1, "anna@example.com", store, one, tuple(orders), key="c12")


def happened(text, person, now, **more):
    context = TriggerContext(person, now, **more)
    return [(each.name, each.at) for each in parse_trigger(text).events(context)]


def lived(text, person, start, days, *, step=HOUR):
    """Return the names of all events, each with the first moment that they are found.

    The person is evaluated when ``next_at`` says so, and nothing else happens to them.
    """
    trigger, found, now, evaluations = parse_trigger(text), {}, start, 0
    before = None
    while now is not None and now < start + DAY * days:
        context = TriggerContext(person, now, evaluated_at=before)
        for each in trigger.events(context):
            found.setdefault(each.name, now)
        before, now, evaluations = now, trigger.next_at(context), evaluations + 1
        assert evaluations < 2000
    return found


# Days and times of day.


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        (BERLIN, date(2026, 3, 28), utc(2026, 3, 28, 1, 30)),
        (BERLIN, date(2026, 3, 29), utc(2026, 3, 29, 1, 0)),
        (BERLIN, date(2026, 10, 25), utc(2026, 10, 25, 0, 30)),
        (LOS_ANGELES, date(2026, 3, 8), utc(2026, 3, 8, 10, 0)),
        (LOS_ANGELES, date(2026, 11, 1), utc(2026, 11, 1, 10, 30)),
    ],
)
def test_a_time_that_clocks_jump_over_is_when_they_jump(zone, day, expected):
    """02:30 in Berlin and Los Angeles; in autumn the first of two."""
    assert expected == at_time_of_day(day, time(2, 30), zone)


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
@pytest.mark.parametrize("start", [utc(2026, 3, 1), utc(2026, 10, 20)])
def test_daily_happens_once_on_each_day_whatever_the_clock_does(zone, start):
    found = lived("daily at 02:30", someone(zone), start, 21)

    assert 20 <= len(found) <= 22
    days = [each.astimezone(zone).date() for each in found.values()]
    assert [f"daily {each}" for each in days] == [*found]
    assert {DAY} == {after - before for before, after in pairwise(days)}


def test_weekly_happens_on_its_day_of_the_week():
    found = lived("weekly on monday at 09:00", someone(), utc(2026, 3, 18), 28)

    assert {
        "weekly 2026-03-23": utc(2026, 3, 23, 8),
        "weekly 2026-03-30": utc(2026, 3, 30, 7),
        "weekly 2026-04-06": utc(2026, 4, 6, 7),
        "weekly 2026-04-13": utc(2026, 4, 13, 7),
    } == found


def test_monthly_on_31_happens_on_the_last_day_of_a_shorter_month():
    found = lived("monthly on 31 at 09:00", someone(), utc(2028, 1, 20), 80)

    assert ["monthly 2028-01", "monthly 2028-02", "monthly 2028-03"] == [*found]
    assert utc(2028, 2, 29, 8) == found["monthly 2028-02"]


def test_daily_is_not_made_up_for_someone_who_began_to_match_in_the_afternoon():
    now = utc(2026, 6, 15, 13)
    newly = {"evaluated_at": now - DAY, "matching_since": now}

    assert [] == happened("daily at 09:00", someone(), now, **newly)
    assert [] == happened("daily at 09:00", someone(), now)
    assert [] == happened("daily at 09:00", someone(), now, evaluated_at=now - HOUR)


def test_daily_is_made_up_after_hours_without_wcflow_and_only_the_last_time():
    now = utc(2026, 6, 15, 13)

    assert [("daily 2026-06-15", utc(2026, 6, 15, 7))] == happened(
        "daily at 09:00", someone(), now, evaluated_at=now - 3 * DAY
    )


# Birthdays.


def test_a_birthday_begins_with_the_day_in_the_zone_of_the_store():
    person = someone(FAR_WEST, born="01.03.1990")

    assert [] == happened("birthday", person, utc(2026, 3, 1, 7, 59))
    assert [("birthday 2026", utc(2026, 3, 1, 8))] == happened(
        "birthday", person, utc(2026, 3, 1, 8)
    )


def test_someone_born_on_29_february_has_a_birthday_on_the_28th_in_other_years():
    found = lived("birthday", someone(born="29.02.2000"), utc(2027, 1, 1), 800)

    days = {name: each.astimezone(BERLIN).date() for name, each in found.items()}
    assert {
        "birthday 2027": date(2027, 2, 28),
        "birthday 2028": date(2028, 2, 29),
        "birthday 2029": date(2029, 2, 28),
    } == days


def test_a_birthday_can_be_announced_in_the_year_before():
    found = lived("birthday 7d before", someone(born="03.01.1990"), utc(2026, 12, 1), 60)

    assert {"birthday 2027": utc(2026, 12, 26, 23)} == found


def test_a_birthday_that_is_corrected_has_the_same_name_all_year():
    march = happened("birthday", someone(born="01.03.1990"), utc(2026, 3, 1, 9))
    june = happened("birthday", someone(born="01.06.1990"), utc(2026, 6, 1, 9))

    assert [march[0][0]] == [june[0][0]] == ["birthday 2026"]


def test_a_birthday_that_is_entered_months_later_is_not_a_late_birthday():
    assert [] == happened("birthday", someone(born="01.03.1990"), utc(2026, 6, 1))
    assert [] == happened("birthday", someone(born="01.03.1990"), utc(2026, 3, 4, 1))
    assert 1 == len(happened("birthday", someone(born="01.03.1990"), utc(2026, 3, 3, 9)))


def test_a_birthday_is_not_the_day_of_birth_itself():
    assert [] == happened("birthday", someone(born="15.06.2026"), utc(2026, 6, 15, 9))


# Anniversaries.


def test_an_anniversary_of_29_february_is_on_the_28th_except_in_leap_years():
    first = order(created=utc(2024, 2, 29, 12))
    found = lived("anniversary of first_order", someone(orders=[first]), utc(2024, 3, 1), 1600)

    assert [
        ("anniversary 1 of first_order", date(2025, 2, 28)),
        ("anniversary 2 of first_order", date(2026, 2, 28)),
        ("anniversary 3 of first_order", date(2027, 2, 28)),
        ("anniversary 4 of first_order", date(2028, 2, 29)),
    ] == [(name, each.astimezone(BERLIN).date()) for name, each in found.items()]


def test_an_anniversary_in_a_year_happens_only_then():
    person = someone(registered=utc(2024, 6, 15, 3))
    found = lived("anniversary of registration in year 2", person, utc(2024, 7, 1), 1600)

    assert {"anniversary 2 of registration": utc(2026, 6, 14, 22)} == found


def test_an_anniversary_is_a_day_of_the_store_in_the_far_west():
    """03:00 UTC is the evening before at UTC−8."""
    person = someone(FAR_WEST, registered=utc(2025, 6, 15, 3))

    assert [("anniversary 1 of registration", utc(2026, 6, 14, 8))] == happened(
        "anniversary of registration", person, utc(2026, 6, 15, 1)
    )


def test_without_an_account_or_a_paid_order_there_is_no_anniversary():
    unpaid = someone(orders=[order(created=utc(2025, 6, 15), status="cancelled")])

    assert [] == happened("anniversary of first_order", unpaid, utc(2026, 6, 15, 1))
    assert [] == happened("anniversary of registration", unpaid, utc(2026, 6, 15, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anniversary", "expected 'of first_order' or 'of registration', got nothing"),
        (
            "anniversary of first_ordr",
            "expected 'of first_order' or 'of registration', got 'of first_ordr'",
        ),
        ("anniversary of registration in year 0", "expected a year from 1 to 100, got 0"),
        ("birthday 7d", "expected '7d before', got '7d'"),
        ("birthday 7h before", "expected days, weeks or months, less than a year, got '7h'"),
        ("daily", "expected 'at 09:00', got nothing"),
        ("daily at 9", "expected a time of day such as 09:00, got '9'"),
        ("weekly on mondy at 09:00", "expected a day of the week, got 'mondy'"),
        ("monthly on 32 at 09:00", "expected a day of the month from 1 to 31, got '32'"),
        ("checkout_abandoned 1h", "expected 'after 1h', got '1h'"),
    ],
)
def test_an_invalid_time_is_a_problem(text, expected):
    with pytest.raises(RuleErrors) as caught:
        parse_trigger(text)
    assert expected == str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "anniversary of first_order in year 1",
        "birthday 7d before",
        "daily at 09:00",
        "weekly on monday at 09:00",
        "monthly on 1 at 09:00",
        "checkout_abandoned after 1h",
    ],
)
def test_a_trigger_from_time_is_shown_as_it_is_written(text):
    assert text == parse_trigger(text).text


@pytest.mark.parametrize("name", ["inactive 30d", "birthday", "anniversary of registration"])
def test_what_happened_and_what_is_ahead_come_from_one_search(name):
    person = someone(registered=utc(2025, 3, 1), born="1.5.1990")
    context, trigger = TriggerContext(person, utc(2026, 4, 1)), parse_trigger(name)
    list(trigger.events(context))
    searched = dict(context.found)
    trigger.next_at(context)
    assert 1 == len(searched)
    assert searched == context.found
