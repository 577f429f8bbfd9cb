"""``wcflow help``: the help of a command, in one notation for arguments and options.

Arguments are written as they are typed: ``FILE``, and ``[RULE]`` if one can be left out.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption

_LARGEST = 2**31 - 1


class Command(TyperCommand):
    """A command whose help is written in that notation."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse the options, and reject numbers that are too large for a database."""
        rest = super().parse_args(ctx, args)
        for name, value in ctx.params.items():
            numbers = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(each, int) and abs(each) > _LARGEST for each in numbers):
                option = next(each for each in self.params if each.name == name)
                shown = option.opts[0] if option.opts[0].startswith("-") else str(option.metavar)
                raise typer.BadParameter(f"{shown} is too large.", ctx)
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ARG002  the signature is click's
        names = [_argument_name(each) for each in self._arguments()]
        return ["[OPTIONS]", *names]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List the arguments and the options."""
        arguments = [(each.metavar or "", each.help or "") for each in self._arguments()]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        with formatter.section("Options"):
            formatter.write_dl(
                [
                    (record[0], _option_help(each))
                    for each in self.get_params(ctx)
                    if isinstance(each, TyperOption) and (record := each.get_help_record(ctx))
                ]
            )

    def _arguments(self) -> list[TyperArgument]:
        return [each for each in self.params if isinstance(each, TyperArgument)]


def _argument_name(argument: TyperArgument) -> str:
    return str(argument.metavar) if argument.required else f"[{argument.metavar}]"


def _option_help(option: TyperOption) -> str:
    shown = option.show_default and not option.is_flag and option.default is not None
    return f"{option.help} [default: {option.default}]" if shown else str(option.help)


class Typer(typer.Typer):
    """A Typer whose commands have this help."""

    def command(self, name: str | None = None, **more: Any) -> Any:
        return super().command(name, **{"cls": Command, **more})


def register(app: typer.Typer) -> None:
    app.command("help", epilog="Exit codes: 0 done, 2 there is no such command.")(show_help)


def show_help(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="The command.", show_default=False),
    ] = None,
) -> None:
    """Show the help of a command.

    'wcflow help workflow run' is the same as 'wcflow workflow run --help'.
    """
    root: Any = ctx.find_root()
    command, context = root.command, root
    for word in words or []:
        name, found, _ = command.resolve_command(context, [word])
        if found is None:
            context.fail(f"'{context.command_path}' has no command '{word}'.")
        command, context = found, type(root)(found, parent=context, info_name=name)
        if not hasattr(command, "resolve_command"):
            break
    typer.echo(command.get_help(context))


_OTHER_WORDS = {
    "apply": "approve",
    "validate": "check",
    "test": "check",
    "lint": "check",
    "start": "run",
    "daemon": "run",
    "preview": "plan",
    "diff": "plan",
    "info": "status",
    "why": "explain",
    "import": "sync",
    "setup": "init",
    "remove": "uninstall",
    "version": "--version",
}
"""What other programs call a command of wcflow."""


def similar_command(word: str, names: list[str]) -> str:
    """Return the command that was probably meant, or nothing."""
    if other := _OTHER_WORDS.get(word.lower()):
        return other
    near = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return near[0] if near else ""
