"""A real WooCommerce fulfils the contract that the sandbox fulfils."""

import os
from uuid import uuid4

import pytest

from tests.live.real_store import RealStore

pytest.register_assert_rewrite("tests.store.contract")

from tests.store.contract import Answer, StoreContract  # noqa: E402  rewritten first


class RealStoreApi:
    """The contract's requests, sent to a real store."""

    def __init__(self, store):
        self.store = store

    def get(self, path, params=None):
        return self._send("GET", path, params)

    def post(self, path, json, params=None):
        return self._send("POST", path, params, json)

    def put(self, path, json, params=None):
        return self._send("PUT", path, params, json)

    def delete(self, path, params=None):
        return self._send("DELETE", path, params)

    def _send(self, method, path, params, json=None):
        response = self.store.send(method, path, params=params, json=json)
        return Answer(response.status_code, response.headers, response.json())


class TestRealStore(StoreContract):
    @pytest.fixture
    def api(self):
        url = os.environ.get("WCFLOW_TEST_STORE")
        if not url:
            pytest.skip("WCFLOW_TEST_STORE is not set")
        return RealStoreApi(RealStore(url, os.environ.get("WCFLOW_TEST_CA")))

    @pytest.fixture
    def token(self):
        return f"contract{uuid4().hex[:8]}"
