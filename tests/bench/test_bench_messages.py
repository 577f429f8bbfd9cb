"""The cost of messages: personal e-mails, a campaign to everyone, and a pool of codes.

Run with ``pytest -s tests/bench/test_bench_messages.py``. With ``WCFLOW_BENCH_MILLION=1`` the
campaign goes to 300,000 people, else to 30,000. Times are CPU times.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import css_inline
import pytest
from inscriptis import get_text
from jinja2 import Environment
from markdown_it import MarkdownIt
from markupsafe import Markup

from tests.bench.large_database import build_large_database
from wcflow.database.connection import open_database
from wcflow.poll.pools import import_codes
from wcflow.rules.email_html import DEFAULT_LAYOUT as LAYOUT

PEOPLE = 300_000 if os.environ.get("WCFLOW_BENCH_MILLION") else 30_000
MAILS, CODES = 10_000, 1_000_000
TOLERANCE = 1.5
ROWS: list[tuple[str, float, float, str]] = []
RULES = """
[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = My Shop <hello@shop.example>
unsubscribe_url = https://shop.example/unsubscribe

[campaign news]
when = accepts_marketing
do = send_email news

[email news]
subject = {{{{ first_name }}}}, what is new in {{{{ favourite_category or 'our shop' }}}}
markdown =
    # Hello {{{{ first_name }}}}

    Thank you for **{{{{ orders_count }}}} orders** and {{{{ total_spent }}}} spent with us, the last on
    {{{{ last_order_date }}}}. You live in {{{{ shipping_country }}}}, so shipping is free.

    - New: what you like
    - Old: what you know

    [Visit the shop](https://shop.example/?from=mail)
"""
CAMPAIGN = """
import json, logging, resource, sys, time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from tests.bench.large_database import NOW, evaluate_all
from wcflow.config.load import load_config
from wcflow.daemon.worker import SLICE
from wcflow.database.connection import open_database
from wcflow.evaluate.campaigns import TURN, run_campaigns, start_campaign
from wcflow.evaluate.context import open_context
from wcflow.outbox.ways import open_channels
from wcflow.sync import SyncContext, deliver_store

import structlog
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
config, enough = load_config(Path(sys.argv[1]), {}), int(sys.argv[2])
(settings,) = config.stores
began = time.monotonic()
clock = lambda: NOW + timedelta(seconds=time.monotonic() - began)
with open_database(config.database) as db:
    evaluate_all(db, config, NOW)
    channels = open_channels(config, settings, db, clock)
    store = SimpleNamespace(name="shop")
    context = SyncContext(db, store, config, settings, clock, "bench", channels=channels)
    send, first = channels["email"].connection.send, []

    def noting(*arguments):
        first.append((time.monotonic(), time.process_time()))
        return send(*arguments)

    object.__setattr__(channels["email"], "connection", SimpleNamespace(
        send=noting, pause=lambda: 0.0, close=lambda: None))
    start, cpu = time.monotonic(), time.process_time()
    with db.transaction() as tx:
        opened = open_context(tx, config, settings, clock())
        (campaign,) = config.rules.campaigns
        start_campaign(tx, opened, campaign, "bench", approved=True)
    spent = {"queue": 0.0, "send": 0.0}
    queued = 0
    while True:
        until, before = clock() + SLICE, time.process_time()
        turn = TURN if len(first) < enough else None
        found = run_campaigns(
            db, config, settings, clock(), lambda: clock() >= until, turn=turn)
        queued += found.people
        spent["queue"] += time.process_time() - before
        before = time.process_time()
        more = 0
        if len(first) < enough:
            more = deliver_store(context, with_store=False, time_limit=SLICE).done
        spent["send"] += time.process_time() - before
        if not found.incomplete and (len(first) >= enough or not found.people and not more):
            break
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"first": first[0][0] - start, "first_cpu": first[0][1] - cpu, "queued": queued,
    "sent": len(first), "peak": peak, **spent}))
"""
MAIL_SERVER = """
import socketserver

class Session(socketserver.StreamRequestHandler):
    def handle(self):
        answer = lambda text: self.wfile.write(text + b"\\r\\n")
        answer(b"220 ready")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                answer(b"354 go on")
                while self.rfile.readline() != b".\\r\\n":
                    pass
            if word == b"QUIT":
                return answer(b"221 bye")
            answer(b"250 OK")

with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
"""


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print(f"\n\n{'':58} {'result':>9} {'reference':>10} {'ratio':>7}  reference is")
    for label, result, reference, name in ROWS:
        print(f"{label:58} {result:9.2f} {reference:10.2f} {result / reference:7.2f}  {name}")


@pytest.fixture(scope="module")
def mail_port():
    """Return the port of a mail server that accepts everything, in another process."""
    argv = [sys.executable, "-c", MAIL_SERVER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        yield int(server.stdout.readline())
        server.kill()


def send_campaign(folder, people, port, enough):
    """Send a campaign to a store's people, until that many e-mails are sent and everyone is queued.

    Guests without an order, of whom the large database has some, get none.
    """
    large = build_large_database(folder, people=people)
    path, ini = folder / "copy.sqlite3", folder / "copy.ini"
    shutil.copy(large.path, path)
    with closing(sqlite3.connect(path)) as raw, raw:
        for table in ("customer", "orders"):
            agreed = "json_set(detail, '$.meta.newsletter', 'yes')"
            raw.execute(f"UPDATE {table} SET detail = {agreed}")
    text = large.ini.read_text().replace(str(large.path), str(path))
    text = text.replace("[store shop]", "[store shop]\nconsent_meta = newsletter")
    ini.write_text(text + RULES.format(port=port))
    ini.chmod(0o600)
    argv = [sys.executable, "-c", CAMPAIGN, str(ini), str(enough)]
    result = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    assert people * 0.8 < result["queued"]
    return result


def bare_mails(count):
    """Return the CPU seconds of a bare loop of the same libraries."""
    markdown, environment = MarkdownIt(), Environment(autoescape=True)
    template = environment.from_string(
        "# Hello {{ name }}\n\nThank you for **{{ n }} orders**, the last on {{ day }}.\n\n"
        "- New: what you like\n- Old: what you know\n\n[Visit](https://shop.example/?from=mail)\n"
    )
    layout = environment.from_string(LAYOUT)
    inliner, shop = css_inline.CSSInliner(), {"name": "My Shop", "url": "https://shop.example"}
    start = time.process_time()
    for number in range(count):
        body = markdown.render(template.render(name=f"Anna{number}", n=number, day="2026-10-01"))
        html = inliner.inline(layout.render(content=Markup(body), store=shop))
        message = EmailMessage(policy=policy.SMTP)
        message["From"], message["To"] = "My Shop <hello@shop.example>", f"a{number}@example.com"
        message["Subject"] = f"Anna{number}, what is new"
        message.set_content(get_text(html))
        message.add_alternative(html, subtype="html")
        message.as_bytes()
    return time.process_time() - start


def test_ten_thousand_personal_emails_cost_less_than_a_minute(tmp_path, mail_port):
    result = send_campaign(tmp_path, MAILS * 5 // 4, mail_port, MAILS)
    seconds = result["send"] / result["sent"] * MAILS
    bare = bare_mails(1000) * MAILS / 1000
    ROWS.append((f"{MAILS:,} e-mails rendered and sent, CPU s", seconds, bare, "a bare loop"))
    ROWS.append(("  the same", seconds, 60.0, "the limit"))
    assert seconds < 60 * TOLERANCE


def test_a_campaign_to_everyone_starts_within_a_minute_and_in_400_mb(tmp_path, mail_port):
    result = send_campaign(tmp_path, PEOPLE, mail_port, 1000)
    label = f"a campaign to {PEOPLE:,}: the first e-mail after, s"
    ROWS.append((label, result["first"], 60.0, "the limit"))
    ROWS.append(
        (
            "  everyone queued, CPU µs each",
            result["queue"] / PEOPLE * 1e6,
            200.0,
            "the limit of an evaluation",
        )
    )
    ROWS.append(("  memory of the process, MB", result["peak"], 400.0, "the limit"))
    assert result["first"] < 60 * TOLERANCE
    assert result["peak"] < 400


BARE_INSERT = (
    "INSERT INTO pool_code (store, pool, code, state, reason, step, shown, changed_at)"
    " VALUES ('shop', 'bare', ?, 'free', '', '', '', 1790000000) ON CONFLICT DO NOTHING"
)


def test_a_pool_of_a_million_codes_is_imported_in_half_a_minute(tmp_path):
    file, path = tmp_path / "codes.txt", tmp_path / "pool.sqlite3"
    codes = [f"GIFT-{number:08X}" for number in range(CODES)]
    file.write_text("\n".join(codes))
    with open_database(f"sqlite:///{path}") as db:
        start = time.process_time()
        found = import_codes(db, "shop", "gifts", file, datetime(2026, 10, 1, tzinfo=UTC))
        seconds = time.process_time() - start
    with closing(sqlite3.connect(path)) as raw, raw:
        start = time.process_time()
        raw.executemany(BARE_INSERT, ((code.lower(),) for code in codes))
        bare = time.process_time() - start

    assert found.new == CODES
    ROWS.append((f"{CODES:,} codes imported, CPU s", seconds, bare, "a bare executemany"))
    ROWS.append(("  the same", seconds, 30.0, "the limit"))
    assert seconds < 30 * TOLERANCE
