"""All actions, kinds of outbox entries and their INI sections, by name.

A new action is one module here and its name in MODULES.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import STORE, ActionModule, EntryKind, Payload
from wcflow.actions.control import CONTROL
from wcflow.actions.coupon import COUPON
from wcflow.actions.customer_fields import CUSTOMER_EDITS
from wcflow.actions.email import EMAIL_MODULE
from wcflow.actions.erase import ERASING
from wcflow.actions.group import GROUP
from wcflow.actions.message import MESSAGES
from wcflow.actions.meta import META
from wcflow.actions.note import NOTE
from wcflow.actions.order_customer import ORDER_CUSTOMERS
from wcflow.actions.points import POINTS
from wcflow.actions.pool import POOL
from wcflow.actions.tag import TAG
from wcflow.actions.task import TASK
from wcflow.actions.webhook import WEBHOOKS
from wcflow.rules.keys import ActionSection
from wcflow.rules.steps import Action

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

MODULES = (
    TAG,
    NOTE,
    COUPON,
    POOL,
    CUSTOMER_EDITS,
    ERASING,
    ORDER_CUSTOMERS,
    EMAIL_MODULE,
    META,
    GROUP,
    POINTS,
    TASK,
    CONTROL,
    MESSAGES,
    WEBHOOKS,
)

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
    return 1 if kind.meta else 2 if kind.deliver else 3 if kind.record else 4


for _module in MODULES:
    register(_module)


def channels() -> list[str]:
    """Return every channel through which entries are delivered, the store first."""
    delivered = (kind.channel for kind in ENTRY_KINDS.values() if not kind.record)
    return list(dict.fromkeys([STORE, *delivered]))


def channel_kinds(channel: str) -> list[str]:
    return [kind.name for kind in ENTRY_KINDS.values() if kind.channel == channel]


def is_marketing(kind: str, payload: Payload) -> bool:
    """Return whether an entry is a message that needs consent and counts for message_cap."""
    return entry_kind(kind).message and not payload["transactional"]


def entry_kind(name: str) -> EntryKind:
    """Return a kind of entry, also one that is in the database but not in this version of wcflow.

    An entry of an unknown kind is shown, but never delivered.
    """
    return ENTRY_KINDS.get(name) or EntryKind(name, name, name, _unknown_content)


def _unknown_content(_payload: Payload, _zone: tzinfo) -> str:
    return "this version of wcflow does not know this kind of change"


def kinds_of(names: Iterable[str]) -> list[EntryKind]:
    """Return these kinds of entries in the order of delivery, unknown ones last."""
    wanted = set(names)
    return [
        entry_kind(name)
        for name in [*ENTRY_KINDS, *sorted(wanted - ENTRY_KINDS.keys())]
        if name in wanted
    ]


# Entries in words.


def target_words(entry: OutboxEntry) -> str:
    """Return where an entry goes: ``customer 12``, ``order 812``, or nothing."""
    place = entry_kind(entry.kind).resource
    return f"{place} {entry.target_id}" if place and entry.target_id else ""


def entry_words(entry: OutboxEntry) -> str:
    """Return what is done and where: ``tags on customer 12``, ``note on order 812``, ``coupon``."""
    kind, where = entry_kind(entry.kind), target_words(entry)
    phrase = kind.phrase_of(entry.payload) if kind.phrase_of else kind.phrase
    return f"{phrase} {where}" if where else kind.one


def content_words(entry: OutboxEntry, zone: tzinfo = UTC) -> str:
    """Return what is written, in one line."""
    if entry.is_erased:
        return "deleted with the customer"
    return entry_kind(entry.kind).content(entry.payload, zone)
