"""``wcflow explain`` finds the customer an admin means, or lists those who could be meant."""

import json

import pytest

from tests.command_line import CommandLine
from wcflow.database import people_search

RULES = "[segment Regular]\nwhen = orders_count >= 1\n\n[tag Often]\nwhen = orders_count >= 5\n"
PEOPLE = (
    ("anna@example.com", "Anna", "Lind"),
    ("anna.b@example.com", "Änna", "Lindström"),
    ("bob@example.com", "Bob", 'O\'Neil "Bo"'),
    ("carla@other.example", "", ""),
)


@pytest.fixture
def cli(tmp_path):
    """Anna, Änna, Bob and Carla (ids 1 to 4), and a guest; Bob's order shows the number B-77."""
    command_line = CommandLine(tmp_path, RULES)
    sim = command_line.sim
    for email, first, last in PEOPLE:
        sim.register(email, days_ago=90, first_name=first, last_name=last)
    command_line.annas = sim.place_order(customer=1, days_ago=30)
    command_line.bobs = sim.place_order(customer=3, days_ago=29, number="B-77")
    carla = {"first_name": "Carla", "last_name": "Öz", "email": "office@work.example"}
    command_line.carlas = sim.place_order(customer=4, days_ago=28, billing=carla)
    guest = {"first_name": "Gustav", "last_name": "Lind", "email": "gustav@example.com"}
    sim.place_order(email="gustav@example.com", days_ago=27, billing=guest)
    assert 0 == command_line.run("sync", "--approve").code
    yield command_line
    sim.db.close()


def explain(cli, *words):
    return cli.run("explain", *words, mounted_at=None)


def found(cli, *words):
    """Return the address of the customer who is explained."""
    ran = explain(cli, *words, "--json")
    assert (0, "") == (ran.code, ran.err)
    return json.loads(ran.out)["customer"]["email"]


@pytest.mark.parametrize(
    ("words", "email"),
    [
        (["1"], "anna@example.com"),
        (["ANNA@example.com"], "anna@example.com"),
        (["anna lind"], "anna@example.com"),
        (["  LIND   anna "], "anna@example.com"),
        (["anna", "lind"], "anna@example.com"),
        (["nna.b@"], "anna.b@example.com"),
        (["änna"], "anna.b@example.com"),
        (["ÄNNA"], "anna.b@example.com"),
        (["lindström"], "anna.b@example.com"),
        (['neil "bo'], "bob@example.com"),
        (["other.ex"], "carla@other.example"),
        (["carla öz"], "carla@other.example"),
        (["office@work.example"], "carla@other.example"),
        (["gust"], "gustav@example.com"),
        (["gustav@example.com"], "gustav@example.com"),
        (["#B-77"], "bob@example.com"),
        (["order b-77"], "bob@example.com"),
        (["order", "#B-77"], "bob@example.com"),
    ],
)
def test_a_customer_is_found_by_what_is_known_of_them(cli, words, email):
    assert email == found(cli, *words)


def test_an_order_is_found_by_its_id_and_by_the_number_that_the_store_shows(cli):
    assert "anna@example.com" == found(cli, f"#{cli.annas}")
    assert "bob@example.com" == found(cli, f"order {cli.bobs}")


def test_a_number_is_first_a_customer_and_then_an_order(cli):
    order = next(each for each in cli.sandbox.order_ids() if each > len(PEOPLE))
    assert "anna@example.com" == found(cli, "1")
    assert found(cli, f"#{order}") == found(cli, order)


def test_an_order_with_the_number_of_another_order_lists_both_customers(tmp_path):
    """Plugins for sequential numbers restart them."""
    cli = CommandLine(tmp_path, RULES)
    numbers = [
        cli.sim.place_order(email=f"{name}@example.com", days_ago=9, number=number)
        for name, number in (("anna", "7001"), ("bob", None))
    ]
    cli.sandbox.state.orders[numbers[0]].number = str(numbers[1])
    cli.sandbox.state.orders[numbers[1]].number = "7002"
    assert 0 == cli.run("sync", "--approve").code
    ran = explain(cli, f"#{numbers[1]}")
    assert (2, 3) == (ran.code, len(ran.lines))
    assert "bob@example.com" == found(cli, "#7002")
    cli.sim.db.close()


def test_several_customers_are_listed_with_a_request_to_choose(cli):
    ran = explain(cli, "Lind")
    assert 2 == ran.code
    assert [
        "customer  name            e-mail              orders",
        "1         Anna Lind       anna@example.com         1",
        "2         Änna Lindström  anna.b@example.com       0",
        "guest     Gustav Lind     gustav@example.com       1",
    ] == ran.lines
    assert "3 customers match 'Lind'" in ran.err
    assert "Choose one by id or address, such as 'wcflow explain 1'." in ran.err


def test_several_customers_as_json(cli):
    ran = explain(cli, "lind", "--json")
    assert 2 == ran.code
    candidates = json.loads(ran.out)["candidates"]
    assert [1, 2, None] == [each["customer"]["id"] for each in candidates]
    assert {"store": "shop", "orders_count": 1} == {
        key: candidates[0][key] for key in ("store", "orders_count")
    }


def test_an_exact_address_is_not_ambiguous(cli):
    """Although it is a part of another address."""
    cli.sim.place_order(email="xanna@example.com", days_ago=1)
    assert 0 == cli.run("sync").code
    assert "anna@example.com" == found(cli, "anna@example.com")


def test_a_rule_after_the_customer_is_a_rule(cli):
    """Even if a customer has its name."""
    cli.edit_config("[tag Often]", "[tag Lindström]")
    (rule,) = json.loads(explain(cli, "anna lind", "lindström", "--json").out)["rules"]
    assert "Lindström" == rule["name"]


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["anna@exmaple.com"], ["there is no customer", "Did you mean 'anna@example.com'"]),
        (["anna lynd"], ["there is no customer 'anna lynd'", "Did you mean 'Anna Lind'?"]),
        (["zzz"], ["there is no customer 'zzz'", "or an order such as '#1001'"]),
        (["%"], ["there is no customer '%'"]),
        ([""], ["there is no customer ''"]),
        (["#99999"], ["there is no order '99999'", "wcflow sync"]),
        (["order 99999999999999999999999"], ["there is no order"]),
        (["1", "Regulr"], ["there is no rule 'Regulr'", "Did you mean 'Regular'?"]),
    ],
)
def test_nothing_found_is_told_with_the_likely_customers(cli, words, messages):
    ran = explain(cli, *words)
    assert (2, "") == (ran.code, ran.out)
    assert [] == [each for each in messages if each not in ran.err]


def test_a_short_text_lists_some_and_says_that_there_are_more(cli, monkeypatch):
    monkeypatch.setattr("wcflow.cli.find_customer.SHOWN", 2)
    ran = explain(cli, "example")
    assert "… and 3 more" == ran.lines[-1]
    monkeypatch.setattr(people_search, "MOST_FOUND", 2)
    monkeypatch.setattr("wcflow.cli.find_customer.MOST_FOUND", 2)
    assert "more than 2 customers match 'example'" in explain(cli, "example").err


def test_an_order_of_nobody_has_no_customer(cli):
    order = cli.sim.place_order(email="deleted@site.invalid", days_ago=1)
    assert 0 == cli.run("sync").code
    ran = explain(cli, f"#{order}")
    assert (2, "") == (ran.code, ran.out)
    assert f"there is no order '{order}' of a customer" in ran.err
