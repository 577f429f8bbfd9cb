"""Run a command for each store: an error in one does not stop the others."""

from __future__ import annotations

from collections.abc import Callable

from wcflow.cli import output
from wcflow.cli.errors import report_error
from wcflow.cli.session import Session
from wcflow.errors import DONE, StoreError, WcflowError
from wcflow.maintenance import record_poll_failure
from wcflow.sync import SyncContext

StoreTask = Callable[[SyncContext], int]


def for_each_store(session: Session, name: str | None, task: StoreTask) -> int:
    """Run a task for each store, or the one with that name; return the worst exit code."""
    stores = session.stores(name)
    codes = [DONE]
    for settings in stores:
        context = session.context(settings)
        where = f"[store {settings.name}]: " if len(stores) > 1 else ""
        try:
            codes.append(task(context))
        except WcflowError as error:
            codes.append(report_error(error, where))
            if isinstance(error, StoreError):
                record_poll_failure(context, error)
        session.interrupt.stop_if_requested()
    return max(codes)


def print_hold(reason: str, *, then: str) -> None:
    """Print that changes wait for approval, and what to do."""
    output.print_line(output.as_sentence(reason), "yellow")
    output.print_line(then)
