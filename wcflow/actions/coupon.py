"""Coupons: the step create_coupon and the section ``[coupon NAME]``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wcflow.actions.base import ActionModule, EntryKind, Payload, WaysOut
from wcflow.errors import StoreError
from wcflow.records import Coupon
from wcflow.rules import values
from wcflow.rules.codes import coupon_code
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, Key, SectionValues, kind_of
from wcflow.rules.steps import (
    Action,
    Argument,
    Send,
    Step,
    StepContext,
    StepRefused,
    StepResult,
    StepScope,
)
from wcflow.units import Duration, duration_words, end_of_last_day

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.database.outbox import OutboxEntry

EXISTS = "woocommerce_rest_coupon_code_already_exists"
DISABLED = "wcflow_coupons_disabled"
COUPON_VARIABLES = frozenset({"coupon.code", "coupon.expires"})

# The section.

_KIND = kind_of(
    "coupon",
    "What a coupon is worth and who can use it.",
    Key(
        "type",
        "percent, fixed_cart or fixed_product",
        "What the amount is: a percentage, or money off the cart or off each product.",
        "percent",
        values.choice("percent", "fixed_cart", "fixed_product"),
        "fixed_cart",
        required=True,
    ),
    Key(
        "amount",
        "amount",
        "How much, without currency or percent sign.",
        "10",
        values.amount,
        "1",
        required=True,
    ),
    Key(
        "prefix",
        "text or none",
        "How its codes begin. Default: the coupon's name.",
        "WELCOME",
        values.or_none(values.prefix),
    ),
    Key(
        "expires",
        "duration or none",
        "How long a code is valid: until the end of the last day, in the store's time zone.",
        "30d",
        values.or_none(values.duration),
    ),
    Key(
        "usage_limit",
        "whole number or none",
        "How often a code can be used in total.",
        "1",
        values.or_none(values.whole(1, 1_000_000)),
        1,
    ),
    Key(
        "usage_limit_per_user",
        "whole number or none",
        "How often one customer can use it.",
        "1",
        values.or_none(values.whole(1, 1_000_000)),
        1,
    ),
    Key(
        "individual_use",
        "yes or no",
        "With yes, it cannot be combined with other coupons.",
        "no",
        values.yes_or_no,
        False,
    ),
    Key(
        "minimum_amount",
        "amount",
        "The lowest cart total that it is valid for.",
        "50",
        values.amount,
        "",
    ),
    Key(
        "maximum_amount",
        "amount",
        "The highest cart total that it is valid for.",
        "500",
        values.amount,
        "",
    ),
    Key(
        "exclude_sale_items",
        "yes or no",
        "With yes, it is not valid for products on sale.",
        "no",
        values.yes_or_no,
        False,
    ),
    Key(
        "free_shipping",
        "yes or no",
        "With yes, it grants free shipping.",
        "no",
        values.yes_or_no,
        False,
    ),
    Key(
        "products",
        "ids",
        "The ids of the products that it is valid for.",
        "12, 34",
        values.ids,
        (),
        rows=True,
    ),
    Key(
        "categories",
        "ids",
        "The ids of the categories that it is valid for.",
        "7",
        values.ids,
        (),
        rows=True,
    ),
    Key(
        "for",
        "customer or anyone",
        "Who can use a code: only that customer's e-mail address, or anyone.",
        "customer",
        values.choice("customer", "anyone"),
        "customer",
    ),
)


@dataclass(frozen=True, slots=True)
class CouponRule:
    """What a coupon of this name is worth and to whom; amounts are decimal texts."""

    name: str
    type: str
    amount: str
    prefix: str
    expires: Duration | None = None
    usage_limit: int | None = 1
    usage_limit_per_user: int | None = 1
    individual_use: bool = False
    minimum_amount: str = ""
    maximum_amount: str = ""
    exclude_sale_items: bool = False
    free_shipping: bool = False
    products: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    for_customer: bool = True


def _read(section: SectionValues) -> CouponRule:
    same = {key: section[key] for key in _KIND.keys if key not in ("prefix", "for")}
    prefix = (section["prefix"] or "") if "prefix" in section.given else _default_prefix(section)
    return CouponRule(
        section.name, prefix=prefix, for_customer=section["for"] == "customer", **same
    )


def _default_prefix(section: SectionValues) -> str:
    return "-".join(re.findall(r"[A-Z0-9]+", section.name.upper()))[:20].strip("-")


def _check(section: SectionValues) -> Iterator[tuple[str, RuleError]]:
    amount = Decimal(section["amount"])
    if section["type"] == "percent" and amount > 100:  # noqa: PLR2004  a share of the whole
        yield "amount", RuleError("at most 100 with type = percent", repr(section["amount"]))
    if not amount and not section["free_shipping"]:
        hint = "0 is for coupons with free_shipping = yes"
        yield "amount", RuleError("more than 0", repr(section["amount"]), hint)
    low, high = section["minimum_amount"], section["maximum_amount"]
    if low and high and Decimal(low) > Decimal(high):
        yield "maximum_amount", RuleError(f"at least the minimum_amount {low}", repr(high))
    if "prefix" not in section.given and not _default_prefix(section):
        yield "", RuleError("a key 'prefix', because the name has no letter from A to Z", "none")


def _summary(rule: CouponRule) -> Iterator[str]:
    share = {"percent": " %", "fixed_cart": " off the cart", "fixed_product": " off each product"}
    shipping = " and free shipping" if rule.free_shipping else ""
    whose = "only for that customer" if rule.for_customer else "for anyone"
    yield f"coupon {rule.name}: {rule.amount}{share[rule.type]}{shipping}, {whose}"
    code = f"{rule.prefix}-…" if rule.prefix else "random letters and digits"
    good = _validity(rule.expires) if rule.expires else "never expires"
    yield f"    code {code}, {good}, {_uses(rule)}"
    yield from (f"    {limit}" for limit in _limits(rule))


def _validity(expires: Duration) -> str:
    rounded = "" if expires.in_days else ", until the end of that day"
    return f"valid for {duration_words(expires)}{rounded}"


def _uses(rule: CouponRule) -> str:
    total, each = rule.usage_limit, rule.usage_limit_per_user
    uses = "can be used any number of times" if total is None else f"can be used {_times(total)}"
    return uses if each in (None, total) else f"{uses}, {_times(each)} per customer"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _limits(rule: CouponRule) -> Iterator[str]:
    if rule.minimum_amount:
        yield f"only for carts of at least {rule.minimum_amount}"
    if rule.maximum_amount:
        yield f"only for carts of at most {rule.maximum_amount}"
    if rule.individual_use:
        yield "cannot be combined with other coupons"
    if rule.exclude_sale_items:
        yield "not valid for products on sale"
    for what, ids in (("products", rule.products), ("categories", rule.categories)):
        if ids:
            yield f"only for the {what} {', '.join(str(one) for one in ids)}"


def _meaning(rule: CouponRule) -> dict[str, Any]:
    return {**asdict(rule), "expires": str(rule.expires)}


_SECTION = ActionSection(
    _KIND,
    _read,
    _check,
    _summary,
    _meaning,
    "no workflow creates this coupon",
    "create_coupon",
)

# The step.


def _parse(rest: str, scope: StepScope) -> Argument:
    known = scope.names("coupon")
    if rest not in known:
        hint = did_you_mean(rest, known) or "write a section [coupon NAME]"
        got = repr(rest) if rest else "nothing"
        raise RuleErrors(RuleError("the name of a [coupon …]", got, hint))
    return None, rest


def _create(step: Step, context: StepContext) -> StepResult:
    rule: CouponRule = context.sections["coupon"][step.argument]
    return send_coupon(rule, coupon_code(rule.prefix, context.key), context)


def send_coupon(rule: CouponRule, code: str, context: StepContext) -> Send:
    """Return the outbox entry that creates a coupon with this code."""
    if rule.for_customer and not _plausible(context.profile.email):
        raise StepRefused("no e-mail address to restrict the coupon to")
    zone = context.profile.store.zone
    expires = end_of_last_day(context.facts.now, rule.expires, zone) if rule.expires else None
    result = {"code": code, "expires": int(expires.timestamp()) if expires else None}
    return Send("coupon", result | _terms(rule, context), remember=result)


def _terms(rule: CouponRule, context: StepContext) -> dict[str, Any]:
    return {
        "type": rule.type,
        "amount": rule.amount,
        "usage_limit": rule.usage_limit,
        "usage_limit_per_user": rule.usage_limit_per_user,
        "individual_use": rule.individual_use,
        "minimum_amount": rule.minimum_amount,
        "maximum_amount": rule.maximum_amount,
        "exclude_sale_items": rule.exclude_sale_items,
        "free_shipping": rule.free_shipping,
        "product_ids": list(rule.products),
        "category_ids": list(rule.categories),
        "emails": [context.profile.email] if rule.for_customer else [],
        "description": f"wcflow: {context.origin}",
        "key": context.key,
    }


def _plausible(email: str) -> bool:
    """Return whether an address can restrict a coupon.

    WooCommerce silently drops a malformed one, and then anyone can use the coupon (FACTS: Coupons).
    """
    name, at, domain = email.partition("@")
    return bool(name and at and "." in domain.strip(".")) and " " not in email


def _last_second(expires: int) -> datetime:
    """Return the last second in which a coupon is valid: it expires when the next day begins."""
    return datetime.fromtimestamp(expires - 1, UTC)


def _recall(memory: Mapping[str, object]) -> Mapping[str, object]:
    if "code" not in memory:
        return {}
    expires = memory["expires"]
    until = _last_second(expires) if isinstance(expires, int) else None
    return {"coupon.code": memory["code"], "coupon.expires": until}


CREATE_COUPON = Action(
    "create_coupon NAME",
    "Create a coupon code for the customer from [coupon NAME]. Later steps can use {{ coupon.code }}.",
    "create_coupon welcome10",
    _parse,
    _create,
    variables=COUPON_VARIABLES,
    recall=_recall,
    section="coupon",
)

# The outbox entry.


def _content(payload: Payload, zone: tzinfo) -> str:
    worth = f"{payload['amount']} %" if payload["type"] == "percent" else f"{payload['amount']} off"
    expires, emails = payload["expires"], payload["emails"]
    until = ""
    if expires is not None:
        until = f", until {_last_second(expires).astimezone(zone):%Y-%m-%d}"
    return f"{payload['code']}: {worth}{until}, for {', '.join(emails) or 'anyone'}"


def _deliver(entry: OutboxEntry, ways: WaysOut) -> str:
    coupon = _coupon(entry.payload)
    try:
        ways.store.create_coupon(coupon)
    except StoreError as error:
        if error.code != EXISTS:
            raise
        there = ways.store.coupon(coupon.code)
        if there is None or there.key != coupon.key:
            raise
        return f"coupon {coupon.code}, written by an earlier attempt"
    return f"coupon {coupon.code}"


def _is_gone(entry: OutboxEntry, ways: WaysOut) -> bool:
    return ways.store.coupon(entry.payload["code"]) is None


def _expires(payload: Payload) -> datetime | None:
    expires = payload["expires"]
    return None if expires is None else datetime.fromtimestamp(expires, UTC)


def _coupon(payload: Payload) -> Coupon:
    changed = {
        "expires": _expires(payload),
        "product_ids": tuple(payload["product_ids"]),
        "category_ids": tuple(payload["category_ids"]),
        "emails": tuple(payload["emails"]),
    }
    return Coupon(**{**payload, **changed})


_ENTRY = EntryKind(
    "coupon",
    "coupon",
    "coupons",
    _content,
    deliver=_deliver,
    is_gone=_is_gone,
    expires=_expires,
    waits_for={
        DISABLED: "coupons are disabled in the store; enable them under WooCommerce, Settings, General"
    },
)
COUPON = ActionModule((CREATE_COUPON,), (_ENTRY,), (_SECTION,))
