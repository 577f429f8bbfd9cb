"""When rules last changed, and the end of workflows that were removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from wcflow.database.sql import instant, stamp, table_of, upsert
from wcflow.database.tables import RuleRow, WorkflowRow
from wcflow.rules.model import RuleName

_RULES, _WORKFLOWS = table_of(RuleRow), table_of(WorkflowRow)
SavedRules = Mapping[RuleName, tuple[str, datetime]]
"""The digest of each rule, and when it was added or changed."""


def load_rules(tx: Connection, store: str) -> dict[RuleName, tuple[str, datetime]]:
    """Return the rules of the last evaluation."""
    rows = tx.execute(select(_RULES).where(_RULES.c.store == store))
    return {(row.kind, row.name): (row.digest, instant(row.changed_at)) for row in rows}


def save_rules(tx: Connection, store: str, known: SavedRules, current: SavedRules) -> None:
    """Save what differs from the ``known`` rules, and delete rules that were removed.

    So a rule that is put back later counts as new.
    """
    rows = [
        {"store": store, "kind": kind, "name": name, "digest": digest, "changed_at": stamp(at)}
        for (kind, name), (digest, at) in current.items()
        if known.get((kind, name), ("",))[0] != digest
    ]
    if rows:
        upsert(tx, RuleRow, rows)
    for kind, name in known.keys() - current.keys():
        here = (_RULES.c.store == store, _RULES.c.kind == kind, _RULES.c.name == name)
        tx.execute(delete(_RULES).where(*here))


def forget_workflows(tx: Connection, store: str, names: Collection[str]) -> None:
    """Forget since when removed workflows were active: one that is put back begins again."""
    if names:
        here = (_WORKFLOWS.c.store == store, _WORKFLOWS.c.name.in_(names))
        tx.execute(delete(_WORKFLOWS).where(*here))
