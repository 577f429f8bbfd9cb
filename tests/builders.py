"""Builders of records with defaults for whatever a test does not need."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wcflow.config.stores import StoreSettings
from wcflow.profile import Profile, StoreProfile
from wcflow.records import Address, Customer, LineItem, Order, Refund, StatusChange
from wcflow.units import Duration

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
STORE = StoreProfile(name="Shop", url="https://shop.example", zone=BERLIN, currency="USD")


def store_settings(**settings):
    """Return the settings of a store as the INI has them by default."""
    defaults = {
        "name": "shop",
        "url": "https://shop.example",
        "consumer_key": "ck_1",
        "consumer_secret": "cs_1",
        "ca_file": None,
        "timeout": 30.0,
        "page_size": 100,
        "parallel": 2,
        "rescan_every": Duration(1, "d"),
        "write": True,
        "order_tags": "latest",
        "guests": "by_email",
        "shared_emails": frozenset(),
        "child_orders": "ignore",
        "counts_when": None,
        "amount_meta": "",
        "rate_meta": "",
        "consent_meta": (),
        "birthday_meta": "",
        "birthday_format": "",
        "currency_rates": {},
    }
    return StoreSettings(**defaults | settings)


def ago(days=0, **more):
    """Return the time that long before NOW."""
    return NOW - timedelta(days=days, **more)


def item(id=1, product_id=10, name="Wallet", sku="wallet-1", quantity=1, total=1000, meta=None):
    return LineItem(id, product_id, 0, name, sku, quantity, total, meta or {})


def order(id=1, *, days=10, status="completed", total=10000, **more):
    """Return an order placed ``days`` ago; one in a paid status was paid a minute later."""
    created = more.pop("created", ago(days))
    paid = created + timedelta(minutes=1) if status in ("completed", "processing") else None
    fields = {
        "id": id,
        "number": str(id),
        "status": status,
        "currency": "USD",
        "total": total,
        "discount_total": 0,
        "customer_id": 0,
        "email": "anna@example.com",
        "created": created,
        "modified": created,
        "paid": paid,
        "completed": paid if status == "completed" else None,
        "billing": Address(first_name="Anna", country="DE", email="anna@example.com"),
        "items": (item(id * 10, total=total),),
    }
    return Order(**fields | more)


def refund(id=900, total=1000, days=1):
    return Refund(id, total, "", ago(days))


def change(before, after, days):
    return StatusChange(before, after, ago(days))


def account(id=12, *, days=400, meta=None, **more):
    fields = {"id": id, "email": "anna@example.com", "first_name": "Anna", "created": ago(days)}
    return Customer(**fields | {"meta": meta or {}} | more)


def profile(*orders, account=None, **more):
    key = f"c{account.id}" if account else "g:anna@example.com"
    return Profile(1, "anna@example.com", STORE, account, orders, key=key, **more)
