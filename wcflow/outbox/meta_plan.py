"""What is to be written to one place: its wanted tags, merged with what it shows. Pure.

Delivery goes by it, and so does whoever asks beforehand what delivery would write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy import Connection

from wcflow.actions.registry import ENTRY_KINDS
from wcflow.config.load import Config
from wcflow.database import people
from wcflow.database.customers import customers
from wcflow.database.orders import order_records
from wcflow.database.outbox import Entry
from wcflow.database.tags import written_in
from wcflow.rules.memory import TAGS_META, Memory, Written
from wcflow.rules.tags import NOTHING, Copy, Put, merge, split_tags

Meta = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class MetaPlan:
    """What to write for one entry, and the person's memory once it is written.

    ``put`` are the tags among it that no hand added, and those that it takes away.
    """

    entry: Entry
    meta: Meta
    memory: Memory | None = None
    put: Put = NOTHING


def place_of(entry: Entry) -> tuple[str, int]:
    """Give the place that an entry is about."""
    return ENTRY_KINDS[entry.kind].place, entry.target


def meta_of(entry: Entry) -> Meta:
    """Return the meta values that an entry asks for."""
    meta = ENTRY_KINDS[entry.kind].meta
    assert meta is not None, "only kinds that are meta values are written as such"
    return meta(entry.payload)


def plan_tags(
    entry: Entry,
    memory: Memory,
    shown: Mapping[str, str] | None,
    before: Put,
    *,
    ours: frozenset[str],
    respect: bool,
) -> MetaPlan:
    """Merge what is wanted with what the place shows now; None where that is not known.

    ``before`` is what wcflow may have changed there until now.
    """
    on_customer = place_of(entry)[0] == "customer"
    on_order = memory.written_order if memory.written_order_id == entry.target else None
    written = memory.written_customer if on_customer else on_order
    copy = replace(_copy(shown, written, on_customer=on_customer), put=before)
    merged = merge(
        [copy],
        frozenset(entry.payload["wanted"]),
        memory.by_hand,
        memory.refused,
        ours=ours,
        respect=respect,
    )
    shows = Written(merged.target, entry.payload["segment"])
    memory = replace(memory, by_hand=merged.by_hand, refused=merged.refused)
    if on_customer:
        memory = replace(memory, written_customer=shows)
    else:
        memory = replace(memory, written_order=shows, written_order_id=entry.target)
    put = Put(merged.target - merged.by_hand, (copy.base or frozenset()) - merged.target)
    return MetaPlan(entry, shows.meta, memory, put)


def _copy(shown: Mapping[str, str] | None, written: Written | None, *, on_customer: bool) -> Copy:
    base = written.tags if written else None
    if shown is None:
        return Copy(None, base)
    if not on_customer and written is None and TAGS_META not in shown:
        # A new latest order never showed any tags: nobody took them away from it.
        return Copy(None, None)
    return Copy(split_tags(shown.get(TAGS_META)), base)


# What delivery would write, as far as the mirror knows. Nobody is asked, and nothing is written. The merge is the very one of delivery; only the shop's present values come from the mirror.

Shown = Mapping[int, Mapping[str, str] | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """One effect, and of a meta value what stands there (None: not known) and what will.

    ``gone`` says that its customer or order is no longer at the shop.
    """

    entry: Entry
    before: Meta | None = None
    after: Meta | None = None
    gone: bool = False


def previews(tx: Connection, store: str, config: Config, entries: Sequence[Entry]) -> list[Preview]:
    """Give each effect with what it would change; customers come before orders, as delivered."""
    shown = {place: _shown(tx, store, place, entries) for place in ("customer", "order")}
    memories = people.memories(tx, store, sorted({entry.subject for entry in entries}))
    ours, respect = config.rules.static_tags, config.manual_tags == "respect"
    written = written_in(tx, store, map(place_of, entries))
    found: dict[int, Preview] = {}
    for entry in sorted(entries, key=lambda each: (place_of(each)[0] != "customer", each.id)):
        kind = ENTRY_KINDS[entry.kind]
        if not kind.meta:
            found[entry.id] = Preview(entry)
            continue
        memory = memories.get(entry.subject)
        if entry.target not in shown[kind.place] or (kind.state and memory is None):
            found[entry.id] = Preview(entry, gone=True)
            continue
        there = shown[kind.place][entry.target]
        before = written.get(place_of(entry), NOTHING)
        after = _after(entry, memories, there, before, ours=ours, respect=respect)
        now = None if there is None else {key: there.get(key) for key in after}
        found[entry.id] = Preview(entry, now, after)
    return [found[entry.id] for entry in entries]


def _after(
    entry: Entry,
    memories: dict[str, Memory],
    there: Mapping[str, str] | None,
    before: Put,
    *,
    ours: frozenset[str],
    respect: bool,
) -> Meta:
    """Give what will stand there; what a merge learns of a person holds for the next place."""
    if not ENTRY_KINDS[entry.kind].state:
        return meta_of(entry)
    memory = memories[entry.subject]
    plan = plan_tags(entry, memory, there, before, ours=ours, respect=respect)
    memories[entry.subject] = plan.memory or memories[entry.subject]
    return plan.meta


def _shown(tx: Connection, store: str, place: str, entries: Sequence[Entry]) -> Shown:
    targets = sorted({number for where, number in map(place_of, entries) if where == place})
    if place == "customer":
        return {number: each.meta for number, each in customers(tx, store, targets).items()}
    return {number: each.meta for number, each in order_records(tx, store, targets).items()}
