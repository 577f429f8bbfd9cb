"""What wcflow reads from a real WooCommerce and writes to it."""

from datetime import datetime, timedelta

from sqlalchemy import text

from wcflow.units import Duration, end_of_last_day, parse_zone, start_of_day


def count_rows(live, table):
    with live.db.reading() as tx:
        return tx.scalar(text(f"select count(*) from {table}"))


def count_in_store(live, path, **params):
    response = live.send("GET", path, params={"per_page": 1, "_fields": "id", **params})
    return int(response.headers["X-WP-Total"])


def test_the_initial_import_reads_every_order_and_customer(live):
    trash = count_in_store(live, "orders", status="trash")
    orders = count_in_store(live, "orders", status="any") + trash
    customers = count_in_store(live, "customers", role="all")
    assert (orders, customers) == (count_rows(live, "orders"), count_rows(live, "customer"))


def test_a_pass_without_changes_writes_nothing(live):
    live.run_pass()
    assert 0 == live.run_pass()


def test_a_guests_first_order_gets_its_tags_notes_and_coupon_once(live):
    order = live.place_order("Gwen")
    live.run_pass()
    live.run_pass()
    notes, coupons = live.notes(order), live.coupons("Gwen")
    assert {"Live First", "Live Small"} == live.tags(f"orders/{order}")
    assert "Live Small" == live.segment(f"orders/{order}")
    assert (2, 1) == (len(notes), len(coupons))
    assert any(coupons[0]["code"].upper() in note for note in notes)
    assert coupons[0]["date_expires_gmt"] is not None
    assert 0 == live.run_pass()


def test_a_coupon_expires_when_the_day_after_the_last_begins(live):
    """In the store's time zone, as WooCommerce shows it: 30 days later, at 00:00 of the next."""
    live.place_order("Dora")
    live.run_pass()
    live.run_pass()
    (coupon,) = live.coupons("Dora")
    zone = parse_zone(live.store_row().time_zone)
    last_day = datetime.now(zone).date() + timedelta(days=30)

    assert f"{last_day + timedelta(days=1)}T00:00:00" == coupon["date_expires"]


def test_a_coupon_can_be_used_on_its_last_day_only(live):
    """A code whose last day is today is accepted, and one whose last day was yesterday is not."""
    live.run_pass()
    zone = parse_zone(live.store_row().time_zone)
    today = start_of_day(datetime.now(zone).date(), zone)
    ends = {"today": end_of_last_day(today, Duration(0, "d"), zone), "yesterday": today}
    accepted = {}
    for name, expires in ends.items():
        code = f"last-day-{name}-{live.run_id}"
        fields = {"code": code, "amount": "1", "date_expires": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
        live.request("POST", "coupons", json=fields)
        order = {**live.order_fields("Dora"), "coupon_lines": [{"code": code}]}
        accepted[name] = live.send("POST", "orders", json=order).status_code

    assert {"today": 201, "yesterday": 400} == accepted


def test_a_refund_reduces_total_spent(live):
    order = live.place_order("Rita", total="600.00")
    live.run_pass()
    assert "Live Big" == live.segment(f"orders/{order}")
    refund = {"amount": "150.00", "api_refund": False}
    live.request("POST", f"orders/{order}/refunds", json=refund)
    live.run_pass()
    assert "Live Small" == live.segment(f"orders/{order}")
    assert "Live Refunded" in live.tags(f"orders/{order}")


def test_the_guest_orders_of_a_new_account_count_for_its_customer(live):
    live.place_order("Mona", total="400.00")
    live.run_pass()
    mona = live.register("Mona")
    live.place_order("Mona", total="200.00", customer=mona)
    live.run_pass()
    assert "Live Big" == live.segment(f"customers/{mona}")
    assert {"Live Big", "Live First"} == live.tags(f"customers/{mona}")
    assert 1 == len(live.coupons("Mona"))


def test_a_tag_that_an_admin_adds_is_kept(live):
    nina = live.register("Nina")
    order = live.place_order("Nina", customer=nina)
    live.run_pass()
    ours = live.tags(f"orders/{order}")
    tags = {"key": "wcflow_tags", "value": ", ".join([*sorted(ours), "Wholesale"])}
    # With posts storage, a change of meta alone moves no timestamp; the dashboard's Update does.
    live.request("PUT", f"orders/{order}", json={"meta_data": [tags], "status": "completed"})
    live.run_pass()
    live.run_pass()
    assert ours | {"Wholesale"} == live.tags(f"orders/{order}") == live.tags(f"customers/{nina}")


def test_an_order_in_the_trash_does_not_count(live):
    trashed = live.place_order("Tina", total="700.00")
    kept = live.place_order("Tina", total="50.00")
    live.run_pass()
    assert "Live Big" == live.segment(f"orders/{kept}")
    live.request("DELETE", f"orders/{trashed}")
    live.run_pass()
    assert "Live Small" == live.segment(f"orders/{kept}")


def test_a_customer_whose_account_is_deleted_keeps_their_history(live):
    olga = live.register("Olga")
    live.place_order("Olga", total="600.00", customer=olga)
    live.run_pass()
    live.request("DELETE", f"customers/{olga}", params={"force": "true"})
    order = live.place_order("Olga")
    live.run_pass()
    assert "Live Big" == live.segment(f"orders/{order}")
    assert 1 == len(live.coupons("Olga"))
