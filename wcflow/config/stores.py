"""From ``[store NAME]`` to the settings of a shop, its keys fetched from where they lie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from wcflow.config.addresses import shop_address
from wcflow.config.secrets import Keyring, Secret
from wcflow.config.section import Sheet
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.units import Duration


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """A shop, the key to it, and how it is treated. ``timeout`` is in seconds."""

    name: str
    url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    ca_file: Path | None
    timeout: float
    page_size: int
    parallel: int
    sweep_every: Duration
    write: bool
    order_tags: str
    guests: str
    shared_emails: frozenset[str]
    consent_meta: str
    birthday_meta: str
    currency_rates: Mapping[str, Decimal]


_KEYS = {"consumer_key": "ck_", "consumer_secret": "cs_"}


@dataclass(frozen=True, slots=True)
class Strongbox:
    """The keyring, and the files that hold secrets openly as far as reading has come."""

    keyring: Keyring
    holding: set[Path] = field(default_factory=set)

    def take(self, secret: Secret) -> str:
        if secret.lies_in is not None:
            self.holding.add(secret.lies_in)
        return secret.value


def stores_of(sheets: list[Sheet], box: Strongbox) -> tuple[StoreSettings, ...]:
    """Read all ``[store NAME]``; what is wrong with them is told through their sheets."""
    stores = tuple(_store(sheet, box, alone=len(sheets) == 1) for sheet in sheets)
    first: dict[str, str] = {}
    for store, sheet in zip(stores, sheets, strict=True):
        known = first.setdefault(store.url, store.name)
        if known != store.name and store.url:
            sheet.tell("url", RuleError("a shop of its own", f"the address of [store {known}]"))
    return stores


def _store(sheet: Sheet, box: Strongbox, *, alone: bool) -> StoreSettings:
    if not re.fullmatch(r"[\w.-][\w .-]{0,63}", sheet.name):
        flaw = RuleError("a name of at most 64 letters, digits, '.', '-' and '_'", repr(sheet.name))
        sheet.tell("", flaw)
    return StoreSettings(
        name=sheet.name,
        url=_url(sheet),
        consumer_key=_key(sheet, "consumer_key", box, alone=alone),
        consumer_secret=_key(sheet, "consumer_secret", box, alone=alone),
        ca_file=_ca_file(sheet, box.keyring),
        timeout=sheet["timeout"],
        page_size=sheet["page_size"],
        parallel=sheet["parallel"],
        sweep_every=sheet["sweep_every"],
        write=sheet["write"],
        order_tags=sheet["order_tags"],
        guests=sheet["guests"],
        shared_emails=sheet["shared_emails"],
        consent_meta=sheet["consent_meta"],
        birthday_meta=sheet["birthday_meta"],
        currency_rates=sheet["currency_rates"],
    )


def _url(sheet: Sheet) -> str:
    def read(text: str) -> str:
        return shop_address(text, lambda said, hint: sheet.remark("url", said, hint))

    return sheet.understand("url", read) or ""


def _key(sheet: Sheet, name: str, box: Strongbox, *, alone: bool) -> str:
    """Fetch a key or secret from the one place where it lies; empty where there is a problem."""
    if any(sheet.has(key) and not sheet[key] for key in (name, f"{name}_file")):
        return ""  # that it is empty was told
    try:
        value = box.take(_fetched(sheet, name, box.keyring, alone=alone))
        _look_at(name, value)
    except RuleErrors as error:
        for flaw in error.flaws:
            sheet.tell(_spoken_of(sheet, name), flaw)
        return ""
    return value


def _spoken_of(sheet: Sheet, name: str) -> str:
    return name if sheet.has(name) else f"{name}_file"


def _fetched(sheet: Sheet, name: str, keyring: Keyring, *, alone: bool) -> Secret:
    if sheet.has(name) and sheet.has(f"{name}_file"):
        raise RuleErrors(RuleError(f"either {name} or {name}_file", "both"))
    if sheet[name]:
        return keyring.given(sheet[name], Path(sheet.file))
    if sheet[f"{name}_file"]:
        return keyring.in_file(sheet[f"{name}_file"])
    # With several shops a plain name would hand one shop's key to another.
    names = [f"{sheet.name}.{name}", *([name] if alone else [])]
    found = None if "/" in sheet.name else keyring.credential(names)
    if found is None:
        raise RuleErrors(_missing(sheet, name))
    return found


def _missing(sheet: Sheet, name: str) -> RuleError:
    hint = f"or {name}_file, or a systemd credential {sheet.name}.{name}"
    return RuleError(f"a key {name!r}", "none", hint)


def _look_at(name: str, value: str) -> None:
    if re.search(r"\s", value):
        raise RuleErrors(RuleError(f"a {name} in one word", "several words"))
    other = next((key for key, start in _KEYS.items() if value.startswith(start)), name)
    if other != name:
        raise RuleErrors(RuleError(f"a {name} ({_KEYS[name]}…)", f"a {other} ({_KEYS[other]}…)"))


def _ca_file(sheet: Sheet, keyring: Keyring) -> Path | None:
    def read(text: str) -> Path:
        path = keyring.base.absolute() / text
        try:
            data = keyring.read(path)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise RuleErrors(RuleError("a file that can be read", f"{path}: {reason}")) from None
        if b"-----BEGIN CERTIFICATE-----" not in data:
            raise RuleErrors(RuleError("certificates in PEM form", f"{path} with none in it"))
        return path

    return sheet.understand("ca_file", read)
