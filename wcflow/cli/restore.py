"""``wcflow restore``: restore the database from a backup."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL, make_url

from wcflow.cli import output
from wcflow.cli.backup import postgres_address
from wcflow.cli.options import ConfigFile, Yes, confirm, interruptible, read_config, utcnow
from wcflow.config.load import Config
from wcflow.database.restore import (
    RestoredStore,
    checked_copy,
    give_to,
    keep_codes,
    list_stores,
    prepare_restored,
    replace_database,
    sole_use,
)
from wcflow.database.sqlite_files import single_instance
from wcflow.errors import BusyError, SetupError, UsageError

EPILOG = """\b
Exit codes:
    0  done, or nothing was changed because you answered no
    1  FILE cannot be read
    2  no terminal to confirm on; add --yes
   75  wcflow runs, or the disk is full
   78  FILE is damaged or of another program, or the database is not SQLite
"""


def register(app: typer.Typer) -> None:
    app.command("restore", epilog=EPILOG)(restore)


def restore(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The backup to restore.", show_default=False),
    ] = None,
    after_pg_restore: Annotated[
        bool,
        typer.Option(
            "--after-pg-restore",
            help="PostgreSQL: pg_restore or psql has restored the database already.",
        ),
    ] = False,
    config: ConfigFile = None,
    yes: Yes = False,
) -> None:
    """Restore the database from a backup.

    Stop the service first, and run this as root or as the owner of the database. FILE is checked
    before anything is replaced, and stays as it is. The old database is kept next to the new one.
    The next sync reads from the store what has changed since the backup, and its first changes
    wait for your approval. For PostgreSQL, wcflow prints the commands to run.
    """
    found = read_config(config, need_store=False)
    url = make_url(found.database)
    if after_pg_restore:
        _prepare_restored(found, url, yes=yes)
        return
    if file is None:
        raise UsageError("no backup is named", "Run: wcflow restore FILE")
    if url.get_backend_name() != "sqlite":
        raise SetupError(
            "'wcflow restore' replaces SQLite files only",
            f"Run: systemctl stop wcflow && {_postgres_command(url, file)}"
            f" && {_second_command(config)}",
        )
    # A symbolic link stays: the file that it leads to is replaced.
    target = Path(os.path.realpath(str(url.database)))
    with interruptible(), _stopped_daemon(found.database, target):
        _restore(found, file, target, yes=yes)


def _restore(config: Config, file: Path, target: Path, *, yes: bool) -> None:
    now = utcnow()
    with checked_copy(file, target, now) as copy:
        stores = list_stores(copy)
        _require_known_store(config, file, stores)
        output.print_line(f"{file} is complete and contains:")
        output.print_table(("", "", ""), [_store_cells(each) for each in stores], 2, header=False)
        if not confirm(f"Replace {target} with it? The old database is kept.", yes=yes):
            output.print_line("Nothing was changed.")
            return
        codes = keep_codes(copy, target, now)
        with sole_use(target):
            kept = replace_database(copy, target, now)
    output.print_line(f"Restored {target} from {file}.", "green")
    if kept is not None:
        output.print_line(f"The old database is kept as {kept}.")
    _print_next_steps(codes)


def _print_next_steps(codes: int) -> None:
    if codes:
        count = output.format_count(codes, "code")
        output.print_line(
            f"{count} of coupon pools may have been given away after the backup and will not be used."
            " 'wcflow pool free NAME' uses them again.",
            "yellow",
        )
    output.print_line(
        "'wcflow plan' shows what has changed since the backup. Then start the service:"
    )
    output.print_command("systemctl start wcflow")


def _prepare_restored(config: Config, url: URL, *, yes: bool) -> None:
    """Hold the changes of a database that pg_restore has restored, and set codes aside."""
    if url.get_backend_name() == "sqlite":
        raise UsageError("--after-pg-restore is for PostgreSQL", "Run: wcflow restore FILE")
    question = "Was the database just restored? Its messages end, and its changes need approval."
    if not confirm(question, yes=yes):
        output.print_line("Nothing was changed.")
        return
    with interruptible():
        codes = prepare_restored(config.database, utcnow())
    output.print_line("The restored database is ready.", "green")
    _print_next_steps(codes)


def _store_cells(store: RestoredStore) -> tuple[str, str, str]:
    at = f"{output.format_time(store.polled_at)} UTC" if store.polled_at else "never"
    return f"store {store.name}", store.url, f"last poll: {at}"


def _require_known_store(config: Config, file: Path, stores: list[RestoredStore]) -> None:
    wanted = {each.name for each in config.stores}
    if stores and wanted and not wanted & {each.name for each in stores}:
        names = ", ".join(each.name for each in stores)
        raise SetupError(
            f"{file} belongs to the store {names}, and the configuration has {', '.join(wanted)}",
            "Choose another backup, or the configuration of that store with --config.",
        )


@contextmanager
def _stopped_daemon(database: str, target: Path) -> Iterator[None]:
    """Keep a daemon from starting meanwhile; raises BusyError if one runs."""
    lock = target.with_name(f"{target.name}.lock")
    existed = lock.exists()
    try:
        with single_instance(database, os.getpid()):
            if not existed:
                give_to(lock, (target if target.exists() else target.parent).stat())
            yield
    except BusyError as error:
        if "wcflow run" not in str(error):
            raise
        raise BusyError(str(error), "Stop it first, with: systemctl stop wcflow.") from error


def _second_command(config: Path | None) -> str:
    words = ["wcflow", "restore", "--after-pg-restore"]
    return shlex.join([*words, *(["--config", str(config)] if config else [])])


def _postgres_command(url: URL, file: Path) -> str:
    """Return the command to type: psql for SQL text, or else pg_restore."""
    address = postgres_address(url)
    if file.suffix == ".sql":
        words = ["psql", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={file}"]
        return shlex.join([*words, *address])
    words = ["pg_restore", "--clean", "--if-exists", "--single-transaction"]
    return shlex.join([*words, *address, str(file)])
