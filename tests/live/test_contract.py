"""A real WooCommerce keeps the same laws as the sandbox: else one of them is misunderstood."""

import os
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

pytest.register_assert_rewrite("tests.store.contract")

from tests.store.contract import Answer, StoreContract  # noqa: E402  rewritten first


class RealStoreApi:
    """A door to the shop that the environment names, by plain requests."""

    def __init__(self, url, ca):
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self.base = f"{parts.scheme}://{host}{parts.path}/wp-json"
        self.how = {"auth": (parts.username, parts.password), "verify": ca or True, "timeout": 60}

    def get(self, path, params=None):
        return self._ask("GET", path, params)

    def post(self, path, json, params=None):
        return self._ask("POST", path, params, json)

    def put(self, path, json, params=None):
        return self._ask("PUT", path, params, json)

    def delete(self, path, params=None):
        return self._ask("DELETE", path, params)

    def _ask(self, method, path, params, json=None):
        sent = requests.request(method, self.base + path, params=params, json=json, **self.how)
        return Answer(sent.status_code, sent.headers, sent.json())


class TestRealStore(StoreContract):
    @pytest.fixture
    def api(self):
        url = os.environ.get("WCFLOW_TEST_STORE", "")
        if not url:
            pytest.skip("WCFLOW_TEST_STORE names no WooCommerce to test against")
        if not url.startswith("https:"):
            pytest.skip("over http the shop wants OAuth, which this plain door does not speak")
        return RealStoreApi(url, os.environ.get("WCFLOW_TEST_CA"))

    @pytest.fixture
    def token(self):
        return f"contract{uuid4().hex[:8]}"
