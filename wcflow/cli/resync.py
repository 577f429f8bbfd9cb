"""``wcflow resync``: read the shop anew over the mirror that is there. Nothing is written to the shop."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow import sync
from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Verbose
from wcflow.cli.session import Session, open_session
from wcflow.cli.visits import for_each_store
from wcflow.errors import DONE
from wcflow.poll.context import PollResult
from wcflow.sync import SyncContext, refresh_store_info

EPILOG = """\b
Exit codes:
    0  done
   75  the shop is out of reach, or another wcflow is at work
   78  the shop refuses the key, or is not at this address
"""


def register(app: typer.Typer) -> None:
    app.command("resync", epilog=EPILOG)(resync)


def resync(
    config: ConfigFile = None,
    store: StoreName = None,
    orders: Annotated[bool, typer.Option("--orders", help="Only orders and products.")] = False,
    customers: Annotated[bool, typer.Option("--customers", help="Only customers.")] = False,
    verbose: Verbose = False,
) -> None:
    """Read the shop anew, and make the mirror what the shop is.

    For a mirror that 'wcflow check-database' finds wrong. Every order and customer is read once
    more, what the shop no longer has is dropped, and everybody is judged again by the next walk.
    What was done to the shop stays known, so nothing is written twice and no workflow is set off
    again. Takes as long as the first census; if it is ended, the next walk goes on with it.
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
        polled = sync.resync(context, orders=orders, customers=customers)
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
    output.print_line(f"read anew; {', '.join(changed)} were not as the shop has them", indent=2)
    if polled.deleted:
        output.print_line(f"dropped {polled.deleted:,} that the shop no longer has", indent=2)
    output.print_line(f"{polled.requests:,} requests", "dim", indent=2)
    output.print_line(
        "Everybody is judged again by the next 'wcflow sync'; the daemon does so by itself."
    )
