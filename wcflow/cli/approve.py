"""``wcflow approve``: approve waiting changes, or a store's new address."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Yes, confirm, select_stores
from wcflow.cli.session import Session, for_each_store, open_session
from wcflow.database.campaigns import load_unapproved
from wcflow.database.stores import load_store_row, save_store
from wcflow.database.tables import StoreRow
from wcflow.errors import DONE, SetupError, UsageError
from wcflow.maintenance import approve as approve_changes
from wcflow.store.store_info import StoreInfo, fetch_store_info
from wcflow.sync import SyncContext

EPILOG = """\b
Exit codes:
    0  done
    2  no terminal to confirm on; add --yes
   75  the store cannot be reached (with --moved)
   78  it is a different store (with --moved), or was never reached
"""


def register(app: typer.Typer) -> None:
    app.command("approve", epilog=EPILOG)(approve)


def approve(
    config: ConfigFile = None,
    store: StoreName = None,
    moved: Annotated[
        str | None,
        typer.Option(
            "--moved",
            metavar="NAME",
            help="The store of this name has moved to the address in the configuration file.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Approve the changes that are waiting.

    'wcflow plan' shows them. The next 'wcflow sync' writes them; the daemon does so within a
    minute. With --moved, approves the new address of a store instead.
    """
    with open_session(config) as session:
        if moved is not None:
            _follow_move(session, moved, yes=yes)
            return
        raise typer.Exit(for_each_store(session, store, _approve_store))


def _approve_store(context: SyncContext) -> int:
    with context.db.reading() as tx:
        held = load_unapproved(tx, context.name)
    count = approve_changes(context)
    for saved in held:
        customers = output.format_count(saved.audience, "customer")
        output.print_line(
            f"{context.name}: the campaign {saved.name} continues without another approval, to all"
            f" {customers} of its segment."
        )
    if count:
        output.print_line(
            f"{context.name}: {output.format_count(count, 'change')} approved.", "green"
        )
        output.print_line("'wcflow sync' writes them now; the daemon does so automatically.")
    else:
        output.print_line(f"{context.name}: nothing is waiting.")
    return DONE


def _follow_move(session: Session, name: str, *, yes: bool) -> None:
    (settings,) = select_stores(session.config, name)
    context = session.context(settings)
    with session.db.reading() as tx:
        row = load_store_row(tx, name)
    if row is None or not row.url:
        raise UsageError(f"[store {name}] was never reached", "Run 'wcflow doctor' to see why.")
    found = fetch_store_info(context.store)
    _require_same_store(context, row, found)
    if row.url == found.url:
        output.print_line(f"{name} is at {row.url}, as before.")
        return
    doubt = (
        "" if row.uid and found.uid else " The store reports no id, so wcflow cannot check this."
    )
    if confirm(f"Is {found.url} the same store as {row.url}?{doubt}", yes=yes):
        with session.db.transaction() as tx:
            save_store(tx, name, url=found.url, uid=found.uid or row.uid)
        output.print_line(f"{name} is now at {found.url}.", "green")
    else:
        output.print_line("Nothing was changed.")
    raise typer.Exit(DONE)


def _require_same_store(context: SyncContext, row: StoreRow, found: StoreInfo) -> None:
    if row.uid and found.uid and row.uid != found.uid:
        raise SetupError(
            f"{found.url} is a different store from {row.url}: its store id differs",
            f"Give it a section of its own beside [store {context.name}], or its own database.",
        )
