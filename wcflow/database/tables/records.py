"""Tables of what the store contains, and of how wcflow reads and writes it."""

from sqlalchemy import BigInteger, Column, Index, Text, false, text
from sqlmodel import Field

from wcflow.database.tables.base import Row

ODD_FIELDS = "fields that were read only as far as possible, separated by commas"
HAS_ODD_FIELDS = text("odd_fields <> ''")


def _odd_fields_index(table: str) -> Index:
    """Index records with odd fields, to count the few without reading all.

    PostgreSQL stores equal keys once. The same condition for it would load its dialect at each start.
    """
    return Index(f"{table}_odd", "store", "odd_fields", sqlite_where=HAS_ODD_FIELDS)


class OrderRow(Row, table=True):
    """An order as the store last returned it."""

    __tablename__ = "orders"
    __table_args__ = (
        # With the address: all guests have the number 0, and are searched by address.
        Index("orders_by_customer", "store", "customer_id", "email"),
        Index("orders_by_created", "store", "created"),
        _odd_fields_index("orders"),
        # With the currency: currencies without a rate are counted from the index alone.
        Index("orders_by_status", "store", "status", "currency"),
        Index(
            "orders_by_parent",
            "store",
            "parent_id",
            sqlite_where=text("parent_id <> 0"),
        ),
        # In most stores the number is the id.
        Index(
            "orders_by_number",
            "store",
            "number",
            sqlite_where=text("number != CAST(id AS TEXT)"),
        ),
    )

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: str = Field(description="the number that the store shows")
    status: str = Field(description="without the prefix wc-")
    currency: str = Field(description="ISO 4217")
    total: int = Field(sa_type=BigInteger, description="gross, not reduced by refunds")
    discount_total: int = Field(sa_type=BigInteger, description="what coupons took off")
    customer_id: int = Field(sa_type=BigInteger, description="0 for guests")
    email: str = Field(description="normalized billing address")
    created: int = Field(sa_type=BigInteger, description="date_created_gmt")
    modified: int = Field(sa_type=BigInteger, description="date_modified_gmt")
    paid: int | None = Field(sa_type=BigInteger, description="date_paid_gmt")
    completed: int | None = Field(sa_type=BigInteger, description="date_completed_gmt")
    payment_method: str = Field(description="its id, such as cod")
    created_via: str = Field(description="checkout, store-api, admin, rest-api, or a till's name")
    customer_note: str = Field(sa_type=Text, description="what the customer wrote")
    detail: str = Field(
        sa_type=Text, description="JSON: billing, coupons, items, meta, refunds, shipping"
    )
    history: str = Field(
        default="[]", sa_type=Text, description="JSON: observed changes [[before, after, at], …]"
    )
    odd_fields: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description=ODD_FIELDS
    )
    parent_id: int = Field(
        default=0,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": text("0")},
        description="the order it was split from, or 0",
    )
    undated: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the store has no date_created",
    )


class CustomerRow(Row, table=True):
    """A registered customer as the store last returned them."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("customer_by_email", "store", "email"),
        Index("customer_by_billing_email", "store", "billing_email"),
        _odd_fields_index("customer"),
    )

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    email: str = Field(description="normalized address of the account, else the billing address")
    first_name: str = Field(description="of the account")
    last_name: str = Field(description="of the account")
    username: str = Field(description="the login name")
    role: str = Field(description="the WordPress role")
    created: int | None = Field(sa_type=BigInteger, description="when they registered")
    detail: str = Field(sa_type=Text, description="JSON: billing, meta (null: hidden), shipping")
    billing_email: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="normalized billing address if it is not the account's own",
    )
    odd_fields: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description=ODD_FIELDS
    )


class ProductRow(Row, table=True):
    """A product, for its categories and tags."""

    __tablename__ = "product"
    __table_args__ = (_odd_fields_index("product"),)

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str = Field(description="unescaped")
    sku: str = Field(description="can be empty")
    categories: str = Field(sa_type=Text, description="JSON: names")
    tags: str = Field(sa_type=Text, description="JSON: names")
    modified: int | None = Field(sa_type=BigInteger, description="date_modified_gmt")
    odd_fields: str = Field(
        default="", sa_column_kwargs={"server_default": ""}, description=ODD_FIELDS
    )


class QuarantineRow(Row, table=True):
    """A record that could not be read. The database keeps its last readable version."""

    __tablename__ = "quarantine"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order, customer, product or refund")
    id: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False),
        description="0 for all records without a readable id",
    )
    reason: str = Field(sa_type=Text, description="what is wrong and where, without its content")
    first_seen: int = Field(sa_type=BigInteger, description="when it first could not be read")
    last_seen: int = Field(sa_type=BigInteger, description="when it last could not be read")


class UnconfirmedRow(Row, table=True):
    """A record that a resync has not found in the store yet."""

    __tablename__ = "unconfirmed"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order or customer")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class WrittenTagsRow(Row, table=True):
    """The tags that wcflow wrote to one order or customer, whichever person it belongs to now."""

    __tablename__ = "written_tags"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order or customer")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    tags: str = Field(sa_type=Text, description="JSON: tags written there, or about to be")
    dropped: str = Field(
        default="[]", sa_type=Text, description="JSON: tags removed if an uncertain write succeeded"
    )
