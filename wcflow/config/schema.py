"""The registry: one entry per kind of section and one per key, with what it means.

Reading, "did you mean", the lists of the README and the tests that walk it follow from here.
"""

from __future__ import annotations

from wcflow.actions.registry import SECTIONS
from wcflow.config.rule_sections import SEGMENT, TAG, WORKFLOW
from wcflow.rules import values
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
        values.as_written,
        secret=True,
    ),
    Key(
        "poll_every",
        "duration",
        "how often the shop is asked for news",
        "1min",
        values.duration,
        Duration(1, "min"),
    ),
    Key(
        "include",
        "file patterns",
        "more files to read, relative to this one",
        "recipes/*.ini",
        values.patterns,
        (),
        rows=True,
    ),
    Key(
        "paid_statuses",
        "statuses",
        "orders in these count as paid",
        "processing, completed",
        values.paid_statuses,
        ("processing", "completed"),
        rows=True,
    ),
    Key(
        "max_writes",
        "whole number",
        "the brake: more writes than this in one walk wait for wcflow approve; default: the "
        "greater of 100 and 20 % of the customers",
        "250",
        values.whole(1, 1_000_000),
    ),
    Key(
        "manual_tags",
        "respect or restore",
        "whether a tag that a person took away stays away, or is put back",
        "respect",
        values.choice("respect", "restore"),
        "respect",
    ),
    Key("log_level", "level", "what is logged", "info", values.choice(*LOG_LEVELS), "info"),
    Key("log_format", "format", "how it is logged", "auto", values.choice(*LOG_FORMATS), "auto"),
    named=False,
)


def _secret_keys(name: str, what: str) -> tuple[Key, Key]:
    there = f"the {what} itself, or $NAME for an environment variable"
    away = f"a file that holds the {what} and nothing else"
    return (
        Key(name, "key", there, f"$WC_{name.upper()}", values.as_written, secret=True),
        Key(f"{name}_file", "file", away, f"/etc/wcflow/{name}", values.as_written),
    )


_STORE = kind_of(
    "store",
    "a shop and the key to it",
    Key(
        "url",
        "address",
        "the shop's address",
        "https://shop.example",
        values.as_written,
        required=True,
    ),
    *_secret_keys("consumer_key", "consumer key (ck_…)"),
    *_secret_keys("consumer_secret", "consumer secret (cs_…)"),
    Key(
        "ca_file",
        "file",
        "certificates to trust, where the shop has one of its own making",
        "/etc/wcflow/ca.pem",
        values.as_written,
    ),
    Key("timeout", "duration", "how long to wait for an answer", "30s", values.seconds, 30.0),
    Key("page_size", "1 to 100", "orders per request", "100", values.whole(1, 100), 100),
    Key("parallel", "1 to 8", "requests at a time, first census", "2", values.whole(1, 8), 2),
    Key(
        "sweep_every",
        "duration",
        "within what time every customer is looked at again; with more than some 100,000 accounts"
        " the night does what polls have no room for",
        "1d",
        values.duration,
        Duration(1, "d"),
    ),
    Key("write", "yes or no", "whether the shop is written to", "yes", values.yes_or_no, True),
    Key(
        "order_tags",
        "latest or none",
        "whether a customer's latest order shows their tags and segment",
        "latest",
        values.choice("latest", "none"),
        "latest",
    ),
    Key(
        "guests",
        "by_email or ignore",
        "whether the guest orders under one address are a person",
        "by_email",
        values.choice("by_email", "ignore"),
        "by_email",
    ),
    Key(
        "shared_emails",
        "e-mail addresses",
        "addresses that are nobody: a marketplace, a shop till",
        "till@shop.example",
        values.addresses,
        frozenset(),
        rows=True,
    ),
    Key(
        "consent_meta",
        "custom field",
        "the customer's field that says whether they accept marketing",
        "newsletter",
        values.meta_key,
        "",
    ),
    Key(
        "birthday_meta",
        "custom field",
        "the customer's field that holds their birthday",
        "birthday",
        values.meta_key,
        "",
    ),
    Key(
        "currency_rates",
        "currencies and rates",
        "what one unit of another currency is worth in the shop's own",
        "USD 0.92, GBP 1.17",
        values.rates,
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
