"""Find out where the shop is when its API does not answer at the configured address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from wcflow.discreet import without_keys
from wcflow.errors import StoreError
from wcflow.store.transport import Glance, Transport

_MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the shop's home page leads: the address it ends at, and the API that it names."""

    home: str
    api: str
    plain_permalinks: bool = False

    @property
    def url(self) -> str:
        """Give what ``url`` must be; "" where the page names no API."""
        return self.api.partition("/wp-json")[0].rstrip("/") if "/wp-json" in self.api else ""


def where(store: Transport) -> Place:
    """Follow the home page, without a key, to the API that its Link header names."""
    at = f"{store.url}/"
    for _hop in range(_MOST_HOPS):
        seen = store.glance(at)
        if not (300 <= seen.status < 400 and seen.location):  # noqa: PLR2004 - every redirect
            return _place(at, seen)
        at = urljoin(at, seen.location)
    return Place(without_keys(at), "")


def _place(at: str, seen: Glance) -> Place:
    # A host may put a login or a token into the addresses that it sends guests on to.
    home, api = without_keys(at.rstrip("/")), without_keys(seen.api)
    return Place(home, api, "rest_route=" in api)


def advice(store: Transport) -> tuple[str, str]:
    """Say what stands at the configured address and what to put into the INI; "" where unknown."""
    try:
        place = where(store)
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
    return _nothing_there(store.url)


def _nothing_there(url: str) -> tuple[str, str]:
    said = f"the page at {url} names no WordPress API"
    fixes = "set url to the address of the shop's home page, with its path if it has one"
    return said, f"{fixes}; if it is that, a plugin has closed the REST API"
