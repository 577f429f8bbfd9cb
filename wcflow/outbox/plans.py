"""What is to be written to one place: its wanted tags, merged with what it shows. Pure.

Delivery goes by it, and so does whoever asks beforehand what delivery would write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wcflow.mirror.queue import Entry
from wcflow.rules.memory import TAGS_META, Memory, Written
from wcflow.rules.tags import NOTHING, Copy, Put, merge, split_tags

Meta = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write for one entry, and the person's memory once it is written.

    ``put`` are the tags among it that no hand added, and those that it takes away.
    """

    entry: Entry
    meta: Meta
    memory: Memory | None = None
    put: Put = NOTHING


def place_of(entry: Entry) -> tuple[str, int]:
    """Give the place that an entry is about."""
    return "customer" if entry.kind.endswith("_customer") else "order", entry.target


def plan_of_tags(
    entry: Entry,
    memory: Memory,
    shown: Mapping[str, str] | None,
    before: Put,
    *,
    ours: frozenset[str],
    respect: bool,
) -> Plan:
    """Merge what is wanted with what the place shows now; None where that is not known.

    ``before`` is what wcflow may have changed there until now.
    """
    on_customer = entry.kind == "tags_customer"
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
    return Plan(entry, shows.meta, memory, put)


def _copy(shown: Mapping[str, str] | None, written: Written | None, *, on_customer: bool) -> Copy:
    base = written.tags if written else None
    if shown is None:
        return Copy(None, base)
    if not on_customer and written is None and TAGS_META not in shown:
        # A new latest order never showed any tags: nobody took them away from it.
        return Copy(None, None)
    return Copy(split_tags(shown.get(TAGS_META)), base)
