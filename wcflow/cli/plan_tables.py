"""The tables of a plan: its totals, and what changes per customer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import NamedTuple

from wcflow.actions.registry import content_words, entry_kind, kinds_of, target_words
from wcflow.cli import describe, output
from wcflow.database.contacts import Contact, key_order
from wcflow.outbox.meta_plan import Preview
from wcflow.outbox.totals import PersonPlan, PlanTotals, tag_difference
from wcflow.rules.tags import (
    POINTS_META,
    SEGMENT_META,
    STATUS_META,
    TAGS_META,
    TIER_META,
    sort_tags,
    split_tags,
)

TAGS_GROUP, KINDS = "Tags and segments", "Kinds of changes"
_KEY_NAMES = {
    SEGMENT_META: "segment",
    TIER_META: "tier",
    POINTS_META: "points",
    STATUS_META: "status",
}
_NOTHING, _UNKNOWN = "(none)", "(not readable)"
COLUMNS = ("customer", "where", "why", "change")


class Count(int):
    """A number of people or changes, which is shown with separators: 56,455."""

    def __str__(self) -> str:
        return f"{int(self):,}"


class Table(NamedTuple):
    """A table with its heading."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Change(NamedTuple):
    """A line of the plan: what changes for one customer, in which places and why.

    ``order`` sorts lines: numbers as numbers, guests after customers.
    """

    order: tuple[object, ...]
    group: str
    person: int
    places: tuple[str, ...]
    why: str
    text: str


def format_counts(counts: Mapping[str, int]) -> str:
    """Return ``12 order notes, 12 coupons``."""
    return ", ".join(kind.count(counts[kind.name]) for kind in kinds_of(counts))


def summary(totals: PlanTotals) -> str:
    """Return how many changes wait, for how many customers."""
    changes = output.format_count(sum(totals.kinds.values()), "change")
    people = output.format_count(totals.people, "customer")
    return f"{changes} for {people} would be written to the store: {format_counts(totals.kinds)}."


def totals_json(totals: PlanTotals) -> dict[str, object]:
    return {
        "people": totals.people,
        "kinds": totals.kinds,
        "segments": [each._asdict() for each in totals.segments],
        "tags": [each._asdict() for each in totals.tags],
        "rules": [each._asdict() for each in totals.rules],
    }


def detail_row(change: Change, contacts: Mapping[int, Contact]) -> tuple[str, str, str, str]:
    """Return a line of the plan with its customer.

    The customer's own record is not named, because the customer has its number.
    """
    contact = contacts.get(change.person)
    places = [each for each in change.places if not each.startswith("customer ")]
    where = ", ".join(("customer", *places) if len(places) < len(change.places) else places)
    return str(contact or ""), where, change.why, change.text


def total_tables(totals: PlanTotals) -> Iterator[Table]:
    """Yield the tables with the totals, without those that have no rows."""
    segments = [
        (
            each.segment,
            "not known" if each.before is None else Count(each.before),
            Count(each.after),
            _signed(each.before, each.after),
        )
        for each in totals.segments
    ]
    tags = [
        (
            each.tag,
            _plus_minus(each.added_to_customers, each.removed_from_customers),
            _plus_minus(each.added_to_orders, each.removed_from_orders),
        )
        for each in totals.tags
    ]
    rules = [(each.rule, Count(each.people), format_counts(each.kinds)) for each in totals.rules]
    kinds = [(kind.several, Count(totals.kinds[kind.name])) for kind in kinds_of(totals.kinds)]
    yield from (
        table
        for table in (
            Table(
                "Customers per segment",
                ("segment", "in the store now", "after", "difference"),
                segments,
            ),
            Table("Tags", ("tag", "on customers", "on orders"), tags),
            Table("Workflows", ("rule", "customers", "would write"), rules),
            Table(KINDS, ("kind", "changes"), kinds),
        )
        if table.rows
    )


def _signed(before: int | None, after: int) -> str:
    difference = after - (after if before is None else before)
    return _plus_minus(max(difference, 0), max(-difference, 0))


def _plus_minus(added: int, removed: int) -> str:
    """Return ``+12 −3``."""
    parts = [f"+{added:,}" if added else "", f"−{removed:,}" if removed else ""]
    return " ".join(filter(None, parts))


def changes_of(plan: PersonPlan, zone: tzinfo = UTC) -> list[Change]:
    """Return the lines of one person; places with the same change share a line."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for preview in plan.previews:
        text = change_words(preview, zone)
        lines.setdefault((_group(preview), _why(preview), text), []).append(_place(preview))
    order = key_order(plan.key)
    return [
        Change((*order, at), group, plan.person, tuple(filter(None, places)), why, text)
        for at, ((group, why, text), places) in enumerate(lines.items())
    ]


def _group(preview: Preview) -> str:
    kind = entry_kind(preview.entry.kind)
    return TAGS_GROUP if kind.state else kind.several.capitalize()


def _place(preview: Preview) -> str:
    return target_words(preview.entry) if entry_kind(preview.entry.kind).resource else ""


def _why(preview: Preview) -> str:
    entry = preview.entry
    if entry_kind(entry.kind).state:
        return ""
    return f"{entry.rule}: {describe.event_words(entry.event)}"


class Details:
    """The first lines of each group, in their order, and how many there are.

    ``limit`` is the number of lines that are kept of a group; None keeps all.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._kept: dict[str, list[Change]] = {}
        self.counts: Counter[str] = Counter()

    def add(self, changes: Iterable[Change]) -> None:
        """Add the lines of some people."""
        for change in changes:
            self._kept.setdefault(change.group, []).append(change)
            self.counts[change.group] += 1
        for group, kept in self._kept.items():
            if self._limit is not None and len(kept) > 2 * self._limit:
                self._kept[group] = sorted(kept)[: self._limit]

    def lines(self, group: str, most: int | None = None) -> list[Change]:
        """Return the lines of a group that are kept, or the first of them."""
        return sorted(self._kept.get(group, ()))[:most]

    def persons(self, most: int | None = None) -> set[int]:
        """Return the people in these lines of all groups."""
        return {each.person for group in self._kept for each in self.lines(group, most)}


def change_words(preview: Preview, zone: tzinfo = UTC) -> str:
    """Return what would change: ``+High-Value Customer −At Risk``."""
    if preview.target_missing:
        return "nothing: it no longer exists in the store"
    if preview.after is None:
        return content_words(preview.entry, zone)
    before = preview.before
    changes = [
        _value_change(key, before, value or "")
        for key, value in preview.after.items()
        if before is None or (before.get(key) or "") != (value or "")
        if not (key == SEGMENT_META and _tags_show_it(preview))
    ]
    return "; ".join(filter(None, changes)) or "nothing: the store shows it already"


def _tags_show_it(preview: Preview) -> bool:
    """Return whether the tags that change already show how the segment changes."""
    difference = tag_difference(preview)
    if difference is None or preview.before is None or preview.after is None:
        return False
    old, new = preview.before.get(SEGMENT_META), preview.after.get(SEGMENT_META)
    return new in difference.added and (not old or old in difference.removed)


def _value_change(key: str, before: Mapping[str, str | None] | None, after: str) -> str:
    """Return how one value changes; of tags, those that are added and those that are removed."""
    old = _UNKNOWN if before is None else before.get(key) or ""
    if before is None and key == SEGMENT_META and not after:
        return ""
    if key != TAGS_META:
        return f"{_KEY_NAMES.get(key, key)}: {old or _NOTHING} → {after or _NOTHING}"
    if before is None:
        return f"tags: {old} → {after or _NOTHING}"
    old_tags, new_tags = split_tags(old), split_tags(after)
    return " ".join(
        [
            *(f"+{tag}" for tag in sort_tags(new_tags - old_tags)),
            *(f"−{tag}" for tag in sort_tags(old_tags - new_tags)),
        ]
    )


def group_names(kinds: Iterable[str]) -> list[str]:
    """Return the groups of changes in the order in which they are shown."""
    names = [TAGS_GROUP if kind.state else kind.several.capitalize() for kind in kinds_of(kinds)]
    return list(dict.fromkeys(names))
