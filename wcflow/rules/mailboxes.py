"""E-mail addresses: what a mail server accepts, and the form ``My Shop <hello@shop.example>``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import idna

from wcflow.rules.errors import RuleError, RuleErrors

_MAX_LOCAL, _MAX_ADDRESS = 64, 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")


# What WordPress' is_email accepts. WooCommerce silently drops other addresses.
_WORDPRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)


def wordpress_accepts(address: str) -> bool:
    """Return whether WordPress takes an e-mail address."""
    return _WORDPRESS.fullmatch(address.strip()) is not None


class Mailbox(NamedTuple):
    """A name, which can be empty, and an address."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


# The sender is the same for each e-mail, and a recipient is needed several times.
@lru_cache(maxsize=1024)
def ascii_address(address: str) -> str:
    """Return an address as mail servers take it: an international domain in its ASCII form.

    Raises ValueError if that is impossible; the message says why.
    """
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain) or len(address) > _MAX_ADDRESS or len(local) > _MAX_LOCAL:
        raise ValueError("it is no e-mail address")
    if not local.isascii():
        raise ValueError("most mail servers do not accept the letters before its @")
    if not _LOCAL.fullmatch(local):
        raise ValueError("it is no e-mail address")
    encoded = _ascii_domain(domain)
    if not encoded:
        raise ValueError("its domain cannot exist")
    if "." not in encoded:
        raise ValueError("its domain has no ending")
    return f"{local}@{encoded}"


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """Return a domain in its ASCII form, or nothing if it cannot exist."""
    # Kept, because most customers share a few domains: this was a tenth of queueing a campaign.
    try:
        encoded = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
        idna.encode(encoded)
    except (idna.IDNAError, UnicodeError):
        return ""
    return encoded


def parse_mailbox(text: str) -> Mailbox:
    """Parse ``hello@shop.example`` or ``My Shop <hello@shop.example>``."""
    found = re.fullmatch(r"(?:\"?([^<>\"]*?)\"?\s*<([^<>]+)>|([^<>\s]+))", text.strip())
    address = (found[2] or found[3]) if found else text
    name = (found[1] or "").strip() if found else ""
    try:
        ascii_address(address)
    except ValueError as error:
        form = "an e-mail address such as My Shop <hello@shop.example>"
        raise RuleErrors(RuleError(form, repr(text) if text else "nothing", str(error))) from None
    return Mailbox(name, address)


def parse_address(text: str) -> str:
    """Parse an e-mail address without a name."""
    found = parse_mailbox(text)
    if found.name:
        raise RuleErrors(RuleError("an e-mail address without a name", repr(text)))
    return found.address
