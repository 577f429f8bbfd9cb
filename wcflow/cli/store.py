"""``wcflow store rename``: keep the data of a store whose section has another name now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, open_database_session
from wcflow.cli.help import Typer
from wcflow.cli.options import ConfigFile, Yes, confirm, lease_holder, select_stores
from wcflow.config.digest import renamed_digests
from wcflow.config.stores import StoreSettings
from wcflow.database import lease
from wcflow.database.evaluation_queue import start_full_evaluation
from wcflow.database.rename_store import has_records, load_store_names, rename_rows
from wcflow.database.sql import count_customers, count_orders
from wcflow.database.stores import load_store_row
from wcflow.errors import BusyError, SetupError, UsageError
from wcflow.rules.errors import did_you_mean

EPILOG = """\b
Exit codes:
    0  done, or declined
    2  there is no such store, or no terminal to confirm on
   75  a daemon or another command is working on the store
   78  the database has data under both names
"""


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Keep the data of a store that you renamed.")
    family.command("rename", epilog=EPILOG)(rename)
    # With a second command, Typer keeps the first one's name.
    family.callback()(lambda: None)
    app.add_typer(family, name="store")


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The name in the database.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The name in the INI file.")],
    config: ConfigFile = None,
    yes: Yes = False,
) -> None:
    """Keep the data of a store that you renamed in the INI file.

    First change the name in [store NAME], and stop the service. This command then gives everything
    in the database that belongs to OLD the name NEW: customers, orders, tags, workflow runs and
    waiting changes. It changes all of it or nothing, and contacts no store.
    """
    with open_database_session(config) as session:
        (settings,) = select_stores(session.config, new)
        with session.db.reading() as tx:
            _check_names(tx, session, old, settings)
            counts = _count(tx, old)
        if not confirm(f"Rename {old!r} to {new!r} ({counts})?", yes=yes):
            output.print_line("Nothing was changed.")
            return
        with session.db.transaction() as tx:
            _check_names(tx, session, old, settings)
            _take_leases(tx, (old, new), session.clock())
            rows = rename_rows(tx, old, new, _digests(session, settings, old))
            start_full_evaluation(tx, new)
    output.print_line(
        f"The store is now called {new}: {output.format_count(rows, 'row')}.", "green"
    )
    output.print_line("Start the service again, or run 'wcflow sync'.")


def _check_names(
    tx: Connection, session: DatabaseSession, old: str, settings: StoreSettings
) -> None:
    """Raise an error if the rename is impossible, or would put two stores together."""
    names, new = load_store_names(tx), settings.name
    if any(each.name == old for each in session.config.stores):
        raise UsageError(
            f"[store {old}] is still in the configuration",
            f"Change its head to [store {new}] first.",
        )
    if old not in names:
        hint = did_you_mean(old, names) or f"It has: {', '.join(names) or 'none'}."
        raise UsageError(f"the database has no store {old!r}", hint)
    if has_records(tx, new):
        raise SetupError(
            f"the database has customers and orders of {old!r} and of {new!r}",
            f"Keep the name {old!r} in the INI file, or restore a backup from before {new!r}.",
        )
    known = load_store_row(tx, old)
    assert known is not None, "its name was found"
    if known.url and _host(known.url) != _host(settings.url):
        raise SetupError(
            f"{old!r} is the store at {known.url}, but [store {new}] has the address {settings.url}",
            "Give the new name to the section with the same address.",
        )


def _host(url: str) -> str:
    return url.partition("://")[2].removeprefix("www.").rstrip("/").lower()


def _count(tx: Connection, store: str) -> str:
    orders = sum(count_orders(tx, store).values())
    accounts = count_customers(tx, store)
    return f"{output.format_count(orders, 'order')}, {output.format_count(accounts, 'account')}"


def _take_leases(tx: Connection, names: tuple[str, str], now: datetime) -> None:
    """Raise BusyError if a daemon works under one of the names."""
    holder = lease_holder()
    for name in names:
        if load_store_row(tx, name) is not None and not lease.acquire(tx, name, holder, now):
            who = lease.load(tx, name).holder_words or "another wcflow"
            raise BusyError(
                f"{who} is working on the store {name!r}",
                "Stop the service first: systemctl stop wcflow.",
            )


def _digests(session: DatabaseSession, settings: StoreSettings, old: str) -> dict[str, str]:
    config = session.config
    return renamed_digests(config.rules, config.paid_statuses, config.stores, settings.name, old)
