"""Which attributes a condition or a template names: what the mirror must keep for it."""

from __future__ import annotations

from collections.abc import Iterable

from wcflow.rules.attributes.registry import Asked


def names_of(attributes: Iterable[Asked]) -> frozenset[str]:
    """Give the names without windows: ``total_spent``, ``order.meta.gift``."""
    return frozenset(asked.name for asked in attributes)


def keys_of(attributes: Iterable[Asked], name: str) -> frozenset[str]:
    """Give the keys with which the attribute ``name`` (``order.meta.KEY``) is asked."""
    return frozenset(asked.key for asked in attributes if asked.attribute.name == name)
