"""``wcflow sync``: one walk along the path."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Verbose
from wcflow.cli.session import Session, open_session
from wcflow.cli.visits import for_each_store, print_hold
from wcflow.errors import DONE, SOME_FAILED
from wcflow.sync import SyncContext, SyncResult, approve, deliver_store, hold_lease

EPILOG = """\b
Exit codes:
    0  done
    1  writes were given up, or are held until you have looked at them
   75  the shop is out of reach, or another wcflow is at work
   78  the shop refuses the key, or is not at this address
"""


def register(app: typer.Typer) -> None:
    app.command("sync", epilog=EPILOG)(sync)


def sync(
    config: ConfigFile = None,
    store: StoreName = None,
    approved: Annotated[
        bool, typer.Option("--approve", help="Write also what would be held, as approve does.")
    ] = False,
    verbose: Verbose = False,
    accepted: Annotated[bool, typer.Option("--accept", hidden=True)] = False,
) -> None:
    """Walk once: read what changed, judge, write what follows.

    The first writes of all, and more than max_writes at once, are held: 'wcflow plan' shows them,
    'wcflow approve' (or --approve here) lets them go. A daemon, 'wcflow run', does this for good.
    """
    with open_session(config, verbose=verbose) as session:
        code = for_each_store(
            session,
            store,
            lambda context: _sync_store(session, context, approved=approved or accepted),
        )
    raise typer.Exit(code)


def _sync_store(session: Session, context: SyncContext, *, approved: bool) -> int:
    requests_before, seconds = context.store.requests, context.store.seconds
    result = session.sync(context, write=not approved)
    if approved:
        approve(context)
        if context.settings.write and not context.stopping():
            with hold_lease(context):
                result.delivered = deliver_store(context)
    print_result(context, result)
    output.print_line(
        f"{output.format_count(context.store.requests - requests_before, 'request')}"
        f" in {context.store.seconds - seconds:.1f} s",
        "dim",
        indent=2,
    )
    return _exit_code(context, result)


def print_result(context: SyncContext, result: SyncResult) -> None:
    """Say in a few lines what a walk came to."""
    polled, evaluation, delivered = result.polled, result.evaluated, result.delivered
    output.print_line(f"{context.name}: {context.store.url}", "bold")
    if polled is not None:
        read = [
            output.format_count(polled.orders, "order"),
            output.format_count(polled.customers, "customer"),
            output.format_count(polled.products, "product"),
        ]
        gone = f", {polled.deleted:,} gone" if polled.deleted else ""
        initial_sync = " (first census)" if polled.initial_sync else ""
        output.print_line(f"read     {', '.join(read)} changed{gone}{initial_sync}", indent=2)
    output.print_line(
        f"judged   {output.format_count(evaluation.people, 'person', 'people')}:"
        f" {output.format_count(evaluation.transitions, 'move')} between segments,"
        f" {output.format_count(evaluation.runs, 'workflow run')} begun,"
        f" {output.format_count(evaluation.queued, 'write')} decided",
        indent=2,
    )
    if context.settings.write:
        counts = {"put off": delivered.postponed, "given up": delivered.failed}
        rest = "".join(f", {count:,} {words}" for words, count in counts.items() if count)
        output.print_line(
            f"written  {output.format_count(delivered.done, 'write')}{rest}", indent=2
        )


def _exit_code(context: SyncContext, result: SyncResult) -> int:
    delivered = result.delivered
    if not context.settings.write:
        output.print_line("write = no: nothing is ever written to this shop", indent=2)
    if delivered.held:
        then = "'wcflow plan' shows them, 'wcflow approve' lets them go."
        print_hold(delivered.held, then=then)
    if delivered.postponed:
        output.print_line("'wcflow outbox list --state due' shows what was put off, and why.")
    if delivered.failed:
        output.print_line("'wcflow outbox list --state failed' shows what was given up, and why.")
    return SOME_FAILED if delivered.held or delivered.failed else DONE
