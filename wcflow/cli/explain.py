"""``wcflow explain``: why a customer has these segments and tags, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Annotated

import typer

from wcflow.cli import describe, output
from wcflow.cli.context import open_database_session, store_zone
from wcflow.cli.find_customer import CustomerFinder, FoundCustomer
from wcflow.cli.options import AsJson, ConfigFile, StoreName
from wcflow.config.load import Config
from wcflow.errors import UsageError
from wcflow.evaluate.explain import (
    BY_HAND,
    Explanation,
    QueuedChange,
    RuleExplanation,
    WorkflowExplanation,
    all_rules,
    explain_person,
    only_rules,
    rules_named,
)
from wcflow.rules.conditions import ComparisonResult
from wcflow.rules.errors import did_you_mean
from wcflow.rules.literals import fold
from wcflow.rules.step_tree import outline
from wcflow.rules.workflow_run import Run, progress_words
from wcflow.units import local_day, minor_digits

ANSWER_WORDS = {True: "yes", False: "no", None: "unknown"}
ORDERS_SHOWN = 6


def register(app: typer.Typer) -> None:
    app.command(
        "explain", epilog="Exit codes: 0 done, 2 there is no such customer or rule, or several."
    )(explain)


def explain(
    customer: Annotated[
        str,
        typer.Argument(
            metavar="CUSTOMER",
            help="Customer id, e-mail address, name, part of a name or address, or order '#1001'.",
        ),
    ],
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
    """Explain a customer's segments, tags and workflows.

    If several customers match, they are listed. An order is found by its number or its id.
    Evaluates every rule now, with the data of the last poll; nothing is saved and the store is not
    contacted. Each part of a condition is shown with its answer, the value found, and the orders
    behind that value.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        finder = CustomerFinder(tx, session, store)
        who, rule = _find(finder, customer, rule, as_json=as_json)
        found = explain_person(tx, session.config, who.settings, who.person, session.clock())
        zone = store_zone(tx, who.settings.name)
    if rule is not None:
        found = only_rules(found, _select_rules(found, rule))
    if as_json:
        output.print_json({**asdict(found), "customer": describe.customer_json(found.customer)})
    else:
        print_explanation(found, zone, rules_only=rule is not None)


def _find(
    finder: CustomerFinder, customer: str, rule: str | None, *, as_json: bool
) -> tuple[FoundCustomer, str | None]:
    """Return the customer and the rule; a name of two words can be typed without quotes."""
    if rule is not None and not _names_rule(finder.session.config, rule):
        whole = f"{customer} {rule}"
        if found := finder.find(whole):
            return finder.one_of(found, whole, as_json=as_json), None
    found = finder.find(customer)
    if not found:
        raise finder.not_found(customer)
    return finder.one_of(found, customer, as_json=as_json), rule


def _names_rule(config: Config, rule: str) -> bool:
    rules = config.rules
    named = [
        *(("segment", each.name) for each in rules.segments),
        *(("tag", each.name) for each in rules.tags),
        *(("workflow", each.name) for each in rules.workflows),
        *(("campaign", each.name) for each in rules.campaigns),
    ]
    return any(fold(rule) in (fold(name), fold(f"{kind} {name}")) for kind, name in named)


def _select_rules(found: Explanation, rule: str) -> list[str]:
    selected = list(rules_named(found, rule))
    if not selected:
        names = [name for _, name in all_rules(found)]
        hint = did_you_mean(rule, names) or "'wcflow check' lists the rules."
        raise UsageError(f"there is no rule {rule!r} in the configuration", hint)
    return selected


def print_explanation(found: Explanation, zone: tzinfo, *, rules_only: bool) -> None:
    """Print an explanation; with ``rules_only``, without the current state."""
    output.print_line(found.customer, "bold")
    output.print_line(f"{_summary(found, zone)}; {output.zone_words(zone)}", indent=2)
    if not rules_only:
        _print_not_counted(found)
        _print_current_state(found, zone)
    _print_rules(found.rules)
    if found.workflows:
        output.print_heading("Workflows")
        for each in found.workflows:
            _print_workflow(each, zone)
    if found.campaigns:
        output.print_heading("Campaigns")
        campaigns = [
            (each.name, each.status, output.format_time(each.at, zone) if each.at else "")
            for each in found.campaigns
        ]
        output.print_table(("", "", ""), campaigns, indent=2, header=False)
    if found.transitions:
        output.print_heading("Segment changes")
        rows = [
            (
                output.format_time(m.at, zone),
                "entered" if m.entered else "left",
                m.segment,
                m.reason,
            )
            for m in found.transitions
        ]
        output.print_table(("at", "", "segment", "because"), rows, indent=2, header=False)
    if found.changes:
        output.print_heading("Changes to the store, newest first")
        changes = [
            (
                e.id,
                output.format_time(e.queued_at, zone),
                e.state,
                f"{e.change}: {e.content}{_entry_outcome(e)}",
            )
            for e in found.changes
        ]
        output.print_table(("id", "queued", "state", "change"), changes, indent=2)


def _entry_outcome(change: QueuedChange) -> str:
    # The outcome of a delivered change only repeats the change.
    return f" ({change.outcome})" if change.outcome and change.state != "done" else ""


def _summary(found: Explanation, zone: tzinfo) -> str:
    if not found.last_order_at:
        return "no paid orders"
    digits = minor_digits(found.currency)
    last = local_day(found.last_order_at, zone)
    orders = output.format_count(found.orders_count, "paid order")
    short = (
        f"{orders}, {found.total_spent:,.{digits}f} {found.currency} in total, the last on {last}"
    )
    if not found.orders_without_rate:
        return short
    return f"{short}; {found.orders_without_rate:,} in a currency without a rate in currency_rates"


def _tag_origin(sources: Sequence[str]) -> str:
    words = [each if each == BY_HAND else f"from {each}" for each in sources]
    return " and ".join(words).replace(" and from ", " and ")


def _print_not_counted(found: Explanation) -> None:
    """Print the newest orders that do not count as paid, with the reason."""
    rows = [(f"order {key}", why) for key, why in list(found.not_counted.items())[:ORDERS_SHOWN]]
    if rows:
        output.print_heading("Orders that do not count")
        output.print_table(("", ""), rows, indent=2, header=False)
        more = len(found.not_counted) - len(rows)
        if more > 0:
            output.print_line(f"… and {more:,} more", "dim", indent=2)


def _print_current_state(found: Explanation, zone: tzinfo) -> None:
    output.print_heading("Segments")
    since = [(name, f"since {output.format_time(at, zone)}") for name, at in found.segments.items()]
    output.print_table(("", ""), since or [("none", "")], indent=2, header=False)
    output.print_heading("Tags")
    rows = [(tag, _tag_origin(found.tags[tag])) for tag in found.tags]
    rows += [
        (f"not {tag}", "removed by hand; a rule would add it") for tag in found.tags_removed_by_hand
    ]
    output.print_table(("", ""), rows or [("none", "")], indent=2, header=False)
    for place, shown in found.saved_in_store.items():
        output.print_line(f"{'saved' if shown else 'not yet saved'} on {place}", indent=2)
    points = "" if found.points is None else f"{found.points:,}"
    standing = (
        ("groups", ", ".join(found.groups)),
        ("tier", found.tier or ""),
        ("points", points),
    )
    if given := [each for each in standing if each[1]]:
        output.print_heading("Groups, tier and points")
        output.print_table(("", ""), given, indent=2, header=False)
    if found.next_change_at:
        output.print_line(
            f"Next change without new orders: {output.format_time(found.next_change_at, zone)}."
        )


def _print_rules(rules: Sequence[RuleExplanation]) -> None:
    kind = ""
    for each in rules:
        if each.kind != kind:
            kind = each.kind
            output.print_heading(f"{kind.capitalize()} rules")
        output.print_line(
            f"{each.name}: {_rule_answer(each)}", "green" if each.applies else "", indent=2
        )
        _print_comparisons(each.comparisons, indent=6)


def _rule_answer(rule: RuleExplanation) -> str:
    if rule.blocked_by:
        return f"yes, but {rule.blocked_by} comes first"
    if rule.applies and not rule.matches:
        return f"no longer, but kept forever: {', '.join(rule.tags)}"
    if rule.kind == "tag" and rule.matches:
        return f"yes, has {', '.join(rule.tags)}" if rule.tags else "yes, but produces no tag"
    return ANSWER_WORDS[rule.matches]


def _print_comparisons(comparisons: Sequence[ComparisonResult], indent: int) -> None:
    if comparisons:
        rows = [
            (ANSWER_WORDS[each.matches], each.text, f"found {each.found}", _order_list(each))
            for each in comparisons
        ]
        output.print_table(("", "", "", ""), rows, indent, header=False)


def _order_list(comparison: ComparisonResult) -> str:
    if not comparison.order_ids:
        return ""
    shown = ", ".join(str(each) for each in comparison.order_ids[:ORDERS_SHOWN])
    more = len(comparison.order_ids) - ORDERS_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"{'order' if len(comparison.order_ids) == 1 else 'orders'} {shown}{rest}"


def _print_workflow(each: WorkflowExplanation, zone: tzinfo) -> None:
    mode = "" if each.mode == "live" else f" ({each.mode})"
    output.print_line(f"{each.name}{mode}: on {each.trigger}", "bold", indent=2)
    about = f"{each.evaluated_for}: " if each.evaluated_for else ""
    output.print_line(f"{about}{each.status}", indent=6)
    if each.when_comparisons:
        output.print_line(f"when: {ANSWER_WORDS[each.when_matches]}", indent=6)
        _print_comparisons(each.when_comparisons, indent=8)
    if each.stop_when_comparisons:
        output.print_line(f"stop_when: {ANSWER_WORDS[each.stop_when_matches]}", indent=6)
        _print_comparisons(each.stop_when_comparisons, indent=8)
    for run in each.runs:
        output.print_line("; ".join(_run_facts(run, zone)), indent=6)
        for label, text in outline(run.steps):
            if label in run.progress and (words := progress_words(run, label)):
                output.print_line(f"step {label}, {text.strip()}: {words}", indent=8)


def _run_facts(run: Run, zone: tzinfo) -> Iterator[str]:
    yield f"run of {output.format_time(run.started_at, zone)} ({describe.event_words(run.event)}): {run.state}"
    if following := describe.next_words(run, zone):
        yield f"next {following}"
    if run.reason and run.state != "done":
        yield run.reason
