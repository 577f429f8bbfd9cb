"""A database belongs to one store, and wcflow refuses every other."""

import pytest

from tests.simulation import Simulation
from wcflow.database.stores import save_store
from wcflow.errors import SetupError


@pytest.mark.parametrize(
    ("binding", "why"),
    [
        (
            {"url": "https://old.example"},
            "the database belongs to https://old.example, not to https://shop.example",
        ),
        ({"uid": "another"}, "the database belongs to an earlier store at https://shop.example"),
    ],
    ids=["address", "id"],
)
def test_the_database_of_another_store_is_refused(tmp_path, binding, why):
    sim = Simulation(tmp_path, "")
    sim.settle()
    with sim.db.transaction() as tx:
        save_store(tx, "shop", **binding)
    with pytest.raises(SetupError) as refused:
        sim.run_pass()
    assert f"[store shop] is another store: {why}" == str(refused.value)
