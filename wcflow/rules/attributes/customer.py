"""Dates of birth as shops keep them, and the birthdays that follow from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from wcflow.profile import latest_order
from wcflow.records import Address, Customer, Order
from wcflow.rules.attributes.finding import ids, most_used, shown_orders, told
from wcflow.rules.attributes.registry import Family, Found, Kind
from wcflow.rules.context import Context
from wcflow.units import start_of_day

_FORMS = (
    re.compile(r"(?P<year>[0-9]{4})-?(?P<month>[0-9]{2})-?(?P<day>[0-9]{2})(?:[T ].*)?"),
    re.compile(r"(?:--)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})?"),
)
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Birth:
    """The day someone was born; ``year`` is None where only the birthday is known."""

    month: int
    day: int
    year: int | None = None


def read_birth(text: str) -> Birth | None:
    """Read ``1990-12-31``, ``19901231``, ``12-31`` or ``31.12.1990``; None where it is none.

    Forms with a slash are not read: 3/4 is in March or in April.
    """
    for form in _FORMS:
        found = form.fullmatch(text.strip())
        if found:
            return _birth(found.groupdict())
    return None


def _birth(parts: dict[str, str | None]) -> Birth | None:
    written = parts.get("year")
    month, day = int(parts["month"] or 0), int(parts["day"] or 0)
    year = int(written) if written else None
    try:
        date(_LEAP_YEAR if year is None else year, month, day)
    except ValueError:
        return None
    return Birth(month, day, year)


def birthday_in(year: int, birth: Birth) -> date:
    """Give the birthday in a year: 29 February is the 28th where there is none."""
    try:
        return date(year, birth.month, birth.day)
    except ValueError:
        return date(year, birth.month, 28)


def next_birthday(birth: Birth, today: date) -> date:
    """Give the next birthday, today included."""
    this_year = birthday_in(today.year, birth)
    return this_year if this_year >= today else birthday_in(today.year + 1, birth)


def age_on(birth: Birth, today: date) -> Decimal | None:
    """Give the full years since birth; None where the year is not known or yet to come."""
    if birth.year is None:
        return None
    years = today.year - birth.year - (today < birthday_in(today.year, birth))
    return Decimal(years) if years >= 0 else None


# Who a person is: names, addresses, dates of their life with the store, their own meta. Of a registered customer the account speaks first, then the newest order that says it; of a guest the newest order that says it.

_A_DAY = timedelta(days=1)
WHO = Family("who")
_YES = frozenset({"1", "yes", "y", "true", "on"})
_NO = frozenset({"0", "no", "n", "false", "off"})


def _said(
    scope: Context, by_account: Callable[[Customer], str], by_order: Callable[[Order], str]
) -> Found:
    account = scope.profile.account
    if account is not None and by_account(account):
        return Found(by_account(account))
    order = next((order for order in shown_orders(scope) if by_order(order)), None)
    return told(by_order(order), (order,)) if order else Found(None)


def _billing(scope: Context, part: Callable[[Address], str]) -> Found:
    return _said(scope, lambda account: part(account.billing), lambda order: part(order.billing))


@WHO.plain("email", Kind.TEXT, "Their e-mail address.", "email ends with '@example.com'")
def _email(scope: Context) -> Found:
    return told(scope.profile.email)


@WHO.plain(
    "email_domain",
    Kind.TEXT,
    "What stands after the @ of their e-mail address.",
    "email_domain = 'example.com'",
)
def _email_domain(scope: Context) -> Found:
    return told(scope.profile.email.rpartition("@")[2])


@WHO.plain("first_name", Kind.TEXT, "Their first name.", "first_name is not empty")
def _first_name(scope: Context) -> Found:
    return _said(
        scope,
        lambda account: account.first_name or account.billing.first_name,
        lambda order: order.billing.first_name,
    )


@WHO.plain("last_name", Kind.TEXT, "Their last name.", "last_name = 'Smith'")
def _last_name(scope: Context) -> Found:
    return _said(
        scope,
        lambda account: account.last_name or account.billing.last_name,
        lambda order: order.billing.last_name,
    )


@WHO.plain("username", Kind.TEXT, "The name they log in with.", "username starts with 'team-'")
def _username(scope: Context) -> Found:
    account = scope.profile.account
    return told(account.username if account else "")


@WHO.plain(
    "role", Kind.TEXT, "Their role in WordPress.", "role in ('customer', 'wholesale_customer')"
)
def _role(scope: Context) -> Found:
    account = scope.profile.account
    return told(account.role if account else "")


@WHO.plain("company", Kind.TEXT, "The company of their billing address.", "company is not empty")
def _company(scope: Context) -> Found:
    return _billing(scope, lambda address: address.company)


@WHO.plain("phone", Kind.TEXT, "Their phone number.", "phone starts with '+49'")
def _phone(scope: Context) -> Found:
    return _billing(scope, lambda address: address.phone)


@WHO.plain("is_guest", Kind.YESNO, "They have no account.", "is_guest")
def _is_guest(scope: Context) -> Found:
    return Found(scope.profile.is_guest)


@WHO.plain("is_registered", Kind.YESNO, "They have an account.", "is_registered")
def _is_registered(scope: Context) -> Found:
    return Found(not scope.profile.is_guest)


@WHO.plain("registered_date", Kind.DATE, "When their account was made.", "registered_date >= -30d")
def _registered_date(scope: Context) -> Found:
    account = scope.profile.account
    return Found(account.created if account else None)


@WHO.plain(
    "billing_country",
    Kind.TEXT,
    "The country of their billing address, by its two letters.",
    "billing_country in ('DE', 'AT', 'CH')",
)
def _billing_country(scope: Context) -> Found:
    return _billing(scope, lambda address: address.country)


@WHO.plain(
    "shipping_country",
    Kind.TEXT,
    "The country most of their paid orders were shipped to, by its two letters.",
    "shipping_country <> 'DE'",
)
def _shipping_country(scope: Context) -> Found:
    countries = [order.country for order in scope.paid]
    if countries and countries[0] and countries.count(countries[0]) == len(countries):
        return Found(countries[0], ids(scope.paid))  # as for nearly everyone
    usual = most_used([(country, 1) for country in countries if country])
    if usual is not None:
        there = zip(countries, scope.paid, strict=True)
        return Found(usual, ids([order for country, order in there if country == usual]))
    return _said(
        scope,
        lambda account: account.shipping.country or account.billing.country,
        lambda order: order.country,
    )


@WHO.plain("city", Kind.TEXT, "The city of their billing address.", "city = 'Berlin'")
def _city(scope: Context) -> Found:
    return _billing(scope, lambda address: address.city)


@WHO.plain(
    "postcode", Kind.TEXT, "The postcode of their billing address.", "postcode starts with '10'"
)
def _postcode(scope: Context) -> Found:
    return _billing(scope, lambda address: address.postcode)


@WHO.plain("store", Kind.TEXT, "The name of the store.", "store = 'Main shop'")
def _store(scope: Context) -> Found:
    return told(scope.shop.name)


@WHO.plain(
    "last_active_date",
    Kind.DATE,
    "When they last placed an order, paid or not, or registered.",
    "last_active_date < -1y",
)
def _last_active_date(scope: Context) -> Found:
    order = next(iter(shown_orders(scope)), None)
    account = scope.profile.account
    registered = account.created if account else None
    if order is not None and (registered is None or order.created >= registered):
        return Found(order.created, (order.id,))
    return Found(registered)


@WHO.plain(
    "birthday",
    Kind.DATE,
    "Their next birthday, today included (29 February counts as the 28th in other years).",
    "birthday between today and +7d",
)
def _birthday(scope: Context) -> Found:
    birth = read_birth(_account_meta(scope, scope.shop.birthday_meta))
    if birth is None:
        return Found(None)
    birthday = next_birthday(birth, scope.today)
    return Found(birthday, changes_at=start_of_day(birthday + _A_DAY, scope.shop.zone))


@WHO.plain("age", Kind.NUMBER, "Their age in full years.", "age >= 18")
def _age(scope: Context) -> Found:
    birth = read_birth(_account_meta(scope, scope.shop.birthday_meta))
    if birth is None or birth.year is None:
        return Found(None)
    turning = next_birthday(birth, scope.today + _A_DAY)
    return Found(age_on(birth, scope.today), changes_at=start_of_day(turning, scope.shop.zone))


@WHO.plain(
    "accepts_marketing",
    Kind.YESNO,
    "They agreed to be written to (where the store's consent_meta says it).",
    "not accepts_marketing",
)
def _accepts_marketing(scope: Context) -> Found:
    key = scope.shop.consent_meta
    if scope.profile.account is not None:
        return Found(_yes_or_no(_account_meta(scope, key)))
    order = latest_order(scope.profile)
    value = _yes_or_no(order.meta.get(key, "") if order else "")
    return Found(value, (order.id,) if order and value is not None else ())


def _yes_or_no(text: str) -> bool | None:
    word = text.strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None


@WHO.keyed(
    "meta.KEY",
    Kind.TEXT,
    "What their account's meta says under this key, a text, number or date.",
    "meta.loyalty_points >= 100",
)
def _meta(scope: Context, key: str) -> Found:
    return told(_account_meta(scope, key))


def _account_meta(scope: Context, key: str) -> str:
    account = scope.profile.account
    return ((account.meta if account else None) or {}).get(key, "")
