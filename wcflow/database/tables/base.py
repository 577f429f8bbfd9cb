"""The base class and the id type of all tables."""

from sqlalchemy import BigInteger, Integer
from sqlmodel import SQLModel

ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on PostgreSQL; SQLite numbers rows only in a plain INTEGER column, which has 64 bits too."""


class Row(SQLModel):
    """A row of a table. No validators are built: records are checked before they are saved."""

    model_config = {"defer_build": True}
