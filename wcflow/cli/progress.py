"""How far the first census has come: a bar on a terminal, lines in the log elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from wcflow.cli import show

Told = Callable[[str, int, int], None]
_STEPS = 10
"""Without a terminal, how many lines a part may fill."""


@contextmanager
def progress(store: str) -> Iterator[Told]:
    """Give what is to be told of parts, done and total."""
    if not show.on_terminal(sys.stderr):
        yield _logged(store)
        return
    bars = _bars()
    try:
        yield _drawn(bars)
    finally:
        bars.stop()


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(file=sys.stderr),
        transient=True,
    )


def _drawn(bars: Progress) -> Told:
    tasks: dict[str, TaskID] = {}

    def tell(part: str, done: int, total: int) -> None:
        if part not in tasks:
            # Nothing is drawn before there is something to tell: most walks need no bar.
            bars.start()
            tasks[part] = bars.add_task(part)
        bars.update(tasks[part], completed=done, total=max(total, done, 1))

    return tell


def _logged(store: str) -> Told:
    told: dict[str, int] = {}
    log = structlog.get_logger()

    def tell(part: str, done: int, total: int) -> None:
        step = done * _STEPS // max(total, 1)
        if told.get(part) != step:
            told[part] = step
            log.info("census", store=store, part=part, done=done, total=total)

    return tell
