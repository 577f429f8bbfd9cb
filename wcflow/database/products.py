"""The mirror's products, for the categories and tags that line items do not carry."""

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
from wcflow.database.prepared import fetch_rows, fetch_tuples, select_in
from wcflow.database.sql import table_of, upsert
from wcflow.database.tables import ProductRow
from wcflow.records import Product

_PRODUCTS = table_of(ProductRow)
_BY_ID = select_in(_PRODUCTS, "id")
_ID_BY_ID = select_in(_PRODUCTS, "id", _PRODUCTS.c.id)


def load_products(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Product]:
    """Give the products with these ids, as far as the mirror has them."""
    return {row[1]: product_from_columns(row[1:]) for row in fetch_tuples(tx, _BY_ID, store, ids)}


def load_all_products(tx: Connection, store: str, limit: int) -> dict[int, Product]:
    """Give all products that the mirror has, or so many of them."""
    rows = tx.execute(select(_PRODUCTS).where(_PRODUCTS.c.store == store).limit(limit))
    return {row.id: product_from_row(row) for row in rows}


def save_products(tx: Connection, store: str, products: Iterable[Product]) -> list[int]:
    """Keep products as the shop told them; tell whose name, SKU, categories or tags changed."""
    new_rows = {product.id: product_to_row(store, product) for product in products}
    known = _load_rows(tx, store, new_rows)
    changed = [
        key
        for key, new in new_rows.items()
        if key not in known
        or any(getattr(known[key], name) != value for name, value in row_content(new).items())
    ]
    upsert(tx, ProductRow, list(new_rows.values()))
    return changed


def find_newest_product_stamp(tx: Connection, store: str) -> int | None:
    """Give the latest ``modified`` of all products."""
    latest = select(func.max(_PRODUCTS.c.modified)).where(_PRODUCTS.c.store == store)
    found: int | None = tx.execute(latest).scalar_one()
    return found


def find_known_products(tx: Connection, store: str, ids: Iterable[int]) -> set[int]:
    """Pick the ids that the mirror has."""
    return {number for (number,) in fetch_tuples(tx, _ID_BY_ID, store, ids)}


def load_product_ids(tx: Connection, store: str) -> set[int]:
    """Give all ids that the mirror has."""
    return set(tx.scalars(select(_PRODUCTS.c.id).where(_PRODUCTS.c.store == store)))


def _load_rows(tx: Connection, store: str, ids: Iterable[int]) -> dict[int, Any]:
    return {row.id: row for row in fetch_rows(tx, _BY_ID, store, ids)}
