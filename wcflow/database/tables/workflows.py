"""Tables of workflows, their runs, and the outbox."""

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint, false, text
from sqlmodel import Field

from wcflow.database.tables.base import ROW_ID, Row


class WorkflowRow(Row, table=True):
    """When a workflow was enabled. Earlier events do not start it."""

    __tablename__ = "workflow"

    store: str = Field(primary_key=True, description="the store's name")
    name: str = Field(primary_key=True, description="the NAME of [workflow NAME]")
    mode: str = Field(description="live, dry_run or off, as last loaded; resumed: after a pause")
    rules_digest: str = Field(default="", description="hash of what decides which events start it")
    active_since: int = Field(sa_type=BigInteger, description="when it was last enabled")
    paused_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when an admin paused it, or empty"
    )


class RuleRow(Row, table=True):
    """When a rule last changed. What it decides about the time before is not an event."""

    __tablename__ = "rule"

    store: str = Field(primary_key=True, description="the store's name")
    kind: str = Field(primary_key=True, description="segment, tags, or matching")
    name: str = Field(primary_key=True, description="of the segment or workflow; empty: all tags")
    digest: str = Field(description="hash of everything that decides it")
    changed_at: int = Field(sa_type=BigInteger, description="when it was added or changed")


class RunRow(Row, table=True):
    """A run of a workflow for one event, or an event that it skipped."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("store", "workflow", "person", "event", name="run_once"),
        Index("run_by_purchase", "store", "purchase_id"),
        Index("run_by_person", "store", "person", "state"),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    workflow: str = Field(description="the NAME of [workflow NAME]")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    event: str = Field(description="the event's stable name: order 812 paid")
    event_at: int = Field(sa_type=BigInteger, description="when the event happened")
    order_id: int = Field(default=0, sa_type=BigInteger, description="the trigger's order, or 0")
    purchase_id: int = Field(
        default=0,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": text("0")},
        description="the trigger's order or subscription, or the person's newest order then",
    )
    line_item_id: int = Field(
        default=0, sa_type=BigInteger, description="the trigger's line item, or 0"
    )
    mode: str = Field(default="live", description="live or dry_run")
    state: str = Field(description="waiting, done, ended or skipped")
    path: str = Field(
        default="[0]", sa_type=Text, description="JSON: where the next step is in the tree of steps"
    )
    due_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when the next step is due"
    )
    steps: str = Field(sa_type=Text, description="JSON: the tree of steps that it started with")
    variables: str = Field(
        default="{}", sa_type=Text, description="JSON: results of steps, for later templates"
    )
    progress: str = Field(
        default="{}",
        sa_type=Text,
        sa_column_kwargs={"server_default": text("'{}'")},
        description="JSON: which sides branches took, and how waits for a condition went",
    )
    reason: str = Field(default="", sa_type=Text, description="why it ended or was skipped")
    rules_digest: str = Field(default="", description="hash of the rules that started it")
    started_at: int = Field(sa_type=BigInteger, description="when the event was evaluated")
    ended_at: int | None = Field(default=None, sa_type=BigInteger, description="when it ended")


class OutboxRow(Row, table=True):
    """One change to deliver. The unique key alone prevents duplicates."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("store", "rule", "person", "event", "step", name="outbox_once"),
        # A claim of one kind reads neither other kinds nor entries that wait for approval, and of
        # messages only those of one priority.
        Index("outbox_due", "store", "state", "approved", "kind", "priority", "urgent", "due_at"),
        # With the state: otherwise SQLite reads all entries that wait to find those of a person.
        Index("outbox_by_person", "store", "person", "state"),
        Index("outbox_by_run", "run_id"),
    )

    id: int | None = Field(default=None, sa_column=Column(ROW_ID, primary_key=True))
    store: str = Field(description="the store's name")
    rule: str = Field(description="workflow welcome, segment VIP, or tags")
    person: int = Field(sa_type=BigInteger, description="the person's id")
    event: str = Field(description="the event that caused it: order 812 paid")
    step: str = Field(description="which step, or where tags are written")
    kind: str = Field(description="tags_customer, tags_order, meta_customer, note, coupon …")
    channel: str = Field(default="store", description="the channel that delivers it")
    target_id: int = Field(default=0, sa_type=BigInteger, description="customer or order id")
    payload: str = Field(sa_type=Text, description="JSON: what to deliver")
    run_id: int | None = Field(default=None, sa_type=BigInteger, description="the run, if any")
    needs: str = Field(
        default="[]",
        sa_type=Text,
        sa_column_kwargs={"server_default": text("'[]'")},
        description="JSON: the earlier steps of the run whose results it contains",
    )
    state: str = Field(default="due", description="due claimed done failed cancelled dry_run")
    due_at: int = Field(sa_type=BigInteger, description="not before this time")
    queued_at: int = Field(sa_type=BigInteger, description="when it was decided")
    claimed_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when a process claimed it"
    )
    claimed_by: str = Field(default="", description="the process that claimed it")
    finished_at: int | None = Field(
        default=None, sa_type=BigInteger, description="when it was done, failed or cancelled"
    )
    attempts: int = Field(default=0, description="number of attempts")
    approved: bool = Field(default=False, description="can be delivered during a hold")
    urgent: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="caused by something that just happened",
    )
    priority: int = Field(
        default=0,
        sa_column_kwargs={"server_default": text("0")},
        description="of a message: the higher goes first where only some can be sent",
    )
    marketing: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="a message that needs consent and counts for message_cap",
    )
    outcome: str = Field(default="", sa_type=Text, description="the result in words")
    cancelled_by: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="the id of the entry without whose result it was cancelled",
    )
    rules_digest: str = Field(default="", description="hash of the rules that caused it")
