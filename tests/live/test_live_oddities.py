"""What plugins, hosts and admins make of a real WooCommerce, and what wcflow makes of that.

Most tests need ``WCFLOW_TEST_PHP`` (see ``conftest``). The code is the same for both kinds of order
storage, except where a plugin would write to the database too.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.live.conftest import Live
from wcflow import maintenance, sync
from wcflow.database.orders import load_orders
from wcflow.rules.tags import split_tags

MAKE_ORDER = """
use Automattic\\WooCommerce\\Utilities\\OrderUtil;
global $wpdb;
$hpos = OrderUtil::custom_orders_table_usage_is_enabled();
function make_order($email, $total, $arguments = array()) {
    $order = wc_create_order($arguments);
    $order->set_billing_email($email);
    $order->set_billing_first_name('Ola');
    $product = current(wc_get_products(array('limit' => 1, 'type' => 'simple')));
    $order->add_product($product, 1, array('subtotal' => $total, 'total' => $total));
    $order->calculate_totals();
    $order->update_status('processing');
    return $order;
}
"""

UNDATE = """
$id = $order->get_id();
if ($hpos) {
    $wpdb->query("UPDATE {$wpdb->prefix}wc_orders SET date_created_gmt = NULL WHERE id = $id");
    $wpdb->query("UPDATE {$wpdb->prefix}wc_order_operational_data SET date_paid_gmt = NULL"
        . " WHERE order_id = $id");
} else {
    $zero = '0000-00-00 00:00:00';
    $wpdb->update($wpdb->posts, array('post_date' => $zero, 'post_date_gmt' => $zero),
        array('ID' => $id));
    delete_post_meta($id, '_date_paid');
    delete_post_meta($id, '_paid_date');
}
wp_cache_flush();
"""

ODD_META = """
foreach (array('list' => array('A', 'B & C'), 'object' => (object) array('a' => 1),
    'gap' => array(1 => 'p', 5 => 'q'), 'number' => 12.5, 'true' => true, 'null' => null,
    'empty' => array(), 'text' => 'Zoë 🧑‍🚀') as $key => $value) {
    $order->update_meta_data("odd_$key", $value);
}
$order->save();
$table = $hpos ? "{$wpdb->prefix}wc_orders_meta" : $wpdb->postmeta;
$column = $hpos ? 'order_id' : 'post_id';
foreach (array('odd_broken' => 'a:2:{s:1:"x";s:3:"y";}', 'odd_class' => 'O:5:"Gone_":0:{}',
    '' => 'no key') as $key => $value) {
    $row = array($column => $order->get_id(), 'meta_key' => $key, 'meta_value' => $value);
    $wpdb->insert($table, $row);
}
$wpdb->insert($table, array($column => $order->get_id(), 'meta_key' => null, 'meta_value' => 'x'));
wp_cache_flush();
"""

ERASE = """
update_option('woocommerce_erasure_request_removes_order_data', 'yes');
foreach (apply_filters('wp_privacy_personal_data_erasers', array()) as $eraser) {
    call_user_func($eraser['callback'], '%s', 1);
}
"""

ADD_MANAGER_KEY = """
global $wpdb;
$user = get_user_by('login', 'wcflow_manager');
$id = $user ? $user->ID : wp_insert_user(array('user_login' => 'wcflow_manager',
    'user_pass' => wp_generate_password(), 'user_email' => 'wcflow_manager@example.com',
    'role' => 'shop_manager'));
$key = 'ck_' . wc_rand_hash();
$secret = 'cs_' . wc_rand_hash();
$wpdb->insert("{$wpdb->prefix}woocommerce_api_keys", array('user_id' => $id,
    'description' => 'wcflow tests', 'permissions' => 'read_write',
    'consumer_key' => wc_api_hash($key), 'consumer_secret' => $secret,
    'truncated_key' => substr($key, -7)));
echo "$key:$secret";
"""


@pytest.fixture
def make_order(live, php):
    """Return a function that makes an order as a plugin does, changed by more PHP."""

    def make(name, total, arguments="array()", more=""):
        first = f"$order = make_order('{live.email(name)}', '{total}', {arguments});"
        return int(php(f"{MAKE_ORDER}{first}{more}\necho $order->get_id();"))

    return make


def stored_order(live, number):
    with live.db.reading() as tx:
        return load_orders(tx, live.context.name, [number]).get(number)


def test_an_order_that_a_plugin_split_counts_once(live, make_order):
    """400 counts; with its two parts it would be 800, which is another segment."""
    whole = make_order("Sophie", "400.00")
    for vendor in ("150.00", "250.00"):
        child = f"array('parent' => {whole}, 'created_via' => 'vendors')"
        make_order("Sophie", vendor, child)
    live.run_pass()
    live.run_pass()
    assert "Live Small" == live.segment(f"orders/{whole}")
    assert 1 == len(live.coupons("Sophie"))


def test_an_erased_customer_is_nobody(live, php):
    """WordPress's eraser leaves the account, and gives its orders to deleted@site.invalid."""
    anke = live.register("Anke")
    orders = [live.place_order("Anke", customer=anke), live.place_order("Anke")]
    live.run_pass()
    before = [len(live.notes(order)) for order in orders], len(live.coupons("Anke"))
    php(ERASE % live.email("Anke"))
    later = live.place_order("Berta", total="30.00")
    live.run_pass()
    live.run_pass()
    erased = [live.request("GET", f"orders/{order}") for order in orders]
    assert {"deleted@site.invalid"} == {order["billing"]["email"] for order in erased}
    assert {0} == {order["customer_id"] for order in erased}
    assert {"Live First"} == live.tags(f"customers/{anke}")  # a workflow's tag stays
    assert live.segment(f"customers/{anke}") is None
    assert (2, 1) == (max(before[0]), before[1])
    assert [0, 0] == [len(live.notes(order)) for order in orders]
    assert "Live Small" == live.segment(f"orders/{later}")
    assert 0 == live.run_pass()


def test_meta_of_odd_shapes_costs_no_order_its_tags(live, make_order):
    order = make_order("Olga", "50.00", more=ODD_META)
    live.run_pass()
    live.run_pass()
    stored = stored_order(live, order)
    assert ("meta_data",) == stored.odd_fields
    assert {"Live First", "Live Small"} == live.tags(f"orders/{order}")
    assert 2 == len(live.notes(order))
    shown = {
        row["key"]: row["value"] for row in live.request("GET", f"orders/{order}")["meta_data"]
    }
    assert (["A", "B & C"], False) == (shown["odd_list"], shown["odd_broken"])


def test_tags_that_a_plugin_keeps_as_a_list_are_kept(live, make_order):
    more = "$order->update_meta_data('wcflow_tags', array('Fair', 'Press')); $order->save();"
    order = make_order("Lise", "50.00", more=more)
    live.run_pass()
    live.run_pass()
    assert {"Live First", "Live Small", "Fair", "Press"} == live.tags(f"orders/{order}")


def test_tags_of_a_customer_that_a_plugin_keeps_as_a_list_are_kept(live, php):
    lore = live.register("Lore")
    live.place_order("Lore", customer=lore)
    php(f"update_user_meta({lore}, 'wcflow_tags', array('Fair', 'Press'));")
    live.run_pass()
    live.run_pass()
    assert {"Live First", "Live Small", "Fair", "Press"} == live.tags(f"customers/{lore}")


def test_customer_meta_of_odd_shapes_costs_no_customer_their_tags(live, php):
    olaf = live.register("Olaf")
    live.place_order("Olaf", customer=olaf)
    php(
        f"""global $wpdb;
        update_user_meta({olaf}, 'odd_object', (object) array('a' => array(1)));
        foreach (array('odd_broken' => 'a:1:{{i:0;s:9:"x";}}', '' => 'x') as $key => $value) {{
            $row = array('user_id' => {olaf}, 'meta_key' => $key, 'meta_value' => $value);
            $wpdb->insert($wpdb->usermeta, $row);
        }}
        $row = array('user_id' => {olaf}, 'meta_key' => null, 'meta_value' => 'x');
        $wpdb->insert($wpdb->usermeta, $row);"""
    )
    live.run_pass()
    live.run_pass()
    assert {"Live First", "Live Small"} == live.tags(f"customers/{olaf}")


def test_an_order_without_dates_counts_and_hides_no_other(live, make_order):
    """It is dated by when it was first seen, even when WooCommerce dates it as its tags are written."""
    undated = make_order("Uwe", "600.00", more=UNDATE)
    shown = live.request("GET", f"orders/{undated}")
    assert (None, None) == (shown["date_created_gmt"], shown["date_paid_gmt"])
    live.run_pass()
    first_seen = stored_order(live, undated).created
    assert live.request("GET", f"orders/{undated}")["date_created_gmt"] is not None
    live.run_pass()
    assert first_seen == stored_order(live, undated).created
    assert "Live Big" == live.segment(f"orders/{undated}")
    assert 0 == live.run_pass()


def test_a_first_import_of_a_store_with_an_undated_order_reads_all_orders(
    live, make_order, tmp_path
):
    make_order("Ute", "20.00", more=UNDATE)
    other = Live(live.http.address, live.http.ca, tmp_path)
    try:
        other.run_pass()
        with live.db.reading() as here, other.db.reading() as there:
            ids = [set(load_orders(tx, "live", range(1, 100_000))) for tx in (here, there)]
    finally:
        other.close()
    assert ids[0] <= ids[1]


def test_an_order_dated_in_the_future_counts_from_its_date_on(live, make_order):
    days = 5
    more = (
        f"$date = time() + {days} * 86400;"
        "$order->set_date_created($date); $order->set_date_paid($date); $order->save();"
    )
    order = make_order("Finn", "600.00", more=more)
    live.run_pass()
    assert live.segment(f"orders/{order}") is None
    assert [] == live.coupons("Finn")
    later = datetime.now(UTC) + timedelta(days=days, minutes=1)
    assert later > stored_order(live, order).created


def test_a_note_of_a_deleted_order_is_cancelled(live):
    order = live.place_order("Dolf")
    sync.sync_once(live.context, write=False)
    live.request("DELETE", f"orders/{order}", params={"force": "true"})
    maintenance.approve(live.context)
    delivered = sync.sync_once(live.context).delivered
    assert 0 == delivered.failed
    # The companion plugin can have told of the deletion before the note was tried.
    whys = ("was deleted from the store", "no longer exists")
    expected = {("cancelled", f"order {order} {why}") for why in whys}
    assert outbox_outcomes(live, order) & expected


def outbox_outcomes(live, order):
    from wcflow.database import outbox

    with live.db.reading() as tx:
        entries = outbox.load_entries(tx, "live", kinds=["note"], limit=None)
    return {(each.state, each.outcome) for each in entries if each.target_id == order}


def enable_coupons(live, value):
    setting = "settings/general/woocommerce_enable_coupons"
    assert value == live.request("PUT", setting, json={"value": value})["value"]


def test_coupons_wait_while_they_are_disabled_in_the_store(live):
    enable_coupons(live, "no")
    try:
        order = live.place_order("Carla")
        live.run_pass()
        live.run_pass()
        notes = live.notes(order)
    finally:
        enable_coupons(live, "yes")
    assert [True] == ["order" in note for note in notes]
    ahead = live.context_ahead(timedelta(minutes=6))
    assert 0 == sync.sync_once(ahead).delivered.failed
    (coupon,) = live.coupons("Carla")
    assert any(coupon["code"].upper() in note for note in live.notes(order))


@pytest.fixture
def manager(live, php, tmp_path):
    """Return a wcflow that uses the key of a shop manager."""
    address = live.http.address.replace(f"{live.http.key}:{live.http.secret}", php(ADD_MANAGER_KEY))
    store = Live(address, live.http.ca, tmp_path)
    yield store
    store.close()


def test_with_a_shop_managers_key_tags_that_people_added_are_kept(live, manager):
    mona = live.register("Mila")
    tags = {"meta_data": [{"key": "wcflow_tags", "value": "Wholesale"}]}
    live.request("PUT", f"customers/{mona}", json=tags)
    order = live.place_order("Mila", customer=mona)
    manager.run_pass()
    manager.run_pass()
    assert not manager.store_row().can_read_meta
    assert split_tags("Wholesale") == live.tags(f"customers/{mona}")
    assert "Live Small" in live.tags(f"orders/{order}")


def test_a_refused_coupon_names_its_reason(live):
    """The day after its last, the answer is the same as the sandbox's."""
    ended = datetime.now(UTC) - timedelta(minutes=1)
    code = f"ended-{live.run_id}"
    fields = {"code": code, "amount": "1", "date_expires": f"{ended:%Y-%m-%dT%H:%M:%SZ}"}
    live.request("POST", "coupons", json=fields)
    order = {**live.order_fields("Dora"), "coupon_lines": [{"code": code}]}
    answer = live.send("POST", "orders", json=order)
    assert (400, "woocommerce_rest_invalid_coupon") == (
        answer.status_code,
        json.loads(answer.text)["code"],
    )
