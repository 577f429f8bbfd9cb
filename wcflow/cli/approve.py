"""``wcflow approve``: let go what the brake holds, or follow a shop that has moved."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Yes, confirm, select_stores
from wcflow.cli.session import Session, open_session
from wcflow.cli.visits import for_each_store
from wcflow.database.stores import save_store, store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import DONE, SetupError, UsageError
from wcflow.store.store_info import StoreInfo, fetch_store_info
from wcflow.sync import SyncContext
from wcflow.sync import approve as let_go

EPILOG = """\b
Exit codes:
    0  done
    2  nobody could be asked, and --yes was not given
   75  the shop is out of reach (with --moved)
   78  it is another shop (with --moved), or was never reached
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
            help="[store NAME] is the same shop at a new address: follow it there.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Let the writes go that are held now.

    Those of the first census are among them; 'wcflow plan' shows them first. They reach the shop with the next 'wcflow sync', or by the
    daemon within a minute. With --moved: tell wcflow that a shop has a new address.
    """
    with open_session(config) as session:
        if moved is not None:
            _follow_move(session, moved, yes=yes)
            return
        raise typer.Exit(for_each_store(session, store, _approve_store))


def _approve_store(context: SyncContext) -> int:
    count = let_go(context)
    if count:
        output.print_line(f"{context.name}: {output.format_count(count, 'write')} may go.", "green")
        output.print_line("'wcflow sync' writes them now; the daemon does so by itself.")
    else:
        output.print_line(f"{context.name}: nothing waits.")
    return DONE


def _follow_move(session: Session, name: str, *, yes: bool) -> None:
    (settings,) = select_stores(session.config, name)
    context = session.context(settings)
    with session.db.reading() as tx:
        row = store_row(tx, name)
    if row is None or not row.url:
        raise UsageError(f"[store {name}] was never reached", "there is no address to change")
    found = fetch_store_info(context.store)
    _require_same_store(context, row, found)
    if row.url == found.url:
        output.print_line(f"{name} is at {row.url}, as before.")
        return
    sure = "" if row.uid and found.uid else " The shop does not tell its id: only you can know."
    if confirm(f"Is {found.url} the same shop as {row.url}?{sure}", yes=yes):
        with session.db.transaction() as tx:
            save_store(tx, name, url=found.url, uid=found.uid or row.uid)
        output.print_line(f"{name} is now at {found.url}.", "green")
    else:
        output.print_line("Nothing was changed.")
    raise typer.Exit(DONE)


def _require_same_store(context: SyncContext, row: StoreRow, found: StoreInfo) -> None:
    if row.uid and found.uid and row.uid != found.uid:
        raise SetupError(
            f"{found.url} is another shop than {row.url}: its store id differs",
            f"give it a section of its own beside [store {context.name}], or its own database",
        )
