"""The registry of the sections that are rules: segments, tags, workflows, coupons.

What conditions, triggers, steps and templates say is not read here: they need to know their place.
"""

from __future__ import annotations

from wcflow.rules import values
from wcflow.rules.keys import Key, kind_of

_ROWS_JOINED = "rows are joined by 'and'"

SEGMENT = kind_of(
    "segment",
    "what a customer is",
    Key(
        "when",
        "condition",
        f"who is in it; {_ROWS_JOINED}",
        "total_spent >= 1000",
        values.as_written,
        required=True,
        rows=True,
    ),
    Key(
        "group",
        "name",
        "of one group a customer is in the first segment that holds, in the order of the file",
        "lifecycle",
        values.as_written,
        "",
    ),
    Key(
        "tag",
        "text or none",
        "the tag worn by those who are in it; default: the segment's name",
        "VIP",
        values.or_none(values.lone_tag),
    ),
    Key(
        "note",
        "yes or no",
        "whether entering and leaving put a private note on the latest order",
        "no",
        values.yes_or_no,
        False,
    ),
)

TAG = kind_of(
    "tag",
    "what a customer wears while, or once, a condition holds",
    Key(
        "when",
        "condition",
        f"who wears it; {_ROWS_JOINED}",
        "is_guest",
        values.as_written,
        rows=True,
    ),
    Key(
        "tag",
        "template",
        "what it says; default: the rule's name, or {{ each }} with for_each",
        "Country: {{ shipping_country }}",
        values.as_written,
    ),
    Key(
        "for_each",
        "attribute",
        "one tag for each element of a list",
        "categories",
        values.as_written,
        "",
    ),
    Key(
        "keep",
        "while or forever",
        "whether the tag goes when the condition no longer holds",
        "while",
        values.choice("while", "forever"),
        "while",
    ),
)

WORKFLOW = kind_of(
    "workflow",
    "what is done when something happens",
    Key(
        "trigger",
        "trigger",
        "what sets it off",
        "first_order",
        values.as_written,
        required=True,
    ),
    Key(
        "when",
        "condition",
        f"for whom; {_ROWS_JOINED}; asked again before each step that waited",
        "order.total >= 20",
        values.as_written,
        rows=True,
    ),
    Key(
        "do",
        "steps",
        "what is done, one step per row",
        "add_tag First-time Buyer",
        values.as_written,
        required=True,
        rows=True,
    ),
    Key(
        "once",
        "per occurrence, per order, per customer, or every DURATION",
        "how often it may run for a customer",
        "per customer",
        values.once,
        values.once("per occurrence"),
    ),
    Key(
        "stop_when",
        "condition",
        f"who is left alone from then on; {_ROWS_JOINED}",
        "orders_count >= 2",
        values.as_written,
        rows=True,
    ),
    Key(
        "mode",
        "live, dry_run or off",
        "whether its effects are written, only shown, or not even looked for",
        "live",
        values.choice("live", "dry_run", "off"),
        "live",
    ),
    Key(
        "only",
        "e-mail addresses",
        "those alone on whom to try it",
        "me@shop.example",
        values.addresses,
        frozenset(),
        rows=True,
    ),
    Key(
        "existing",
        "skip or include",
        "whether what happened before it was switched on sets it off too",
        "skip",
        values.choice("skip", "include"),
        "skip",
    ),
)
