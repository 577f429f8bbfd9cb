"""The options that select customers: for lists, and for what is done to many of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli.context import DatabaseSession
from wcflow.cli.where import check_segment, parse_where
from wcflow.database.groups import count_by_group
from wcflow.database.people import load_all_tags
from wcflow.database.people_filter import PeopleFilter, has_tag
from wcflow.database.stores import load_store_row
from wcflow.errors import SetupError, UsageError
from wcflow.evaluate.context import EvaluationContext, read_context
from wcflow.rules.conditions import Condition
from wcflow.rules.errors import did_you_mean
from wcflow.rules.literals import fold

if TYPE_CHECKING:
    # Only the name of a type: lists start without the client of the store.
    from wcflow.cli.session import Session


class Status(StrEnum):
    """What a team can set a customer to."""

    ACTIVE = "active"
    INACTIVE = "inactive"


Search = Annotated[
    str,
    typer.Option(
        "--search",
        metavar="TEXT",
        help="Customers whose name, e-mail address, phone number or order number has this text.",
        show_default=False,
    ),
]
Segment = Annotated[
    str | None,
    typer.Option(
        "--segment", metavar="NAME", help="Customers in this segment.", show_default=False
    ),
]
Tag = Annotated[
    str | None,
    typer.Option("--tag", metavar="TAG", help="Customers with this tag.", show_default=False),
]
Group = Annotated[
    str | None,
    typer.Option("--group", metavar="NAME", help="Customers in this group.", show_default=False),
]
Company = Annotated[
    str | None,
    typer.Option(
        "--company", metavar="NAME", help="Customers of this company.", show_default=False
    ),
]
StatusOption = Annotated[
    Status | None,
    typer.Option("--status", help="Customers with this status.", show_default=False),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help='Customers who match, such as "total_spent > 500 and orders_count(90d) = 0".',
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What was typed; None and empty mean any."""

    search: str = ""
    segment: str | None = None
    tag: str | None = None
    group: str | None = None
    company: str | None = None
    status: Status | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class FilteredStores:
    """The stores to search, the filter with the names as the database has them, and the condition."""

    contexts: list[EvaluationContext]
    people: PeopleFilter
    where: Condition | None


def read_filter(
    tx: Connection, session: DatabaseSession | Session, store: str | None, options: FilterOptions
) -> FilteredStores:
    """Check the options; raises UsageError for a name that does not exist, or a wrong condition."""
    where = None if options.where is None else parse_where(options.where, session.config)
    segment = None if options.segment is None else check_segment(options.segment, session.config)
    contexts = _contexts(tx, session, store)
    names = [each.settings.name for each in contexts]
    tag, group = options.tag, options.group
    if tag is not None:
        _check_tag(tx, names, tag, session.config.rules.static_tags)
    if group is not None:
        group = _known_group(group, {each for name in names for each in count_by_group(tx, name)})
    inactive = None if options.status is None else options.status is Status.INACTIVE
    people = PeopleFilter(segment, tag, group, options.company, inactive, options.search)
    return FilteredStores(contexts, people, where)


def _contexts(
    tx: Connection, session: DatabaseSession | Session, store: str | None
) -> list[EvaluationContext]:
    """Return the stores that were read; raises SetupError if there is none."""
    found = [
        read_context(tx, session.config, settings, session.clock())
        for settings in session.stores(store)
        if load_store_row(tx, settings.name)
    ]
    if not found:
        raise SetupError("the store was never read", "Run 'wcflow plan' first.")
    return found


def _check_tag(tx: Connection, stores: list[str], tag: str, of_rules: Collection[str]) -> None:
    """Raise UsageError if no one has the tag and no rule has its name."""
    if fold(tag) in map(fold, of_rules) or any(has_tag(tx, store, tag) for store in stores):
        return
    known = {each for store in stores for each in load_all_tags(tx, store)}
    hint = did_you_mean(tag, sorted(known.union(of_rules)))
    raise UsageError(
        f"no customer has the tag {tag!r}", hint or "'wcflow tag list' shows the tags."
    )


def _known_group(group: str, known: set[str]) -> str:
    """Return a group as it is written, whatever its case; raises UsageError if there is none."""
    for each in sorted(known):
        if fold(each) == fold(group):
            return each
    hint = did_you_mean(group, sorted(known)) or "'wcflow group list' shows the groups."
    raise UsageError(f"there is no group {group!r}", hint)
