"""Tables of persons, their identities, and what has happened to them."""

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint, false, text
from sqlmodel import Field

from wcflow.database.tables.base import ROW_ID, Row


class PersonRow(Row, table=True):
    """A person: when to evaluate them next, and their state after the last evaluation."""

    __tablename__ = "person"
    __table_args__ = (
        # One index for both: people who are due are searched among those that are not dirty.
        Index("person_dirty", "store", "dirty", "due_at"),
        # A full evaluation goes through the people by id, a batch at a time.
        Index("person_by_id", "store", "id", "present"),
        Index("person_by_email", "store", "email"),
        # Lists are sorted by these, a page at a time.
        Index("person_by_list_key", "store", "list_key"),
        # With the phone number: one reading of the index finds names and numbers.
        Index("person_by_name", "store", "sort_name", "phone"),
        Index("person_by_spent", "store", "total_spent"),
        Index("person_by_orders", "store", "orders_count"),
        Index("person_by_last_order", "store", "last_order"),
        Index("person_by_since", "store", "since"),
        Index("person_by_company", "store", "company"),
        # Only in SQLite: PostgreSQL cannot put any length of text into an index.
        Index("person_by_tags", "store", "current_tags", info={"only": "sqlite"}).ddl_if(
            dialect="sqlite"
        ),
        Index("person_inactive", "store", "inactive", sqlite_where=text("inactive = 1")),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    email: str = Field(default="", description="normalized, for searching")
    present: bool = Field(default=True, description="the store has an account or an order of them")
    dirty: int = Field(default=1, description="1 if something changed since their evaluation")
    due_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when time alone next changes a result"
    )
    evaluated_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when they were last evaluated"
    )
    rules_digest: str = Field(default="", description="hash of the rules of that evaluation")
    added_by_hand: str = Field(
        default="[]", sa_type=Text, description="JSON: tags that someone added in the store"
    )
    removed_by_hand: str = Field(
        default="[]", sa_type=Text, description="JSON: tags of rules that someone removed"
    )
    added_by_workflows: str = Field(
        default="[]", sa_type=Text, description="JSON: tags that workflows added"
    )
    kept_forever: str = Field(
        default="{}", sa_type=Text, description="JSON: tags of keep = forever rules, by rule"
    )
    current_tags: str = Field(
        default="[]", sa_type=Text, description="JSON: all tags after the last evaluation"
    )
    matching_workflows: str = Field(
        default="[]",
        sa_type=Text,
        description="JSON: customer_matches workflows whose condition held",
    )
    written_to_customer: str | None = Field(
        default=None, sa_type=Text, description="JSON: {tags, segment} last written to the customer"
    )
    written_to_order: str | None = Field(
        default=None,
        sa_type=Text,
        description="JSON: {tags, segment} last written to written_order_id",
    )
    written_order_id: int = Field(
        default=0, sa_type=BigInteger, description="the order that shows their tags"
    )
    total_spent: int = Field(
        default=0, sa_type=BigInteger, description="minor units, for lists and percentiles"
    )
    orders_count: int = Field(default=0, description="paid orders, for lists and percentiles")
    spend_percentile: int | None = Field(default=None, description="as of the last nightly check")
    orders_percentile: int | None = Field(default=None, description="as of the last nightly check")
    consent: bool | None = Field(
        default=None, description="whether they accepted marketing then; empty: unknown"
    )
    list_key: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="sorts customers by number and then guests by address",
    )
    name: str = Field(default="", sa_column_kwargs={"server_default": ""}, description="for lists")
    sort_name: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="the name without case and accents, for sorting and searching",
    )
    phone: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="digits of the billing phone number, for searching",
    )
    company: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="folded: the billing company",
    )
    last_order: int | None = Field(
        default=None, sa_type=BigInteger, description="when their last paid order was placed"
    )
    since: int | None = Field(
        default=None, sa_type=BigInteger, description="when they registered or first ordered"
    )
    inactive: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="someone of the team set their status to inactive",
    )


PERSON_LIST_COLUMNS = (
    "added_by_hand",
    "removed_by_hand",
    "added_by_workflows",
    "current_tags",
    "matching_workflows",
)
"""Columns of a person that contain a JSON list of names."""


class IdentityRow(Row, table=True):
    """An account or an e-mail address of a person.

    A person has at most one account. A person without an account has exactly one address.
    """

    __tablename__ = "identity"
    __table_args__ = (Index("identity_by_person", "store", "person"),)

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="account or email")
    value: str = Field(primary_key=True, description="the customer id, or the address")
    person: int = Field(sa_type=BigInteger, description="the person's id")


class SearchTextRow(Row, table=True):
    """What a person is found by: folded, each name, address or number on a line of its own."""

    __tablename__ = "search_text"
    # The rows are read from the first to the last, without an index.
    __table_args__ = ({"sqlite_with_rowid": False},)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    words: str = Field(sa_type=Text, description="names, e-mail addresses and companies")
    phones: str = Field(sa_type=Text, description="digits of phone numbers")


class EventRow(Row, table=True):
    """Something that happened to a person and that no order shows."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("store", "person", "key", name="event_once"),)

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    kind: str = Field(description="what happened, for triggers: consent_given")
    key: str = Field(description="its stable name: consent given 2026-01-31")
    at: int = Field(sa_type=BigInteger, description="when it happened")
    source: str = Field(default="", description="what reported it to wcflow")
    data: str = Field(default="{}", sa_type=Text, description="JSON: details for templates")


class MembershipRow(Row, table=True):
    """A person is in a segment."""

    __tablename__ = "membership"
    # With the person: the members of a segment are read from the index alone.
    __table_args__ = (Index("membership_by_segment", "store", "segment", "person"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    segment: str = Field(primary_key=True, description="the NAME of [segment NAME]")
    since: int = Field(sa_type=BigInteger, description="when they entered it")


class TransitionRow(Row, table=True):
    """A person entered or left a segment: the timeline that explain shows."""

    __tablename__ = "transition"
    __table_args__ = (Index("transition_by_person", "store", "person"),)

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    segment: str = Field(description="the NAME of [segment NAME]")
    entered: bool = Field(description="true: entered, false: left")
    at: int = Field(sa_type=BigInteger, description="when it was evaluated")
    reason: str = Field(sa_type=Text, description="the parts of the condition, in words")
