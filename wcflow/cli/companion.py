"""``wcflow companion``: the WordPress plugin that shows wcflow's results in the dashboard."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from wcflow import __version__
from wcflow.cli import output
from wcflow.cli.context import open_database_session
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.config.companion_plugin import (
    EXPORT_ADVICE,
    ZIP_NAME,
    plugin_files,
    plugin_zip,
    version_words,
)
from wcflow.database.companion import (
    count_outdated,
    count_pushed,
    load_companion,
    load_followed_since,
    load_problems,
)
from wcflow.database.sql import instant
from wcflow.database.stores import load_store_row
from wcflow.errors import DONE, SOME_FAILED, WcflowError
from wcflow.units import parse_zone

STATUS_EPILOG = "Exit codes: 0 all is well, 1 a plugin is missing, outdated or cannot be updated."


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="Write the plugin for WordPress to a file; show its state."
    )
    family.command("export", epilog="Exit codes: 0 done, 1 FILE cannot be written.")(export)
    family.command("status", epilog=STATUS_EPILOG)(status)
    app.add_typer(family, name="companion")


def export(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="The file to write, or a directory.")
    ] = Path(ZIP_NAME),
) -> None:
    """Write the companion plugin to a zip file for WordPress.

    Upload it in the dashboard under Plugins, Add Plugin (or Add New), Upload Plugin, and activate it.
    An earlier version is replaced, and keeps its data. No configuration is needed for this command.
    """
    content, count = plugin_zip(), len(plugin_files())
    if not count:
        raise WcflowError(
            "this installation of wcflow does not contain the companion plugin",
            "Install wcflow again from its package.",
        )
    path = file / ZIP_NAME if file.is_dir() else file
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WcflowError(
            f"cannot write {path}: {(error.strerror or type(error).__name__).lower()}",
            "Name a file in a directory that exists and in which you can write.",
        ) from None
    words = f"{output.format_count(count, 'file')}, {len(content) / 1024:,.0f} KB"
    output.print_line(f"Wrote the companion plugin {__version__} to {path}: {words}.", "green")
    output.print_line(
        "In WordPress: Plugins, Add Plugin (or Add New), Upload Plugin, then activate it."
    )


def status(config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False) -> None:
    """Show whether each store has the companion plugin, and whether it is up to date.

    Shows what the last sync knew, and contacts no store.
    """
    with open_database_session(config) as session:
        with session.db.reading() as tx:
            found = [_load(tx, each.name) for each in session.stores(store)]
        if as_json:
            output.print_json([{k: v for k, v in each.items() if k != "zone"} for each in found])
        else:
            _print(found)
    well = all(each["installed"] and not each["problems"] for each in found)
    raise typer.Exit(DONE if well else SOME_FAILED)


def _load(tx: Connection, store: str) -> dict[str, Any]:
    row, known = load_store_row(tx, store), load_companion(tx, store)
    installed = row is not None and row.has_companion
    since = load_followed_since(tx, store, "changes")
    found: dict[str, Any] = {
        "store": store,
        "installed": installed,
        "version": known.version if known else "",
        "wcflow": __version__,
        "last_update": _instant(known.pushed_at if known else None),
        "customers": count_pushed(tx, store),
        "waiting": count_outdated(tx, store) if installed else 0,
        "changes_since": _instant(since),
        "zone": row.time_zone if row else "UTC",
        "problems": [],
    }
    if installed and known is not None:
        words, advice = version_words(known.version)
        if words:
            found["problems"].append({"problem": words, "advice": advice})
        for problem in load_problems(tx, store):
            found["problems"].append({"problem": problem, "advice": ""})
    return found


def _instant(second: int | None) -> datetime | None:
    return None if second is None else instant(second)


def _print(stores: list[dict[str, Any]]) -> None:
    for found in stores:
        output.print_heading(f"Store {found['store']}")
        for text, style in _lines(found):
            output.print_line(text, style, indent=2)
        for each in found["problems"]:
            output.print_line(output.as_sentence(each["problem"]), "yellow", indent=2)
            if each["advice"]:
                output.print_line(f"What to do: {each['advice']}", indent=4)


def _lines(found: dict[str, Any]) -> list[tuple[str, output.Style]]:
    if not found["installed"]:
        return [
            ("The store does not have the companion plugin. wcflow works without it.", "yellow"),
            (EXPORT_ADVICE, ""),
        ]
    zone = parse_zone(found["zone"])
    if found["last_update"] is None:
        return [("The plugin is there. The next sync fills it.", "green")]
    lines: list[tuple[str, output.Style]] = [
        (f"Plugin {found['version']}, wcflow {__version__}", "green"),
        (f"Last update: {output.format_time(found['last_update'], zone)}", ""),
        (f"Customers in it: {found['customers']:,}, to be updated: {found['waiting']:,}", ""),
    ]
    if found["changes_since"] is not None:
        since = output.format_time(found["changes_since"], zone)
        lines.append((f"It names every change in the store since {since}", ""))
    return lines
