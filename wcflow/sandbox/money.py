"""Amounts of money: Decimals inside, strings in responses."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

ZERO = Decimal("0.00")
_CENT = Decimal("0.01")

CURRENCY_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "PLN": "zł", "CHF": "CHF"}
CURRENCY_NAMES = {
    "USD": "United States (US) dollar",
    "EUR": "Euro",
    "GBP": "Pound sterling",
    "JPY": "Japanese yen",
    "PLN": "Polish złoty",
    "CHF": "Swiss franc",
}


def parse_money(value: Any) -> Decimal:
    """Parse an amount and round it half up to cents, as WooCommerce does."""
    try:
        return Decimal(str(value or 0)).quantize(_CENT, ROUND_HALF_UP)
    except InvalidOperation:
        return ZERO


def php_number(value: float) -> float | int:
    """Return a number as PHP writes it into JSON: 10.5, but 10 for 10.0."""
    return int(value) if value == int(value) else value
