"""Custom fields: the step set_meta."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import partial

from msgspec.structs import replace

from wcflow.actions.base import ActionModule, EntryKind, Payload
from wcflow.actions.note import NO_ORDER
from wcflow.profile import latest_order
from wcflow.rules.context import Context
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.steps import Action, Argument, Send, Step, StepContext, StepResult, StepScope
from wcflow.rules.tags import SHOWN_META

RESERVED = SHOWN_META


def _parse(rest: str, scope: StepScope) -> Argument:
    key, _, value = rest.partition(" ")
    if not key or not value.strip():
        raise RuleErrors(RuleError("a key and a value", repr(rest) if rest else "nothing"))
    if key.startswith("_"):
        # WooCommerce neither writes nor returns them, and reports no error (FACTS: Customers).
        raise RuleErrors(RuleError("a key that does not begin with _", repr(key)))
    if key in RESERVED:
        raise RuleErrors(RuleError("a key of your own", repr(key), "use add_tag or a [segment]"))
    return scope.template(value.strip()), key


def _set(step: Step, context: StepContext) -> StepResult:
    payload = {"key": str(step.argument), "value": step.render(context)}
    if context.profile.account:
        seen = partial(_seen_on_account, payload)
        return Send("meta_customer", payload, context.profile.account.id, seen_as=seen)
    order = latest_order(context.profile)
    if order is None:
        return Send("meta_order", payload, impossible=NO_ORDER)
    return Send("meta_order", payload, order.id, seen_as=partial(_seen_on_order, payload, order.id))


def _with(meta: Mapping[str, str], payload: Payload) -> dict[str, str]:
    return {**meta, payload["key"]: payload["value"]}


def _seen_on_account(payload: Payload, facts: Context) -> Context:
    account = facts.profile.account
    if account is None or account.meta is None:  # the store does not show it
        return facts
    changed = replace(account, meta=_with(account.meta, payload))
    return facts.with_profile(replace(facts.profile, account=changed))


def _seen_on_order(payload: Payload, number: int, facts: Context) -> Context:
    orders = {each.id: each for each in facts.profile.orders}
    orders[number] = replace(orders[number], meta=_with(orders[number].meta, payload))
    seen = facts.with_profile(replace(facts.profile, orders=tuple(orders.values())))
    return seen.about(orders.get(facts.order.id, facts.order), facts.item) if facts.order else seen


SET_META = Action(
    "set_meta KEY VALUE",
    "Set a custom field of the customer, or of a guest's latest order.",
    "set_meta last_campaign spring",
    _parse,
    _set,
)


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"{payload['key']} = {payload['value']}"


def _meta(payload: Payload) -> dict[str, str | None]:
    return {payload["key"]: payload["value"]}


_OF_CUSTOMER = EntryKind(
    "meta_customer",
    "custom field of a customer",
    "custom fields of customers",
    _content,
    resource="customer",
    phrase="custom field of",
    meta=_meta,
)
_OF_ORDER = EntryKind(
    "meta_order",
    "custom field of an order",
    "custom fields of orders",
    _content,
    resource="order",
    phrase="custom field of",
    meta=_meta,
)
META = ActionModule((SET_META,), (_OF_CUSTOMER, _OF_ORDER))
