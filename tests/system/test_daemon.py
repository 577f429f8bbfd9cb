"""Laws of the daemon, seen from outside: a real process, a real socket, a shop that listens."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import time
from itertools import pairwise

import pytest

from tests.daemon_host import SHORT_RETRY_DELAYS, daemon_host, wait_until

pytestmark = pytest.mark.xdist_group("daemon")  # these tests measure real time

STOP_SECONDS = 2.0
"""Seconds within which a daemon ends, whatever it is doing."""


@pytest.fixture
def host(tmp_path):
    with daemon_host(tmp_path) as built:
        yield built


@pytest.fixture
def other_host(tmp_path_factory):
    with daemon_host(tmp_path_factory.mktemp("other")) as built:
        yield built


# Beginning


def test_ready_does_not_wait_for_the_shop(host):
    """Configuration and database are sound: that is all that READY says; the census takes its time."""
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("^READY=1$")

    assert ["STATUS=shop: not polled yet", "READY=1"] == [
        words for _, words in daemon.notify_socket.messages
    ]


def test_abstract_socket_is_told_as_well(host):
    """systemd may name an address without a file, which begins with @."""
    daemon = host.start_daemon(abstract=True)

    assert "READY=1" == daemon.notify_socket.wait_for_message("^READY=1$")


def test_broken_configuration_ends_with_78_and_every_problem(host):
    """Nothing is started that cannot work, and systemd does not try it again."""
    host.write("[segment VIP]\nwhen = total_spend > 3\n")
    daemon = host.start_daemon()
    code, log = daemon.wait_for_exit()
    said = "\n".join(line["event"] for line in log)

    assert 78 == code
    assert "total_spent" in said
    assert "[store NAME]" in said
    assert [] == daemon.notify_socket.messages


def test_another_shop_behind_the_only_name_ends_with_78(host):
    """The pin: a database mirrors one shop, and no other is read into it."""
    host.approve_initial_sync()
    host.bind_to_other_store()
    daemon = host.start_daemon()
    code, log = daemon.wait_for_exit()

    assert (78, True) == (code, any("is another store" in line["event"] for line in log))
    assert "STOPPING=1" == daemon.notify_socket.wait_for_message("STOPPING")


def test_shop_that_does_not_fit_leaves_the_others_served(host, other_host):
    """Of two stores one is refused: the other is read, and the daemon stays."""
    host.approve_initial_sync()
    host.bind_to_other_store()
    host.write(host.store() + host.store("second", other_host.server.url))
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("second: polled just now")
    refused = daemon.wait_for_log("store fails")

    assert ("shop", True) == (refused["store"], "is another store" in refused["why"])
    assert daemon.process.poll() is None


# Serving


def test_orders_become_tags_notes_and_coupons(host):
    """What happens in the shop while the daemon runs comes back to the shop as the rules say."""
    host.place_order("anna@example.com")
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    order = host.place_order("ben@example.com", billing={"first_name": "Ben"})
    notes = wait_until(lambda: host.notes(order))

    assert 1 == len(notes)
    assert re.match(r"Thank you, Ben: THANKS-[A-Z0-9]+ \(ref ", notes[0])


def test_first_night_does_not_wait_for_the_night(host):
    """Ranks and gaps between orders are known from the first day on."""
    host.place_order("anna@example.com")
    daemon = host.start_daemon()
    daemon.wait_for_log("night's work done")

    assert host.row().reconciled_at is not None


def test_held_writes_stand_in_the_status_line(host):
    """The first census's writes wait for a person: systemctl status says so."""
    host.place_order("anna@example.com", days_ago=1)
    daemon = host.start_daemon()

    assert (
        "STATUS=shop: polled just now, 1 write held, see wcflow status"
        == daemon.notify_socket.wait_for_message("held")
    )


# The watchdog


def test_watchdog_has_a_sign_of_life_at_half_of_its_time(host):
    """With a watchdog of a second, none of the signs comes later than that."""
    daemon = host.start_daemon(watchdog=1.0)
    daemon.notify_socket.wait_for_message("READY")
    time.sleep(2.6)
    beats = [at for at, words in list(daemon.notify_socket.messages) if words == "WATCHDOG=1"]

    assert len(beats) >= 4
    assert all(later - at < 0.9 for at, later in pairwise(beats))


def test_worker_that_hangs_ends_the_signs_of_life(host):
    """A worker without progress for too long (here a second) is for the watchdog to end."""
    prelude = "from wcflow.daemon import supervisor\nsupervisor.HUNG = 1.0"
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon(prelude=prelude, watchdog=0.5)
    daemon.notify_socket.wait_for_message("READY")
    time.sleep(2.5)
    heard = len(daemon.notify_socket.messages)
    time.sleep(1.0)

    assert "WATCHDOG=1" in [words for _, words in daemon.notify_socket.messages]
    assert heard == len(daemon.notify_socket.messages)


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_daemon_ends_at_once(host, number):
    """STOPPING is told, the exit code is 0."""
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    code, seconds = daemon.stop(number)

    assert (0, True) == (code, seconds < STOP_SECONDS)
    assert "STOPPING=1" == daemon.notify_socket.wait_for_message("STOPPING")


def test_daemon_ends_at_once_while_the_shop_is_slow(host):
    """A worker in the middle of a request is left behind, and its lease given back."""
    host.approve_initial_sync()
    host.faults.delay_response(60, only="GET /wc/v3/orders", times=None)
    daemon = host.start_daemon()
    wait_until(lambda: host.row().lease_holder not in ("", "admin"))
    code, seconds = daemon.stop()

    assert (0, True, "") == (code, seconds < STOP_SECONDS, host.row().lease_holder)
    assert ["shop"] == daemon.log_entries("wcflow ends")[0]["left_waiting"]


def test_daemon_ends_at_once_in_the_first_census(host):
    """Threads of a census that wait for the shop do not hold up the end."""
    for number in range(3):
        host.place_order(f"person{number}@example.com")
    host.faults.delay_response(60, only="GET /wc/v3/orders", times=None, after=3)
    daemon = host.start_daemon()
    wait_until(lambda: any(call.path == "/wc/v3/orders" for call in list(host.server.calls)))
    time.sleep(0.3)
    code, seconds = daemon.stop()

    assert (0, True) == (code, seconds < STOP_SECONDS)


def test_daemon_ends_at_once_in_the_rest_before_another_try(host):
    """The client waits a minute because the shop asked for it: the end does not."""
    host.approve_initial_sync()
    host.faults.throttle(retry_after=50, times=None)
    daemon = host.start_daemon()
    wait_until(lambda: any(call.status == 429 for call in list(host.server.calls)))
    code, seconds = daemon.stop()

    assert (0, True, []) == (
        code,
        seconds < STOP_SECONDS,
        daemon.log_entries("wcflow ends")[0]["left_waiting"],
    )


def test_daemon_ends_at_once_in_the_rest_after_a_failure(host):
    """So does the one whose shop refuses it and who comes back later."""
    host.faults.fail_with(status=401, times=None)
    daemon = host.start_daemon()
    daemon.wait_for_log("store fails")
    code, seconds = daemon.stop()

    assert (0, True) == (code, seconds < STOP_SECONDS)


def test_effect_that_was_being_written_at_the_end_is_there_once(host):
    """The shop took the note and was slow to say so; the daemon ended. The next one finds it there."""
    host.approve_initial_sync()
    host.faults.delay_response(60, only="POST /wc/v3/orders/*/notes")
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    order = host.place_order("ben@example.com")
    wait_until(lambda: host.notes(order))
    assert 0 == daemon.stop()[0]
    left = host.outbox_states()
    with host.context() as context, context.db.transaction() as tx:
        # Ten minutes pass: the claim of the one that ended lapses.
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")
    second = host.start_daemon()
    wait_until(lambda: [("coupon", "done"), ("note", "done")] == host.outbox_states())

    assert [("coupon", "done"), ("note", "claimed")] == left
    assert 1 == len(host.notes(order))
    assert second.process.poll() is None


# Reload


def test_sound_configuration_is_taken_over(host):
    """SIGHUP: RELOADING with its instant, READY again, and the new rules count."""
    host.place_order("anna@example.com")
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.write(host.store() + "[tag Friend]\nwhen = orders_count >= 1\n")
    daemon.send_signal(signal.SIGHUP)

    assert re.fullmatch(
        r"RELOADING=1\nMONOTONIC_USEC=\d+", daemon.notify_socket.wait_for_message("RELOADING")
    )
    assert "READY=1" == daemon.notify_socket.wait_for_message("READY")
    (order,) = host.sandbox.order_ids()
    shown = wait_until(
        lambda: [
            each["value"]
            for each in host.sandbox.order(order)["meta_data"]
            if each["key"] == "wcflow_tags" and "Friend" in each["value"]
        ]
    )
    assert ["Friend"] == shown


def test_broken_configuration_is_not_taken_over(host):
    """SIGHUP: the log has every problem, the old rules go on, systemd hears READY again."""
    host.approve_initial_sync()
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.write(host.store() + "[tag Friend]\nwhen = orders_cuont >= 1\n")
    daemon.send_signal(signal.SIGHUP)
    daemon.notify_socket.wait_for_message("RELOADING")
    daemon.notify_socket.wait_for_message("READY")
    line = daemon.wait_for_log("configuration not taken over, the old one stays")
    order = host.place_order("ben@example.com")

    assert ["orders_count" in problem for problem in line["problems"]] == [True]
    assert wait_until(lambda: host.notes(order))


def test_another_database_takes_a_restart(host):
    """What a running daemon cannot change is refused in words."""
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("polled just now")
    host.database += ".new"
    host.write(host.store())
    daemon.send_signal(signal.SIGHUP)
    line = daemon.wait_for_log("configuration not taken over, the old one stays")

    assert ["another database takes a restart"] == line["problems"]


def test_shop_that_is_no_longer_named_is_left_alone(host, other_host):
    """SIGHUP takes a store's worker away as it gives new ones."""
    daemon = host.start_daemon()
    daemon.notify_socket.wait_for_message("shop: polled just now")
    host.write(host.store("second", other_host.server.url))
    daemon.send_signal(signal.SIGHUP)
    said = daemon.notify_socket.wait_for_message("second: polled just now")
    before = len(host.server.calls)
    time.sleep(1.5)

    assert ("STATUS=second: polled just now, nothing waits", before) == (
        said,
        len(host.server.calls),
    )


# Trouble


def test_stalled_shop_is_told_once_and_that_it_is_back(host):
    """However often it fails, the log has one line, another where the reason changes, one at the end."""
    host.approve_initial_sync()
    host.faults.fail_with(status=401, times=None)
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    wait_until(lambda: [call.status for call in list(host.server.calls)].count(401) >= 5)
    first = [line["why"] for line in daemon.log_entries("store fails")]
    assert "in trouble" in daemon.notify_socket.wait_for_message("in trouble")
    with host.server.lock:
        host.faults.recover()
        host.faults.fail_with(status=403, times=None)
    wait_until(lambda: [call.status for call in list(host.server.calls)].count(403) >= 5)
    both = [line["why"] for line in daemon.log_entries("store fails")]
    with host.server.lock:
        host.faults.recover()
    daemon.wait_for_log("store is back")
    daemon.notify_socket.wait_for_message("polled just now")

    assert (1, 2) == (len(first), len(set(both)))
    assert 2 == len(both)
    assert 1 == len(daemon.log_entries("store is back"))


def test_trouble_of_a_known_shop_stands_in_its_row_until_it_is_over(host):
    """What status shows comes from the database: the reason, since when, and nothing afterwards."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    host.faults.fail_with(status=401, times=None)
    error = wait_until(lambda: host.row().error)
    host.faults.recover()
    wait_until(lambda: not host.row().error)

    assert "401" in error
    assert host.row().error_since is None


def test_locked_database_is_waited_for(host):
    """Another program holds the database: told once, and the work goes on when it lets go."""
    host.approve_initial_sync()
    prelude = f"{SHORT_RETRY_DELAYS}\nfrom wcflow.database import connection\nconnection._BUSY_MILLISECONDS = 50"
    daemon = host.start_daemon(prelude=prelude)
    daemon.notify_socket.wait_for_message("polled just now")
    holder = sqlite3.connect(host.folder / "wcflow.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waits = daemon.wait_for_log("store has to wait")
    time.sleep(1.0)
    holder.execute("ROLLBACK")
    holder.close()
    daemon.wait_for_log("store is back")

    assert "in use by another process" in waits["why"]
    assert 1 == len(daemon.log_entries("store has to wait"))


def test_disk_that_takes_nothing_more_is_waited_for(host):
    """Nothing can be written: told once, and the work goes on once there is room."""
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=SHORT_RETRY_DELAYS)
    daemon.notify_socket.wait_for_message("polled just now")
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1000, most))
    waits = daemon.wait_for_log("store has to wait")
    time.sleep(1.0)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))
    daemon.wait_for_log("store is back")
    order = host.place_order("ben@example.com")

    assert "the disk that holds the database" in waits["why"]
    assert 1 == len(daemon.log_entries("store has to wait"))
    assert wait_until(lambda: host.notes(order))


def test_bug_in_the_nights_work_does_not_stop_the_polls(host):
    """What nobody foresaw is told with its traceback, once, and the rest goes on."""
    prelude = f"{SHORT_RETRY_DELAYS}\nfrom wcflow import maintenance\nmaintenance.nightly = lambda line: 1 / 0"
    host.approve_initial_sync()
    daemon = host.start_daemon(prelude=prelude)
    bug = daemon.wait_for_log("a bug of wcflow")
    order = host.place_order("ben@example.com")

    assert wait_until(lambda: host.notes(order))
    assert ("night", True) == (bug["job"], "ZeroDivisionError" in bug["exception"])
    assert 1 == len(daemon.log_entries("a bug of wcflow"))


def test_one_shop_that_hangs_does_not_hold_up_another(host, other_host):
    """Each store has a conversation of its own."""
    host.write(host.store() + host.store("second", other_host.server.url))
    host.faults.delay_response(60, times=None)
    daemon = host.start_daemon()
    said = daemon.notify_socket.wait_for_message("second: polled")

    assert "STATUS=shop: not polled yet; second: polled just now, nothing waits" == said
