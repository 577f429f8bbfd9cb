"""The daemon on machines whose clock is wrong, jumps or sleeps, and that boot without a network."""

from __future__ import annotations

import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, daemon_host, utcnow, wait_until
from wcflow.daemon.schedule import next_nightly

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time

SET_CLOCK = """
import datetime as real, pathlib, time, types
import schedule, woocommerce.oauth
import wcflow.daemon.schedule, wcflow.daemon.stop
ahead = lambda: float(pathlib.Path({file!r}).read_text())
class Clock(real.datetime):
    @classmethod
    def now(cls, tz=None):
        return real.datetime.now(tz) + real.timedelta(seconds=ahead())
schedule.datetime = types.SimpleNamespace(**{{**vars(real), "datetime": Clock}})
wcflow.daemon.schedule.datetime = wcflow.daemon.stop.datetime = Clock
woocommerce.oauth.time = lambda: time.time() + ahead()
"""
"""Lets a file say how many seconds the machine's clock is ahead; monotonic time goes on as it is."""


class Machine:
    """A daemon on a machine whose clock, and that of the store, can be set."""

    def __init__(self, host):
        self.host, self.file = host, host.folder / "clock"
        self.set_clock()

    def set_clock(self, **ahead):
        """Set only this machine's clock."""
        after = self.file.with_suffix(".new")
        after.write_text(str(timedelta(**ahead).total_seconds()))
        after.replace(self.file)

    def sleep(self, **length):
        """Let the time pass for this machine and the store, but not for what runs on it."""
        self.host.server.clock = lambda: utcnow() + timedelta(**length)
        self.set_clock(**length)

    def start(self):
        prelude = SHORT_RETRY_DELAYS + SET_CLOCK.format(file=str(self.file))
        return self.host.start_daemon(prelude=prelude)


@pytest.fixture
def machine(tmp_path):
    with daemon_host(tmp_path) as host:
        yield Machine(host)


def requests_within(machine, seconds):
    before = len(machine.host.server.calls)
    time.sleep(seconds)
    return len(machine.host.server.calls) - before


def test_a_wrong_clock_is_reported_once_and_work_goes_on_when_it_is_right_again(machine):
    machine.host.approve_initial_sync()
    daemon = machine.start()
    daemon.notify_socket.wait_for_message("polled just now")
    machine.set_clock(minutes=10)
    gap = daemon.wait_for_log("clocks disagree")
    daemon.notify_socket.wait_for_message("this machine's clock says .*, the store's says")
    order = machine.host.place_order("ben@example.com")
    polled = requests_within(machine, 3)
    during = machine.host.notes(order)
    machine.set_clock()
    daemon.wait_for_log("clocks agree again")
    wait_until(lambda: machine.host.notes(order))

    assert (True, []) == (polled > 0, during)
    assert "nothing is evaluated or written until they agree" in gap["why"]
    events = [line["event"] for line in daemon.log if line["event"].startswith("clocks")]
    assert ["clocks disagree", "clocks agree again"] == events


def test_a_clock_that_jumps_by_hours_and_back_stops_nothing(machine):
    """Over http the store rejects such a request; the daemon neither ends nor hurries."""
    machine.host.approve_initial_sync()
    daemon = machine.start()
    daemon.wait_for_log("nightly check finished")
    for hours in (5, -5):
        machine.set_clock(hours=hours)
        failure = daemon.wait_for_log("store unreachable", times=1 if hours > 0 else 2)
        assert "this machine's clock says" in failure["why"]
        assert requests_within(machine, 2) < 40
        machine.set_clock()
        daemon.wait_for_log("store reachable again", times=1 if hours > 0 else 2)
    order = machine.host.place_order("ben@example.com")

    assert wait_until(lambda: machine.host.notes(order))
    # A clock that was set back over the time of the check makes it due once more, and no oftener.
    now = utcnow()
    again = next_nightly(now - timedelta(hours=5), ZoneInfo("Europe/Berlin")) <= now
    assert 1 + again == len(daemon.log_entries("nightly check finished"))


def test_after_a_week_of_sleep_each_job_runs_once(machine):
    machine.host.approve_initial_sync()
    daemon = machine.start()
    daemon.wait_for_log("nightly check finished")
    machine.sleep(days=7)
    daemon.wait_for_log("nightly check finished", times=2)
    order = machine.host.place_order("ben@example.com", days_ago=-7)
    wait_until(lambda: machine.host.notes(order))

    assert requests_within(machine, 3) < 40
    assert 2 == len(daemon.log_entries("nightly check finished"))
    assert [] == daemon.log_entries("clocks disagree")


def test_a_machine_that_boots_with_an_old_clock_and_without_a_network_waits_for_both(machine):
    machine.host.approve_initial_sync()
    machine.set_clock(days=-2000)
    machine.host.faults.refuse_connections(times=None)
    daemon = machine.start()
    daemon.wait_for_log("store unreachable")
    machine.host.faults.recover()
    wait_until(lambda: any("clock says" in str(line.get("why")) for line in list(daemon.log)))
    machine.set_clock()
    daemon.notify_socket.wait_for_message("polled just now")
    order = machine.host.place_order("ben@example.com")

    assert wait_until(lambda: machine.host.notes(order))
    assert daemon.process.poll() is None
