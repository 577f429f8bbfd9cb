"""A condition that has been understood: asking it, and the answer with its reasons.

The tree is built by language.py. Here it is only asked: data in, data out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import repeat
from operator import call
from typing import NamedTuple

from wcflow.rules.attributes.registry import Asked, Found
from wcflow.rules.context import Context, Place
from wcflow.rules.display import shown
from wcflow.rules.literals import Number, Text
from wcflow.rules.naming import keys_of, names_of
from wcflow.rules.operators import TRUTH, Asking, Compare, Empty, Search, to_the_minute
from wcflow.rules.ternary import NO, YES, Ternary, turned
from wcflow.rules.ternary import joined as joined_verdicts


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison of a condition: as written, what was found, what was asked for, the answer.

    ``orders`` are the ids of the orders that the value came from.
    """

    text: str
    attribute: str
    found: str
    asked: str
    value: bool | None
    orders: tuple[int, ...] = ()


class Told(NamedTuple):
    """An answer in words: all comparisons, and the facts that decided."""

    parts: tuple[Part, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a condition says of one person at one instant; ``value`` is None if it is not known.

    It is certain to stay so strictly before ``changes_at``, as long as nothing happens at the
    shop; None: time alone cannot change it. ``told`` puts it into words, which few answers need.
    """

    value: bool | None
    changes_at: datetime | None
    told: Callable[[], Told] = field(default=Told, repr=False, compare=False)

    @property
    def holds(self) -> bool:
        return self.value is True

    @property
    def parts(self) -> tuple[Part, ...]:
        """Give every comparison that was made."""
        return self.told().parts

    @property
    def reasons(self) -> tuple[str, ...]:
        """Give the facts that decided."""
        return self.told().reasons

    def in_words(self) -> str:
        """Give the facts that decided: ``total_spent 1,240.00 >= 1000``."""
        return " and ".join(self.reasons) or "no condition"


# A condition is asked of very many people: what each of its parts has to do is put together once.
Judging = Callable[[Context], Ternary]


def _comparing(asked: Asked, asking: Asking, *, denied: bool) -> Judging:
    if isinstance(asking, Compare) and isinstance(asking.literal, Number):
        compare = _comparing_numbers(asked, asking, asking.literal.value)
    else:
        compare = _comparing_values(asked, asking)
    return _denying(compare) if denied else compare


def _comparing_values(asked: Asked, asking: Asking) -> Judging:
    text, find, judge = asked.text, asked.found, asking.judge

    def compare(scope: Context) -> Ternary:
        return judge(scope.known.get(text) or find(scope), scope)

    return compare


def _comparing_numbers(asked: Asked, asking: Compare, number: Decimal) -> Judging:
    """Do what is asked most by far: nothing but the number found can change the answer."""
    text, find, truth = asked.text, asked.found, TRUTH[asking.verb]

    def compare(scope: Context) -> Ternary:
        found: Found = scope.known.get(text) or find(scope)
        value, _, changes_at, ageing = found
        if type(value) is not Decimal or ageing is not None:
            return asking.judge(found, scope)
        if changes_at is not None:
            return Ternary(truth(value, number), changes_at)
        return YES if truth(value, number) else NO

    return compare


def _denying(judge: Judging) -> Judging:
    def deny(scope: Context) -> Ternary:
        value, changes_at = judge(scope)
        return Ternary(turned(value), changes_at)

    return deny


def _joining(judges: Sequence[Judging], *, decisive: bool) -> Judging:
    def join(scope: Context) -> Ternary:
        return joined_verdicts(map(call, judges, repeat(scope)), decisive=decisive)

    return join


@dataclass(frozen=True, slots=True)
class Comparison:
    """An attribute and what is asked of it; ``denied``: with ``not`` inside, as in ``not in``."""

    asked: Asked
    asking: Asking
    text: str
    denied: bool = False
    judge: Judging = field(init=False, repr=False, compare=False)
    """Answer for one person."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", _comparing(self.asked, self.asking, denied=self.denied))

    @property
    def canonical(self) -> str:
        form = f"{self.asked.text} {self.asking.canonical}".rstrip()
        return f"not {form}" if self.denied else form

    def comparisons(self) -> Iterator[Comparison]:
        yield self

    def told(self, scope: Context) -> Told:
        """Put the answer into words."""
        found = self.asked.found(scope)
        verdict = self.asking.judge(found, scope)
        value = turned(verdict.value) if self.denied else verdict.value
        seen = shown(
            found.value,
            self.asked.attribute.kind,
            scope,
            to_the_minute=to_the_minute(self.asking),
        )
        part = Part(self.text, self.asked.text, seen, self._asked_for(scope), value, found.orders)
        return Told((part,), (self._fact(seen, verdict.value, scope),))

    def _asked_for(self, scope: Context) -> str:
        verb = self.asking.opposite if self.denied else self.asking.verb
        return f"{verb} {self.asking.shown(scope)}".strip()

    def _fact(self, seen: str, value: bool | None, scope: Context) -> str:
        """Say what is so, whether or not that is what was asked for."""
        name = self.asked.text
        if isinstance(self.asking, Empty) and value:
            return f"{name} {self.asking.verb}"
        verb = self.asking.verb if value else self.asking.opposite
        if value is None or not verb:
            return f"{name} {seen}"
        return f"{name} {seen} {verb} {self.asking.shown(scope)}".rstrip()


@dataclass(frozen=True, slots=True)
class Not:
    """``not``: what is not known stays so."""

    inner: Tree
    judge: Judging = field(init=False, repr=False, compare=False)
    """Answer for one person."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", _denying(self.inner.judge))

    @property
    def canonical(self) -> str:
        return f"not {_bracketed(self.inner)}"

    def comparisons(self) -> Iterator[Comparison]:
        return self.inner.comparisons()

    def told(self, scope: Context) -> Told:
        """Put the answer into words."""
        return self.inner.told(scope)


@dataclass(frozen=True, slots=True)
class Joined:
    """Several parts joined by ``and`` or by ``or``."""

    word: str
    parts: tuple[Tree, ...]
    judge: Judging = field(init=False, repr=False, compare=False)
    """Answer for one person."""

    def __post_init__(self) -> None:
        judges = tuple(part.judge for part in self.parts)
        object.__setattr__(self, "judge", _joining(judges, decisive=self.word == "or"))

    @property
    def canonical(self) -> str:
        return f" {self.word} ".join(_bracketed(part) for part in self.parts)

    def comparisons(self) -> Iterator[Comparison]:
        for part in self.parts:
            yield from part.comparisons()

    def told(self, scope: Context) -> Told:
        """Put the answer into words: all parts are shown, and the reasons of those that decided."""
        verdicts = [part.judge(scope) for part in self.parts]
        value = joined_verdicts(verdicts, decisive=self.word == "or").value
        every = [part.told(scope) for part in self.parts]
        deciding = [told for told, each in zip(every, verdicts, strict=True) if each.value is value]
        return Told(
            tuple(part for told in every for part in told.parts),
            tuple(dict.fromkeys(reason for told in deciding for reason in told.reasons)),
        )


Tree = Comparison | Not | Joined


def joined(word: str, parts: Iterable[Tree]) -> Tree:
    """Join by ``and`` or ``or``: one part is itself, and parts joined by the same word are one."""
    flat: list[Tree] = []
    for part in parts:
        same = isinstance(part, Joined) and part.word == word
        flat.extend(part.parts if isinstance(part, Joined) and same else (part,))
    return flat[0] if len(flat) == 1 else Joined(word, tuple(flat))


def _bracketed(tree: Tree) -> str:
    return f"({tree.canonical})" if isinstance(tree, Joined) else tree.canonical


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``when`` or ``stop_when`` says, ready to be asked of one person after another.

    ``canonical`` is its normal form: texts that differ in blanks, line breaks or the case of
    keywords have the same. ``names`` are the attributes it asks, ``segment_names`` the segments
    that it looks for.
    """

    text: str
    place: Place
    tree: Tree
    canonical: str
    names: frozenset[str]
    meta_keys: frozenset[str]
    order_meta_keys: frozenset[str]
    item_meta_keys: frozenset[str]
    segment_names: frozenset[str]

    def ask(self, scope: Context) -> Answer:
        """Ask it of one person."""
        verdict = self.judge(scope)
        return Answer(verdict.value, verdict.changes_at, partial(self._told, scope))

    def judge(self, scope: Context) -> Ternary:
        """Ask it of one person without a wish to hear why."""
        return self.tree.judge(self._seen(scope) if "tags" in self.names else scope)

    def _told(self, scope: Context) -> Told:
        return self.tree.told(self._seen(scope))

    def _seen(self, scope: Context) -> Context:
        return scope.seen_from(self.place) if "tags" in self.names else scope


def condition_of(text: str, place: Place, tree: Tree) -> Condition:
    """Make a condition of its tree."""
    every = tuple(tree.comparisons())
    asked = [comparison.asked for comparison in every]
    return Condition(
        text,
        place,
        tree,
        tree.canonical,
        names_of(asked),
        keys_of(asked, "meta.KEY"),
        keys_of(asked, "order.meta.KEY"),
        keys_of(asked, "item.meta.KEY"),
        frozenset(_segments_sought(every)),
    )


def _segments_sought(every: Iterable[Comparison]) -> Iterator[str]:
    for comparison in every:
        asking = comparison.asking
        if comparison.asked.name != "segments" or not isinstance(asking, Search):
            continue
        if asking.how == "contains":
            yield from (word.value for word in asking.literals if isinstance(word, Text))
