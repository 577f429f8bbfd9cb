"""Webhooks: the step call_webhook and the section ``[webhook NAME]``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.profile import net_total, paid_orders
from wcflow.records import LineItem, Order
from wcflow.rules import values
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, Key, SectionValues, kind_of
from wcflow.rules.steps import Action, Argument, Send, Step, StepContext, StepResult, StepScope
from wcflow.units import to_major

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

WEBHOOK = "webhook"
TRIES = 12
"""Twelve tries with growing pauses take twenty hours."""

# The section. Its address and its key are read in config/webhooks.py.

_KIND = kind_of(
    WEBHOOK,
    "Where call_webhook sends signed JSON, as Standard Webhooks describes it.",
    Key(
        "url",
        "address",
        "The address to send it to, or $NAME for an environment variable.",
        "https://erp.example/hooks/wcflow",
        values.as_written,
        secret=True,
    ),
    Key(
        "url_file",
        "file",
        "A file that contains the address and nothing else.",
        "/etc/wcflow/erp_url",
        values.as_written,
    ),
    Key(
        "secret",
        "key",
        "The key of the signature, or $NAME for an environment variable. After whsec_ it is base64.",
        "$ERP_SECRET",
        values.as_written,
        secret=True,
    ),
    Key(
        "secret_file",
        "file",
        "A file that contains the key and nothing else.",
        "/etc/wcflow/erp_secret",
        values.as_written,
    ),
    Key(
        "headers",
        "headers",
        "More headers, one in each row. $NAME stands for an environment variable.",
        "X-Tenant: shop",
        values.as_written,
        rows=True,
        secret=True,
    ),
    Key("timeout", "duration", "How long to wait for an answer.", "10s", values.seconds, 10.0),
    Key(
        "allow_private",
        "yes or no",
        "Whether the address can be in a private network or on this machine.",
        "no",
        values.yes_or_no,
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """A [webhook NAME], without its secrets."""

    name: str
    allow_private: bool


def _read(section: SectionValues) -> WebhookRule:
    return WebhookRule(section.name, section["allow_private"])


def _check(_section: SectionValues) -> Iterator[tuple[str, RuleError]]:
    yield from ()


def _summary(rule: WebhookRule) -> Iterable[str]:
    private = ", also in a private network" if rule.allow_private else ""
    yield f"webhook {rule.name}: signed JSON{private}"


_SECTION = ActionSection(
    _KIND,
    _read,
    _check,
    _summary,
    lambda rule: rule.name,
    "no workflow calls this webhook",
    "call_webhook",
)

# The step.


def _parse(rest: str, scope: StepScope) -> Argument:
    known = scope.names(WEBHOOK)
    if rest not in known:
        hint = did_you_mean(rest, known) or "write a section [webhook NAME]"
        got = repr(rest) if rest else "nothing"
        raise RuleErrors(RuleError("the name of a [webhook …]", got, hint))
    # It contains what earlier steps made, so it waits for them: until a coupon exists, for example.
    used = "".join(f"{{{{ {name} }}}}" for name in sorted(scope.variables))
    return scope.template(used) if used else None, rest


def _call(step: Step, context: StepContext) -> StepResult:
    now = context.facts.now
    body = {
        "type": f"workflow.{re.sub(r'[^A-Za-z0-9_]+', '_', context.workflow)}",
        "timestamp": _plain(now),
        "data": webhook_data(context),
    }
    payload = {"webhook": step.argument, "id": f"wcflow_{context.key}", "body": body}
    return Send(WEBHOOK, payload)


def webhook_data(context: StepContext) -> dict[str, Any]:
    """Return what a webhook says: who, which order, why, and what earlier steps made."""
    store, facts = context.profile.store, context.facts
    data: dict[str, Any] = {
        "store": {"name": store.name, "url": store.url},
        "workflow": context.workflow,
        "event": context.event,
        "customer": _customer(context),
        "order": _order(facts.order) if facts.order else None,
    }
    if facts.item and facts.order:
        data["item"] = _item(facts.item, facts.order.currency)
    for name, value in context.variables.items():
        family, _, field = name.partition(".")
        data.setdefault(family, {})[field] = _plain(value)
    return data


def _customer(context: StepContext) -> dict[str, Any]:
    profile, facts = context.profile, context.facts
    paid = paid_orders(profile)
    totals = (net_total(order, profile.store) for order in paid)
    newest = profile.newest
    named = profile.account or (newest.billing if newest else None)
    return {
        "id": profile.account.id if profile.account else None,
        "email": profile.email,
        "first_name": named.first_name if named else "",
        "last_name": named.last_name if named else "",
        "orders_count": len(paid),
        "total_spent": str(sum(total for total in totals if total is not None)),
        "currency": profile.store.currency,
        "tags": sorted(facts.current_tags),
        "segments": sorted(facts.segments),
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "created": _plain(order.created),
        "total": str(to_major(order.total, order.currency)),
        "currency": order.currency,
        "items": [_item(each, order.currency) for each in order.items],
    }


def _item(item: LineItem, currency: str) -> dict[str, Any]:
    return {
        "name": item.name,
        "sku": item.sku,
        "quantity": item.quantity,
        "total": str(to_major(item.total, currency)),
    }


def _plain(value: object) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}Z"
    return value if isinstance(value, str | int | None) else str(value)


CALL_WEBHOOK = Action(
    "call_webhook NAME",
    "Send the customer, the order and the event as signed JSON to [webhook NAME].",
    "call_webhook erp",
    _parse,
    _call,
    section=WEBHOOK,
)

# The outbox entry.


def _content(payload: Payload, _zone: tzinfo) -> str:
    data = payload["body"]["data"]
    return (
        f"{payload['webhook']}: {data['event']}, for {data['customer']['email'] or 'no customer'}"
    )


def _details(payload: Payload) -> str:
    return json.dumps(payload["body"], ensure_ascii=False, indent=2)


def _deliver(entry: OutboxEntry, ways: WaysOut) -> str:
    payload = entry.payload
    body = json.dumps(payload["body"], ensure_ascii=False, separators=(",", ":"))
    outcome: str = ways.others[WEBHOOK].send(payload["webhook"], payload["id"], body)
    return outcome


_ENTRY = EntryKind(
    WEBHOOK,
    "webhook",
    "webhooks",
    _content,
    deliver=_deliver,
    channel=WEBHOOK,
    tries=TRIES,
    details=_details,
)
WEBHOOKS = ActionModule((CALL_WEBHOOK,), (_ENTRY,), (_SECTION,))
