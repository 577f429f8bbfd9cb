"""``wcflow explain``: why a person is what they are, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Annotated

import typer
from sqlalchemy import Connection

from wcflow.cli import output
from wcflow.cli.context import Look, looking
from wcflow.cli.explanation import (
    EntrySeen,
    Explanation,
    RuleSeen,
    WorkflowSeen,
    all_rules,
    explain_person,
    only,
    rules_named,
)
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.config.stores import StoreSettings
from wcflow.database import people
from wcflow.database.stores import store_row
from wcflow.errors import SetupError, UsageError
from wcflow.rules.conditions import Part
from wcflow.rules.errors import did_you_mean
from wcflow.rules.workflow_run import Run
from wcflow.units import local_day, minor_digits, parse_zone

SAID = {True: "yes", False: "no", None: "unknown"}
ORDERS_SHOWN = 6


def register(app: typer.Typer) -> None:
    app.command("explain", epilog="Exit codes: 0 done, 2 there is no such person or rule.")(explain)


def explain(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, or e-mail.")],
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE",
            help="Only this rule: its name, or 'segment VIP', 'tag VIP', 'workflow welcome'.",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Explain a person: segments, tags, workflows, and why.

    Every rule is asked anew, as of now, of what the last poll knew; nothing is kept and the shop
    is not asked. Each part of a condition is shown with the value found, the answer, and the
    orders that the value came from, whether or not the rule holds.
    """
    with looking(config) as work, work.db.reading() as tx:
        settings, subject = _found(tx, work, store, customer)
        found = explain_person(tx, work.config, settings, subject, work.clock())
        row = store_row(tx, settings.name)
        zone = parse_zone(row.zone if row else "UTC")
    if rule is not None:
        found = only(found, _meant(found, rule))
    if as_json:
        output.as_json(asdict(found))
    else:
        print_explained(found, zone, alone=rule is not None)


def _found(
    tx: Connection, work: Look, store: str | None, customer: str
) -> tuple[StoreSettings, str]:
    """Find the person; raises UsageError where there is none, or one in each of several stores."""
    found = []
    for settings in work.stores(store):
        row = store_row(tx, settings.name)
        subject = people.find_person(tx, settings.name, customer) if row else None
        if row and subject:
            found.append((settings, subject))
    if len(found) > 1:
        known = ", ".join(settings.name for settings, _ in found)
        raise UsageError(f"{customer!r} is in several stores", f"say --store with one of: {known}")
    if not found:
        _must_have_polled(tx, work, store)
        raise UsageError(
            f"there is no customer {customer!r} in the mirror",
            "give an id or an e-mail address; 'wcflow sync' reads who is new at the shop",
        )
    return found[0]


def _must_have_polled(tx: Connection, work: Look, store: str | None) -> None:
    if not any(store_row(tx, each.name) for each in work.stores(store)):
        raise SetupError("the shop was never read", "run 'wcflow plan' first")


def _meant(found: Explanation, rule: str) -> list[str]:
    meant = list(rules_named(found, rule))
    if not meant:
        names = [name for _, name in all_rules(found)]
        hint = did_you_mean(rule, names) or "'wcflow check' lists the rules"
        raise UsageError(f"there is no rule {rule!r} in the configuration", hint)
    return meant


def print_explained(found: Explanation, zone: tzinfo, *, alone: bool) -> None:
    """Print why a person is what they are; ``alone``: rules alone, not where they stand."""
    output.say(found.contact, "bold")
    output.say(_in_short(found, zone), indent=2)
    if not alone:
        _print_standing(found, zone)
    _print_rules(found.rules)
    if found.workflows:
        output.heading("Workflows")
        for each in found.workflows:
            _print_workflow(each, zone)
    if found.moves:
        output.heading("Moves between segments")
        rows = [
            (output.when(m.at, zone), "entered" if m.entered else "left", m.segment, m.reason)
            for m in found.moves
        ]
        output.table(("at", "", "segment", "because"), rows, indent=2, header=False)
    if found.effects:
        output.heading("Effects on the shop, the newest first")
        effects = [
            (e.id, output.when(e.queued_at, zone), e.state, f"{e.deed}: {e.content}{_outcome(e)}")
            for e in found.effects
        ]
        output.table(("id", "decided", "state", "effect"), effects, indent=2)


def _outcome(effect: EntrySeen) -> str:
    # Of what is done the outcome only says once more what was to be done.
    return f" ({effect.outcome})" if effect.outcome and effect.state != "done" else ""


def _in_short(found: Explanation, zone: tzinfo) -> str:
    if not found.last_order:
        return "no paid order"
    digits = minor_digits(found.currency)
    last = local_day(found.last_order, zone)
    orders = output.counted(found.orders, "paid order")
    short = f"{orders}, {found.spent:,.{digits}f} {found.currency} in all, the last on {last}"
    if not found.without_rate:
        return short
    return f"{short}; {found.without_rate:,} in a currency without a rate (currency_rates)"


def _print_standing(found: Explanation, zone: tzinfo) -> None:
    output.heading("Segments")
    since = [(name, f"since {output.when(at, zone)}") for name, at in found.segments.items()]
    output.table(("", ""), since or [("none", "")], indent=2, header=False)
    output.heading("Tags")
    rows = [(tag, f"from {' and '.join(found.tags[tag])}") for tag in found.tags]
    rows += [(f"not {tag}", "taken away by hand, though a rule wants it") for tag in found.refused]
    output.table(("", ""), rows or [("none", "")], indent=2, header=False)
    for place, shown in found.shown_at.items():
        output.say(f"{place} {'shows' if shown else 'does not show'} them at the shop", indent=2)
    if found.changes_at:
        output.say(f"Time alone may change something on {output.when(found.changes_at, zone)}.")


def _print_rules(rules: Sequence[RuleSeen]) -> None:
    kind = ""
    for each in rules:
        if each.kind != kind:
            kind = each.kind
            output.heading(f"{kind.capitalize()} rules")
        output.say(f"{each.name}: {_verdict(each)}", "green" if each.counts else "", indent=2)
        _print_parts(each.parts, indent=6)


def _verdict(rule: RuleSeen) -> str:
    if rule.behind:
        return f"yes, but {rule.behind} comes first"
    if rule.counts and not rule.holds:
        return f"no longer, but kept for good: {', '.join(rule.tags)}"
    if rule.kind == "tag" and rule.holds:
        return f"yes, wears {', '.join(rule.tags)}" if rule.tags else "yes, but makes no tag"
    return SAID[rule.holds]


def _print_parts(parts: Sequence[Part], indent: int) -> None:
    if parts:
        rows = [
            (SAID[each.value], each.text, f"found {each.found}", _orders(each)) for each in parts
        ]
        output.table(("", "", "", ""), rows, indent, header=False)


def _orders(part: Part) -> str:
    if not part.orders:
        return ""
    shown = ", ".join(str(each) for each in part.orders[:ORDERS_SHOWN])
    more = len(part.orders) - ORDERS_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"{'order' if len(part.orders) == 1 else 'orders'} {shown}{rest}"


def _print_workflow(each: WorkflowSeen, zone: tzinfo) -> None:
    mode = "" if each.mode == "live" else f" ({each.mode})"
    output.say(f"{each.name}{mode}: on {each.trigger}", "bold", indent=2)
    about = f"{each.about}: " if each.about else ""
    output.say(f"{about}{each.standing}", indent=6)
    if each.parts:
        output.say(f"when: {SAID[each.holds]}", indent=6)
        _print_parts(each.parts, indent=8)
    if each.stop_parts:
        output.say(f"stop_when: {SAID[each.stops]}", indent=6)
        _print_parts(each.stop_parts, indent=8)
    for run in each.runs:
        output.say("; ".join(_run_words(run, zone)), indent=6)


def _run_words(run: Run, zone: tzinfo) -> Iterator[str]:
    yield f"{run.occurrence}, {output.when(run.started_at, zone)}: {run.state}"
    if run.state == "waiting" and run.due_at is not None:
        step = f"step {run.step + 1} of {len(run.steps)}, {run.steps[run.step]}"
        yield f"next {step}, on {output.when(run.due_at, zone)}"
    if run.reason:
        yield run.reason
