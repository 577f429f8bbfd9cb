"""What is written to one place: the wanted tags merged with what the place shows.

Delivery and preview share it; only the source of the present values differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import entry_kind
from wcflow.config.load import Config
from wcflow.database import people
from wcflow.database.customers import load_customers
from wcflow.database.orders import load_orders
from wcflow.database.outbox import OutboxEntry
from wcflow.database.tags import load_written_tags
from wcflow.rules.older_orders import tags_of_others
from wcflow.rules.tags import (
    NO_CHANGE,
    Memory,
    TagChange,
    TagMeta,
    TagPlace,
    copy_of,
    known_meta,
    merge_tags,
    read_tag_meta,
)

Meta = Mapping[str, str | None]
ShownMeta = Mapping[int, Mapping[str, str] | None]
"""The meta values of customers or orders by id; None where they cannot be read."""


@dataclass(frozen=True, slots=True)
class MetaPlan:
    """What to write for one entry, and the person's memory before and once it is written.

    ``put`` are the tags that no person added, and those that are removed.
    """

    entry: OutboxEntry
    meta: Meta
    before: Memory | None = None
    memory: Memory | None = None
    put: TagChange = NO_CHANGE

    def memory_after(self, now: Memory) -> Memory:
        """Return the memory once it is written; ``now`` has what a team changed meanwhile."""
        before, after = self.before, self.memory
        assert before is not None, "only plans of tags have a memory"
        assert after is not None, "and they have both"
        found = {
            name: (getattr(now, name) | (getattr(after, name) - getattr(before, name)))
            - (getattr(before, name) - getattr(after, name))
            for name in ("added_by_hand", "removed_by_hand")
        }
        changed, place = replace(now, **found), target_of(self.entry)
        written = None if self.entry.payload.get("place") else after.written_in(place)
        return changed.with_written(place, written) if written else changed


def target_of(entry: OutboxEntry) -> TagPlace:
    return entry_kind(entry.kind).resource, entry.target_id


class MetaPlanner:
    """Plans entries one after another; what a merge finds out about a person holds for the next.

    ``ours`` are the tags that rules can make, ``respect`` whether manual tag changes win.
    """

    def __init__(
        self,
        tx: Connection,
        store: str,
        entries: Sequence[OutboxEntry],
        *,
        ours: frozenset[str],
        respect: bool,
    ) -> None:
        self._memories = people.load_memories(tx, store, sorted({each.person for each in entries}))
        self.written = load_written_tags(tx, store, map(target_of, entries))
        self._ours, self._respect = ours, respect

    def plan(self, entry: OutboxEntry, shown: Mapping[str, str] | None) -> MetaPlan | None:
        """Return what to write where ``shown`` is shown now; None if nothing is left of the person."""
        kind = entry_kind(entry.kind)
        assert kind.meta is not None, "only kinds that are meta values are planned"
        if not kind.state:
            return MetaPlan(entry, kind.meta(entry.payload))
        memory = self._memories.get(entry.person)
        if memory is None:
            return None
        plan = self._plan_tags(entry, memory, shown)
        self._memories[entry.person] = plan.memory or memory
        return plan

    def _plan_tags(
        self, entry: OutboxEntry, memory: Memory, shown: Mapping[str, str] | None
    ) -> MetaPlan:
        resource = target_of(entry)
        if entry.payload.get("place"):
            return self._plan_older_order(entry, memory, shown)
        copy = copy_of(resource, shown, memory, self.written)
        merged = merge_tags(
            [copy],
            frozenset(entry.payload["wanted"]),
            memory.added_by_hand,
            memory.removed_by_hand,
            ours=self._ours,
            respect=self._respect,
        )
        written = TagMeta(merged.target, entry.payload["segment"], _more(entry))
        after = replace(
            memory, added_by_hand=merged.added_by_hand, removed_by_hand=merged.removed_by_hand
        )
        put = TagChange(
            merged.target - merged.added_by_hand, (copy.base or frozenset()) - merged.target
        )
        meta = _removed(entry) | written.meta
        return MetaPlan(entry, meta, memory, after.with_written(resource, written), put)

    def _plan_older_order(
        self, entry: OutboxEntry, memory: Memory, shown: Mapping[str, str] | None
    ) -> MetaPlan:
        """Plan an order beside the latest: manual changes there say nothing about the person."""
        wanted = frozenset(entry.payload["wanted"])
        tags: frozenset[str] = frozenset()
        if entry.payload["place"] == "older":
            tags = (wanted - memory.removed_by_hand) | memory.added_by_hand
        here = read_tag_meta(shown) or TagMeta(frozenset())
        before = self.written.get(target_of(entry), NO_CHANGE)
        others = tags_of_others(here, before, self._ours | wanted)
        written = TagMeta(tags | others, entry.payload["segment"], _more(entry))
        meta = _removed(entry) | written.meta
        put = TagChange(tags, here.tags - written.tags)
        return MetaPlan(entry, meta, memory, memory, put)


def _more(entry: OutboxEntry) -> tuple[tuple[str, str], ...]:
    """Return the tier and the points that an entry shows."""
    return tuple((key, value) for key, value in entry.payload.get("more", {}).items() if value)


def _removed(entry: OutboxEntry) -> dict[str, str | None]:
    """Return the tier and the points that an entry removes."""
    return {key: None for key, value in entry.payload.get("more", {}).items() if not value}


@dataclass(frozen=True, slots=True)
class Preview:
    """One entry and, for a meta value, what is there (None: not known) and what will be.

    ``gone`` means that its customer or order is no longer in the store.
    """

    entry: OutboxEntry
    before: Meta | None = None
    after: Meta | None = None
    target_missing: bool = False


def previews(
    tx: Connection, store: str, config: Config, entries: Sequence[OutboxEntry]
) -> list[Preview]:
    """Return what each entry would change, as far as the local copy knows.

    Customers come before orders, as they are delivered.
    """
    shown = {resource: _shown(tx, store, resource, entries) for resource in ("customer", "order")}
    ours, respect = config.rules.static_tags, config.manual_tags == "respect"
    meta = [each for each in entries if entry_kind(each.kind).meta]
    planner = MetaPlanner(tx, store, meta, ours=ours, respect=respect)
    found = {entry.id: Preview(entry) for entry in entries}
    for entry in sorted(meta, key=lambda each: (target_of(each)[0] != "customer", each.id)):
        found[entry.id] = _preview(planner, entry, shown[target_of(entry)[0]])
    return [found[entry.id] for entry in entries]


def _preview(planner: MetaPlanner, entry: OutboxEntry, shown: ShownMeta) -> Preview:
    current = shown.get(entry.target_id)
    plan = planner.plan(entry, current) if entry.target_id in shown else None
    if plan is None:
        return Preview(entry, target_missing=True)
    before = None if current is None else {key: current.get(key) for key in plan.meta}
    return Preview(entry, before, plan.meta)


def _shown(tx: Connection, store: str, resource: str, entries: Sequence[OutboxEntry]) -> ShownMeta:
    targets = sorted({number for where, number in map(target_of, entries) if where == resource})
    load = load_customers if resource == "customer" else load_orders
    return {
        number: known_meta(each.meta, each.odd_fields)
        for number, each in load(tx, store, targets).items()
    }
