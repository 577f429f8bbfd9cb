"""The registry: one entry per kind of section and one per key, with what it means.

Reading, "did you mean", the lists of the README and the tests that walk it follow from here.
"""

from __future__ import annotations

from wcflow.actions.registry import SECTIONS
from wcflow.config.rule_sections import SEGMENT, TAG, WORKFLOW
from wcflow.rules import values as parsers
from wcflow.rules.keys import Key, Kind, kind_of
from wcflow.units import Duration

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "text", "json")

_GENERAL = kind_of(
    "wcflow",
    "how wcflow itself works",
    Key(
        "database",
        "address",
        "where the mirror is kept: SQLite, or PostgreSQL with the extra postgres; $NAME names an "
        "environment variable",
        "sqlite:///wcflow.sqlite3",
        parsers.as_written,
        secret=True,
    ),
    Key(
        "poll_every",
        "duration",
        "how often the shop is asked for news",
        "1min",
        parsers.duration,
        Duration(1, "min"),
    ),
    Key(
        "include",
        "file patterns",
        "more files to read, relative to this one",
        "recipes/*.ini",
        parsers.patterns,
        (),
        rows=True,
    ),
    Key(
        "paid_statuses",
        "statuses",
        "orders in these count as paid",
        "processing, completed",
        parsers.paid_statuses,
        ("processing", "completed"),
        rows=True,
    ),
    Key(
        "max_writes",
        "whole number",
        "the brake: more writes than this in one walk wait for wcflow approve; default: the "
        "greater of 100 and 20 % of the customers",
        "250",
        parsers.whole(1, 1_000_000),
    ),
    Key(
        "manual_tags",
        "respect or restore",
        "whether a tag that a person took away stays away, or is put back",
        "respect",
        parsers.choice("respect", "restore"),
        "respect",
    ),
    Key("log_level", "level", "what is logged", "info", parsers.choice(*LOG_LEVELS), "info"),
    Key("log_format", "format", "how it is logged", "auto", parsers.choice(*LOG_FORMATS), "auto"),
    named=False,
)


def _secret_keys(name: str, what: str) -> tuple[Key, Key]:
    there = f"the {what} itself, or $NAME for an environment variable"
    away = f"a file that holds the {what} and nothing else"
    return (
        Key(name, "key", there, f"$WC_{name.upper()}", parsers.as_written, secret=True),
        Key(f"{name}_file", "file", away, f"/etc/wcflow/{name}", parsers.as_written),
    )


_STORE = kind_of(
    "store",
    "a shop and the key to it",
    Key(
        "url",
        "address",
        "the shop's address",
        "https://shop.example",
        parsers.as_written,
        required=True,
    ),
    *_secret_keys("consumer_key", "consumer key (ck_…)"),
    *_secret_keys("consumer_secret", "consumer secret (cs_…)"),
    Key(
        "ca_file",
        "file",
        "certificates to trust, where the shop has one of its own making",
        "/etc/wcflow/ca.pem",
        parsers.as_written,
    ),
    Key("timeout", "duration", "how long to wait for an answer", "30s", parsers.seconds, 30.0),
    Key("page_size", "1 to 100", "orders per request", "100", parsers.whole(1, 100), 100),
    Key("parallel", "1 to 8", "requests at a time, first census", "2", parsers.whole(1, 8), 2),
    Key(
        "sweep_every",
        "duration",
        "within what time every customer is looked at again; with more than some 100,000 accounts"
        " the night does what polls have no room for",
        "1d",
        parsers.duration,
        Duration(1, "d"),
    ),
    Key("write", "yes or no", "whether the shop is written to", "yes", parsers.yes_or_no, True),
    Key(
        "order_tags",
        "latest or none",
        "whether a customer's latest order shows their tags and segment",
        "latest",
        parsers.choice("latest", "none"),
        "latest",
    ),
    Key(
        "guests",
        "by_email or ignore",
        "whether the guest orders under one address are a person",
        "by_email",
        parsers.choice("by_email", "ignore"),
        "by_email",
    ),
    Key(
        "shared_emails",
        "e-mail addresses",
        "addresses that are nobody: a marketplace, a shop till",
        "till@shop.example",
        parsers.addresses,
        frozenset(),
        rows=True,
    ),
    Key(
        "consent_meta",
        "custom field",
        "the customer's field that says whether they accept marketing",
        "newsletter",
        parsers.meta_key,
        "",
    ),
    Key(
        "birthday_meta",
        "custom field",
        "the customer's field that holds their birthday",
        "birthday",
        parsers.meta_key,
        "",
    ),
    Key(
        "currency_rates",
        "currencies and rates",
        "what one unit of another currency is worth in the shop's own",
        "USD 0.92, GBP 1.17",
        parsers.rates,
        {},
        rows=True,
    ),
)

_OWN = {kind.name: kind for kind in (_GENERAL, _STORE, SEGMENT, TAG, WORKFLOW)}


def kinds() -> dict[str, Kind]:
    """Return every kind of section, with those that actions bring."""
    return _OWN | {name: section.kind for name, section in SECTIONS.items()}


PLANNED_KINDS = frozenset({"coupon_pool", "email", "smtp", "channel", "webhook", "tiers"})
PLANNED_KEYS = {"wcflow": frozenset({"shipped_statuses", "agent", "quiet_hours", "message_cap"})}
"""What is designed and not yet there: told plainly, so that nobody waits for it in vain."""
