"""Send the messages of the outbox through apprise.

A message is handed over once. An entry that was marked and has no outcome may have been sent, and
only an admin can decide whether to send it again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from wcflow.channels.messages import RefusesAllError, send_to_one
from wcflow.database import outcomes
from wcflow.database.connection import Database
from wcflow.database.messages import HANDED_OVER
from wcflow.database.outbox import OutboxEntry
from wcflow.errors import CancelledError, DeliveryError

_MARK = f"{HANDED_OVER} apprise, which has not confirmed it yet"
_PAUSE = 30.0
"""Seconds without another try at a provider that refuses everything."""


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """Sends the messages of one store; ``urls`` are the addresses of apprise by channel.

    After a provider has refused everything, the messages of its channel are postponed untried.
    """

    db: Database
    urls: Mapping[str, str] = field(repr=False)
    _refused: dict[str, tuple[float, str]] = field(default_factory=dict)

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
        since, reason = self._refused.get(name, (-_PAUSE, ""))
        if time.monotonic() - since < _PAUSE:
            raise RefusesAllError(reason)
        with self.db.transaction() as tx:
            if not outcomes.mark_claimed(tx, entry.id, _MARK):
                raise CancelledError("it was stopped before it was sent")
        try:
            send_to_one(name, self.urls[name], entry.payload["to"], entry.payload["text"])
        except RefusesAllError as error:
            self._refused[name] = time.monotonic(), str(error)
            raise
        return f"message through {name}"
