"""What this shop can and cannot do for wcflow, as findings that say what to do about each.

Only reads, and one batch with nothing in it, are sent to the shop: a probe changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from wcflow.errors import StoreError
from wcflow.records import Customer
from wcflow.store.client import Store
from wcflow.store.errors import is_store_wide
from wcflow.store.store_info import (
    SiteIndex,
    StoreInfo,
    address_advice,
    fetch_index,
    fetch_store_info,
)
from wcflow.units import minor_digits

Level = Literal["ok", "warn", "bad"]

_MIN_VERSION = (5, 8)
_CLOCK_TOLERANCE, _OAUTH_TOLERANCE = timedelta(seconds=60), timedelta(minutes=15)
_SECOND = timedelta(seconds=1)
_META_SAMPLE = 100
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, in a sentence, and what to do about it.

    ``later`` says that the shop could not be asked, and may be at another time.
    """

    name: str
    level: Level
    said: str
    advice: str = ""
    later: bool = False


def probe(
    store: Store, *, now: datetime, consent_meta: str = "", birthday_meta: str = ""
) -> tuple[StoreInfo | None, tuple[Finding, ...]]:
    """Look at everything that wcflow needs of a shop; never raise for what the shop answers."""
    try:
        seen = fetch_index(store)
    except StoreError as error:
        return None, (_unreachable_finding(store, error),)
    if not seen.has_woocommerce:
        said = f"{store.url} is WordPress, but WooCommerce does not answer there"
        return None, (Finding("address", "bad", said, "switch WooCommerce on, or correct url"),)
    findings = [*_check_address(store, seen)]
    try:
        known = fetch_store_info(store, seen)
    except StoreError as error:
        later = is_store_wide(error) and not error.permanent
        return None, (*findings, Finding("key", "bad", str(error), error.advice, later))
    fields = {"consent_meta": consent_meta, "birthday_meta": birthday_meta}
    findings += [*_check_info(known, now, store.url), *_check_by_request(store, known, fields)]
    return known, tuple(findings)


def _unreachable_finding(store: Store, error: StoreError) -> Finding:
    later = is_store_wide(error) and not error.permanent
    if error.status == 0:
        return Finding("address", "bad", str(error), error.advice, later)
    said, what_to_do = address_advice(store)
    return Finding("address", "bad", f"{error}; {said}", what_to_do or error.advice, later)


def _check_address(store: Store, seen: SiteIndex) -> Iterator[Finding]:
    if urlsplit(seen.home).scheme == "https" and not store.is_ssl:
        said = f"the shop is at {seen.home}, but is asked at {store.url}"
        yield Finding("address", "warn", said, f"url = {seen.home}")
    elif not store.is_ssl and not _is_local(store.url):
        said = "orders and addresses travel over http, where others can read them"
        yield Finding("address", "warn", said, "give the shop a certificate, and url https://")
    else:
        yield Finding("address", "ok", f"{seen.title or 'the shop'} answers at {store.url}")
    if _is_cached(seen.headers):
        said = "a cache answers in the shop's place: what wcflow reads may be old"
        yield Finding("cache", "bad", said, "except /wp-json/ from the cache of the host or plugin")


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


def _is_cached(headers: Mapping[str, str]) -> bool:
    age = headers.get("Age", "0")
    told = (
        headers.get(name, "").lower() for name in ("X-Cache", "CF-Cache-Status", "X-Proxy-Cache")
    )
    return (age.isdecimal() and int(age) > 0) or any(each.startswith("hit") for each in told)


def _check_info(known: StoreInfo, now: datetime, url: str) -> Iterator[Finding]:
    """Judge what is known already; nothing is asked."""
    yield from _check_permissions(known)
    yield _check_version(known)
    yield _check_storage(known)
    yield _check_zone(known)
    yield _check_clock(known.server_now - now, https=url.startswith("https"))
    yield _check_currency(known)
    yield _check_coupons(known)


def _check_permissions(known: StoreInfo) -> Iterator[Finding]:
    if known.can_write:
        yield Finding("key", "ok", "the key may read and write")
    else:
        advice = "give the key the permission Read/Write, or set write = no"
        yield Finding("key", "warn", "the key may only read: wcflow can plan, not write", advice)
    if known.administrator:
        yield Finding(
            "role", "ok", "the key belongs to an administrator: customer meta is readable"
        )
    else:
        said = (
            "the key's user is no administrator: customer meta cannot be read (tags set by hand,"
            " consent, birthday), and customers are written one by one"
        )
        yield Finding("role", "warn", said, "make a key for a user who is an administrator")
    if known.administrator and known.can_write and not known.can_batch:
        said = "batches are refused: customers are written one by one"
        yield Finding("batch", "warn", said, "look for a plugin or firewall that closes /batch")


def _check_version(known: StoreInfo) -> Finding:
    if not known.wc_version:
        said = "this key is not told which WooCommerce it is"
        return Finding("version", "warn", said, "make a key for a user who is an administrator")
    said = f"WooCommerce {known.wc_version} on WordPress {known.wp_version}"
    if _version_numbers(known.wc_version) < _MIN_VERSION:
        return Finding("version", "bad", f"{said} is too old", "update WooCommerce to 5.8 or later")
    return Finding("version", "ok", said)


def _version_numbers(version: str) -> tuple[int, ...]:
    head = version.partition("-")[0].split(".")[:2]
    return tuple(int(each) for each in head if each.isdecimal())


def _check_storage(known: StoreInfo) -> Finding:
    if known.hpos is None:
        return Finding("storage", "warn", "this key is not told how orders are stored")
    if known.hpos:
        return Finding("storage", "ok", "orders are in their own tables (HPOS): every change shows")
    said = (
        "orders are stored as posts: changes of their address, e-mail, customer or meta alone"
        " move no stamp, and wcflow sees them only with the next change of status"
    )
    advice = "switch on High-performance order storage (WooCommerce, Settings, Advanced, Features)"
    return Finding("storage", "warn", said, advice)


def _check_zone(known: StoreInfo) -> Finding:
    if isinstance(known.zone, ZoneInfo):
        return Finding("time zone", "ok", f"days are those of {known.zone.key}")
    said = f"the shop's zone is the fixed offset {known.zone}: summer time is not followed"
    return Finding("time zone", "warn", said, "choose a city under Settings, General in WordPress")


def _check_clock(ahead: timedelta, *, https: bool) -> Finding:
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= _CLOCK_TOLERANCE:
        return Finding("clock", "ok", f"the clocks agree within {max(seconds, 1)} s")
    said = f"the shop's clock is {seconds} s {'ahead of' if ahead > timedelta() else 'behind'} this one"
    level: Level = "warn" if https or abs(ahead) < _OAUTH_TOLERANCE else "bad"
    return Finding("clock", level, said, "let both machines set their clocks by NTP")


def _check_currency(known: StoreInfo) -> Finding:
    if not known.currency:
        said = "the shop does not tell its currency"
        return Finding("currency", "bad", said, "choose one under WooCommerce, Settings, General")
    digits = minor_digits(known.currency)
    if known.decimals is None or known.decimals <= digits:
        return Finding("currency", "ok", f"money is in {known.currency}")
    said = f"the shop counts {known.currency} with {known.decimals} decimals, wcflow with {digits}"
    return Finding("currency", "warn", said, f"set the number of decimals to {digits} in the shop")


def _check_coupons(known: StoreInfo) -> Finding:
    if known.coupons_enabled is None:
        return Finding("coupons", "warn", "this key is not told whether coupons are enabled")
    if known.coupons_enabled:
        return Finding("coupons", "ok", "coupons are enabled")
    advice = "switch them on under WooCommerce, Settings, General, if a workflow creates coupons"
    return Finding("coupons", "warn", "coupons are switched off: nobody could redeem one", advice)


def _check_by_request(
    store: Store, known: StoreInfo, fields: Mapping[str, str]
) -> Iterator[Finding]:
    """Ask the shop for what can only be seen by trying."""
    yield _try_check("bounds", partial(_check_time_filters, store))
    yield _try_check("products", partial(_check_products, store))
    for name, key in fields.items():
        if key:
            yield _try_check(name, partial(_check_meta_field, store, known, name, key))


def _try_check(name: str, find: Callable[[], Finding]) -> Finding:
    try:
        return find()
    except StoreError as error:
        return Finding(name, "bad", str(error), error.advice)


def _check_time_filters(store: Store) -> Finding:
    """Try whether the bounds in time are exclusive, on the order that changed last.

    On it rests that no change is missed and none is read for ever.
    """
    for _attempt in range(_TRIES):
        newest = store.order_ids(orderby="modified", order="desc", page_size=1).rows
        if not newest:
            return Finding("bounds", "warn", "there is no order yet to try the search by time with")
        number, changed = newest[0]
        later = store.order_ids(modified_after=changed, orderby="modified", page_size=5).rows
        same = store.order_ids(modified_after=changed - _SECOND, orderby="modified").rows
        if number in {each for each, stamp in later if stamp > changed}:
            continue  # it changed while it was looked at
        return _time_filter_finding(
            too_many=any(stamp <= changed for _each, stamp in later),
            found=number in {each for each, _stamp in same},
        )
    return Finding(
        "bounds", "warn", "orders change too fast to try the search by time", "try again"
    )


def _time_filter_finding(*, too_many: bool, found: bool) -> Finding:
    advice = "look for a plugin that changes how orders are searched, and update WooCommerce"
    if not found:
        return Finding(
            "bounds", "bad", "the search by time does not find the newest change", advice
        )
    if too_many:
        said = "the search by time ignores its bound: every poll would read all orders"
        return Finding("bounds", "bad", said, advice)
    return Finding("bounds", "ok", "the search by time finds what changed, and nothing else")


def _check_products(store: Store) -> Finding:
    found = store.products(page_size=1)
    if not found.total and not found.rows:
        return Finding("products", "warn", "there is no product: categories and tags stay empty")
    return Finding("products", "ok", f"{found.total or 'some'} products are readable")


def _check_meta_field(store: Store, known: StoreInfo, name: str, key: str) -> Finding:
    if not known.reads_meta:
        said = f"{name} = {key} cannot be read: the key's user is no administrator"
        return Finding(name, "bad", said, "make a key for a user who is an administrator")
    people = _recent_customers(store)
    having = sum(1 for each in people if key in (each.meta or {}))
    if having:
        said = f"{having} of the last {len(people)} customers have {key}"
        return Finding(name, "ok", said)
    said = f"none of the last {len(people)} customers has {key}"
    return Finding(name, "warn", said, _other_meta_keys(people))


def _recent_customers(store: Store) -> tuple[Customer, ...]:
    newest = store.newest_customer_ids(_META_SAMPLE).rows
    return store.customers(newest).rows if newest else ()


def _other_meta_keys(people: tuple[Customer, ...]) -> str:
    keys = Counter(key for each in people for key in (each.meta or {}))
    common = ", ".join(key for key, _count in keys.most_common(8))
    return f"customers have: {common}" if common else "customers have no meta at all"
