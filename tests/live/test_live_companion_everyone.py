"""Bulk actions on all customers that match a filter, in a real browser: asked, sent once, shown as pending."""

from uuid import uuid4

import pytest

from tests.live.dashboard import Dashboard

expect = pytest.importorskip("playwright.sync_api").expect
ACCOUNTS = [0, *range(900_000_001, 900_000_023)]
"""A guest, and accounts that no store has: other tests do the requests that are left here."""
PEOPLE = len(ACCOUNTS)


@pytest.fixture
def crowd(dashboard: Dashboard):
    """More customers than a page shows; return the word in all their names, and their ids."""
    word = f"Crowd{uuid4().hex[:8]}"
    return word, [
        dashboard.push(name=f"{word} {n:02}", customer_id=account)
        for n, account in enumerate(ACCOUNTS)
    ]


def select_everyone(page):
    line = page.locator(".wcflow-select-all")
    expect(line).to_be_hidden()
    page.focus("#cb-select-all-1")
    page.keyboard.press("Space")
    expect(line).to_contain_text("All 20 customers on this page are selected.")
    page.get_by_label(f"Select all {PEOPLE} customers that match").focus()
    page.keyboard.press("Space")


def ask_to_tag(page, tag="Gold"):
    page.select_option("#bulk-action-selector-top", "tag.add")
    page.fill("#wcflow-bulk-tag", tag)
    page.click("#doaction")


def test_everyone_who_matches_is_tagged_after_a_question_with_their_number(dashboard, crowd):
    word, persons = crowd
    page = dashboard.page
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    select_everyone(page)
    ask_to_tag(page)
    expect(page.locator(".wcflow-question")).to_contain_text(f"Search: {word}")
    expect(page.locator(".wcflow-question")).to_contain_text("Gold")
    assert dashboard.rows(0) == []
    page.get_by_role("button", name=f"Change {PEOPLE} customers").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice-success")).to_contain_text(f"{PEOPLE} customers will be changed")
    expect(page.locator("#the-list .wcflow-is-adding")).to_have_text(["Gold being added"] * 20)
    (row,) = dashboard.rows(1)
    people = row["data"].pop("people")
    assert sorted(people) == sorted(map(list, zip(persons, ACCOUNTS, strict=True)))
    assert (row["person"], row["action"], row["data"]) == (0, "tag.add", {"tag": "Gold"})
    dashboard.open_customer(persons[-1])
    expect(page.locator(".wcflow-is-adding")).to_contain_text("Gold")
    dashboard.summarize()
    log = page.locator(".wcflow-bulk-log li").first
    dashboard.open("admin.php?page=wcflow&tab=overview")
    expect(log).to_contain_text("Add the tag “Gold”: 23 customers")
    expect(log).to_contain_text("Waits for the next sync.")
    dashboard.answer(row, "done", "Added the tag Gold to 23 customers.")
    page.reload()
    expect(log).to_contain_text("Added the tag Gold to 23 customers.")


def test_one_line_less_on_the_page_is_no_longer_everyone(dashboard, crowd):
    word, _ = crowd
    page = dashboard.page
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    select_everyone(page)
    page.locator('#the-list input[name="customer[]"]').first.uncheck()
    expect(page.locator(".wcflow-select-all")).to_be_hidden()
    ask_to_tag(page)
    expect(page.locator(".notice-success")).to_contain_text("19 customers will be changed")
    assert len(dashboard.rows(19)) == 19


def test_it_works_without_the_script(dashboard, crowd):
    word, _ = crowd
    state = dashboard.page.context.storage_state()
    context = dashboard.page.context.browser.new_context(
        ignore_https_errors=True, storage_state=state, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{dashboard.http.url}/wp-admin/admin.php?page=wcflow&s={word}")
    page.get_by_label(f"Select all {PEOPLE} customers that match").check()
    ask_to_tag(page)
    page.get_by_role("button", name=f"Change {PEOPLE} customers").click()
    expect(page.locator(".notice-success")).to_contain_text(f"{PEOPLE} customers will be changed")
    context.close()
    assert len(dashboard.rows(1)[0]["data"]["people"]) == PEOPLE


def test_when_more_match_by_now_it_asks_again_and_nothing_was_sent(dashboard, crowd):
    word, _ = crowd
    page = dashboard.page
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    select_everyone(page)
    ask_to_tag(page)
    dashboard.push(name=f"{word} new")
    page.get_by_role("button", name=f"Change {PEOPLE} customers").click()
    expect(page.locator(".wcflow-question")).to_contain_text("More customers match by now.")
    assert dashboard.rows(0) == []
    page.get_by_role("button", name=f"Change {PEOPLE + 1} customers").click()
    expect(page.locator(".notice-success")).to_contain_text("24 customers will be changed")
    assert len(dashboard.rows(1)[0]["data"]["people"]) == PEOPLE + 1


def test_a_button_that_is_pressed_twice_changes_everyone_once(dashboard, crowd):
    word, _ = crowd
    page = dashboard.page
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    select_everyone(page)
    ask_to_tag(page)
    form = page.locator(".wcflow-question form")
    fields = {
        each.get_attribute("name"): each.get_attribute("value")
        for each in form.locator("input").all()
    }
    for _ in range(2):
        page.context.request.post(form.get_attribute("action"), form=fields)
    assert len(dashboard.rows(1)) == 1


def test_nothing_is_asked_before_the_tag_is_there(dashboard, crowd):
    word, _ = crowd
    page = dashboard.page
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    select_everyone(page)
    ask_to_tag(page, tag=" , ")
    expect(page.locator(".notice-error")).to_contain_text("Enter a tag first.")
    expect(page.locator(".notice-error")).to_have_count(1)
    assert dashboard.rows(0) == []
