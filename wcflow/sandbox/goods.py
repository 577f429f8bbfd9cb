"""What the seeded shop sells, and the coupons it once gave out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wcflow.sandbox.shop import Shop


@dataclass(frozen=True, slots=True)
class Good:
    """A product to be put on the shelf."""

    name: str
    price: str
    sku: str
    categories: tuple[str, ...]
    tags: tuple[str, ...] = ()


GOODS = (
    Good("Leather Wallet", "53.30", "WAL-01", ("Accessories",), ("leather", "gift")),
    Good("Leather Wallet for Men", "59.00", "WAL-02", ("Accessories", "Men"), ("leather",)),
    Good("Card Holder", "24.50", "WAL-03", ("Accessories",), ("leather", "gift")),
    Good("Leather Belt", "39.00", "BEL-01", ("Accessories", "Men"), ("leather",)),
    Good("Canvas Tote", "19.90", "BAG-01", ("Accessories",), ("organic",)),
    Good("Weekender Bag", "149.00", "BAG-02", ("Accessories",), ("leather", "travel")),
    Good("Women's Wool Coat", "189.00", "WOM-01", ("Women's Clothing",), ("winter", "women")),
    Good("Women's Linen Shirt", "64.90", "WOM-02", ("Women's Clothing",), ("summer", "women")),
    Good("Ladies' Running Shoes", "98.00", "WOM-03", ("Women's Clothing", "Sport"), ("ladies",)),
    Good("Ladies' Cardigan", "72.00", "WOM-04", ("Women's Clothing",), ("ladies", "winter")),
    Good("Silk Scarf", "45.00", "WOM-05", ("Women's Clothing", "Accessories"), ("gift",)),
    Good("Men's Oxford Shirt", "58.00", "MEN-01", ("Men's Clothing",), ("men",)),
    Good("Men's Chinos", "69.00", "MEN-02", ("Men's Clothing",), ("men",)),
    Good("Merino Jumper", "89.00", "MEN-03", ("Men's Clothing",), ("winter", "men")),
    Good("Baby Blanket", "34.00", "KID-01", ("Baby & Kids",), ("organic", "gift")),
    Good("Wooden Train", "42.90", "KID-02", ("Baby & Kids", "Toys"), ("wood",)),
    Good("Kids' Rain Jacket", "49.50", "KID-03", ("Baby & Kids",), ("rain",)),
    Good("Plush Bear", "22.00", "KID-04", ("Baby & Kids", "Toys"), ("gift",)),
    Good("Building Blocks", "29.90", "KID-05", ("Baby & Kids", "Toys"), ("wood",)),
    Good("Wireless Headphones", "129.00", "ELE-01", ("Electronics",), ("audio",)),
    Good("Bluetooth Speaker", "79.00", "ELE-02", ("Electronics",), ("audio",)),
    Good("Smart Watch", "199.00", "ELE-03", ("Electronics", "Sport"), ("fit",)),
    Good("Phone Case", "17.50", "ELE-04", ("Electronics", "Accessories"), ()),
    Good("Fitness Tracker", "69.90", "ELE-05", ("Electronics", "Sport"), ("fit",)),
    Good("Yoga Mat", "35.00", "SPO-01", ("Sport",), ("fit",)),
    Good("Dumbbells, Pair", "54.00", "SPO-02", ("Sport",), ("fit",)),
    Good("Trail Backpack", "110.00", "SPO-03", ("Sport",), ("travel",)),
    Good("Espresso Cups", "28.00", "HOM-01", ("Home",), ("gift",)),
    Good("Linen Bedding", "135.00", "HOM-02", ("Home",), ("organic",)),
    Good("Scented Candle", "16.90", "HOM-03", ("Home",), ("gift",)),
    Good("Cast Iron Pan", "62.00", "HOM-04", ("Home", "Kitchen"), ()),
    Good("Chef's Knife", "84.00", "HOM-05", ("Home", "Kitchen"), ()),
    Good("Cookbook “Käse & Brot”", "31.00", "BOO-01", ("Books", "Kitchen"), ("gift",)),
    Good("Her Story: A Novel", "18.90", "BOO-02", ("Books",), ()),
    Good("Atlas of Small Islands", "44.00", "BOO-03", ("Books",), ("travel", "gift")),
    Good("Notebook, Dotted", "12.50", "BOO-04", ("Books",), ()),
    Good("Free Sample Box", "0.00", "SAM-01", ("Home",), ()),
    Good("Gift Wrapping", "3.50", "SRV-01", ("Services",), ()),
)

# On sale once, gone from the catalogue since: lines of old orders then say product 0.
DISCONTINUED = Good("Teapot “Ming”", "48.00", "HOM-09", ("Home", "Kitchen"))

COUPONS = {
    "WELCOME5": {"discount_type": "fixed_cart", "amount": "5", "description": "5 off for friends"},
    "SUMMER15": {"discount_type": "percent", "amount": "15", "description": "Summer sale"},
    "KIDS10": {"discount_type": "percent", "amount": "10", "description": "Ten off for families"},
}


def stock(shop: Shop, now: datetime) -> list[int]:
    """Put everything on the shelf; return the products' ids, the discontinued one last."""
    for code, fields in COUPONS.items():
        shop.add_coupon(code, now=now, **fields)
    return [
        shop.add_product(
            good.name,
            now=now,
            price=good.price,
            sku=good.sku,
            categories=good.categories,
            tags=good.tags,
        )
        for good in (*GOODS, DISCONTINUED)
    ]
