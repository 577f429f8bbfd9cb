"""Tables about a store, and about the database as a whole."""

from sqlalchemy import BigInteger, Column, Text, false, text
from sqlmodel import Field

from wcflow.database.tables.base import Row


class StoreRow(Row, table=True):
    """A store: the binding, what WooCommerce says about itself, and how far it has been read."""

    __tablename__ = "store"

    name: str = Field(primary_key=True, description="the NAME of [store NAME]")
    url: str = Field(description="binding: the address of the store")
    uid: str = Field(default="", description="binding: the store id that WooCommerce created")
    title: str = Field(default="", description="the store's name, for store.name")
    time_zone: str = Field(default="UTC", description="IANA name, or UTC offset in minutes as +60")
    currency: str = Field(default="", description="ISO 4217 code of the store's currency")
    version: str = Field(default="", description="WooCommerce version")
    uses_hpos: bool = Field(default=True, description="orders have their own tables, not posts")
    can_read_meta: bool = Field(default=True, description="the API key can read customer meta")
    key_digest: str = Field(
        default="",
        sa_column_kwargs={"server_default": ""},
        description="which API key can_read_meta is about: the start of its SHA-256",
    )
    key_read_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when can_read_meta was read"
    )
    meta_write_verified: bool = Field(
        default=False, description="a written meta value has been read back"
    )
    initial_sync_started: int | None = Field(
        default=None, sa_type=BigInteger, description="server time when the initial sync started"
    )
    initial_sync_done: int | None = Field(
        default=None, sa_type=BigInteger, description="when the initial sync ended"
    )
    child_orders_read: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="orders that were split from others are known",
    )
    order_cursor: int | None = Field(
        default=None, sa_type=BigInteger, description="orders are imported up to this time"
    )
    has_subscriptions: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the store has WooCommerce Subscriptions",
    )
    has_companion: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the store has the companion plugin",
    )
    subscription_cursor: int | None = Field(
        default=None, sa_type=BigInteger, description="subscriptions are read up to this time"
    )
    newest_customer_id: int = Field(
        default=0, sa_type=BigInteger, description="highest customer id that has been read"
    )
    customer_rescan_position: int = Field(
        default=0, sa_type=BigInteger, description="highest customer id that the rescan has read"
    )
    customer_rescan_started: int | None = Field(
        default=None, sa_type=BigInteger, description="when the current customer rescan started"
    )
    reconciled_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when the last nightly check ended"
    )
    polled_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when a poll last succeeded"
    )
    poll_error: str = Field(
        default="", sa_type=Text, description="why the last poll failed, or empty"
    )
    poll_error_since: int | None = Field(
        default=None, sa_type=BigInteger, description="when polls began to fail"
    )
    write_error: str = Field(
        default="",
        sa_type=Text,
        sa_column_kwargs={"server_default": ""},
        description="why the store accepts no changes, or empty",
    )
    write_error_since: int | None = Field(
        default=None, sa_type=BigInteger, description="when changes began to fail"
    )
    clock_here: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="if the clocks disagreed at the last poll: what this machine's clock said",
    )
    clock_store: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="if the clocks disagreed at the last poll: what the store's clock said",
    )
    evaluated_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when people were last evaluated"
    )
    evaluated_before: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="the same before the last hour without an evaluation",
    )
    median_order_gap: str = Field(
        default="", description="median days between two orders of a person, as decimal text"
    )
    rules_digest: str = Field(default="", description="hash of the rules as last loaded")
    full_evaluation_position: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="during a full evaluation: the last person that was evaluated, by id",
    )
    applied_settings: str | None = Field(
        default=None, sa_type=Text, description="the settings of the last evaluation"
    )
    meta_keys: str | None = Field(
        default=None, sa_type=Text, description="JSON: the custom fields that are imported"
    )
    resyncing: str = Field(default="", description="what a resync is reading: customer, order")
    empty_answer_approved: bool = Field(
        default=False, description="an unexpected empty answer was approved"
    )
    lease_holder: str = Field(default="", description="the process that works on this store")
    lease_until: int = Field(
        default=0, sa_type=BigInteger, description="when the lease ends unless it is renewed"
    )


class ChannelRow(Row, table=True):
    """A channel of a store: the store itself, e-mail, messages. Each has its own hold."""

    __tablename__ = "channel"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="store, or another channel's name")
    hold_reason: str = Field(default="", sa_type=Text, description="why changes wait, or empty")
    held_since: int | None = Field(
        default=None, sa_type=BigInteger, description="when the hold began"
    )
    approved: bool = Field(default=False, description="the first changes were approved")
    error: str = Field(
        default="",
        sa_type=Text,
        sa_column_kwargs={"server_default": ""},
        description="why nothing gets through, or empty",
    )
    error_since: int | None = Field(
        default=None, sa_type=BigInteger, description="since when nothing gets through"
    )


class AlertRow(Row, table=True):
    """The last message about something that was wrong, so that a restart does not repeat it."""

    __tablename__ = "alert"

    store: str = Field(primary_key=True, description="the store's name, or empty")
    kind: str = Field(primary_key=True, description="stalled, held, failed …")
    way: str = Field(primary_key=True, description="email or apprise")
    told_at: int = Field(sa_type=BigInteger, description="when an admin was last told of it")
    is_open: bool = Field(description="its end was not told yet")


class RescanRow(Row, table=True):
    """A rescan of orders or customers that is running, and its position."""

    __tablename__ = "rescan"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="customers, or which orders: ids, year, all")
    started: int = Field(sa_type=BigInteger, description="when it started")
    position: int = Field(default=0, sa_type=BigInteger, description="read up to this second")
    end: int = Field(default=0, sa_type=BigInteger, description="the second at which it ends")
    done: int = Field(default=0, description="pages that were read")
    pages: int = Field(default=0, description="number of pages when it started")


class ImportRange(Row, table=True):
    """A part of the initial sync. It keeps its position, so that the sync can continue."""

    __tablename__ = "import_range"

    store: str = Field(primary_key=True, description="the store's name")
    resource: str = Field(
        primary_key=True, description="orders, trash, drafts, customers, products"
    )
    number: int = Field(primary_key=True, description="counted from 0 within the resource")
    position: int = Field(
        sa_type=BigInteger, description="last creation time or id that was read, exclusive start"
    )
    end: int = Field(sa_type=BigInteger, description="last creation time or id of the range")
    done: bool = Field(default=False, description="everything was read")
    crowd_position: int = Field(
        default=0,
        sa_column_kwargs={"server_default": text("0")},
        description="in a very crowded second: how many of its orders have been read",
    )
    crowd_last_id: int = Field(
        default=0,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": text("0")},
        description="in a very crowded second: the last order that was read",
    )


class CrowdedSecondRow(Row, table=True):
    """A second in which very many orders changed: polls read it in parts, and keep its position."""

    __tablename__ = "crowded_second"

    store: str = Field(primary_key=True, description="the store's name")
    status: str = Field(primary_key=True, description="the statuses that are read")
    second: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False),
    )
    started: int = Field(sa_type=BigInteger, description="server time when its reading started")
    position: int = Field(default=0, description="how many of its orders have been read")
    last_id: int = Field(default=0, sa_type=BigInteger, description="the last order that was read")
    done: bool = Field(default=False, description="all of its orders have been read")


class SettingRow(Row, table=True):
    """A value of the whole database, such as the secret that coupon codes derive from."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, description="the name of the value")
    value: str = Field(sa_type=Text, description="the value as text")
