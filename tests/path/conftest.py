"""Shops for the scenarios of recipes."""

import pytest

from tests.scenarios import Shop


@pytest.fixture
def open_shop(tmp_path):
    """Open a shop that uses recipes."""
    shops = []

    def open_one(*recipes, **more):
        folder = tmp_path / str(len(shops))
        folder.mkdir()
        shops.append(Shop(folder, *recipes, **more))
        return shops[-1]

    yield open_one
    for shop in shops:
        shop.close()
