"""Laws of the companion plugin, as assertions, after syncs without faults."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from tests.histories.companion_activity import PREFIX
from tests.histories.team_activity import places, who_stayed_the_same
from wcflow.dashboard.push import load_cards
from wcflow.database import companion, suppression
from wcflow.database.groups import load_groups
from wcflow.database.people import load_memories, load_person_ids
from wcflow.database.sql import table_of
from wcflow.database.tables import CompanionRequestRow, CustomerNoteRow, EditRow, EventRow
from wcflow.evaluate.context import read_context
from wcflow.rules.hand_tags import tags_now

_REQUESTS, _NOTES = table_of(CompanionRequestRow), table_of(CustomerNoteRow)
_EVENTS, _EDITS = table_of(EventRow), table_of(EditRow)


def check_all(sim, activity, dashboard):
    """Check all laws of this module."""
    check_answers(sim, dashboard)
    check_notes(sim, dashboard)
    check_tags(sim, activity, dashboard)
    check_strangers(activity, dashboard)
    check_no_email_after_unsubscribing(sim, dashboard)
    check_events(sim, activity, dashboard)
    check_cards(sim, dashboard)
    check_summary(sim, dashboard)


def load_states(sim):
    """Return what wcflow has done or refused, by the key of the request."""
    with sim.db.reading() as tx:
        return {row.key: row for row in tx.execute(select(_REQUESTS))}


def check_answers(sim, dashboard):
    """Each request is done or refused with a reason, the plugin has the answer, and none is done twice."""
    states, tables = load_states(sim), dashboard.plugin.tables
    for row in tables.requests.rows:
        assert row.key in states, row
        assert tables.answers.get(row.key, {}).get("state") == states[row.key].state, row
        # Words about someone who was deleted since then are forgotten.
        assert tables.answers[row.key]["words"] or not states[row.key].words, row
    with sim.db.reading() as tx:
        edits = Counter(row.key for row in tx.execute(select(_EDITS)) if row.key)
    assert not [key for key, times in edits.items() if times > 1], edits
    refused = {key for key, row in states.items() if row.state == "refused"}
    assert not refused & edits.keys(), refused


def check_notes(sim, dashboard):
    """A note that was asked for is there once, whatever was restored or killed meanwhile."""
    states = load_states(sim)
    with sim.db.reading() as tx:
        texts = Counter(row.text for row in tx.execute(select(_NOTES)))
    for row, _ in dashboard.asked:
        if row.fields["action"] == "note.add":
            text = row.fields["data"]["text"]
            done = row.key in states and states[row.key].state == "done"
            erased = done and not states[row.key].words
            assert texts[text] == done or erased, (row, texts[text])
            assert texts[text] <= 1, row


def check_tags(sim, activity, dashboard):
    """A tag is where the last request that was done put it, unless someone removed it in the store."""
    certain, states = who_stayed_the_same(activity), load_states(sim)
    removed = {each.tag for each in activity.removals}
    with sim.db.reading() as tx:
        edits = {row.id: row for row in tx.execute(select(_EDITS))}
    undone = {edits[each.undoes].key for each in edits.values() if each.undoes in edits}
    wanted, owners = {}, {}
    for row, owner in dashboard.asked:
        tag = row.fields["data"].get("tag")
        if tag and row.key in states and states[row.key].state == "done":
            wanted[tag] = row.fields["action"] == "tag.add"
            owners.setdefault(tag, set()).add("undone" if row.key in undone else owner)
    if dashboard.restored:
        return
    for tag, is_there in wanted.items():
        (owner, *others) = owners[tag]
        if not others and owner in certain and tag not in removed and tag.startswith(PREFIX):
            for place in places(certain[owner]):
                assert is_there == (tag in activity.shown(place)), (owner, tag, place)


def check_strangers(activity, dashboard):
    """No customer has a tag that someone asked for about another one, whatever was restored."""
    certain, owners = who_stayed_the_same(activity), {}
    for row, owner in dashboard.asked:
        if row.fields["action"] == "tag.add" and "people" not in row.fields["data"]:
            owners[row.fields["data"].get("tag")] = owner
    for other, person in certain.items():
        for place in places(person):
            for tag in {*activity.shown(place)} & owners.keys():
                assert owners[tag] == other or owners[tag] not in certain, (tag, owners[tag], place)


def check_no_email_after_unsubscribing(sim, dashboard):
    """Everyone who unsubscribed by a link is suppressed, if the plugin still had it when it was read."""
    rows = {row.key for row in dashboard.plugin.tables.events.rows}
    for row, address in dashboard.unsubscribed:
        with sim.db.reading() as tx:
            found = suppression.load(tx, "shop", "email", [address])
        assert found or row.key not in rows, address


def check_events(sim, activity, dashboard):
    """Each visit is saved once, and each e-mail is opened or clicked once at most."""
    with sim.db.reading() as tx:
        saved = [*tx.execute(select(_EVENTS.c.kind, _EVENTS.c.key, _EVENTS.c.data))]
    times = Counter((each.kind, each.key) for each in saved)
    read = Counter((each.kind, each.data) for each in saved if each.kind.startswith("email_"))
    assert not [each for each, count in read.items() if count > 1], read
    for kind in ("product_viewed", "cart_updated", "logged_in"):
        assert not [each for each, count in times.items() if each[0] == kind and count > 1], times
    certain, rows = who_stayed_the_same(activity), dashboard.plugin.tables.events.rows
    keys = {row.key for row in rows}
    for row, owner in dashboard.viewed:
        if owner in certain and row.key in keys:
            kind = row.fields["kind"]
            assert 1 == times[kind, f"{kind} {row.key}"], (row, owner)


def check_cards(sim, dashboard):
    """The plugin shows everyone as 'customer show' does, and no one else."""
    tables, (settings,) = dashboard.plugin.tables, sim.config.stores
    with sim.db.reading() as tx:
        assert 0 == companion.count_outdated(tx, "shop")
        context = read_context(tx, sim.config, settings, sim.now)
        persons = load_person_ids(tx, "shop")
        expected = load_cards(tx, context, persons)
        memories, groups = load_memories(tx, "shop", persons), load_groups(tx, "shop", persons)
    assert not dashboard.erased.keys() & tables.people.keys(), dashboard.erased
    assert expected.keys() == tables.people.keys()
    for person, card in expected.items():
        shown = tables.people[person]
        different = {name for name in card if card[name] != shown[name]}
        assert not different, {name: (card[name], shown[name]) for name in different}
        memory = memories[person]
        assert {*shown["tags"]} == {*tags_now(memory)}, (shown["tags"], memory)
        assert {*shown["groups"]} == {*groups.get(person, ())}, shown["groups"]
        assert (shown["status"] == "inactive") == memory.standing.inactive, person


def check_summary(sim, dashboard):
    """The numbers of the summary are those of the cards and of the outbox."""
    tables = dashboard.plugin.tables
    counts = Counter(each["name"] for card in tables.people.values() for each in card["segments"])
    shown = {each["name"]: each["people"] for each in tables.summary["segments"]}
    assert {name: counts[name] for name in shown} == shown
    waiting = len(sim.outbox(states=("due",), limit=None))
    failed = len(sim.outbox(states=("failed",), limit=None))
    assert {"waiting": waiting, "failed": failed} == tables.summary["queue"]


def check_quiet(sim):
    """One more pass writes nothing but a new summary."""
    sim.advance(minutes=5)
    sim.run_pass(approve=False, check_store=False)
    written = [each.path for each in sim.writes]
    assert [] == [path for path in written if not path.endswith("/v1/summary")], written
