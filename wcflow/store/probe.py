"""Check whether a store offers what wcflow needs, and return findings with advice.

A probe changes nothing: it sends only reads and, if wcflow is to write, one empty batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from wcflow.errors import StoreError
from wcflow.records import Customer
from wcflow.rules.birth_dates import parse_birth_date, shape
from wcflow.rules.clocks import CLOCK_ADVICE, clock_gap
from wcflow.store.client import Store
from wcflow.store.errors import is_store_wide
from wcflow.store.store_info import (
    KeyPermissions,
    SiteIndex,
    StoreInfo,
    address_advice,
    fetch_coupons_enabled,
    fetch_index,
    fetch_permissions,
    fetch_store_info,
    is_in_maintenance,
)
from wcflow.units import minor_digits

Level = Literal["ok", "warning", "problem"]

_MIN_VERSION = (5, 8)
_CLOCK_TOLERANCE = timedelta(seconds=60)
_SECOND = timedelta(seconds=1)
_META_SAMPLE, _SHAPES = 100, 3
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; ``later`` means that the store was unavailable: try again later."""

    name: str
    level: Level
    message: str
    advice: str = ""
    later: bool = False


def probe(
    store: Store,
    *,
    now: datetime,
    write: bool = True,
    creates_coupons: bool = False,
    consent_meta: Sequence[str] = (),
    birthday_meta: str = "",
    birthday_format: str = "",
) -> tuple[StoreInfo | None, tuple[Finding, ...]]:
    """Check everything that wcflow needs. Errors of the store become findings."""
    try:
        index = fetch_index(store)
    except StoreError as error:
        return None, (_unreachable_finding(store, error),)
    if not index.has_woocommerce:
        message = f"{store.url} is WordPress, but without WooCommerce"
        return None, (
            Finding("address", "problem", message, "Activate WooCommerce, or correct url."),
        )
    findings = [*_check_address(store, index), _check_clock(now, index.server_now)]
    try:
        info = fetch_store_info(store, index)
        permissions = fetch_permissions(store, write=write)
        coupons_enabled = fetch_coupons_enabled(store)
    except StoreError as error:
        later = is_store_wide(error) and not error.permanent
        return None, (*findings, Finding("key", "problem", str(error), error.advice, later))
    fields = [*(("consent_meta", key) for key in consent_meta), ("birthday_meta", birthday_meta)]
    findings += [
        *_check_permissions(permissions),
        *_check_info(info),
        _check_coupons(coupons_enabled, creates_coupons=creates_coupons),
        *_check_by_request(store, permissions, fields, birthday_format),
    ]
    return info, tuple(findings)


def _unreachable_finding(store: Store, error: StoreError) -> Finding:
    later = is_store_wide(error) and not error.permanent
    if error.status not in (0, HTTPStatus.SERVICE_UNAVAILABLE) and is_in_maintenance(store):
        # A plugin shows a page or redirects to one: the address is right.
        message = f"the store is in maintenance mode: its home page says so too ({error})"
        return Finding("address", "problem", message, "Wait until the maintenance is over.", True)
    if later or error.status == 0:
        return Finding("address", "problem", str(error), error.advice, later)
    message, advice = address_advice(store)
    return Finding("address", "problem", f"{error}; {message}", advice or error.advice)


def _check_address(store: Store, index: SiteIndex) -> Iterator[Finding]:
    if urlsplit(index.home).scheme == "https" and not store.is_https:
        message = f"the store is at {index.home}, but url is {store.url}"
        yield Finding("address", "warning", message, f"Set url to {index.home}.")
    elif not store.is_https and not _is_local(store.url):
        message = "orders and addresses are sent over http, where others can read them"
        advice = "Install a certificate in the store, and let url begin with https://."
        yield Finding("address", "warning", message, advice)
    else:
        yield Finding("address", "ok", f"{index.title or 'the store'} responds at {store.url}")
    if _is_cached(index.headers):
        message = "a cache responds instead of the store: what wcflow reads can be outdated"
        advice = "Exclude /wp-json/ from the cache of the host or plugin."
        yield Finding("cache", "problem", message, advice)


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _is_cached(headers: Mapping[str, str]) -> bool:
    age = headers.get("Age", "0")
    states = (
        headers.get(name, "").lower() for name in ("X-Cache", "CF-Cache-Status", "X-Proxy-Cache")
    )
    return (age.isdecimal() and int(age) > 0) or any(each.startswith("hit") for each in states)


def _check_info(info: StoreInfo) -> Iterator[Finding]:
    yield _check_version(info)
    yield _check_storage(info)
    yield _check_zone(info)
    yield _check_currency(info)


def _check_permissions(key: KeyPermissions) -> Iterator[Finding]:
    if key.can_write is None:
        yield Finding("key", "ok", "the key is allowed to read; nothing is written (write = no)")
    elif key.can_write:
        yield Finding("key", "ok", "the key is allowed to read and write")
    else:
        yield Finding(
            "key",
            "problem",
            "the key is read-only: every write will fail",
            "Give the key Read/Write permission (WooCommerce, Settings, Advanced, REST API), or set"
            " write = no to let wcflow only read.",
        )
    if key.reads_meta:
        yield Finding(
            "role", "ok", "the key belongs to an administrator: wcflow can read customer meta"
        )
    else:
        message = (
            "the key's user is not an administrator: wcflow cannot read customer meta (consent,"
            " birthday, tags set by hand), so it writes tags only to orders, not to customers"
        )
        yield Finding(
            "role", "warning", message, "Create a key for a user who is an administrator."
        )
    if key.reads_meta and key.can_write and not key.can_batch:
        message = "the store rejects batches: wcflow updates customers one by one"
        yield Finding(
            "batch", "warning", message, "Look for a plugin or firewall that blocks /batch."
        )


def _check_version(info: StoreInfo) -> Finding:
    if not info.wc_version:
        message = "the key cannot read the version of WooCommerce"
        return Finding(
            "version", "warning", message, "Create a key for a user who is an administrator."
        )
    message = f"WooCommerce {info.wc_version} on WordPress {info.wp_version}"
    if _version_numbers(info.wc_version) < _MIN_VERSION:
        return Finding(
            "version", "problem", f"{message} is too old", "Update WooCommerce to 5.8 or later."
        )
    return Finding("version", "ok", message)


def _version_numbers(version: str) -> tuple[int, ...]:
    head = version.partition("-")[0].split(".")[:2]
    return tuple(int(each) for each in head if each.isdecimal())


def _check_storage(info: StoreInfo) -> Finding:
    if info.hpos is None:
        return Finding("storage", "warning", "the key cannot read how orders are stored")
    if info.hpos:
        return Finding(
            "storage", "ok", "orders are in their own tables (HPOS): wcflow sees every change"
        )
    message = (
        "orders are stored as posts: a change of only the address, e-mail, customer or meta does"
        " not update their modification time. wcflow finds it when it rereads the order: within a"
        " day if the order is of the last month, else within a week or a month"
    )
    advice = "Activate High-performance order storage (WooCommerce, Settings, Advanced, Features)."
    return Finding("storage", "warning", message, advice)


def _check_zone(info: StoreInfo) -> Finding:
    if isinstance(info.zone, ZoneInfo):
        return Finding("time zone", "ok", f"the time zone is {info.zone.key}")
    message = f"the store's time zone is the fixed offset {info.zone}, without summer time"
    return Finding(
        "time zone", "warning", message, "Choose a city under Settings, General in WordPress."
    )


def _check_clock(here: datetime, store: datetime) -> Finding:
    if gap := clock_gap(here, store):
        return Finding("clock", "problem", str(gap), CLOCK_ADVICE)
    ahead = store - here
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= _CLOCK_TOLERANCE:
        return Finding("clock", "ok", f"the clocks agree within {max(seconds, 1)} s")
    message = f"the store's clock is {seconds} s {'ahead of' if ahead > timedelta() else 'behind'} that of this machine"
    return Finding("clock", "warning", message, CLOCK_ADVICE)


def _check_currency(info: StoreInfo) -> Finding:
    if not info.currency:
        message = "the currency of the store is unknown"
        return Finding(
            "currency", "problem", message, "Choose one under WooCommerce, Settings, General."
        )
    digits = minor_digits(info.currency)
    if info.decimals is None or info.decimals <= digits:
        return Finding("currency", "ok", f"the currency is {info.currency}")
    message = f"the store uses {info.decimals} decimals for {info.currency}, wcflow {digits}"
    return Finding(
        "currency", "warning", message, f"Set the number of decimals to {digits} in the store."
    )


def _check_coupons(enabled: bool | None, *, creates_coupons: bool) -> Finding:
    if enabled is None:
        return Finding("coupons", "warning", "the key cannot read whether coupons are enabled")
    if enabled:
        return Finding("coupons", "ok", "coupons are enabled")
    if not creates_coupons:
        return Finding("coupons", "ok", "coupons are disabled, and no workflow creates any")
    message = "coupons are disabled in the store, but workflows create them"
    advice = "Enable them under WooCommerce, Settings, General."
    return Finding("coupons", "problem", message, advice)


def _check_by_request(
    store: Store, key: KeyPermissions, fields: Iterable[tuple[str, str]], birthday_format: str
) -> Iterator[Finding]:
    yield _try_check("change detection", partial(_check_time_filters, store))
    yield _try_check("products", partial(_check_products, store))
    for name, meta in fields:
        if meta:
            check = partial(_check_meta_field, store, key, name, meta, birthday_format)
            yield _try_check(name, check)


def _try_check(name: str, find: Callable[[], Finding]) -> Finding:
    try:
        return find()
    except StoreError as error:
        return Finding(name, "problem", str(error), error.advice)


def _check_time_filters(store: Store) -> Finding:
    """Check with the newest order that time bounds are exclusive.

    Otherwise polls would miss changes, or read the same orders again and again.
    """
    for _attempt in range(_TRIES):
        newest = store.order_ids(orderby="modified", order="desc", page_size=1).rows
        if not newest:
            return Finding(
                "change detection",
                "warning",
                "there is no order yet to check the search by time with",
            )
        number, changed = newest[0]
        later = store.order_ids(modified_after=changed, orderby="modified", page_size=5).rows
        # Hundreds of orders can share that second, so the order is asked for by id.
        same = store.order_ids(modified_after=changed - _SECOND, include=(number,)).rows
        if number in {each for each, stamp in later if stamp > changed}:
            continue  # the order changed during the check
        return _time_filter_finding(
            too_many=any(stamp <= changed for _each, stamp in later),
            found=number in {each for each, _stamp in same},
        )
    return Finding(
        "change detection",
        "warning",
        "orders change too fast to check the search by time",
        "Try again.",
    )


def _time_filter_finding(*, too_many: bool, found: bool) -> Finding:
    advice = "Look for a plugin that changes how orders are searched, and update WooCommerce."
    if not found:
        return Finding(
            "change detection",
            "problem",
            "the search by time does not find the newest change",
            advice,
        )
    if too_many:
        message = "the search by time ignores its bound: every poll would read all orders"
        return Finding("change detection", "problem", message, advice)
    return Finding(
        "change detection",
        "ok",
        "change detection works: the search by time finds exactly the orders that changed",
    )


def _check_products(store: Store) -> Finding:
    found = store.products(page_size=1)
    if not found.total and not found.rows:
        return Finding(
            "products", "warning", "there are no products: categories and tags stay empty"
        )
    return Finding("products", "ok", "products can be read")


def _check_meta_field(
    store: Store, permissions: KeyPermissions, name: str, key: str, birthday_format: str
) -> Finding:
    if not permissions.reads_meta:
        message = f"cannot read {name} = {key}: the key's user is not an administrator"
        return Finding(name, "problem", message, "Create a key for a user who is an administrator.")
    people = _recent_customers(store)
    having = [value for each in people if (value := (each.meta or {}).get(key)) is not None]
    given = [value for value in having if value.strip()]
    if name == "birthday_meta" and (found := _unreadable_birthdays(given, key, birthday_format)):
        return found
    if having:
        message = f"{name}: {len(having)} of the last {len(people)} customers have {key}"
        return Finding(name, "ok", message)
    message = f"{name}: none of the last {len(people)} customers has {key}"
    return Finding(name, "warning", message, _other_meta_keys(people))


def _unreadable_birthdays(values: Sequence[str], key: str, form: str) -> Finding | None:
    unread = [value for value in values if parse_birth_date(value, form) is None]
    if not unread:
        return None
    shapes = ", ".join(each for each, _ in Counter(map(shape, unread)).most_common(_SHAPES))
    said = f"{len(unread)} of the latest {len(values)} birthdays ({key}) cannot be read: {shapes}"
    if any(parse_birth_date(value, "dmy") for value in unread):
        advice = "Set birthday_format to dmy (the day first) or mdy (the month first)."
    else:
        advice = "Keep birthdays as 1990-12-31 or 31.12.1990. Years need four digits."
    return Finding("birthday_meta", "warning", said, advice)


def _recent_customers(store: Store) -> tuple[Customer, ...]:
    newest = store.newest_customer_ids(_META_SAMPLE).rows
    return store.customers(newest).rows if newest else ()


def _other_meta_keys(people: tuple[Customer, ...]) -> str:
    keys = Counter(key for each in people for key in (each.meta or {}))
    common = ", ".join(key for key, _count in keys.most_common(8))
    return f"Customers have these meta keys: {common}." if common else "Customers have no meta."
