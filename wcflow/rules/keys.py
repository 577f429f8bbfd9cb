"""The sections and keys of an INI file, as the registries declare them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wcflow.rules.errors import RuleError

if TYPE_CHECKING:
    # Only a name of a type: templates import the attributes.
    from wcflow.rules.templates import Template


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a section can have.

    ``parser`` turns its text into a value or raises RuleErrors. ``rows`` allows a value of several
    lines, ``secret`` marks a secret that no message repeats.
    """

    name: str
    form: str
    meaning: str
    example: str
    parser: Callable[[str], Any]
    default: Any = None
    required: bool = False
    rows: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of section; ``named`` means that its heading is ``[kind NAME]``.

    ``others`` describes further keys, whose names the admin chooses.
    """

    name: str
    meaning: str
    keys: dict[str, Key]
    named: bool = True
    others: Key | None = None

    @property
    def head(self) -> str:
        return f"[{self.name} NAME]" if self.named else f"[{self.name}]"


def kind_of(
    name: str, meaning: str, *keys: Key, named: bool = True, others: Key | None = None
) -> Kind:
    return Kind(name, meaning, {key.name: key for key in keys}, named, others)


NO_FILE = "none"
"""The value of a key that could name a file."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """The text of a file that a key names."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class SectionValues:
    """One section as its reader sees it: values with defaults, and the keys that were written."""

    name: str
    values: Mapping[str, Any]
    given: frozenset[str]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


def _nothing(_rule: Any) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class ActionSection:
    """A kind of section that belongs to an action, such as ``[coupon NAME]``.

    ``read`` makes a rule of its values; ``check`` finds what is wrong with them together (key or
    "", error); ``summary`` shows the rule as lines for ``wcflow check``; ``meaning`` is the rule as
    JSON for the digest; ``unused`` is the remark on a section that no step refers to. The values of
    the keys in ``files`` are a TextFile; errors of such a key are positions in that file.
    ``refers_to`` maps keys whose values are names of other sections to the kind of these.
    ``templates`` are those of a rule, ``consent_fields`` the custom fields with a consent of its own.
    """

    kind: Kind
    read: Callable[[SectionValues], Any]
    check: Callable[[SectionValues], Iterator[tuple[str, RuleError]]]
    summary: Callable[[Any], Iterable[str]]
    meaning: Callable[[Any], Any]
    unused: str
    example: str
    files: frozenset[str] = frozenset()
    refers_to: Mapping[str, str] = field(default_factory=dict)
    templates: Callable[[Any], Iterable[Template]] = _nothing
    consent_fields: Callable[[Any], Iterable[str]] = _nothing
