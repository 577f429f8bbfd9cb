"""A store's dashboard in a browser, and the companion plugin's REST as the daemon calls it."""

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4


def utc(**ago):
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Dashboard:
    """The dashboard of a store in a browser, and the plugin's REST as the daemon calls it."""

    def __init__(self, http, page):
        self.http, self.page = http, page
        self.dialogs = []
        self._pushed = []
        self.mark = self.request("GET", "status")["streams"]["requests"]["last"]
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def request(self, method, path, json=None, base="/wc-wcflow/v1/", **params):
        response = self.http.send(method, f"{base}{path}", params=params, json=json)
        assert response.status_code < 300, (method, path, response.status_code, response.text[:300])
        return response.json()

    def woo(self, method, path, json=None, **params):
        return self.request(method, path, json, "/wc/v3/", **params)

    def push(self, **card):
        """Push a card of a new person; return the person's id."""
        person = card.setdefault("person", random.randint(10**8, 10**9))
        card.setdefault("name", f"Vera {uuid4().hex[:8]}")
        card.setdefault("status", "active")
        body = {"generation": self._generation(), "people": [card], "gone": []}
        self.request("POST", "people", body)
        self._pushed.append(person)
        return person

    def forget(self):
        body = {"generation": self._generation(), "people": [], "gone": self._pushed}
        self.request("POST", "people", body)

    def _generation(self):
        """Return the generation of the store's cards, or one for a store without any."""
        return self.request("GET", "status")["generation"] or "live:1"

    def summarize(self, **summary):
        now = utc()
        self.request("PUT", "summary", {"daemon": "0", "sent_at": now, "polled_at": now, **summary})

    def customer(self, **more):
        """Register a customer whom the daemon has pushed; return account, address and person."""
        email = f"vera.{uuid4().hex[:8]}@example.com"
        account = self.woo("POST", "customers", {"email": email, "first_name": "Vera"})["id"]
        card = {"customer_id": account, "accounts": [account], "email": email, "emails": [email]}
        return account, email, self.push(**{**card, **more})

    def guest_order(self, **more):
        """Place an order as a guest whom the daemon has pushed; return the order and person."""
        email = f"gast.{uuid4().hex[:8]}@example.com"
        fields = {"status": "processing", "billing": {"email": email, "first_name": "Gast"}}
        order = self.woo("POST", "orders", fields)["id"]
        return order, self.push(**{"email": email, "emails": [email], **more})

    def open(self, path):
        self.page.goto(f"{self.http.url}/wp-admin/{path}")

    def open_customer(self, person):
        self.open(f"admin.php?page=wcflow&tab=customer&person={person}")

    def open_order(self, order):
        hpos = self.request("GET", "status")["hpos"]
        self.open(
            f"admin.php?page=wc-orders&action=edit&id={order}"
            if hpos
            else f"post.php?action=edit&post={order}"
        )

    def open_orders(self, query=""):
        hpos = self.request("GET", "status")["hpos"]
        self.open(("admin.php?page=wc-orders" if hpos else "edit.php?post_type=shop_order") + query)

    def press(self, button):
        self.page.get_by_role("button", name=button).click()
        self.page.wait_for_load_state()

    def rows(self, wanted):
        """Return the mailbox's rows since the test began, once there are as many as wanted."""
        for _ in range(40):
            read = self.request("GET", "requests", after=0, key="", limit=500)["rows"]
            rows = [row for row in read if row["id"] > self.mark]
            if len(rows) >= wanted:
                return rows
            time.sleep(0.25)
        raise AssertionError(f"{len(rows)} of {wanted} requests arrived")

    def requests(self, wanted):
        rows = self.rows(wanted)
        return [(row["person"], row["action"], row["data"]) for row in rows]

    def answer(self, row, state, words):
        answers = [{"id": row["id"], "key": row["key"], "state": state, "words": words}]
        self.request("POST", "requests/answers", {"answers": answers})


def log_in(browser, http, name, password):
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.goto(f"{http.url}/wp-login.php")
    page.fill("#user_login", name)
    page.fill("#user_pass", password)
    page.click("#wp-submit")
    page.wait_for_load_state()
    return page
