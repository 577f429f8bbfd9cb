"""Which alerts are sent: at most one a day about each thing, and one when it is over."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from wcflow.daemon.alerts import ChangedFiles, stalled_reason
from wcflow.daemon.health import Failure, StoreHealth
from wcflow.database.sql import stamp
from wcflow.database.tables import StoreRow
from wcflow.rules.alerts import FAILED, KINDS, Thing, alerts_to_send

FAILED_CHANGES = Thing("shop", FAILED)
LIMIT = timedelta(minutes=15)


class Admin:
    """Receives alerts by one way or several; everything is sent without failures."""

    def __init__(self, *ways):
        self.told, self.ways = {}, ways or ("email",)

    def look(self, troubles, at=NOW, watched=None):
        seen = set(watched) if watched is not None else {FAILED_CHANGES, *troubles}
        found = alerts_to_send(dict.fromkeys(troubles, "why"), seen, self.told, self.ways, at)
        for each in found:
            self.told[each.thing, each.way] = each.told(self.told, at)
        return [each.subject.removeprefix("wcflow: shop: ") for each in found]


def after(**length):
    return NOW + timedelta(**length)


def test_a_trouble_is_told_once_a_day_and_its_end_once():
    admin = Admin()
    assert ["changes failed"] == admin.look([FAILED_CHANGES])
    assert [] == admin.look([FAILED_CHANGES], after(hours=23))
    assert ["changes failed"] == admin.look([FAILED_CHANGES], after(hours=24))
    assert ["no failed changes left"] == admin.look([], after(hours=25))
    assert [] == admin.look([], after(hours=26))


def test_a_trouble_that_comes_and_goes_is_told_once_a_day():
    admin = Admin()
    subjects = [
        admin.look([FAILED_CHANGES] if hour % 2 else [], after(hours=hour)) for hour in range(1, 24)
    ]
    assert [["changes failed"], ["no failed changes left"]] == [each for each in subjects if each]
    assert ["changes failed"] == admin.look([FAILED_CHANGES], after(hours=25))


def test_the_message_about_an_end_is_a_sentence():
    admin = Admin()
    admin.look([FAILED_CHANGES])
    (alert,) = alerts_to_send({}, {FAILED_CHANGES}, admin.told, ["email"], NOW)
    expected = ("wcflow: shop: no failed changes left", "No failed changes left.\n")
    assert expected == (alert.subject, alert.text)


def test_what_is_not_known_neither_begins_nor_ends():
    admin = Admin()
    admin.look([FAILED_CHANGES])
    assert [] == admin.look([], watched=[])
    assert ["no failed changes left"] == admin.look([])


def test_each_way_and_each_store_has_its_own_messages():
    admin = Admin("email", "apprise")
    other = Thing("other", FAILED)
    assert 4 == len(admin.look([FAILED_CHANGES, other]))
    admin.ways = ("apprise", "email", "third")
    assert 2 == len(admin.look([FAILED_CHANGES, other]))


def test_a_time_in_the_future_does_not_silence_an_alert():
    admin = Admin()
    admin.look([FAILED_CHANGES], after(days=900))
    assert ["changes failed"] == admin.look([FAILED_CHANGES])


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=60))
def test_no_thing_is_told_twice_within_a_day(history):
    admin, sent = Admin(), []
    for minutes, (kind, is_wrong) in enumerate(history):
        thing = Thing("shop", kind)
        sent += admin.look([thing] if is_wrong else [], after(minutes=20 * minutes), [thing])
    assert len(sent) == len(set(sent))


@pytest.mark.parametrize("kind", KINDS)
def test_each_message_says_what_to_do(kind):
    (alert,) = alerts_to_send(
        {Thing("shop", kind): "a reason"}, {Thing("shop", kind)}, {}, ["email"], NOW
    )
    assert alert.subject.startswith("wcflow: shop: ")
    assert alert.text.startswith("A reason.\n\nWhat to do: ")


# When a store's work counts as stopped.


def row(**columns):
    times = {
        name: stamp(at) if name.endswith(("_at", "_since")) else at for name, at in columns.items()
    }
    return StoreRow(name="shop", url="", **times)


def reason(health=None, saved=None, now=NOW):
    return stalled_reason(health or StoreHealth(), saved, now, LIMIT)


def test_polls_that_fail_for_long_are_a_stall_whoever_noticed_it():
    long_ago, short = NOW - timedelta(hours=1), NOW - timedelta(minutes=14)
    assert "not polled for 60 min: down" == reason(
        saved=row(poll_error="down", poll_error_since=long_ago)
    )
    assert "not polled for 60 min: full" == reason(StoreHealth(failure=Failure(long_ago, "full")))
    assert "" == reason(saved=row(poll_error="down", poll_error_since=short))


def test_a_failing_nightly_check_is_no_stall_while_polls_succeed():
    failure = Failure(NOW - timedelta(hours=5), "gone")
    polled = NOW - timedelta(minutes=1)
    assert "" == reason(StoreHealth(failure=failure), row(polled_at=polled))


def test_a_long_silence_and_refused_writes_are_a_stall():
    assert "the last poll was 4 h ago" == reason(saved=row(polled_at=NOW - timedelta(hours=4)))
    assert "" == reason(saved=row(polled_at=NOW - timedelta(hours=1)))
    refused = row(
        polled_at=NOW, write_error="read-only", write_error_since=NOW - timedelta(hours=1)
    )
    assert "nothing was written for 60 min: read-only" == reason(saved=refused)


def test_a_broken_file_is_told_after_a_while_unless_it_is_mended(tmp_path):
    file, problems = tmp_path / "wcflow.ini", iter(["line 3: wrong", ""])
    file.write_text("good")
    files = ChangedFiles([file], lambda: next(problems))
    assert "" == files.problem(NOW)
    _edit(file, 1)
    assert ["", "line 3: wrong"] == [files.problem(NOW), files.problem(after(minutes=16))]
    _edit(file, 2)
    assert "" == files.problem(after(minutes=60))


def _edit(file: Path, number):
    import os

    os.utime(file, ns=(number, number))
