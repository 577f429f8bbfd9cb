"""What the companion plugin tells of a visit to the shop."""

import json

import pytest

from tests.companion.test_companion_tokens import PLUGIN

A_REQUEST = {
    "user": 0,
    "login_email": "",
    "team": False,
    "agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0",
    "headers": {},
    "consent": None,
    "typed": None,
    "cart": {},
    "order": None,
    "logout": False,
    "view": 0,
    "known": [],
    "session": "one",
}
ANNA = {"user": 12, "login_email": "anna@x.example"}


@pytest.fixture
def visit(php):
    """Return a function that tells the events of each request: kind, account, address, data."""

    def visit(*requests):
        text = "\n".join(json.dumps(A_REQUEST | request) for request in requests)
        lines = php.script("shop.php", PLUGIN / "includes", text=text).splitlines()
        return [json.loads(line) for line in lines]

    return visit


@pytest.fixture
def carts(visit):
    """Return a function that tells of each request the account or address, the cart's number and its items."""

    def carts(*requests):
        numbers = {}
        found = []
        for told in visit(*requests):
            for kind, customer, email, data in told:
                assert kind == "cart_updated"
                number = numbers.setdefault(data["cart"], len(numbers) + 1)
                items = {each["product_id"]: each["quantity"] for each in data["items"]}
                found.append((customer or email, number, items))
        return found

    return carts


def test_a_cart_is_told_when_its_items_change(visit):
    told = visit(
        ANNA | {"cart": {7: 1}},
        ANNA | {"cart": {7: 1}},
        ANNA | {"cart": {7: 2, 8: 1}},
        ANNA,
        ANNA,
    )
    assert [len(each) for each in told] == [1, 0, 1, 1, 0]
    kind, customer, email, data = told[2][0]
    assert (kind, customer, email) == ("cart_updated", 12, "anna@x.example")
    assert data == {
        "cart": told[0][0][3]["cart"],
        "items": [
            {"product_id": 7, "name": "Product 7 & more", "quantity": 2},
            {"product_id": 8, "name": "Product 8 & more", "quantity": 1},
        ],
        "total": "30.00",
    }
    assert told[3][0][3] == {"cart": data["cart"], "items": [], "total": "0.00"}


@pytest.mark.parametrize("status", ["processing", "on-hold", "pending", "completed"])
def test_an_order_is_no_emptied_cart_and_the_next_cart_is_a_new_one(carts, status):
    assert carts(
        ANNA | {"cart": {7: 1}},
        ANNA | {"order": status},
        ANNA,
        ANNA | {"cart": {7: 1}},
        ANNA,
    ) == [(12, 1, {7: 1}), (12, 2, {7: 1}), (12, 2, {})]


def test_an_order_that_failed_leaves_the_cart(carts):
    assert carts(
        ANNA | {"cart": {7: 1}},
        ANNA | {"cart": {7: 1}, "order": "failed"},
        ANNA | {"cart": {7: 1, 8: 1}},
        ANNA,
    ) == [(12, 1, {7: 1}), (12, 1, {7: 1, 8: 1}), (12, 1, {})]
    emptied = [ANNA | {"cart": {7: 1}, "order": "cancelled"}, ANNA]
    assert carts(ANNA | {"cart": {7: 1}}, *emptied) == [(12, 1, {7: 1}), (12, 1, {})]


def test_a_cart_comes_back_after_the_log_out(carts):
    assert carts(
        ANNA | {"cart": {7: 1}},
        ANNA | {"logout": True},
        {},
        ANNA | {"cart": {7: 1}},
        ANNA | {"cart": {8: 1}},
    ) == [(12, 1, {7: 1}), (12, 1, {8: 1})]


def test_a_guest_is_told_from_their_address_on(visit):
    told = visit(
        {"cart": {7: 1}, "view": 7},
        {"cart": {7: 1}, "typed": "not an address"},
        {"cart": {7: 1}, "typed": ["a@x.example"]},
        {"cart": {7: 1}, "typed": "Guest@X.example"},
        {"cart": {7: 1}, "view": 7},
    )
    assert [len(each) for each in told] == [0, 0, 0, 1, 1]
    assert told[4] == [["product_viewed", 0, "guest@x.example", {"product_id": 7}]]


def test_a_cart_leaves_whom_it_was_told_of(carts):
    assert carts(
        {"cart": {7: 1}, "typed": "mistyped@x.example"},
        {"cart": {7: 1}, "typed": "guest@x.example"},
        ANNA | {"cart": {7: 1}},
        ANNA | {"cart": {7: 1}, "login_email": "new@x.example"},
    ) == [
        ("mistyped@x.example", 1, {7: 1}),
        ("mistyped@x.example", 1, {}),
        ("guest@x.example", 1, {7: 1}),
        ("guest@x.example", 1, {}),
        (12, 1, {7: 1}),
    ]


def test_the_address_before_is_left_so_that_no_one_is_kept_because_of_it(visit):
    told = visit(
        {"cart": {7: 1}, "typed": "mistyped@x.example"},
        {"cart": {7: 1}, "typed": "guest@x.example"},
        {"cart": {}},
    )
    left = [(email, data.get("left", 0)) for each in told for _, _, email, data in each]
    assert left == [
        ("mistyped@x.example", 0),
        ("mistyped@x.example", 1),
        ("guest@x.example", 0),
        ("guest@x.example", 0),
    ]


def test_a_visit_can_have_ten_addresses_and_the_next_one_is_not_told(visit):
    typed = [{"cart": {7: 1}, "typed": f"guest{number}@x.example"} for number in range(12)]
    again = {"cart": {7: 2}, "typed": "guest3@x.example"}
    told = [[(each[2], len(each[3]["items"])) for each in some] for some in visit(*typed, again)]
    assert told[0] == [("guest0@x.example", 1)]
    assert told[9] == [("guest8@x.example", 0), ("guest9@x.example", 1)]
    assert told[10:] == [[("guest9@x.example", 0)], [], [("guest3@x.example", 1)]]


def test_more_than_sixty_new_addresses_an_hour_are_not_told_whoever_types_them(visit):
    typed = [
        {"cart": {7: 1}, "typed": f"guest{number}@x.example", "session": str(number)}
        for number in range(70)
    ]
    assert [len(each) for each in visit(*typed)] == [1] * 60 + [0] * 10


def test_customers_are_told_also_when_there_are_too_many_new_addresses(visit):
    typed = [
        {"cart": {7: 1}, "typed": f"guest{number}@x.example", "session": str(number)}
        for number in range(70)
    ]
    anna = {"cart": {7: 1}, "typed": "Anna@x.example", "known": ["anna@x.example"], "session": "a"}
    assert len(visit(*typed, anna)[-1]) == 1


def test_an_address_that_is_sent_again_with_each_change_counts_once(visit):
    typed = [{"cart": {7: 1}, "typed": "guest@x.example"}] * 70
    other = {"cart": {7: 1}, "typed": "other@x.example", "session": "two"}
    assert len(visit(*typed, other)[-1]) == 1


def test_a_view_is_told_once_a_minute(visit):
    told = visit(*(ANNA | {"view": product} for product in (7, 7, 8, 7, 8)))
    assert [len(each) for each in told] == [1, 0, 1, 0, 0]


def test_nothing_is_told_without_consent(visit):
    told = visit(
        ANNA | {"cart": {7: 1}, "view": 7, "consent": False},
        {"cart": {7: 1}, "typed": "guest@x.example", "consent": False},
        {"cart": {7: 1}, "view": 7, "consent": True},
        ANNA | {"view": 7, "consent": True},
    )
    assert [len(each) for each in told] == [0, 0, 0, 1]


def test_the_team_is_not_told(visit):
    assert visit(ANNA | {"view": 7, "cart": {7: 1}, "team": True}) == [[]]


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "curl/8.1",
        "python-requests/2.32",
    ],
)
def test_programs_are_not_told(visit, agent):
    assert visit(ANNA | {"view": 7, "cart": {7: 1}, "agent": agent}) == [[]]


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1",
        "Mozilla/5.0 (Linux; Android 13; CUBOT P60) Chrome/130.0 Mobile",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Edg/130.0",
    ],
)
def test_browsers_are_told(visit, agent):
    assert len(visit(ANNA | {"view": 7, "agent": agent})[0]) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_SEC_PURPOSE": "prefetch;prerender"},
        {"HTTP_PURPOSE": "prefetch"},
        {"HTTP_X_MOZ": "prefetch"},
        {"HTTP_X_PURPOSE": "preview"},
    ],
)
def test_pages_that_nobody_looks_at_yet_are_not_told(visit, headers):
    assert visit(ANNA | {"view": 7, "headers": headers}) == [[]]
