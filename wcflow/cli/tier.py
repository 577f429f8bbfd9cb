"""``wcflow tier``: who is in which tier; set one, or let the figures decide again."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session, store_zone
from wcflow.cli.find_customer import FoundCustomer, find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, CustomerText, Reason, StoreName
from wcflow.customers import standing as operations
from wcflow.database import standings
from wcflow.database.contacts import load_contacts
from wcflow.errors import SetupError
from wcflow.rules.tiers import TierRules
from wcflow.standing import TierState


def register(app: typer.Typer) -> None:
    family = Typer(no_args_is_help=True, help="List the tiers; show, set or clear a customer's.")
    family.command("list")(list_tiers)
    family.command("show")(show)
    family.command("set")(set_tier)
    family.command("clear")(clear)
    app.add_typer(family, name="tier")


def _rules(session: DatabaseSession) -> TierRules:
    if session.config.rules.tiers is None:
        raise SetupError("there is no section [tiers] in the configuration", "Add one first.")
    return session.config.rules.tiers


def list_tiers(config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False) -> None:
    """List the tiers, what they need, and how many customers are in each."""
    with open_database_session(config) as session, session.db.reading() as tx:
        rules = _rules(session)
        names = [each.name for each in session.stores(store)]
        counts = {name: standings.count_by_tier(tx, name) for name in names}
    levels = [*reversed(rules.levels)]
    if as_json:
        tiers = {
            name: [
                {"tier": tier, "needs": needed, "customers": found.get(tier, 0)}
                for tier, needed in levels
            ]
            for name, found in counts.items()
        }
        output.print_json(tiers)
        return
    for name, found in counts.items():
        output.print_line(f"{name}: tiers by {rules.by.text}", "bold")
        rows = [(tier, f"{needed:,f}", found.get(tier, 0)) for tier, needed in levels]
        output.print_table(("tier", "from", "customers"), [*rows, ("none", "", found.get("", 0))])


def show(
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's tier as of the last sync.

    'wcflow explain' shows the orders behind the figures.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        _rules(session)
        who = find_customer(tx, session, store, " ".join(customer))
        state = _state(tx, who)
        contact = load_contacts(tx, who.settings.name, [who.person]).get(who.person)
        zone = store_zone(tx, who.settings.name)
    if as_json:
        facts = {"store": who.settings.name, "customer": describe.customer_json(contact)}
        output.print_json(facts | _json(state))
        return
    output.print_line(f"{contact}: {_words(state)}", "bold")
    if state is None:
        return
    rows = [
        ("since", output.format_time(state.since, zone)),
        ("before", state.before or "none"),
        ("at least", state.fixed and f"{state.fixed}, set by {state.fixed_by}"),
        (
            "not reached since",
            output.format_time(state.below_since, zone) if state.below_since else "",
        ),
    ]
    output.print_table(("", ""), [row for row in rows if row[1]], indent=2, header=False)


def _state(tx: Connection, who: FoundCustomer) -> TierState | None:
    return standings.load_tiers(tx, who.settings.name, [who.person]).get(who.person)


def _words(state: TierState | None) -> str:
    if state is None:
        return "not evaluated yet; 'wcflow sync' does it"
    return state.tier or "below the lowest tier"


def _json(state: TierState | None) -> dict[str, object]:
    return {
        "tier": state.tier or None if state else None,
        "since": state.since if state else None,
        "before": state.before or None if state else None,
        "at_least": state.fixed or None if state else None,
        "set_by": state.fixed_by or None if state else None,
        "below_since": state.below_since if state else None,
    }


def set_tier(
    tier: Annotated[str, typer.Argument(metavar="TIER", help="The name of the tier.")],
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Give a customer at least this tier, until you clear it. They can still reach a higher one."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        rules, by = _rules(session), edited_by(session, reason)
        who = find_customer(tx, session, store, " ".join(customer))
        operations.set_tier(tx, who.settings.name, who.person, tier, by, rules=rules)
        state = _state(tx, who)
    assert state is not None, "it was just set"
    output.print_line(
        f"They are in {state.tier}, and have at least {state.fixed} until 'wcflow tier clear'.",
        "green",
    )


def clear(
    customer: CustomerText, config: ConfigFile = None, store: StoreName = None, reason: Reason = ""
) -> None:
    """Let the figures decide a customer's tier again.

    If they fall short of the tier, they lose it after the grace period.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        _rules(session)
        who = find_customer(tx, session, store, " ".join(customer))
        operations.clear_tier(tx, who.settings.name, who.person, edited_by(session, reason))
    output.print_line("Their figures decide their tier again, from the next sync on.", "green")
