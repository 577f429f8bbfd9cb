"""The times of jobs, the failures that are logged, and the messages to systemd."""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import schedule
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
LONGEST_DAY = timedelta(hours=25)


# The nightly check.


@given(now=INSTANTS, zone=ZONES)
def test_the_nightly_check_is_at_half_past_three_in_the_stores_time_zone(
    now: datetime, zone: ZoneInfo
) -> None:
    """It is the next one, also on a day of 25 hours."""
    night = next_nightly(now, zone)

    assert timedelta() < night - now <= LONGEST_DAY
    assert (3, 30) == (night.astimezone(zone).hour, night.astimezone(zone).minute)


@given(start=INSTANTS, zone=ZONES)
def test_every_day_has_one_nightly_check(start: datetime, zone: ZoneInfo) -> None:
    nights = [next_nightly(start, zone)]
    for _ in range(10):
        nights.append(next_nightly(nights[-1], zone))
    days = [night.astimezone(zone).date() for night in nights]

    assert [timedelta(days=1)] * 10 == [later - day for day, later in pairwise(days)]


def test_the_first_nightly_check_is_due_now() -> None:
    """It computes percentiles and the order gap, which rules need."""
    assert NOON == nightly_due(None, NOON, BERLIN)


def test_a_missed_nightly_check_is_due_now() -> None:
    """For example because the machine is off at night."""
    assert NOON == nightly_due(NOON - timedelta(days=2), NOON, BERLIN)


def test_after_a_nightly_check_the_next_is_due_a_day_later() -> None:
    done = datetime(2026, 3, 4, 2, 31, tzinfo=UTC)

    assert datetime(2026, 3, 5, 2, 30, tzinfo=UTC) == nightly_due(done, NOON, BERLIN)


def test_a_nightly_check_dated_in_the_future_does_not_stop_the_next() -> None:
    """A clock was wrong when it ran."""
    done = NOON + timedelta(days=30)

    assert datetime(2026, 3, 5, 2, 30, tzinfo=UTC) == nightly_due(done, NOON, BERLIN)


# Retries.


def test_pauses_after_store_errors_double_up_to_ten_minutes() -> None:
    error = StoreError("the store answers with an error")
    pauses = [job_retry_delay(error, failures).total_seconds() for failures in range(1, 8)]

    assert [30, 60, 120, 240, 480, 600, 600] == pauses


def test_retry_after_makes_a_pause_longer() -> None:
    """It counts if it is longer than our own pause, up to a day."""
    requested = [90.0, 5.0, 1e9]
    pauses = [job_retry_delay(StoreError("busy", retry_after=each), 1) for each in requested]

    assert [timedelta(seconds=90), timedelta(seconds=30), timedelta(days=1)] == pauses


def test_a_busy_database_is_tried_again_soon() -> None:
    """Only our own machine is affected, so 5 to 15 seconds are enough."""
    pauses = [
        job_retry_delay(BusyError("locked"), failures).total_seconds() for failures in range(1, 7)
    ]

    assert [5, 10, 15, 15, 15, 15] == pauses


def test_another_daemon_continues_the_work_of_a_killed_one_within_a_minute() -> None:
    """The lease expires and another daemon retries, together in less than a minute.

    A live daemon renews its lease so often that two renewals can fail.
    """
    longest_pause = job_retry_delay(BusyError("another wcflow is working on [store shop]"), 99)

    assert lease.DURATION + longest_pause < timedelta(minutes=1)
    assert lease.RENEWAL_INTERVAL * 3 < lease.DURATION


@given(failures=st.integers(1, 10**9))
def test_pauses_have_an_upper_bound(failures: int) -> None:
    assert job_retry_delay(StoreError("away"), failures) <= timedelta(minutes=10)


# Logged failures.


def test_each_reason_is_logged_once() -> None:
    reasons = ["a", "a", "a", "b", "b", "a", "b", "a", "a", "b"]
    failure, logged = None, []
    for reason in reasons:
        error = StoreError(reason)
        failure = record_failure(failure, "sync", error, NOON)
        if should_log(failure, "sync", error):
            logged.append(reason)
            failure = failure.mark_logged()

    assert ["a", "b"] == logged


def test_a_reason_is_logged_again_after_a_success() -> None:
    error = StoreError("away")
    first = record_failure(None, "sync", error, NOON).mark_logged()
    recovered = record_success(first, "sync")
    second = record_failure(recovered, "sync", error, NOON + timedelta(hours=1))

    assert (None, True) == (recovered, should_log(second, "sync", error))


def test_failures_are_over_when_no_job_fails() -> None:
    """A successful sync does not end the failures of the nightly check."""
    error = StoreError("away")
    both = record_failure(record_failure(None, "nightly check", error, NOON), "sync", error, NOON)
    remaining = record_success(both, "sync")

    assert remaining is not None
    assert {"nightly check": 1} == remaining.failures
    assert record_success(remaining, "nightly check") is None


def test_a_busy_database_is_logged_the_second_time() -> None:
    """Now and then two processes use a database at the same time."""
    error = BusyError("another wcflow is working on [store shop]")
    first = record_failure(None, "sync", error, NOON)
    second = record_failure(first, "sync", error, NOON)

    assert [False, True] == [should_log(each, "sync", error) for each in (first, second)]


# The status line.


def test_the_status_line_describes_every_store() -> None:
    failing = record_failure(
        None, "sync", StoreError("the store is away"), NOON - timedelta(minutes=5)
    )
    stores = {
        "new": StoreHealth(),
        "idle": StoreHealth(polled_at=NOON - timedelta(seconds=12)),
        "slow": StoreHealth(polled_at=NOON - timedelta(minutes=7), waiting=3),
        "held": StoreHealth(polled_at=NOON, waiting=2316, held=True),
        "first": StoreHealth(activity="initial import: 300 of 2,500 orders"),
        "away": StoreHealth(polled_at=NOON, failure=failing),
    }
    expected = (
        "new: not polled yet; "
        "idle: polled just now, no changes waiting; "
        "slow: polled 7 min ago, 3 changes waiting; "
        "held: polled just now, 2,316 changes waiting for approval, see wcflow status; "
        "first: initial import: 300 of 2,500 orders; "
        "away: failing for 5 min: the store is away"
    )

    assert expected == status_line(stores, NOON)


def test_the_status_line_begins_with_a_configuration_that_was_rejected() -> None:
    line = status_line({"shop": StoreHealth()}, NOON, "wcflow.ini:31: [tag VIP]: no condition")
    assert (
        "new configuration rejected, the old one stays in use"
        " (wcflow.ini:31: [tag VIP]: no condition); shop: not polled yet"
    ) == line


# Systemd.


@pytest.fixture(params=["path", "abstract"])
def notify_socket(request: pytest.FixtureRequest):
    """The address of systemd's socket, and a function that returns the next message."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        name = f"wcflow-test-{os.getpid()}-{threading.get_ident()}"
        path = str(Path(folder) / name)
        address = path if request.param == "path" else f"@{name}"
        server.bind(path if request.param == "path" else f"\0{name}")
        server.settimeout(2)
        yield address, lambda: server.recv(4096).decode()


def test_systemd_gets_every_message_of_the_protocol(notify_socket) -> None:
    """A status has no line breaks; RELOADING has the time of the monotonic clock."""
    address, receive = notify_socket
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
    ] == [receive() for _ in range(5)]


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
def test_the_notifier_is_configured_by_the_environment(env, expected) -> None:
    """The watchdog applies to the process that it names, and its interval has to be positive."""
    assert expected == SystemdNotifier.from_env(env, pid=7)


def test_an_unreachable_systemd_is_logged_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    systemd = SystemdNotifier(str(tmp_path / "missing"))
    for _ in range(3):
        systemd.send_heartbeat()

    assert 1 == capsys.readouterr().out.count("systemd unreachable")


# Schedule and stop token.


def test_store_info_is_read_before_the_first_sync() -> None:
    """A job stays due until it is done."""
    schedule = JobSchedule(timedelta(minutes=1))
    at_first = schedule.due()
    schedule.done("refresh store info")

    assert (["refresh store info", "sync"], ["sync"]) == (at_first, schedule.due())


def test_the_nightly_check_comes_after_the_sync() -> None:
    schedule = JobSchedule(timedelta(minutes=1))
    schedule.plan_nightly(datetime.now(UTC) - timedelta(seconds=1))

    assert ["refresh store info", "sync", "nightly check"] == schedule.due()


def test_a_later_nightly_check_does_not_delay_the_next_sync() -> None:
    schedule = JobSchedule(timedelta(minutes=1))
    schedule.plan_nightly(datetime.now(UTC) + timedelta(hours=5))
    schedule.due()

    assert 55 < schedule.seconds_until_due() <= 60


@pytest.fixture
def move_to(monkeypatch: pytest.MonkeyPatch):
    """Change the time zone of the machine."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_a_clock_set_back_does_not_stop_the_syncs(move_to) -> None:
    """After clocks go back an hour, the next sync is due now and not in an hour."""
    move_to("UTC")
    schedule = JobSchedule(timedelta(minutes=1))
    schedule.done("refresh store info")
    schedule.done("sync")
    before = schedule.due()
    move_to("WCFLOW+1")

    assert ([], ["sync"]) == (before, schedule.due())
    assert schedule.seconds_until_due() <= 60


def test_a_stop_request_ends_a_wait() -> None:
    stop_token = StopToken()
    threading.Timer(0.05, stop_token.request_stop).start()

    with pytest.raises(StopRequested):
        stop_token.sleep(60)
    assert stop_token.stopping()


def test_every_call_of_a_stop_token_is_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_token = StopToken()
    calls = [
        stop_token.now,
        stop_token.monotonic,
        stop_token.stopping,
        lambda: stop_token.wait(0),
        stop_token.raise_if_stopping,
    ]
    renewed = []
    for call in calls:
        monkeypatch.setattr(stop_token, "_beat", stop_token.monotonic() - 1000)
        call()
        renewed.append(stop_token.heartbeat_age() < 10)

    assert [True] * len(calls) == renewed


def test_a_wrong_store_is_retried_every_ten_minutes() -> None:
    """An admin can fix it while the daemon runs."""
    assert timedelta(minutes=10) == job_retry_delay(SetupError("another store"), 50)


# Clocks that are set while the daemon runs


class Clocks:
    """The machine's clock, which can be set, and its monotonic clock, which cannot."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = datetime(2026, 3, 4, 12), 1000.0
        clocks = self

        class Clock(datetime):
            @classmethod
            def now(cls, tz=None) -> datetime:
                return clocks.wall if tz is None else clocks.wall.replace(tzinfo=UTC)

        monkeypatch.setattr(
            schedule, "datetime", SimpleNamespace(**{**vars(dt), "datetime": Clock})
        )
        monkeypatch.setattr("wcflow.daemon.schedule.datetime", Clock)
        monkeypatch.setattr("wcflow.daemon.schedule.monotonic", lambda: self.steady)

    def pass_by(self, length: timedelta) -> None:
        self.wall += length
        self.steady += length.total_seconds()

    def jump(self, length: timedelta) -> None:
        self.wall += length


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch, move_to) -> Clocks:
    move_to("UTC")
    return Clocks(monkeypatch)


JUMPS = [timedelta(hours=5), timedelta(hours=-5), timedelta(days=7), timedelta(days=-3000)]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_of_the_clock_neither_stops_nor_multiplies_the_syncs(
    clocks: Clocks, jump: timedelta
) -> None:
    """One sync a minute, and one more at once after each jump."""
    jobs = JobSchedule(timedelta(minutes=1))
    count = 0
    for second in range(600):
        if second in (250, 350):
            clocks.jump(jump if second == 250 else -jump)
        if "sync" in jobs.due():
            count += 1
            jobs.done("sync")
        clocks.pass_by(timedelta(seconds=1))

    assert 9 <= count <= 12


@pytest.mark.parametrize(("jump", "nights"), list(zip(JUMPS, [0, 0, 1, 0], strict=True)))
def test_a_jump_of_the_clock_causes_at_most_one_nightly_check(
    clocks: Clocks, jump: timedelta, nights: int
) -> None:
    jobs = JobSchedule(timedelta(minutes=1))
    now = clocks.wall.replace(tzinfo=UTC)
    jobs.plan_nightly(nightly_due(now, now, BERLIN))
    clocks.jump(jump)
    count = 0
    for _ in range(600):
        if "nightly check" in jobs.due():
            count += 1
            jobs.done("nightly check")
            now = clocks.wall.replace(tzinfo=UTC)
            jobs.plan_nightly(nightly_due(now, now, BERLIN))
        clocks.pass_by(timedelta(seconds=1))

    assert nights == count


def test_the_nightly_check_runs_on_the_next_night_after_the_clock_was_set_back(
    clocks: Clocks,
) -> None:
    """It was planned for a night that is far ahead now; the worker plans it again."""
    done = clocks.wall.replace(tzinfo=UTC) + timedelta(days=30)
    now = clocks.wall.replace(tzinfo=UTC)

    assert now < nightly_due(done, now, BERLIN) <= now + timedelta(days=1)


def test_messages_that_a_rate_limit_holds_up_continue_before_the_next_poll(clocks: Clocks) -> None:
    jobs = JobSchedule(timedelta(minutes=5))
    for job in jobs.due():
        jobs.done(job)
    jobs.plan_messages(40.0)
    assert (40.0, []) == (jobs.seconds_until_due(), jobs.due())
    clocks.pass_by(timedelta(seconds=40))
    assert ["send messages"] == jobs.due()
    jobs.plan_messages(0.0)
    assert [] == jobs.due()
