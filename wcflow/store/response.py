"""Read a response's status, headers and WooCommerce's JSON errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from wcflow.redact import redact_text
from wcflow.store import json_body


@dataclass(frozen=True, slots=True)
class StoreResponse:
    """A response; ``code`` and ``message`` are those of WooCommerce's JSON errors."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def code(self) -> str:
        return redact_text(json_body.plain_text(str(self._object().get("code", "")), 80))

    @property
    def message(self) -> str:
        body = self._object()
        details = _error_details(body.get("data"))
        # Plugins quote what they reject, such as addresses and keys. Redact before shortening:
        # a part of a key is secret too.
        whole = json_body.plain_text(f"{body.get('message', '')} {details}".strip(), 5_000)
        return json_body.plain_text(redact_text(whole), 240)

    @property
    def page(self) -> bool:
        return json_body.is_html(self.headers.get("Content-Type", ""), self.content)

    @property
    def title(self) -> str:
        return redact_text(json_body.html_title(self.content[:20_000].decode("utf-8", "replace")))

    def _object(self) -> Mapping[str, Any]:
        try:
            found = json_body.parse_json(self.content)
        except json_body.UnreadableError:
            return {}
        return found if type(found) is dict else {}


def _error_details(data: Any) -> str:
    params = data.get("params") if type(data) is dict else None
    if type(params) is not dict:
        return ""
    return "; ".join(str(why) for why in params.values())


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds; a date is compared with the response's own Date."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        return float(value)
    then, now = parse_http_date(value), parse_http_date(headers.get("Date", ""))
    return max(0.0, (then - now).total_seconds()) if then and now else None


def parse_http_date(http_date: str) -> datetime | None:
    """Return the date of a header as UTC, or None if it is invalid."""
    try:
        found = parsedate_to_datetime(http_date)
    except (ValueError, IndexError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def parse_age(headers: Mapping[str, str]) -> timedelta:
    """Return for how long a cache had kept a response: its Date is older by this much."""
    age = headers.get("Age", "").strip()
    return timedelta(seconds=int(age)) if re.fullmatch(r"[0-9]{1,9}", age) else timedelta()
