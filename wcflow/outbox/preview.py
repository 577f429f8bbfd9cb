"""What delivery would write, as far as the mirror knows. Nobody is asked, and nothing is written.

The merge is the very one of delivery; only the shop's present values come from the mirror.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from wcflow.config.load import Config
from wcflow.mirror import people
from wcflow.mirror.customers import customers
from wcflow.mirror.orders import order_records
from wcflow.mirror.queue import Entry
from wcflow.mirror.written import written_in
from wcflow.outbox.plans import Meta, place_of, plan_of_tags
from wcflow.rules.memory import Memory
from wcflow.rules.tags import NOTHING, Put

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
    for entry in sorted(entries, key=lambda each: (not each.kind.endswith("_customer"), each.id)):
        kind, _, place = entry.kind.partition("_")
        if kind not in ("tags", "meta"):
            found[entry.id] = Preview(entry)
            continue
        memory = memories.get(entry.subject)
        if entry.target not in shown[place] or (kind == "tags" and memory is None):
            found[entry.id] = Preview(entry, gone=True)
            continue
        there = shown[place][entry.target]
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
    if entry.kind.startswith("meta_"):
        return {entry.payload["key"]: entry.payload["value"]}
    memory = memories[entry.subject]
    plan = plan_of_tags(entry, memory, there, before, ours=ours, respect=respect)
    memories[entry.subject] = plan.memory or memories[entry.subject]
    return plan.meta


def _shown(tx: Connection, store: str, place: str, entries: Sequence[Entry]) -> Shown:
    targets = sorted({each.target for each in entries if each.kind.endswith(f"_{place}")})
    if place == "customer":
        return {number: each.meta for number, each in customers(tx, store, targets).items()}
    return {number: each.meta for number, each in order_records(tx, store, targets).items()}
