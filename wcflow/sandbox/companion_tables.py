"""The companion plugin's tables, and the rows that the store's own operations add to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from wcflow.sandbox.state import State

PLUGIN = "companion"
KEPT = timedelta(days=14)
SERVED_AFTER = timedelta(seconds=2)
SWITCHES = (
    *("product_viewed", "category_viewed", "search", "cart_updated", "logged_in"),
    *("email_opened", "email_clicked"),
)
"""The kinds of events that can be switched off."""
NOTE = "note"
_STRONGEST = ("deleted", "trashed", "saved")


@dataclass(slots=True)
class Row:
    """A row of a stream."""

    id: int
    key: str
    at: datetime
    fields: dict[str, Any]


@dataclass(slots=True)
class Stream:
    """Rows in the order of their ids; `last` is the last id ever given."""

    rows: list[Row] = field(default_factory=list)
    last: int = 0


@dataclass(slots=True)
class Tables:
    """What the plugin keeps. `made` counts keys and survives a restored backup, as chance does."""

    epoch: str = ""
    version: str = "0.1.0"
    changes: Stream = field(default_factory=Stream)
    requests: Stream = field(default_factory=Stream)
    events: Stream = field(default_factory=Stream)
    people: dict[int, dict[str, Any]] = field(default_factory=dict)
    generations: dict[int, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    generation: str = ""
    summary: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    switched_off: frozenset[str] = frozenset()
    consent_plugin: str = ""
    dropped_emails: int = 0
    clock: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    made: int = 0

    def __post_init__(self) -> None:
        """Name the tables."""
        self.epoch = self.epoch or self.make_key("epoch")

    def make_key(self, kind: str) -> str:
        """Return a new key, which no other row has or had."""
        self.made += 1
        return str(UUID(bytes=sha256(f"{kind} {self.made}".encode()).digest()[:16], version=4))

    def stream(self, name: str) -> Stream:
        """Return a stream by its name."""
        found: Stream = getattr(self, name)
        return found

    def append(self, name: str, now: datetime, fields: dict[str, Any]) -> Row:
        """Append a row to a stream."""
        stream = self.stream(name)
        stream.last += 1
        row = Row(stream.last, self.make_key(name), now, fields)
        stream.rows.append(row)
        return row

    def purge(self, now: datetime) -> None:
        """Delete rows that are too old, as the plugin does daily; their numbers are not given again."""
        self.clock = max(self.clock, now)
        for stream in (self.changes, self.requests, self.events):
            if stream.rows and stream.rows[0].at < now - KEPT:
                stream.rows = [row for row in stream.rows if row.at >= now - KEPT]


def record_change(
    state: State, kind: str, object_id: int, what: str, now: datetime | None = None
) -> None:
    """Note that an order or a customer changed: saved, trashed, deleted, note.

    Changes of one object at one moment are one row, apart from notes. Without `now` it is the time of
    the last request.
    """
    if PLUGIN not in state.settings.plugins:
        return
    tables = state.companion
    at = tables.clock if now is None else now
    tables.clock = max(tables.clock, at)
    for row in reversed(tables.changes.rows):
        if row.at != at:
            break
        if (row.fields["kind"], row.fields["object_id"]) != (kind, object_id):
            continue
        if what == row.fields["what"]:
            return
        if NOTE not in (what, row.fields["what"]):
            row.fields["what"] = min(row.fields["what"], what, key=_STRONGEST.index)
            return
    tables.append("changes", at, {"kind": kind, "object_id": object_id, "what": what})


def record_event(
    state: State,
    kind: str,
    now: datetime,
    data: dict[str, Any],
    *,
    customer: int = 0,
    email: str = "",
) -> int:
    """Append an event unless its kind is switched off, and return its id, or 0."""
    if PLUGIN not in state.settings.plugins or kind in state.companion.switched_off:
        return 0
    fields = {"kind": kind, "customer_id": customer, "email": email, "data": data}
    return state.companion.append("events", now, fields).id
