"""``wcflow sandbox``: serve a made-up WooCommerce store until Ctrl-C, and let customers act in it."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from random import Random
from typing import Annotated

import typer

from wcflow.cli import output
from wcflow.cli.options import utcnow
from wcflow.daemon.stop import STOP_SIGNALS, Signals
from wcflow.errors import BusyError, UsageError
from wcflow.rules.errors import did_you_mean
from wcflow.sandbox.auth import ADMIN, MANAGER, READER
from wcflow.sandbox.seed import seed_store
from wcflow.sandbox.server import Server, serve
from wcflow.sandbox.shoppers import plan_acts
from wcflow.sandbox.store import PLUGINS, SandboxStore

INTERVAL = 1.0
"""Seconds between two rounds of events."""


@contextmanager
def shoppers_at_work(
    store: SandboxStore,
    server: Server,
    clock: Callable[[], datetime],
    on_act: Callable[[datetime, str], None],
    per_hour: float,
) -> Iterator[None]:
    """Let customers act in the store inside this context, and report what each does."""
    stopping = threading.Event()

    def run() -> None:
        random, since = Random(), clock()  # noqa: S311  chance for play
        while not stopping.wait(INTERVAL):
            now = clock()
            with server.lock:
                acts = plan_acts(store, random, since, now, per_hour=per_hour)
                for act in acts:
                    act.perform(store)
            for act in acts:
                on_act(act.at, act.words)
            since = now

    thread = threading.Thread(target=run, name="shoppers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


DEFAULT_PORT = 8765
ACTS_PER_HOUR = 360.0
"""How many events per hour happen with ``--busy``: one every ten seconds."""

_KEY_ROLES = {
    ADMIN: "an administrator's key, to read and write",
    READER: "an administrator's key, only to read",
    MANAGER: "a shop manager's key, which cannot read customer meta",
}


def register(app: typer.Typer) -> None:
    app.command("sandbox", epilog="Exit codes: 0 stopped by Ctrl-C, 75 the port is in use.")(
        sandbox
    )


def sandbox(
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65535,
            help="The port to listen on; 0 means any free port.",
        ),
    ] = DEFAULT_PORT,
    people: Annotated[
        int, typer.Option(metavar="N", min=0, max=100_000, help="How many customers it has.")
    ] = 500,
    orders: Annotated[
        int, typer.Option(metavar="N", min=0, max=1_000_000, help="How many orders it has.")
    ] = 2500,
    seed: Annotated[
        int,
        typer.Option(metavar="N", help="The same number creates the same customers and orders."),
    ] = 1,
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            "--plugin",
            metavar="NAME",
            help="A plugin that the store has: subscriptions (WooCommerce Subscriptions) or"
            " companion (wcflow's own). Can be repeated.",
            show_default=False,
        ),
    ] = None,
    busy: Annotated[bool, typer.Option("--busy", help="Keep new orders coming in.")] = False,
) -> None:
    """Serve a made-up WooCommerce store on this machine, for experiments.

    It behaves like WooCommerce, can only be reached from this machine, and forgets everything when
    it stops. Use its address in a configuration to try rules without a real store.
    """
    plugins = frozenset(plugin or ())
    if unknown := sorted(plugins - PLUGINS):
        raise UsageError(
            f"the sandbox has no plugin {unknown[0]!r}",
            did_you_mean(unknown[0], sorted(PLUGINS))
            or f"There are: {', '.join(sorted(PLUGINS))}.",
        )
    random = Random(seed)  # noqa: S311  chance for play
    store = seed_store(utcnow(), random, people=people, orders=orders, plugins=plugins)
    with ExitStack() as stack:
        signals = stack.enter_context(Signals())
        server = _open_server(stack, store, port)
        _print_intro(store, server)
        if busy:
            output.print_heading("What happens in the store")
            stack.enter_context(shoppers_at_work(store, server, utcnow, _print_act, ACTS_PER_HOUR))
        while not signals.wait(3600) & STOP_SIGNALS:
            continue
    output.print_line("The store has stopped. Its data is gone.")


def _open_server(stack: ExitStack, store: SandboxStore, port: int) -> Server:
    try:
        return stack.enter_context(serve(store, port=port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        message = f"port {port} cannot be used: {(error.strerror or '').lower()}"
        raise BusyError(message, "Choose another with --port; 0 takes a free one.") from None


def _print_intro(store: SandboxStore, server: Server) -> None:
    output.print_line(f"{store.state.settings.name} is open at {server.url}", "bold")
    output.print_line(
        f"{output.format_count(len(store.order_ids()), 'order')},"
        f" {output.format_count(len(store.customer_ids()), 'account')}; Ctrl-C stops it."
    )
    output.print_heading("Keys")
    for key, role in _KEY_ROLES.items():
        output.print_line(role, indent=2)
        output.print_line(f"consumer key     {key.consumer_key}", "bold", indent=6)
        output.print_line(f"consumer secret  {key.consumer_secret}", "bold", indent=6)
    output.print_heading("To try")
    init = f"wcflow init --url {server.url} --key {ADMIN.consumer_key}"
    for command, does in {
        f"{init} --secret {ADMIN.consumer_secret}": "writes a configuration for it",
        "wcflow plan": "shows what would be written, without writing it",
        "wcflow sync --approve": "writes it",
        server.url: "in a browser: its customers, orders, notes and coupons",
    }.items():
        output.print_command(command, does)
    sys.stdout.flush()


def _print_act(at: datetime, words: str) -> None:
    output.print_line(f"{at.astimezone():%H:%M:%S}  {words}", indent=2)
    sys.stdout.flush()
