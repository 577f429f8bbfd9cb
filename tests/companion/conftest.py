"""Each test of the plugin's PHP runs on every version that can be had."""

import pytest

from tests.companion import versions


@pytest.fixture(params=versions.VERSIONS, scope="session")
def php(request):
    """Yield each version of PHP."""
    with versions.open_php(request.param) as php:
        yield php
