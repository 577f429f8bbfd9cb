"""message_cap and quiet_hours: when a message may be sent, by the clock of the store."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.rules.contact import Cap, ContactRules, Deferred, Recipient, Refused, decide, parse_caps
from wcflow.rules.errors import RuleErrors
from wcflow.rules.quiet_hours import QuietHours, end_of_quiet, parse_quiet_hours, quiet_now
from wcflow.units import Duration

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
START = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)  # two days before clocks go forward in Berlin
caps = st.lists(
    st.builds(
        Cap,
        st.integers(1, 3),
        st.builds(Duration, st.integers(1, 6), st.sampled_from(["h", "d"])),
    ),
    max_size=2,
).map(tuple)
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
quiet = st.lists(
    st.builds(QuietHours, times, times).filter(lambda each: each.start != each.end), max_size=1
).map(tuple)
messages = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from([1, 50, 90]), st.booleans()), max_size=12
)


def deliver_all(waiting, rules, zone):
    """Send messages (arrival, priority, transactional) as a daemon does; return (at, number)."""
    due = {
        number: (START + timedelta(hours=arrival), priority, transactional)
        for number, (arrival, priority, transactional) in enumerate(waiting)
    }
    sent, counted = [], []
    while due:
        now = min(at for at, _, _ in due.values())
        ready = [n for n, (at, _, _) in due.items() if at <= now]
        for number in sorted(ready, key=lambda n: (-due[n][1], n)):
            _, priority, transactional = due[number]
            verdict = decide(
                Recipient(True, sent=counted), rules, now, zone, transactional=transactional
            )
            if verdict is None:
                sent.append((now, number))
                counted += [] if transactional else [now]
                del due[number]
            else:
                assert verdict.until > now
                due[number] = (verdict.until, priority, transactional)
        assert now < START + timedelta(days=365)
    return sent


def in_window(cap, sent, end, zone):
    """Count by another way than the product: the days, or the hours, that end with this moment."""
    if cap.length.unit == "h":
        return sum(end - timedelta(hours=cap.length.count) < at <= end for at in sent)
    last = end.astimezone(zone).date()
    days = {last - timedelta(days=back) for back in range(cap.length.count)}
    return sum(at.astimezone(zone).date() in days for at in sent)


@given(messages, caps, quiet, st.sampled_from([BERLIN, NEW_YORK]))
def test_no_window_of_a_cap_is_exceeded_no_message_is_lost_and_none_comes_in_quiet_hours(
    waiting, caps, quiet, zone
):
    sent = deliver_all(waiting, ContactRules(caps, quiet), zone)
    assert sorted(number for _, number in sent) == list(range(len(waiting)))
    marketing = [at for at, number in sent if not waiting[number][2]]
    for cap in caps:
        assert all(in_window(cap, marketing, at, zone) <= cap.count for at in marketing)
    for at in marketing:
        assert quiet_now(quiet, at, zone) is None


@given(messages, caps, quiet)
def test_a_transactional_message_is_sent_at_once(waiting, caps, quiet):
    for at, number in deliver_all(waiting, ContactRules(caps, quiet), BERLIN):
        arrival, _, transactional = waiting[number]
        if transactional:
            assert START + timedelta(hours=arrival) == at


@given(messages, caps, quiet)
def test_a_message_never_overtakes_one_that_was_there_and_has_a_higher_priority(
    waiting, caps, quiet
):
    sent = {n: at for at, n in deliver_all(waiting, ContactRules(caps, quiet), BERLIN)}
    for one, (arrival, priority, transactional) in enumerate(waiting):
        for other, (before, lower, exempt) in enumerate(waiting):
            if not transactional and not exempt and arrival <= before and priority > lower:
                assert sent[one] <= sent[other]


def test_one_per_day_means_one_on_each_calendar_day_of_the_store():
    evening = datetime(2026, 6, 15, 21, 30, tzinfo=UTC)  # 23:30 in Berlin
    cap = Cap(1, Duration(1, "d"))
    assert datetime(2026, 6, 15, 22, 0, tzinfo=UTC) == cap.next_free([evening], evening, BERLIN)
    assert evening == cap.next_free([evening - timedelta(days=1)], evening, BERLIN)


@pytest.mark.parametrize(
    ("length", "sent", "free"),
    [
        ("14d", date(2026, 6, 1), date(2026, 6, 15)),
        ("1w", date(2026, 6, 1), date(2026, 6, 8)),
        ("1mo", date(2026, 1, 31), date(2026, 3, 1)),
        ("1y", date(2024, 2, 29), date(2025, 3, 1)),
    ],
)
def test_a_message_counts_until_its_window_has_passed(length, sent, free):
    cap = parse_caps(f"1 per {length}")[0]
    at = datetime.combine(sent, time(12), BERLIN)
    assert datetime.combine(free, time(), BERLIN) == cap.next_free([at], at, BERLIN)


@given(
    st.integers(0, 14 * 24 * 4),
    st.sampled_from([datetime(2026, 3, 22, tzinfo=UTC), datetime(2026, 10, 18, tzinfo=UTC)]),
    times,
    times,
)
def test_quiet_hours_end_at_the_first_moment_that_is_not_quiet_also_where_clocks_change(
    quarters, begin, start, end
):
    if start == end:
        return
    hours, now = (QuietHours(start, end),), begin + timedelta(minutes=15 * quarters)
    until = end_of_quiet(hours, now, BERLIN)
    assert quiet_now(hours, until, BERLIN) is None
    step, longest = timedelta(minutes=15), timedelta(hours=1)
    moments = (now + step * n for n in range(int((until - now) / step)))
    early = [at for at in moments if quiet_now(hours, at, BERLIN) is None]
    # An end that the clocks skip counts as an hour later.
    assert [] == [at for at in early if until - at > longest]
    if start != end and quiet_now(hours, now, BERLIN) is None:
        assert now == until


@pytest.mark.parametrize(
    ("text", "wall", "is_quiet"),
    [
        ("21:00-09:00", "2026-06-15 20:59", False),
        ("21:00-09:00", "2026-06-15 21:00", True),
        ("21:00-09:00", "2026-06-16 08:59", True),
        ("21:00-09:00", "2026-06-16 09:00", False),
        ("13:00-15:00", "2026-06-16 14:00", True),
        ("sunday", "2026-06-14 12:00", True),
        ("sunday", "2026-06-15 00:00", False),
        ("sat-sun 20:00-10:00", "2026-06-15 09:00", True),
        ("sat-sun 20:00-10:00", "2026-06-13 09:00", False),
        ("fri-mon 09:00-17:00", "2026-06-15 10:00", True),
        ("fri-mon 09:00-17:00", "2026-06-16 10:00", False),
        ("22:00-24:00", "2026-06-16 23:00", True),
        ("22:00-24:00", "2026-06-16 00:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(text, wall, is_quiet):
    at = datetime.fromisoformat(wall).replace(tzinfo=BERLIN)
    assert is_quiet == (quiet_now(parse_quiet_hours(text), at, BERLIN) is not None)


@pytest.mark.parametrize(
    "text", ["21:00", "9pm-9am", "21:00-21:00", "funday 10:00-12:00", "25:00-09:00", "mon-sun", ""]
)
def test_quiet_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(RuleErrors):
        parse_quiet_hours(text)


@pytest.mark.parametrize("text", ["1", "0 per 1d", "1 per", "one per 1d", "1 per 1d 1 per 2d", ""])
def test_caps_that_make_no_sense_are_refused(text):
    with pytest.raises(RuleErrors):
        parse_caps(text)


def test_a_cap_can_be_written_as_one_would_say_it():
    assert parse_caps("1 per 1d, 2 per 1w") == parse_caps("1 per day, 2 per week")


NOW = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
NO_RULES = ContactRules()


def test_a_suppressed_address_gets_nothing():
    recipient = Recipient(True, suppressed="the address bounced")
    for transactional in (True, False):
        verdict = decide(recipient, NO_RULES, NOW, BERLIN, transactional=transactional)
        assert Refused("the address bounced") == verdict


@pytest.mark.parametrize("consent", [None, False])
def test_a_message_without_consent_is_refused_with_the_reason(consent):
    recipient = Recipient(consent)
    assert Refused("no consent") == decide(recipient, NO_RULES, NOW, BERLIN)
    withdrawn = decide(recipient, NO_RULES, NOW, BERLIN, had_consent=True)
    assert Refused("consent was withdrawn while the message waited") == withdrawn
    assert None is decide(recipient, NO_RULES, NOW, BERLIN, transactional=True)


def test_a_message_makes_room_only_for_as_many_as_fit_before_it():
    rules = ContactRules((Cap(2, Duration(1, "d")),))
    assert None is decide(Recipient(True, ahead=1), rules, NOW, BERLIN)
    later = decide(Recipient(True, ahead=2), rules, NOW, BERLIN)
    assert isinstance(later, Deferred)
    assert "waits for a message with a higher priority" == later.reason
