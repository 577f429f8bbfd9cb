"""``wcflow resync``: read everything from the store again, without writing to it."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow import maintenance
from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Verbose
from wcflow.cli.session import Session, for_each_store, open_session
from wcflow.errors import DONE
from wcflow.poll.context import PollResult
from wcflow.sync import SyncContext, refresh_store_info

EPILOG = """\b
Exit codes:
    0  done
   75  the store cannot be reached, or another wcflow is working on it
   78  the store rejects the API key, or is not at this address
"""


def register(app: typer.Typer) -> None:
    app.command("resync", epilog=EPILOG)(resync)


def resync(
    config: ConfigFile = None,
    store: StoreName = None,
    orders: Annotated[
        bool, typer.Option("--orders", help="Only read orders and products.")
    ] = False,
    customers: Annotated[bool, typer.Option("--customers", help="Only read customers.")] = False,
    verbose: Verbose = False,
) -> None:
    """Import everything from the store again.

    Use it when 'wcflow check-database' reports a problem. Reads every order and customer again and
    removes from the database what the store no longer has. The next sync then evaluates everyone.
    wcflow remembers what it has written, so nothing is written twice and no workflow starts again.
    Takes as long as the initial import; if it is interrupted, the next sync continues it.
    """
    both = orders == customers
    with open_session(config, verbose=verbose) as session:
        raise typer.Exit(
            for_each_store(
                session,
                store,
                lambda context: _resync_store(session, context, orders or both, customers or both),
            )
        )


def _resync_store(session: Session, context: SyncContext, orders: bool, customers: bool) -> int:
    try:
        refresh_store_info(context)
        polled = maintenance.resync(context, orders=orders, customers=customers)
    finally:
        session.progress_display.clear()
    _print_result(context, polled)
    return DONE


def _print_result(context: SyncContext, polled: PollResult) -> None:
    changed = [
        output.format_count(polled.orders, "order"),
        output.format_count(polled.customers, "customer"),
        output.format_count(polled.products, "product"),
    ]
    output.print_line(f"{context.name}: {context.store.url}", "bold")
    output.print_line(f"everything was read again: {', '.join(changed)} were out of date", indent=2)
    if polled.deleted:
        output.print_line(
            f"{polled.deleted:,} were removed, because the store no longer has them", indent=2
        )
    output.print_line(f"{polled.requests:,} requests", "dim", indent=2)
    output.print_line(
        "The next 'wcflow sync' evaluates everyone again; the daemon does so automatically."
    )
