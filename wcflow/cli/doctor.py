"""``wcflow doctor``: check the store, the database and this machine."""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from sqlalchemy import make_url

from wcflow import log
from wcflow.actions.pool import pool_rules
from wcflow.cli import output
from wcflow.cli.doctor_findings import find_in_database
from wcflow.cli.doctor_mail import check_ways_out
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    Interrupt,
    StoreName,
    interruptible,
    read_config,
    select_stores,
    utcnow,
)
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import open_database
from wcflow.database.schema import load_revision
from wcflow.database.sqlite_files import check_permissions
from wcflow.errors import DONE, SOME_FAILED, TRY_LATER, WcflowError
from wcflow.poll.binding import build_client
from wcflow.store.probe import Finding, probe

LOW_SPACE, NO_SPACE = 1 << 30, 100 << 20
"""Below a gigabyte is a warning; below 100 megabytes an average store would not fit."""

UNIT_FILE = Path("/etc/systemd/system/wcflow.service")
_STYLES: dict[str, output.Style] = {"ok": "green", "warning": "yellow", "problem": "red"}


def register(app: typer.Typer) -> None:
    app.command(
        "doctor",
        epilog="Exit codes: 0 no problems, 1 problems found, 75 a store cannot be reached.",
    )(doctor)


def doctor(config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False) -> None:
    """Check that everything wcflow needs is in place.

    Shows what to do about each problem. Checks the store's address, the API key and its
    permissions, the versions, the order storage, the time zone, the clock and the custom fields in
    your configuration, the mail server and the mailbox of bounces, and the database and the disk of
    this machine. Sends no e-mail, and changes nothing in the store.
    To find out whether the key can write, it sends an empty list of changes (not with write = no).
    """
    found = read_config(config)
    log.log_to_stderr("error", found.log_format)
    now = utcnow()
    with interruptible() as interrupt:
        machine = tuple(_check_machine(found, now))
        stores = {
            settings.name: tuple(_check_store(found, settings, now, interrupt))
            for settings in select_stores(found, store)
        }
    every = [*machine, *(each for some in stores.values() for each in some)]
    if as_json:
        output.print_json(
            {
                "verdict": _verdict(every),
                "machine": [_to_json(each) for each in machine],
                "stores": {
                    name: [_to_json(each) for each in some] for name, some in stores.items()
                },
            }
        )
    else:
        _print_findings("This machine", machine)
        for name, some in stores.items():
            _print_findings(f"Store {name}", some)
        _print_verdict(every)
    raise typer.Exit(_exit_code(every))


def _exit_code(findings: list[Finding]) -> int:
    if any(each.later for each in findings):
        return TRY_LATER
    return SOME_FAILED if any(each.level == "problem" for each in findings) else DONE


def _print_findings(head: str, findings: tuple[Finding, ...]) -> None:
    output.print_heading(head)
    for each in findings:
        output.print_line(f"{each.level:<9}{each.message}", _STYLES[each.level], indent=2, hang=9)
        if each.advice:
            output.print_line(f"What to do: {output.as_sentence(each.advice)}", indent=11)


def _to_json(each: Finding) -> dict[str, str]:
    return {"name": each.name, "level": each.level, "message": each.message, "advice": each.advice}


def _verdict(findings: list[Finding]) -> str:
    levels = {each.level for each in findings}
    if "problem" in levels:
        return "not ready"
    return "ready with warnings" if "warning" in levels else "ready"


def _print_verdict(findings: list[Finding]) -> None:
    """Print in a sentence whether wcflow can work, and what to do first."""
    problems = [each for each in findings if each.level == "problem"]
    output.print_line()
    if problems:
        # A problem of the machine or the store can be the cause of others, so it comes first.
        first = min(problems, key=lambda each: each.later)
        count = output.format_count(len(problems), "problem")
        output.print_line(f"Not ready: {count}. First: {first.message}.", "red")
        return
    warnings = sum(each.level == "warning" for each in findings)
    count = f", with {output.format_count(warnings, 'warning')}" if warnings else ""
    style: output.Style = "yellow" if warnings else "green"
    output.print_line(f"Ready{count}. 'wcflow plan' shows what would be written.", style)


def _check_store(
    config: Config, settings: StoreSettings, now: datetime, interrupt: Interrupt
) -> Iterator[Finding]:
    with build_client(settings, interrupt.sleep) as client:
        info, findings = probe(
            client,
            now=now,
            write=settings.write,
            creates_coupons=_creates_coupons(config),
            consent_meta=settings.consent_meta,
            birthday_meta=settings.birthday_meta,
            birthday_format=settings.birthday_format,
        )
    yield from findings
    yield from find_in_database(config, settings, info)


def _creates_coupons(config: Config) -> bool:
    workflows = (rule for rule in config.rules.workflows if rule.mode == "live")
    sections = {step.section for rule in workflows for step in rule.steps}
    pools = pool_rules(config.rules)
    creating = {("coupon_pool", name) for name, pool in pools.items() if pool.create}
    return any(each and (each[0] == "coupon" or each in creating) for each in sections)


def _check_machine(config: Config, now: datetime) -> Iterator[Finding]:
    """Check this machine."""
    if config.warnings:
        for remark in config.warnings:
            message = str(replace(remark, hint=""))
            yield Finding("configuration", "warning", message, remark.hint)
    else:
        yield Finding("configuration", "ok", f"{config.files[0]} has no problems")
    yield from check_ways_out(config)
    yield from _check_service(config.files[0])
    yield _check_database(config.database)
    yield from _check_disk(config.database)
    yield _check_clock(config.files[0], now)


def _check_service(ini: Path) -> Iterator[Finding]:
    """Check that the service, if it is installed for this configuration, can read its files."""
    try:
        unit = UNIT_FILE.read_text()
    except OSError:
        return  # not installed
    if f"--config {ini}" not in unit:
        return
    keys = re.findall(r"^LoadCredential=[^:\s]+:(/\S+)$", unit, re.MULTILINE)
    missing = [each for each in keys if not Path(each).exists()]
    if missing:
        message = f"the service cannot start without {' and '.join(missing)}"
        advice = "Write the key and the secret into these files, readable only by root."
        yield Finding("service", "problem", message, advice)
    elif not ini.stat().st_mode & stat.S_IROTH:
        message = f"the service cannot read {ini}, because it has a user of its own"
        advice = f"Keep the keys in files of their own, and run: chmod 644 {ini}."
        yield Finding("service", "problem", message, advice)
    else:
        yield Finding("service", "ok", "the service can read its configuration and keys")


def _check_database(url: str) -> Finding:
    path = _sqlite_file(url)
    if path is not None and not path.parent.is_dir():
        message = f"there is no directory {path.parent}"
        return Finding("database", "problem", message, f"Run: install -d -m 700 {path.parent}")
    if path is not None and (problem := _unwritable(path)):
        return problem
    if path is not None and not path.exists():
        message = f"the database {path} does not exist yet; 'wcflow plan' creates it"
        return Finding("database", "ok", message)
    try:
        with open_database(url) as db, db.reading() as tx:
            version = load_revision(tx)
    except WcflowError as error:
        return Finding("database", "problem", str(error), error.advice)
    message = f"the database {db.location} can be opened and written (revision {version})"
    return Finding("database", "ok", message)


def _unwritable(path: Path) -> Finding | None:
    """Return a problem if the database or its directory cannot be written, or nothing.

    SQLite needs the directory too, for its log.
    """
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.exists():
            with path.open("r+b"):
                pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        place = error.filename if error.filename == str(path) else path.parent
        message = f"the database {path} cannot be written: {place}: {reason}"
        advice = "Run wcflow as root or as the owner, or change the owner of the directory."
        return Finding("database", "problem", message, advice)
    return None


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None


def _check_disk(url: str) -> Iterator[Finding]:
    path = _sqlite_file(url)
    if path is None or not path.parent.is_dir():
        return
    free = shutil.disk_usage(path.parent).free
    message = f"{free / (1 << 30):,.1f} GB are free for the database"
    if free < NO_SPACE:
        yield Finding(
            "disk", "problem", message, "Free some disk space: the initial import needs it."
        )
    elif free < LOW_SPACE:
        yield Finding(
            "disk",
            "warning",
            message,
            "Free some disk space soon: the database grows with the orders.",
        )
    else:
        yield Finding("disk", "ok", message)
    if permission_problem := check_permissions(url):
        yield Finding(
            "database file", "warning", permission_problem.message, permission_problem.advice
        )


def _check_clock(known: Path, now: datetime) -> Finding:
    """Compare this machine's clock with a file that was certainly written before now."""
    written = datetime.fromtimestamp(known.stat().st_mtime, UTC)
    if now < written - timedelta(minutes=1):
        message = f"this machine's clock says {output.format_time(now)} UTC, but {known} was written later"
        return Finding("clock", "problem", message, "Set this machine's clock with NTP.")
    return Finding(
        "clock",
        "ok",
        f"this machine's clock says {output.format_time(now)} UTC",
    )
