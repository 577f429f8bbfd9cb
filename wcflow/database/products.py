"""Load and save products, for the categories and tags that line items do not contain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, select

from wcflow.database.mapping import (
    product_from_columns,
    product_from_row,
    product_to_row,
    row_content,
)
from wcflow.database.sql import fetch_in, select_in, table_of, upsert
from wcflow.database.tables import ProductRow
from wcflow.records import Product

_PRODUCTS = table_of(ProductRow)
_BY_ID = select_in(_PRODUCTS, "id")
_ID_BY_ID = select_in(_PRODUCTS, "id", _PRODUCTS.c.id)


def load_products(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Product]:
    """Return the products with these ids; unknown ones are missing."""
    return {row.id: product_from_columns(row[1:]) for row in fetch_in(tx, _BY_ID, store, ids)}


def load_all_products(tx: Connection, store: str, limit: int) -> dict[int, Product]:
    """Return all products of a store, at most ``limit``."""
    rows = tx.execute(select(_PRODUCTS).where(_PRODUCTS.c.store == store).limit(limit))
    return {row.id: product_from_row(row) for row in rows}


def save_products(tx: Connection, store: str, products: Iterable[Product]) -> list[int]:
    """Save products as the store returned them; return the ids of those whose content changed."""
    new_rows = {product.id: product_to_row(store, product) for product in products}
    known: dict[int, Any] = {row.id: row for row in fetch_in(tx, _BY_ID, store, new_rows)}
    changed = [
        product_id
        for product_id, new in new_rows.items()
        if product_id not in known
        or any(
            getattr(known[product_id], name) != value for name, value in row_content(new).items()
        )
    ]
    upsert(tx, ProductRow, list(new_rows.values()))
    return changed


def find_newest_product_stamp(tx: Connection, store: str) -> int | None:
    """Return the latest modification time of a product."""
    latest = select(func.max(_PRODUCTS.c.modified)).where(_PRODUCTS.c.store == store)
    found: int | None = tx.scalar(latest)
    return found


def find_known_products(tx: Connection, store: str, ids: Iterable[int]) -> set[int]:
    """Return those of the ids that are in the database."""
    return {number for (number,) in fetch_in(tx, _ID_BY_ID, store, ids)}


def load_product_ids(tx: Connection, store: str) -> set[int]:
    return set(tx.scalars(select(_PRODUCTS.c.id).where(_PRODUCTS.c.store == store)))
