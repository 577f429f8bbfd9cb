"""``wcflow backup``: a copy of the database, even while the daemon runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL, make_url

from wcflow.cli import output
from wcflow.cli.context import require_database
from wcflow.cli.options import ConfigFile, interruptible, read_config
from wcflow.database.sqlite_files import copy_database
from wcflow.errors import SetupError

EPILOG = """\b
Exit codes:
    0  the copy is complete and was checked
    1  FILE exists already, or cannot be written
   75  the disk is full, or the database is locked
   78  the database is not SQLite, is damaged, or does not exist
"""


def register(app: typer.Typer) -> None:
    app.command("backup", epilog=EPILOG)(backup)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)
    ],
    config: ConfigFile = None,
) -> None:
    """Copy the database to a file, even while wcflow runs.

    The copy is complete and consistent, even if wcflow writes at the same time. It is checked, only
    its owner can read it, and an existing file is never replaced. 'wcflow restore' puts it back.
    For PostgreSQL, wcflow prints the pg_dump command to run.
    """
    database = read_config(config, need_store=False).database
    url = make_url(database)
    if url.get_backend_name() != "sqlite":
        raise SetupError(
            "'wcflow backup' copies SQLite files only", f"Run: {_pg_dump_command(url, file)}"
        )
    require_database(database)
    with interruptible():
        size = copy_database(Path(str(url.database)), file)
    output.print_line(
        f"Copied {url.database} to {file}: {size / (1 << 20):,.1f} MB, checked.", "green"
    )


def _pg_dump_command(url: URL, file: Path) -> str:
    words = ["pg_dump", "--format=custom", f"--file={file}", *postgres_address(url)]
    return f"umask 077 && {shlex.join(words)}"


def postgres_address(url: URL) -> list[str]:
    """Return the options that name a database; the tool asks for the password or finds it."""
    query = {name: value for name, value in url.query.items() if name != "password"}
    place = URL.create("postgresql", None, None, url.host, url.port, url.database, query)
    user = [f"--username={url.username}"] if url.username else []
    return [f"--dbname={place}", *user]
