"""Workflows that never start in a store, because a plugin is missing there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wcflow.rules.model import Workflow
from wcflow.rules.triggers.registry import COMPANION, SUBSCRIPTIONS

_PLUGINS = {
    COMPANION: "the wcflow companion plugin",
    SUBSCRIPTIONS: "the plugin WooCommerce Subscriptions",
}
_REPORTS = {
    COMPANION: "reports what people view, search for, open and click",
    SUBSCRIPTIONS: "has subscriptions",
}


@dataclass(frozen=True, slots=True)
class UnmetNeed:
    """A workflow that never starts in a store: what the store lacks, why that matters, what to do."""

    workflow: str
    lack: str
    message: str
    advice: str


def unmet_needs(
    workflows: Iterable[Workflow], *, has_companion: bool, has_subscriptions: bool
) -> Iterator[UnmetNeed]:
    """Return the workflows that are switched on and need a plugin that the store does not have."""
    there = {COMPANION: has_companion, SUBSCRIPTIONS: has_subscriptions, "": True}
    for each in workflows:
        needs = each.trigger.kind.needs
        if each.mode == "off" or there[needs]:
            continue
        yield UnmetNeed(
            each.name,
            f"the store does not have {_PLUGINS[needs]}",
            f"[workflow {each.name}] never starts: only {_PLUGINS[needs]} {_REPORTS[needs]}"
            f" ({each.trigger.name}), and the store does not have it",
            f"Install and activate {_PLUGINS[needs]}, or set mode = off in [workflow {each.name}].",
        )
