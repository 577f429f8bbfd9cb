"""``wcflow pool``: list coupon pools, import codes, and show who has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.actions.pool import PoolRule, pool_rules
from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName, Yes, confirm, select_store
from wcflow.config.load import Config
from wcflow.database import pools
from wcflow.database.contacts import Contact, load_contacts
from wcflow.errors import UsageError
from wcflow.rules.errors import did_you_mean

PoolName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the pool.")]


class CodeState(StrEnum):
    """The states of codes, as options."""

    FREE = pools.FREE
    RESERVED = pools.RESERVED
    ASSIGNED = pools.ASSIGNED
    UNUSABLE = pools.UNUSABLE


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="List coupon pools; import and show their codes.")
    family.command("list")(list_pools)
    family.command("import", epilog=IMPORT_EPILOG)(import_codes)
    family.command("show")(show_pool)
    family.command("free")(free_codes)
    app.add_typer(family, name="pool")


def list_pools(config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False) -> None:
    """List the coupon pools with the number of their codes.

    A code is free, reserved for a workflow that has not delivered it yet, assigned to a customer, or
    unusable.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        names = [each.name for each in session.stores(store)]
        found = {name: pools.count_codes(tx, name) for name in names}
    rules = pool_rules(session.config.rules)
    if as_json:
        output.print_json(
            {
                name: [_pool_json(rule, some) for rule in rules.values()]
                for name, some in found.items()
            }
        )
        return
    for name, some in found.items():
        known = [*rules, *sorted(some.keys() - rules.keys())]
        output.print_line(f"{name}: {output.format_count(len(known), 'coupon pool')}", "bold")
        rows = [(each, *_counts(some, each), _remark(rules.get(each), some)) for each in known]
        if rows:
            output.print_table(("pool", *pools.STATES, ""), rows)


def _counts(found: dict[str, dict[str, int]], pool: str) -> Sequence[int]:
    return [found.get(pool, {}).get(state, 0) for state in pools.STATES]


def _remark(rule: PoolRule | None, found: dict[str, dict[str, int]]) -> str:
    if rule is None:
        return "not in the configuration"
    low = found.get(rule.name, {}).get(pools.FREE, 0) < rule.low_water
    return f"low: fewer than {rule.low_water:,} free" if low else ""


def _pool_json(rule: PoolRule, found: dict[str, dict[str, int]]) -> dict[str, object]:
    counts = dict(zip(pools.STATES, _counts(found, rule.name), strict=True))
    low = counts[pools.FREE] < rule.low_water
    return {"name": rule.name, **counts, "low_water": rule.low_water or None, "low": low}


IMPORT_EPILOG = """\b
Exit codes:
    0  done
    1  FILE cannot be read
    2  no such pool
"""


def import_codes(
    name: PoolName,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="One code per line, or CSV with a column 'code'.",
            show_default=False,
        ),
    ],
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Add the codes of a file to a coupon pool.

    A code that is in the pool already stays as it is, so the same file can be imported again. Upper
    and lower case make no difference, as in WooCommerce. What is in codes_file is imported by the
    service and by 'wcflow sync' without this command.
    """
    # Only here: the other commands start without the store's client.
    from wcflow.poll import pools as imports  # noqa: PLC0415

    with open_database_session(config) as session:
        _require_pool(session.config, name)
        where = select_store(session.config, store).name
        found = imports.import_codes(session.db, where, name, file, session.clock())
    known = f", {found.known:,} were in it already" if found.known else ""
    count = output.format_count(found.new, "code")
    output.print_line(f"{where}: {count} added to {name}{known}.", "green")
    for left_out in found.codes.left_out():
        output.print_line(f"Left out: {left_out}.")


def show_pool(
    name: PoolName,
    config: ConfigFile = None,
    store: StoreName = None,
    state: Annotated[
        list[CodeState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only codes in this state. Can be given more than once. [default: all but free]",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many codes to show.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the codes of a coupon pool: who has them, or why they are not usable."""
    states = [each.value for each in state or CodeState if state or each != CodeState.FREE]
    with open_database_session(config) as session, session.db.reading() as tx:
        found = [
            _load_view(tx, session.config, each.name, name, states, limit)
            for each in session.stores(store)
        ]
    if as_json:
        output.print_json({view.store: _view_json(view) for view in found})
        return
    for view in found:
        _print_view(view)


@dataclass(frozen=True, slots=True)
class _View:
    """A pool of one store: how many codes it has, and some of them."""

    store: str
    pool: str
    counts: Mapping[str, int]
    codes: Sequence[pools.ShownCode]
    contacts: Mapping[int, Contact]
    zone: tzinfo


def _load_view(
    tx: Connection, config: Config, store: str, pool: str, states: Sequence[str], limit: int
) -> _View:
    counts = pools.count_codes(tx, store)
    if pool not in counts:
        _require_pool(config, pool)
    codes = pools.load_codes(tx, store, pool, states, limit)
    contacts = load_contacts(tx, store, {each.person for each in codes if each.person})
    by_state = dict(zip(pools.STATES, _counts(counts, pool), strict=True))
    return _View(store, pool, by_state, codes, contacts, store_zone(tx, store))


def _view_json(view: _View) -> dict[str, object]:
    codes = [
        {**each._asdict(), "customer": describe.customer_json(view.contacts.get(each.person or 0))}
        for each in view.codes
    ]
    return {**view.counts, "codes": codes}


def _print_view(view: _View) -> None:
    words = ", ".join(f"{count:,} {state}" for state, count in view.counts.items())
    output.print_line(
        f"{view.store}: {view.pool}: {words} ({output.zone_words(view.zone)})", "bold"
    )
    rows = [
        (
            each.code,
            each.state,
            output.format_time(each.changed_at, view.zone),
            view.contacts.get(each.person or 0, ""),
            f"run {each.run_id}, step {each.step}" if each.run_id else each.reason,
        )
        for each in view.codes
    ]
    if rows:
        output.print_table(("code", "state", "since", "customer", ""), rows)


def free_codes(
    name: PoolName, config: ConfigFile = None, store: StoreName = None, yes: Yes = False
) -> None:
    """Use codes again that were set aside when a backup was restored.

    They may have been given to customers after the backup was made. Check that before.
    """
    with open_database_session(config) as session:
        where = select_store(session.config, store).name
        with session.db.reading() as tx:
            if name not in pools.count_codes(tx, where):
                _require_pool(session.config, name)
        question = f"Use the codes of {name} again that may have been given to customers?"
        if not confirm(question, yes=yes):
            output.print_line("Cancelled.")
            return
        count = _free(session, where, name)
    output.print_line(f"{where}: {output.format_count(count, 'code')} of {name} free again.")


def _free(session: DatabaseSession, store: str, name: str) -> int:
    with session.db.transaction() as tx:
        return pools.free_set_aside(tx, store, name, pools.AFTER_RESTORE, session.clock())


def _require_pool(config: Config, name: str) -> None:
    names = list(pool_rules(config.rules))
    if name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
        raise UsageError(f"there is no [coupon_pool {name}] in the configuration", hint)
