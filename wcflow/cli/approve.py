"""``wcflow approve``: let go what the brake holds, or follow a shop that has moved."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Yes, confirmed, stores_of
from wcflow.cli.session import Session, session
from wcflow.cli.visits import each_store
from wcflow.database.stores import save_store, store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import DONE, SetupError, UsageError
from wcflow.store.store_info import StoreInfo, store_info
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
    with session(config) as work:
        if moved is not None:
            _follow(work, moved, yes=yes)
            return
        raise typer.Exit(each_store(work, store, _let_go))


def _let_go(line: SyncContext) -> int:
    count = let_go(line)
    if count:
        output.say(f"{line.name}: {output.counted(count, 'write')} may go.", "green")
        output.say("'wcflow sync' writes them now; the daemon does so by itself.")
    else:
        output.say(f"{line.name}: nothing waits.")
    return DONE


def _follow(work: Session, name: str, *, yes: bool) -> None:
    (settings,) = stores_of(work.config, name)
    line = work.line(settings)
    with work.db.reading() as tx:
        row = store_row(tx, name)
    if row is None or not row.url:
        raise UsageError(f"[store {name}] was never reached", "there is no address to change")
    found = store_info(line.store)
    _must_be_the_same(line, row, found)
    if row.url == found.url:
        output.say(f"{name} is at {row.url}, as before.")
        return
    sure = "" if row.uid and found.uid else " The shop does not tell its id: only you can know."
    if confirmed(f"Is {found.url} the same shop as {row.url}?{sure}", yes=yes):
        with work.db.transaction() as tx:
            save_store(tx, name, url=found.url, uid=found.uid or row.uid)
        output.say(f"{name} is now at {found.url}.", "green")
    else:
        output.say("Nothing was changed.")
    raise typer.Exit(DONE)


def _must_be_the_same(line: SyncContext, row: StoreRow, found: StoreInfo) -> None:
    if row.uid and found.uid and row.uid != found.uid:
        raise SetupError(
            f"{found.url} is another shop than {row.url}: its store id differs",
            f"give it a section of its own beside [store {line.name}], or its own database",
        )
