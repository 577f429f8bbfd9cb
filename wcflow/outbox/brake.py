"""The brake: too many writes at once are held until an admin has looked. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FLOOR, SHARE = 100, 5
"""Without ``max_writes``, more than 100 writes and more than a fifth of the people hold."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is about to be written: effects not released, people, whether any was ever accepted.

    ``alarm`` is what the poll found wrong with the shop's answers, if anything.
    """

    waiting: int
    people: int
    accepted: bool
    alarm: str = ""


def held(load: Load, max_writes: int | None) -> str:
    """Say why writes are held; nothing if they may go."""
    if load.alarm:
        return load.alarm
    if load.waiting and not load.accepted:
        return f"the first {load.waiting} writes wait until you have looked at them"
    limit = max(FLOOR, load.people // SHARE) if max_writes is None else max_writes
    if load.waiting > limit:
        return f"{load.waiting} writes at once are more than {limit} (max_writes)"
    return ""
