"""With the companion plugin, a poll knows whatever changed, without any rescan or nightly check."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.path.test_poll_properties import ACTIVITIES, StoreActivity, load_profiles, run_step
from tests.poll_harness import assert_database_matches_sandbox, open_poll
from wcflow.database.connection import open_database
from wcflow.database.stores import save_store
from wcflow.sandbox.store import SandboxStore

POLL_STEPS = ["pull", "pull", "crash", "fail"]
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTIVITIES) | st.sampled_from(POLL_STEPS),
        st.integers(0, 499),
        st.sampled_from([0, 0, 1, 2, 3, 30, 121, 600]),
    ),
    max_size=30,
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(steps=steps, page_size=st.sampled_from([3, 100]), hpos=st.booleans())
def test_two_polls_know_everything_and_mark_everyone_who_changed(
    tmp_path_factory, steps, page_size, hpos
):
    file = tmp_path_factory.mktemp("poll") / "wcflow.sqlite"
    sandbox = SandboxStore(hpos=hpos, plugins=("companion",))
    with (
        open_database(f"sqlite:///{file}") as db,
        open_poll(
            db, sandbox, page_size=page_size, shared_emails=frozenset({"till@example.com"})
        ) as poll,
    ):
        with db.transaction() as tx:
            save_store(tx, "shop", has_companion=True)
        activity = StoreActivity(poll)
        poll.pull()
        before = load_profiles(poll)
        poll.clear_dirty_marks()
        for step, number, seconds in steps:
            poll.advance(seconds=seconds)
            run_step(poll, step, number) if step in POLL_STEPS else activity.do(step, number)
        for _ in range(2):
            poll.advance(minutes=3)
            poll.pull()
        after = load_profiles(poll)

        assert_database_matches_sandbox(poll)
        changed = {
            key for key in after if _without_tags(before.get(key)) != _without_tags(after[key])
        }
        assert {key for key in changed if any(after[key])} <= poll.dirty_people()


def _without_tags(profile):
    """Products are read once an hour; the plugin names none."""
    return profile and profile[:2]


@pytest.mark.parametrize("hpos", [True, False])
def test_without_the_plugin_it_takes_longer(sqlite, hpos):
    """The law above is about the plugin, and not about polls."""
    with open_poll(sqlite, SandboxStore(hpos=hpos)) as poll:
        anna = poll.sandbox.register("anna@example.com", now=poll.now - timedelta(days=30))
        poll.settle()
        poll.sandbox.edit_customer(anna, now=poll.now, first_name="Annabel")
        for _ in range(2):
            poll.advance(minutes=3)
            poll.pull()

        assert "Annabel" != poll.customers()[anna].first_name
