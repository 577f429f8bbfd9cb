"""The shop, at home: tables and what is read from and written to them."""
