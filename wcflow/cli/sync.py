"""``wcflow sync``: one walk along the path."""

from __future__ import annotations

from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import ConfigFile, StoreName, Verbose
from wcflow.cli.session import Session, session
from wcflow.cli.visits import each_store, say_held
from wcflow.errors import DONE, SOME_FAILED
from wcflow.sync import SyncContext, SyncResult, approve, deliver_store, leased

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
    accepted: Annotated[
        bool, typer.Option("--approve", help="Write also what would be held, as approve does.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Walk once: read what changed, judge, write what follows.

    The first writes of all, and more than max_writes at once, are held: 'wcflow plan' shows them,
    'wcflow approve' (or --approve here) lets them go. A daemon, 'wcflow run', does this for good.
    """
    with session(config, verbose=verbose) as work:
        code = each_store(work, store, lambda line: _synced(work, line, accepted=accepted))
    raise typer.Exit(code)


def _synced(work: Session, line: SyncContext, *, accepted: bool) -> int:
    asked, seconds = line.store.requests, line.store.seconds
    walked = work.walk(line, write=not accepted)
    if accepted:
        approve(line)
        if line.settings.write and not line.stopping():
            with leased(line):
                walked.delivered = deliver_store(line)
    report(line, walked)
    output.say(
        f"{output.counted(line.store.requests - asked, 'request')}"
        f" in {line.store.seconds - seconds:.1f} s",
        "dim",
        indent=2,
    )
    return _outcome(line, walked)


def report(line: SyncContext, walked: SyncResult) -> None:
    """Say in a few lines what a walk came to."""
    pulled, judged, delivered = walked.pulled, walked.evaluated, walked.delivered
    output.say(f"{line.name}: {line.store.url}", "bold")
    if pulled is not None:
        read = [
            output.counted(pulled.orders, "order"),
            output.counted(pulled.customers, "customer"),
            output.counted(pulled.products, "product"),
        ]
        gone = f", {pulled.deleted:,} gone" if pulled.deleted else ""
        census = " (first census)" if pulled.census else ""
        output.say(f"read     {', '.join(read)} changed{gone}{census}", indent=2)
    output.say(
        f"judged   {output.counted(judged.people, 'person', 'people')}:"
        f" {output.counted(judged.moves, 'move')} between segments,"
        f" {output.counted(judged.runs, 'workflow run')} begun,"
        f" {output.counted(judged.queued, 'write')} decided",
        indent=2,
    )
    if line.settings.write:
        counts = {"put off": delivered.put_off, "given up": delivered.failed}
        rest = "".join(f", {count:,} {words}" for words, count in counts.items() if count)
        output.say(f"written  {output.counted(delivered.done, 'write')}{rest}", indent=2)


def _outcome(line: SyncContext, walked: SyncResult) -> int:
    delivered = walked.delivered
    if not line.settings.write:
        output.say("write = no: nothing is ever written to this shop", indent=2)
    if delivered.held:
        then = "'wcflow plan' shows them, 'wcflow approve' lets them go."
        say_held(delivered.held, then=then)
    if delivered.put_off:
        output.say("'wcflow outbox list --state due' shows what was put off, and why.")
    if delivered.failed:
        output.say("'wcflow outbox list --state failed' shows what was given up, and why.")
    return SOME_FAILED if delivered.held or delivered.failed else DONE
