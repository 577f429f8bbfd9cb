"""What DNS says about a sender's domain: SPF, DKIM and DMARC."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

_TIMEOUT = 5.0
_DMARC_ADVICE = (
    'Add a TXT record _dmarc with "v=DMARC1; p=none; rua=mailto:you@your-domain" to start with.'
)


class LookupFailed(Exception):
    """DNS did not answer, so nothing is known."""


class Finding(NamedTuple):
    """One thing that was looked up: its name, whether it is fine, and what was found."""

    name: str
    ok: bool
    text: str
    advice: str = ""


ResolveText = Callable[[str], list[str]]


def resolve_text(name: str, resolver: Any = None) -> list[str]:
    """Return the TXT records of a name, none if it has none. Raises LookupFailed."""
    dns_resolver, exception = import_module("dns.resolver"), import_module("dns.exception")
    try:
        found = (resolver or dns_resolver).resolve(name, "TXT", lifetime=_TIMEOUT)
    except (dns_resolver.NXDOMAIN, dns_resolver.NoAnswer):
        return []
    except (exception.DNSException, OSError) as error:
        raise LookupFailed(type(error).__name__) from None
    return [b"".join(each.strings).decode("utf-8", "replace") for each in found]


def check_sender(domain: str, selector: str, resolve: ResolveText) -> list[Finding]:
    """Look up the records of a domain; without a ``selector``, DKIM cannot be found."""
    return [
        _guarded("SPF", lambda: _check_spf(domain, resolve)),
        _guarded("DKIM", lambda: _check_dkim(domain, selector, resolve)),
        _guarded("DMARC", lambda: _check_dmarc(domain, resolve)),
    ]


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except LookupFailed as error:
        return Finding(
            name,
            False,
            f"not known: DNS did not answer ({error})",
            "Try again on a machine with working DNS.",
        )


def _check_spf(domain: str, resolve: ResolveText) -> Finding:
    records = [each for each in resolve(domain) if each.lower().startswith("v=spf1")]
    if not records:
        advice = "Add the TXT record that your mail provider shows; it begins with v=spf1."
        return Finding("SPF", False, "missing", advice)
    if len(records) > 1:
        advice = "Merge them into one: with several, all are ignored."
        return Finding("SPF", False, f"{len(records)} records", advice)
    if records[0].rstrip().lower().endswith(("+all", " all")):
        return Finding("SPF", False, records[0], "It allows everyone: end it with ~all or -all.")
    return Finding("SPF", True, records[0])


def _check_dkim(domain: str, selector: str, resolve: ResolveText) -> Finding:
    if not selector:
        advice = "Add --selector NAME; your mail provider shows it, and every e-mail has it as s=."
        return Finding("DKIM", True, "not looked up: its name is not known", advice)
    name = f"{selector}._domainkey.{domain}"
    for record in resolve(name):
        key = next((p.strip()[2:] for p in record.split(";") if p.strip().startswith("p=")), None)
        if key:
            return Finding("DKIM", True, f"found at {name}")
        if key is not None:
            return Finding("DKIM", False, f"revoked at {name}", "Create a new key.")
    advice = "Add the record that your mail provider shows, or check the selector."
    return Finding("DKIM", False, f"missing at {name}", advice)


def _check_dmarc(domain: str, resolve: ResolveText) -> Finding:
    # A subdomain without a record has that of the domain above it.
    for name in (domain, *_parents(domain)):
        records = [e for e in resolve(f"_dmarc.{name}") if e.lower().startswith("v=dmarc1")]
        if len(records) > 1:
            advice = "Keep one of them: with several, all are ignored."
            return Finding("DMARC", False, f"{len(records)} records at _dmarc.{name}", advice)
        if records:
            return Finding("DMARC", True, records[0])
    return Finding("DMARC", False, "missing", _DMARC_ADVICE)


def _parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(1, len(labels) - 1)]
