"""``wcflow sync``: one sync of each store."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Verbose
from wcflow.cli.plan import plan
from wcflow.cli.plan_tables import format_counts
from wcflow.cli.session import Session, for_each_store, open_session
from wcflow.errors import DONE, SOME_FAILED, TRY_LATER, DeliveryError, UsageError
from wcflow.maintenance import approve
from wcflow.outbox.task_mail import mail_tasks
from wcflow.poll.returned_mail import open_mailbox, read_mailbox
from wcflow.sync import SyncContext, SyncResult, deliver_store, hold_lease

EPILOG = """\b
Exit codes:
    0  done
    1  changes failed, or wait for your approval
   75  the store or the mail server cannot be reached, the store is in use,
       or the clocks disagree
   78  the store rejects the API key, or is not at this address
"""


def register(app: typer.Typer) -> None:
    app.command("sync", epilog=EPILOG)(sync)


def sync(
    config: ConfigFile = None,
    store: StoreName = None,
    approved: Annotated[
        bool, typer.Option("--approve", help="Approve everything that is waiting, and write it.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only show what would be written, as 'wcflow plan' does."),
    ] = False,
    verbose: Verbose = False,
    accepted: Annotated[bool, typer.Option("--accept", hidden=True)] = False,
) -> None:
    """Sync once: read changes, apply the rules, write the results.

    The very first changes, and more than max_writes at once, wait for your approval: 'wcflow plan'
    shows them, 'wcflow approve' (or --approve here) approves them. 'wcflow run' syncs all the time.
    """
    if dry_run:
        if approved or accepted:
            raise UsageError("--dry-run writes nothing, so there is nothing to --approve")
        plan(config=config, store=store, verbose=verbose)
    with open_session(config, verbose=verbose) as session:
        _read_bounces(session)
        code = for_each_store(
            session,
            store,
            lambda context: _sync_store(session, context, approved=approved or accepted),
        )
    raise typer.Exit(code)


def _read_bounces(session: Session) -> None:
    """Read the mailbox of [bounces], so that a dead address gets nothing; trouble stops nothing."""
    settings = session.config.bounces
    if settings is None:
        return
    names = tuple(each.name for each in session.config.stores)
    try:
        read_mailbox(session.db, names, open_mailbox(settings), session.clock)
    except DeliveryError as error:
        output.print_warning(str(error), error.advice)


def _sync_store(session: Session, context: SyncContext, *, approved: bool) -> int:
    requests_before, seconds = context.store.requests, context.store.seconds
    result = session.sync(context, write=not approved)
    if approved:
        approve(context)
        if context.settings.write and not context.stopping():
            with hold_lease(context):
                result.delivered = deliver_store(context)
                mail_tasks(context.db, context.config, context.name, context.clock())
    print_result(context, result)
    output.print_line(
        f"{output.format_count(context.store.requests - requests_before, 'request')}"
        f" in {context.store.seconds - seconds:.1f} s",
        "dim",
        indent=2,
    )
    return _exit_code(context, result)


def print_result(context: SyncContext, result: SyncResult) -> None:
    """Print the result of a sync in a few lines."""
    polled, evaluation, delivered = result.polled, result.evaluated, result.delivered
    output.print_line(f"{context.name}: {context.store.url}", "bold")
    if polled is not None:
        read = [
            output.format_count(polled.orders, "order"),
            output.format_count(polled.customers, "customer"),
            output.format_count(polled.products, "product"),
        ]
        deleted = f", {polled.deleted:,} deleted" if polled.deleted else ""
        initial_sync = " (initial import)" if polled.initial_sync else ""
        _print_part("read", f"{', '.join(read)} changed{deleted}{initial_sync}")
    _print_part(
        "evaluated",
        f"{output.format_count(evaluation.people, 'customer')}:"
        f" {output.format_count(evaluation.transitions, 'segment change')},"
        f" {output.format_count(evaluation.runs, 'workflow')} started,"
        f" {output.format_count(evaluation.queued, 'change')} to write",
    )
    if evaluation.recorded:
        _print_part("recorded", format_counts(evaluation.recorded))
    if result.campaigns.people:
        queued = output.format_count(result.campaigns.people, "customer")
        _print_part("campaigns", f"{queued} queued")
    if context.settings.write:
        counts = {"to be retried": delivered.postponed, "failed": delivered.failed}
        rest = "".join(f", {count:,} {words}" for words, count in counts.items() if count)
        _print_part("written", f"{output.format_count(delivered.done, 'change')}{rest}")


def _print_part(name: str, result: str) -> None:
    output.print_line(f"{name:<11}{result}", indent=2, hang=11)


def _exit_code(context: SyncContext, result: SyncResult) -> int:
    delivered = result.delivered
    if not context.settings.write:
        output.print_line("Nothing is ever written to this store, because it has write = no.")
    if delivered.held:
        output.print_line(output.as_sentence(delivered.held), "yellow")
        output.print_line("'wcflow plan' shows them, 'wcflow approve' approves them.")
    if delivered.postponed:
        output.print_line("'wcflow outbox list --state due' shows what will be retried, and why.")
    if delivered.failed:
        output.print_line("'wcflow outbox list --state failed' shows what failed, and why.")
    for reason in delivered.down.values():
        output.print_line(output.as_sentence(reason), "yellow")
    if delivered.pause:
        output.print_line(
            "More e-mails wait, because of rate in [smtp]: the next sync continues with them."
        )
    if delivered.held or delivered.failed:
        return SOME_FAILED
    return TRY_LATER if delivered.down else DONE
