"""All actions, kinds of outbox entries and their INI sections, by name.

A new action is one module here and its name in MODULES.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import STORE, ActionModule, EntryKind
from wcflow.actions.control import CONTROL
from wcflow.actions.coupon import COUPON
from wcflow.actions.meta import META
from wcflow.actions.note import NOTE
from wcflow.actions.tag import TAG
from wcflow.rules.keys import ActionSection
from wcflow.rules.steps import Action

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

MODULES = (TAG, NOTE, COUPON, META, CONTROL)

ACTIONS: dict[str, Action] = {}
ENTRY_KINDS: dict[str, EntryKind] = {}
"""In the order of delivery: tags and other meta first, for notes and coupons are read by people."""
SECTIONS: dict[str, ActionSection] = {}


def register(module: ActionModule) -> None:
    """Add what a module declares."""
    ACTIONS.update({each.name: each for each in module.actions})
    SECTIONS.update({each.kind.name: each for each in module.sections})
    kinds = [*ENTRY_KINDS.values(), *module.kinds]
    ENTRY_KINDS.clear()
    ENTRY_KINDS.update({each.name: each for each in sorted(kinds, key=_turn)})


def _turn(kind: EntryKind) -> int:
    if kind.state:
        return 0
    return 1 if kind.meta else 2 if kind.deliver else 3


for _module in MODULES:
    register(_module)


def channels() -> list[str]:
    """Return every channel, the store first."""
    names = dict.fromkeys([STORE, *(kind.channel for kind in ENTRY_KINDS.values())])
    return list(names)


def channel_kinds(channel: str) -> list[str]:
    return [kind.name for kind in ENTRY_KINDS.values() if kind.channel == channel]


# Entries in words.


def target_words(entry: OutboxEntry) -> str:
    """Return where an entry goes: ``customer 12``, ``order 812``, or nothing."""
    place = ENTRY_KINDS[entry.kind].resource
    return f"{place} {entry.target_id}" if place and entry.target_id else ""


def entry_words(entry: OutboxEntry) -> str:
    """Return what is done and where: ``tags on customer 12``, ``note on order 812``, ``coupon``."""
    kind, where = ENTRY_KINDS[entry.kind], target_words(entry)
    return f"{kind.phrase} {where}" if where else kind.one


def content_words(entry: OutboxEntry, zone: tzinfo = UTC) -> str:
    """Return what is written, in one line."""
    return ENTRY_KINDS[entry.kind].content(entry.payload, zone)
