"""People are judged together, rule by rule; each of them as if they were alone."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import instants, profiles, zones
from wcflow.config.files import default_ini, set_values
from wcflow.config.load import load_config
from wcflow.profile import as_of, last_activity
from wcflow.rules.classify import classify, classify_all


def shipped_rules():
    keys = {"url": "https://shop.example", "consumer_key": "ck_1", "consumer_secret": "cs_1"}
    with TemporaryDirectory() as folder:
        ini = Path(folder) / "wcflow.ini"
        ini.write_text(set_values(default_ini(), "store shop", keys))
        ini.chmod(0o600)
        return load_config(ini, {}).rules


RULES = shipped_rules()


@given(st.data(), zones)
def test_what_is_decided_together_is_what_is_decided_of_each_alone(data, zone):
    """Each at an instant of their own."""
    nows = data.draw(st.lists(instants, min_size=2, max_size=4))
    asked = [(data.draw(profiles(now, zone)), now) for now in nows]
    assert [classify(who, RULES, now) for who, now in asked] == classify_all(asked, RULES)


@given(st.data(), instants, instants, zones)
def test_a_person_as_of_then_tells_nothing_that_happened_later(data, now, then, zone):
    """And is the very same where nothing did."""
    who = data.draw(profiles(now, zone))
    before = as_of(who, then)
    assert all(order.created <= then for order in before.orders)
    account_later = who.account is not None and who.account.created > then
    if not account_later and all(last_activity(order) <= then for order in who.orders):
        assert who is before
