"""The addresses of the store and of the database: what is valid, and their normal form."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.likely_values import without_quotes

STORE_URL_FORM = "the store's address such as https://shop.example"
DATABASE_URL_FORM = "an address such as sqlite:///wcflow.sqlite3 or postgresql://host/name"
OnWarning = Callable[[str, str], None]


def parse_store_url(text: str, warning: OnWarning) -> str:
    """Return the store's address without a slash at its end; ``warning`` receives what may be wrong."""
    parts = _split_url(text)
    path = _strip_api_path(parts.path, warning)
    if parts.scheme.lower() == "http" and not _is_local_host(parts.hostname or ""):
        warning(
            "over http, others can read orders and addresses on the network",
            "use https if the store has it",
        )
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}"


def _split_url(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        good = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
        good = good and parts.port != 0
    except ValueError:
        raise RuleErrors(RuleError(STORE_URL_FORM, repr(text))) from None
    if parts.username is not None or parts.password is not None:
        # The login is not shown: it may be the key.
        hint = "put the key into consumer_key and consumer_secret"
        raise RuleErrors(RuleError("an address without a login", "one with a login", hint))
    if not good or re.search(r"\s", text):
        bare = without_quotes(text) or text.strip("<>")
        host = re.fullmatch(r"(?:https?:)?/{0,2}([\w.-]+\.\w+(?:/[\w/-]*)?)", bare)
        hint = (
            f"did you mean {f'https://{host[1]}' if host else bare}?"
            if host or bare != text
            else ""
        )
        raise RuleErrors(RuleError(STORE_URL_FORM, repr(text) if text else "nothing", hint))
    if parts.query or parts.fragment:
        raise RuleErrors(RuleError("an address without '?' and '#'", repr(text)))
    return parts


def _strip_api_path(path: str, warning: OnWarning) -> str:
    home, api, _ = path.partition("/wp-json")
    if api:
        warning("the address contains /wp-json, which wcflow adds by itself", "leave it out")
    if "/wp-admin" in home or home.endswith(".php"):
        hint = "use the address of the front page"
        raise RuleErrors(RuleError("the store's address", "the address of its dashboard", hint))
    return home.rstrip("/")


def _is_local_host(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_database_url(text: str, base: Path) -> URL:
    """Return the database's address with its driver; a relative SQLite path starts at ``base``."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise RuleErrors(RuleError(DATABASE_URL_FORM, "another form", _path_hint(text))) from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        return _sqlite_url(url, base)
    if kind in ("postgresql", "postgres"):
        return _postgres_url(url)
    raise RuleErrors(RuleError(DATABASE_URL_FORM, repr(url.drivername)))


def _path_hint(text: str) -> str:
    return f"did you mean sqlite:///{text}?" if re.fullmatch(r"[/\w. -]+", text) else ""


def _sqlite_url(url: URL, base: Path) -> URL:
    if url.host or not url.database or url.database.startswith((":", "file:")):
        hint = "three slashes before a relative path, four before an absolute one"
        raise RuleErrors(RuleError("sqlite:/// and a file", "no file", hint))
    return url.set(drivername="sqlite", database=str(base.absolute() / url.database))


def _postgres_url(url: URL) -> URL:
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise RuleErrors(RuleError("postgresql://…", repr(url.drivername), "the driver is psycopg"))
    if not url.database:
        raise RuleErrors(RuleError("the name of a database at the end of the address", "none"))
    return url.set(drivername="postgresql+psycopg")
