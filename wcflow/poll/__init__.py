"""From the store into the database."""
