"""``wcflow campaign``: list, preview, send, pause, resume and cancel campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from wcflow.cli import describe, output
from wcflow.cli.campaign_words import advice, audience_words, state_words
from wcflow.cli.context import DatabaseSession, open_database_session, store_zone
from wcflow.cli.find_customer import find_customer
from wcflow.cli.help import Typer
from wcflow.cli.options import AsJson, ConfigFile, StoreName, Yes, confirm, select_store
from wcflow.cli.report import Since, print_reports
from wcflow.config.load import Config
from wcflow.config.stores import StoreSettings
from wcflow.database import campaigns
from wcflow.errors import UsageError
from wcflow.evaluate.campaign_preview import CampaignPreview, preview_campaign
from wcflow.evaluate.campaigns import start_campaign
from wcflow.evaluate.context import EvaluationContext, read_context, rules_for_store
from wcflow.rules.campaigns import MISSED, PAUSED, SENDING, WAITING, SavedCampaign
from wcflow.rules.errors import did_you_mean
from wcflow.rules.model import LIVE, Campaign

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the campaign.")]
SEND_EPILOG = """\b
Exit codes:
    0  done, or declined
    2  no such campaign, it was already sent, or no terminal to confirm on
"""


def register(app: typer.Typer) -> None:
    family = Typer(
        no_args_is_help=True,
        help="List, preview and send campaigns; pause, resume or cancel them.",
    )
    family.command("list")(list_campaigns)
    family.command("preview")(preview)
    family.command("send", epilog=SEND_EPILOG)(send)
    family.command("pause")(pause)
    family.command("resume")(resume)
    family.command("cancel")(cancel)
    family.command("report")(report)
    app.add_typer(family, name="campaign")


# The list.


def list_campaigns(
    config: ConfigFile = None, store: StoreName = None, as_json: AsJson = False
) -> None:
    """List the campaigns, with their state and how many customers got them."""
    with open_database_session(config) as session, session.db.reading() as tx:
        stores = session.stores(store)
        zones = {each.name: store_zone(tx, each.name) for each in stores}
        found = {
            each.name: list(campaign_facts(tx, session.config, each, zones[each.name]))
            for each in stores
        }
    if as_json:
        output.print_json(found)
        return
    for name, some in found.items():
        output.print_line(f"{name} ({output.zone_words(zones[name])})", "bold")
        rows = [
            (each["name"], each["audience_words"], *_state_row(each, zones[name])) for each in some
        ]
        columns = ("campaign", "for", "state", "since", "customers", "done", "waiting")
        if rows:
            output.print_table(columns, rows, indent=2)
        else:
            output.print_line("There are no campaigns.", indent=2)
        for each in some:
            if each["advice"]:
                output.print_line(f"{each['name']}: {each['advice']}", "yellow", indent=2, hang=2)


def _state_row(facts: dict[str, Any], zone: tzinfo) -> tuple[object, ...]:
    mode = "" if facts["mode"] == LIVE else f" ({facts['mode'].replace('_', ' ')})"
    since = facts["changed_at"] or facts["started_at"]
    return (
        f"{facts['state']}{mode}",
        output.format_time(since, zone) if since else "",
        f"{facts['queued']:,} of {facts['audience']:,}" if facts["started_at"] else "",
        f"{facts['changes'].get('done', 0):,}" if facts["started_at"] else "",
        f"{facts['changes'].get('due', 0):,}" if facts["started_at"] else "",
    )


def campaign_facts(
    tx: Connection, config: Config, settings: StoreSettings, zone: tzinfo
) -> Iterator[dict[str, Any]]:
    """Return what is known of each configured campaign, and of those that were sent before."""
    known = campaigns.load_campaigns(tx, settings.name)
    rules = rules_for_store(config.rules, settings)
    configured = {each.name: each for each in rules.campaigns}
    for name in [*configured, *(each for each in known if each not in configured)]:
        campaign, saved = configured.get(name), known.get(name)
        started = saved is not None and saved.state not in (WAITING, MISSED)
        counts = campaigns.count_entries(tx, settings.name, name) if started else None
        yield {
            "name": name,
            "audience_words": audience_words(campaign) if campaign else "no longer configured",
            "state": state_words(campaign, saved),
            "mode": saved.mode if started and saved else campaign.send_mode if campaign else LIVE,
            "at": campaign.starts_at(zone) if campaign else None,
            "started_at": saved.started_at if started and saved else None,
            "started_by": saved.started_by if saved else "",
            "changed_at": saved.changed_at if saved else None,
            "queued": saved.queued if saved else 0,
            "audience": saved.audience if saved else 0,
            "approved": saved.approved if saved else False,
            "changes": counts.states if counts else {},
            "last_due_at": counts.last_due_at if counts else None,
            "advice": advice(campaign, saved),
        }


# Preview.


def preview(
    name: Name,
    customer: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="CUSTOMER",
            help="Show what this customer would get. [default: one of the segment]",
            show_default=False,
        ),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    as_json: AsJson = False,
) -> None:
    """Show what a campaign would do if it started now; nothing is sent or saved.

    How many customers would get it, how many would not and why, when it would end, and what one of
    them would get. Uses the data of the last poll; the store is not contacted.
    """
    with open_database_session(config) as session, session.db.reading() as tx:
        settings = select_store(session.config, store)
        campaign = find_campaign(session, settings, name)
        person = None
        if customer is not None:
            person = find_customer(tx, session, settings.name, customer).person
        context = read_context(tx, session.config, settings, session.clock())
        found = preview_campaign(tx, context, session.config, campaign, person)
        saved = campaigns.load_campaigns(tx, settings.name).get(name)
    if as_json:
        example = found.example
        shown = example and {
            **asdict(example),
            "customer": describe.customer_json(example.customer),
        }
        output.print_json({"store": settings.name, **asdict(found), "example": shown})
        return
    print_preview(campaign, found, context)
    if saved is not None and saved.was_sent:
        output.print_line(f"It was already sent: {saved.state}.", "yellow")


def print_preview(campaign: Campaign, found: CampaignPreview, context: EvaluationContext) -> None:
    """Print how many get a campaign, when, and an example."""
    zone = context.store.zone
    output.print_line(f"{campaign.name}: {audience_words(campaign)}", "bold")
    output.print_table(("", ""), [*_preview_facts(campaign, found, zone)], 2, header=False)
    example = found.example
    if example is None:
        return
    output.print_heading(f"What {example.customer} would get")
    for each in example.steps:
        output.print_line(f"{each.step}: {each.what}", indent=2, hang=4)
        if each.subject:
            output.print_line(f"Subject: {each.subject}", indent=6)
            for line in each.text.splitlines():
                output.print_line(line, indent=6)
    if example.ended:
        output.print_line(f"Nothing more: {example.ended}", "yellow", indent=2)


def _preview_facts(
    campaign: Campaign, found: CampaignPreview, zone: tzinfo
) -> Iterator[tuple[str, str]]:
    now_words = "at its start, as of now" if found.starts_at else "now"
    yield "customers", f"{found.audience:,} {now_words}"
    for reason, count in sorted(found.not_reached.items()):
        yield "not reached", f"{count:,}: {reason}"
    if found.not_reached:
        yield "reached", f"{found.reached:,}"
    for reason, count in found.deferred.most_common():
        yield "not at once", f"{count:,} get it later: {reason}"
    if found.mode != LIVE:
        yield "mode", "a dry run: nothing is sent" if found.mode == "dry_run" else "a test (only)"
    if found.starts_at:
        yield "starts", output.format_time(found.starts_at, zone)
    if found.ends_at and campaign.throttle:
        end = output.format_time(found.ends_at, zone)
        yield "ends", f"about {end}, with {campaign.throttle}"


# Sending.


def send(name: Name, config: ConfigFile = None, store: StoreName = None, yes: Yes = False) -> None:
    """Start a campaign now, after confirmation.

    Everyone who is in its segment at this moment gets it, once. Your confirmation is also the
    approval: the write limit does not hold it. The daemon sends it within a minute; without a daemon
    'wcflow sync' does. With mode = dry_run or only, it is a test that can be repeated.
    """
    with open_database_session(config) as session:
        settings = select_store(session.config, store)
        campaign = find_campaign(session, settings, name)
        with session.db.reading() as tx:
            _require_unsent(tx, settings.name, name)
            context = read_context(tx, session.config, settings, session.clock())
            found = preview_campaign(tx, context, session.config, campaign)
        print_preview(campaign, found, context)
        if not found.audience:
            output.print_line("It would be sent to no customer.")
            return
        count = output.format_count(found.reached, "customer")
        if not confirm(f"Send {name} to {count}?", yes=yes):
            output.print_line("Cancelled.")
            return
        with session.db.transaction() as tx:
            _require_unsent(tx, settings.name, name)
            context = read_context(tx, session.config, settings, session.clock())
            start_campaign(tx, context, campaign, "by command", approved=True)
    output.print_line(f"{name} started.", "green")
    output.print_line("The daemon sends it within a minute; without one, run 'wcflow sync'.")


def _require_unsent(tx: Connection, store: str, name: str) -> None:
    """Raise UsageError if a campaign was sent, or is being sent."""
    saved = campaigns.load_campaigns(tx, store).get(name)
    if saved is None or not (saved.was_sent or saved.state in (SENDING, PAUSED)):
        return
    at = output.format_time(saved.started_at, store_zone(tx, store))
    raise UsageError(
        f"[campaign {name}] was already started on {at}: {saved.state}",
        "Give it a new name to send it again.",
    )


def find_campaign(session: DatabaseSession, settings: StoreSettings, name: str) -> Campaign:
    """Return a campaign that is not off; raises UsageError if there is none."""
    rules = rules_for_store(session.config.rules, settings)
    names = [each.name for each in rules.campaigns]
    if name not in names:
        hint = did_you_mean(name, names) or f"Known names: {', '.join(names) or 'none'}."
        raise UsageError(f"there is no [campaign {name}] in the configuration", hint)
    campaign = rules.campaigns[names.index(name)]
    if campaign.mode == "off":
        raise UsageError(f"[campaign {name}] is switched off", "Set its mode to live or dry_run.")
    return campaign


# Pause, resume, cancel.


def pause(name: Name, config: ConfigFile = None, store: StoreName = None) -> None:
    """Pause a campaign: nothing more is sent until 'campaign resume'."""
    _change(name, config, store, PAUSED, (SENDING,), "paused")


def resume(name: Name, config: ConfigFile = None, store: StoreName = None) -> None:
    """Resume a paused campaign. Its throttle still holds."""
    _change(name, config, store, SENDING, (PAUSED,), "resumed")


def _change(
    name: str,
    config: Any,
    store: str | None,
    state: str,
    before: tuple[str, ...],
    words: str,
) -> None:
    with open_database_session(config) as session, session.db.transaction() as tx:
        for each in session.stores(store):
            saved = _find_started(tx, each.name, name)
            now: datetime = session.clock()
            if campaigns.change_state(tx, each.name, name, state, now, before=before):
                waiting = campaigns.count_entries(tx, each.name, name).states.get("due", 0)
                count = output.format_count(waiting, "change")
                output.print_line(f"{each.name}: {name} {words}; {count} to be written.")
            else:
                output.print_line(f"{each.name}: {name} is not {before[0]}, but {saved.state}.")


def cancel(
    name: Name, config: ConfigFile = None, store: StoreName = None, yes: Yes = False
) -> None:
    """Cancel a campaign for good: what was not sent yet is never sent."""
    with open_database_session(config) as session:
        settings = select_store(session.config, store)
        with session.db.reading() as tx:
            saved = _find_started(tx, settings.name, name)
        if saved.state not in (SENDING, PAUSED):
            output.print_line(f"{name} is {saved.state}: there is nothing to cancel.")
            return
        if not confirm(f"Cancel {name} for good?", yes=yes):
            output.print_line("Nothing was changed.")
            return
        with session.db.transaction() as tx:
            reason = "the campaign was cancelled by hand"
            count = campaigns.cancel(tx, settings.name, name, reason, session.clock())
    output.print_line(f"{name} cancelled, with {output.format_count(count, 'change')}.")


def report(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Only this campaign, in full.", show_default=False),
    ] = None,
    config: ConfigFile = None,
    store: StoreName = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """Show what came of campaigns: messages, orders and revenue, as 'workflow report' does."""
    print_reports(config, store, "campaign", name, since, as_json=as_json)


def _find_started(tx: Connection, store: str, name: str) -> SavedCampaign:
    """Return a campaign that was started; raises UsageError if there is none."""
    known = campaigns.load_campaigns(tx, store)
    saved = known.get(name)
    if saved is None or saved.state in (WAITING, MISSED):
        started = [each for each, state in known.items() if state.state not in (WAITING, MISSED)]
        hint = did_you_mean(name, started) or f"Started campaigns: {', '.join(started) or 'none'}."
        raise UsageError(f"the campaign {name} was not started", hint)
    return saved
