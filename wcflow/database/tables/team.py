"""Tables of what wcflow itself keeps: points, tiers, groups, tasks, pools, campaigns, suppression."""

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint, false, text
from sqlmodel import Field

from wcflow.database.tables.base import ROW_ID, Row


class PointsRow(Row, table=True):
    """A change of a person's points. Changes are never edited: one is undone by another."""

    __tablename__ = "points"
    __table_args__ = (
        UniqueConstraint("store", "person", "key", name="points_once"),
        Index("points_by_expiry", "store", "expires_at"),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    key: str = Field(description="what earned or took them: order 812 paid, by hand 31")
    amount: int = Field(sa_type=BigInteger, description="how many; negative if taken back")
    reason: str = Field(sa_type=Text, description="why, in words")
    changed_by: str = Field(description="workflow welcome, [points], or the admin's name")
    order_id: int = Field(default=0, sa_type=BigInteger, description="the order, or 0")
    terms: str = Field(default="", description="by which rules the order earns: 1 per 10, down")
    at: int = Field(sa_type=BigInteger, description="when they were earned or taken")
    expires_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when they expire, or empty"
    )
    undoes: int | None = Field(
        default=None, sa_type=BigInteger, description="the id of the change that this one undoes"
    )
    run_id: int | None = Field(default=None, sa_type=BigInteger, description="the run, if any")


class TierRow(Row, table=True):
    """The tier of a person, and since when they fall short of it."""

    __tablename__ = "tier"
    __table_args__ = (Index("tier_by_name", "store", "tier"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    tier: str = Field(description="a name of [tiers], or empty: below the lowest")
    before: str = Field(default="", description="the tier that they had before")
    since: int = Field(sa_type=BigInteger, description="when they entered it")
    below_since: int | None = Field(
        default=None, sa_type=BigInteger, description="since when they no longer reach it, or empty"
    )
    fixed_by: str = Field(default="", description="the workflow or admin who set it, or empty")
    fixed: str = Field(default="", description="the least tier that was set, or empty")


class GroupMemberRow(Row, table=True):
    """A person is in a group, which people or workflows put them into."""

    __tablename__ = "group_member"
    __table_args__ = (Index("group_member_by_name", "store", "name"),)

    store: str = Field(primary_key=True, description="the store's name")
    person: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str = Field(primary_key=True, description="the group's name")
    since: int = Field(sa_type=BigInteger, description="when they were added")
    added_by: str = Field(description="workflow welcome, or the admin's name")


class TaskRow(Row, table=True):
    """Something for a person of the team to do."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("store", "key", name="task_once"),
        Index("task_by_state", "store", "state", "due_at"),
        Index("task_by_person", "store", "person"),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    key: str = Field(description="what made it: run 12 step 3, by hand 31")
    kind: str = Field(default="task", description="task, reminder, or notice: only to be read")
    person: int = Field(sa_type=BigInteger, description="the customer it is about, by person's id")
    order_id: int = Field(default=0, sa_type=BigInteger, description="the order, or 0")
    text: str = Field(sa_type=Text, description="what to do")
    assignee: str = Field(default="", description="a name or an e-mail address, or empty")
    state: str = Field(default="open", description="open or done")
    due_at: int | None = Field(default=None, sa_type=BigInteger, description="when it is due")
    snoozed_until: int | None = Field(
        default=None, sa_type=BigInteger, description="no reminders before this time"
    )
    told_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when its assignee was last told of it"
    )
    made_by: str = Field(description="workflow welcome, or the admin's name")
    made_at: int = Field(sa_type=BigInteger, description="when it was made")
    done_by: str = Field(default="", description="who finished it")
    done_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was finished"
    )
    run_id: int | None = Field(default=None, sa_type=BigInteger, description="the run, if any")


class PoolCodeRow(Row, table=True):
    """A code of a coupon pool, and who has it."""

    __tablename__ = "pool_code"
    __table_args__ = (
        UniqueConstraint("store", "pool", "code", name="pool_code_once"),
        Index("pool_code_by_state", "store", "state", "pool", "id"),
        # Only of given codes: importing a million codes takes a third less time.
        Index("pool_code_by_run", "run_id", sqlite_where=text("run_id IS NOT NULL")),
        Index("pool_code_by_person", "store", "person", sqlite_where=text("person IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    pool: str = Field(description="the NAME of [coupon_pool NAME]")
    code: str = Field(description="as WooCommerce compares them: in lower case")
    shown: str = Field(description="as they were imported, and as customers see them")
    state: str = Field(default="free", description="free, reserved, assigned or unusable")
    reason: str = Field(default="", sa_type=Text, description="why it is unusable")
    person: int | None = Field(default=None, sa_type=BigInteger, description="who has it")
    run_id: int | None = Field(default=None, sa_type=BigInteger, description="the run it is for")
    step: str = Field(default="", description="the label of the run's step")
    changed_at: int = Field(sa_type=BigInteger, description="when its state last changed")
    checked_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was last found in the store"
    )


class CodesFileRow(Row, table=True):
    """The file of a coupon pool, as it was last imported."""

    __tablename__ = "codes_file"

    store: str = Field(primary_key=True, description="the store's name")
    pool: str = Field(primary_key=True, description="the NAME of [coupon_pool NAME]")
    stamp: str = Field(description="its path, time and size, which say that it is the same")
    digest: str = Field(description="hash of its content")
    imported_at: int = Field(sa_type=BigInteger, description="when it was imported")
    problem: str = Field(default="", sa_type=Text, description="why it cannot be read, or empty")


class SuppressionRow(Row, table=True):
    """An address that gets no messages: unsubscribed, bounced, or added by hand."""

    __tablename__ = "suppression"

    store: str = Field(primary_key=True, description="the store's name")
    channel: str = Field(primary_key=True, description="email, or the NAME of [channel NAME]")
    address: str = Field(primary_key=True, description="normalized")
    kind: str = Field(description="unsubscribed, bounced, complained or manual")
    reason: str = Field(default="", sa_type=Text, description="in words: 550 no such user")
    at: int = Field(sa_type=BigInteger, description="since when")
    added_by: str = Field(default="", description="what reported it, or the admin's name")


class CampaignRow(Row, table=True):
    """A campaign that has a time or was started, and how far its customers are queued."""

    __tablename__ = "campaign"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="the NAME of [campaign NAME]")
    state: str = Field(description="waiting, missed, sending, paused, done or cancelled")
    mode: str = Field(
        default="live",
        sa_column_kwargs={"server_default": text("'live'")},
        description="live, test (with only) or dry_run",
    )
    started_at: int = Field(
        sa_type=BigInteger, description="when it was started, or first seen while it waits"
    )
    started_by: str = Field(default="", description="its time (at), or by command")
    audience_at: int = Field(
        sa_type=BigInteger, description="the moment whose segment members get it"
    )
    position: int = Field(
        default=0, sa_type=BigInteger, description="the last person that was queued, by id"
    )
    queued: int = Field(
        default=0,
        sa_column_kwargs={"server_default": text("0")},
        description="how many people are queued",
    )
    audience: int = Field(default=0, description="how many people were in the segment")
    finished_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when everyone was queued"
    )
    approved: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="the write limit does not hold it",
    )
    changed_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was paused, cancelled or done"
    )
    reason: str = Field(
        default="",
        sa_type=Text,
        sa_column_kwargs={"server_default": ""},
        description="why it was cancelled or missed",
    )
    rules_digest: str = Field(default="", description="hash of what it sends, and to whom")


class SubscriptionRow(Row, table=True):
    """A subscription of WooCommerce Subscriptions."""

    __tablename__ = "subscription"
    __table_args__ = (
        Index("subscription_by_customer", "store", "customer_id"),
        Index("subscription_by_payment", "store", "next_payment"),
    )

    store: str = Field(primary_key=True, description="the store's name")
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    customer_id: int = Field(default=0, sa_type=BigInteger, description="its customer, or 0")
    email: str = Field(default="", description="of the billing address, normalized")
    status: str = Field(description="active, on-hold, cancelled, pending-cancel, expired …")
    parent_id: int = Field(default=0, sa_type=BigInteger, description="the order that began it")
    created: int = Field(sa_type=BigInteger, description="when it was created")
    started: int | None = Field(default=None, sa_type=BigInteger, description="when it started")
    next_payment: int | None = Field(
        default=None, sa_type=BigInteger, description="when it renews next, or empty"
    )
    cancelled: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was cancelled, or empty"
    )
    ended: int | None = Field(default=None, sa_type=BigInteger, description="when it ended")
    modified: int = Field(sa_type=BigInteger, description="when it last changed")
    history: str = Field(
        default="[]", sa_type=Text, description="JSON: observed changes of its status"
    )
    data: str = Field(default="{}", sa_type=Text, description="JSON: number, total, products")


class DailyFigureRow(Row, table=True):
    """A figure as of the end of a day, for later comparison."""

    __tablename__ = "daily_figure"

    store: str = Field(primary_key=True, description="the store's name")
    day: str = Field(primary_key=True, description="YYYY-MM-DD in the store's time zone")
    kind: str = Field(primary_key=True, description="segment, tag, tier, workflow …")
    name: str = Field(primary_key=True, description="of the segment or workflow")
    figure: str = Field(primary_key=True, description="people, started, messages, revenue …")
    value: int = Field(sa_type=BigInteger, description="a number, or minor units of the currency")
