"""``wcflow tag``: add and remove tags by hand; rename, merge and delete them everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import DatabaseSession, edited_by, open_database_session
from wcflow.cli.customer_undo import print_outcome
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import (
    AsJson,
    ConfigFile,
    CustomerText,
    Reason,
    StoreName,
    Yes,
    confirm,
    select_store,
)
from wcflow.customers import tags as operations
from wcflow.customers.tags import Everywhere
from wcflow.customers.written import tags_written_when, written_when
from wcflow.database.contacts import load_contacts
from wcflow.database.tags import count_by_tag
from wcflow.rules.hand_tags import rules_that_make

BY_HAND = "by hand"
TagName = Annotated[str, typer.Argument(metavar="TAG", help="The tag, as it is written.")]


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True, help="List tags; add, remove, rename, merge and delete them by hand."
    )
    family.command("list")(list_tags)
    family.command("add")(add)
    family.command("remove")(remove)
    family.command("rename")(rename)
    family.command("merge")(merge)
    family.command("delete")(delete)
    app.add_typer(family, name="tag")


def list_tags(config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False) -> None:
    """List the tags, how many customers have each, and what makes it.

    'wcflow customer list --tag TAG' lists the customers.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        counts = {each.name: count_by_tag(tx, each.name) for each in session.stores(store)}
    rules = session.config.rules
    if as_json:
        found = {
            name: [
                {"tag": tag, "customers": number, "made_by": rules_that_make(rules, tag)}
                for tag, number in some.items()
            ]
            for name, some in counts.items()
        }
        output.print_json(found)
        return
    for name, some in counts.items():
        output.print_line(f"{name}: {output.format_count(len(some), 'tag')}", "bold")
        rows = [
            (tag, number, ", ".join(rules_that_make(rules, tag)) or BY_HAND)
            for tag, number in some.items()
        ]
        if rows:
            output.print_table(("tag", "customers", "made by"), rows)


def add(
    tag: TagName,
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Give a customer a tag. It stays until someone removes it."""
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        name, person = who.settings.name, who.person
        spelled = operations.find_spelling(tx, name, tag, session.config.rules)
        outcome = operations.add_tag(tx, name, person, spelled, edited_by(session, reason))
        contact = load_contacts(tx, name, [person]).get(person)
        when = tags_written_when(tx, who.settings, person) if outcome.changed else ""
    print_outcome(contact, outcome, when)


def remove(
    tag: TagName,
    customer: CustomerText,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
) -> None:
    """Take a tag from a customer.

    A tag that a rule makes stays away until the rule no longer matches and then matches again.
    """
    with open_database_session(config) as session, session.db.transaction() as tx:
        who = find_customer(tx, session, store, " ".join(customer))
        name, person = who.settings.name, who.person
        respect, by = session.config.manual_tags == "respect", edited_by(session, reason)
        spelled = operations.check_tag(tag)
        outcome = operations.remove_tag(tx, name, person, spelled, by, respect=respect)
        contact = load_contacts(tx, name, [person]).get(person)
        when = tags_written_when(tx, who.settings, person)
    print_outcome(contact, outcome, when)


def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The tag as it is now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it should be.")],
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Rename a tag everywhere. One that a rule makes is renamed in the configuration instead."""
    _change(
        config,
        store,
        reason,
        lambda tx, name, session: operations.plan_rename(tx, name, old, new, session.config.rules),
        yes=yes,
    )


def merge(
    tags: Annotated[
        list[str], typer.Argument(metavar="TAG… INTO", help="The tags, and last the one to keep.")
    ],
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Merge tags: everyone who has one of them gets the last one instead."""
    if len(tags) < 2:  # noqa: PLR2004  one to merge, one to keep
        raise typer.BadParameter("name at least two tags, and last the one to keep")
    _change(
        config,
        store,
        reason,
        lambda tx, name, session: operations.plan_merge(
            tx, name, tags[:-1], tags[-1], session.config.rules
        ),
        yes=yes,
    )


def delete(
    tag: TagName,
    config: ConfigFile = None,
    store: StoreName = None,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Delete a tag: take it from everyone who has it."""
    _change(
        config,
        store,
        reason,
        lambda tx, name, session: operations.plan_delete(tx, name, tag, session.config.rules),
        yes=yes,
    )


_Plan = Callable[[Connection, str, DatabaseSession], Everywhere]


def _change(
    config: Path | None, store: str | None, reason: str, plan_it: _Plan, *, yes: bool
) -> None:
    """Show how many customers a change concerns, ask, and make it."""
    with open_database_session(config) as session:
        settings = select_store(session.config, store)
        name = settings.name
        with session.db.reading() as tx:
            plan = plan_it(tx, name, session)
        _print_mentions(session, plan)
        count = output.format_count(len(plan.persons), "customer")
        if not confirm(f"{_imperative(plan)} for {count} of {name}?", yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            plan = plan_it(tx, name, session)
            outcome = operations.change_everywhere(tx, name, plan, edited_by(session, reason))
            when = written_when(tx, settings, "WooCommerce")
    count = output.format_count(len(plan.persons), "customer")
    print_outcome(None, outcome._replace(words=f"{outcome.words} for {count}"), when)


def _imperative(plan: Everywhere) -> str:
    verb, _, rest = plan.words.partition(" ")
    return f"{verb.removesuffix('d').capitalize()} {rest}"


def _print_mentions(session: DatabaseSession, plan: Everywhere) -> None:
    """Print the lines of the configuration in which a tag occurs: they keep the old name."""
    for path in session.config.files:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        for number, line in enumerate(lines, start=1):
            named = [tag for tag in plan.old if tag.casefold() in line.casefold()]
            if named and not line.lstrip().startswith(("#", ";")):
                output.print_warning(
                    f"{path.name}:{number} mentions {named[0]}", "Change it there as well."
                )
