"""Read what a store is (name, time zone, currency, versions) and what the key is allowed to do."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wcflow.errors import StoreError
from wcflow.redact import redact_keys
from wcflow.store import errors
from wcflow.store.http import HttpClient
from wcflow.store.listing import ListingClient

_MAX_REDIRECTS = 5
SUBSCRIPTIONS_ROUTE = "/wc/v3/subscriptions"
COMPANION_NAMESPACE = "wc-wcflow/"


@dataclass(frozen=True, slots=True)
class ApiLocation:
    """The final address of the store's home page, and the API that it names."""

    home: str
    api: str
    plain_permalinks: bool = False
    status: int = 200

    @property
    def url(self) -> str:
        """The correct value of ``url``, or "" if the page names no API."""
        return self.api.partition("/wp-json")[0].rstrip("/") if "/wp-json" in self.api else ""


def find_api(store: HttpClient) -> ApiLocation:
    """Follow the redirects of the home page and return the API that its Link header names."""
    address = f"{store.url}/"
    for _hop in range(_MAX_REDIRECTS):
        found = store.check_address(address)
        if not (300 <= found.status < 400 and found.location):  # noqa: PLR2004 - every redirect
            # Redirects of some hosts contain a password or token.
            home, api = redact_keys(address.rstrip("/")), redact_keys(found.api)
            return ApiLocation(home, api, "rest_route=" in api, found.status)
        try:
            address = urljoin(address, found.location)
        except ValueError:
            break  # not a web address
    return ApiLocation(redact_keys(address), "")


def address_advice(store: HttpClient) -> tuple[str, str]:
    """Return what was found at the configured address, and advice (can be "")."""
    try:
        location = find_api(store)
    except StoreError as error:
        return str(error), error.advice
    if location.plain_permalinks:
        message = f"WordPress at {location.home} uses plain permalinks, and API keys do not work with them"
        return message, "Choose Post name under Settings, Permalinks in WordPress."
    if location.url and location.url != store.url:
        return (
            f"the store's API is at {location.url}, not at {store.url}",
            f"Set url to {location.url}.",
        )
    if location.url:
        message = f"the home page of {store.url} names its API, but the API does not respond"
        return message, "Look for a security plugin that blocks the REST API (/wp-json)."
    if urlsplit(location.home).netloc != urlsplit(store.url).netloc:
        return (
            f"{store.url} redirects to {location.home}, which names no API",
            f"Set url to {location.home}.",
        )
    return _not_found_advice(store.url)


def is_in_maintenance(store: HttpClient) -> bool:
    """Return whether the store's home page says that it is in maintenance (HTTP 503)."""
    try:
        return find_api(store).status == HTTPStatus.SERVICE_UNAVAILABLE
    except StoreError:
        return False


def _not_found_advice(url: str) -> tuple[str, str]:
    message = f"the page at {url} names no WordPress API"
    advice = (
        "Set url to the address of the store's home page, including its path."
        " If it is already, a plugin blocks the REST API."
    )
    return message, advice


@dataclass(frozen=True, slots=True)
class SiteIndex:
    """The index of the API, which is public."""

    title: str
    home: str
    zone: tzinfo
    has_woocommerce: bool
    server_now: datetime
    headers: Mapping[str, str]
    has_subscriptions: bool = False
    has_companion: bool = False


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store is.

    ``uid`` is "" and ``hpos`` and ``decimals`` are None if the key cannot read them.
    ``has_subscriptions`` is about the plugin WooCommerce Subscriptions, ``has_companion`` about
    wcflow's own.
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
    decimals: int | None = None
    has_subscriptions: bool = False
    has_companion: bool = False


@dataclass(frozen=True, slots=True)
class KeyPermissions:
    """What the key is allowed to do; None where it was not asked.

    Customer meta and batches of customers are for administrators only.
    """

    reads_meta: bool
    can_write: bool | None
    can_batch: bool | None


def fetch_index(store: ListingClient) -> SiteIndex:
    """Load the index, which needs no key."""
    answer = store.index()
    body = answer.body
    namespaces, routes = _texts(body.get("namespaces")), _texts(body.get("routes"))
    return SiteIndex(
        title=html.unescape(str(body.get("name") or "")),
        home=str(body.get("home") or store.url).rstrip("/"),
        zone=parse_site_zone(body.get("timezone_string"), body.get("gmt_offset")),
        has_woocommerce="wc/v3" in namespaces,
        server_now=answer.server_now,
        headers=answer.headers,
        has_subscriptions=SUBSCRIPTIONS_ROUTE in routes,
        has_companion=any(each.startswith(COMPANION_NAMESPACE) for each in namespaces),
    )


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list, or the keys of an object."""
    return tuple(map(str, value)) if isinstance(value, (list, dict)) else ()


def parse_site_zone(name: Any, offset: Any) -> tzinfo:
    """Return the store's time zone by its name, or else by its offset in hours."""
    if name:
        try:
            return ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError):
            pass  # this machine's tzdata is too old; use the offset
    try:
        return timezone(timedelta(hours=float(offset or 0)))
    except ValueError:
        return timezone(timedelta())


def fetch_store_info(store: ListingClient, index: SiteIndex | None = None) -> StoreInfo:
    """Load what the store is: two small requests, or one more if the key cannot read the status."""
    index = index or fetch_index(store)
    status = _fetch_optional(store, "system_status", {"_fields": "environment,settings"})
    environment, settings = _sub_object(status, "environment"), _sub_object(status, "settings")
    return StoreInfo(
        title=index.title,
        url=index.home,
        uid=str(environment.get("store_id") or ""),
        zone=index.zone,
        currency=str(settings.get("currency") or _fetch_currency(store)).strip().upper(),
        wc_version=str(environment.get("version") or ""),
        wp_version=str(environment.get("wp_version") or ""),
        hpos=_read_hpos(settings),
        server_now=index.server_now,
        decimals=_integer_or_none(settings.get("number_of_decimals")),
        has_subscriptions=index.has_subscriptions,
        has_companion=index.has_companion,
    )


def fetch_permissions(store: ListingClient, *, write: bool) -> KeyPermissions:
    """Find out what the key is allowed to do, without changing anything in the store.

    WooCommerce rejects what a read-only key sends before it looks at it, and nothing that can be
    read shows this. So with ``write`` an empty batch is sent.
    """
    can_read_meta = fetch_reads_meta(store)
    can_write, can_batch = _try_empty_batch(store) if write else (None, None)
    return KeyPermissions(
        can_batch is not False if can_read_meta is None else can_read_meta, can_write, can_batch
    )


def fetch_reads_meta(store: ListingClient) -> bool | None:
    """Return whether the key can read customer meta, or None if the store has no customers yet."""
    newest = {"role": "all", "orderby": "id", "order": "desc", "_fields": "id,meta_data"}
    customers = store.request("GET", "customers", {**newest, "per_page": 1}).body
    return any("meta_data" in each for each in customers) if customers else None


def _try_empty_batch(store: ListingClient) -> tuple[bool, bool]:
    """Send an empty batch, for which WooCommerce only checks permissions."""
    try:
        store.request("POST", "customers/batch", json={}, shape=(list, dict))
    except StoreError as error:
        if error.code == errors.HTML_PAGE or error.status not in {401, 403, 404, 405}:
            raise
        return error.status != 401, False  # noqa: PLR2004 - a read-only key
    return True, True


def _read_hpos(settings: Mapping[str, Any]) -> bool | None:
    if type(enabled := settings.get("HPOS_enabled")) is bool:
        return enabled
    datastore = settings.get("order_datastore")
    return "OrdersTable" in datastore if type(datastore) is str else None


def _fetch_currency(store: ListingClient) -> str:
    return str(
        _fetch_optional(store, "data/currencies/current", {"_fields": "code"}).get("code") or ""
    )


def fetch_coupons_enabled(store: HttpClient) -> bool | None:
    """Return whether the store accepts coupons, or None if the key cannot read this."""
    path = "settings/general/woocommerce_enable_coupons"
    value = _fetch_optional(store, path, {"_fields": "id,value"}).get("value")
    return value == "yes" if type(value) is str else None


def _fetch_optional(store: HttpClient, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
    """Load an object, or {} if the key is not allowed to read it."""
    try:
        body: Mapping[str, Any] = store.request("GET", path, params, shape=dict).body
    except StoreError as error:
        if error.code != errors.HTML_PAGE and error.status in {403, 404}:
            return {}
        raise
    return body


def _sub_object(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = body.get(key)
    return part if type(part) is dict else {}


def _integer_or_none(value: Any) -> int | None:
    return value if type(value) is int else None
