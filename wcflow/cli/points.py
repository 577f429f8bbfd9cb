"""``wcflow points``: show a customer's points; add some, take some, undo a change."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, CustomerText, StoreName, admin_name
from wcflow.database import standings
from wcflow.database.contacts import load_contacts
from wcflow.database.identity import mark_persons_dirty
from wcflow.errors import SetupError, UsageError
from wcflow.rules.points import Balance, balance
from wcflow.standing import PointsChange
from wcflow.units import add_duration

MOST = 1_000_000_000


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="Show a customer's points; add some, undo a change.")
    family.command("show")(show)
    # Otherwise -20 would be an option.
    family.command("add", context_settings={"ignore_unknown_options": True})(add)
    family.command("undo")(undo)
    app.add_typer(family, name="points")


def show(
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's points, and every change with its reason, the newest first.

    Those that expire first are spent first. What an order earned is computed again whenever the
    order changes; changes that you make by hand stay as they are.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        name = who.settings.name
        ledger = standings.load_points(tx, name, [who.person]).get(who.person, [])
        contact = load_contacts(tx, name, [who.person]).get(who.person)
        zone, now = store_zone(tx, name), session.clock()
    found = balance(ledger, now)
    if as_json:
        changes = [_json(each) for each in reversed(ledger)]
        facts = {"store": name, "customer": describe.customer_json(contact)}
        output.print_json({**facts, "points": found.points, "changes": changes})
        return
    output.print_line(f"{contact}: {_words(found, zone)}", "bold")
    rows = [_row(each, zone) for each in reversed(ledger)]
    if rows:
        output.print_table(("id", "when", "points", "why", "by", "until"), rows)


def _words(found: Balance, zone: tzinfo) -> str:
    points = output.format_count(found.points, "point")
    if found.changes_at is None:
        return points
    return f"{points}; the next expire on {found.changes_at.astimezone(zone):%Y-%m-%d}"


def _row(change: PointsChange, zone: tzinfo) -> tuple[object, ...]:
    until = f"{change.expires_at.astimezone(zone):%Y-%m-%d}" if change.expires_at else ""
    return (
        change.id,
        output.format_time(change.at, zone),
        f"{change.amount:+,}",
        change.reason,
        change.changed_by,
        until,
    )


def _json(change: PointsChange) -> dict[str, object]:
    return {
        "id": change.id,
        "at": change.at,
        "points": change.amount,
        "reason": change.reason,
        "changed_by": change.changed_by,
        "expires_at": change.expires_at,
        "order_id": change.order_id or None,
        "undoes": change.undoes,
    }


def add(
    number: Annotated[int, typer.Argument(metavar="N", help="How many; -20 takes 20 away.")],
    customer: CustomerText,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Why, for the list of changes.", show_default=False
        ),
    ] = "",
    config: ConfigFile = None,
    store: StoreName = None,
) -> None:
    """Give a customer points, or take some away. They expire as others do."""
    if not number or abs(number) > MOST:
        raise UsageError(f"{number} is not a number of points to add", "")
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        at = session.clock()
        key = f"by hand {at:%Y-%m-%dT%H:%M:%S.%f}Z"
        change = PointsChange(key, number, reason or "by hand", admin_name(), at)
        _save(tx, session, who.settings.name, who.person, change)


def undo(
    number: Annotated[
        int, typer.Argument(metavar="ID", help="The id of the change that 'points show' shows.")
    ],
    config: ConfigFile = None,
) -> None:
    """Undo one change of points: add one that takes it back.

    After that, the order that it is about, if any, earns and loses no more points.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        found = standings.find_points_change(tx, number)
        if found is None or found[0] not in {each.name for each in session.stores()}:
            raise UsageError(
                f"there is no change of points with the id {number}",
                "'wcflow points show CUSTOMER' shows the ids.",
            )
        store, person, change = found
        ledger = standings.load_points(tx, store, [person])[person]
        known = next((each for each in ledger if each.undoes == number), None)
        if known is not None:
            raise UsageError(f"change {number} was undone already, by change {known.id}", "")
        undone = PointsChange(
            f"undo {number}",
            -change.amount,
            f"undo: {change.reason}",
            admin_name(),
            session.clock(),
            order_id=change.order_id,
            terms=change.terms,
            undoes=number,
        )
        _save(tx, session, store, person, undone)


def _save(
    tx: Connection, session: DatabaseSession, store: str, person: int, change: PointsChange
) -> None:
    """Save a change with its expiry, and say how many points there are now."""
    rules = session.config.rules.points
    if rules is None:
        raise SetupError(
            "there is no section [points] in the configuration", "Add one; it can be empty."
        )
    if rules.expires is not None and change.amount > 0:
        expires = add_duration(change.at, rules.expires, store_zone(tx, store))
        change = PointsChange(
            change.key,
            change.amount,
            change.reason,
            change.changed_by,
            change.at,
            expires,
            change.order_id,
            change.terms,
            change.undoes,
        )
    standings.save_points(tx, store, [(person, change)])
    mark_persons_dirty(tx, store, [person])
    ledger = standings.load_points(tx, store, [person])[person]
    contact = load_contacts(tx, store, [person]).get(person)
    points = output.format_count(balance(ledger, change.at).points, "point")
    output.print_line(f"{contact}: {change.amount:+,}, now {points}.", "green")
