"""Parse the secret parts of ``[webhook NAME]`` and ``[channel NAME]``: addresses and keys."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from wcflow.channels.addresses import WebhookSettings, placeholders_in
from wcflow.config.alerts import read_secret
from wcflow.config.section import ParsedSection
from wcflow.config.stores import SecretReader
from wcflow.rules.errors import RuleError, RuleErrors

_FORM = "an address such as https://erp.example/hooks/wcflow"
_APPRISE_FORM = "an address of apprise such as twilio://…/{phone}"
_SHORTEST_KEY = 16
_PREFIX = "whsec_"
_OWN_HEADERS = ("host", "content-type", "content-length", "idempotency-key")


def read_webhooks(
    sections: Iterable[ParsedSection], secrets: SecretReader
) -> dict[str, WebhookSettings]:
    """Return where each webhook goes; problems are reported through the sections."""
    return {section.name: _read_webhook(section, secrets) for section in sections}


def _read_webhook(section: ParsedSection, secrets: SecretReader) -> WebhookSettings:
    url = read_secret(section, "url", secrets)
    if url:
        _check_url(section, url)
    elif not section.has("url") and not section.has("url_file"):
        section.report("", RuleError("", "missing key 'url'", "where to send it"))
    return WebhookSettings(
        section.name,
        url,
        _read_key(section, secrets),
        section["allow_private"],
        section["timeout"],
        _read_headers(section, secrets),
    )


def _check_url(section: ParsedSection, url: str) -> None:
    key = "url" if section.has("url") else "url_file"
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"\s", url):
        section.report(key, RuleError(_FORM, "something else"))
    elif parts.username is not None:
        hint = "put it into headers: Authorization: Bearer …"
        section.report(key, RuleError("an address without a login", "one with a login", hint))
    elif parts.scheme == "http" and not section["allow_private"]:
        text = "over http, others can read names and orders on the network"
        section.warning(key, text, "use https if the receiver has it")


def _read_key(section: ParsedSection, secrets: SecretReader) -> bytes:
    text = read_secret(section, "secret", secrets)
    key = "secret" if section.has("secret") else "secret_file"
    if not section.has("secret") and not section.has("secret_file"):
        hint = "the receiver checks the signature with it; 'openssl rand -hex 32' makes one"
        section.report("", RuleError("", "missing key 'secret'", hint))
    if not text:
        return b""
    if not text.startswith(_PREFIX):
        found = text.encode()
    else:
        try:
            found = base64.b64decode(text.removeprefix(_PREFIX) + "==", validate=False)
        except binascii.Error:
            section.report(key, RuleError(f"base64 after {_PREFIX}", "something else"))
            return b""
    if len(found) < _SHORTEST_KEY:
        section.report(key, RuleError(f"at least {_SHORTEST_KEY} characters", str(len(found))))
    return found


def _read_headers(section: ParsedSection, secrets: SecretReader) -> Mapping[str, str]:
    """Parse rows such as ``Authorization: $TOKEN``."""
    found: dict[str, str] = {}
    for row, line in enumerate(section.text("headers").split("\n")):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip():
            continue
        if not colon or not re.fullmatch(r"[A-Za-z0-9-]+", name) or not value:
            got = RuleError("a header such as Authorization: Bearer …", "another form", row=row)
            section.report("headers", got)
        elif name.lower() in _OWN_HEADERS or name.lower().startswith("webhook-"):
            section.report("headers", RuleError("", f"wcflow sets {name} itself", row=row))
        else:
            try:
                secret = secrets.sources.from_ini(value, Path(section.file))
                found[name] = secrets.reveal(secret)
            except RuleErrors as error:
                for each in error.rule_errors:
                    section.report("headers", each)
    return found


def read_channel_urls(sections: Iterable[ParsedSection], secrets: SecretReader) -> dict[str, str]:
    """Return the address of apprise of each ``[channel NAME]``; problems are reported."""
    return {section.name: _read_channel_url(section, secrets) for section in sections}


def _read_channel_url(section: ParsedSection, secrets: SecretReader) -> str:
    url = read_secret(section, "url", secrets)
    key = "url" if section.has("url") else "url_file"
    if not section.has("url") and not section.has("url_file"):
        section.report("", RuleError("", "missing key 'url'", _APPRISE_FORM))
    elif url and not re.fullmatch(r"[A-Za-z0-9]+://\S+", url):
        section.report(key, RuleError(_APPRISE_FORM, "something else"))
    elif url and not placeholders_in(url):
        hint = "without it, all customers' messages would go to the same place"
        section.report(key, RuleError("an address with {phone}, {email} or {to}", "none", hint))
    elif find_spec("apprise") is None:
        section.warning("", "the apprise package is missing; nothing can be sent", _INSTALL)
    return url


_INSTALL = "run: python -m pip install 'wcflow[apprise]'"
