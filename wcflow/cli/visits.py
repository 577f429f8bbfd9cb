"""One store after another: what stops one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable

from wcflow.cli import output
from wcflow.cli.errors import tell
from wcflow.cli.session import Session
from wcflow.errors import DONE, StoreError, WcflowError
from wcflow.sync import (
    SyncContext,
    record_poll_failure,
)

Deed = Callable[[SyncContext], int]


def each_store(work: Session, name: str | None, deed: Deed) -> int:
    """Do something for each store, or the one of that name; give the worst exit code."""
    stores = work.stores(name)
    codes = [DONE]
    for settings in stores:
        line = work.line(settings)
        where = f"[store {settings.name}]: " if len(stores) > 1 else ""
        try:
            codes.append(deed(line))
        except WcflowError as error:
            codes.append(tell(error, where))
            if isinstance(error, StoreError):
                record_poll_failure(line, error)
        work.interrupt.over()
    return max(codes)


def say_held(reason: str, *, then: str) -> None:
    """Tell that the brake holds, and what to do."""
    output.say(f"Writes are held: {reason}.", "yellow")
    output.say(then)
