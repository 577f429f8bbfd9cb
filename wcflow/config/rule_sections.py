"""The keys of [segment], [tag] and [workflow].

Conditions, triggers, steps and templates are parsed in rules.py, where their context is known.
"""

from __future__ import annotations

from wcflow.rules import values
from wcflow.rules.keys import Key, kind_of
from wcflow.rules.model import DEFAULT_PRIORITY

_ROWS_JOINED = "Rows are joined by 'and'."

SEGMENT = kind_of(
    "segment",
    "What a customer is.",
    Key(
        "when",
        "condition",
        f"Which customers are in the segment. {_ROWS_JOINED}",
        "total_spent >= 1000",
        values.as_written,
        required=True,
        rows=True,
    ),
    Key(
        "group",
        "name",
        "A customer is in the first matching segment of a group, in the order of the file.",
        "lifecycle",
        values.as_written,
        "",
    ),
    Key(
        "tag",
        "text or none",
        "The tag of the customers in it. Default: the segment's name.",
        "VIP",
        values.or_none(values.lone_tag),
    ),
    Key(
        "note",
        "yes or no",
        "Whether entering and leaving add a private note to the latest order.",
        "no",
        values.yes_or_no,
        False,
    ),
)

TAG = kind_of(
    "tag",
    "A tag that customers have while, or once, a condition is true.",
    Key(
        "when",
        "condition",
        f"Which customers have the tag. {_ROWS_JOINED}",
        "is_guest",
        values.as_written,
        rows=True,
    ),
    Key(
        "tag",
        "template",
        "The text of the tag. Default: the rule's name, or {{ each }} with for_each.",
        "Country: {{ shipping_country }}",
        values.as_written,
    ),
    Key(
        "for_each",
        "attribute",
        "Create one tag for each element of a list.",
        "categories",
        values.as_written,
        "",
    ),
    Key(
        "keep",
        "while or forever",
        "Whether the tag is removed when the condition is no longer true.",
        "while",
        values.choice("while", "forever"),
        "while",
    ),
)

WORKFLOW = kind_of(
    "workflow",
    "What to do when something happens.",
    Key(
        "trigger",
        "trigger",
        "What starts it.",
        "first_order",
        values.as_written,
        required=True,
    ),
    Key(
        "when",
        "condition",
        f"For which customers. {_ROWS_JOINED} Checked again before each step that waited.",
        "order.total >= 20",
        values.as_written,
        rows=True,
    ),
    Key(
        "do",
        "steps",
        "What to do, one step per row.",
        "add_tag First-time Buyer",
        values.as_written,
        required=True,
        rows=True,
    ),
    Key(
        "once",
        "per event, per order, per customer, or every DURATION",
        "How often it can run for a customer.",
        "per customer",
        values.once,
        values.once("per event"),
    ),
    Key(
        "stop_when",
        "condition",
        f"When to stop for a customer. {_ROWS_JOINED}",
        "orders_count >= 2",
        values.as_written,
        rows=True,
    ),
    Key(
        "mode",
        "live, dry_run or off",
        "Write the changes (live), only show them (dry_run), or do nothing (off). With off, waiting"
        " runs end; 'wcflow workflow pause NAME' lets them wait.",
        "live",
        values.choice("live", "dry_run", "off"),
        "live",
    ),
    Key(
        "priority",
        "1 to 100",
        "Which messages go first where message_cap allows only some: those of the workflow with the"
        " higher priority, then the older ones.",
        "80",
        values.whole(1, 100),
        DEFAULT_PRIORITY,
    ),
    Key(
        "only",
        "e-mail addresses",
        "Test mode: only these addresses.",
        "me@shop.example",
        values.addresses,
        frozenset(),
        rows=True,
    ),
    Key(
        "existing",
        "skip or include",
        "Whether events from before it was enabled start it too.",
        "skip",
        values.choice("skip", "include"),
        "skip",
    ),
)
