"""The mirror's tables, every column told. No query stands here.

An instant is whole seconds since 1970 in UTC (the shop's own resolution). Money is integers of
the minor unit. JSON columns are text, so that SQLite and PostgreSQL treat them alike.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

# SQLite numbers rows by itself only in a plain INTEGER column; PostgreSQL is given 64 bits.
_ROW_ID = BigInteger().with_variant(Integer(), "sqlite")


class _Row(SQLModel):
    """A table's row. No validator is built for it: records are checked before they come here."""

    model_config = {"defer_build": True}


class StoreRow(_Row, table=True):
    """One shop: its pin, what it said of itself, and how far it has been read."""

    __tablename__ = "store"

    name: str = Field(primary_key=True, description="the NAME of [store NAME]")
    url: str = Field(description="the pin: the address this database mirrors")
    uid: str = Field(default="", description="the pin: the shop's own store id")
    title: str = Field(default="", description="the shop's name, for store.name")
    time_zone: str = Field(default="UTC", description="IANA name, or UTC offset in minutes as +60")
    currency: str = Field(default="", description="ISO 4217 code of the store's currency")
    version: str = Field(default="", description="WooCommerce's version")
    uses_hpos: bool = Field(default=True, description="orders in their own tables, not in posts")
    can_read_meta: bool = Field(default=True, description="the key is shown customer meta")
    meta_write_verified: bool = Field(
        default=False, description="a written meta value was read back"
    )
    initial_sync_started: int | None = Field(
        default=None, sa_type=BigInteger, description="server time when the first census began"
    )
    initial_sync_done: int | None = Field(
        default=None, sa_type=BigInteger, description="when the first census ended"
    )
    order_cursor: int | None = Field(
        default=None, sa_type=BigInteger, description="orders are known up to this stamp"
    )
    newest_customer_id: int = Field(
        default=0, sa_type=BigInteger, description="highest customer id that was looked at"
    )
    customer_rescan_position: int = Field(
        default=0, sa_type=BigInteger, description="customer id up to which the sweep has come"
    )
    customer_rescan_started: int | None = Field(
        default=None, sa_type=BigInteger, description="when the present sweep began"
    )
    reconciled_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when the last nightly census ended"
    )
    polled_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when a poll last succeeded"
    )
    poll_error: str = Field(
        default="", sa_type=Text, description="why the last poll failed, if it did"
    )
    poll_error_since: int | None = Field(
        default=None, sa_type=BigInteger, description="since when polls have failed"
    )
    median_order_gap: str = Field(
        default="", description="median of days between orders over the store, decimal text"
    )
    rules_digest: str = Field(default="", description="hash of the rules as last loaded")
    full_evaluation_position: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="while everyone is evaluated: the last person done, by id",
    )
    applied_settings: str | None = Field(
        default=None, sa_type=Text, description="the settings that people were last evaluated by"
    )
    meta_keys: str | None = Field(
        default=None, sa_type=Text, description="JSON: the custom fields that are kept"
    )
    resyncing: str = Field(default="", description="what a resync is reading: customer order")
    empty_answer_approved: bool = Field(default=False, description="an empty answer was approved")
    lease_holder: str = Field(default="", description="the process that works on this store")
    lease_until: int = Field(
        default=0, sa_type=BigInteger, description="until when, unless it is renewed"
    )


class ChannelRow(_Row, table=True):
    """A channel of a store: the store itself, mail, messages. Each has its own hold."""

    __tablename__ = "channel"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="store, or another channel's name")
    hold_reason: str = Field(default="", sa_type=Text, description="why changes wait, or empty")
    held_since: int | None = Field(default=None, sa_type=BigInteger, description="since when")
    approved: bool = Field(default=False, description="the first changes were approved")


class RescanRow(_Row, table=True):
    """A rescan that is under way, and how far it has come."""

    __tablename__ = "rescan"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="customers, or which orders: ids, year, all")
    started: int = Field(sa_type=BigInteger, description="when it began")
    position: int = Field(default=0, sa_type=BigInteger, description="read up to this second")
    end: int = Field(default=0, sa_type=BigInteger, description="the second at which it ends")
    done: int = Field(default=0, description="pages that were read")
    pages: int = Field(default=0, description="pages there were when it began")


class ImportRange(_Row, table=True):
    """One part of the first census, so that a killed one goes on where it was."""

    __tablename__ = "import_range"

    store: str = Field(primary_key=True, description="the store's name")
    resource: str = Field(
        primary_key=True, description="orders, trash, drafts, customers, products"
    )
    number: int = Field(primary_key=True, description="counted from 0 within the part")
    position: int = Field(
        sa_type=BigInteger, description="last created date or id that was read, exclusive start"
    )
    end: int = Field(sa_type=BigInteger, description="last created date or id that belongs to it")
    done: bool = Field(default=False, description="nothing is left to read")


class OrderRow(_Row, table=True):
    """An order as the shop last told it."""

    __tablename__ = "orders"
    __table_args__ = (
        # The address as well: guests share the number 0, and are looked for by their address.
        Index("orders_by_customer", "store", "customer_id", "email"),
        Index("orders_by_created", "store", "created"),
        Index("orders_by_status", "store", "status"),
    )

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: str = Field(description="as the shop shows it")
    status: str = Field(description="without the prefix wc-")
    currency: str = Field(description="ISO 4217")
    total: int = Field(sa_type=BigInteger, description="gross, also after refunds")
    discount_total: int = Field(sa_type=BigInteger, description="what coupons took off")
    customer_id: int = Field(sa_type=BigInteger, description="0 for guests")
    email: str = Field(description="billing address in normal form")
    created: int = Field(sa_type=BigInteger, description="date_created_gmt")
    modified: int = Field(sa_type=BigInteger, description="date_modified_gmt")
    paid: int | None = Field(sa_type=BigInteger, description="date_paid_gmt")
    completed: int | None = Field(sa_type=BigInteger, description="date_completed_gmt")
    payment_method: str = Field(description="its id, such as cod")
    created_via: str = Field(description="checkout, store-api, admin, rest-api, or a till's name")
    customer_note: str = Field(sa_type=Text, description="what the customer wrote")
    detail: str = Field(
        sa_type=Text, description="JSON: billing shipping items refunds coupons meta"
    )
    history: str = Field(
        default="[]", sa_type=Text, description="JSON: observed changes [[before, after, at], …]"
    )
    # What is asked of every order stands beside the detail, which then need not be read.
    country: str | None = Field(
        default=None,
        description="where it goes; null: as detail says, of rows of an earlier version",
    )


class CustomerRow(_Row, table=True):
    """A registered customer as the shop last told it."""

    __tablename__ = "customer"
    __table_args__ = (Index("customer_by_email", "store", "email"),)

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    email: str = Field(description="of the account, else of billing, in normal form")
    first_name: str = Field(description="of the account")
    last_name: str = Field(description="of the account")
    username: str = Field(description="the login name")
    role: str = Field(description="the WordPress role")
    created: int | None = Field(sa_type=BigInteger, description="registered at")
    detail: str = Field(sa_type=Text, description="JSON: billing shipping meta (null: hidden)")


class ProductRow(_Row, table=True):
    """A product, for its categories and tags."""

    __tablename__ = "product"

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str = Field(description="unescaped")
    sku: str = Field(description="may be empty")
    categories: str = Field(sa_type=Text, description="JSON: names")
    tags: str = Field(sa_type=Text, description="JSON: names")
    modified: int | None = Field(sa_type=BigInteger, description="date_modified_gmt")


class QuarantineRow(_Row, table=True):
    """A row of the shop that could not be understood. The mirror keeps its last good version."""

    __tablename__ = "quarantine"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order, customer, product or refund")
    id: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False),
        description="0 for all whose id is not known",
    )
    reason: str = Field(sa_type=Text, description="where it surprises and why, without its content")
    first_seen: int = Field(sa_type=BigInteger, description="when it was first not understood")
    last_seen: int = Field(sa_type=BigInteger, description="when it was last not understood")


class UnconfirmedRow(_Row, table=True):
    """A row of the mirror that a resync has not met at the shop yet."""

    __tablename__ = "unconfirmed"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order or customer")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class WrittenTagsRow(_Row, table=True):
    """The tags that wcflow put in one place of the shop: nobody else did, whoever's it is by now."""

    __tablename__ = "written_tags"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="order or customer")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    tags: str = Field(sa_type=Text, description="JSON: tags written there, or about to be")
    dropped: str = Field(
        default="[]", sa_type=Text, description="JSON: tags taken away if an unsure write was made"
    )


class PersonRow(_Row, table=True):
    """One person: when to evaluate them next, and what wcflow remembers of them."""

    __tablename__ = "person"
    __table_args__ = (
        # Both in one index: people who are due are found among those who are not dirty.
        Index("person_dirty", "store", "dirty", "due_at"),
        Index("person_by_email", "store", "email"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_column=Column(_ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    email: str = Field(default="", description="in normal form, for finding them")
    present: bool = Field(default=True, description="the store has an account or an order of them")
    dirty: int = Field(default=1, description="1 while something changed since their evaluation")
    due_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when an answer next changes by itself"
    )
    evaluated_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when they were last evaluated"
    )
    rules_digest: str = Field(default="", description="hash of the rules they were evaluated by")
    added_by_hand: str = Field(
        default="[]", sa_type=Text, description="JSON: tags that people added"
    )
    removed_by_hand: str = Field(
        default="[]", sa_type=Text, description="JSON: wanted tags that people removed"
    )
    added_by_workflows: str = Field(
        default="[]", sa_type=Text, description="JSON: tags workflows added"
    )
    kept_forever: str = Field(
        default="{}", sa_type=Text, description="JSON: rule to tags kept forever"
    )
    current_tags: str = Field(
        default="[]", sa_type=Text, description="JSON: all tags as last decided"
    )
    matching_workflows: str = Field(
        default="[]", sa_type=Text, description="JSON: customer_matches workflows that held"
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
        default=0, sa_type=BigInteger, description="total_spent, for percentiles"
    )
    orders_count: int = Field(default=0, description="paid orders, for percentiles")
    spend_percentile: int | None = Field(default=None, description="as of the last nightly check")
    orders_percentile: int | None = Field(default=None, description="likewise")


class IdentityRow(_Row, table=True):
    """An account or an e-mail address by which the store knows a person.

    A person has at most one account. A person without an account has exactly one address.
    """

    __tablename__ = "identity"
    __table_args__ = (Index("identity_by_person", "store", "person"),)

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="account or email")
    value: str = Field(primary_key=True, description="the customer id, or the address")
    person: int = Field(sa_type=BigInteger, description="the person's id")


class EventRow(_Row, table=True):
    """Something that happened to a person and that no order shows."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("store", "person", "key", name="event_once"),)

    id: int | None = Field(default=None, sa_column=Column(_ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    kind: str = Field(description="what happened, for triggers: consent_given")
    key: str = Field(description="its stable name: consent given 2026-01-31")
    at: int = Field(sa_type=BigInteger, description="when it happened")
    source: str = Field(default="", description="where wcflow learned of it")
    data: str = Field(default="{}", sa_type=Text, description="JSON: details for templates")


class MembershipRow(_Row, table=True):
    """A person is in a segment."""

    __tablename__ = "membership"
    __table_args__ = (Index("membership_by_segment", "store", "segment"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    segment: str = Field(primary_key=True, description="the NAME of [segment NAME]")
    since: int = Field(sa_type=BigInteger, description="when they entered it")


class TransitionRow(_Row, table=True):
    """A person entered or left a segment, and why: the timeline that explain shows."""

    __tablename__ = "transition"
    __table_args__ = (Index("transition_by_person", "store", "person"),)

    id: int | None = Field(default=None, sa_column=Column(_ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    segment: str = Field(description="the NAME of [segment NAME]")
    entered: bool = Field(description="true: entered, false: left")
    at: int = Field(sa_type=BigInteger, description="when it was evaluated")
    reason: str = Field(sa_type=Text, description="the parts of the condition, in words")


class WorkflowRow(_Row, table=True):
    """Since when a workflow has been watching: what happened before is history."""

    __tablename__ = "workflow"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="the NAME of [workflow NAME]")
    mode: str = Field(description="live, dry_run or off, as last loaded")
    rules_digest: str = Field(default="", description="hash of the rules whose outcome it watches")
    active_since: int = Field(sa_type=BigInteger, description="when it was last switched on")


class RunRow(_Row, table=True):
    """An occurrence that a workflow has seen: running, over, or skipped with its reason."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("store", "workflow", "person", "event", name="run_once"),
        Index("run_by_order", "store", "order_id"),
        Index("run_by_person", "store", "person", "state"),
    )

    id: int | None = Field(default=None, sa_column=Column(_ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    workflow: str = Field(description="the NAME of [workflow NAME]")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    event: str = Field(description="its stable name: order 812 paid")
    event_at: int = Field(sa_type=BigInteger, description="when it happened")
    order_id: int = Field(default=0, sa_type=BigInteger, description="the trigger's order, or 0")
    line_item_id: int = Field(default=0, sa_type=BigInteger, description="the trigger's line, or 0")
    mode: str = Field(default="live", description="live or dry_run")
    state: str = Field(description="waiting, done, ended or skipped")
    path: str = Field(
        default="[0]", sa_type=Text, description="JSON: where the next step is in the tree of steps"
    )
    due_at: int | None = Field(default=None, sa_type=BigInteger, description="when it is due")
    steps: str = Field(sa_type=Text, description="JSON: the tree of steps it began with")
    variables: str = Field(default="{}", sa_type=Text, description="JSON: what its steps made")
    reason: str = Field(default="", sa_type=Text, description="why it ended or was skipped")
    rules_digest: str = Field(default="", description="hash of the rules that started it")
    started_at: int = Field(sa_type=BigInteger, description="when it was evaluated")
    ended_at: int | None = Field(default=None, sa_type=BigInteger, description="when it was over")


class OutboxRow(_Row, table=True):
    """One effect on the shop, there once: the unique key is the whole of deduplication."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("store", "rule", "person", "event", "step", name="outbox_once"),
        # Who claims one kind does not walk past all of another, nor past all that the brake holds.
        Index("outbox_due", "store", "state", "approved", "kind", "due_at"),
        # The state as well: SQLite would else look through all that wait for those of one person.
        Index("outbox_by_person", "store", "person", "state"),
        Index("outbox_by_run", "run_id"),
    )

    id: int | None = Field(default=None, sa_column=Column(_ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    rule: str = Field(description="workflow welcome, segment VIP, or tags")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    event: str = Field(description="what set it off: order 812 paid")
    step: str = Field(description="which step, or which target of tags")
    kind: str = Field(description="tags_customer tags_order meta_customer meta_order note coupon")
    channel: str = Field(default="store", description="the way out it takes")
    target_id: int = Field(default=0, sa_type=BigInteger, description="customer or order id")
    payload: str = Field(sa_type=Text, description="JSON: what is to be written")
    run_id: int | None = Field(default=None, sa_type=BigInteger, description="the run, if any")
    state: str = Field(default="due", description="due claimed done failed cancelled dry_run")
    due_at: int = Field(sa_type=BigInteger, description="not before")
    queued_at: int = Field(sa_type=BigInteger, description="when it was decided")
    claimed_at: int | None = Field(default=None, sa_type=BigInteger, description="when claimed")
    claimed_by: str = Field(default="", description="by which process")
    finished_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was over"
    )
    attempts: int = Field(default=0, description="how often it was tried")
    approved: bool = Field(default=False, description="accepted past the brake")
    outcome: str = Field(default="", sa_type=Text, description="what became of it, in words")
    rules_digest: str = Field(default="", description="hash of the rules that created it")


class SettingRow(_Row, table=True):
    """What belongs to the database as a whole, such as the secret behind coupon codes."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True, description="what it is")
    value: str = Field(sa_type=Text, description="its text")
