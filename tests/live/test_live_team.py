"""Tags, status and edits by command with a real WooCommerce."""

import pytest

from tests.persons import person
from wcflow import sync
from wcflow.customers import edits, fields, status, tags
from wcflow.database.customers import load_customers
from wcflow.database.edits import EditedBy, find_edit
from wcflow.database.outbox import load_entries


class Team:
    """A team that works on the store of the live tests."""

    def __init__(self, live):
        self.live, self.store = live, live.context.name

    def do(self, operation, customer, *words, **more):
        with self.live.db.transaction() as tx:
            who = person(tx, f"c{customer}", self.store)
            return operation(tx, self.store, who, *words, self.by, **more)

    def edit(self, customer, copy_billing=False, **values):
        wanted = {name.replace("__", "."): value for name, value in values.items()}
        (settings,) = self.live.config.stores
        with self.live.db.transaction() as tx:
            who = person(tx, f"c{customer}", self.store)
            more = {"copy_billing": copy_billing}
            return fields.edit_fields(tx, settings, who, wanted, self.by, **more)

    def undo(self, outcome):
        with self.live.db.transaction() as tx:
            return edits.undo(tx, find_edit(tx, outcome.edit), self.by)

    @property
    def by(self):
        return EditedBy("maria", self.live.context.clock())

    def local(self, customer):
        with self.live.db.reading() as tx:
            return load_customers(tx, self.store, [customer])[customer]

    def outcome_of(self, outcome):
        with self.live.db.reading() as tx:
            found = load_entries(tx, self.store, kinds=["customer_fields"], limit=None)
        return next(each for each in found if each.event == f"edit {outcome.edit}")


@pytest.fixture
def team(live):
    return Team(live)


def test_a_tag_by_hand_is_on_the_account_and_the_order_until_someone_removes_it(live, team):
    tina = live.register("Tina")
    order = live.place_order("Tina", customer=tina)
    live.run_pass()
    team.do(tags.add_tag, tina, "Team Wholesale")
    live.run_pass()
    places = [f"customers/{tina}", f"orders/{order}"]
    assert [True, True] == ["Team Wholesale" in live.tags(each) for each in places]
    live.run_pass()
    with live.db.transaction() as tx:
        plan = tags.plan_rename(tx, team.store, "Team Wholesale", "Team B2B", live.config.rules)
        renamed = tags.change_everywhere(tx, team.store, plan, team.by)
    live.run_pass()
    assert [True, True] == ["Team B2B" in live.tags(each) for each in places]
    assert "Team Wholesale" not in live.tags(places[0])
    team.undo(renamed)
    team.do(tags.remove_tag, tina, "Team Wholesale")
    live.run_pass()
    found = {tag for each in places for tag in live.tags(each)}
    assert set() == {tag for tag in found if tag.startswith("Team")}


def test_the_status_is_shown_only_while_it_is_inactive(live, team):
    tom = live.register("Tom")
    live.run_pass()
    team.do(status.deactivate, tom)
    live.run_pass()
    assert "inactive" == live.meta(f"customers/{tom}", "wcflow_status")
    team.do(status.activate, tom)
    live.run_pass()
    assert not live.meta(f"customers/{tom}", "wcflow_status")


def test_edited_names_and_addresses_are_in_the_store_and_an_undo_restores_them(live, team):
    tess = live.register("Tessa")
    live.run_pass()
    done = team.edit(
        tess,
        copy_billing=True,
        first_name="Thérèse",
        email=live.email("Therese"),
        billing__address_1="Rue de l'Église 7 & 8",
        billing__postcode="67000",
        billing__city="Straßburg",
        billing__country="fr",
        billing__phone="+33 3 88 00 00 00",
    )
    assert 1 == live.run_pass()
    saved = live.request("GET", f"customers/{tess}")
    assert ("Thérèse", live.email("Therese")) == (saved["first_name"], saved["email"])
    assert ("Straßburg", "FR") == (saved["billing"]["city"], saved["billing"]["country"])
    assert "Rue de l'Église 7 & 8" == saved["shipping"]["address_1"]
    assert "Rue de l'Église 7 & 8" == team.local(tess).billing.address_1
    team.undo(done)
    assert 1 == live.run_pass()
    saved = live.request("GET", f"customers/{tess}")
    assert ("Tessa", live.email("Tessa")) == (saved["first_name"], saved["email"])
    assert ("", "") == (saved["billing"]["city"], saved["shipping"]["country"])


def test_what_the_store_refuses_is_told_in_its_own_words(live, team):
    """The other account is not in the local copy yet."""
    ted = live.register("Ted")
    live.run_pass()
    live.register("Taken")
    done = team.edit(ted, email=live.email("Taken"))
    sync.sync_once(live.context)
    entry = team.outcome_of(done)
    # The poll of this pass has read the other account, but only the store decides.
    assert "failed" == entry.state
    assert "HTTP 400" in entry.outcome
    assert live.email("Taken") not in entry.outcome


def test_a_field_that_someone_changed_in_the_store_meanwhile_stays_theirs(live, team):
    tim = live.register("Tim")
    live.run_pass()
    done = team.edit(tim, billing__city="Berlin", last_name="Smith")
    live.request("PUT", f"customers/{tim}", json={"billing": {"city": "Bremen"}})
    sync.sync_once(live.context)
    entry = team.outcome_of(done)
    assert "someone changed the billing city in the store meanwhile" == entry.outcome
    saved = live.request("GET", f"customers/{tim}")
    assert ("Bremen", "") == (saved["billing"]["city"], saved["last_name"])
    assert "Bremen" == team.local(tim).billing.city
