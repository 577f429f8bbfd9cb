"""The companion plugin's screens for people who use a keyboard or a screen reader, in a real browser."""

import os
import random
from pathlib import Path

import pytest

from tests.live.dashboard import utc

expect = pytest.importorskip("playwright.sync_api").expect
WORDS = ["VIP", "<b>bold</b>", 'O\'Reilly "Q"', "🎁", "زبون مهم", "x" * 200]
OURS = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    const ours = ".wcflow-wrap, .wcflow-panel, [class*=wcflow-], [id*=wcflow], [name*=wcflow]";
    const inside = node => {
        const element = document.querySelector(node.target[0]);
        return element && element !== document.body && element.closest(ours) !== null
            && element.closest(ours) !== document.body;
    };
    return found.violations.filter(each => ["serious", "critical"].includes(each.impact))
        .flatMap(each => each.nodes.filter(inside).map(node => `${each.id}: ${node.html}`));
}"""


@pytest.fixture(scope="module")
def axe():
    """Return the script of axe-core."""
    file = os.environ.get("WCFLOW_TEST_AXE")
    if not file:
        pytest.skip("WCFLOW_TEST_AXE is not set")
    return Path(file).read_text()


@pytest.fixture
def shown(dashboard):
    """A dashboard with something in every place; ``paths`` are its screens."""
    entry = {"id": "1", "text": WORDS[1], "words": WORDS[2], "by": "Vera", "at": utc(days=1)}
    lists = {"notes": [entry], "timeline": [{**entry, "edit": "7"}], "reasons": WORDS}
    account, _, person = dashboard.customer(
        segment="VIP",
        tags=WORDS,
        groups=["Wholesale"],
        company="Acme",
        tasks=[{**entry, "due": utc(days=-1)}],
        recent_orders=[{"id": 1, "number": "1", "at": utc(), "status": "completed", "total": "5"}],
        **lists,
    )
    order = dashboard.woo("POST", "orders", {"customer_id": account})["id"]
    task = {**entry, "person": person, "name": "Vera", "due": utc(days=2), "assignee": "Sam"}
    held = {"count": 2, "reason": "Many.", "kinds": [{"words": "tags", "count": 2}], "token": "t"}
    figures = {"started": 1, "finished": 1, "revenue": "5.00", "currency": "EUR"}
    dashboard.summarize(
        held=held,
        tasks=[task, {**task, "id": "2", "assignee": ""}],
        actions=[{**entry, "person": person, "order_id": order}],
        failed=[{"words": "note", "why": "No.", "person": person, "at": utc()}],
        segments=[{"name": "VIP", "people": 5}, {"name": "New", "people": 0}],
        workflows=[{"name": "welcome", "mode": "dry_run", **figures}],
        vocabulary={"tags": WORDS, "segments": ["VIP"], "groups": WORDS, "companies": ["Acme"]},
    )
    dashboard.screens = {
        "users": lambda: dashboard.open("users.php"),
        "orders": dashboard.open_orders,
        "profile": lambda: dashboard.open(f"user-edit.php?user_id={account}"),
        "order": lambda: dashboard.open_order(order),
        "customer": lambda: dashboard.open_customer(person),
        **{
            tab: lambda tab=tab: dashboard.open(f"admin.php?page=wcflow&tab={tab}")
            for tab in ("customers", "overview", "tasks", "settings")
        },
    }
    return dashboard


@pytest.mark.parametrize("width", [1280, 782])
def test_axe_finds_nothing_serious_in_what_the_plugin_shows(shown, axe, width):
    shown.page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for name, show in shown.screens.items():
        show()
        shown.page.evaluate(axe)
        found[name] = shown.page.evaluate(OURS)
    shown.page.set_viewport_size({"width": 1280, "height": 900})
    assert {name: [] for name in shown.screens} == found


def test_a_tag_is_added_and_removed_with_the_keyboard_alone(shown):
    page, tag = shown.page, f"Gold {random.randint(0, 10**9)}"
    shown.screens["customer"]()
    page.locator("#wcflow-add-tag").focus()
    page.keyboard.type(tag)
    page.keyboard.press("Enter")
    expect(page.locator(".wcflow-is-adding")).to_contain_text(tag)
    page.locator(".wcflow-label a", has_text="VIP").focus()
    page.keyboard.press("Tab")
    remove = page.get_by_role("button", name="Remove VIP")
    expect(remove).to_be_focused()
    assert "none" != remove.evaluate("button => getComputedStyle(button).outlineStyle")
    page.keyboard.press("Space")
    expect(page.locator(".wcflow-is-removing")).to_contain_text("VIP")
    assert ["tag.add", "tag.remove"] == [action for _, action, _ in shown.requests(2)]


def test_a_screen_reader_hears_that_a_change_was_saved_and_what_is_wrong_with_one(shown):
    shown.screens["customer"]()
    shown.page.fill("#wcflow-add-tag", "Gold")
    shown.page.press("#wcflow-add-tag", "Enter")
    expect(shown.page.locator("#a11y-speak-polite")).to_contain_text("Saved.")
    shown.page.fill("#wcflow-add-tag", " , ")
    shown.page.press("#wcflow-add-tag", "Enter")
    expect(shown.page.locator("#a11y-speak-assertive")).to_contain_text("Enter a tag first.")
