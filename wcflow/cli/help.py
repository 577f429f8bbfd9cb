"""The help of a command: one notation for arguments and options.

Arguments are written as they are typed: ``FILE``, and ``[RULE]`` if one can be left out.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperOption


class Command(TyperCommand):
    """A command whose help is written in that notation."""

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
