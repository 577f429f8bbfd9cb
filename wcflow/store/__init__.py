"""WooCommerce over HTTP: requests go out, records come back."""
