"""``wcflow doctor``: check the store, the database and this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from sqlalchemy import Connection, make_url

from wcflow import log
from wcflow.cli import describe, output
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
from wcflow.cli.order_counts import currencies_without_rate, currency_text
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database.connection import open_database
from wcflow.database.customers import count_names_by_guest_address
from wcflow.database.order_counts import count_child_orders, find_parents_with_less
from wcflow.database.pauses import load_pauses
from wcflow.database.quarantine import OddField, load_odd_fields
from wcflow.database.schema import HEAD, load_revision
from wcflow.database.sqlite_files import check_permissions
from wcflow.database.stores import load_store_row
from wcflow.database.tables import StoreRow
from wcflow.errors import DONE, SOME_FAILED, TRY_LATER, WcflowError
from wcflow.poll.binding import build_client
from wcflow.store.probe import Finding, probe
from wcflow.units import is_nobody, parse_zone

LOW_SPACE, NO_SPACE = 1 << 30, 100 << 20
"""Below a gigabyte is a warning; below 100 megabytes an average store would not fit."""

MANY_NAMES, SHOWN = 5, 10
"""From how many billing names on an address looks shared, and how many addresses are shown."""

_ODD_FIELD_ADVICE = (
    "Nothing, unless your rules use the field: it was read as far as possible. A plugin changes it."
)
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
    your configuration, and the database and the disk of this machine. Changes nothing in the store:
    WooCommerce tells only at an attempt to write whether a key is allowed to, so an empty list of
    changes is sent (not with write = no).
    """
    found = read_config(config)
    log.log_to_stderr("error", found.log_format)
    now = utcnow()
    with interruptible() as interrupt:
        machine = tuple(_check_machine(found, now))
        stores = {
            settings.name: (
                *_check_store(found, settings, now, interrupt),
                *_check_fields(found.database, settings.name),
                *_check_orders(found, settings),
            )
            for settings in select_stores(found, store)
        }
    if as_json:
        output.print_json(
            {
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
    raise typer.Exit(_exit_code([*machine, *(each for some in stores.values() for each in some)]))


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


def _check_store(
    config: Config, settings: StoreSettings, now: datetime, interrupt: Interrupt
) -> tuple[Finding, ...]:
    with build_client(settings, interrupt.sleep) as client:
        _, findings = probe(
            client,
            now=now,
            write=settings.write,
            creates_coupons=_creates_coupons(config),
            consent_meta=settings.consent_meta,
            birthday_meta=settings.birthday_meta,
            birthday_format=settings.birthday_format,
        )
    return findings


def _creates_coupons(config: Config) -> bool:
    workflows = (rule for rule in config.rules.workflows if rule.mode == "live")
    sections = {step.section for rule in workflows for step in rule.do}
    return any(section is not None and section[0] == "coupon" for section in sections)


def _check_fields(url: str, store: str) -> Iterator[Finding]:
    """Report fields of the store's records that were not as WooCommerce documents them."""
    path = _sqlite_file(url)
    if path is not None and not path.exists():
        return
    try:
        with open_database(url) as db, db.reading() as tx:
            odd_fields = load_odd_fields(tx, store)
    except WcflowError:
        return  # reported by _check_database
    for odd in odd_fields:
        yield Finding("records", "warning", _describe_odd_field(odd), _ODD_FIELD_ADVICE)


def _describe_odd_field(odd: OddField) -> str:
    newest = f"{odd.kind} {odd.example_id}"
    where = newest if odd.records == 1 else f"{odd.records:,} {odd.kind}s, such as {newest}"
    return f"{odd.kind}.{odd.field} is in an unexpected form in {where}; everything else was read"


def _check_orders(config: Config, settings: StoreSettings) -> Iterator[Finding]:
    """Check what the imported orders show: split orders, currencies, shared addresses."""
    path = _sqlite_file(config.database)
    if path is not None and not path.exists():
        return
    try:
        with open_database(config.database) as db, db.reading() as tx:
            if load_revision(tx) == HEAD and (row := load_store_row(tx, settings.name)):
                yield from _check_split_orders(tx, config, settings)
                yield from _check_currencies(tx, row, config, settings)
                yield from _check_addresses(tx, settings)
                yield from _check_pauses(tx, row)
    except WcflowError:
        return  # reported as the finding "database"


def _check_pauses(tx: Connection, row: StoreRow) -> Iterator[Finding]:
    for name, state in load_pauses(tx, row.name).items():
        since = output.format_time(state.since, parse_zone(row.time_zone))
        said = f"workflow {name} is paused since {since}: {describe.pause_words(state)}"
        yield Finding("pause", "warning", said, f"'wcflow workflow resume {name}' continues it.")


def _check_split_orders(
    tx: Connection, config: Config, settings: StoreSettings
) -> Iterator[Finding]:
    children = count_child_orders(tx, settings.name)
    if not children:
        return
    counted = settings.child_orders == "count"
    made_by = ", ".join(via or "unknown" for via in children)
    said = (
        f"{sum(children.values()):,} orders are parts of other orders (made by {made_by}) and"
        f" {'count' if counted else 'do not count'}"
    )
    short = [] if counted else find_parents_with_less(tx, settings.name, config.paid_statuses)
    if not short:
        yield Finding("split orders", "ok", said)
        return
    said += (
        f"; the total of {len(short):,} orders, such as {short[0]}, is less than that of its parts"
    )
    advice = (
        "If these are deposits and instalments, set child_orders = count in the [store] section."
    )
    yield Finding("split orders", "warning", said, advice)


def _check_currencies(
    tx: Connection, row: StoreRow, config: Config, settings: StoreSettings
) -> Iterator[Finding]:
    for each in currencies_without_rate(tx, row, config, settings):
        said, _, advice = currency_text(each).partition(": ")
        yield Finding("currency rates", "warning", said, advice)


def _check_addresses(tx: Connection, settings: StoreSettings) -> Iterator[Finding]:
    """Suggest guest addresses that do not look like one customer, such as that of a till."""
    counts = count_names_by_guest_address(tx, settings.name, MANY_NAMES)
    suspects = [
        f"{email} ({count} names)"
        for email, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if not is_nobody(email, settings.shared_emails)
    ]
    if not suspects:
        return
    more = f", and {len(suspects) - SHOWN} more" if len(suspects) > SHOWN else ""
    said = f"guests order under many names with one address: {', '.join(suspects[:SHOWN])}"
    yield Finding(
        "shared addresses",
        "warning",
        said + more,
        "Each address counts as one customer. Add those of a marketplace or a till to"
        f" shared_emails in [store {settings.name}].",
    )


def _check_machine(config: Config, now: datetime) -> Iterator[Finding]:
    """Check this machine."""
    if config.warnings:
        for remark in config.warnings:
            message = str(replace(remark, hint=""))
            yield Finding("configuration", "warning", message, remark.hint)
    else:
        yield Finding("configuration", "ok", f"{config.files[0]} has no problems")
    yield _check_database(config.database)
    yield from _check_disk(config.database)
    yield _check_clock(config.files[0], now)


def _check_database(url: str) -> Finding:
    path = _sqlite_file(url)
    if path is not None and not path.exists():
        if path.parent.is_dir():
            return Finding(
                "database",
                "ok",
                f"the database {path} does not exist yet; 'wcflow plan' creates it",
            )
        return Finding("database", "problem", f"there is no directory {path.parent}", "Create it.")
    try:
        with open_database(url) as db, db.reading() as tx:
            version = load_revision(tx)
    except WcflowError as error:
        return Finding("database", "problem", str(error), error.advice)
    return Finding(
        "database", "ok", f"the database {db.location} can be opened (revision {version})"
    )


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
