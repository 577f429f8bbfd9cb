"""The companion plugin in a real shop: what it tells of customers and guests, and the addresses in e-mails."""

import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
import requests

from tests.companion.test_companion_tokens import encode
from tests.live.conftest import live_address
from tests.live.real_store import RealStore
from wcflow.rules.unsubscribe import Subscriber, unsubscribe_token

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
SECRET = "a secret of the database"
SETTLED = 2.2
"""Seconds after which the plugin serves a row."""


@dataclass
class Shop:
    """A store with the plugin."""

    store: RealStore
    run_id: str
    last: tuple[int, str] = (0, "")
    read: list = field(default_factory=list)

    def api(self, method, path, **arguments):
        response = self.store.send(method, path, **arguments)
        assert response.status_code < 300, (method, path, response.status_code, response.text[:300])
        return response.json()

    def email(self, name):
        return f"{name}.{self.run_id}@example.com"

    def register(self, name, **fields):
        customer = {"email": self.email(name), "username": f"{name}.{self.run_id}", **fields}
        return self.api("POST", "/wc/v3/customers", json=customer)["id"]

    def rows(self):
        """Return the rows of the stream of events since the tests began."""
        more = True
        while more:
            query = {"after": self.last[0], "key": self.last[1], "limit": 500}
            page = self.api("GET", "/wc-wcflow/v1/events", params=query)
            assert page["reset"] is False
            self.read += page["rows"]
            more = page["more"]
            if page["rows"]:
                self.last = (page["rows"][-1]["id"], page["rows"][-1]["key"])
        return self.read

    def sent(self, name):
        """Return the events of an address: kind and data."""
        time.sleep(SETTLED)
        return [
            (row["kind"], row["data"]) for row in self.rows() if row["email"] == self.email(name)
        ]

    def told(self, token):
        """Return the events with a token: kind and link."""
        time.sleep(SETTLED)
        rows = [row for row in self.rows() if row["data"].get("token") == token]
        return [(row["kind"], row["data"].get("url")) for row in rows]

    def sign(self, *body):
        text = json.dumps(body).encode()
        return f"{encode(text)}.{encode(hmac.new(self.key('link'), text, hashlib.sha256).digest()[:16])}"

    @staticmethod
    def key(purpose):
        return hmac.new(SECRET.encode(), purpose.encode(), hashlib.sha256).digest()


class Visitor:
    """A browser without JavaScript."""

    def __init__(self, store):
        self._store, self._session = store, requests.Session()
        self._session.headers["User-Agent"] = BROWSER
        self._nonce = ""

    def send_always(self, headers=(), cookies=()):
        """Send these with every request from now on."""
        self._session.headers.update(headers)
        host = urlsplit(self._store.url).hostname
        # To Python's cookies, a name without a dot is one of the local network.
        domain = host if "." in host else f"{host}.local"
        for name, value in dict(cookies).items():
            self._session.cookies.set(name, value, domain=domain)

    def send(self, method, path, **arguments):
        return self._session.request(
            method,
            f"{self._store.url}{path}",
            verify=self._store.ca or True,
            timeout=60,
            **arguments,
        )

    def get(self, path, **arguments):
        response = self.send("GET", path, **arguments)
        assert response.status_code == 200, (path, response.status_code)
        return response.text

    def log_in(self, name, password):
        nonce = re.search(r'name="woocommerce-login-nonce" value="(\w+)"', self.get("/my-account/"))
        form = {"username": name, "password": password, "login": "Log in"}
        form["woocommerce-login-nonce"] = nonce[1]
        assert "customer-logout" in self.send("POST", "/my-account/", data=form).text

    def log_out(self):
        address = re.search(
            r'href="[^"]*?(/my-account/customer-logout/[^"]*)"', self.get("/my-account/")
        )
        assert "woocommerce-login-nonce" in self.get(
            address[1].replace("&#038;", "&").replace("&amp;", "&")
        )

    def cookies(self):
        return list(self._session.cookies.keys())

    def block(self, path, **fields):
        """Do what the block checkout does by the Store API."""
        if not self._nonce:
            self._nonce = self.send("GET", "/wp-json/wc/store/v1/cart").headers["Nonce"]
        headers = {"Nonce": self._nonce}
        response = self.send("POST", f"/wp-json/wc/store/v1/{path}", json=fields, headers=headers)
        assert response.status_code < 300, (path, response.status_code, response.text[:300])
        return response.json()


@pytest.fixture(scope="module")
def shop():
    store = RealStore(*live_address())
    found = Shop(store, uuid4().hex[:8])
    status = store.send("GET", "/wc-wcflow/v1/status")
    if status.status_code == 404:
        pytest.skip("the companion plugin is not active")
    found.rows()
    found.read.clear()
    return found


@pytest.fixture(autouse=True)
def keys(shop):
    """Give the plugin keys and topics, whatever a daemon has given it before."""
    settings = {
        "digest": f"test {shop.run_id}",
        "unsubscribe_key": shop.key("unsubscribe").hex(),
        "link_key": shop.key("link").hex(),
        "topics": [
            {"name": "email", "label": "E-mail", "meta": "accepts_marketing"},
            {"name": "sms", "label": "<b>SMS</b>", "meta": "accepts_sms"},
        ],
    }
    shop.api("PUT", "/wc-wcflow/v1/settings", json=settings)


@pytest.fixture(scope="module")
def products(shop):
    """Return two products with a category."""
    found = shop.api("GET", "/wc/v3/products", params={"per_page": 20, "type": "simple"})
    return [each for each in found if each["purchasable"] and each["categories"]][:2]


@pytest.fixture
def visitor(shop):
    return Visitor(shop.store)


def path_of(address):
    return "/" + address.split("/", 3)[3]


def only(kind, events):
    return [data for each, data in events if each == kind]


def test_a_customer_is_followed_through_the_shop(shop, products, visitor):
    one, other = products
    shop.register("anna", password="a password")
    visitor.get(f"/?add-to-cart={one['id']}")
    visitor.get(path_of(one["permalink"]))
    visitor.log_in(shop.email("anna"), "a password")
    visitor.get(path_of(one["permalink"]))
    visitor.get(path_of(one["permalink"]))
    category = shop.api("GET", f"/wc/v3/products/categories/{one['categories'][0]['id']}")
    visitor.get(f"/?product_cat={category['slug']}")
    visitor.get(f"/?s={one['name'][:4]}&post_type=product")
    visitor.get("/?s=no%20such%20%3Cscript%3E%F0%9F%9B%92&post_type=product")
    visitor.get(f"/?add-to-cart={other['id']}")
    visitor.get("/cart/")
    events = shop.sent("anna")
    assert only("logged_in", events) == [{}]
    assert only("product_viewed", events)[0] == {"product_id": one["id"], "name": one["name"]}
    assert len({view["product_id"] for view in only("product_viewed", events)}) == len(
        only("product_viewed", events)
    )
    assert only("category_viewed", events) == [
        {"category": one["categories"][0]["name"].replace("&amp;", "&")}
    ]
    found, nothing = only("search", events)
    assert found["words"] == one["name"][:4]
    assert found["results"] >= 1
    assert nothing == {"words": "no such 🛒", "results": 0}
    first, second = only("cart_updated", events)
    assert first["cart"] == second["cart"]
    assert [(each["product_id"], each["quantity"]) for each in second["items"]] == [
        (one["id"], 1),
        (other["id"], 1),
    ]
    assert float(second["total"]) > float(first["total"]) > 0


def test_a_cart_outlives_the_log_out(shop, products, visitor):
    one, other = products
    shop.register("bea", password="a password")
    visitor.log_in(shop.email("bea"), "a password")
    visitor.get(f"/?add-to-cart={one['id']}")
    visitor.log_out()
    visitor.get(path_of(one["permalink"]))
    visitor.log_in(shop.email("bea"), "a password")
    visitor.get("/shop/")
    visitor.get(f"/?add-to-cart={other['id']}")
    events = shop.sent("bea")
    assert len(only("logged_in", events)) == 2
    assert only("product_viewed", events) == []
    carts = only("cart_updated", events)
    assert [len(cart["items"]) for cart in carts] == [1, 2]
    assert len({cart["cart"] for cart in carts}) == 1


def test_a_guest_is_known_once_they_leave_an_address(shop, products, visitor):
    one, other = products
    visitor.get(path_of(one["permalink"]))
    visitor.block("cart/add-item", id=one["id"], quantity=2)
    assert not any("wcflow" in name for name in visitor.cookies())
    address = {"first_name": "Cleo", "last_name": "C", "address_1": "Weg 1", "city": "Berlin"}
    address |= {"postcode": "10115", "country": "DE", "email": shop.email("mistyped")}
    visitor.block("cart/update-customer", billing_address=address)
    address["email"] = shop.email("cleo").upper()
    visitor.block("cart/update-customer", billing_address=address)
    visitor.get(path_of(other["permalink"]))
    shipping = {key: value for key, value in address.items() if key != "email"}
    placed = visitor.block(
        "checkout", billing_address=address, shipping_address=shipping, payment_method="cod"
    )
    assert placed["payment_result"]["payment_status"] == "success"
    visitor.get("/shop/")
    visitor.block("cart/add-item", id=other["id"], quantity=1)
    left, emptied = only("cart_updated", shop.sent("mistyped"))
    assert (len(left["items"]), emptied["items"], emptied["total"]) == (1, [], "0.00")
    events = shop.sent("cleo")
    assert only("product_viewed", events) == [{"product_id": other["id"], "name": other["name"]}]
    first, second = only("cart_updated", events)
    assert first["cart"] == left["cart"] != second["cart"]
    assert first["items"] == [{"product_id": one["id"], "name": one["name"], "quantity": 2}]
    assert [each["product_id"] for each in second["items"]] == [other["id"]]


def test_an_emptied_cart_is_told_once(shop, products, visitor):
    visitor.block("cart/add-item", id=products[0]["id"], quantity=1)
    visitor.block(
        "cart/update-customer", billing_address={"email": shop.email("dora"), "country": "DE"}
    )
    (item,) = visitor.send("GET", "/wp-json/wc/store/v1/cart").json()["items"]
    visitor.block("cart/remove-item", key=item["key"])
    visitor.get("/shop/")
    visitor.get("/cart/")
    visitor.block("cart/add-item", id=products[0]["id"], quantity=1)
    carts = only("cart_updated", shop.sent("dora"))
    assert [len(cart["items"]) for cart in carts] == [1, 0, 1]
    assert len({cart["cart"] for cart in carts}) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": ""},
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
    ],
)
def test_programs_and_prefetched_pages_are_not_told(shop, products, visitor, headers):
    name = f"emma{abs(hash(str(headers)))}"
    visitor.block(
        "cart/update-customer", billing_address={"email": shop.email(name), "country": "DE"}
    )
    visitor.block("cart/add-item", id=products[1]["id"], quantity=1)
    visitor.get(path_of(products[0]["permalink"]), headers=headers)
    visitor.send("HEAD", path_of(products[0]["permalink"]))
    visitor.send("POST", path_of(products[0]["permalink"]))
    visitor.get("/?feed=rss2&post_type=product")
    assert only("product_viewed", shop.sent(name)) == []


@pytest.fixture
def classic_checkout(php):
    """Return the path of a page with the classic checkout."""
    page = "'post_type' => 'page', 'post_status' => 'publish', 'post_title' => 'Classic checkout'"
    made = f"wp_insert_post(array({page}, 'post_content' => '[woocommerce_checkout]'))"
    number = php(f"echo {made};")
    yield f"/?page_id={number}"
    php(f"wp_delete_post({number}, true);")


def test_the_classic_checkout_tells_the_address(shop, products, visitor, classic_checkout):
    visitor.get(f"/?add-to-cart={products[0]['id']}")
    page = visitor.get(classic_checkout)
    assert "'#billing_email'" in page
    nonce = re.search(r'"update_order_review_nonce":"(\w+)"', page)[1]
    typed = urlencode({"billing_first_name": "Jo", "billing_email": shop.email("jo")})
    form = {"security": nonce, "country": "DE", "post_data": typed}
    answer = visitor.send("POST", "/?wc-ajax=update_order_review", data=form)
    assert answer.json()["result"] == "success"
    (cart,) = only("cart_updated", shop.sent("jo"))
    assert [each["product_id"] for each in cart["items"]] == [products[0]["id"]]


def test_what_is_switched_off_is_not_told(shop, products, visitor, php):
    shop.register("kim", password="a password")
    php("Wcflow_Settings::save_events(array('product_viewed' => true));")
    try:
        visitor.log_in(shop.email("kim"), "a password")
        visitor.get(path_of(products[0]["permalink"]))
        visitor.get(f"/?s={products[0]['name']}&post_type=product")
        visitor.get(f"/?add-to-cart={products[0]['id']}")
        token = shop.sign("open", "main", f"off {shop.run_id}")
        assert visitor.send("GET", f"/?wcflow_open={token}").status_code == 200
        assert {kind for kind, _ in shop.sent("kim")} == {"product_viewed"}
        assert shop.told(token) == []
    finally:
        php("Wcflow_Settings::save_events(array_fill_keys(Wcflow_Settings::EVENTS, true));")


def consent(shop, customer, meta="accepts_marketing"):
    rows = shop.api("GET", f"/wc/v3/customers/{customer}")["meta_data"]
    return next((row["value"] for row in rows if row["key"] == meta), None)


def unsubscribe_path(shop, name):
    subscriber = Subscriber("main", 17, shop.email(name), "welcome")
    return f"/?wcflow={unsubscribe_token(SECRET, subscriber)}"


def test_only_a_post_unsubscribes(shop, visitor):
    meta = [{"key": "accepts_marketing", "value": "yes"}, {"key": "accepts_sms", "value": "yes"}]
    customer = shop.register("gitta", meta_data=meta)
    path = unsubscribe_path(shop, "gitta")
    asked = visitor.send("GET", path)
    visitor.send("HEAD", path)
    assert (asked.status_code, consent(shop, customer)) == (200, "yes")
    assert shop.email("gitta") in asked.text
    assert "&lt;b&gt;SMS&lt;/b&gt;" in asked.text
    assert "no-store" in asked.headers["Cache-Control"]
    assert not asked.headers.get("Set-Cookie")
    answers = [
        visitor.send(
            "POST", path, data={"List-Unsubscribe": "One-Click"}, headers={"User-Agent": agent}
        )
        for agent in ("", "Gmail-bot/1.0")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert (consent(shop, customer), consent(shop, customer, "accepts_sms")) == ("no", "yes")
    token = path.split("=", 1)[1]
    assert shop.sent("gitta") == [("unsubscribed", {"token": token, "topics": ["email"]})]


def test_the_page_lets_people_choose(shop, visitor):
    customer = shop.register("hanna", meta_data=[{"key": "accepts_marketing", "value": "yes"}])
    path = unsubscribe_path(shop, "hanna")
    nothing = visitor.send("POST", path, data={"wcflow_form": "1"})
    odd = visitor.send("POST", path, data={"wcflow_form": "1", "wcflow_topics[][]": "email"})
    assert (nothing.status_code, odd.status_code) == (200, 200)
    assert consent(shop, customer) == "yes"
    visitor.send("POST", path, data={"wcflow_form": "1", "wcflow_topics[]": ["sms", "email", "x"]})
    assert consent(shop, customer) == "no"
    assert consent(shop, customer, "accepts_sms") == "no"
    assert [data["topics"] for _, data in shop.sent("hanna")] == [["email", "sms"]]


def test_a_forged_address_does_nothing(shop, visitor):
    customer = shop.register("ida", meta_data=[{"key": "accepts_marketing", "value": "yes"}])
    token = unsubscribe_path(shop, "ida").split("=", 1)[1]
    body, mac = token.split(".")
    forged = [
        *(f"{body}.{mac[:-1]}", f"{body}.", body, "", ".", "%ff%fe.%ff", "a" * 6000),
        *(f"{token}%0d%0aX-Evil:1", f"{token}=", "x.y"),
    ]
    paths = [
        *(f"/?wcflow={each}" for each in forged),
        f"/?wcflow[]={token}",
        f"/?wcflow[a][b]={token}",
    ]
    for path in paths:
        for method in ("GET", "POST"):
            answer = visitor.send(method, path, allow_redirects=False)
            assert answer.status_code == 400, (method, path)
            assert "X-Evil" not in answer.headers
    assert consent(shop, customer) == "yes"
    assert shop.sent("ida") == []


def test_an_opened_email_is_told(shop, visitor):
    token = shop.sign("open", "main", shop.run_id)
    answer = visitor.send("GET", f"/?wcflow_open={token}")
    visitor.send("HEAD", f"/?wcflow_open={token}")
    assert (answer.headers["Content-Type"], answer.content[:6]) == ("image/gif", b"GIF89a")
    assert "no-store" in answer.headers["Cache-Control"]
    assert shop.told(token) == [("email_opened", None)]


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://elsewhere.example/a?b=c&d=$e'f#g", "https://elsewhere.example/a?b=c&d=$e'f#g"),
        ("http://elsewhere.example/ü|", "http://elsewhere.example/%C3%BC%7C"),
    ],
)
def test_a_clicked_link_leads_to_its_target(shop, visitor, url, location):
    token = shop.sign("click", "main", shop.run_id, url)
    answer = visitor.send("GET", f"/?wcflow_click={token}", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)
    assert shop.told(token) == [("email_clicked", url)]


@pytest.mark.parametrize(
    "url",
    ["//evil.example", "javascript:alert(1)", "https://shop.example\\@evil.example", "a\r\nX: 1"],
)
def test_an_odd_link_leads_to_the_shop(shop, visitor, url):
    signed = shop.sign("click", "main", shop.run_id, url)
    for token in (signed, url, f"https://evil.example/#{signed}"):
        answer = visitor.send("GET", "/", params={"wcflow_click": token}, allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["Location"].rstrip("/") == shop.store.url
        assert shop.told(token) == []
