"""The command line: one module per command, assembled here."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from wcflow import __version__
from wcflow.cli import output
from wcflow.cli.errors import error_boundary
from wcflow.cli.help import Typer, similar_command

EXIT_CODES = """\b
Exit codes of every command:
    0  done
    1  some of the work failed, or waits for your approval
    2  the command line is wrong
   75  not possible now; try again later
   78  the configuration, the database or the store need your attention
  130  interrupted by Ctrl-C
"""


COMMAND_GROUPS = {
    "Getting started": {
        "demo": "Show what wcflow does with a made-up store; yours is not involved.",
        "init": "Write a configuration file for your store.",
        "check": "Explain the configuration, or list every problem in it.",
        "recipes": "List recipes: rules for common purposes; show or add them.",
        "doctor": "Check that everything wcflow needs is in place.",
    },
    "Everyday use": {
        "plan": "Show what would be written to the store, without writing it.",
        "sync": "Sync once: read changes, apply the rules, write the results.",
        "approve": "Approve the changes that are waiting.",
        "run": "Run until stopped (used by systemd).",
    },
    "Looking things up": {
        "status": "Show the state of each store.",
        "explain": "Explain a customer's segments, tags and workflows.",
        "pool": "List coupon pools; import and show their codes.",
        "reference": "List everything the INI file can contain.",
        "help": "Show the help of a command.",
    },
    "Customers": {
        "customer": "List, show, edit and merge customers, set their status, and undo edits.",
        "note": "Write notes about customers; list and remove them.",
        "tag": "List tags; add, remove, rename, merge and delete them by hand.",
        "group": "List, create and rename groups; add and remove customers.",
        "company": "Companies: their customers and figures.",
        "points": "Show a customer's points; add some, undo a change.",
        "tier": "List the tiers; show, set or clear a customer's.",
        "task": "List tasks and reminders about customers; add, assign, close them.",
    },
    "Managing": {
        "alerts": "Send test alerts.",
        "campaign": "List, preview and send campaigns; pause, resume or cancel them.",
        "email": "List, preview and test e-mails; check the sender's domain.",
        "companion": "Write the plugin for WordPress to a file; show its state.",
        "webhook": "Send a test to a webhook.",
        "outbox": "List changes that are waiting or failed; retry or cancel them.",
        "suppression": "List addresses that get no messages; add or remove some.",
        "workflow": "List workflows and their runs; pause, resume or run them.",
    },
    "Database": {
        "backup": "Copy the database to a file, even while wcflow runs.",
        "restore": "Restore the database from a backup.",
        "check-database": "Check the database for damage.",
        "store": "Keep the data of a store that you renamed.",
        "resync": "Import everything from the store again.",
    },
    "Uninstalling": {
        "uninstall": "Remove the service, its keys and its database from this machine.",
    },
    "Trying things out": {
        "sandbox": "Serve a made-up WooCommerce store on this machine, for experiments.",
    },
}
"""The commands in the order of the help; each is in the module of its name.

The first sentence of each command's help is repeated here, so that the list loads no module.
"""

RENAMED_COMMANDS = {"accept": "approve", "kinds": "reference"}
"""Former names of commands, and their present names."""


class CommandGroup(TyperGroup):
    """The commands, each loaded when it is used; errors are printed as sentences."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  the signature is click's
        """Return the names of all commands, in the order of the help."""
        return [name for names in COMMAND_GROUPS.values() for name in names]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by name; only its own module is imported, so that it starts quickly."""
        if new_name := RENAMED_COMMANDS.get(cmd_name):
            ctx.fail(f"There is no command '{cmd_name}': it is now called '{new_name}'.")
        if cmd_name not in self.list_commands(ctx):
            return None
        alone = Typer(**_TYPER_SETTINGS)
        import_module(f"wcflow.cli.{cmd_name.replace('-', '_')}").register(alone)
        if not gc.isenabled():
            # The process has just started (__main__), and its imports stay in memory.
            gc.freeze()
            gc.enable()
        alone.callback()(lambda: None)
        return get_group(alone).commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command of that name; an unknown one fails with a suggestion."""
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            near = similar_command(word, self.list_commands(ctx))
            hint = f"Did you mean 'wcflow {near}'?" if near else "'wcflow help' lists them."
            ctx.fail(f"There is no command '{word}'. {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with error_boundary():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  as above
        """List the commands in groups."""
        for family, names in COMMAND_GROUPS.items():
            with formatter.section(family):
                formatter.write_dl(list(names.items()))


_TYPER_SETTINGS: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}
app = typer.Typer(
    cls=CommandGroup, name="wcflow", no_args_is_help=True, epilog=EXIT_CODES, **_TYPER_SETTINGS
)


def _version(wanted: bool) -> None:
    if wanted:
        output.print_line(f"wcflow {__version__}")
        raise typer.Exit


@app.callback()
def wcflow(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Sort and tag the customers of a WooCommerce store, and follow up with them.

    wcflow reads a store through its REST API, puts its customers into segments, writes tags, notes
    and coupons back, and sends e-mails and messages, by rules that you write in an INI file.
    """
