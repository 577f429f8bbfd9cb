"""Lists: a page cut out of rows that are already chosen and in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from wcflow.sandbox.exchange import Page

Row = TypeVar("Row")


def cut(
    rows: Sequence[Row],
    asked: Mapping[str, Any],
    write: Callable[[Row], str],
    *,
    forgetful: bool = False,
) -> Page:
    """Cut the page that was asked for.

    A forgetful list says past its end that there is nothing at all: that of orders under HPOS.
    """
    size = asked.get("per_page", 10)
    start = asked.get("offset", (asked.get("page", 1) - 1) * size)
    window = rows[start : start + size]
    if forgetful and not window:
        return Page([], 0, 0)
    return Page([write(row) for row in window], len(rows), -(-len(rows) // size))


def chosen(ids: Sequence[int], asked: Mapping[str, Any]) -> list[int]:
    """Keep the ids that `include` and `exclude` let through."""
    kept = list(ids)
    if asked.get("include"):
        wanted = set(asked["include"])
        kept = [number for number in kept if number in wanted]
    if asked.get("exclude"):
        unwanted = set(asked["exclude"])
        kept = [number for number in kept if number not in unwanted]
    return kept
