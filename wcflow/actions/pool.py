"""Coupon pools: the step assign_coupon and the section ``[coupon_pool NAME]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from wcflow.actions.base import WCFLOW, ActionModule, EntryKind, Payload, Recorded, WaysOut
from wcflow.actions.coupon import COUPON_VARIABLES, send_coupon
from wcflow.rules import values
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, Key, SectionValues, kind_of
from wcflow.rules.steps import (
    Action,
    Argument,
    OrElse,
    PoolCode,
    Send,
    Step,
    StepContext,
    StepResult,
    StepScope,
    TakeCode,
    parse_step,
)

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from sqlalchemy import Connection

    from wcflow.database.outbox import OutboxEntry
    from wcflow.rules.model import Rules

# The section.

_KIND = kind_of(
    "coupon_pool",
    "A list of coupon codes, each of which one customer gets.",
    Key(
        "codes_file",
        "file",
        "A file with the codes, one per line, or CSV with a column 'code'; the path is relative to the"
        " main INI file. It is imported when the service or 'wcflow sync' finds it changed.",
        "codes/birthday.csv",
        values.as_written,
        "",
    ),
    Key(
        "low_water",
        "whole number",
        "With fewer free codes than this, wcflow warns: by an alert, in status and in doctor.",
        "50",
        values.whole(1, 1_000_000_000),
    ),
    Key(
        "verify",
        "yes or no",
        "With yes, a code is looked up in the store before a customer gets it. One that is missing,"
        " expired or used up is set aside, and the next one is taken.",
        "yes",
        values.yes_or_no,
        False,
    ),
    Key(
        "create",
        "name of a [coupon …]",
        "Create the code in the store when a customer gets it, with the terms of [coupon NAME].",
        "welcome10",
        values.as_written,
        "",
    ),
)


@dataclass(frozen=True, slots=True)
class PoolRule:
    """A coupon pool; ``create`` names the coupon whose terms its codes get in the store."""

    name: str
    codes_file: str = ""
    low_water: int = 0
    verify: bool = False
    create: str = ""


def pool_rules(rules: Rules) -> Mapping[str, PoolRule]:
    """Return the coupon pools of the configuration, by name."""
    return rules.sections.get("coupon_pool", {})


def _read(section: SectionValues) -> PoolRule:
    low = section["low_water"] or 0
    file, create = section["codes_file"], section["create"]
    return PoolRule(section.name, file, low, section["verify"], create)


def _check(section: SectionValues) -> Iterator[tuple[str, RuleError]]:
    if section["verify"] and section["create"]:
        hint = "a code that wcflow creates cannot be in the store before"
        yield "verify", RuleError("either 'verify = yes' or 'create'", "both", hint)


def _summary(rule: PoolRule) -> Iterator[str]:
    source = f"from {rule.codes_file}" if rule.codes_file else "imported by command"
    yield f"coupon pool {rule.name}: codes {source}"
    if rule.create:
        yield f"    each is created in the store from [coupon {rule.create}]"
    if rule.verify:
        yield "    each is looked up in the store before a customer gets it"
    if rule.low_water:
        yield f"    warns when fewer than {rule.low_water:,} codes are free"


_SECTION = ActionSection(
    _KIND,
    _read,
    _check,
    _summary,
    asdict,
    "no workflow assigns codes of this pool",
    "assign_coupon",
    refers_to={"create": "coupon"},
)

# The step.


def _parse(rest: str, scope: StepScope) -> Argument:
    name, word, other = rest.partition(" else ")
    name, known = name.strip(), scope.names("coupon_pool")
    errors: list[RuleError] = []
    if rest.endswith(" else") or (word and not other.strip()):
        errors.append(RuleError("a step after 'else'", "none", "for example: else stop"))
    elif name not in known:
        hint = did_you_mean(name, known) or "write a section [coupon_pool NAME]"
        got = repr(name) if name else "nothing"
        errors.append(RuleError("the name of a [coupon_pool …]", got, hint))
    otherwise = None
    try:
        otherwise = parse_step(other.strip(), scope, scope.actions) if other.strip() else None
    except RuleErrors as error:
        errors += [replace(each, column=0) for each in error.rule_errors]
    if otherwise is not None and otherwise.condition is not None:
        hint = "write the wait on a row of its own"
        errors.append(RuleError("a step that does not wait for a condition", repr(other), hint))
    if errors:
        raise RuleErrors(*errors)
    return None, OrElse(name, otherwise)


def _assign(step: Step, context: StepContext) -> StepResult:
    choice: OrElse = step.argument
    rule: PoolRule = context.sections["coupon_pool"][choice.name]

    def given(code: PoolCode) -> Sequence[tuple[str, Send]]:
        memory = {"code": code.code, "expires": None}
        payload = {"pool": rule.name, "code": code.code, "id": code.id, "verify": rule.verify}
        assigned = ("assign_coupon", Send("pool_code", payload, remember=memory))
        if not rule.create or not code.code:
            return [assigned]
        terms = context.sections["coupon"][rule.create]
        return [assigned, ("create_coupon", send_coupon(terms, code.code, context))]

    return TakeCode(rule.name, given, choice.otherwise, rule.verify)


ASSIGN_COUPON = Action(
    "assign_coupon POOL [else STEP]",
    "Give the customer the next free code of [coupon_pool POOL]. Later steps can use"
    " {{ coupon.code }}. If the pool is empty, STEP is taken instead; without it the run ends. Later"
    " steps that need a code are then cancelled, unless STEP creates a coupon.",
    "assign_coupon birthday else create_coupon welcome10",
    _parse,
    _assign,
    variables=COUPON_VARIABLES,
    section="coupon_pool",
)

# The outbox entry.


def _content(payload: Payload, _zone: tzinfo) -> str:
    if payload["code"] == f"(a code of {payload['pool']})":  # in a dry run
        return f"a code of {payload['pool']}"
    return f"{payload['code'] or 'no code'} of {payload['pool']}"


def _record(tx: Connection, entry: Recorded) -> str:
    # Imported here, because commands that record nothing start without the database.
    from wcflow.database.pools import bind_code  # noqa: PLC0415

    payload: Mapping[str, Any] = entry.payload
    bind_code(tx, payload["id"], entry.person, entry.run_id, entry.step.partition(" ")[0], entry.at)
    return f"code {payload['code']} of {payload['pool']}"


def _is_gone(entry: OutboxEntry, ways: WaysOut) -> bool:
    payload = entry.payload
    return bool(payload["verify"]) and ways.store.coupon(payload["code"]) is None


_ENTRY = EntryKind(
    "pool_code",
    "pool code",
    "pool codes",
    _content,
    record=_record,
    channel=WCFLOW,
    is_gone=_is_gone,
)
POOL = ActionModule((ASSIGN_COUPON,), (_ENTRY,), (_SECTION,))
