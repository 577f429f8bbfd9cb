"""Which currencies the orders of a new store have, and what the INI file says about their rates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import typer

from wcflow import log
from wcflow.cli import output
from wcflow.errors import StoreError
from wcflow.rules.errors import RuleErrors
from wcflow.rules.values import rates
from wcflow.store.client import Store
from wcflow.store.currencies import Currencies, fetch_currencies

_COMMENTED = "# currency_rates = EUR 1.08, GBP 1.27\n"
_TIMEOUT = 15.0
"""In seconds: nothing is lost if the store does not respond."""


class _NoRetryError(Exception):
    """The store did not respond at once."""


def ask_store(values: Mapping[str, str], ca_file: Path | None) -> Currencies | None:
    """Return the currencies of the store's orders; None if it cannot be asked now."""
    key, secret = (_resolve(values[name]) for name in ("consumer_key", "consumer_secret"))
    if not key or not secret:
        return None
    log.log_to_stderr("error", "auto")
    certificates = str(ca_file) if ca_file else None
    try:
        with Store(
            "shop",
            values["url"],
            key,
            secret,
            ca_file=certificates,
            timeout=_TIMEOUT,
            sleep=_give_up,
        ) as store:
            return fetch_currencies(store)
    except (StoreError, _NoRetryError) as error:
        why = error if isinstance(error, StoreError) else error.__context__
        output.print_line(
            f"The currencies of the store's orders could not be read: {why}."
            " 'wcflow doctor' checks the address and the key.",
            "yellow",
        )
        return None


def _give_up(_seconds: float) -> None:
    raise _NoRetryError


def _resolve(text: str) -> str:
    return os.environ.get(text[1:], "") if text.startswith("$") else text


def ask_rates(found: Currencies) -> str:
    """Ask for the rate of each currency that orders have; an empty answer leaves it out."""
    given = []
    for code in found.others:
        while True:
            question = f"What is 1 {code} worth in {found.own}? (empty: leave {code} out)"
            answer = str(typer.prompt(question, default="", show_default=False, err=True)).strip()
            try:
                given += (
                    [f"{code} {rate}" for rate in rates(f"{code} {answer}").values()]
                    if answer
                    else []
                )
            except RuleErrors as error:
                output.print_error(error.rule_errors[0].message, error.rule_errors[0].hint)
            else:
                break
    return ", ".join(given)


def with_rates(text: str, given: str, found: Currencies | None) -> str:
    """Return the text of the INI with the rates, or with a comment on the currencies that need one."""
    assert _COMMENTED in text, "the default configuration has an example of rates"
    if given:
        return text.replace(_COMMENTED, f"currency_rates = {given}\n")
    if found and found.others:
        codes = ", ".join(f"{code} RATE" for code in found.others)
        return text.replace(
            _COMMENTED, f"# The store has such orders:\n# currency_rates = {codes}\n"
        )
    return text


def print_missing(found: Currencies, known: Iterable[str], ini: Path) -> None:
    """Print which currencies still need a rate."""
    missing = [code for code in found.others if code not in set(known)]
    if missing:
        codes = " and ".join(missing)
        example = ", ".join(f"{code} RATE" for code in missing)
        output.print_line(
            f"The store has orders in {codes}; its own currency is {found.own}. Their amounts are"
            f" left out until {ini} has currency_rates = {example} in the [store] section.",
            "yellow",
        )
