"""``wcflow init``: a configuration of one's own, out of the commented default."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from wcflow.cli import show
from wcflow.cli.common import HERE
from wcflow.config.addresses import shop_address
from wcflow.config.default import default_ini, with_values
from wcflow.config.load import load
from wcflow.errors import SetupError, UsageError
from wcflow.rules.flaw import Flaw, FlawError

HEAD = "store shop"
KEYS = {"consumer_key": "ck_", "consumer_secret": "cs_"}
BY_NAME = {"consumer_key": "$WC_KEY", "consumer_secret": "$WC_SECRET"}
"""What stands in the file where no key was given: names of environment variables."""


def register(app: typer.Typer) -> None:
    app.command("init", epilog="Exit codes: 0 written, 2 an answer is missing, 78 it is there.")(
        init
    )


def init(
    url: Annotated[
        str | None, typer.Option("--url", help="The shop's address.", show_default=False)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The consumer key (ck_…), or $NAME.", show_default=False),
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option("--secret", help="The consumer secret (cs_…), or $NAME.", show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")
    ] = HERE,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a configuration: the commented default, with your shop's address and keys in it.

    Asks on a terminal for what the options do not say. Make the key in the shop's dashboard under
    WooCommerce > Settings > Advanced > REST API, as an administrator, with Read/Write. $NAME
    stands for an environment variable; without a key the file names $WC_KEY and $WC_SECRET.
    The file can be read by its owner alone.
    """
    if output.exists() and not force:
        raise SetupError(f"{output} is there already", "--force replaces it")
    values = {
        "url": _address(url),
        "consumer_key": _key("consumer_key", "Consumer key (ck_…)", key),
        "consumer_secret": _key("consumer_secret", "Consumer secret (cs_…)", secret),
    }
    text = with_values(default_ini(), HEAD, values)
    _look_at(text, output, values)
    write(output, text, replace=force)
    _say_what_next(output, values)


def _address(given: str | None) -> str:
    if given is None and not _can_ask():
        raise UsageError("the shop's address is missing", "say --url https://shop.example")
    return _asked_until_good("Address of the shop", given, _as_address)


def _key(name: str, question: str, given: str | None) -> str:
    if given is None and not _can_ask():
        return BY_NAME[name]
    return _asked_until_good(question, given, lambda text: _as_key(name, text), hidden=True)


def _asked_until_good(
    question: str, given: str | None, read: Callable[[str], str], *, hidden: bool = False
) -> str:
    """Take what is given, or ask until the answer will do; raises UsageError for what is given."""
    while True:
        text = given
        if text is None:
            text = str(typer.prompt(question, hide_input=hidden, err=True))
        try:
            return read(text.strip())
        except FlawError as error:
            flaw = error.flaws[0]
            said = f"expected {flaw.expected}, got {flaw.got}"
            if given is not None:
                raise UsageError(said, flaw.hint) from None
            show.trouble(said, flaw.hint)


def _as_address(text: str) -> str:
    return shop_address(text, lambda said, hint: show.remark(f"warning: {said} ({hint})"))


def _as_key(name: str, text: str) -> str:
    if (text and not text.startswith(("$", KEYS[name]))) or " " in text:
        hint = (
            "copy it from WooCommerce > Settings > Advanced > REST API, or name a variable: $NAME"
        )
        raise FlawError(Flaw(f"a {name} that begins with {KEYS[name]}", "something else", hint))
    return text or BY_NAME[name]


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _look_at(text: str, path: Path, values: dict[str, str]) -> None:
    """Read the file as every command will, before it is written; raises ConfigError."""
    named = {value[1:]: "given_later" for value in values.values() if value.startswith("$")}
    load(path, {**named, **os.environ}, read=lambda _path: text.encode())


def write(path: Path, text: str, *, replace: bool) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
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


def _say_what_next(path: Path, values: dict[str, str]) -> None:
    named = " --config " + shlex.quote(str(path)) if path != HERE else ""
    show.say(f"Wrote {path}, which only you can read.", "green")
    for value in values.values():
        if value.startswith("$"):
            show.say(f"It takes a key from the environment variable {value[1:]}: set it first.")
    show.say()
    show.say("Next:")
    for command, does in _NEXT.items():
        show.say(f"wcflow {command}{named}", "bold", indent=2)
        show.say(does, indent=6)


_NEXT = {
    "check": "says what the rules mean",
    "doctor": "looks whether the shop lets wcflow work",
    "plan": "shows what would be written, and writes nothing",
}
