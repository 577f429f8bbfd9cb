"""A real companion plugin fulfils the contract that the sandbox's fulfils."""

import time
from uuid import uuid4

import pytest

from tests.live.conftest import live_address
from tests.live.real_store import RealStore
from tests.live.test_contract import RealStoreApi

pytest.register_assert_rewrite("tests.store.contract", "tests.store.companion_contract")

from tests.store.companion_contract import CompanionContract  # noqa: E402  rewritten first


class TestRealPlugin(CompanionContract):
    @pytest.fixture
    def api(self):
        found = RealStoreApi(RealStore(*live_address()))
        if "wc-wcflow/v1" not in found.get("/").json["namespaces"]:
            pytest.skip("the store does not have the companion plugin")
        return found

    @pytest.fixture
    def wait(self):
        return lambda: time.sleep(3)

    @pytest.fixture
    def token(self):
        return f"companion{uuid4().hex[:8]}"
