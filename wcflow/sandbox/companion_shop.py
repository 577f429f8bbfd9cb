"""What people do in a store with the companion plugin: visitors, staff in the dashboard, the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wcflow.sandbox import pages
from wcflow.sandbox.companion_tables import PLUGIN, Row, Tables, record_event
from wcflow.sandbox.rest import Request, Response
from wcflow.sandbox.state import State


@dataclass(frozen=True, slots=True)
class CompanionShop:
    """The plugin, as people in the store use it. A visitor is known by account, by e-mail, or both."""

    state: State

    @property
    def tables(self) -> Tables:
        """What the plugin keeps."""
        tables: Tables = self.state.companion
        return tables

    # Visitors.

    def view_product(
        self, product_id: int, *, now: datetime, customer: int = 0, email: str = ""
    ) -> int:
        """Open the page of a product."""
        data = {"product_id": product_id, "name": self.state.products[product_id].name}
        return self._event("product_viewed", now, data, customer, email)

    def view_category(
        self, category: str, *, now: datetime, customer: int = 0, email: str = ""
    ) -> int:
        """Open the page of a category."""
        return self._event("category_viewed", now, {"category": category}, customer, email)

    def search(
        self, words: str, *, now: datetime, results: int = 0, customer: int = 0, email: str = ""
    ) -> int:
        """Search in the store."""
        return self._event("search", now, {"words": words, "results": results}, customer, email)

    def change_cart(
        self,
        cart: str,
        items: Iterable[Mapping[str, Any]],
        *,
        now: datetime,
        total: str = "0.00",
        customer: int = 0,
        email: str = "",
        left: bool = False,
    ) -> int:
        """Change a cart; no items empty it. It has left a visitor who typed another address."""
        data: dict[str, Any] = {
            "cart": cart,
            "items": [dict(item) for item in items],
            "total": total,
            **({"left": 1} if left else {}),
        }
        return self._event("cart_updated", now, data, customer, email)

    def log_in(self, customer: int, *, now: datetime) -> int:
        """Log in to an account."""
        return self._event("logged_in", now, {}, customer, "")

    def open_link(self, url: str, *, now: datetime, method: str = "GET") -> Response:
        """Open an address out of an e-mail, or send a POST to it as mail programs do."""
        parts = urlsplit(url)
        params = dict(parse_qsl(parts.query))
        base = f"{parts.scheme}://{parts.netloc}"
        request = Request(method, parts.path or "/", params, base=base, rest=False)
        return pages.answer_page(self.state, request, now)

    # Staff in the dashboard.

    def request(
        self,
        action: str,
        *,
        now: datetime,
        person: int = 0,
        by: str = "Jo (jo)",
        reason: str = "",
        bulk: str = "",
        **data: Any,
    ) -> Row:
        """Do something about a person in the dashboard, which waits for the daemon."""
        card = self.tables.people.get(person, {})
        fields = {
            "by": by,
            "user_id": 3,
            "person": person,
            "customer_id": card.get("customer_id", 0),
            "email": card.get("email", ""),
            "action": action,
            "data": data,
            "generation": self.tables.generation,
            "reason": reason,
            "bulk": bulk,
        }
        return self.tables.append("requests", now, fields)

    def answer_to(self, row: Row) -> dict[str, Any] | None:
        """Return what the daemon answered to a request."""
        return self.tables.answers.get(row.key)

    def switch_off(self, *kinds: str) -> None:
        """Stop recording these kinds of events."""
        self.tables.switched_off |= frozenset(kinds)

    # The plugin itself.

    def deactivate(self) -> None:
        """Deactivate the plugin; its tables stay."""
        plugins = self.state.settings.plugins - {PLUGIN}
        self.state.settings = replace(self.state.settings, plugins=plugins)

    def activate(self) -> None:
        """Activate the plugin."""
        plugins = self.state.settings.plugins | {PLUGIN}
        self.state.settings = replace(self.state.settings, plugins=plugins)

    def reinstall(self) -> None:
        """Delete the plugin with its tables, and install it again: a new epoch."""
        self.state.companion = Tables(made=self.tables.made, clock=self.tables.clock)
        self.activate()

    def back_up(self) -> Tables:
        """Return a backup of the plugin's tables."""
        return deepcopy(self.tables)

    def restore(self, backup: Tables) -> None:
        """Restore a backup: the sequence numbers go back, and keys are new from then on."""
        restored = deepcopy(backup)
        restored.made, restored.clock = self.tables.made, self.tables.clock
        self.state.companion = restored

    def _event(
        self, kind: str, now: datetime, data: dict[str, Any], customer: int, email: str
    ) -> int:
        known = self.state.customers.get(customer)
        address = email or (known.email if known else "")
        return record_event(self.state, kind, now, data, customer=customer, email=address)
