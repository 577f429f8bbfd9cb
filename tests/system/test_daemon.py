"""Laws of the daemon, seen from outside: a real process, a real socket, a shop that listens."""

from __future__ import annotations

import re
import resource
import signal
import sqlite3
import time
from itertools import pairwise

import pytest

from tests.service import QUICK, eventually, town

AT_ONCE = 2.0
"""Seconds within which a daemon ends, whatever it is doing."""


@pytest.fixture
def place(tmp_path):
    with town(tmp_path) as built:
        yield built


@pytest.fixture
def other(tmp_path_factory):
    with town(tmp_path_factory.mktemp("other")) as built:
        yield built


# Beginning


def test_ready_does_not_wait_for_the_shop(place):
    """Configuration and database are sound: that is all that READY says; the census takes its time."""
    place.faults.delay_response(60, times=None)
    daemon = place.starts()
    daemon.ear.hears("^READY=1$")

    assert ["STATUS=shop: not polled yet", "READY=1"] == [words for _, words in daemon.ear.told]


def test_abstract_socket_is_told_as_well(place):
    """systemd may name an address without a file, which begins with @."""
    daemon = place.starts(abstract=True)

    assert "READY=1" == daemon.ear.hears("^READY=1$")


def test_broken_configuration_ends_with_78_and_every_problem(place):
    """Nothing is started that cannot work, and systemd does not try it again."""
    place.write("[segment VIP]\nwhen = total_spend > 3\n")
    daemon = place.starts()
    code, log = daemon.ended()
    said = "\n".join(line["event"] for line in log)

    assert 78 == code
    assert "total_spent" in said
    assert "[store NAME]" in said
    assert [] == daemon.ear.told


def test_another_shop_behind_the_only_name_ends_with_78(place):
    """The pin: a database mirrors one shop, and no other is read into it."""
    place.accepted()
    place.mirrors_another_shop()
    daemon = place.starts()
    code, log = daemon.ended()

    assert (78, True) == (code, any("is another shop" in line["event"] for line in log))
    assert "STOPPING=1" == daemon.ear.hears("STOPPING")


def test_shop_that_does_not_fit_leaves_the_others_served(place, other):
    """Of two stores one is refused: the other is read, and the daemon stays."""
    place.accepted()
    place.mirrors_another_shop()
    place.write(place.store() + place.store("second", other.server.url))
    daemon = place.starts()
    daemon.ear.hears("second: polled just now")
    refused = daemon.logs("store fails")

    assert ("shop", True) == (refused["store"], "is another shop" in refused["why"])
    assert daemon.process.poll() is None


# Serving


def test_orders_become_tags_notes_and_coupons(place):
    """What happens in the shop while the daemon runs comes back to the shop as the rules say."""
    place.buys("anna@example.com")
    place.accepted()
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    order = place.buys("ben@example.com", billing={"first_name": "Ben"})
    notes = eventually(lambda: place.notes(order))

    assert 1 == len(notes)
    assert re.match(r"Thank you, Ben: THANKS-[A-Z0-9]+ \(ref ", notes[0])


def test_first_night_does_not_wait_for_the_night(place):
    """Ranks and gaps between orders are known from the first day on."""
    place.buys("anna@example.com")
    daemon = place.starts()
    daemon.logs("night's work done")

    assert place.row().reconciled_at is not None


def test_held_writes_stand_in_the_status_line(place):
    """The first census's writes wait for a person: systemctl status says so."""
    place.buys("anna@example.com", days_ago=1)
    daemon = place.starts()

    assert "STATUS=shop: polled just now, 1 write held, see wcflow status" == daemon.ear.hears(
        "held"
    )


# The watchdog


def test_watchdog_has_a_sign_of_life_at_half_of_its_time(place):
    """With a watchdog of a second, none of the signs comes later than that."""
    daemon = place.starts(watchdog=1.0)
    daemon.ear.hears("READY")
    time.sleep(2.6)
    beats = [at for at, words in list(daemon.ear.told) if words == "WATCHDOG=1"]

    assert len(beats) >= 4
    assert all(later - at < 0.9 for at, later in pairwise(beats))


def test_worker_that_hangs_ends_the_signs_of_life(place):
    """A worker without progress for too long (here a second) is for the watchdog to end."""
    prelude = "from wcflow.daemon import supervisor\nsupervisor.HUNG = 1.0"
    place.faults.delay_response(60, times=None)
    daemon = place.starts(prelude=prelude, watchdog=0.5)
    daemon.ear.hears("READY")
    time.sleep(2.5)
    heard = len(daemon.ear.told)
    time.sleep(1.0)

    assert "WATCHDOG=1" in [words for _, words in daemon.ear.told]
    assert heard == len(daemon.ear.told)


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_daemon_ends_at_once(place, number):
    """STOPPING is told, the exit code is 0."""
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    code, seconds = daemon.ends(number)

    assert (0, True) == (code, seconds < AT_ONCE)
    assert "STOPPING=1" == daemon.ear.hears("STOPPING")


def test_daemon_ends_at_once_while_the_shop_is_slow(place):
    """A worker in the middle of a request is left behind, and its lease given back."""
    place.accepted()
    place.faults.delay_response(60, only="GET /wc/v3/orders", times=None)
    daemon = place.starts()
    eventually(lambda: place.row().lease_holder not in ("", "admin"))
    code, seconds = daemon.ends()

    assert (0, True, "") == (code, seconds < AT_ONCE, place.row().lease_holder)
    assert ["shop"] == daemon.logged("wcflow ends")[0]["left_waiting"]


def test_daemon_ends_at_once_in_the_first_census(place):
    """Threads of a census that wait for the shop do not hold up the end."""
    for number in range(3):
        place.buys(f"person{number}@example.com")
    place.faults.delay_response(60, only="GET /wc/v3/orders", times=None, after=3)
    daemon = place.starts()
    eventually(lambda: any(call.path == "/wc/v3/orders" for call in list(place.server.calls)))
    time.sleep(0.3)
    code, seconds = daemon.ends()

    assert (0, True) == (code, seconds < AT_ONCE)


def test_daemon_ends_at_once_in_the_rest_before_another_try(place):
    """The client waits a minute because the shop asked for it: the end does not."""
    place.accepted()
    place.faults.throttle(retry_after=50, times=None)
    daemon = place.starts()
    eventually(lambda: any(call.status == 429 for call in list(place.server.calls)))
    code, seconds = daemon.ends()

    assert (0, True, []) == (
        code,
        seconds < AT_ONCE,
        daemon.logged("wcflow ends")[0]["left_waiting"],
    )


def test_daemon_ends_at_once_in_the_rest_after_a_failure(place):
    """So does the one whose shop refuses it and who comes back later."""
    place.faults.fail_with(status=401, times=None)
    daemon = place.starts()
    daemon.logs("store fails")
    code, seconds = daemon.ends()

    assert (0, True) == (code, seconds < AT_ONCE)


def test_effect_that_was_being_written_at_the_end_is_there_once(place):
    """The shop took the note and was slow to say so; the daemon ended. The next one finds it there."""
    place.accepted()
    place.faults.delay_response(60, only="POST /wc/v3/orders/*/notes")
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    order = place.buys("ben@example.com")
    eventually(lambda: place.notes(order))
    assert 0 == daemon.ends()[0]
    left = place.effects()
    with place.line() as line, line.db.transaction() as tx:
        # Ten minutes pass: the claim of the one that ended lapses.
        tx.exec_driver_sql("UPDATE outbox SET claimed_at = claimed_at - 601")
    second = place.starts()
    eventually(lambda: [("coupon", "done"), ("note", "done")] == place.effects())

    assert [("coupon", "done"), ("note", "claimed")] == left
    assert 1 == len(place.notes(order))
    assert second.process.poll() is None


# Reload


def test_sound_configuration_is_taken_over(place):
    """SIGHUP: RELOADING with its instant, READY again, and the new rules count."""
    place.buys("anna@example.com")
    place.accepted()
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    place.write(place.store() + "[tag Friend]\nwhen = orders_count >= 1\n")
    daemon.is_told(signal.SIGHUP)

    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", daemon.ear.hears("RELOADING"))
    assert "READY=1" == daemon.ear.hears("READY")
    (order,) = place.shop.order_ids()
    shown = eventually(
        lambda: [
            each["value"]
            for each in place.shop.order(order)["meta_data"]
            if each["key"] == "wcflow_tags" and "Friend" in each["value"]
        ]
    )
    assert ["Friend"] == shown


def test_broken_configuration_is_not_taken_over(place):
    """SIGHUP: the log has every problem, the old rules go on, systemd hears READY again."""
    place.accepted()
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    place.write(place.store() + "[tag Friend]\nwhen = orders_cuont >= 1\n")
    daemon.is_told(signal.SIGHUP)
    daemon.ear.hears("RELOADING")
    daemon.ear.hears("READY")
    line = daemon.logs("configuration not taken over, the old one stays")
    order = place.buys("ben@example.com")

    assert ["orders_count" in problem for problem in line["problems"]] == [True]
    assert eventually(lambda: place.notes(order))


def test_another_database_takes_a_restart(place):
    """What a running daemon cannot change is refused in words."""
    daemon = place.starts()
    daemon.ear.hears("polled just now")
    place.database += ".new"
    place.write(place.store())
    daemon.is_told(signal.SIGHUP)
    line = daemon.logs("configuration not taken over, the old one stays")

    assert ["another database takes a restart"] == line["problems"]


def test_shop_that_is_no_longer_named_is_left_alone(place, other):
    """SIGHUP takes a store's worker away as it gives new ones."""
    daemon = place.starts()
    daemon.ear.hears("shop: polled just now")
    place.write(place.store("second", other.server.url))
    daemon.is_told(signal.SIGHUP)
    said = daemon.ear.hears("second: polled just now")
    before = len(place.server.calls)
    time.sleep(1.5)

    assert ("STATUS=second: polled just now, nothing waits", before) == (
        said,
        len(place.server.calls),
    )


# Trouble


def test_stalled_shop_is_told_once_and_that_it_is_back(place):
    """However often it fails, the log has one line, another where the reason changes, one at the end."""
    place.accepted()
    place.faults.fail_with(status=401, times=None)
    daemon = place.starts(prelude=QUICK)
    eventually(lambda: [call.status for call in list(place.server.calls)].count(401) >= 5)
    first = [line["why"] for line in daemon.logged("store fails")]
    assert "in trouble" in daemon.ear.hears("in trouble")
    with place.server.lock:
        place.faults.recover()
        place.faults.fail_with(status=403, times=None)
    eventually(lambda: [call.status for call in list(place.server.calls)].count(403) >= 5)
    both = [line["why"] for line in daemon.logged("store fails")]
    with place.server.lock:
        place.faults.recover()
    daemon.logs("store is back")
    daemon.ear.hears("polled just now")

    assert (1, 2) == (len(first), len(set(both)))
    assert 2 == len(both)
    assert 1 == len(daemon.logged("store is back"))


def test_trouble_of_a_known_shop_stands_in_its_row_until_it_is_over(place):
    """What status shows comes from the database: the reason, since when, and nothing afterwards."""
    place.accepted()
    daemon = place.starts(prelude=QUICK)
    daemon.ear.hears("polled just now")
    place.faults.fail_with(status=401, times=None)
    error = eventually(lambda: place.row().error)
    place.faults.recover()
    eventually(lambda: not place.row().error)

    assert "401" in error
    assert place.row().error_since is None


def test_locked_database_is_waited_for(place):
    """Another program holds the database: told once, and the work goes on when it lets go."""
    place.accepted()
    prelude = f"{QUICK}\nfrom wcflow.database import connection\nconnection._BUSY_MILLISECONDS = 50"
    daemon = place.starts(prelude=prelude)
    daemon.ear.hears("polled just now")
    holder = sqlite3.connect(place.folder / "wcflow.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waits = daemon.logs("store has to wait")
    time.sleep(1.0)
    holder.execute("ROLLBACK")
    holder.close()
    daemon.logs("store is back")

    assert "in use by another process" in waits["why"]
    assert 1 == len(daemon.logged("store has to wait"))


def test_disk_that_takes_nothing_more_is_waited_for(place):
    """Nothing can be written: told once, and the work goes on once there is room."""
    place.accepted()
    daemon = place.starts(prelude=QUICK)
    daemon.ear.hears("polled just now")
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (1000, most))
    waits = daemon.logs("store has to wait")
    time.sleep(1.0)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (most, most))
    daemon.logs("store is back")
    order = place.buys("ben@example.com")

    assert "the disk that holds the database" in waits["why"]
    assert 1 == len(daemon.logged("store has to wait"))
    assert eventually(lambda: place.notes(order))


def test_bug_in_the_nights_work_does_not_stop_the_polls(place):
    """What nobody foresaw is told with its traceback, once, and the rest goes on."""
    prelude = f"{QUICK}\nfrom wcflow import sync\nsync.nightly = lambda line: 1 / 0"
    place.accepted()
    daemon = place.starts(prelude=prelude)
    bug = daemon.logs("a bug of wcflow")
    order = place.buys("ben@example.com")

    assert eventually(lambda: place.notes(order))
    assert ("night", True) == (bug["job"], "ZeroDivisionError" in bug["exception"])
    assert 1 == len(daemon.logged("a bug of wcflow"))


def test_one_shop_that_hangs_does_not_hold_up_another(place, other):
    """Each store has a conversation of its own."""
    place.write(place.store() + place.store("second", other.server.url))
    place.faults.delay_response(60, times=None)
    daemon = place.starts()
    said = daemon.ear.hears("second: polled")

    assert "STATUS=shop: not polled yet; second: polled just now, nothing waits" == said
