"""The local database: tables, queries and migrations, for SQLite and PostgreSQL."""
