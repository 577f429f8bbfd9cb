"""The triggers: how each is written, what it means, and which events it finds.

A new trigger is one decorated function in the module of its family. ``wcflow check``,
``wcflow reference``, "did you mean" and the tests that cover every trigger use the same registry.
Importing a family registers its triggers; the order of imports is the order in the reference.
"""

from __future__ import annotations

from wcflow.rules.triggers import orders  # isort: skip
from wcflow.rules.triggers import checkouts  # isort: skip
from wcflow.rules.triggers import customers  # isort: skip
from wcflow.rules.triggers import time  # isort: skip
from wcflow.rules.triggers import subscriptions  # isort: skip
from wcflow.rules.triggers import behaviour  # isort: skip
from wcflow.rules.triggers import tiers  # isort: skip
from wcflow.rules.triggers.registry import TRIGGERS, Trigger, TriggerKind, parse_trigger, trigger

__all__ = [
    "TRIGGERS",
    "Trigger",
    "TriggerKind",
    "behaviour",
    "checkouts",
    "customers",
    "orders",
    "parse_trigger",
    "subscriptions",
    "tiers",
    "time",
    "trigger",
]
