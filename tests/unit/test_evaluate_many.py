"""Classifying many people rule by rule gives the same results as one by one."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import instants, profiles, zones
from wcflow.config.files import default_ini, set_values
from wcflow.config.load import load_config
from wcflow.profile import last_activity
from wcflow.rules.as_of import as_of
from wcflow.rules.classify import classify, classify_all


def default_rules():
    keys = {"url": "https://shop.example", "consumer_key": "ck_1", "consumer_secret": "cs_1"}
    with TemporaryDirectory() as folder:
        ini = Path(folder) / "wcflow.ini"
        ini.write_text(set_values(default_ini(), "store shop", keys))
        ini.chmod(0o600)
        return load_config(ini, {}).rules


RULES = default_rules()


@given(st.data(), zones)
def test_many_people_have_the_same_results_as_each_alone(data, zone):
    """Even if each is classified at another time."""
    nows = data.draw(st.lists(instants, min_size=2, max_size=4))
    people = [(data.draw(profiles(now, zone)), now) for now in nows]
    assert [classify(person, RULES, now) for person, now in people] == classify_all(people, RULES)


@given(st.data(), instants, instants, zones)
def test_an_earlier_state_of_a_person_has_no_later_orders(data, now, earlier, zone):
    """If nothing happened later, it is the same object."""
    person = data.draw(profiles(now, zone))
    before = as_of(person, earlier)
    assert all(order.created <= earlier for order in before.orders)
    account_later = person.account is not None and person.account.created > earlier
    if not account_later and all(last_activity(order) <= earlier for order in person.orders):
        assert person is before
