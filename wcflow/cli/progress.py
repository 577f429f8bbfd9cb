"""Progress of the initial import: bars on a terminal, log lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

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

from wcflow.cli import output

ProgressCallback = Callable[[str, int, int], None]
BAR_DELAY = 1.0
"""Seconds before a bar is shown; most syncs need none."""
_STEPS = 10
"""The most log lines per part."""


class ProgressBars:
    """A bar for each part of an import, on stderr, removed at the end."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._since = time.monotonic()

    def update(self, part: str, done: int, total: int) -> None:
        """Update the progress of a part; an empty name only means that work continues."""
        if part and (self._progress or time.monotonic() - self._since > BAR_DELAY):
            self._draw(part, done, total)

    def clear(self) -> None:
        """Remove the bars, so that something else can be printed."""
        if self._progress:
            self._progress.stop()
        self._reset()

    def _draw(self, part: str, done: int, total: int) -> None:
        if self._progress is None:
            self._progress = _new_progress()
            self._progress.start()
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task(part)
        self._progress.update(self._tasks[part], completed=done, total=max(total, done, 1))


class ProgressLines:
    """Log lines, at most ten for each part of an import."""

    def __init__(self) -> None:
        self._logged_steps: dict[str, int] = {}
        self._log = structlog.get_logger()

    def update(self, part: str, done: int, total: int) -> None:
        """Update the progress of a part; an empty name only means that work continues."""
        step = done * _STEPS // max(total, 1)
        if part and self._logged_steps.get(part) != step:
            self._logged_steps[part] = step
            self._log.info("initial import", part=part, done=done, total=total)

    def clear(self) -> None:
        """Start again."""
        self._logged_steps.clear()


def progress_display() -> ProgressBars | ProgressLines:
    """Return bars for a terminal, log lines otherwise."""
    return ProgressBars() if output.is_terminal(sys.stderr) else ProgressLines()


def _new_progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(file=sys.stderr),
        transient=True,
    )
