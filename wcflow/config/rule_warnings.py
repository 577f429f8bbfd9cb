"""Warnings about rules that work, but probably not as meant.

A warning needs no change; whoever means it as it is can leave it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches

from wcflow.config.countries import country_hint
from wcflow.config.rules import (
    ParsedRule,
    conditions_and_templates,
    conditions_of,
    find_row,
)
from wcflow.config.section import ParsedSection
from wcflow.profile import LIFECYCLE
from wcflow.rules.condition_text import comparison_text, condition_text
from wcflow.rules.conditions import Comparison, Condition
from wcflow.rules.contradictions import (
    PRACTICALLY_NEVER_NEGATIVE,
    can_be_true,
    comparisons_alone,
    is_always_true,
)
from wcflow.rules.literals import Text, fold
from wcflow.rules.model import Rules, Segment, TagRule, Workflow
from wcflow.rules.operators import Compare, OneOf
from wcflow.rules.step_blocks import unreachable

ORDER_STATUSES = (
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
    "auto-draft",
    "trash",
)
"""WooCommerce's own order statuses (FACTS); plugins add others."""

_COUNTRY_ATTRIBUTES = frozenset({"billing_country", "shipping_country", "order.shipping_country"})
_ALIKE = 0.85


def warn_of_rules(rules: Sequence[ParsedRule], paid_statuses: Collection[str]) -> None:
    """Warn of everything in the rules that is probably a mistake."""
    statuses = {*ORDER_STATUSES, *paid_statuses}
    for section, rule in rules:
        for key, condition in conditions_of(rule):
            _warn_of_condition(section, key, condition)
            _warn_of_words(section, key, condition, statuses)
        if isinstance(rule, Workflow):
            _warn_of_trigger_statuses(section, rule, statuses)
            _warn_of_unreachable_steps(section, rule)
    _warn_of_unreachable_segments(rules)
    _warn_of_similar_groups(rules)
    _warn_of_shared_tags(rules)


def warn_of_paid_statuses(section: ParsedSection, statuses: Iterable[str]) -> None:
    """Warn of a status that looks like one of WooCommerce's, misspelled."""
    for status in statuses:
        near = _near_status(status, ORDER_STATUSES)
        if near and status not in ORDER_STATUSES:
            text = f"WooCommerce has no status {status!r}"
            section.warning("paid_statuses", text, f"did you mean {near!r}?")


def warn_of_counts_when(section: ParsedSection, paid_statuses: Collection[str]) -> None:
    """Warn of mistakes in the condition that says which orders of a store count."""
    condition = section["counts_when"]
    if condition is not None:
        _warn_of_condition(section, "counts_when", condition)
        _warn_of_words(section, "counts_when", condition, {*ORDER_STATUSES, *paid_statuses})


_FIELDS = {
    "consent_meta": (
        {"accepts_marketing", "customer_subscribed", "customer_unsubscribed"},
        "rules depend on consent to marketing, but without consent_meta it is not known who gave it",
        "name the custom field in which your store keeps it: consent_meta = newsletter",
    ),
    "birthday_meta": (
        {"birthday", "age"},
        "rules depend on birthdays, but without birthday_meta none is known",
        "name the custom field in which your store keeps them: birthday_meta = birthday",
    ),
}
"""The attributes and triggers that need a field of the store, the warning, and the advice."""


def warn_of_missing_fields(stores: Iterable[ParsedSection], rules: Rules) -> None:
    """Warn of what no rule can ever find, because the store's settings do not say where it is."""
    used = {name for part in conditions_and_templates(rules) for name in part.names}
    used |= {rule.trigger.name for rule in rules.workflows}
    sections = (each for some in rules.sections.values() for each in some.values())
    if any(getattr(each, "transactional", True) is False for each in sections):
        used.add("accepts_marketing")
    for store in stores:
        for key, (needed_by, text, advice) in _FIELDS.items():
            if needed_by & used and not store.has(key):
                store.warning("", text, advice)


def _warn_of_condition(section: ParsedSection, key: str, condition: Condition) -> None:
    """Warn if a condition, or a comparison in it, is never or always true."""
    alone = list(comparisons_alone(condition.tree))
    for comparison, always in alone:
        text = comparison_text(comparison)
        word = _always_words(comparison) if always else "can never be true"
        section.warning(key, f"'{text}' {word}", row=find_row(comparison.text, section.text(key)))
    if alone:
        return
    row = find_row(condition.text, section.text(key))
    if not can_be_true(condition.tree):
        section.warning(key, f"this can never be true: {condition_text(condition)}", row=row)
    elif is_always_true(condition.tree):
        section.warning(key, f"this is true for everyone: {condition_text(condition)}", row=row)


def _always_words(comparison: Comparison) -> str:
    rarely = comparison.asked.attribute.name in PRACTICALLY_NEVER_NEGATIVE
    return "is true for practically everyone" if rarely else "is true for everyone"


def _equal_texts(comparison: Comparison) -> Iterator[str]:
    operator = comparison.operator
    if isinstance(operator, Compare | OneOf):
        yield from (each.value for each in operator.literals if isinstance(each, Text))


def _warn_of_words(
    section: ParsedSection, key: str, condition: Condition, statuses: Collection[str]
) -> None:
    """Warn of countries and statuses that the store cannot contain."""
    for comparison in condition.tree.comparisons():
        name = comparison.asked.name
        for text in _equal_texts(comparison):
            row = find_row(comparison.text, section.text(key))
            if name in _COUNTRY_ATTRIBUTES and (hint := country_hint(text)):
                section.warning(key, f"there is no country code {text!r}", hint, row=row)
            if name == "order.status":
                _warn_of_status(section, key, text, statuses, row)


def _warn_of_status(
    section: ParsedSection, key: str, status: str, statuses: Collection[str], row: int = 0
) -> None:
    if fold(status) in statuses:
        return
    plain = status.lower().removeprefix("wc-")
    near = plain if plain in statuses else _near_status(plain, statuses)
    hint = f"did you mean {near!r}?" if near else "right only if a plugin adds it"
    section.warning(key, f"WooCommerce has no status {status!r}", hint, row=row)


def _near_status(status: str, statuses: Iterable[str]) -> str:
    near = get_close_matches(status, list(statuses), n=1, cutoff=0.75)
    return near[0] if near else ""


def _warn_of_trigger_statuses(
    section: ParsedSection, rule: Workflow, statuses: Collection[str]
) -> None:
    for status in rule.trigger.names_statuses:
        _warn_of_status(section, "trigger", status, statuses)


def _warn_of_unreachable_steps(section: ParsedSection, rule: Workflow) -> None:
    for text in unreachable(rule.do):
        row = find_row(text, section.text("do"))
        hint = "the run always ends before it"
        section.warning("do", f"no run gets to the step {text!r}", hint, row=row)


def _warn_of_unreachable_segments(rules: Sequence[ParsedRule]) -> None:
    """Warn of segments whose customers are all in earlier segments of the group."""
    before: dict[str, list[Segment]] = {}
    for section, rule in rules:
        if not isinstance(rule, Segment) or not rule.group:
            continue
        earlier = before.setdefault(rule.group, [])
        tree = rule.when.tree
        if can_be_true(tree) and not can_be_true(tree, not_before=[e.when.tree for e in earlier]):
            names = _covering(rule, earlier)
            above = names[0] if len(names) == 1 else "them"
            hint = f"put it above {above}, because the first match of a group wins"
            text = f"no customer can be in it: all who match are in {' or '.join(names)}"
            section.warning("", text, hint)
        earlier.append(rule)


def _covering(rule: Segment, earlier: Sequence[Segment]) -> list[str]:
    """Return the segment that covers another one alone, or all of them."""
    for each in earlier:
        if not can_be_true(rule.when.tree, not_before=[each.when.tree]):
            return [f"[segment {each.name}]"]
    return [f"[segment {each.name}]" for each in earlier]


def _warn_of_similar_groups(rules: Iterable[ParsedRule]) -> None:
    known = {LIFECYCLE: ""}
    for section, rule in rules:
        group = rule.group if isinstance(rule, Segment) else ""
        if not group or group in known:
            continue
        near = next((each for each in known if _are_alike(each, group)), "")
        known[group] = section.name
        if near:
            text = f"the group {group!r} is not the group {near!r}"
            section.warning("group", text, f"did you mean {near!r}?")


def _are_alike(one: str, other: str) -> bool:
    """Return whether names differ by a typing mistake; a number at the end is none."""
    if one.rstrip("0123456789") == other.rstrip("0123456789"):
        return False
    return SequenceMatcher(None, fold(one), fold(other)).ratio() >= _ALIKE


def _warn_of_shared_tags(rules: Sequence[ParsedRule]) -> None:
    """Warn of a tag rule and a segment with the same tag."""
    segments = {fold(rule.tag): rule for _, rule in rules if isinstance(rule, Segment) and rule.tag}
    for section, rule in rules:
        made = rule.always if isinstance(rule, TagRule) else None
        for tag in made or ():
            if segment := segments.get(fold(tag)):
                text = f"the tag {tag!r} is also that of [segment {segment.name}]"
                hint = "customers have it if either matches; give one of them another tag"
                section.warning("tag", text, hint)
