"""What customers do beyond buying: they agree to marketing or not, and use what they got."""

from __future__ import annotations

from tests import oracle
from tests.histories.rule_sets import CONSENT_META
from tests.histories.store_activity import EMAILS, StoreActivity
from wcflow.database import suppression
from wcflow.database.campaigns import load_campaigns
from wcflow.database.pools import add_codes
from wcflow.database.suppression import Suppression
from wcflow.evaluate.campaigns import start_campaign
from wcflow.evaluate.context import open_context
from wcflow.sandbox import subscriptions


class CustomerActivity(StoreActivity):
    """Activities of customers; ``finished_tasks`` are ids of tasks that the team has finished."""

    def __init__(self, sim, rule_set):
        super().__init__(sim, rule_set)
        self.finished_tasks = set()
        self.subscriptions, self.cancelled_subscriptions = {}, set()
        self.imported = 0
        self.import_codes(0)

    # Consent.

    def give_consent(self, pick):
        self._write_consent(pick, "yes")

    def withdraw_consent(self, pick):
        self._write_consent(pick, "no")

    def _write_consent(self, pick, word):
        accounts = sorted(self.accounts().values())
        if accounts:
            chosen = accounts[pick % len(accounts)]
            self.sandbox.edit_customer_meta(chosen, CONSENT_META, word, now=self.sim.now)

    def order_with_an_answer(self, pick):
        """A guest or account orders, and says at the checkout whether they agree."""
        email, word = EMAILS[pick % len(EMAILS)], ("yes", "yes", "no")[pick // 4 % 3]
        account = 0 if pick % 5 else self.accounts().get(oracle.normalize_email(email), 0)
        order = self.sandbox.place_order(
            now=self.sim.now,
            customer=account,
            email=email,
            items=self._lines("80.00", pick),
            meta={CONSENT_META: word},
        )
        self.paid_at[order] = self.sim.now

    # Addresses.

    def unsubscribe(self, pick):
        self._suppress(pick, "unsubscribed")

    def mailbox_disappears(self, pick):
        self._suppress(pick, "bounced")

    def _suppress(self, pick, kind):
        address = oracle.normalize_email(EMAILS[pick % len(EMAILS)])
        found = Suppression("email", address, kind, "", self.sim.now, "test")
        with self.sim.db.transaction() as tx:
            suppression.add(tx, "shop", found)

    # Coupons.

    def redeem_coupon(self, pick):
        """Order with a code that wcflow made for this customer."""
        codes = self.sandbox.coupon_codes()
        if codes:
            coupon = self.sandbox.coupon(codes[pick % len(codes)])
            (email,) = coupon["email_restrictions"] or EMAILS[:1]
            order = self.sandbox.place_order(
                now=self.sim.now,
                customer=self.accounts().get(oracle.normalize_email(email), 0),
                email=email,
                items=self._lines("120.00", pick),
                coupon_codes=[coupon["code"]],
            )
            self.paid_at[order] = self.sim.now

    # Subscriptions.

    def subscribe(self, pick):
        accounts = sorted(self.accounts().items())
        if accounts:
            email, account = accounts[pick % len(accounts)]
            state, fields = self.sandbox.state, {"customer_id": account, "email": email}
            number = subscriptions.begin(state, now=self.sim.now, **fields)
            self.subscriptions[number] = account, email

    def cancel_subscription(self, pick):
        state = self.sandbox.state  # deleted with their customer, they are not there any more
        left = self.subscriptions.keys() & state.subscriptions.keys() - self.cancelled_subscriptions
        if left:
            number = sorted(left)[pick % len(left)]
            subscriptions.change(state, number, now=self.sim.now, status="cancelled")
            self.cancelled_subscriptions.add(number)

    # The team.

    def import_codes(self, pick):
        """Import one or two new codes, and an old one again."""
        self.imported += 1 + pick % 2
        codes = [f"gift-{number}" for number in range(max(0, self.imported - 3), self.imported)]
        with self.sim.db.transaction() as tx:
            add_codes(tx, "shop", "gifts", codes, self.sim.now)

    def start_campaign(self, _pick):
        (campaign,) = self.sim.config.rules.campaigns
        (settings,) = self.sim.config.stores
        with self.sim.db.transaction() as tx:
            if not load_campaigns(tx, "shop"):
                context = open_context(tx, self.sim.config, settings, self.sim.now)
                start_campaign(tx, context, campaign, "by command", approved=True)


CUSTOMER_ACTIVITIES = (
    "give_consent",
    "give_consent",
    "withdraw_consent",
    "order_with_an_answer",
    "unsubscribe",
    "mailbox_disappears",
    "redeem_coupon",
    "subscribe",
    "cancel_subscription",
    "import_codes",
    "start_campaign",
)
