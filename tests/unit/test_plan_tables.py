"""The totals and lines of a plan: counted once, sorted as numbers, written as plus and minus."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from wcflow.cli.plan_tables import (
    Details,
    change_words,
    changes_of,
    summary,
    total_tables,
)
from wcflow.database.contacts import key_order
from wcflow.database.outbox import TAGS_RULE, OutboxEntry
from wcflow.outbox.meta_plan import Preview
from wcflow.outbox.totals import PersonPlan, RuleTotal, SegmentTotal, TagTotal, TotalsCounter
from wcflow.rules.context import RulePlace
from wcflow.rules.model import Segment
from wcflow.rules.parser import parse_condition
from wcflow.rules.tags import Memory, TagMeta

WHEN = parse_condition("orders_count >= 1", RulePlace())
VIP = Segment("VIP", WHEN, "lifecycle", "VIP")
REGULAR = Segment("Regular", WHEN, "lifecycle", "Regular")
HIDDEN = Segment("Hidden", WHEN)
SHOWN, OTHER = Segment("Shown", WHEN, "lifecycle"), Segment("Other", WHEN, "another")


def entry(kind, target, *, rule=TAGS_RULE, person=1, payload=None):
    return OutboxEntry(
        target, rule, person, "order 9 paid", "1", kind, target, payload or {}, None, "due",
        NOW, NOW, 0, False, "",
    )  # fmt: skip


def tags(before, after, *, kind="tags_customer", target=1, segments=(None, None)):
    old, new = segments
    return Preview(
        entry(kind, target),
        None if before is None else {"wcflow_tags": before, "wcflow_segment": old},
        {"wcflow_tags": after, "wcflow_segment": new},
    )


def note(target=9, rule="workflow hello"):
    payload = {"text": "Hello", "for_customer": False, "mark": "(ref X)"}
    return Preview(entry("note", target, rule=rule, payload=payload))


def memory(*segments, tags=(), segment="", **more):
    since = dict.fromkeys(segments, datetime(2026, 1, 1, tzinfo=UTC))
    written = TagMeta(frozenset(tags), segment) if tags else None
    return Memory(1, "", NOW, "", since, written_to_customer=written, **more)


def totals(*plans, members=None):
    counter = TotalsCounter([VIP, REGULAR, HIDDEN])
    for plan in plans:
        counter.add(plan)
    return counter.totals(members or {})


def plan(*previews, key="c1", memory=None, person=1):
    return PersonPlan(person, key, memory, previews)


class TestTotals:
    def test_a_segment_has_the_people_of_now_and_of_after(self):
        """One moves from Regular to VIP; two others stay where they are."""
        moved = plan(
            tags("Regular", "VIP"), memory=memory("VIP", tags=["Regular"], segment="Regular")
        )
        found = totals(moved, members={"VIP": 2, "Regular": 1})
        assert [
            SegmentTotal("VIP", 1, 2),
            SegmentTotal("Regular", 2, 1),
            SegmentTotal("Hidden", None, 0),
        ] == found.segments

    def test_a_person_counts_once_in_a_segment_however_many_orders_are_written(self):
        new = plan(
            tags("", "VIP"), tags("", "VIP", kind="tags_order", target=7), memory=memory("VIP")
        )
        assert SegmentTotal("VIP", 0, 1) == totals(new, members={"VIP": 1}).segments[0]

    def test_a_note_alone_moves_no_one(self):
        alone = plan(note(), memory=memory("VIP"))
        assert SegmentTotal("VIP", 1, 1) == totals(alone, members={"VIP": 1}).segments[0]

    def test_a_tag_that_was_removed_by_hand_is_no_new_segment(self):
        stays = plan(
            tags("Other", "Other, New"),
            memory=memory("VIP", tags=["Other"], removed_by_hand=frozenset({"VIP"})),
        )
        assert SegmentTotal("VIP", 1, 1) == totals(stays, members={"VIP": 1}).segments[0]

    def test_without_a_tag_only_a_segment_of_the_shown_group_is_known(self):
        counter = TotalsCounter([SHOWN, OTHER], "lifecycle")
        counter.add(plan(tags("", "A"), memory=memory("Shown", "Other", tags=["A"])))
        found = counter.totals({"Shown": 3, "Other": 4}).segments
        assert [SegmentTotal("Shown", 2, 3), SegmentTotal("Other", None, 4)] == found

    def test_tags_are_counted_by_place(self):
        found = totals(
            plan(tags("A", "B"), tags("A, B", "B", kind="tags_order", target=7)),
            plan(tags("", "B"), person=2),
        )
        assert [TagTotal("A", 0, 1, 0, 1), TagTotal("B", 2, 0, 0, 0)] == found.tags
        assert {"tags_customer": 2, "tags_order": 1} == found.kinds

    def test_workflows_are_counted_by_changes_and_people(self):
        found = totals(plan(note(8), note(9)), plan(note(7), person=2))
        assert [RuleTotal("workflow hello", {"note": 3}, 2)] == found.rules
        assert "3 changes for 2 customers would be written to the store: 3 order notes." == summary(
            found
        )

    def test_tables_without_rows_are_left_out(self):
        counter = TotalsCounter(())
        counter.add(plan(tags("", "A")))
        headings = [table.heading for table in total_tables(counter.totals({}))]
        assert ["Tags", "Kinds of changes"] == headings


@pytest.mark.parametrize(
    ("preview", "words"),
    [
        (tags("At Risk, X", "High-Value Customer, X"), "+High-Value Customer −At Risk"),
        (tags("b, A", "c, D"), "+c +D −A −b"),
        (tags("Regular", "VIP", segments=("Regular", "VIP")), "+VIP −Regular"),
        (tags("A", "A, B", segments=("VIP", "Regular")), "+B; segment: VIP → Regular"),
        (tags("A", "A"), "nothing: the store shows it already"),
        (tags(None, "A"), "tags: (not readable) → A"),
        (
            Preview(entry("tags_order", 1), target_missing=True),
            "nothing: it no longer exists in the store",
        ),
    ],
)
def test_a_change_is_shown_as_what_is_added_and_removed(preview, words):
    assert words == change_words(preview)


def test_places_with_the_same_change_share_a_line():
    found = changes_of(plan(tags("", "A"), tags("", "A", kind="tags_order", target=7), note(8)))
    assert [
        (("customer 1", "order 7"), "", "+A"),
        (("order 8",), "workflow hello: order 9 paid", "Hello (ref X)"),
    ] == [(each.places, each.why, each.text) for each in found]


def test_customers_are_sorted_by_number_and_guests_after_them():
    keys = ["g:guest10@x", "c100", "g:guest9@x", "c9", "g:guest@x", "c10", "g:9@x"]
    assert [
        "c9", "c10", "c100", "g:9@x", "g:guest9@x", "g:guest10@x", "g:guest@x",
    ] == sorted(keys, key=key_order)  # fmt: skip


@given(st.lists(st.text().map("g:{}".format)))
def test_any_addresses_can_be_sorted(keys):
    assert sorted(keys) == sorted(sorted(keys, key=key_order))


def test_the_details_keep_the_first_lines_and_count_all():
    details = Details(2)
    for number in (30, 4, 100, 5, 9, 10):
        details.add(changes_of(plan(tags("", "A"), key=f"c{number}", person=number)))
    (group,) = details.counts
    assert ([4, 5], 6) == (
        [each.person for each in details.lines(group)][:2],
        details.counts[group],
    )
    assert {4, 5} == details.persons(2)
