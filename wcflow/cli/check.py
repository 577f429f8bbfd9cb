"""``wcflow check``: explain the configuration, or list every problem in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy.engine import make_url

from wcflow.actions.registry import SECTIONS
from wcflow.cli import output
from wcflow.cli.options import ConfigFile, read_config, utcnow
from wcflow.config.alerts import AlertSettings
from wcflow.config.load import Config
from wcflow.config.problem import ConfigWarning
from wcflow.config.stores import StoreSettings
from wcflow.database.sqlite_files import check_permissions
from wcflow.rules.condition_text import condition_text, explain_condition, explain_windows
from wcflow.rules.contact import contact_words
from wcflow.rules.model import (
    CAMPAIGN_PRIORITY,
    DEFAULT_PRIORITY,
    Campaign,
    Once,
    Rules,
    Segment,
    TagRule,
    Workflow,
)
from wcflow.rules.points import PointsRules
from wcflow.rules.step_blocks import StepNode, cancelled_without_code, step_conditions, written
from wcflow.rules.tiers import TierRules
from wcflow.units import Duration, duration_words

_ADDRESS_ADVICE = "Compare it with the documentation of apprise for your provider."


def register(app: typer.Typer) -> None:
    app.command("check", epilog="Exit codes: 0 no problems, 78 problems found.")(check)


def check(
    config: ConfigFile = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only show problems and warnings.")
    ] = False,
) -> None:
    """Explain the configuration, or list every problem in it.

    Reads the INI file and the files it includes; the store is not contacted. Each problem is shown
    with its file and line, what was expected, and a likely correction. If there is a database, its
    orders show whether a currency needs a rate, and it knows whether a workflow needs a plugin that
    the store does not have.
    """
    found = read_config(config)
    for line in () if quiet else summary_lines(found):
        indent = len(line) - len(line.lstrip())
        output.print_line(line.strip(), indent=indent, hang=4)
    warnings = [(str(each), "") for each in found.warnings]
    if exposed := check_permissions(found.database):
        warnings.append((exposed.message, exposed.advice))
    if not quiet:
        warnings += [(str(each), "") for each in broken_channels(found)]
        warnings += _database_warnings(found)
    for message, advice in warnings:
        output.print_warning(message, advice)
    if quiet:
        return
    files = output.format_count(len(found.files), "file")
    warned = f", {output.format_count(len(warnings), 'warning')}" if warnings else ""
    output.print_line()
    output.print_line(f"The configuration has no problems: {files}{warned}.", "green")


def broken_channels(config: Config) -> list[ConfigWarning]:
    """Return a warning for each channel whose address apprise does not understand."""
    if not config.channel_urls or find_spec("apprise") is None:
        return []  # that it is missing is a warning of the configuration
    # Imported here, because apprise takes long to load.
    from wcflow.channels.messages import check_channel  # noqa: PLC0415

    found = ((name, check_channel(url)) for name, url in config.channel_urls.items())
    return [
        ConfigWarning(*config.channel_places[name], f"channel {name}", problem, _ADDRESS_ADVICE)
        for name, problem in found
        if problem
    ]


def _database_warnings(config: Config) -> Iterable[tuple[str, str]]:
    url = make_url(config.database)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return ()
    # Only now: without a database, the command does not need these modules.
    from wcflow.cli.campaign_words import campaign_warnings  # noqa: PLC0415
    from wcflow.cli.order_counts import database_warnings  # noqa: PLC0415

    return (*database_warnings(config), *campaign_warnings(config, utcnow()))


# The configuration in plain words, without secrets.


def summary_lines(config: Config) -> list[str]:
    """Return the configuration as lines of text; details are indented."""
    return [
        *_general_lines(config),
        *(line for store in config.stores for line in _store_lines(store)),
        *_alert_lines(config.alerts),
        *(points_lines(config.rules.points) if config.rules.points else ()),
        *(tier_lines(config.rules.tiers) if config.rules.tiers else ()),
        *(line for rule in config.rules.segments for line in _segment_lines(rule, config)),
        *(line for rule in config.rules.tags for line in _tag_lines(rule)),
        *(line for rule in config.rules.workflows for line in _workflow_lines(rule)),
        *(line for rule in config.rules.campaigns for line in _campaign_lines(rule)),
        *(
            line
            for kind, rules in config.rules.sections.items()
            for rule in rules.values()
            for line in SECTIONS[kind].summary(rule)
        ),
    ]


def _general_lines(config: Config) -> Iterator[str]:
    yield f"database: {make_url(config.database).render_as_string(hide_password=True)}"
    yield f"the store is checked for changes {_every_text(config.poll_every)}"
    yield f"orders that are {' or '.join(config.paid_statuses)} count as paid"
    if config.shipped_statuses:
        yield f"orders that are {' or '.join(config.shipped_statuses)} are shipped"
    if config.max_writes is not None:
        yield f"more than {config.max_writes} changes in one sync wait for 'wcflow approve'"
    if config.manual_tags == "restore":
        yield "a tag that someone removes by hand is added again while its rule is true"
    yield from contact_words(config.contact)
    yield from _shown_group_lines(config.rules)


def _shown_group_lines(rules: Rules) -> Iterator[str]:
    groups = dict.fromkeys(rule.group for rule in rules.segments if rule.group)
    if rules.shown_group in groups:
        only = " (the only group)" if len(groups) == 1 else ""
        yield f"the store shows the segment of the group {rules.shown_group}{only} as wcflow_segment"
    elif groups:
        yield f"the store shows no segment; shown_group can be one of: {', '.join(groups)}"


def points_lines(rules: PointsRules) -> Iterator[str]:
    """Return what earns points, one line for each."""
    until = f", for {duration_words(rules.expires)}" if rules.expires else ""
    yield f"customers have points{until}"
    terms = rules.terms
    if terms.points:
        per = f"{terms.points:f} per {terms.amount:f}"
        yield f"  a paid order earns {per} of its total minus refunds, rounded {terms.rounding}"
    if terms.per_order:
        yield f"  each paid order earns {terms.per_order:,} besides"
    others = {"registering": rules.registration, "a birthday": rules.birthday, **rules.events}
    for what, number in others.items():
        if number:
            yield f"  {what} earns {number:,}"
    if rules.since:
        yield f"  orders count from {rules.since}"


def tier_lines(rules: TierRules) -> Iterator[str]:
    """Return the tiers, the highest first."""
    yield f"tiers by {rules.by.text}"
    for name, needed in reversed(rules.levels):
        yield f"  {name}: from {needed:,f}"
    if rules.grace:
        yield f"  a tier that is no longer reached is kept for {duration_words(rules.grace)}"


def _alert_lines(alerts: AlertSettings | None) -> Iterator[str]:
    """Show where alerts are sent, without secrets."""
    if alerts is None:
        return
    yield f"alerts: {', '.join(alerts.on)}"
    if alerts.email and alerts.mail_server:
        server = f"{alerts.mail_server.host}, port {alerts.mail_server.port}"
        yield f"    e-mail to {', '.join(alerts.email)} from {alerts.email_from} through {server}"
    if alerts.apprise:
        yield f"    {output.format_count(len(alerts.apprise), 'address', 'addresses')} of apprise"
    if alerts.ping_url:
        yield f"    pings to {urlsplit(alerts.ping_url).hostname}"


def _store_lines(store: StoreSettings) -> Iterator[str]:
    yield f"store {store.name}: {store.url}"
    if not store.write:
        yield "    wcflow never writes to it"
    if store.order_tags == "none":
        yield "    orders get neither tags nor segment"
    if store.order_tags == "all":
        yield "    all orders of a customer show their tags and segment"
    if store.guests == "ignore":
        yield "    guest orders are ignored"
    if store.shared_emails:
        yield f"    shared addresses: {', '.join(sorted(store.shared_emails))}"
    if store.child_orders == "count":
        yield "    orders that a plugin split from another order count too"
    if store.counts_when:
        yield f"    only these orders count: {condition_text(store.counts_when)}"
    for code, rate in sorted(store.currency_rates.items()):
        yield f"    1 {code} is worth {rate} in the store's currency"
    if store.consent_meta:
        words = " or ".join(map(repr, store.consent_meta))
        yield f"    consent: the custom field{'s' if len(store.consent_meta) > 1 else ''} {words}"
    fields = {
        "birthday": store.birthday_meta,
        "what was paid of an order": store.amount_meta,
        "the exchange rate of an order": store.rate_meta,
    }
    for meaning, key in fields.items():
        if key:
            form = store.birthday_format if meaning == "birthday" else ""
            yield f"    {meaning}: the custom field {key!r}{f' ({form})' if form else ''}"


def _segment_lines(rule: Segment, config: Config) -> Iterator[str]:
    yield f"segment {rule.name}: when {condition_text(rule.when)}"
    yield from _explanations(explain_condition(rule.when))
    before = _winning_segments(rule, config.rules.segments)
    if before:
        yield f"    and not in {' or '.join(before)} (group {rule.group})"
    yield f"    adds the tag {rule.tag!r}" if rule.tag else "    adds no tag"
    if rule.note:
        yield "    entering and leaving add a private note to the latest order"


def _winning_segments(rule: Segment, segments: Iterable[Segment]) -> list[str]:
    """Return the segments of the same group that come first."""
    group = [other.name for other in segments if rule.group and other.group == rule.group]
    return group[: group.index(rule.name)] if group else []


def _tag_lines(rule: TagRule) -> Iterator[str]:
    yield f"tag {rule.name}: {f'when {condition_text(rule.when)}' if rule.when else 'for everyone'}"
    if rule.when:
        yield from _explanations(explain_condition(rule.when))
    each = f", one for each of {rule.for_each.text}" if rule.for_each else ""
    yield f"    adds the tag {rule.tag.text!r}{each}{', forever' if rule.keep_forever else ''}"
    if rule.for_each:
        yield from _explanations(explain_windows([rule.for_each]))


def _workflow_lines(rule: Workflow) -> Iterator[str]:
    yield f"workflow {rule.name}: on {rule.trigger.text}"
    yield f"    {rule.trigger.kind.meaning}"
    yield f"    {_once_text(rule.once)}"
    if rule.when:
        yield f"    when {condition_text(rule.when)}"
        yield from _explanations(explain_condition(rule.when))
    if rule.stop_when:
        yield f"    until {condition_text(rule.stop_when)}"
        yield from _explanations(explain_condition(rule.stop_when))
    yield from _limit_lines(rule)
    yield from _step_lines(rule.do)
    for condition in step_conditions(rule.do):
        yield from _explanations(explain_condition(condition))


def _step_lines(nodes: Sequence[StepNode]) -> Iterator[str]:
    cancelled = iter(cancelled_without_code(nodes))
    for row, step in written(nodes, indent=4):
        remarks = [step.action.warning] if step and step.action.warning else []
        if step and next(cancelled):
            remarks.append("cancelled if no code is left")
        yield f"{row} ({'; '.join(remarks)})" if remarks else row


def _campaign_lines(rule: Campaign) -> Iterator[str]:
    who = f"everyone in the segment {rule.segment}" if rule.segment else "everyone"
    if rule.when:
        who += f", when {condition_text(rule.when)}"
    yield f"campaign {rule.name}: to {who}"
    if rule.when:
        yield from _explanations(explain_condition(rule.when))
    at = f"at {rule.at:%Y-%m-%d %H:%M}" if rule.at else "when 'wcflow campaign send' starts it"
    yield f"    {at}, once each{f', {rule.throttle}' if rule.throttle else ''}"
    yield from _limit_lines(rule)
    yield from _step_lines(rule.do)


def _limit_lines(rule: Workflow | Campaign) -> Iterator[str]:
    if rule.mode != "live":
        yield {"dry_run": "    dry run: shown, not written", "off": "    switched off"}[rule.mode]
    if rule.only:
        yield f"    test mode: only {', '.join(sorted(rule.only))}"
    usual = DEFAULT_PRIORITY if isinstance(rule, Workflow) else CAMPAIGN_PRIORITY
    if rule.priority != usual:
        yield f"    its messages have the priority {rule.priority} (usually {usual})"
    if isinstance(rule, Workflow) and rule.include_existing:
        yield "    also for events from before it was enabled"


def _once_text(once: Once) -> str:
    return f"once {_every_text(once.every)}" if once.every else f"once per {once.per}"


def _explanations(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    for words, meaning in found:
        yield f"    {words}: {meaning}"


def _every_text(length: Duration) -> str:
    return f"every {duration_words(length).removeprefix('1 ')}"
