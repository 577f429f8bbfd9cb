"""``wcflow check``: explain the configuration, or list every problem in it."""

from __future__ import annotations

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, read_config
from wcflow.config.summary import summary_lines
from wcflow.database.sqlite_files import check_permissions


def register(app: typer.Typer) -> None:
    app.command("check", epilog="Exit codes: 0 no problems, 78 problems found.")(check)


def check(config: ConfigFile = None) -> None:
    """Explain the configuration, or list every problem in it.

    Reads the INI file and the files it includes; contacts neither the store nor the database. Each
    problem is shown with its file and line, what was expected, and a likely correction.
    """
    found = read_config(config)
    for line in summary_lines(found):
        indent = len(line) - len(line.lstrip())
        output.print_line(line.strip(), indent=indent)
    for remark in found.warnings:
        output.print_warning(f"warning: {remark}")
    if exposed := check_permissions(found.database):
        output.print_warning(f"warning: {exposed.message}: {exposed.advice}")
    files = output.format_count(len(found.files), "file")
    warned = f", {output.format_count(len(found.warnings), 'warning')}" if found.warnings else ""
    output.print_line()
    output.print_line(f"The configuration has no problems: {files}{warned}.", "green")
