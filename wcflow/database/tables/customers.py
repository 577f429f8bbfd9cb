"""Tables of what a team keeps about customers: edits, notes, groups, companies, receipts."""

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from wcflow.database.tables.base import ROW_ID, Row


class EditRow(Row, table=True):
    """Something that a person of the team changed by hand. An edit is undone by another one."""

    __tablename__ = "edit"
    __table_args__ = (
        Index("edit_by_person", "store", "person"),
        Index("edit_by_key", "store", "key", unique=True, sqlite_where=text("key IS NOT NULL")),
        Index("edit_by_undoes", "undoes", sqlite_where=text("undoes IS NOT NULL")),
        Index("edit_by_bulk", "store", "bulk", sqlite_where=text("bulk <> ''")),
        Index(
            "edit_of_two",
            "store",
            "kind",
            sqlite_where=text("kind IN ('merge', 'split', 'different')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id, or 0: no one person")
    kind: str = Field(description="status, tags, groups, note, fields, company, merge …")
    words: str = Field(sa_type=Text, description="what was changed, in words")
    edited_by: str = Field(description="the admin's name")
    at: int = Field(sa_type=BigInteger, description="when")
    reason: str = Field(default="", sa_type=Text, description="why, in the admin's words")
    data: str = Field(default="{}", sa_type=Text, description="JSON: what undoes it")
    bulk: str = Field(default="", description="the same for all edits of one bulk change")
    key: str | None = Field(default=None, description="a request's stable name, or empty")
    undoes: int | None = Field(
        default=None, sa_type=BigInteger, description="the id of the edit that this one undoes"
    )


class CustomerNoteRow(Row, table=True):
    """A note on a person, in one of the categories. A removed note stays for its undo."""

    __tablename__ = "customer_note"
    __table_args__ = (Index("customer_note_by_person", "store", "person"),)

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    category: str = Field(description="General, Follow-up, Complaint …")
    text: str = Field(sa_type=Text, description="as it was written")
    order_id: int = Field(default=0, sa_type=BigInteger, description="the order, or 0")
    written_by: str = Field(description="the admin's name")
    written_at: int = Field(sa_type=BigInteger, description="when it was written")
    removed_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was removed, or empty"
    )


class GroupRow(Row, table=True):
    """A group that was created by hand; groups of workflows exist while they have members."""

    __tablename__ = "customer_group"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="the group's name")
    made_by: str = Field(description="the admin's name")
    made_at: int = Field(sa_type=BigInteger, description="when it was created")


class CompanyRow(Row, table=True):
    """A company, whose members are people."""

    __tablename__ = "company"
    __table_args__ = (
        UniqueConstraint("store", "folded", name="company_once"),
        Index("company_by_billing", "store", "billing_company"),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    name: str = Field(description="as it was written")
    folded: str = Field(description="the name without case, to find it")
    email: str = Field(default="", description="the company's address, or empty")
    vat_id: str = Field(default="", description="the VAT id, or empty")
    billing_company: str = Field(
        default="", description="folded: customers with this billing company are members, or empty"
    )
    made_by: str = Field(description="the admin's name")
    made_at: int = Field(sa_type=BigInteger, description="when it was created")


class CompanyMemberRow(Row, table=True):
    """A person whom someone put into a company by hand, or took out of all of them."""

    __tablename__ = "company_member"
    __table_args__ = (Index("company_member_by_company", "store", "company"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    company: int = Field(sa_type=BigInteger, description="the company's id; 0: none, by hand")
    since: int = Field(sa_type=BigInteger, description="since when")
    added_by: str = Field(description="the admin's name")


class ErasureRow(Row, table=True):
    """The receipt of a deleted customer: what was done, without saying who they were."""

    __tablename__ = "erasure"
    __table_args__ = (
        Index("erasure_open", "store", "finished_at", sqlite_where=text("finished_at IS NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    mode: str = Field(description="anonymize or delete: what becomes of the orders")
    person: int = Field(sa_type=BigInteger, description="the id that the person had here")
    account: int = Field(sa_type=BigInteger, description="the customer id to delete, or 0")
    counts: str = Field(sa_type=Text, description="JSON: how many of what was deleted or is kept")
    erased_by: str = Field(description="the admin's name")
    reason: str = Field(default="", sa_type=Text, description="why, in the admin's words")
    at: int = Field(sa_type=BigInteger, description="when it was asked for")
    finished_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when the store had done its part, or empty"
    )


class ErasedIdentityRow(Row, table=True):
    """An address or account of a deleted customer, as a hash that does not say which it was."""

    __tablename__ = "erased_identity"

    store: str = Field(primary_key=True, description="the store's name")
    hash: str = Field(primary_key=True, description="HMAC of the key, with the database's secret")
    erasure: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    person: int = Field(sa_type=BigInteger, description="the id that the person had here")


class SamePersonRow(Row, table=True):
    """The guest orders of an address belong to a customer, or to whoever has another address.

    Someone of the team said so by a merge.
    """

    __tablename__ = "same_person"
    __table_args__ = (Index("same_person_by_other", "store", "belongs_to"),)

    store: str = Field(primary_key=True, description="the store's name")
    email: str = Field(primary_key=True, description="a guest's address")
    belongs_to: str = Field(description="c12 for a customer, g: and an address for a guest")


class NotSamePersonRow(Row, table=True):
    """Two people who look alike and are different people, as someone of the team said."""

    __tablename__ = "not_same_person"

    store: str = Field(primary_key=True, description="the store's name")
    one: str = Field(primary_key=True, description="c12 for a customer, g: and an address")
    other: str = Field(primary_key=True, description="the other one, later in the alphabet")
    said_by: str = Field(description="the admin's name")
    at: int = Field(sa_type=BigInteger, description="when")
