"""``wcflow uninstall``: remove the service, its keys and its database from this machine.

Only what the README installs is removed. A symbolic link is removed itself, never what it leads to.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from wcflow.cli import output
from wcflow.cli.errors import describe_os_error
from wcflow.cli.options import Yes, confirm
from wcflow.config.load import load_config
from wcflow.database.sqlite_files import single_instance
from wcflow.errors import SOME_FAILED, WcflowError

EPILOG = """\b
Exit codes:
    0  done, or nothing was removed because you answered no
    1  not run as root, or some of it could not be removed
    2  no terminal to confirm on; add --yes
   75  a 'wcflow run' that systemd did not start uses the database
"""

ROOT = Path("/")
"""Where the paths below begin; tests use a directory of their own."""

UNIT = "etc/systemd/system/wcflow.service"
_UNIT_FILES = (
    UNIT,
    f"{UNIT}.d",
    "etc/systemd/system/multi-user.target.wants/wcflow.service",
    "etc/systemd/system/wcflow-failed@.service",
    "etc/systemd/system/wcflow-failed@.service.d",
)
CONFIG_DIR = "etc/wcflow"
KEY_NAMES = ("consumer_key", "consumer_secret", "ping_url", "smtp_url", "apprise", "smtp_password")
"""The files with keys and passwords that the README names, also behind the name of a store."""
_NAMED_KEY = re.compile(
    r"^\s*(?:consumer_key|consumer_secret|ping_url|smtp_url|apprise|password|imap_url|url|secret)"
    r"_file\s*=\s*(\S.*?)\s*$",
    re.MULTILINE | re.IGNORECASE,
)
"""A line of an INI file that names a file with a key or password."""
_STATE_DIRS = ("var/lib/wcflow", "var/lib/private/wcflow")
"""With a dynamic user, systemd makes the first a symbolic link to the second."""
_COMMAND_LINK, _PROGRAM_DIR, _SOURCE_DIR = (
    "usr/local/bin/wcflow",
    "opt/wcflow",
    "usr/local/src/wcflow",
)
_NOT_LOADED = 5
"""The exit code of systemctl for a unit that it does not know."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What is removed, as (meaning, path), and what stays, in words."""

    parts: tuple[tuple[str, Path], ...]
    kept: tuple[str, ...]


def register(app: typer.Typer) -> None:
    app.command("uninstall", epilog=EPILOG)(uninstall)


def uninstall(
    purge: Annotated[
        bool, typer.Option("--purge", help="Also remove /etc/wcflow with your settings and rules.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove the service, its keys and its database from this machine.

    Lists what it removes and what it leaves, and asks first. Run it as root. It stops the service,
    and removes its unit file, the key files, the database with its backups in /var/lib/wcflow, and
    the link in /usr/local/bin. Your INI file stays, unless you add --purge. Nothing is removed from
    the store: tags, tiers, points, notes and coupons stay.
    """
    if os.geteuid() != 0:
        raise WcflowError("only root can remove the service", "Run: sudo wcflow uninstall")
    removal = find_removal(ROOT, purge=purge)
    _print_removal(removal)
    if not removal.parts:
        return
    if not confirm("Remove all of this? The database cannot be brought back.", yes=yes):
        output.print_line("Nothing was removed.")
        return
    _stop_service()
    _require_unused_database()
    failed = [message for _, path in removal.parts if (message := _remove(path))]
    _forget_unit()
    for message in failed:
        output.print_error(message)
    if failed:
        raise typer.Exit(SOME_FAILED)
    output.print_line("The service is removed.", "green")


# What there is.


def find_removal(root: Path, *, purge: bool) -> Removal:
    """Return what is there to remove, and what stays."""
    parts = [("the service", root / name) for name in _UNIT_FILES]
    config = root / CONFIG_DIR
    if purge:
        parts.append(("your settings and rules, and the keys", config))
    else:
        parts += [("a key or password", path) for path in _key_files(config)]
    parts += [("the database and its backups", root / name) for name in _STATE_DIRS]
    if _is_our_link(root / _COMMAND_LINK, root):
        parts.append(("the command", root / _COMMAND_LINK))
    present = tuple((meaning, path) for meaning, path in parts if os.path.lexists(path))
    return Removal(present, tuple(_kept(root, config, {path for _, path in present})))


def _key_files(config: Path) -> list[Path]:
    """Return the files with keys, also those that the INI files name; they are all in the directory.

    None if the directory is a link to another place.
    """
    if config.is_symlink() or not config.is_dir():
        return []
    named = {
        Path(name).name
        for ini in config.rglob("*.ini")
        for name in _NAMED_KEY.findall(ini.read_text(errors="replace"))
    }
    keys = (
        path
        for path in config.iterdir()
        if path.name.rpartition(".")[2] in KEY_NAMES or path.name in named
    )
    return sorted(path for path in keys if path.is_symlink() or not path.is_dir())


def _is_our_link(link: Path, root: Path) -> bool:
    programs = {sys.prefix, str(root / _PROGRAM_DIR)}
    return link.is_symlink() and str(link.readlink()) in {f"{each}/bin/wcflow" for each in programs}


def _kept(root: Path, config: Path, removed: set[Path]) -> Iterator[str]:
    if config.is_symlink() and config not in removed:
        yield f"{config}: a link to your settings, rules and keys (--purge removes the link)"
    elif config.is_dir() and config not in removed:
        yield f"{config}: your settings and rules (--purge removes them)"
    deleted = {path.resolve() for path in removed if not path.is_symlink()}
    for path in sorted(removed):
        if path.is_symlink() and path.is_dir() and path.resolve() not in deleted:
            yield f"{path.resolve()}: where {path} leads to"
    if database := _database_elsewhere(config / "wcflow.ini", root):
        yield f"the database {database}"
    program = Path(sys.prefix) if sys.prefix != sys.base_prefix else root / _PROGRAM_DIR
    for path, meaning in ((program, "the program"), (root / _SOURCE_DIR, "its source")):
        if path.is_dir():
            yield f"{path}: {meaning}; remove it afterwards with: rm -r {path}"
    yield (
        "tags, tiers, points, notes and coupons in the store, and the API key there: delete it under"
        " WooCommerce, Settings, Advanced, REST API"
    )
    yield "the companion plugin, if the store has it: delete it under Plugins in WordPress"


def _database_elsewhere(ini: Path, root: Path) -> str:
    """Return the address of a database that is not in the service's directory, or nothing."""
    try:
        url = make_url(load_config(ini, {}, need_store=False).database)
    except WcflowError:
        return ""
    if url.get_backend_name() != "sqlite":
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    path = Path(os.path.realpath(str(url.database)))
    inside = any(path.is_relative_to(os.path.realpath(root / each)) for each in _STATE_DIRS)
    return str(path) if path.exists() and not inside else ""


def _print_removal(removal: Removal) -> None:
    if removal.parts:
        output.print_line("This removes from this machine:", "bold")
        output.print_table(
            ("", ""), [_part_cells(*each) for each in removal.parts], 2, header=False
        )
    else:
        output.print_line(
            "The service is not installed on this machine: there is nothing to remove.", "bold"
        )
    output.print_heading("This stays:")
    for each in removal.kept:
        output.print_line(each, indent=2, hang=4)
    output.print_line()


def _part_cells(meaning: str, path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return f"{path} (a link)", meaning
    if path.is_dir():
        files = [each for each in path.rglob("*") if not each.is_symlink() and each.is_file()]
        size = sum(each.stat().st_size for each in files) / (1 << 20)
        return f"{path} ({output.format_count(len(files), 'file')}, {size:,.1f} MB)", meaning
    return str(path), meaning


# Remove it.


def _remove(path: Path) -> str:
    """Remove a file, a link or a directory; return why it was not possible, or nothing."""
    try:
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)  # does not follow links
        else:
            path.unlink()
    except FileNotFoundError:
        return ""  # "systemctl disable" has removed it
    except OSError as error:
        return f"not removed: {describe_os_error(error)[0]}"
    output.print_line(f"removed {path}")
    return ""


def _require_unused_database() -> None:
    """Raise BusyError if a daemon uses a database that would be removed."""
    for name in _STATE_DIRS:
        for lock in (ROOT / name).glob("*.lock"):
            with single_instance(f"sqlite:///{lock.with_suffix('')}", os.getpid()):
                pass


# systemd.


def _stop_service() -> None:
    """Stop and disable the service; raises WcflowError if it does not stop."""
    if not _has_systemd():
        return
    if (stopped := _systemctl("stop", "wcflow")).returncode not in (0, _NOT_LOADED):
        reason = stopped.stderr.strip() or f"exit code {stopped.returncode}"
        raise WcflowError(
            f"the service did not stop, and nothing was removed: {reason}",
            "Look at: systemctl status wcflow.",
        )
    output.print_line("stopped the service")
    if os.path.lexists(ROOT / UNIT):
        _systemctl("disable", "wcflow")


def _forget_unit() -> None:
    if _has_systemd():
        _systemctl("daemon-reload")
        _systemctl("reset-failed", "wcflow")


def _has_systemd() -> bool:
    return (ROOT / "run/systemd/system").is_dir() and shutil.which("systemctl") is not None


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["systemctl", "--quiet", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  constants
