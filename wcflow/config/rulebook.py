"""From ``[segment]``, ``[tag]``, ``[workflow]`` and ``[coupon]`` to rules, one section at a time.

What rules say of one another is looked at in references.py.
"""

from __future__ import annotations

import re
from decimal import Decimal

from wcflow.config.sheet import Sheet
from wcflow.config.values import lone_tag
from wcflow.rules.attributes import Kind
from wcflow.rules.flaw import Flaw, FlawError
from wcflow.rules.language import Asked, Condition, Place, parse_attribute, parse_condition
from wcflow.rules.model import CouponRule, Segment, TagRule, Workflow
from wcflow.rules.steps import Step, parse_steps
from wcflow.rules.template import Template, parse_template
from wcflow.rules.triggers import Trigger, parse_trigger

SEGMENT_PLACE = Place()
TAG_PLACE = Place(segments=True)
ANY_PLACE = Place(order=True, item=True, tags=True, segments=True)


def place_of(trigger: Trigger) -> Place:
    """Say what a workflow's conditions and steps may ask, by what sets it off."""
    return Place(order=trigger.has_order, item=trigger.has_item, tags=True, segments=True)


def segment_of(sheet: Sheet) -> Segment | None:
    """Read a ``[segment NAME]``; None where it has problems, which are told."""
    when = _condition(sheet, "when", SEGMENT_PLACE)
    tag = _segment_tag(sheet)
    if when is None:
        return None
    return Segment(sheet.name, when, sheet["group"], tag, sheet["note"])


def _segment_tag(sheet: Sheet) -> str | None:
    if sheet.has("tag"):
        tag: str | None = sheet["tag"]
        return tag
    return _default_tag(sheet)


def _default_tag(sheet: Sheet) -> str | None:
    """Give the section's own name as its tag."""
    try:
        return lone_tag(sheet.name)
    except FlawError as error:
        flaw = error.flaws[0]
        sheet.tell("", Flaw(flaw.expected, flaw.got, "give it a 'tag =' of its own"))
        return None


def _condition(sheet: Sheet, key: str, place: Place) -> Condition | None:
    return sheet.understand(key, lambda text: parse_condition(text, place))


def tag_of(sheet: Sheet) -> TagRule | None:
    """Read a ``[tag NAME]``; None where it has problems, which are told."""
    when = _condition(sheet, "when", TAG_PLACE)
    for_each = _for_each(sheet)
    template = _tag_template(sheet)
    if not sheet.has("when") and not sheet.has("for_each"):
        sheet.tell("", Flaw("a key 'when' or 'for_each'", "neither"))
    if template is None or (sheet.has("when") and when is None):
        return None
    return TagRule(sheet.name, when, template, for_each, sheet["keep"] == "forever")


def _for_each(sheet: Sheet) -> Asked | None:
    def read(text: str) -> Asked:
        return parse_attribute(text, TAG_PLACE, frozenset({Kind.LIST}))

    return sheet.understand("for_each", read)


def _tag_template(sheet: Sheet) -> Template | None:
    loops = sheet.has("for_each")
    extra = frozenset({"each"}) if loops else frozenset[str]()

    def read(text: str) -> Template:
        if "," in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text):
            raise FlawError(Flaw("a tag without a comma", repr(text)))
        return parse_template(text, TAG_PLACE, extra)

    if sheet.has("tag"):
        return sheet.understand("tag", read)
    text = "{{ each }}" if loops else _default_tag(sheet)
    return parse_template(text, TAG_PLACE, extra) if text else None


def workflow_of(sheet: Sheet, coupons: frozenset[str]) -> Workflow | None:
    """Read a ``[workflow NAME]``; None where it has problems, which are told."""
    trigger = sheet.understand("trigger", parse_trigger)
    # Where the trigger is not known, the rest may be right; its other mistakes are told.
    place = place_of(trigger) if trigger else ANY_PLACE
    when = _condition(sheet, "when", place)
    stop_when = _condition(sheet, "stop_when", place)
    do = _steps(sheet, place, coupons)
    if trigger is not None:
        _look_at_workflow(sheet, trigger)
    if trigger is None or do is None:
        return None
    return Workflow(
        sheet.name,
        trigger,
        do,
        when,
        stop_when,
        once=sheet["once"],
        mode=sheet["mode"],
        only=sheet["only"],
        include_existing=sheet["existing"] == "include",
    )


def _steps(sheet: Sheet, place: Place, coupons: frozenset[str]) -> tuple[Step, ...] | None:
    return sheet.understand("do", lambda text: parse_steps(text, place, coupons))


def _look_at_workflow(sheet: Sheet, trigger: Trigger) -> None:
    """Tell of keys that say nothing with this trigger, or are missing with it."""
    if trigger.name == "customer_matches" and not sheet.has("when"):
        sheet.tell("", Flaw("a key 'when' with the trigger customer_matches", "none"))
    if sheet["once"].per == "order" and not trigger.has_order:
        flaw = Flaw(f"per occurrence, per customer or every … with {trigger.name}", "per order")
        sheet.tell("once", flaw)
    if trigger.name == "bulk" and sheet["existing"] == "include":
        hint = "wcflow workflow run NAME runs it over those who are there"
        sheet.tell("existing", Flaw("no 'existing' with the trigger bulk", "'include'", hint))


def coupon_of(sheet: Sheet) -> CouponRule:
    """Read a ``[coupon NAME]``."""
    _look_at_coupon(sheet)
    return CouponRule(
        name=sheet.name,
        type=sheet["type"],
        amount=sheet["amount"],
        prefix=(sheet["prefix"] or "") if sheet.has("prefix") else _default_prefix(sheet),
        expires=sheet["expires"],
        usage_limit=sheet["usage_limit"],
        usage_limit_per_user=sheet["usage_limit_per_user"],
        individual_use=sheet["individual_use"],
        minimum_amount=sheet["minimum_amount"],
        maximum_amount=sheet["maximum_amount"],
        exclude_sale_items=sheet["exclude_sale_items"],
        free_shipping=sheet["free_shipping"],
        products=sheet["products"],
        categories=sheet["categories"],
        for_customer=sheet["for"] == "customer",
    )


def _look_at_coupon(sheet: Sheet) -> None:
    amount = Decimal(sheet["amount"])
    if sheet["type"] == "percent" and amount > 100:  # noqa: PLR2004  a share of the whole
        sheet.tell("amount", Flaw("at most 100 with type = percent", repr(sheet["amount"])))
    if not amount and not sheet["free_shipping"]:
        hint = "0 is for coupons with free_shipping = yes"
        sheet.tell("amount", Flaw("more than 0", repr(sheet["amount"]), hint))
    low, high = sheet["minimum_amount"], sheet["maximum_amount"]
    if low and high and Decimal(low) > Decimal(high):
        sheet.tell("maximum_amount", Flaw(f"at least the minimum_amount {low}", repr(high)))


def _default_prefix(sheet: Sheet) -> str:
    words = re.findall(r"[A-Z0-9]+", sheet.name.upper())
    prefix = "-".join(words)[:20].strip("-")
    if not prefix:
        sheet.tell("", Flaw("a key 'prefix', as the name has no letter from A to Z", "none"))
    return prefix
