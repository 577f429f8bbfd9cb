"""What an action module declares, and what a kind of outbox entry is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from wcflow.errors import DeliveryError
from wcflow.rules.keys import ActionSection
from wcflow.rules.steps import Action

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from sqlalchemy import Connection

    from wcflow.database.outbox import OutboxEntry
    from wcflow.profile import Profile
    from wcflow.store.client import Store

Payload = Mapping[str, Any]
STORE = "store"
"""The channel of whatever goes to the WooCommerce store itself."""
WCFLOW = "wcflow"
"""The channel of what is only recorded in wcflow's own tables, such as points and groups."""


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What entries are delivered through: the store, and other channels by name."""

    store: Store
    others: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step that changes wcflow's own tables, in the transaction that saves its run."""

    store: str
    person: int
    rule: str
    event: str
    step: str
    payload: Payload
    run_id: int | None
    at: datetime

    @property
    def key(self) -> str:
        """The stable name of what leads to it: ``workflow welcome, first order, step 3``."""
        return f"{self.rule}, {self.event}, step {self.step.partition(' ')[0]}"


def through_channel(entry: OutboxEntry, ways: WaysOut) -> str:
    """Deliver a message through the channel that has the name of its kind."""
    outcome: str = ways.others[entry.kind].deliver(entry)
    return outcome


def recipient(payload: Payload) -> str:
    """Return where a message goes, and whether it is transactional, in words."""
    return f"{payload['to']}{' (transactional)' if payload['transactional'] else ''}"


MAX_TRIES = 16
"""Sixteen tries with growing pauses take two days: one entry survives an outage of a weekend."""


def unless_permanent(error: DeliveryError) -> bool:
    return not error.permanent


@dataclass(frozen=True, slots=True)
class EntryKind:
    """A kind of outbox entry: how it is named, shown and delivered.

    ``one`` and ``several`` are its names, ``counted`` the forms of a count ("tags on {}
    customer") where that is not the number and the name. ``resource`` is what its target is:
    "customer", "order" or "". ``phrase`` comes before the place ("note on"), ``phrase_of``
    instead if it depends on the payload. ``content`` shows a payload in one line. ``deliver``
    performs one entry and returns the outcome in words; ``meta`` instead marks entries that are
    written as meta values of their place, in batches. Entries with neither are never delivered.
    ``state`` entries replace each other. ``record`` instead applies an entry in the transaction
    that saves its run and returns the outcome; the entry is done then. ``retried`` says which
    errors are worth another try. ``is_gone`` asks whether what an entry made was deleted in the
    store since; later entries can contain its result. ``expires`` is when that result ends by
    itself. ``waits_for`` are error codes with which all entries of the kind wait, however long,
    with the reason in words. ``tries`` is how often it is tried before it fails. ``details``
    shows the whole of a payload. ``message`` marks what reaches a customer: consent,
    message_cap and quiet_hours decide when it is sent. Its payload has "to", the address, and
    "transactional"; "consented" is whether they had given their consent when it was made,
    "consent_meta" the channel's own field for it, if any. ``address`` is the address of a
    person at a moment, which replaces "to" if it has changed since.
    """

    name: str
    one: str
    several: str
    content: Callable[[Payload, tzinfo], str]
    counted: tuple[str, str] = ("", "")
    resource: str = ""
    phrase: str = ""
    phrase_of: Callable[[Payload], str] | None = None
    deliver: Callable[[OutboxEntry, WaysOut], str] | None = None
    meta: Callable[[Payload], Mapping[str, str | None]] | None = None
    state: bool = False
    record: Callable[[Connection, Recorded], str] | None = None
    channel: str = STORE
    retried: Callable[[DeliveryError], bool] = unless_permanent
    is_gone: Callable[[OutboxEntry, WaysOut], bool] | None = None
    expires: Callable[[Payload], datetime | None] | None = None
    waits_for: Mapping[str, str] = field(default_factory=dict)
    message: bool = False
    address: Callable[[Payload, Profile, datetime], str] | None = None
    tries: int = MAX_TRIES
    details: Callable[[Payload], str] | None = None

    def count(self, number: int) -> str:
        """Return ``tags on 2 customers`` or ``1 coupon``."""
        usual = f"{{}} {self.one}", f"{{}} {self.several}"
        return (self.counted[number != 1] or usual[number != 1]).format(f"{number:,}")


@dataclass(frozen=True, slots=True)
class ActionModule:
    """Everything that one module adds: actions, kinds of outbox entries, kinds of INI sections."""

    actions: tuple[Action, ...]
    kinds: tuple[EntryKind, ...] = ()
    sections: tuple[ActionSection, ...] = ()
