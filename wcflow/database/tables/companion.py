"""Tables about the companion plugin: how far its streams are read, and what was pushed to it."""

from sqlalchemy import BigInteger, Column, Index, Text, false, text
from sqlmodel import Field

from wcflow.database.tables.base import Row


class CompanionRow(Row, table=True):
    """The companion plugin of a store: what it has, and when it was last updated."""

    __tablename__ = "companion"

    store: str = Field(primary_key=True, description="the store's name")
    version: str = Field(default="", description="the plugin's version")
    mail_url: str = Field(default="", description="the address that links in e-mails begin with")
    generation: str = Field(
        default="", description="names this database, and how often everyone was pushed anew"
    )
    settings: str = Field(default="", description="hash of the settings that the plugin has")
    queued_up_to: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="while everyone is pushed anew: the last person, by id, that is queued",
    )
    finish_due: bool = Field(
        default=False, description="everyone was queued: older rows of the plugin are removed next"
    )
    figures: str = Field(
        default="{}",
        sa_type=Text,
        description="JSON: figures of workflows and usual tags, as pushed",
    )
    figures_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when these figures were computed"
    )
    pushed_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when something was last pushed"
    )
    summary_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when the last summary was pushed"
    )
    problem: str = Field(
        default="", sa_type=Text, description="why the plugin cannot be updated, or empty"
    )
    problem_since: int | None = Field(
        default=None, sa_type=BigInteger, description="when that began"
    )
    other_seen_at: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="when another wcflow database was last seen to update the plugin too",
    )
    dropped_emails: int = Field(
        default=0,
        sa_column_kwargs={"server_default": text("0")},
        description="addresses from the checkout that the plugin ignored in the last day",
    )


class CompanionCursorRow(Row, table=True):
    """How far a stream of the plugin has been read: the last row that was handled."""

    __tablename__ = "companion_cursor"

    store: str = Field(primary_key=True, description="the store's name")
    stream: str = Field(primary_key=True, description="changes, requests, events")
    epoch: str = Field(default="", description="names the plugin's tables")
    row_id: int = Field(default=0, sa_type=BigInteger, description="the row's number, or 0")
    row_key: str = Field(default="", description="the row's key, or empty")
    since: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="since when it has been read without a gap; of changes only",
    )


class CompanionDueRow(Row, table=True):
    """A person whose card in the plugin may be outdated, or who is gone."""

    __tablename__ = "companion_due"
    __table_args__ = (Index("companion_due_by_number", "store", "number"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: int = Field(
        sa_type=BigInteger,
        description="higher for a later change; 0 if only because everyone is pushed",
    )


class CompanionPushedRow(Row, table=True):
    """The card that the plugin has of a person."""

    __tablename__ = "companion_pushed"

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    digest: str = Field(description="hash of the card, or of one that the plugin refused")
    refused: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the plugin refused it",
    )


class CompanionRequestRow(Row, table=True):
    """What someone did in the dashboard, and what came of it. Each is done once."""

    __tablename__ = "companion_request"
    __table_args__ = (
        Index("companion_request_open", "store", "answered", sqlite_where=text("answered = 0")),
    )

    store: str = Field(primary_key=True, description="the store's name")
    key: str = Field(primary_key=True, description="the request's key")
    id: int = Field(sa_type=BigInteger, description="the request's number in the plugin")
    person: int = Field(default=0, sa_type=BigInteger, description="the person's id, or 0")
    state: str = Field(description="done or refused")
    words: str = Field(sa_type=Text, description="what was done, or why not")
    answered: bool = Field(default=False, description="the plugin has the answer")
    at: int = Field(sa_type=BigInteger, description="when it was done or refused")
