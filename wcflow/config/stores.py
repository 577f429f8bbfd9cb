"""Parse ``[store NAME]`` into the settings of a store, and find its API keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from wcflow.config.addresses import parse_store_url
from wcflow.config.secrets import Secret, SecretSources
from wcflow.config.section import ParsedSection
from wcflow.rules.conditions import Condition
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.likely_values import without_quotes
from wcflow.units import Duration


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """A store, its API key, and its settings. ``timeout`` is in seconds."""

    name: str
    url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    ca_file: Path | None
    timeout: float
    page_size: int
    parallel: int
    rescan_every: Duration
    write: bool
    order_tags: str
    guests: str
    shared_emails: frozenset[str]
    child_orders: str
    counts_when: Condition | None
    amount_meta: str
    rate_meta: str
    consent_meta: tuple[str, ...]
    birthday_meta: str
    birthday_format: str
    currency_rates: Mapping[str, Decimal]


_KEY_PREFIXES = {"consumer_key": "ck_", "consumer_secret": "cs_"}
_KEY_LENGTH = 43


@dataclass(frozen=True, slots=True)
class SecretReader:
    """Where secrets come from, and the files that contain them."""

    sources: SecretSources
    secret_files: set[Path] = field(default_factory=set)

    def reveal(self, secret: Secret) -> str:
        if secret.source_file is not None:
            self.secret_files.add(secret.source_file)
        return secret.value


def read_stores(
    sections: list[ParsedSection], secret_reader: SecretReader
) -> tuple[StoreSettings, ...]:
    """Parse all ``[store NAME]`` sections; problems are reported through them."""
    stores = tuple(
        _read_store(section, secret_reader, alone=len(sections) == 1) for section in sections
    )
    first: dict[str, str] = {}
    for store, section in zip(stores, sections, strict=True):
        known = first.setdefault(store.url, store.name)
        if known != store.name and store.url:
            section.report("url", RuleError("another store", f"the address of [store {known}]"))
    return stores


def _read_store(
    section: ParsedSection, secret_reader: SecretReader, *, alone: bool
) -> StoreSettings:
    if not re.fullmatch(r"[\w.-][\w .-]{0,63}", section.name):
        rule_error = RuleError(
            "a name of at most 64 letters, digits, '.', '-' and '_'", repr(section.name)
        )
        section.report("", rule_error)
    return StoreSettings(
        name=section.name,
        url=_read_url(section),
        consumer_key=_read_secret(section, "consumer_key", secret_reader, alone=alone),
        consumer_secret=_read_secret(section, "consumer_secret", secret_reader, alone=alone),
        ca_file=read_ca_file(section, secret_reader.sources),
        timeout=section["timeout"],
        page_size=section["page_size"],
        parallel=section["parallel"],
        rescan_every=section["rescan_every"],
        write=section["write"],
        order_tags=section["order_tags"],
        guests=section["guests"],
        shared_emails=section["shared_emails"],
        child_orders=section["child_orders"],
        counts_when=section["counts_when"],
        amount_meta=section["amount_meta"],
        rate_meta=section["rate_meta"],
        consent_meta=section["consent_meta"],
        birthday_meta=section["birthday_meta"],
        birthday_format=section["birthday_format"],
        currency_rates=section["currency_rates"],
    )


def _read_url(section: ParsedSection) -> str:
    def read(text: str) -> str:
        return parse_store_url(text, lambda message, hint: section.warning("url", message, hint))

    return section.parse_value("url", read) or ""


def _read_secret(
    section: ParsedSection, name: str, secret_reader: SecretReader, *, alone: bool
) -> str:
    """Return a key or secret from the one place where it is; empty if there is a problem."""
    if any(section.has(key) and not section[key] for key in (name, f"{name}_file")):
        return ""  # that it is empty has been reported
    try:
        value = secret_reader.reveal(
            _fetch_secret(section, name, secret_reader.sources, alone=alone)
        )
        _check_secret(section, name, value)
    except RuleErrors as error:
        for rule_error in error.rule_errors:
            section.report(_given_key(section, name), rule_error)
        return ""
    return value


def _given_key(section: ParsedSection, name: str) -> str:
    return name if section.has(name) else f"{name}_file"


def _fetch_secret(
    section: ParsedSection, name: str, sources: SecretSources, *, alone: bool
) -> Secret:
    if section.has(name) and section.has(f"{name}_file"):
        raise RuleErrors(RuleError(f"either {name} or {name}_file", "both"))
    if section[name]:
        return sources.from_ini(section[name], Path(section.file))
    if section[f"{name}_file"]:
        return sources.from_file(section[f"{name}_file"])
    # With several stores, a plain name could give one store's key to another.
    names = [f"{section.name}.{name}", *([name] if alone else [])]
    found = None if "/" in section.name else sources.find_credential(names)
    if found is None and not section.misspelled(name):
        raise RuleErrors(_missing_key(section, name))
    return found or Secret("")


def _missing_key(section: ParsedSection, name: str) -> RuleError:
    hint = f"or {name}_file, or a systemd credential {section.name}.{name}"
    return RuleError("", f"missing key {name!r}", hint)


def _check_secret(section: ParsedSection, name: str, value: str) -> None:
    if not value:
        return  # the key is misspelled, which has been reported
    if without_quotes(value):
        raise RuleErrors(RuleError(f"a {name} without quotes", "one in quotes"))
    if re.search(r"\s", value):
        raise RuleErrors(RuleError(f"a {name} in one word", "several words"))
    other = next((key for key, start in _KEY_PREFIXES.items() if value.startswith(start)), name)
    if other != name:
        raise RuleErrors(
            RuleError(f"a {name} ({_KEY_PREFIXES[name]}…)", f"a {other} ({_KEY_PREFIXES[other]}…)")
        )
    _warn_of_shape(section, name, value)


def _warn_of_shape(section: ParsedSection, name: str, value: str) -> None:
    """Warn of a key that is not as WooCommerce makes them (FACTS: ck_ or cs_ and 40 hex digits)."""
    prefix = _KEY_PREFIXES[name]
    if re.fullmatch(rf"{prefix}[0-9a-f]{{40}}", value):
        return
    if len(value) != _KEY_LENGTH:
        text = f"the {name} has {len(value)} characters; WooCommerce's have {_KEY_LENGTH}"
    else:
        text = f"the {name} is not {prefix} followed by 40 digits or letters a to f"
    section.warning(_given_key(section, name), text, "copy it again, or create a new key")


def read_ca_file(section: ParsedSection, sources: SecretSources) -> Path | None:
    """Return the file with certificates that ``ca_file`` names, or None."""

    def read(text: str) -> Path:
        path = sources.base.absolute() / text
        try:
            data = sources.read(path)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise RuleErrors(RuleError("", f"the file {path} cannot be read: {reason}")) from None
        if b"-----BEGIN CERTIFICATE-----" not in data:
            raise RuleErrors(RuleError("certificates in PEM form", f"{path} with none in it"))
        return path

    return section.parse_value("ca_file", read)
