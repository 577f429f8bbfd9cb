"""Send the messages of the outbox through apprise.

A message is handed over once. An entry that was marked and has no outcome may have been sent, and
only an admin can decide whether to send it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wcflow.channels.messages import send_to_one
from wcflow.database import outcomes
from wcflow.database.connection import Database
from wcflow.database.messages import HANDED_OVER
from wcflow.database.outbox import OutboxEntry
from wcflow.errors import CancelledError, DeliveryError

_MARK = f"{HANDED_OVER} apprise, which has not confirmed it yet"


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """Sends the messages of one store; ``urls`` are the addresses of apprise by channel."""

    db: Database
    urls: Mapping[str, str] = field(repr=False)

    def deliver(self, entry: OutboxEntry) -> str:
        """Send the message of an entry; return the outcome in words. Raises DeliveryError."""
        name = entry.payload["channel"]
        if entry.outcome == _MARK:
            raise DeliveryError(
                "may have been sent: wcflow was interrupted before it was confirmed. 'wcflow outbox"
                " retry' would send it again.",
                permanent=True,
            )
        if name not in self.urls:
            raise DeliveryError(f"[channel {name}] is no longer in the INI file", permanent=True)
        with self.db.transaction() as tx:
            if not outcomes.mark_claimed(tx, entry.id, _MARK):
                raise CancelledError("it was stopped before it was sent")
        send_to_one(name, self.urls[name], entry.payload["to"], entry.payload["text"])
        return f"message through {name}"
