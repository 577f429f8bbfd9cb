"""Find out where the shop is when its API does not answer at the configured address."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wcflow.errors import StoreError
from wcflow.redact import redact_keys
from wcflow.store import errors
from wcflow.store.http import AddressCheck, HttpClient
from wcflow.store.listing import ListingClient

_MAX_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class ApiLocation:
    """Where the shop's home page leads: the address it ends at, and the API that it names."""

    home: str
    api: str
    plain_permalinks: bool = False

    @property
    def url(self) -> str:
        """Give what ``url`` must be; "" where the page names no API."""
        return self.api.partition("/wp-json")[0].rstrip("/") if "/wp-json" in self.api else ""


def find_api(store: HttpClient) -> ApiLocation:
    """Follow the home page, without a key, to the API that its Link header names."""
    at = f"{store.url}/"
    for _hop in range(_MAX_REDIRECTS):
        seen = store.check_address(at)
        if not (300 <= seen.status < 400 and seen.location):  # noqa: PLR2004 - every redirect
            return _api_location(at, seen)
        at = urljoin(at, seen.location)
    return ApiLocation(redact_keys(at), "")


def _api_location(at: str, seen: AddressCheck) -> ApiLocation:
    # A host may put a login or a token into the addresses that it sends guests on to.
    home, api = redact_keys(at.rstrip("/")), redact_keys(seen.api)
    return ApiLocation(home, api, "rest_route=" in api)


def address_advice(store: HttpClient) -> tuple[str, str]:
    """Say what stands at the configured address and what to put into the INI; "" where unknown."""
    try:
        place = find_api(store)
    except StoreError as error:
        return str(error), error.advice
    if place.plain_permalinks:
        said = f"WordPress at {place.home} uses plain permalinks, with which the keys do not work"
        return said, "choose Post name under Settings, Permalinks in WordPress"
    if place.url and place.url != store.url:
        return f"the shop's API is at {place.url}, not at {store.url}", f"url = {place.url}"
    if place.url:
        said = f"the home page of {store.url} names its API, but it does not answer"
        return said, "look for a security plugin that closes the REST API (/wp-json)"
    if urlsplit(place.home).netloc != urlsplit(store.url).netloc:
        return f"{store.url} leads to {place.home}, which names no API", f"url = {place.home}"
    return _not_found_advice(store.url)


def _not_found_advice(url: str) -> tuple[str, str]:
    said = f"the page at {url} names no WordPress API"
    fixes = "set url to the address of the shop's home page, with its path if it has one"
    return said, f"{fixes}; if it is that, a plugin has closed the REST API"


# What a shop is: its name, clock, money, versions, storage, and what this key may do there. Asked at start-up and by the doctor. Judging it is the matter of probe.py.


@dataclass(frozen=True, slots=True)
class SiteIndex:
    """What the shop tells to everybody: the index of its API."""

    title: str
    home: str
    zone: tzinfo
    has_woocommerce: bool
    server_now: datetime
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a shop is and what this key may do there.

    ``uid`` is "" where WooCommerce does not tell it; ``hpos``, ``coupons_enabled`` and ``decimals``
    are None where this key is not told.
    """

    title: str
    url: str
    uid: str
    zone: tzinfo
    currency: str
    wc_version: str
    wp_version: str
    hpos: bool | None
    server_now: datetime
    coupons_enabled: bool | None
    reads_meta: bool
    can_write: bool
    can_batch: bool
    administrator: bool
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class KeyPermissions:
    """What the key may do. Customer meta is shown, and batches are open, to administrators only."""

    reads_meta: bool
    can_write: bool
    can_batch: bool


def fetch_index(store: ListingClient) -> SiteIndex:
    """Ask for the index, which needs no key."""
    answer = store.index()
    told = answer.body
    return SiteIndex(
        title=html.unescape(str(told.get("name") or "")),
        home=str(told.get("home") or store.url).rstrip("/"),
        zone=parse_site_zone(told.get("timezone_string"), told.get("gmt_offset")),
        has_woocommerce="wc/v3" in (told.get("namespaces") or ()),
        server_now=answer.server_now,
        headers=answer.headers,
    )


def parse_site_zone(name: Any, offset: Any) -> tzinfo:
    """Give the shop's zone: by name, else its offset in hours, as WordPress tells them."""
    if name:
        try:
            return ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError):
            pass  # a zone that this machine's tzdata does not know yet: its offset is known
    try:
        return timezone(timedelta(hours=float(offset or 0)))
    except ValueError:
        return timezone(timedelta())


def fetch_store_info(store: ListingClient, seen: SiteIndex | None = None) -> StoreInfo:
    """Ask what the shop is and what this key may do, in six small requests at most."""
    seen = seen or fetch_index(store)
    may = fetch_permissions(store)
    status = _fetch_optional(store, "system_status", {"_fields": "environment,settings"})
    environment, settings = _sub_object(status, "environment"), _sub_object(status, "settings")
    return StoreInfo(
        title=seen.title,
        url=seen.home,
        uid=str(environment.get("store_id") or ""),
        zone=seen.zone,
        currency=str(settings.get("currency") or _fetch_currency(store)),
        wc_version=str(environment.get("version") or ""),
        wp_version=str(environment.get("wp_version") or ""),
        hpos=_read_hpos(settings),
        server_now=seen.server_now,
        coupons_enabled=_fetch_coupons_enabled(store),
        reads_meta=may.reads_meta,
        can_write=may.can_write,
        can_batch=may.can_batch,
        administrator=may.reads_meta,
        decimals=_integer_or_none(settings.get("number_of_decimals")),
    )


def fetch_permissions(store: ListingClient) -> KeyPermissions:
    """Find out what the key may do without changing anything in the shop."""
    newest = {"role": "all", "orderby": "id", "order": "desc", "_fields": "id,meta_data"}
    customers = store.ask("GET", "customers", {**newest, "per_page": 1}).body
    can_write, can_batch = _try_empty_batch(store)
    reads = any("meta_data" in each for each in customers) if customers else can_batch
    return KeyPermissions(reads, can_write, can_batch)


def _try_empty_batch(store: ListingClient) -> tuple[bool, bool]:
    """Send a batch with nothing in it: WooCommerce checks the rights and does nothing."""
    try:
        store.ask("POST", "customers/batch", json={}, shape=(list, dict))
    except StoreError as error:
        if error.code == errors.HTML_PAGE or error.status not in {401, 403, 404, 405}:
            raise
        return error.status != 401, False  # noqa: PLR2004 - only a key that may read is a 401 here
    return True, True


def _read_hpos(settings: Mapping[str, Any]) -> bool | None:
    if type(enabled := settings.get("HPOS_enabled")) is bool:
        return enabled
    kept = settings.get("order_datastore")
    return "OrdersTable" in kept if type(kept) is str else None


def _fetch_currency(store: ListingClient) -> str:
    return str(
        _fetch_optional(store, "data/currencies/current", {"_fields": "code"}).get("code") or ""
    )


def _fetch_coupons_enabled(store: ListingClient) -> bool | None:
    path = "settings/general/woocommerce_enable_coupons"
    value = _fetch_optional(store, path, {"_fields": "id,value"}).get("value")
    return value == "yes" if type(value) is str else None


def _fetch_optional(
    store: ListingClient, path: str, params: Mapping[str, str]
) -> Mapping[str, Any]:
    """Ask for what not every key is told; nothing where this one is not."""
    try:
        told: Mapping[str, Any] = store.ask("GET", path, params, shape=dict).body
    except StoreError as error:
        if error.code != errors.HTML_PAGE and error.status in {403, 404}:
            return {}
        raise
    return told


def _sub_object(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = told.get(key)
    return part if type(part) is dict else {}


def _integer_or_none(value: Any) -> int | None:
    return value if type(value) is int else None
