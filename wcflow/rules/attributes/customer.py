"""Attributes of the customer: names, addresses, birthday, consent and account meta."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from wcflow.records import Address, Customer, Order
from wcflow.rules.account_fields import account_meta, birth_date, consent_of
from wcflow.rules.attributes.lookup import most_common, order_ids, text_value, visible_orders
from wcflow.rules.attributes.registry import AttributeValue, Family, Kind
from wcflow.rules.birth_dates import age_on, next_birthday
from wcflow.rules.context import Context
from wcflow.units import start_of_day

# The account's value comes first; without one, that of the newest order that has it.

_ONE_DAY = timedelta(days=1)
PERSON = Family("customer")


def _from_account_or_orders(
    context: Context, by_account: Callable[[Customer], str], by_order: Callable[[Order], str]
) -> AttributeValue:
    account = context.profile.account
    if account is not None and by_account(account):
        return AttributeValue(by_account(account))
    order = next((order for order in visible_orders(context) if by_order(order)), None)
    return text_value(by_order(order), (order,)) if order else AttributeValue(None)


def _from_billing_address(context: Context, part: Callable[[Address], str]) -> AttributeValue:
    return _from_account_or_orders(
        context, lambda account: part(account.billing), lambda order: part(order.billing)
    )


@PERSON.plain("email", Kind.TEXT, "Their e-mail address.", "email ends with '@example.com'")
def _email(context: Context) -> AttributeValue:
    return text_value(context.profile.email)


@PERSON.plain(
    "email_domain",
    Kind.TEXT,
    "The part of their e-mail address after the @.",
    "email_domain = 'example.com'",
)
def _email_domain(context: Context) -> AttributeValue:
    return text_value(context.profile.email.rpartition("@")[2])


@PERSON.plain("first_name", Kind.TEXT, "Their first name.", "first_name is not empty")
def _first_name(context: Context) -> AttributeValue:
    return _from_account_or_orders(
        context,
        lambda account: account.first_name or account.billing.first_name,
        lambda order: order.billing.first_name,
    )


@PERSON.plain("last_name", Kind.TEXT, "Their last name.", "last_name = 'Smith'")
def _last_name(context: Context) -> AttributeValue:
    return _from_account_or_orders(
        context,
        lambda account: account.last_name or account.billing.last_name,
        lambda order: order.billing.last_name,
    )


@PERSON.plain("username", Kind.TEXT, "Their WordPress username.", "username starts with 'team-'")
def _username(context: Context) -> AttributeValue:
    account = context.profile.account
    return text_value(account.username if account else "")


@PERSON.plain(
    "role", Kind.TEXT, "Their role in WordPress.", "role in ('customer', 'wholesale_customer')"
)
def _role(context: Context) -> AttributeValue:
    account = context.profile.account
    return text_value(account.role if account else "")


@PERSON.plain(
    "status",
    Kind.TEXT,
    "Inactive if your team set it; else active (with an account), disabled (with an account without a role), or guest.",
    "status = 'active'",
)
def _status(context: Context) -> AttributeValue:
    if context.profile.saved_state.standing.inactive:
        return AttributeValue("inactive")
    account = context.profile.account
    if account is None:
        return AttributeValue("guest")
    return AttributeValue("active" if account.role else "disabled")


@PERSON.plain("company", Kind.TEXT, "The company in their billing address.", "company is not empty")
def _company(context: Context) -> AttributeValue:
    return _from_billing_address(context, lambda address: address.company)


@PERSON.plain("phone", Kind.TEXT, "Their phone number.", "phone starts with '+49'")
def _phone(context: Context) -> AttributeValue:
    return _from_billing_address(context, lambda address: address.phone)


@PERSON.plain("is_guest", Kind.YESNO, "They have no account.", "is_guest")
def _is_guest(context: Context) -> AttributeValue:
    return AttributeValue(context.profile.is_guest)


@PERSON.plain("is_registered", Kind.YESNO, "They have an account.", "is_registered")
def _is_registered(context: Context) -> AttributeValue:
    return AttributeValue(not context.profile.is_guest)


@PERSON.plain(
    "registered_date", Kind.DATE, "When they registered their account.", "registered_date >= -30d"
)
def _registered_date(context: Context) -> AttributeValue:
    account = context.profile.account
    return AttributeValue(account.created if account else None)


@PERSON.plain(
    "billing_country",
    Kind.TEXT,
    "The two-letter country code of their billing address.",
    "billing_country in ('DE', 'AT', 'CH')",
)
def _billing_country(context: Context) -> AttributeValue:
    return _from_billing_address(context, lambda address: address.country)


@PERSON.plain(
    "shipping_country",
    Kind.TEXT,
    "The two-letter code of the country that most of their paid orders were shipped to, or else of their address.",
    "shipping_country <> 'DE'",
)
def _shipping_country(context: Context) -> AttributeValue:
    countries = [order.country for order in context.paid]
    if countries and countries[0] and countries.count(countries[0]) == len(countries):
        return AttributeValue(countries[0], order_ids(context.paid))  # the usual case
    usual = most_common([(country, 1) for country in countries if country])
    if usual is not None:
        there = zip(countries, context.paid, strict=True)
        return AttributeValue(
            usual, order_ids([order for country, order in there if country == usual])
        )
    return _from_account_or_orders(
        context,
        lambda account: account.shipping.country or account.billing.country,
        lambda order: order.country,
    )


@PERSON.plain("city", Kind.TEXT, "The city in their billing address.", "city = 'Berlin'")
def _city(context: Context) -> AttributeValue:
    return _from_billing_address(context, lambda address: address.city)


@PERSON.plain(
    "postcode", Kind.TEXT, "The postcode in their billing address.", "postcode starts with '10'"
)
def _postcode(context: Context) -> AttributeValue:
    return _from_billing_address(context, lambda address: address.postcode)


@PERSON.plain("store", Kind.TEXT, "The name of the store.", "store = 'Main shop'")
def _store(context: Context) -> AttributeValue:
    return text_value(context.store.name)


@PERSON.plain(
    "last_active_date",
    Kind.DATE,
    "When they last placed an order (paid or not) or registered, whichever is later.",
    "last_active_date < -1y",
)
def _last_active_date(context: Context) -> AttributeValue:
    order = next(iter(visible_orders(context)), None)
    account = context.profile.account
    registered = account.created if account else None
    if order is not None and (registered is None or order.created >= registered):
        return AttributeValue(order.created, (order.id,))
    return AttributeValue(registered)


@PERSON.plain(
    "birthday",
    Kind.DATE,
    "Their next birthday, which can be today (29 February is 28 February in other years).",
    "birthday between today and +7d",
)
def _birthday(context: Context) -> AttributeValue:
    birth = birth_date(context.profile)
    if birth is None:
        return AttributeValue(None)
    birthday = next_birthday(birth, context.today)
    return AttributeValue(
        birthday, changes_at=start_of_day(birthday + _ONE_DAY, context.store.zone)
    )


@PERSON.plain("age", Kind.NUMBER, "Their age in full years.", "age >= 18")
def _age(context: Context) -> AttributeValue:
    birth = birth_date(context.profile)
    if birth is None or birth.year is None:
        return AttributeValue(None)
    turning = next_birthday(birth, context.today + _ONE_DAY)
    return AttributeValue(
        age_on(birth, context.today), changes_at=start_of_day(turning, context.store.zone)
    )


@PERSON.plain(
    "accepts_marketing",
    Kind.YESNO,
    "They agreed to marketing, according to the store's consent_meta.",
    "not accepts_marketing",
)
def _accepts_marketing(context: Context) -> AttributeValue:
    found = consent_of(context.profile)
    return AttributeValue(found.value, (found.order_id,) if found.order_id else ())


@PERSON.keyed(
    "meta.KEY",
    Kind.TEXT,
    "The value of this key in their account's meta: a text, number or date.",
    "meta.loyalty_points >= 100",
)
def _meta(context: Context, key: str) -> AttributeValue:
    return text_value(account_meta(context.profile, key))
