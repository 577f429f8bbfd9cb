"""After any activities, faults and crashes: deleted customers are gone, and nothing is done twice."""

from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.histories.fault_kinds import FAULTS
from tests.persons import person
from tests.search_settings import HISTORIES, LONG
from tests.simulation import ProcessKilled, Simulation
from wcflow import sync
from wcflow.cli.check_database import examine
from wcflow.customers import erasure
from wcflow.customers.bulk import change_many, load_saved_bulk, undo_bulk
from wcflow.customers.bulk_actions import BulkRequest, plan_change
from wcflow.customers.erasure import Orders
from wcflow.customers.import_lines import read_lines
from wcflow.customers.import_table import match_columns, read_table
from wcflow.customers.imports import Importer
from wcflow.database.edits import EditedBy
from wcflow.database.erase_person import count_held
from wcflow.database.erasures import load_erasures
from wcflow.database.people import load_person_ids
from wcflow.errors import WcflowError

RULES = """
[tag Known]
when = orders_count >= 1

[coupon welcome]
type = percent
amount = 10

[workflow hello]
trigger = first_order
do =
    create_coupon welcome
    add_note Code {{ coupon.code }} for {{ email }}
    wait 2d
    add_note Still here, {{ first_name }}

[workflow paid]
trigger = order_paid
do =
    add_note Paid
"""
NAMES = ("anna", "ben", "cleo", "dora")
REQUESTS = (
    "PUT /wc/v3/orders/*",
    "DELETE /wc/v3/*",
    "POST /wc/v3/coupons",
    "POST /wc/v3/orders/*/notes",
    "GET /wc/v3/orders*",
    "*",
)
PICK = st.sampled_from(NAMES)


def address(name):
    return f"{name}@example.com"


class ErasureHistories(RuleBasedStateMachine):
    """People order, register, are deleted and come back, while requests fail and processes die."""

    @initialize(hpos=st.booleans(), most=st.sampled_from([2, 100]))
    def open_store(self, hpos, most):
        self.resources = ExitStack()
        folder = Path(self.resources.enter_context(TemporaryDirectory()))
        self.sim = Simulation(folder, RULES, hpos=hpos, wcflow=f"max_writes = {most}")
        self.deleted, self.current, self.gone, self.most = {}, set(), set(), most
        self.changes, self.saved = 0, None
        self.sim.run_pass()
        for name in NAMES[:2]:
            self.customer_registers(name)
            self.customer_orders(name)
        self.customer_orders(NAMES[2])

    def account(self, name):
        """Return the account with this address, or nothing."""
        for number in self.sim.sandbox.customer_ids():
            if self.sim.sandbox.customer(number)["email"] == address(name):
                return number
        return 0

    def orders(self, name):
        account = self.account(name)
        found = [self.sim.sandbox.order(each) for each in self.sim.sandbox.order_ids()]
        return [
            each["id"]
            for each in found
            if each["billing"]["email"] == address(name)
            or (account and each["customer_id"] == account)
        ]

    @rule(name=PICK)
    def customer_orders(self, name):
        self.current.add(name)
        fields = {"first_name": name.title(), "city": f"{name}town"}
        self.sim.place_order(
            customer=self.account(name), email=address(name), billing=fields, status="processing"
        )

    @rule(name=PICK)
    def customer_registers(self, name):
        if not self.account(name):
            self.current.add(name)
            self.sim.register(address(name), first_name=name.title())

    @rule(name=PICK, mode=st.sampled_from(Orders))
    def customer_is_deleted(self, name, mode):
        account = self.account(name)
        key, (shop,) = f"c{account}" if account else f"g:{address(name)}", self.sim.config.stores
        with self.sim.db.transaction() as tx:
            who = person(tx, key)
            if who is None:
                return
            orders = self.orders(name)
            self.sim.advance(seconds=1)
            erasure.erase(tx, shop, who, self._by, orders=mode)
        self.gone.add(who)
        self.sim.advance(seconds=1)
        self.deleted |= dict.fromkeys(orders, mode)
        self.current.discard(name)

    @property
    def _by(self):
        return EditedBy("maria", self.sim.now)

    @rule(
        action=st.sampled_from(["add-tag", "add-to-group", "deactivate", "note"]),
        deletes=st.none() | st.tuples(PICK, st.sampled_from(Orders)),
    )
    def team_changes_everyone(self, action, deletes):
        """Someone can be deleted after they were selected."""
        self.changes += 1
        value = "" if action == "deactivate" else f"Bulk {self.changes}"
        with self.sim.db.reading() as tx:
            persons = load_person_ids(tx, "shop")
            planned = plan_change(tx, action, BulkRequest("shop", self.sim.config, value), [])
        if deletes:
            self.customer_is_deleted(*deletes)
        made = change_many(self.sim.db, "shop", persons, planned, self._by)
        self.saved = made.id or self.saved

    @rule(deletes=st.none() | st.tuples(PICK, st.sampled_from(Orders)))
    def team_imports_a_file(self, deletes):
        """Someone can be deleted after the file was read."""
        self.changes += 1
        text = "email,tags,group,note,company\n" + "".join(
            f"{address(name)},Bulk {self.changes},Bulk,{name} likes tea,Acme\n"
            for name in sorted(self.current)
        )
        table, (shop,) = read_table(text), self.sim.config.stores
        with self.sim.db.reading() as tx:
            columns = match_columns(table.columns, ())
            lines = read_lines(tx, "shop", table, columns, "", self.sim.now.date()).good
        if deletes:
            self.customer_is_deleted(*deletes)
        made = Importer(self.sim.db, self.sim.config, shop, lines).run(self._by)
        self.saved = made.id or self.saved

    @rule(deletes=st.none() | st.tuples(PICK, st.sampled_from(Orders)))
    def team_undoes_the_latest_of_these(self, deletes):
        if self.saved:
            with self.sim.db.reading() as tx:
                saved = load_saved_bulk(tx, ["shop"], self.saved)
            if deletes:
                self.customer_is_deleted(*deletes)
            undo_bulk(self.sim.db, saved, self._by)
            self.saved = None

    @contextmanager
    def within_the_write_limit(self):
        """Without an approval, a pass writes tags in as many places as the limit allows."""
        before = self.tagged_places()
        yield
        assert len(self.tagged_places() - before) <= self.most

    def tagged_places(self):
        sandbox = self.sim.sandbox
        found = {each for each in sandbox.order_ids() if self.has_bulk_tag(self.sim.tags(each))}
        accounts = sandbox.customer_ids()
        tagged = {each for each in accounts if self.has_bulk_tag(self.sim.customer_tags(each))}
        return found | {-each for each in tagged}

    @staticmethod
    def has_bulk_tag(tags):
        return any(tag.startswith("Bulk") for tag in tags)

    @rule()
    def run_pass(self):
        with self.within_the_write_limit(), suppress(WcflowError):
            self.sim.run_pass(approve=False, check_store=False)

    @rule(hours=st.sampled_from([0.02, 0.2, 30, 72]))
    def time_passes(self, hours):
        self.sim.advance(hours=hours)

    @rule()
    def run_nightly(self):
        with suppress(WcflowError):
            self.sim.nightly()

    @rule(
        kind=st.sampled_from(sorted(FAULTS)),
        effect=st.booleans(),
        only=st.sampled_from(REQUESTS),
        after=st.integers(0, 3),
        times=st.sampled_from([1, 2, 6]),
    )
    def sync_with_faults(self, kind, effect, only, after, times):
        FAULTS[kind](self.sim.faults, effect=effect, only=only, after=after, times=times)
        self.run_pass()

    @rule(steps=st.integers(0, 200), write=st.sampled_from([0, 0, 1, 3]))
    def crash_in_sync(self, steps, write):
        with (
            self.within_the_write_limit(),
            suppress(ProcessKilled, WcflowError),
            self.sim.crash_after(steps, from_write=write) as context,
        ):
            sync.sync_once(context)
        self.sim.reopen_database()
        self.sim.advance(minutes=11)

    def teardown(self):
        if not hasattr(self, "sim"):
            return
        try:
            self.settle()
            self.check_store()
            self.check_coupons()
            self.check_database()
        finally:
            self.sim.db.close()
            self.resources.close()

    def settle(self):
        self.sim.faults.recover()
        for hours in (8, 1, 1, 72, 1, 1):
            self.sim.advance(hours=hours)
            self.sim.run_pass()
        self.sim.nightly()
        self.sim.run_pass()

    def check_store(self):
        """Orders from before a deletion have no address, and no note but WooCommerce's own."""
        for number, mode in self.deleted.items():
            if mode is Orders.DELETE:
                assert number not in self.sim.sandbox.order_ids()
                continue
            if number not in self.sim.sandbox.order_ids():
                continue
            order = self.sim.sandbox.order(number)
            assert ("deleted@site.invalid", 0) == (order["billing"]["email"], order["customer_id"])
            assert ["Personal data removed."] == [
                each["note"] for each in self.sim.sandbox.notes(number)
            ]
            assert [] == [each["key"] for each in order["meta_data"]]

    def check_coupons(self):
        """Who comes back gets no second welcome coupon, and no coupon has an erased address."""
        found = [each for coupon in self.sim.coupons() for each in coupon["email_restrictions"]]
        assert not {*found} - {"deleted@site.invalid"} - {address(each) for each in self.current}
        assert len(found) <= len(NAMES), found

    def check_database(self):
        assert [] == examine(self.sim.db, self.sim.config, self.sim.now).problems
        with self.sim.db.reading() as tx:
            assert all(each.finished_at for each in load_erasures(tx, "shop"))
            for who in self.gone:
                held = count_held(tx, "shop", who)
                assert {"edits", "runs", "changes", "codes"} >= {
                    each for each in held if held[each]
                }
        with self.sim.db._engine.connect() as tx:
            lines = [*tx.connection.driver_connection.iterdump()]
        for name in {*NAMES} - self.current:
            assert not [line for line in lines if name in line.lower()], name


def test_every_history_of_deletions_keeps_the_laws():
    options = settings(
        max_examples=max(5, HISTORIES // 4),
        stateful_step_count=30 if LONG else 15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(ErasureHistories, settings=options)
