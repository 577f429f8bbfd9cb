"""What an entry of the registry of sections is. Which entries there are stands in sections.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a section may have.

    ``read`` turns its text into a value or raises FlawError; ``rows`` says that the text may go on
    over several lines; ``quiet`` that it must not be repeated to anyone.
    """

    name: str
    form: str
    meaning: str
    example: str
    read: Callable[[str], Any]
    default: Any = None
    required: bool = False
    rows: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of section; ``named`` says that its head is ``[kind NAME]``."""

    name: str
    meaning: str
    keys: dict[str, Key]
    named: bool = True

    @property
    def head(self) -> str:
        return f"[{self.name} NAME]" if self.named else f"[{self.name}]"


def kind_of(name: str, meaning: str, *keys: Key, named: bool = True) -> Kind:
    """Make an entry for a kind of section with these keys."""
    return Kind(name, meaning, {key.name: key for key in keys}, named)
