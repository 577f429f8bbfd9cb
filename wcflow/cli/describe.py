"""Effects in the words of an admin: what is done, where, and from what to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from wcflow.database.outbox import Entry
from wcflow.rules.memory import SEGMENT_META, TAGS_META
from wcflow.rules.tags import join_tags

if TYPE_CHECKING:
    # Who shows previews has made them; who shows effects alone starts without what makes them.
    from wcflow.outbox.meta_plan import Preview


@dataclass(frozen=True, slots=True)
class EntryKind:
    """A kind of effect: what one is called, several, and how they are counted."""

    one: str
    several: str
    counting: tuple[str, str]

    def counted(self, count: int) -> str:
        """Give ``tags on 2 customers``, ``1 coupon``."""
        return self.counting[count != 1].format(f"{count:,}")


ENTRY_KINDS: Mapping[str, EntryKind] = {
    "tags_customer": EntryKind(
        "tags on a customer",
        "tags on customers",
        ("tags on {} customer", "tags on {} customers"),
    ),
    "tags_order": EntryKind(
        "tags on an order", "tags on orders", ("tags on {} order", "tags on {} orders")
    ),
    "meta_customer": EntryKind(
        "custom field of a customer",
        "custom fields of customers",
        ("{} custom field of a customer", "{} custom fields of customers"),
    ),
    "meta_order": EntryKind(
        "custom field of an order",
        "custom fields of orders",
        ("{} custom field of an order", "{} custom fields of orders"),
    ),
    "note": EntryKind("order note", "order notes", ("{} order note", "{} order notes")),
    "coupon": EntryKind("coupon", "coupons", ("{} coupon", "{} coupons")),
    "tag": EntryKind("tag by a workflow", "tags by workflows", ("{} tag", "{} tags by workflows")),
}
"""In the order in which they are delivered."""

_META_NAMES = {TAGS_META: "tags", SEGMENT_META: "segment"}
NOTHING, UNKNOWN = "(none)", "(not readable)"


def target(entry: Entry) -> str:
    """Give where it is done: ``customer 12``, ``order 812``."""
    if entry.kind in ("coupon", "tag") or not entry.target:
        return ""
    return f"{'customer' if entry.kind.endswith('_customer') else 'order'} {entry.target}"


def action(entry: Entry) -> str:
    """Give what is done and where: ``tags on customer 12``, ``note on order 812``, ``coupon``."""
    where = target(entry)
    if not where:
        return ENTRY_KINDS[entry.kind].one
    return f"{_ACTION_PHRASES[entry.kind.partition('_')[0]]} {where}"


_ACTION_PHRASES = {"tags": "tags on", "meta": "custom field of", "note": "note on"}


def content(entry: Entry, zone: tzinfo = UTC) -> str:
    """Give what is to be written, in a line."""
    payload = entry.payload
    match entry.kind:
        case "tags_customer" | "tags_order":
            segment = f"; segment {payload['segment']}" if payload["segment"] else ""
            return f"{join_tags(payload['wanted']) or NOTHING}{segment}"
        case "meta_customer" | "meta_order":
            return f"{payload['key']} = {payload['value']}"
        case "note":
            kind = "e-mailed to the customer: " if payload["for_customer"] else ""
            return f"{kind}{payload['text']} {payload['mark']}"
        case "coupon":
            return coupon(payload, zone)
        case _:
            return _tag_change(payload)


def _tag_change(payload: Mapping[str, str]) -> str:
    return f"add {payload['add']}" if "add" in payload else f"remove {payload['remove']}"


def coupon(payload: Mapping[str, object], zone: tzinfo) -> str:
    """Give a coupon: code, worth, until when, for whom."""
    worth = f"{payload['amount']} %" if payload["type"] == "percent" else f"{payload['amount']} off"
    expires, emails = payload["expires"], payload["emails"]
    until = ""
    if isinstance(expires, int):
        until = f", until {datetime.fromtimestamp(expires, UTC).astimezone(zone):%Y-%m-%d}"
    whom = ", ".join(emails) if isinstance(emails, list) and emails else "anyone"
    return f"{payload['code']}: {worth}{until}, for {whom}"


def change(preview: Preview, zone: tzinfo = UTC) -> str:
    """Give what would change, from what to what."""
    if preview.gone:
        return "nothing: it is gone from the shop"
    if preview.after is None:
        return content(preview.entry, zone)
    before = preview.before
    changes = [
        f"{_META_NAMES.get(key, key)}: {_old_value(key, before)} → {value or NOTHING}"
        for key, value in preview.after.items()
        if before is None or (before.get(key) or "") != (value or "")
    ]
    return "; ".join(changes) or "nothing: the shop shows it already"


def _old_value(key: str, before: Mapping[str, str | None] | None) -> str:
    return UNKNOWN if before is None else before.get(key) or NOTHING


def entry_json(preview: Preview, who: object) -> dict[str, object]:
    """Give an effect for scripts."""
    entry = preview.entry
    return {
        "id": entry.id,
        "kind": entry.kind,
        "state": entry.state,
        "person": who,
        "target": entry.target or None,
        "rule": entry.rule,
        "occurrence": entry.occurrence,
        "step": entry.step,
        "payload": entry.payload,
        "before": preview.before,
        "after": preview.after,
        "gone": preview.gone,
        "released": entry.released,
        "due_at": entry.due_at,
    }


# People as an admin knows them: name, address, number.
