"""``wcflow points``: show a customer's points; add some, take some, undo a change."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, CustomerText, Reason, StoreName
from wcflow.customers import standing as operations
from wcflow.database import standings
from wcflow.database.contacts import load_contacts
from wcflow.errors import SetupError, UsageError
from wcflow.rules.points import Balance, PointsRules, balance
from wcflow.standing import PointsChange


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
    with open_database_session(config) as session, session.db.transaction() as tx:
        rules = _rules(session)
        who = find_customer(tx, session, store, " ".join(customer))
        name, by = who.settings.name, edited_by(session, reason)
        operations.add_points(
            tx, name, who.person, number, by, rules=rules, zone=store_zone(tx, name)
        )
        _print_points(tx, session, name, who.person, number)


def undo(
    number: Annotated[
        int, typer.Argument(metavar="ID", help="The id of the change that 'points show' shows.")
    ],
    config: ConfigFile = None,
    reason: Reason = "",
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
        by, zone = edited_by(session, reason), store_zone(tx, store)
        operations.undo_points(tx, store, person, change, by, rules=_rules(session), zone=zone)
        _print_points(tx, session, store, person, -change.amount)


def _rules(session: DatabaseSession) -> PointsRules:
    rules = session.config.rules.points
    if rules is None:
        advice = "Add one; it can be empty."
        raise SetupError("there is no section [points] in the configuration", advice)
    return rules


def _print_points(
    tx: Connection, session: DatabaseSession, store: str, person: int, amount: int
) -> None:
    ledger = standings.load_points(tx, store, [person])[person]
    contact = load_contacts(tx, store, [person]).get(person)
    points = output.format_count(balance(ledger, session.clock()).points, "point")
    output.print_line(f"{contact}: {amount:+,}, now {points}.", "green")
