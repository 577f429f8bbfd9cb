"""The companion plugin's screens in a real browser: what a shopkeeper does there lands in the mailbox.

Needs playwright and a Chromium; tests/live/conftest.py names the settings.
"""

import random
import re
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.live.dashboard import Dashboard, log_in, utc

expect = pytest.importorskip("playwright.sync_api").expect
SCRIPT = '<script>alert("x")</script>'


def test_a_tag_added_in_the_profile_is_pending_there_and_lands_in_the_mailbox(dashboard):
    account, email, person = dashboard.customer()
    dashboard.open(f"user-edit.php?user_id={account}")
    dashboard.page.fill("#wcflow-add-tag", "Gold, Press")
    dashboard.page.press("#wcflow-add-tag", "Enter")
    expect(dashboard.page.locator(".wcflow-is-adding")).to_have_count(2)
    assert dashboard.requests(2) == [
        (person, "tag.add", {"tag": "Gold"}),
        (person, "tag.add", {"tag": "Press"}),
    ]
    row = dashboard.rows(2)[0]
    assert (row["customer_id"], row["email"]) == (account, email)
    assert row["by"]
    assert "admin (admin)" != row["by"]
    assert row["user_id"] > 0


def test_a_tag_removed_and_a_note_on_a_guests_order_name_the_person_and_the_order(dashboard):
    order, person = dashboard.guest_order(tags=["Old", "Kept"])
    dashboard.open_order(order)
    dashboard.page.get_by_role("button", name="Remove Old").click()
    expect(dashboard.page.locator(".wcflow-is-removing")).to_contain_text("Old")
    dashboard.page.fill("#wcflow-note-text", "Wants a call\nbefore noon")
    dashboard.page.select_option("#wcflow-note-category", "Phone Call")
    dashboard.page.get_by_role("button", name="Add note").click()
    expect(dashboard.page.locator(".wcflow-note.wcflow-is-adding")).to_contain_text("Wants a call")
    note = {"category": "Phone Call", "text": "Wants a call\nbefore noon", "order_id": order}
    assert dashboard.requests(2) == [
        (person, "tag.remove", {"tag": "Old"}),
        (person, "note.add", note),
    ]


def test_the_customer_page_takes_every_kind_of_change(dashboard):
    person = dashboard.push(
        company="Old Ltd.",
        groups=["Trade"],
        notes=[{"id": 7, "category": "General", "text": "Hello", "by": "Sam", "at": utc(days=1)}],
        tasks=[{"id": 4, "kind": "task", "text": "Call", "assignee": "", "due": utc(days=-1)}],
        timeline=[{"at": utc(days=2), "kind": "edit", "words": "Tag added", "edit": 12}],
    )
    page, form = dashboard.page, "#wcflow-form-"
    dashboard.open_customer(person)
    page.fill("#wcflow-add-tag", "Gold")
    page.press("#wcflow-add-tag", "Enter")
    page.wait_for_url("**wcflow_sent=1**")
    page.fill("#wcflow-add-group", "Press")
    page.press("#wcflow-add-group", "Enter")
    page.wait_for_load_state()
    dashboard.press("Remove Trade")
    dashboard.press("Set to inactive")
    page.fill("#wcflow-company", "New Ltd.")
    dashboard.press("Save (Company)")
    page.fill("#wcflow-reminder", "Send the offer")
    page.fill("#wcflow-due", "2030-05-06")
    page.fill("#wcflow-assignee", "sam@shop.example")
    dashboard.press("Add reminder")
    dashboard.press("Delete Hello")
    dashboard.press(re.compile("Done.*Call"))
    dashboard.press(re.compile("Undo.*Tag added"))
    assert page.locator(form + "note-add").count() == 1
    waiting = ["being added", "being removed", "becoming inactive", "being changed to New Ltd."]
    waiting += ["being deleted", "being marked as done", "being undone"]
    for words in waiting:
        expect(page.locator("#wpbody-content")).to_contain_text(words)
    sent = dashboard.requests(9)
    reminder = sent.pop(5)
    assert reminder[2].pop("due").startswith("2030-05-0")
    assert reminder == (
        person,
        "reminder.add",
        {"text": "Send the offer", "assignee": "sam@shop.example"},
    )
    assert sent == [
        (person, "tag.add", {"tag": "Gold"}),
        (person, "group.add", {"group": "Press"}),
        (person, "group.remove", {"group": "Trade"}),
        (person, "status.set", {"status": "inactive"}),
        (person, "company.set", {"company": "New Ltd."}),
        (person, "note.remove", {"note": "7"}),
        (person, "task.done", {"task": "4"}),
        (person, "edit.undo", {"edit": "12"}),
    ]


def test_a_refused_change_is_shown_with_its_reason_and_a_done_one_is_no_longer_pending(dashboard):
    person = dashboard.push()
    dashboard.open_customer(person)
    for tag in ("No", "Yes"):
        dashboard.page.fill("#wcflow-add-tag", tag)
        dashboard.page.press("#wcflow-add-tag", "Enter")
        dashboard.page.wait_for_load_state()
    refused, done = dashboard.rows(2)
    dashboard.answer(refused, "refused", "The tag No belongs to a rule.")
    dashboard.answer(done, "done", "Added the tag Yes.")
    time.sleep(1.1)  # the card is newer than the answer
    dashboard.push(person=person, tags=["Yes"])
    dashboard.open_customer(person)
    expect(dashboard.page.locator(".wcflow-refused")).to_contain_text("belongs to a rule.")
    expect(dashboard.page.locator(".wcflow-is-adding")).to_have_count(0)
    expect(dashboard.page.locator(".wcflow-label")).to_have_text([re.compile("Yes")])


@pytest.mark.parametrize("screen", ["users", "orders", "customers"])
def test_a_tag_added_in_bulk_is_one_request_for_each_customer_with_the_same_bulk(dashboard, screen):
    word, page = f"Bulk{uuid4().hex[:8]}", dashboard.page
    made = [dashboard.guest_order(name=f"{word} {n}", segment=word) for n in range(2)]
    persons = [person for _, person in made]
    if screen == "users":
        made = [dashboard.customer(segment=word) for _ in range(2)]
        persons = [person for _, _, person in made]
        dashboard.open(f"users.php?wcflow_segment={word}")
    elif screen == "orders":
        dashboard.open_orders(f"&wcflow_segment={word}")
    else:
        dashboard.open(f"admin.php?page=wcflow&s={word}")
    expect(page.locator("#the-list tr")).to_have_count(2)
    field = "#wcflow-bulk-tag" if screen == "customers" else "#wcflow_tag_name"
    expect(page.locator(field)).to_be_hidden()
    page.check("#cb-select-all-1")
    action = "tag.add" if screen == "customers" else "wcflow_tag_add"
    page.select_option("#bulk-action-selector-top", action)
    page.fill(field, "Gold")
    page.click("#doaction")
    expect(page.locator(".notice-success")).to_contain_text("2 customers will be changed")
    expect(page.locator("#the-list .wcflow-is-adding")).to_have_text(["Gold being added"] * 2)
    rows = dashboard.rows(2)
    assert {row["person"] for row in rows} == set(persons)
    assert [(row["action"], row["data"]) for row in rows] == [("tag.add", {"tag": "Gold"})] * 2
    assert len({row["bulk"] for row in rows}) == 1
    assert rows[0]["bulk"]


def test_a_note_in_bulk_has_its_category(dashboard):
    word, page = f"Note{uuid4().hex[:8]}", dashboard.page
    person = dashboard.push(name=word)
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    page.check("#cb-select-all-1")
    page.select_option("#bulk-action-selector-top", "note.add")
    page.fill("#wcflow-bulk-note", "Met at the fair")
    page.select_option("#wcflow-bulk-category", "Meeting")
    page.click("#doaction")
    expected = {"category": "Meeting", "text": "Met at the fair"}
    assert dashboard.requests(1) == [(person, "note.add", expected)]


def test_a_bulk_action_without_a_tag_changes_nothing_and_says_so(dashboard):
    dashboard.customer(segment="Nobody")
    dashboard.open("users.php?wcflow_segment=Nobody")
    dashboard.page.check("#cb-select-all-1")
    dashboard.page.select_option("#bulk-action-selector-top", "wcflow_tag_add")
    dashboard.page.click("#doaction")
    expect(dashboard.page.locator(".notice-error")).to_contain_text("Enter a tag first.")
    assert dashboard.rows(0) == []


def test_approving_held_work_sends_the_token_that_was_shown(dashboard):
    token = uuid4().hex
    kinds = [{"words": "tags of customers", "count": 100}]
    held = {"count": 100, "reason": "More than max_writes.", "kinds": kinds, "token": token}
    dashboard.summarize(held=held)
    dashboard.open("admin.php?page=wcflow&tab=overview")
    expect(dashboard.page.locator("#wcflow-held")).to_contain_text("100 tags of customers")
    dashboard.press("Approve 100 changes")
    expect(dashboard.page.locator("#wcflow-held")).to_contain_text("Approved.")
    assert dashboard.requests(1) == [(0, "held.approve", {"token": token})]
    dashboard.answer(dashboard.rows(1)[0], "refused", "There is more to approve now.")
    dashboard.page.reload()
    expect(dashboard.page.locator("#wcflow-held")).to_contain_text("There is more to approve now.")
    expect(dashboard.page.get_by_role("button", name="Approve 100 changes")).to_be_visible()


def test_tasks_are_done_and_moved_from_their_list(dashboard):
    person = dashboard.push()
    call, write = (random.randint(10**6, 10**9) for _ in range(2))
    tasks = [
        {"id": n, "kind": "task", "person": person, "name": "Vera", "text": text, "due": due}
        for n, text, due in [
            (call, "Call Vera", utc(days=2)),
            (write, "Write to Vera", utc(days=-4)),
        ]
    ]
    dashboard.summarize(tasks=tasks)
    dashboard.open("admin.php?page=wcflow&tab=tasks")
    expect(dashboard.page.locator(".wcflow-late")).to_have_text(["2 days late"])
    dashboard.press(re.compile("Done.*Call Vera"))
    dashboard.page.select_option(f"#wcflow-snooze-{write}", "+7")
    dashboard.press(re.compile("Snooze.*Write to Vera"))
    expect(dashboard.page.locator("tbody")).to_contain_text("being marked as done")
    expect(dashboard.page.locator("tbody")).to_contain_text("being moved")
    done, moved = dashboard.requests(2)
    assert done == (person, "task.done", {"task": str(call)})
    assert moved[:2] == (person, "task.snooze")
    assert moved[2]["task"] == str(write)
    assert utc(days=-6) < moved[2]["until"] < utc(days=-8)
    for row in dashboard.rows(2):
        dashboard.answer(row, "done", "Done.")
    dashboard.page.reload()  # the list of tasks is older than the answers
    expect(dashboard.page.locator("tbody")).to_contain_text("being marked as done")
    expect(dashboard.page.locator("tbody")).to_contain_text("being moved")
    time.sleep(1.1)
    dashboard.summarize(tasks=tasks[1:])
    dashboard.page.reload()
    expect(dashboard.page.locator("tbody tr")).to_have_count(1)
    expect(dashboard.page.locator("tbody")).not_to_contain_text("being")


def test_the_order_preview_has_the_customers_segment_and_tags_in_one_line(dashboard):
    word = uuid4().hex[:8]
    order, _ = dashboard.guest_order(segment=word, tags=["Gold", "<Press>"])
    dashboard.open_orders(f"&wcflow_segment={word}")
    assert dashboard.page.locator("#the-list tr").count() == 1
    dashboard.page.locator(f"a.order-preview[data-order-id='{order}']").click()
    expect(dashboard.page.locator(".wcflow-preview")).to_have_text(
        f"Customer: {word} · Gold · <Press>"
    )


def test_the_report_of_customers_has_segment_and_tags(dashboard):
    _, email, _ = dashboard.customer(segment="VIP", tags=["Gold", "Press"])
    found = dashboard.request(
        "GET", "reports/customers", base="/wc-analytics/", search=email, searchby="email"
    )
    shown = [(row["wcflow_segment"], row["wcflow_tags"]) for row in found]
    assert shown == [("VIP", "Gold, Press")]


def test_values_from_outside_are_text_on_every_screen(dashboard):
    word = uuid4().hex[:8]
    hostile = {"name": f"{word} {SCRIPT}", "segment": SCRIPT, "tags": [SCRIPT, "\"'>" + SCRIPT]}
    more = {"company": SCRIPT, "groups": [SCRIPT], "reasons": [SCRIPT], "tier": SCRIPT}
    entry = {"id": SCRIPT, "text": SCRIPT, "words": SCRIPT, "by": SCRIPT, "at": "2026-99-99"}
    lists = {"notes": [entry], "tasks": [entry], "timeline": [entry]}
    account, _, person = dashboard.customer(**hostile, **more, **lists)
    order = dashboard.woo("POST", "orders", {"customer_id": account})["id"]
    entry = {**entry, "person": person, "why": SCRIPT, "kind": SCRIPT, "due": SCRIPT}
    names = ["failed", "actions", "tasks", "workflows", "segments"]
    vocabulary = {"tags": [SCRIPT], "groups": [SCRIPT], "segments": [SCRIPT]}
    dashboard.summarize(
        warnings=[SCRIPT], vocabulary=vocabulary, **{name: [entry] for name in names}
    )
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    expect(dashboard.page.locator("a.row-title")).to_have_text(f"{word} {SCRIPT}")
    for tab in ("overview", "tasks"):
        dashboard.open(f"admin.php?page=wcflow&tab={tab}")
        expect(dashboard.page.locator("#wpbody-content")).to_contain_text(SCRIPT)
    dashboard.open_customer(person)
    expect(dashboard.page.locator("h1")).to_contain_text(SCRIPT)
    dashboard.open(f"user-edit.php?user_id={account}")
    expect(dashboard.page.locator("#wcflow-panel-body")).to_contain_text(SCRIPT)
    dashboard.open_order(order)
    expect(dashboard.page.locator("#wcflow-panel-body")).to_contain_text(SCRIPT)
    dashboard.page.get_by_role("button", name="Remove \"'>").click()
    expect(dashboard.page.locator(".wcflow-is-removing")).to_contain_text(SCRIPT)
    assert dashboard.requests(1) == [(person, "tag.remove", {"tag": "\"'>" + SCRIPT})]


def test_a_form_without_its_nonce_changes_nothing(dashboard):
    person = dashboard.push()
    dashboard.open_customer(person)
    dashboard.page.evaluate(
        """document.querySelectorAll('[name="_wpnonce"]').forEach(each => each.value = 'forged')"""
    )
    dashboard.page.fill("#wcflow-add-tag", "Gold")
    dashboard.page.press("#wcflow-add-tag", "Enter")
    expect(dashboard.page.locator("body")).to_contain_text("expired")
    assert dashboard.rows(0) == []


def test_someone_without_the_capability_reads_and_changes_nothing(dashboard, php):
    name, password = f"reader{uuid4().hex[:8]}", uuid4().hex
    php(
        f"""
        $id = wp_create_user( '{name}', '{password}', '{name}@example.com' );
        $user = new WP_User( $id );
        $user->set_role( 'shop_manager' );
        $user->add_cap( 'wcflow_edit', false );
        """
    )
    order, person = dashboard.guest_order(name="Vera", tags=["Gold"], segment="VIP")
    browser = dashboard.page.context.browser
    reader = Dashboard(dashboard.http, log_in(browser, dashboard.http, name, password))
    reader.open_customer(person)
    expect(reader.page.locator("h1")).to_have_text("Vera")
    expect(reader.page.locator(".wcflow-labels").first).to_contain_text("Gold")
    expect(reader.page.locator(".wcflow-wrap button")).to_have_count(0)
    reader.open_order(order)
    expect(reader.page.locator("#wcflow-panel-body")).to_contain_text("Gold")
    expect(reader.page.locator("#wcflow-panel-body button")).to_have_count(0)
    forged = """document.getElementById('wcflow-form-tag-remove').requestSubmit()"""
    reader.page.evaluate(forged)
    expect(reader.page.locator("#wcflow-panel-body")).to_contain_text("not allowed")
    assert reader.rows(0) == []
    reader.page.context.close()


def test_the_csv_file_has_the_filtered_customers_and_no_formulas(dashboard):
    word = f"Csv{uuid4().hex[:8]}"
    dashboard.push(name=f"{word} Müller", segment="VIP", tags=["@SUM(1)", "b"], spent="12.50")
    dashboard.push(name=f"=1+1 {word}", tags=[])
    dashboard.open(f"admin.php?page=wcflow&s={word}")
    with dashboard.page.expect_download() as download:
        dashboard.page.get_by_role("link", name="Export CSV").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    lines = [line for line in text.splitlines() if word in line]
    assert len(lines) == 2
    assert len(text.splitlines()) == 3
    assert f'"{word} Müller"' in text
    assert "'@SUM(1), b" in text
    assert "12.50" in text
    assert "'=1+1" in text


def test_a_search_finds_by_name_and_address_and_says_so_when_nobody_matches(dashboard):
    word = uuid4().hex[:10]
    dashboard.push(name=f"Zoë {word}", email=f"{word}@example.com", emails=[f"{word}@example.com"])
    for search in (word, f"{word}@example.com", f"zoe {word}"):
        dashboard.open("admin.php?page=wcflow")
        dashboard.page.fill("#wcflow-search-input", search)
        dashboard.page.keyboard.press("Enter")
        expect(dashboard.page.locator("a.row-title")).to_have_text([f"Zoë {word}"])
    dashboard.open(f"admin.php?page=wcflow&s=no{word}")
    expect(dashboard.page.locator("#the-list")).to_contain_text("No customers match.")
