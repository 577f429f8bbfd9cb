"""Shipped recipes with a real WooCommerce and a real mail server, over days and weeks.

The days pass for wcflow only: its clock and its idea of the store's clock are set ahead together.
"""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.live.conftest import Live, live_address
from tests.mail_host import mail_host
from wcflow import maintenance, sync
from wcflow.config.recipes import load_recipes
from wcflow.database.tasks import load_tasks
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.poll.pools import import_codes

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SMTP = """
[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = Live Shop <shop@example.com>
"""


class LiveWorkflows(Live):
    """A wcflow with recipes, a mailbox, and a clock that can be set ahead.

    Consent is a field of this test run only: customers of earlier runs have none.
    """

    def __init__(self, url, ca, folder, recipes, mail, port):
        self.consent = f"newsletter_{uuid4().hex[:8]}"
        rules = f"consent_meta = {self.consent}\n{SMTP.format(port=port)}"
        for recipe in recipes:
            for path, text in load_recipes()[recipe].contents.items():
                copy = folder / "recipes" / path
                copy.parent.mkdir(parents=True, exist_ok=True)
                live = text.replace("mode = dry_run\n", "")
                copy.write_text(live.replace("low_water = 20", "verify = yes"))
        super().__init__(url, ca, folder, rules, "agent = sam@example.com\ninclude = recipes/*.ini")
        self.mail = mail

    def sync_after(self, length):
        """Run passes, with approved changes, as if this much time had passed since the start."""
        context = self.context_ahead(length)
        channels = open_channels(self.config, context.settings, self.db, context.clock)
        context = replace(context, channels=channels)
        sync.refresh_store_info(context)
        sync.sync_once(context, write=False)
        maintenance.approve(context)
        while (delivered := sync.sync_once(context).delivered).done:
            assert 0 == delivered.failed
        close_channels(channels)

    def import_codes(self, pool, *codes):
        file = self.folder / "codes.txt"
        file.write_text("\n".join(codes))
        import_codes(self.db, self.context.name, pool, file, self.context.clock())

    def notices(self):
        """Return what the team was told."""
        with self.db.reading() as tx:
            tasks = load_tasks(tx, self.context.name, states=("open", "done"))
        return [task.text for task in tasks]

    def agreeing(self, answer="yes"):
        return [{"key": self.consent, "value": answer}]

    def register_with_consent(self, name):
        number = self.register(name)
        self.request("PUT", f"customers/{number}", json={"meta_data": self.agreeing()})
        return number

    def withdraw_consent(self, customer):
        self.request("PUT", f"customers/{customer}", json={"meta_data": self.agreeing("no")})

    def mails(self, name):
        """Return the subjects of the e-mails that someone got."""
        address = self.email(name)
        return [m["Subject"] for m in self.mail.messages if address in m["To"]]

    def last_mail(self, name):
        return next(m for m in self.mail.messages[::-1] if self.email(name) in m["To"])


@pytest.fixture
def shop(tmp_path):
    """Return a function that opens a store with recipes, before anything happens in it."""
    url, ca = live_address()

    @contextmanager
    def open_shop(*recipes):
        with mail_host() as (mail, port):
            store = LiveWorkflows(url, ca, tmp_path, recipes, mail, port)
            try:
                store.sync_after(timedelta())
                yield store
            finally:
                store.close()

    return open_shop


def plain_text(message):
    return message.get_body(("plain",)).get_content()


def test_the_welcome_series_comes_on_its_days_and_ends_with_the_second_order(shop):
    with shop("welcome-series") as store:
        cara, will = store.register_with_consent("Cara"), store.register_with_consent("Will")
        store.place_order("Cara", customer=cara)
        store.place_order("Will", customer=will)
        store.place_order("Nora", customer=store.register("Nora"))
        store.place_order("Gus", meta_data=store.agreeing())
        seen = []
        for days in (0, 2, 3, 6, 7):
            store.sync_after(days * DAY + timedelta(minutes=2))
            seen.append(len(store.mails("Cara")))
        store.place_order("Will", customer=will)
        for days in (13, 14, 21):
            store.sync_after(days * DAY + timedelta(minutes=3))
            seen.append(len(store.mails("Cara")))
        series = [
            "Thank you for your first order",
            "Three things that are good to know",
            "10% off your next order",
            "Your 10% off is still waiting",
        ]
        assert [1, 1, 2, 2, 3, 3, 4, 4] == seen
        assert (series, series[:3]) == (store.mails("Cara"), store.mails("Will"))
        assert ([], series) == (store.mails("Nora"), store.mails("Gus"))
        (coupon,) = store.coupons("Cara", "thanks")
        assert coupon["code"].upper() in plain_text(store.last_mail("Cara")).upper()


def test_consent_that_is_withdrawn_ends_the_welcome_series(shop):
    with shop("welcome-series") as store:
        cleo = store.register_with_consent("Cleo")
        store.place_order("Cleo", customer=cleo)
        store.sync_after(timedelta(minutes=2))
        store.withdraw_consent(cleo)
        with_order = store.place_order("Zora")  # a pass with something to read
        store.sync_after(3 * DAY + timedelta(minutes=2))
        assert with_order
        assert ["Thank you for your first order"] == store.mails("Cleo")


DRAFT = """
$order = wc_create_order(array('status' => 'checkout-draft', 'created_via' => 'store-api'));
$order->add_product(wc_get_product(%(product)d), 1);
$order->set_billing_email('%(email)s');
$order->set_billing_first_name('%(name)s');
$order->set_customer_id(%(customer)d);
$order->calculate_totals();
$order->save();
echo $order->get_status();
"""
"""What the block checkout saves while a customer fills in the form."""


def leave_checkout(store, name):
    """Leave an order unpaid, as when the customer closes the page of the payment provider."""
    fields = {"status": "pending", "set_paid": False, "meta_data": store.agreeing()}
    return store.place_order(name, **fields)


def test_who_leaves_a_checkout_is_reminded_until_they_pay(shop):
    with shop("cart-recovery") as store:
        paula = leave_checkout(store, "Paula")
        leave_checkout(store, "Luis")
        seen = []
        for after in (HOUR / 2, HOUR + HOUR / 6, 25 * HOUR):
            store.sync_after(after)
            seen.append((len(store.mails("Luis")), len(store.mails("Paula"))))
        store.request("PUT", f"orders/{paula}", json={"status": "processing", "set_paid": True})
        for after in (26 * HOUR, 50 * HOUR, 7 * DAY, 8 * DAY):
            store.sync_after(after)
            seen.append((len(store.mails("Luis")), len(store.mails("Paula"))))
        assert [(0, 0), (1, 1), (2, 2), (2, 2), (3, 2), (3, 2), (4, 2)] == seen
        assert ["Your cart is still here", "Can we help with your order?"] == store.mails("Paula")
        (coupon,) = store.coupons("Luis", "cart")
        third = next(m for m in store.mail.messages if "10%" in m["Subject"])
        assert coupon["code"].upper() in plain_text(third).upper()


def test_a_checkout_that_was_only_begun_is_an_abandoned_one(shop, php):
    """The store keeps it as a draft, which no page of its dashboard shows."""
    with shop("cart-recovery") as store:
        dana = {"name": "Dana", "email": store.email("Dana")}
        dana |= {"customer": store.register_with_consent("Dana"), "product": store.product}
        assert "checkout-draft" == php(DRAFT % dana)
        store.sync_after(HOUR / 2)
        early = store.mails("Dana")
        store.sync_after(HOUR + HOUR / 6)
        assert ([], ["Your cart is still here"]) == (early, store.mails("Dana"))


POOL = "1year_anniversary_discount"


def test_the_anniversary_of_the_first_order_brings_a_code_while_there_is_one(shop):
    """A code that the store does not have is passed over; without a code the team is told."""
    with shop("first-purchase-anniversary") as store:
        codes = [f"year-{store.run_id}-{word}" for word in ("gone", "good")]
        store.request("POST", "coupons", json={"code": codes[1], "amount": "5"})
        store.import_codes(POOL, *codes)
        agreed = {name: store.register_with_consent(name) for name in ("Ines", "Iris")}
        for name, number in {**agreed, "Ida": store.register("Ida")}.items():
            store.place_order(name, customer=number)
        store.sync_after(364 * DAY)
        early = [store.mails(name) for name in agreed]
        store.sync_after(365 * DAY + timedelta(minutes=2))
        got = [name for name in agreed if store.mails(name)]
        assert ([[], []], 1, []) == (early, len(got), store.mails("Ida"))
        (other,) = agreed.keys() - got
        assert codes[1] in plain_text(store.last_mail(got[0])).lower()
        assert [f"No code is left for {store.email(other)}."] == store.notices()
        tags = {name: store.tags(f"customers/{number}") for name, number in agreed.items()}
        assert {got[0]: {"coupon_1year_anniversary"}, other: set()} == tags


def test_points_and_tier_are_shown_on_the_account_and_follow_refunds(shop):
    with shop("loyalty-points", "loyalty-tiers") as store:
        tess = store.register_with_consent("Tess")
        order = store.place_order("Tess", total="520.00", customer=tess)
        store.sync_after(timedelta(minutes=2))
        before = shown_standing(store, tess)
        refund = {"amount": "500.00", "api_refund": False}
        store.request("POST", f"orders/{order}/refunds", json=refund)
        store.sync_after(timedelta(minutes=4))
        refunded = shown_standing(store, tess)
        store.sync_after(31 * DAY)
        assert [("102", "Silver"), ("52", "Silver"), ("52", None)] == [
            before,
            refunded,
            shown_standing(store, tess),
        ]
        assert ["You are Silver now"] == store.mails("Tess")[:1]


def shown_standing(store, customer):
    """Return the points and the tier in the fields of an account; None without a tier."""
    path = f"customers/{customer}"
    return store.meta(path, "wcflow_points"), store.meta(path, "wcflow_tier") or None
