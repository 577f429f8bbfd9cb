"""Segments, tags and workflows for the customers of a WooCommerce store."""

__version__ = "0.1.0"
