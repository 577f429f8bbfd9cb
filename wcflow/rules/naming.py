"""From a name in a text to the attribute that is meant, if it may be asked where the text stands."""

from __future__ import annotations

from collections.abc import Iterable

from wcflow.rules.attributes.registry import ATTRIBUTES, Asked, Attribute, known_by
from wcflow.rules.context import Place
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.units import DURATION_FORM, Duration, parse_duration

LONGEST = 100 * 365 * 86400
"""Seconds: beyond a hundred years nothing is meant, and the calendar ends."""


def attribute_named(name: str, place: Place, others: Iterable[str] = ()) -> tuple[Attribute, str]:
    """Give the attribute and its key; raises FlawError where it may not be asked at ``place``.

    ``others`` are further names that are known there, for the hint.
    """
    found = known_by(name)
    if found is None:
        raise RuleErrors(_unknown(name, place, others))
    attribute, key = found
    if not may_be_asked(attribute, place):
        raise RuleErrors(
            RuleError("an attribute that can be asked here", repr(name), _WHY[attribute.place])
        )
    if attribute.name == "meta.KEY" and key.startswith("_"):
        hint = "WooCommerce hides the meta of customers whose key begins with _"
        raise RuleErrors(RuleError("a meta key that the shop shows", repr(key), hint))
    return attribute, key


def may_be_asked(attribute: Attribute, place: Place) -> bool:
    """Say whether an attribute may be asked at a place."""
    there = {
        "anywhere": True,
        "order": place.order,
        "item": place.item,
        "segments": place.segments,
    }
    return there[attribute.place]


_WHY = {
    "order": "order attributes need a trigger that has an order",
    "item": "item attributes need the trigger product_purchased",
    "segments": "a segment cannot ask for segments; tags and workflows can",
}


def _unknown(name: str, place: Place, others: Iterable[str]) -> RuleError:
    if name + ".KEY" in ATTRIBUTES or name.rstrip(".") + ".KEY" in ATTRIBUTES:
        return RuleError(
            f"a key after {name!r}", "none", f"write {name.rstrip('.')}.loyalty_points"
        )
    known = [each.name for each in ATTRIBUTES.values() if may_be_asked(each, place)]
    hint = did_you_mean(name, [*known, *others]) or _reworded(name, [*known, *others])
    return RuleError("an attribute", repr(name), hint)


def _reworded(name: str, known: Iterable[str]) -> str:
    """Find the one whose last word is meant: ``country`` for nothing, ``nth`` for order.nth."""
    last = [each for each in known if each.rpartition(".")[2] == name.lower()]
    return f"did you mean {last[0]!r}?" if last else ""


def window_of(text: str, attribute: Attribute) -> Duration:
    """Read the window of ``orders_count(30d)``; raises FlawError where there can be none."""
    if not attribute.windowed:
        can = ", ".join(each.name for each in ATTRIBUTES.values() if each.windowed)
        raise RuleErrors(
            RuleError(f"{attribute.name!r} without a window", f"({text})", f"can: {can}")
        )
    window = parse_duration(text)
    if window is None or window.seconds > LONGEST:
        raise RuleErrors(RuleError(DURATION_FORM, repr(text)))
    return window


# Which attributes a condition or a template names: what the mirror must keep for it.


def names_of(attributes: Iterable[Asked]) -> frozenset[str]:
    """Give the names without windows: ``total_spent``, ``order.meta.gift``."""
    return frozenset(asked.name for asked in attributes)


def keys_of(attributes: Iterable[Asked], name: str) -> frozenset[str]:
    """Give the keys with which the attribute ``name`` (``order.meta.KEY``) is asked."""
    return frozenset(asked.key for asked in attributes if asked.attribute.name == name)
