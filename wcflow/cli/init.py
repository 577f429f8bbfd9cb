"""``wcflow init``: write a configuration from the commented default."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import output as show
from wcflow.cli.init_currencies import ask_rates, ask_store, print_missing, with_rates
from wcflow.cli.options import LOCAL_INI
from wcflow.config.addresses import parse_store_url
from wcflow.config.files import default_ini, read_file, remove_keys, set_values
from wcflow.config.load import load_config
from wcflow.errors import SetupError, UsageError
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.values import rates as parse_rates

STORE_SECTION = "store shop"
KEY_PREFIXES = {"consumer_key": "ck_", "consumer_secret": "cs_"}
KEY_VARIABLES = {"consumer_key": "$WC_KEY", "consumer_secret": "$WC_SECRET"}
"""What the file contains if no key was given: names of environment variables."""


def register(app: typer.Typer) -> None:
    app.command(
        "init", epilog="Exit codes: 0 written, 2 an answer is missing, 78 the file exists already."
    )(init)


def init(
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="The store's address.", show_default=False),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="KEY", help="The consumer key (ck_…), or $NAME.", show_default=False
        ),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            "--secret",
            metavar="SECRET",
            help="The consumer secret (cs_…), or $NAME.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")
    ] = LOCAL_INI,
    key_files: Annotated[
        bool,
        typer.Option(
            "--key-files",
            help="Write the keys to files of their own next to FILE, for the systemd service.",
        ),
    ] = False,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file",
            metavar="FILE",
            help="Certificates to trust, if the store's certificate is self-signed.",
            show_default=False,
        ),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            "--rates",
            metavar="RATES",
            help="What other currencies are worth, such as 'USD 0.92, GBP 1.17'.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a configuration file for your store.

    Fills in your store's address and keys in the commented default configuration. On a terminal it
    asks for what the options leave out. Create the keys in the store's dashboard under WooCommerce
    > Settings > Advanced > REST API, as an administrator, with permission Read/Write. $NAME stands
    for an environment variable; without keys the file uses $WC_KEY and $WC_SECRET. Only the owner
    can read the file. With --key-files only the owner can read the two key files, and everyone can
    read the configuration.

    If the keys are given, init asks the store which currencies its orders have. Orders in another
    currency need a rate: on a terminal init asks for it, else the file has a comment about it.
    """
    if output.is_dir():
        raise UsageError(f"{output} is a directory", f"Name a file: {output / LOCAL_INI.name}.")
    if output.exists() and not force:
        raise SetupError(f"{output} exists already", "Add --force to replace it.")
    output.parent.resolve(strict=True)  # before anything is asked
    values = {
        "url": _ask_address(url),
        "consumer_key": _ask_key("consumer_key", "Consumer key (ck_…)", key),
        "consumer_secret": _ask_key("consumer_secret", "Consumer secret (cs_…)", secret),
    }
    known = _parse_rates(rates)
    settings = {**values, **_ca_file_setting(ca_file)}
    found = ask_store(values, ca_file)
    if found and found.others and not known and _can_ask():
        rates = ask_rates(found)
        known = _parse_rates(rates)
    text = with_rates(default_ini(), rates or "", found)
    text = set_values(text, STORE_SECTION, settings)
    _check_text(text, output, values)
    if key_files:
        text = _write_key_files(text, output, values, replace=force)
    write_private_file(output, text, replace=force)
    if key_files:
        output.chmod(0o644)
    if found:
        print_missing(found, known, output)
    _print_next_steps(output, values, key_files=key_files)


def _parse_rates(text: str | None) -> frozenset[str]:
    """Return the currencies that have a rate; raises UsageError."""
    try:
        return frozenset(parse_rates(text) if text else ())
    except RuleErrors as error:
        raise UsageError(f"--rates: {error}", error.rule_errors[0].hint) from None


def _ca_file_setting(ca_file: Path | None) -> dict[str, str]:
    if ca_file is None:
        return {}
    if not ca_file.is_file():
        raise UsageError(f"there is no file {ca_file}", "Name a file with certificates.")
    return {"ca_file": str(ca_file.absolute())}


def _write_key_files(text: str, output: Path, values: dict[str, str], *, replace: bool) -> str:
    """Write the keys into separate files, and return the text without them."""
    if any(values[name].startswith("$") for name in KEY_PREFIXES):
        raise UsageError("--key-files needs the keys themselves", "Add --key and --secret.")
    files = [output.with_name(name) for name in KEY_PREFIXES]
    existing = next((file for file in files if file.exists()), None)
    if existing is not None and not replace:
        raise SetupError(f"{existing} exists already", "Add --force to replace it.")
    for file in files:
        write_private_file(file, values[file.name] + "\n", replace=replace)
    return remove_keys(text, STORE_SECTION, list(KEY_PREFIXES))


def _ask_address(given: str | None) -> str:
    if given is None and not _can_ask():
        raise UsageError("the store's address is missing", "Add --url https://shop.example.")
    return _ask_until_valid("Address of the store", given, _parse_address)


def _ask_key(name: str, question: str, given: str | None) -> str:
    if given is None and not _can_ask():
        return KEY_VARIABLES[name]
    return _ask_until_valid(question, given, lambda text: _parse_key(name, text), hidden=True)


def _ask_until_valid(
    question: str, given: str | None, read: Callable[[str], str], *, hidden: bool = False
) -> str:
    """Return the given value, or ask until the answer is valid; raises UsageError if the given one is not."""
    while True:
        text = given
        if text is None:
            text = str(typer.prompt(question, hide_input=hidden, err=True))
        try:
            return read(text.strip())
        except RuleErrors as error:
            rule_error = error.rule_errors[0]
            message = rule_error.message
            if given is not None:
                raise UsageError(message, rule_error.hint) from None
            show.print_error(message, rule_error.hint)


def _parse_address(text: str) -> str:
    return parse_store_url(text, show.print_warning)


def _parse_key(name: str, text: str) -> str:
    if (text and not text.startswith(("$", KEY_PREFIXES[name]))) or " " in text:
        hint = (
            "copy it from WooCommerce > Settings > Advanced > REST API, or name a variable: $NAME"
        )
        raise RuleErrors(
            RuleError(f"a {name} that begins with {KEY_PREFIXES[name]}", "something else", hint)
        )
    return text or KEY_VARIABLES[name]


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _check_text(text: str, path: Path, values: dict[str, str]) -> None:
    """Check the text as every command will read it; raises ConfigError."""
    named = {value[1:]: "given_later" for value in values.values() if value.startswith("$")}

    def read(each: Path) -> bytes:
        return text.encode() if each == path else read_file(each)

    load_config(path, {**named, **os.environ}, read=read)


def write_private_file(path: Path, text: str, *, replace: bool) -> None:
    """Write a file that only its owner can read, completely or not at all."""
    new = path.with_name(f".{path.name}.new") if replace else path
    if replace:
        new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _print_next_steps(path: Path, values: dict[str, str], *, key_files: bool) -> None:
    named = " --config " + shlex.quote(str(path)) if path != LOCAL_INI else ""
    keys = f" and, next to it, {' and '.join(KEY_PREFIXES)}" if key_files else ""
    show.print_line(f"Wrote {path}{keys}, which only you can read.", "green")
    for value in values.values():
        if value.startswith("$"):
            show.print_line(f"Set the environment variable {value[1:]} before you run wcflow.")
    show.print_line()
    show.print_line("Next:")
    for command, does in _NEXT_COMMANDS.items():
        show.print_command(f"wcflow {command}{named}", does)


_NEXT_COMMANDS = {
    "check": "explains the rules",
    "doctor": "checks that the store lets wcflow work",
    "plan": "shows what would be written, without writing it",
}
