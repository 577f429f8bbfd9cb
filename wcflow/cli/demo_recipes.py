"""``wcflow demo --recipes``: what recipes do in the made-up store, day by day."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from wcflow import maintenance, sync
from wcflow.actions.email import EMAIL
from wcflow.actions.email_delivery import EmailChannel
from wcflow.actions.pool import pool_rules
from wcflow.cli import output, report, task, tier
from wcflow.cli.init import write_private_file
from wcflow.cli.options import select_store, utcnow
from wcflow.cli.session import Session, open_session
from wcflow.database import pools
from wcflow.demo import recipes as story
from wcflow.demo.mailbox import MailboxFolder
from wcflow.demo.store import INI, STORE, bypass_proxy, demo_folder, open_demo_store
from wcflow.evaluate.campaigns import start_campaign
from wcflow.evaluate.context import read_context
from wcflow.sandbox.faults import Faults
from wcflow.sandbox.server import Server, serve
from wcflow.sandbox.store import SandboxStore
from wcflow.sync import SyncContext

DEFAULT_FOLDER = Path("wcflow-demo-recipes")
MAILS = "mails"
_SHOWN = 30
CAMPAIGN_DAY = 10
_PASSES_PER_DAY = 3
_AFTER_IMPORT = timedelta(hours=1)
"""Events of the import's own time start no workflow, so the story begins later."""


@dataclass(slots=True)
class RecipesDemo:
    """A running demo of recipes, and the time in it."""

    store: SandboxStore
    server: Server
    folder: Path
    now: datetime

    def context(self, session: Session, mailbox: MailboxFolder) -> SyncContext:
        """Return a context whose clock is the demo's and whose e-mails go into a directory."""
        session.clock = mailbox.clock
        context = session.context(select_store(session.config, STORE))
        channel = context.channels[EMAIL]
        assert isinstance(channel, EmailChannel), "the demo's configuration has [smtp]"
        channels = {**context.channels, EMAIL: replace(channel, connection=mailbox)}
        return replace(context, channels=channels)

    @contextmanager
    def in_the_past(self) -> Iterator[None]:
        """Let the store's responses be dated as the demo's clock says."""
        # The store's own clock stays right, because requests are signed with this machine's time.
        past = Faults(self.store)
        past.shift_date_header(self.now - utcnow())
        self.server.store = past
        try:
            yield
        finally:
            self.server.store = self.store


def run_recipes(folder: Path, names: str) -> None:
    """Run the demo of these recipes; raises UsageError, BusyError or SetupError."""
    recipes, folder, began = story.find_recipes(names), folder.absolute(), time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(demo_folder(folder))
        bypass_proxy()
        start = utcnow() - timedelta(days=story.DAYS, hours=12)
        store = open_demo_store(start)
        server = stack.enter_context(serve(store))
        story.write_recipes(folder, recipes)
        config, text = folder / INI, story.recipes_config(folder, server.url)
        write_private_file(config, text, replace=config.exists())
        with open_session(config) as session:
            mailbox = play_recipes(RecipesDemo(store, server, folder, start), session)
            rules = session.config.rules
    _show_mails(mailbox)
    if rules.tiers is not None:
        output.print_heading("Tiers")
        tier.list_tiers(config)
    output.print_heading("Tasks and notices for the team")
    task.list_tasks(config=config)
    for kind in ("workflow", "campaign") if rules.campaigns else ("workflow",):
        output.print_heading(f"What came of the {kind}s")
        report.print_reports(config, None, kind, None, None, as_json=False)
    output.print_line()
    output.print_line(f"All of this took {time.monotonic() - began:.1f} seconds.", "bold")
    print_commands(config)


def play_recipes(demo: RecipesDemo, session: Session) -> MailboxFolder:
    """Let the recipes run over the days of the story; return the mailbox."""
    mailbox = MailboxFolder(demo.folder / MAILS, lambda: demo.now)
    context = demo.context(session, mailbox)
    _import(demo, session, context)
    _fill_pools(demo, context)
    _play_days(demo, context)
    mailbox.write_index()
    return mailbox


def _import(demo: RecipesDemo, session: Session, context: SyncContext) -> None:
    output.print_heading(f"1. The first sync, as it would have been {story.DAYS} days ago")
    with demo.in_the_past():
        session.sync(context, write=False)
        waiting = maintenance.approve(context)
        sync.sync_once(context)
    output.print_line(
        f"{output.format_count(waiting, 'change')} to the store, all of them tags: what happened"
        " before starts no workflow.",
        indent=2,
    )


def _fill_pools(demo: RecipesDemo, context: SyncContext) -> None:
    """Put a few codes that exist in the store into each coupon pool."""
    for name in pool_rules(context.config.rules):
        for code in story.CODES:
            demo.store.add_coupon(code, now=demo.now, amount="15", discount_type="percent")
        with context.db.transaction() as tx:
            pools.add_codes(tx, context.name, name, story.CODES, demo.now)


def _play_days(demo: RecipesDemo, context: SyncContext) -> None:
    output.print_heading(f"2. What happens in {story.DAYS} days")
    demo.now += _AFTER_IMPORT
    start, events = demo.now, [*story.Story(demo.store).events()]
    for day in range(story.DAYS + 1):
        demo.now = start + timedelta(days=day)
        for each in events:
            if each.day == day:
                with demo.server.lock:
                    words = each.act(demo.now).words
                output.print_line(f"{demo.now:%a %d %b}  {words}", indent=2)
        if day == CAMPAIGN_DAY:
            _start_campaigns(demo, context)
        _sync_day(demo, context)


def _start_campaigns(demo: RecipesDemo, context: SyncContext) -> None:
    for campaign in context.config.rules.campaigns:
        with context.db.transaction() as tx:
            known = read_context(tx, context.config, context.settings, demo.now)
            start_campaign(tx, known, campaign, "by command", approved=True)
        words = f"You send the campaign {campaign.name}"
        output.print_line(f"{demo.now:%a %d %b}  {words}", indent=2)


def _sync_day(demo: RecipesDemo, context: SyncContext) -> None:
    """Sync as often as a morning needs: an hour later a checkout counts as abandoned."""
    for _ in range(_PASSES_PER_DAY):
        with demo.in_the_past():
            sync.sync_once(context, write=False)
            maintenance.approve(context)
            sync.sync_once(context)
        demo.now += timedelta(hours=2)


def _show_mails(mailbox: MailboxFolder) -> None:
    output.print_heading("E-mails that would have been sent")
    rows = [(f"{each.at:%a %d %b}", each.to, each.subject) for each in mailbox.mails]
    output.print_table(("date", "to", "subject"), rows[-_SHOWN:], indent=2)
    if len(rows) > _SHOWN:
        output.print_line(f"… and {len(rows) - _SHOWN} before these", "dim", indent=2)
    output.print_line(f"All of them: {mailbox.index.as_uri()}", indent=2)


def print_commands(config: Path) -> None:
    """Print what to look at next."""
    named = f"--config {shlex.quote(str(config))}"
    output.print_line()
    for command, does in {
        f"wcflow check {named}": "explains the recipes",
        f"wcflow workflow runs {named}": "lists what they did, customer by customer",
        f"wcflow task list {named}": "lists the tasks",
        "wcflow recipes": "lists the recipes; 'wcflow recipes add NAME' adds one to your rules",
    }.items():
        output.print_command(command, does)
