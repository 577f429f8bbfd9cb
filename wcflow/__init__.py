"""wcflow keeps the customers of a WooCommerce shop sorted, tagged and looked after."""

__version__ = "0.1.0"
