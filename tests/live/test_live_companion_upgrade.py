"""The companion plugin is replaced while wcflow syncs, as Plugins, Add New, Upload Plugin does it.

An older version with other tables replaces the current one, and the current one that. Skipped where the
plugin's folder is a link: WordPress would empty what it leads to.
"""

import io
import json
import re
import threading
import time
import zipfile
from contextlib import contextmanager

import pytest

import wcflow
from tests.live.test_live_dashboard import SERVED, dashboard
from wcflow import sync
from wcflow.config.companion_plugin import plugin_files, plugin_zip
from wcflow.database import companion
from wcflow.store.companion import read_status

__all__ = ["dashboard"]

REPLACE = """
require_once ABSPATH . 'wp-admin/includes/admin.php';
require_once ABSPATH . 'wp-admin/includes/class-wp-upgrader.php';
$upgrader = new Plugin_Upgrader( new Automatic_Upgrader_Skin() );
$done     = $upgrader->install( '%s', array( 'overwrite_package' => true ) );
echo true === $done && is_plugin_active( 'wcflow-companion/wcflow-companion.php' ) ? 'replaced' : wp_json_encode( $done );
"""
TABLES = """
global $wpdb;
$found = array( 'version' => get_option( 'wcflow_db_version' ), 'purge' => (bool) wp_next_scheduled( 'wcflow_purge' ) );
foreach ( array( 'events', 'requests' ) as $name ) {
    $keys = $wpdb->get_results( 'SHOW INDEX FROM ' . Wcflow_Tables::name( $name ) );
    $found[ $name ] = array_values( array_unique( wp_list_pluck( $keys, 'Key_name' ) ) );
}
echo wp_json_encode( $found );
"""
TABLES_FILE = "wcflow-companion/includes/class-wcflow-tables.php"
(VERSION,) = re.findall(rb"const VERSION   = (\d+);", plugin_files()[TABLES_FILE])
OLDER = {
    b"Version:              " + wcflow.__version__.encode(): b"Version:              0.0.1",
    b"VERSION', '" + wcflow.__version__.encode(): b"VERSION', '0.0.1",
    b"const VERSION   = %s;" % VERSION: b"const VERSION   = 1000;",
    b"KEY state_answered (state,answered_at)": b"KEY state (state)",
}


def older(package):
    """Return a package of the plugin as one of an older version, with another index."""
    out = io.BytesIO()
    left = set(OLDER)
    with zipfile.ZipFile(io.BytesIO(package)) as read, zipfile.ZipFile(out, "w") as write:
        for name in read.namelist():
            content = read.read(name)
            for now, before in OLDER.items():
                if now in content:
                    left.discard(now)
                    content = content.replace(now, before)
            write.writestr(name, content)
    assert not left
    return out.getvalue()


@contextmanager
def syncing(shop):
    """Run passes one after another; yield the problems that they had."""
    problems, done = [], threading.Event()

    def run():
        while not done.wait(0.5):
            try:
                with shop.db.transaction() as tx:
                    companion.save_companion(tx, "live", pushed_at=None)
                sync.sync_once(shop.context)
            except Exception as error:  # noqa: BLE001
                problems.append(repr(error))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield problems
    finally:
        done.set()
        thread.join()


def note_all(shop, words, count):
    """Ask for notes as an admin does; return their texts by the number of the request."""
    texts = [f"{words} {number}" for number in range(count)]
    return {shop.ask("note.add", "Anna", category="General", text=text): text for text in texts}


def replace(shop, file, content):
    file.write_bytes(content)
    assert shop.php(REPLACE % file) == "replaced"


def test_nothing_is_lost_or_done_twice_while_the_plugin_is_replaced(dashboard, tmp_path):
    if "1" in dashboard.php("echo (int) is_link( WP_PLUGIN_DIR . '/wcflow-companion' );"):
        pytest.skip("the plugin's folder is a link")
    before, current = read_status(dashboard.store), plugin_zip()
    asked = {}
    with syncing(dashboard) as problems:
        try:
            asked |= note_all(dashboard, "before", 2)
            replace(dashboard, tmp_path / "older.zip", older(current))
            asked |= note_all(dashboard, "older", 2)
            time.sleep(SERVED)
            assert read_status(dashboard.store).version == "0.0.1"
            assert json.loads(dashboard.php(TABLES))["version"] == "1000"
            asked |= note_all(dashboard, "still older", 2)
        finally:
            replace(dashboard, tmp_path / "current.zip", current)
        asked |= note_all(dashboard, "after", 2)
        time.sleep(SERVED)
    dashboard.update()
    dashboard.update()

    after, tables = read_status(dashboard.store), json.loads(dashboard.php(TABLES))
    assert problems == []
    assert (after.version, after.epoch) == (wcflow.__version__, before.epoch)
    assert (tables["version"], tables["purge"]) == (VERSION.decode(), True)
    assert {"state_answered", "person_state"} <= set(tables["requests"])
    assert [dashboard.answer(number)[0] for number in asked] == ["done"] * len(asked)
    notes = [note["text"] for note in dashboard.card("Anna")["notes"]]
    assert [notes.count(text) for text in asked.values()] == [1] * len(asked)
    with dashboard.db.reading() as tx:
        assert (companion.count_pushed(tx, "live"), 0) == (
            after.people,
            companion.count_outdated(tx, "live"),
        )
