"""The products endpoints, with categories and tags."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from wcflow.sandbox import meta
from wcflow.sandbox.orders import escape_name
from wcflow.sandbox.params import (
    date_readers,
    filter_ids,
    integer,
    one_of,
    paginate,
    paging_readers,
    read_params,
    select_fields,
    text,
    within_dates,
)
from wcflow.sandbox.rest import Created, ListPage, Request, RestError
from wcflow.sandbox.state import Product, State, Term
from wcflow.sandbox.zone import gmt


def product_row(state: State, request: Request, product: Product) -> dict[str, Any]:
    """Return a product as the REST API shows it."""
    local = state.zone.local
    return {
        "id": product.id,
        "name": product.name,
        "slug": slug(product.name),
        "permalink": f"{request.base}/product/{slug(product.name)}/",
        "date_created": local(product.created),
        "date_created_gmt": gmt(product.created),
        "date_modified": local(product.modified),
        "date_modified_gmt": gmt(product.modified),
        "type": "simple",
        "status": product.status,
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "short_description": "",
        "sku": product.sku,
        "price": product.price,
        "regular_price": product.price,
        "sale_price": "",
        "on_sale": False,
        "purchasable": True,
        "virtual": False,
        "downloadable": False,
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "parent_id": 0,
        "categories": [_term_reference(term) for term in product.categories],
        "tags": [_term_reference(term) for term in product.tags],
        "images": [],
        "attributes": [],
        "variations": [],
        "meta_data": meta.meta_rows(product.meta),
    }


def list_page(state: State, request: Request) -> ListPage:
    """Return a page of products."""
    readers = {
        **paging_readers(),
        **date_readers(state.zone),
        "orderby": one_of("date", "id", "include", "title", "slug", "modified", "price"),
        "sku": text,
        "category": integer(0),
        "tag": integer(0),
    }
    requested = read_params(request.params, readers)
    rows = [state.products[number] for number in filter_ids(list(state.products), requested)]
    rows = [product for product in rows if _matches(state, product, requested)]
    _sort(rows, requested)

    def write(product: Product) -> str:
        row = product_row(state, request, product)
        return json.dumps(select_fields(row, request.params))

    return paginate(rows, requested, write)


def view(state: State, request: Request, product_id: int) -> dict[str, Any]:
    """Return one product."""
    if product_id not in state.products:
        raise RestError("woocommerce_rest_product_invalid_id", "Invalid ID.", 404)
    return product_row(state, request, state.products[product_id])


def create(state: State, request: Request, requested: Mapping[str, Any], now: datetime) -> Created:
    """Create the requested product; its categories and tags are given by id."""
    product = add(
        state,
        str(requested.get("name", "")),
        now,
        price=str(requested.get("regular_price", "")),
        sku=str(requested.get("sku", "")),
        categories=_find_terms(state.categories, requested.get("categories", ())),
        tags=_find_terms(state.tags, requested.get("tags", ())),
    )
    return Created(product_row(state, request, product), f"/wc/v3/products/{product.id}")


def delete_or_trash(
    state: State, request: Request, product_id: int, *, force: bool
) -> dict[str, Any]:
    """Delete a product, or move it to the trash."""
    row = view(state, request, product_id)
    product = state.products[product_id]
    if force:
        delete(state, product)
    else:
        product.status = "trash"
    return row


def terms_page(state: State, request: Request, kind: str) -> ListPage:
    """Return a page of categories or tags, sorted by name."""
    terms = state.categories if kind == "categories" else state.tags
    readers = {
        **paging_readers(),
        "orderby": one_of("id", "include", "name", "slug", "term_group", "description", "count"),
    }
    requested = read_params(request.params, readers)
    rows = [terms[number] for number in filter_ids(list(terms), requested)]
    by_id = requested.get("orderby") in {"id", "include"}
    rows.sort(
        key=lambda term: (term.id if by_id else 0, term.name.lower()),
        reverse=requested.get("order") == "desc",
    )
    counts = _counts(state, kind)

    def write(term: Term) -> str:
        row = _term_row(term, kind, counts.get(term.id, 0))
        return json.dumps(select_fields(row, request.params))

    return paginate(rows, requested, write)


def add(
    state: State,
    name: str,
    now: datetime,
    *,
    price: str,
    sku: str,
    categories: tuple[str, ...],
    tags: tuple[str, ...],
) -> Product:
    """Add a product, and its new categories and tags."""
    stamp = state.zone.stamp(now)
    product = Product(state.numbers.take("post"), escape_name(name), price, sku, stamp, stamp)
    product.categories = [_term(state, state.categories, each) for each in categories]
    product.tags = [_term(state, state.tags, each) for each in tags]
    state.products[product.id] = product
    return product


def edit(state: State, product: Product, now: datetime, fields: Mapping[str, Any]) -> None:
    """Change a product's name, price, sku, status, categories or tags."""
    for name, value in fields.items():
        if name in {"categories", "tags"}:
            terms = state.categories if name == "categories" else state.tags
            setattr(product, name, [_term(state, terms, each) for each in value])
        else:
            setattr(product, name, escape_name(value))
    product.modified = state.zone.stamp(now)


def slug(name: str) -> str:
    """Return a name as a slug: baby-kids for Baby &amp; Kids."""
    return re.sub(r"[^a-z0-9]+", "-", name.replace("&amp;", "").lower()).strip("-")


def _term(state: State, terms: dict[int, Term], name: str) -> Term:
    escaped = escape_name(name)
    for term in terms.values():
        if term.name == escaped:
            return term
    made = Term(state.numbers.take("term"), escaped, slug(escaped))
    terms[made.id] = made
    return made


def _find_terms(terms: Mapping[int, Term], rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(terms[row["id"]].name for row in rows if row.get("id") in terms)


def _term_reference(term: Term) -> dict[str, Any]:
    return {"id": term.id, "name": term.name, "slug": term.slug}


def _term_row(term: Term, kind: str, count: int) -> dict[str, Any]:
    row = {"id": term.id, "name": term.name, "slug": term.slug, "description": "", "count": count}
    if kind == "tags":
        return row
    return {**row, "parent": term.parent, "display": "default", "image": None, "menu_order": 0}


def _counts(state: State, kind: str) -> dict[int, int]:
    counts: dict[int, int] = {}
    for product in state.products.values():
        for term in product.categories if kind == "categories" else product.tags:
            counts[term.id] = counts.get(term.id, 0) + 1
    return counts


def _matches(state: State, product: Product, requested: Mapping[str, Any]) -> bool:
    return (
        within_dates(state.zone, requested)(product)
        and requested.get("sku", product.sku) == product.sku
        and _has(product.categories, requested.get("category"))
        and _has(product.tags, requested.get("tag"))
    )


def _has(terms: list[Term], wanted: int | None) -> bool:
    return not wanted or any(term.id == wanted for term in terms)


def _sort(rows: list[Product], requested: Mapping[str, Any]) -> None:
    keys: dict[str, Callable[[Product], Any]] = {
        "date": lambda product: (product.created, product.id),
        "modified": lambda product: (product.modified, product.id),
        "title": lambda product: (product.name.lower(), product.id),
    }
    key = keys.get(requested.get("orderby", "date"), lambda product: product.id)
    rows.sort(key=key, reverse=requested.get("order", "desc") == "desc")


def delete(state: State, product: Product) -> None:
    """Delete a product; order lines keep its name and lose its id."""
    del state.products[product.id]
    for order in state.orders.values():
        for line in order.items:
            if line.product_id == product.id:
                line.product_id, line.sku = 0, None
                order.cached_json = ""
