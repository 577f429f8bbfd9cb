"""One entry per step: how it is written, what it means, and what it puts into effect. Pure.

A step never touches the shop. It answers with effects; evaluate.py keeps them, outbox delivers
them. A new step is one decorated function here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

from wcflow.profile import Profile, latest_order
from wcflow.records import Order
from wcflow.rules.context import Context, Place
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.templates import Template, parse_template
from wcflow.units import (
    DURATION_FORM,
    LONGEST,
    Duration,
    after,
    at_time_of_day,
    local_day,
    parse_duration,
    parse_time_of_day,
)

COUPON_VARIABLES = frozenset({"coupon.code", "coupon.expires"})
RESERVED_META = frozenset({"wcflow_tags", "wcflow_segment"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


# What a step may put into effect.


@dataclass(frozen=True, slots=True)
class AddTag:
    """Put a tag on the person."""

    tag: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Take a tag off the person."""

    tag: str


@dataclass(frozen=True, slots=True)
class WriteNote:
    """Put a note on an order; ``order_id`` 0 says that there is none to put it on."""

    order_id: int
    text: str
    for_customer: bool


@dataclass(frozen=True, slots=True)
class MakeCoupon:
    """Make a coupon from ``[coupon NAME]``."""

    name: str


@dataclass(frozen=True, slots=True)
class SetMeta:
    """Write a meta value on the customer, or on a guest's latest order (``order_id``)."""

    key: str
    value: str
    customer_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on at an instant, if the person then still qualifies."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run."""

    reason: str


Effect = AddTag | RemoveTag | WriteNote | MakeCoupon | SetMeta | Wait | Stop


@dataclass(frozen=True, slots=True)
class StepContext:
    """The person, the instant and the trigger's order for whom a step is taken.

    ``extra`` holds what earlier steps made: ``coupon`` with ``code`` and ``expires``.
    """

    scope: Context
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def profile(self) -> Profile:
        return self.scope.profile

    def note_order(self) -> Order | None:
        """Give the order of the trigger, else the customer's latest."""
        return self.scope.order or latest_order(self.profile)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow; ``line`` is its text in normal form, by which a run is pinned."""

    kind: str
    line: str
    template: Template | None = None
    argument: Any = None

    @property
    def canonical(self) -> str:
        return self.line

    @property
    def coupon(self) -> str:
        """Give the name of the coupon it makes, if it makes one."""
        return str(self.argument) if self.kind == "create_coupon" else ""

    def effect(self, scene: StepContext) -> Effect:
        """Say what it does in this scene; raises TemplateError."""
        return STEPS[self.kind].effect(self, scene)

    def text(self, scene: StepContext) -> str:
        """Render its template; raises TemplateError."""
        return self.template.render(scene.scope, scene.extra) if self.template else ""


@dataclass(frozen=True, slots=True)
class StepScope:
    """What a step may refer to where it stands."""

    place: Place
    coupons: frozenset[str]
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StepKind:
    """An entry of the registry."""

    name: str
    form: str
    meaning: str
    example: str
    read: Callable[[str, StepScope], tuple[Template | None, Any]]
    effect: Callable[[Step, StepContext], Effect]


STEPS: dict[str, StepKind] = {}
_Effect = Callable[[Step, StepContext], Effect]
_Read = Callable[[str, StepScope], tuple[Template | None, Any]]


def step(form: str, meaning: str, example: str, read: _Read) -> Callable[[_Effect], _Effect]:
    """Enter a function into the registry under the first word of ``form``."""

    def enter(function: _Effect) -> _Effect:
        name = form.split(maxsplit=1)[0]
        STEPS[name] = StepKind(name, form, meaning, example, read, function)
        return function

    return enter


def parse_steps(text: str, place: Place, coupons: frozenset[str]) -> tuple[Step, ...]:
    """Read the rows of ``do``; raises FlawError with every flaw, each with its row."""
    steps: list[Step] = []
    flaws: list[RuleError] = []
    variables: frozenset[str] = frozenset()
    for row, line in enumerate(text.splitlines()):
        if not line.strip():
            continue
        try:
            steps.append(parse_step(line.strip(), StepScope(place, coupons, variables)))
        except RuleErrors as error:
            flaws += [RuleError(f.expected, f.got, f.hint, row, f.column) for f in error.flaws]
        if line.split()[0].lower() == "create_coupon":
            variables = COUPON_VARIABLES
    if flaws:
        raise RuleErrors(*flaws)
    return tuple(steps)


@lru_cache(maxsize=2048)
def parse_step(line: str, bounds: StepScope) -> Step:
    """Read one step, such as ``add_tag VIP``; raises FlawError."""
    word, _, rest = line.partition(" ")
    kind = STEPS.get(word.lower())
    if kind is None:
        raise RuleErrors(RuleError("a step", repr(word), did_you_mean(word, STEPS)))
    rest = rest.strip()
    template, argument = kind.read(rest, bounds)
    return Step(kind.name, f"{kind.name} {rest}".strip(), template, argument)


# What may stand behind a step's name.


def _text(rest: str, bounds: StepScope) -> tuple[Template | None, Any]:
    if not rest:
        raise RuleErrors(RuleError("a text after the step", "nothing"))
    return parse_template(rest, bounds.place, bounds.variables), None


def _tag(rest: str, bounds: StepScope) -> tuple[Template | None, Any]:
    template, _ = _text(rest, bounds)
    if "," in rest.partition("{{")[0]:
        raise RuleErrors(RuleError("a tag without a comma", repr(rest), "commas separate tags"))
    return template, None


def _coupon(rest: str, bounds: StepScope) -> tuple[Template | None, Any]:
    if rest not in bounds.coupons:
        hint = did_you_mean(rest, bounds.coupons) or "write a section [coupon NAME]"
        raise RuleErrors(
            RuleError("the name of a [coupon …]", repr(rest) if rest else "nothing", hint)
        )
    return None, rest


def _meta(rest: str, bounds: StepScope) -> tuple[Template | None, Any]:
    key, _, value = rest.partition(" ")
    if not key or not value.strip():
        raise RuleErrors(RuleError("a key and a value", repr(rest) if rest else "nothing"))
    if key.startswith("_"):
        # WooCommerce neither writes nor returns them, in silence (FACTS: Customers).
        raise RuleErrors(RuleError("a key that does not begin with _", repr(key)))
    if key in RESERVED_META:
        raise RuleErrors(RuleError("a key of your own", repr(key), "use add_tag or a [segment]"))
    return parse_template(value.strip(), bounds.place, bounds.variables), key


@dataclass(frozen=True, slots=True)
class Until:
    """A time of day to wait for; ``weekday`` counts from Monday as 0, None for any day."""

    at: time
    weekday: int | None = None


def _wait(rest: str, _bounds: StepScope) -> tuple[Template | None, Any]:
    words = rest.lower().split()
    if words[:1] == ["until"]:
        return None, _until(words[1:], rest)
    length = parse_duration(rest)
    if length is None:
        expected = f"{DURATION_FORM}, or 'until 09:00', or 'until monday 09:00'"
        raise RuleErrors(RuleError(expected, repr(rest) if rest else "nothing"))
    if length.seconds > LONGEST:
        raise RuleErrors(RuleError("at most 100y", repr(rest)))
    return None, length


def _until(words: list[str], rest: str) -> Until:
    weekday = WEEKDAYS.index(words[0]) if words and words[0] in WEEKDAYS else None
    at = parse_time_of_day(" ".join(words[0 if weekday is None else 1 :]))
    if at is None:
        hint = did_you_mean(words[0], WEEKDAYS) if words else ""
        raise RuleErrors(RuleError("'until 09:00' or 'until monday 09:00'", repr(rest), hint))
    return Until(at, weekday)


def _nothing(rest: str, _bounds: StepScope) -> tuple[Template | None, Any]:
    if rest:
        raise RuleErrors(RuleError("nothing after the step", repr(rest)))
    return None, None


# The steps.


@step("add_tag TAG", "the customer wears the tag from now on", "add_tag First-time Buyer", _tag)
def _add_tag(step: Step, scene: StepContext) -> Effect:
    return AddTag(one_tag(step.text(scene)))


@step(
    "remove_tag TAG",
    "the customer wears the tag no more; one that a segment or tag rule wants stays",
    "remove_tag First-time Buyer",
    _tag,
)
def _remove_tag(step: Step, scene: StepContext) -> Effect:
    return RemoveTag(one_tag(step.text(scene)))


@step(
    "add_note TEXT",
    "a private note on the trigger's order, else on the customer's latest; never e-mailed",
    "add_note Welcome, {{ first_name }}",
    _text,
)
def _add_note(step: Step, scene: StepContext) -> Effect:
    order = scene.note_order()
    return WriteNote(order.id if order else 0, step.text(scene), for_customer=False)


@step(
    "add_customer_note TEXT",
    "a note on the order that WooCommerce e-mails to the customer",
    "add_customer_note Thank you, {{ first_name }}!",
    _text,
)
def _add_customer_note(step: Step, scene: StepContext) -> Effect:
    order = scene.note_order()
    return WriteNote(order.id if order else 0, step.text(scene), for_customer=True)


@step(
    "create_coupon NAME",
    "a code of their own, from [coupon NAME]; later steps may say {{ coupon.code }}",
    "create_coupon welcome10",
    _coupon,
)
def _create_coupon(step: Step, _scene: StepContext) -> Effect:
    return MakeCoupon(step.coupon)


@step(
    "set_meta KEY VALUE",
    "a meta value on the customer, or on a guest's latest order",
    "set_meta last_campaign spring",
    _meta,
)
def _set_meta(step: Step, scene: StepContext) -> Effect:
    account = scene.profile.account
    order = None if account else latest_order(scene.profile)
    return SetMeta(
        str(step.argument),
        step.text(scene),
        customer_id=account.id if account else 0,
        order_id=order.id if order else 0,
    )


@step(
    "wait DURATION",
    "go on later, if when and stop_when then still allow it; also 'wait until monday 09:00'",
    "wait 3d",
    _wait,
)
def _wait_step(step: Step, scene: StepContext) -> Effect:
    zone, now = scene.profile.shop.zone, scene.scope.now
    if isinstance(step.argument, Duration):
        return Wait(after(now, step.argument, zone))
    return Wait(_next(step.argument, scene))


def _next(until: Until, scene: StepContext) -> datetime:
    zone, now = scene.profile.shop.zone, scene.scope.now
    day = local_day(now, zone)
    while True:
        at = at_time_of_day(day, until.at, zone)
        if at > now and until.weekday in (None, day.weekday()):
            return at
        day += timedelta(days=1)


@step("stop", "end here", "stop", _nothing)
def _stop(_step: Step, _scene: StepContext) -> Effect:
    return Stop("the workflow says stop")


@lru_cache(maxsize=8192)
def one_tag(text: str) -> str:
    """Give a tag as it can be written: no comma, no line break, no blanks at its ends."""
    return " ".join(text.replace(",", " ").split())
