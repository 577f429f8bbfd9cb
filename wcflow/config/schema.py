"""The registry of sections and keys, with their meanings.

Parsing, "did you mean", the README's tables and the registry's tests follow from it.
"""

from __future__ import annotations

from wcflow.actions.registry import SECTIONS
from wcflow.config.alert_section import ALERTS, parse_sender
from wcflow.config.bounces_section import BOUNCES
from wcflow.config.campaign_section import CAMPAIGN
from wcflow.config.rule_sections import SEGMENT, TAG, WORKFLOW
from wcflow.config.smtp_section import SMTP
from wcflow.config.tier_sections import POINTS, TIERS
from wcflow.rules import values
from wcflow.rules.contact import parse_caps
from wcflow.rules.counting import parse_counts_when
from wcflow.rules.keys import Key, Kind, kind_of
from wcflow.rules.quiet_hours import parse_quiet_hours
from wcflow.units import Duration

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "text", "json")

_GENERAL = kind_of(
    "wcflow",
    "Settings of wcflow itself.",
    Key(
        "database",
        "address",
        "The database: SQLite, or PostgreSQL (needs the postgres extra). $NAME stands for an "
        "environment variable.",
        "sqlite:///wcflow.sqlite3",
        values.as_written,
        secret=True,
    ),
    Key(
        "poll_every",
        "duration",
        "How often wcflow checks the store for changes.",
        "1min",
        values.duration,
        Duration(1, "min"),
    ),
    Key(
        "include",
        "file patterns",
        "More files to read; the paths are relative to this file.",
        "recipes/*.ini",
        values.patterns,
        (),
        rows=True,
    ),
    Key(
        "paid_statuses",
        "statuses",
        "Orders with one of these statuses count as paid.",
        "processing, completed",
        values.paid_statuses,
        ("processing", "completed"),
        rows=True,
    ),
    Key(
        "shipped_statuses",
        "statuses",
        "Orders with one of these statuses are shipped. Without it, only orders with a tracking"
        " number are.",
        "shipped, delivered",
        values.statuses,
        (),
        rows=True,
    ),
    Key(
        "max_writes",
        "whole number",
        "The write limit: more changes than this in one sync wait for 'wcflow approve'. Default: "
        "100 or 20 % of the customers, whichever is greater.",
        "250",
        values.whole(1, 1_000_000),
    ),
    Key(
        "read_only",
        "yes or no",
        "For people who may only look: commands that change anything are refused. So is plan, which"
        " reads the store into the local copy.",
        "yes",
        values.yes_or_no,
        False,
    ),
    Key(
        "attribution",
        "duration",
        "How long after a click or a step of a workflow an order counts as its result, in reports.",
        "14d",
        values.duration,
        Duration(14, "d"),
    ),
    Key(
        "manual_tags",
        "respect or restore",
        "A tag that someone removed by hand stays away (respect) or is added again (restore).",
        "respect",
        values.choice("respect", "restore"),
        "respect",
    ),
    Key(
        "shown_group",
        "name",
        "The group whose segment the store shows as wcflow_segment. Default: lifecycle, or the only"
        " group.",
        "lifecycle",
        values.as_written,
        "",
    ),
    Key(
        "agent",
        "e-mail address",
        "Who gets notices (notify_agent), and tasks whose assignee has no e-mail address.",
        "team@shop.example",
        parse_sender,
        "",
    ),
    Key(
        "message_cap",
        "caps",
        "How many messages a customer gets at most, over all workflows, campaigns and channels. Days are"
        " calendar days of the store. A message above a cap waits; transactional ones do not count.",
        "1 per 1d, 3 per 14d",
        parse_caps,
        (),
        rows=True,
    ),
    Key(
        "quiet_hours",
        "hours",
        "When messages wait, in the store's time zone. Transactional ones do not wait.",
        "21:00-09:00, sunday",
        parse_quiet_hours,
        (),
        rows=True,
    ),
    Key("log_level", "level", "How much is logged.", "info", values.choice(*LOG_LEVELS), "info"),
    Key(
        "log_format",
        "format",
        "The format of the log.",
        "auto",
        values.choice(*LOG_FORMATS),
        "auto",
    ),
    named=False,
)


def _secret_keys(name: str, what: str) -> tuple[Key, Key]:
    there = f"The {what} itself, or $NAME for an environment variable."
    away = f"A file that contains the {what} and nothing else."
    return (
        Key(name, "key", there, f"$WC_{name.upper()}", values.as_written, secret=True),
        Key(f"{name}_file", "file", away, f"/etc/wcflow/{name}", values.as_written),
    )


_STORE = kind_of(
    "store",
    "A store and its API key.",
    Key(
        "url",
        "address",
        "The address of the store.",
        "https://shop.example",
        values.as_written,
        required=True,
    ),
    *_secret_keys("consumer_key", "consumer key (ck_…)"),
    *_secret_keys("consumer_secret", "consumer secret (cs_…)"),
    Key(
        "ca_file",
        "file",
        "Certificates to trust, for a self-signed certificate.",
        "/etc/wcflow/ca.pem",
        values.as_written,
    ),
    Key("timeout", "duration", "How long to wait for a response.", "30s", values.seconds, 30.0),
    Key(
        "page_size",
        "1 to 100",
        "How many orders to read per request.",
        "100",
        values.whole(1, 100),
        100,
    ),
    Key(
        "parallel",
        "1 to 8",
        "How many requests to send at a time during the initial import.",
        "2",
        values.whole(1, 8),
        2,
    ),
    Key(
        "rescan_every",
        "duration",
        "How long a rescan of all customers takes. With more than about 100,000 accounts, part of it"
        " is done at night.",
        "1d",
        values.duration,
        Duration(1, "d"),
    ),
    Key("write", "yes or no", "Whether wcflow writes to the store.", "yes", values.yes_or_no, True),
    Key(
        "order_tags",
        "latest, all or none",
        "Which orders show the customer's tags and segment: the latest, all or none. With latest they"
        " are removed from an order that is no longer the latest.",
        "latest",
        values.choice("latest", "all", "none"),
        "latest",
    ),
    Key(
        "guests",
        "by_email or ignore",
        "Whether guest orders with the same e-mail address count as one customer.",
        "by_email",
        values.choice("by_email", "ignore"),
        "by_email",
    ),
    Key(
        "shared_emails",
        "e-mail addresses",
        "Addresses of guests and accounts that aren't one customer, such as a marketplace or a"
        " till. * stands for any text.",
        "till@shop.example, *@marketplace.example",
        values.addresses,
        frozenset(),
        rows=True,
    ),
    Key(
        "child_orders",
        "ignore or count",
        "Whether orders that a plugin split from another order count, such as vendor orders.",
        "ignore",
        values.choice("ignore", "count"),
        "ignore",
    ),
    Key(
        "counts_when",
        "condition on the order",
        "Only orders that match this condition count. Use it to leave out renewals, for example.",
        "not order.is_renewal",
        parse_counts_when,
        None,
        rows=True,
    ),
    Key(
        "amount_meta",
        "custom field",
        "The order's custom field with the amount paid so far, for deposits. It replaces the total.",
        "_deposit_paid",
        values.as_written,
        "",
    ),
    Key(
        "rate_meta",
        "custom field",
        "The order's custom field with its exchange rate: what one unit of the order's currency is"
        " worth in the store's. Orders without it use currency_rates.",
        "_order_rate",
        values.as_written,
        "",
    ),
    Key(
        "consent_meta",
        "custom fields",
        "The customer's custom fields that say whether they accept marketing: yes, no, or the date"
        " when they agreed. The first that says so decides. Guests have it on their orders.",
        "newsletter, marketing_opt_in",
        values.meta_keys,
        (),
    ),
    Key(
        "birthday_meta",
        "custom field",
        "The customer's custom field that contains their birthday.",
        "birthday",
        values.meta_key,
        "",
    ),
    Key(
        "birthday_format",
        "dmy, mdy or ymd",
        "The order of day, month and year in birthdays such as 03/04/1990. Without it, only dates that"
        " have a single meaning are read.",
        "dmy",
        values.date_order,
        "",
    ),
    Key(
        "currency_rates",
        "currencies and rates",
        "What one unit of another currency is worth in the store's currency.",
        "USD 0.92, GBP 1.17",
        values.rates,
        {},
        rows=True,
    ),
)

_RULES = (SEGMENT, TAG, WORKFLOW, POINTS, TIERS, CAMPAIGN)
_OWN = {kind.name: kind for kind in (_GENERAL, _STORE, ALERTS, SMTP, BOUNCES, *_RULES)}


def kinds() -> dict[str, Kind]:
    """Return every kind of section, with those that actions bring."""
    return _OWN | {name: section.kind for name, section in SECTIONS.items()}


RENAMED_KEYS = {"store": {"sweep_every": "rescan_every"}}
"""Keys that had another name in earlier versions."""
