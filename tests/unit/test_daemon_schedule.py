"""When the daemon does things, what is news, and what it tells systemd."""

from __future__ import annotations

import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wcflow.daemon.health import (
    StoreHealth,
    record_failure,
    record_success,
    should_log,
    status_line,
)
from wcflow.daemon.schedule import JobSchedule, job_retry_delay, next_nightly, nightly_due
from wcflow.daemon.stop import StopRequested, StopToken
from wcflow.daemon.systemd import SystemdNotifier
from wcflow.database import lease
from wcflow.errors import BusyError, SetupError, StoreError

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo")
    ]
)
INSTANTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda at: datetime.fromtimestamp(at, UTC))
A_DAY_WITH_CLOCKS = timedelta(hours=25)


# The night


@given(now=INSTANTS, zone=ZONES)
def test_next_night_is_half_past_three_in_the_store_and_less_than_a_day_away(
    now: datetime, zone: ZoneInfo
) -> None:
    """Whatever the zone and its clocks do: after now, within 25 hours, at 03:30 of the store."""
    night = next_nightly(now, zone)

    assert timedelta() < night - now <= A_DAY_WITH_CLOCKS
    assert (3, 30) == (night.astimezone(zone).hour, night.astimezone(zone).minute)


@given(start=INSTANTS, zone=ZONES)
def test_every_day_of_the_store_has_one_night(start: datetime, zone: ZoneInfo) -> None:
    """From night to night the store's calendar goes on by exactly one day."""
    nights = [next_nightly(start, zone)]
    for _ in range(10):
        nights.append(next_nightly(nights[-1], zone))
    days = [night.astimezone(zone).date() for night in nights]

    assert [timedelta(days=1)] * 10 == [later - day for day, later in pairwise(days)]


def test_night_is_due_at_once_where_none_ever_was() -> None:
    """Ranks and gaps come from the night's work: the first one does not wait for the night."""
    assert NOON == nightly_due(None, NOON, BERLIN)


def test_night_that_was_missed_is_due_at_once() -> None:
    """Who switches the machine off at night gets the night's work in the morning."""
    assert NOON == nightly_due(NOON - timedelta(days=2), NOON, BERLIN)


def test_night_after_one_that_was_done_is_the_next() -> None:
    """After a night's work at 03:31 the next is due at 03:30 of the following day."""
    done = datetime(2026, 3, 4, 2, 31, tzinfo=UTC)

    assert datetime(2026, 3, 5, 2, 30, tzinfo=UTC) == nightly_due(done, NOON, BERLIN)


# Rests


def test_shop_that_fails_is_left_alone_ever_longer_up_to_ten_minutes() -> None:
    """30 seconds, doubling, and never more than ten minutes."""
    error = StoreError("the store answers with an error")
    rests = [job_retry_delay(error, failures).total_seconds() for failures in range(1, 8)]

    assert [30, 60, 120, 240, 480, 600, 600] == rests


def test_shop_that_says_how_long_is_left_alone_so_long() -> None:
    """Retry-After counts where it is longer than our own rest, up to a day."""
    said = [90.0, 5.0, 1e9]
    rests = [job_retry_delay(StoreError("busy", retry_after=each), 1) for each in said]

    assert [timedelta(seconds=90), timedelta(seconds=30), timedelta(days=1)] == rests


def test_busy_database_is_tried_again_soon() -> None:
    """Nobody else is bothered by it: five seconds, up to fifteen."""
    rests = [
        job_retry_delay(BusyError("locked"), failures).total_seconds() for failures in range(1, 7)
    ]

    assert [5, 10, 15, 15, 15, 15] == rests


def test_work_of_a_daemon_that_died_is_taken_over_within_a_minute() -> None:
    """Its lease lapses, and whoever waits for it looks again: the longest of both is under a minute.

    While it lives it renews its lease often enough that two renewals may fail.
    """
    longest_rest = job_retry_delay(BusyError("another wcflow is working on [store shop]"), 99)

    assert lease.DURATION + longest_rest < timedelta(minutes=1)
    assert lease.RENEWAL_INTERVAL * 3 < lease.DURATION


@given(failures=st.integers(1, 10**9))
def test_rest_has_an_upper_bound_after_any_number_of_failures(failures: int) -> None:
    """A shop that was away for years is still looked for every ten minutes."""
    assert job_retry_delay(StoreError("away"), failures) <= timedelta(minutes=10)


# News


def test_reason_is_told_once_and_anew_when_it_changes() -> None:
    """Of ten failures for two reasons the log has two lines."""
    reasons = ["a", "a", "a", "b", "b", "a", "b", "a", "a", "b"]
    failure, told = None, []
    for reason in reasons:
        error = StoreError(reason)
        failure = record_failure(failure, "walk", error, NOON)
        if should_log(failure, "walk", error):
            told.append(reason)
            failure = failure.mark_logged()

    assert ["a", "b"] == told


def test_trouble_is_told_again_after_it_was_over() -> None:
    """The second outage for the same reason is news."""
    error = StoreError("away")
    first = record_failure(None, "walk", error, NOON).mark_logged()
    over = record_success(first, "walk")
    second = record_failure(over, "walk", error, NOON + timedelta(hours=1))

    assert (None, True) == (over, should_log(second, "walk", error))


def test_trouble_is_over_when_no_job_fails_any_more() -> None:
    """A good walk is no end of the trouble that the night's work has."""
    error = StoreError("away")
    both = record_failure(record_failure(None, "night", error, NOON), "walk", error, NOON)
    left = record_success(both, "walk")

    assert left is not None
    assert {"night": 1} == left.failures
    assert record_success(left, "night") is None


def test_meeting_another_process_once_is_no_news() -> None:
    """That the database is busy is told the second time in a row."""
    error = BusyError("another wcflow is working on [store shop]")
    first = record_failure(None, "walk", error, NOON)
    second = record_failure(first, "walk", error, NOON)

    assert [False, True] == [should_log(each, "walk", error) for each in (first, second)]


# The status line


def test_status_line_says_of_each_store_how_it_fares() -> None:
    """Polled and idle, waiting, held, in a census, in trouble: each in a few words."""
    away = record_failure(
        None, "walk", StoreError("the store is away"), NOON - timedelta(minutes=5)
    )
    stores = {
        "new": StoreHealth(),
        "idle": StoreHealth(polled_at=NOON - timedelta(seconds=12)),
        "slow": StoreHealth(polled_at=NOON - timedelta(minutes=7), waiting=3),
        "held": StoreHealth(polled_at=NOON, waiting=2316, held=True),
        "first": StoreHealth(activity="census: 300 of 2,500 orders"),
        "away": StoreHealth(polled_at=NOON, failure=away),
    }
    expected = (
        "new: not polled yet; "
        "idle: polled just now, nothing waits; "
        "slow: polled 7 min ago, 3 writes wait; "
        "held: polled just now, 2,316 writes held, see wcflow status; "
        "first: census: 300 of 2,500 orders; "
        "away: in trouble for 5 min: the store is away"
    )

    assert expected == status_line(stores, NOON)


# Systemd


@pytest.fixture(params=["path", "abstract"])
def door(request: pytest.FixtureRequest):
    """Where systemd listens: its address, and how to hear the next message."""
    with TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        name = f"wcflow-test-{os.getpid()}-{threading.get_ident()}"
        path = str(Path(place) / name)
        address = path if request.param == "path" else f"@{name}"
        ear.bind(path if request.param == "path" else f"\0{name}")
        ear.settimeout(2)
        yield address, lambda: ear.recv(4096).decode()


def test_systemd_hears_each_word_of_the_protocol(door) -> None:
    """READY, STATUS on one line, WATCHDOG, RELOADING with its instant, STOPPING."""
    address, hear = door
    systemd = SystemdNotifier(address)
    systemd.ready()
    systemd.status("shop: polled\njust now")
    systemd.send_heartbeat()
    systemd.reloading(1_234_567_890)
    systemd.stopping()

    assert [
        "READY=1",
        "STATUS=shop: polled just now",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=1234567",
        "STOPPING=1",
    ] == [hear() for _ in range(5)]


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, SystemdNotifier()),
        ({"NOTIFY_SOCKET": "/run/x"}, SystemdNotifier("/run/x")),
        (
            {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "120000000"},
            SystemdNotifier("/run/x", 120.0),
        ),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, SystemdNotifier("", 3.0)),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, SystemdNotifier("", None)),
        ({"WATCHDOG_USEC": "0"}, SystemdNotifier("", None)),
        ({"WATCHDOG_USEC": "soon"}, SystemdNotifier("", None)),
    ],
)
def test_environment_says_whom_to_tell_and_how_often(env, expected) -> None:
    """The watchdog counts for the process it names, and only with a positive number."""
    assert expected == SystemdNotifier.from_env(env, pid=7)


def test_systemd_that_is_gone_does_not_stop_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A socket that nobody listens to is told to the log, once; the daemon goes on."""
    systemd = SystemdNotifier(str(tmp_path / "gone"))
    for _ in range(3):
        systemd.send_heartbeat()

    assert 1 == capsys.readouterr().out.count("systemd is not reached")


# The timetable and the leash


def test_store_is_known_and_walked_at_the_start_in_this_order() -> None:
    """Who the shop is comes before what it has; a job stays due until it is done."""
    timetable = JobSchedule(timedelta(minutes=1))
    at_first = timetable.due()
    timetable.done("know")

    assert (["know", "walk"], ["walk"]) == (at_first, timetable.due())


def test_night_that_has_come_is_due_after_the_walk() -> None:
    """A night is planned for an instant of any zone, and due from then on."""
    timetable = JobSchedule(timedelta(minutes=1))
    timetable.plan_nightly(datetime.now(UTC) - timedelta(seconds=1))

    assert ["know", "walk", "night"] == timetable.due()


def test_night_to_come_is_waited_for_no_longer_than_the_next_poll() -> None:
    """With nothing else due, a store rests until its next poll."""
    timetable = JobSchedule(timedelta(minutes=1))
    timetable.plan_nightly(datetime.now(UTC) + timedelta(hours=5))
    timetable.due()

    assert 55 < timetable.seconds_until_due() <= 60


@pytest.fixture
def move_to(monkeypatch: pytest.MonkeyPatch):
    """Let the machine stand in another zone."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_clock_that_jumps_back_does_not_stop_the_polls(move_to) -> None:
    """When clocks go back an hour, the next poll is due at once and not in an hour."""
    move_to("UTC")
    timetable = JobSchedule(timedelta(minutes=1))
    timetable.done("know")
    timetable.done("walk")
    before = timetable.due()
    move_to("WCFLOW+1")

    assert ([], ["walk"]) == (before, timetable.due())
    assert timetable.seconds_until_due() <= 60


def test_wait_ends_as_soon_as_the_worker_is_asked_to_end() -> None:
    """A client that waits a minute before its next try is stopped within it."""
    leash = StopToken()
    threading.Timer(0.05, leash.request_stop).start()

    with pytest.raises(StopRequested):
        leash.sleep(60)
    assert leash.stopping()


def test_everything_a_worker_does_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for the time, for leave, or for a rest: each shows that it has not hung."""
    leash = StopToken()
    deeds = [
        leash.now,
        leash.monotonic,
        leash.stopping,
        lambda: leash.wait(0),
        leash.raise_if_stopping,
    ]
    silences = []
    for deed in deeds:
        monkeypatch.setattr(leash, "_beat", leash.monotonic() - 1000)
        deed()
        silences.append(leash.heartbeat_age() < 10)

    assert [True] * len(deeds) == silences


def test_store_that_does_not_fit_is_tried_again_like_one_that_fails() -> None:
    """A refusal may be lifted by hand: it is looked at again, ten minutes apart at most."""
    assert timedelta(minutes=10) == job_retry_delay(SetupError("another shop"), 50)
