"""E-mails of workflows, from the INI to a real mail server."""

import pytest

from tests.mail_host import free_port, mail_host
from tests.simulation import Simulation
from wcflow.channels.smtp import RateLimit
from wcflow.database import outcomes, suppression
from wcflow.database.connection import open_without_upgrade
from wcflow.database.outbox import load_entries
from wcflow.database.restore import checked_copy
from wcflow.database.stores import load_channel_errors
from wcflow.database.suppression import Suppression
from wcflow.outbox.ways import close_channels, open_channels

RULES = """
[workflow thanks]
trigger = order_paid
do =
    create_coupon welcome10
    send_email thanks

[coupon welcome10]
type = percent
amount = 10

[email thanks]
subject = Thank you for order {{{{ order.number }}}}, {{{{ first_name }}}}!
markdown_file = thanks.md
{more}

[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = hello@shop.example
timeout = 1s
{smtp}
"""
MARKDOWN = """\
# Hello {{ first_name | default('you') }}

You paid **{{ order.total }}** for {{ order.product_names }}. Your code is `{{ coupon.code }}`,
valid until {{ coupon.expires }}.
"""


class Post:
    """A simulation whose e-mails go to a real server."""

    def __init__(self, folder, more="", smtp="", markdown=MARKDOWN, port=None):
        self.more, self.smtp, self.port = more, smtp, port or free_port()
        (folder / "thanks.md").write_text(markdown)
        self.sim = Simulation(folder, self.rules(), store="consent_meta = newsletter")
        self.sim.settle()
        self.sim.advance(hours=1)

    def rules(self):
        return RULES.format(port=self.port, more=self.more, smtp=self.smtp)

    def order(self, email="anna@example.com", first_name="Anna", last_name="Smith", **more):
        billing = {"first_name": first_name, "last_name": last_name}
        return self.sim.place_order(email=email, billing=billing, **more)

    def run(self, passes=1):
        """Run passes of one process."""
        (settings,) = self.sim.config.stores
        channels = open_channels(self.sim.config, settings, self.sim.db, self.sim.machine_now)
        try:
            return [self.sim.run_pass(channels=channels) for _ in range(passes)]
        finally:
            close_channels(channels)

    def emails(self):
        return [each for each in self.sim.outbox() if each.kind == "email"]

    def state(self):
        (entry,) = self.emails()
        return entry.state, entry.outcome

    def suppressed(self):
        with self.sim.db.reading() as tx:
            return [(each.address, each.kind) for each in suppression.load_all(tx, "shop")]

    def suppress(self, address, kind):
        with self.sim.db.transaction() as tx:
            found = Suppression("email", address, kind, "", self.sim.now, "test")
            suppression.add(tx, "shop", found)


TRANSACTIONAL = "transactional = yes"


@pytest.fixture
def post(tmp_path):
    return Post(tmp_path, TRANSACTIONAL)


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(message):
    return message.get_body(("html",)).get_content()


def test_a_workflow_sends_an_e_mail_with_the_values_of_its_order(post):
    with mail_host(port=post.port) as (host, _):
        order = post.order()
        post.run()
    (message,) = host.messages
    number = post.sim.sandbox.order(order)["number"]
    assert f"Thank you for order {number}, Anna!" == message["Subject"]
    assert "Anna Smith <anna@example.com>" == message["To"]
    (coupon,) = post.sim.coupons()
    assert coupon["code"].upper() in text_of(message).upper()
    assert "You paid 100.00 for Wallet." in " ".join(text_of(message).split())
    assert "<strong" in html_of(message)


def test_an_e_mail_is_sent_once(post):
    with mail_host(port=post.port) as (host, _):
        post.order()
        post.run(passes=3)
        post.run()
    assert 1 == len(host.messages)
    assert "done" == post.state()[0]


def test_one_connection_serves_all_e_mails(post):
    with mail_host(port=post.port) as (host, _):
        for name in ("anna", "ben", "cleo"):
            post.order(f"{name}@example.com")
        post.run()
    assert (3, 1) == (len(host.messages), len(host.sessions))


def test_a_connection_that_was_dropped_is_opened_again(post):
    with mail_host(port=post.port) as (host, _):
        post.order("anna@example.com")
        post.order("ben@example.com")
        post.run()
        assert 2 == len(host.messages)
        post.order("cleo@example.com")
        (settings,) = post.sim.config.stores
        channels = open_channels(post.sim.config, settings, post.sim.db, post.sim.machine_now)
        post.sim.run_pass(channels=channels)
        post.order("dora@example.com")
        host.hangs_up = True
        post.sim.run_pass(channels=channels)
        close_channels(channels)
    assert 4 == len(set(host.recipients)) == len(host.messages)


def test_an_e_mail_that_may_have_been_sent_is_never_sent_again(post):
    with mail_host(port=post.port) as (host, _):
        host.dies = True
        post.order()
        post.run()
        host.dies = False
        post.sim.advance(hours=1)
        post.run(passes=2)
    assert 1 == len(host.messages)
    state, outcome = post.state()
    assert "failed" == state
    assert outcome.startswith("may have been sent: the mail server did not confirm it")


class Killed(BaseException):
    """The process was killed."""


def test_a_process_that_dies_after_handing_over_sends_nothing_twice(post, monkeypatch):
    """The next process finds the mark and leaves the decision to the admin."""

    def record(tx, entry_id, outcome, now, known=outcomes.record_done):
        if "mail server" in outcome:
            raise Killed
        known(tx, entry_id, outcome, now)

    with mail_host(port=post.port) as (host, _):
        post.order()
        with monkeypatch.context() as patch:
            patch.setattr(outcomes, "record_done", record)
            with pytest.raises(Killed):
                post.run()
        post.sim.advance(hours=1)
        post.run(passes=2)
        assert 1 == len(host.messages)
        assert "may have been sent: wcflow was interrupted" in post.state()[1]
        retry(post)
        post.run()
    first, second = host.messages
    assert first["Message-ID"] == second["Message-ID"]


def retry(post):
    with post.sim.db.transaction() as tx:
        outcomes.retry(tx, [each.id for each in post.emails()], post.sim.now)


def test_a_slow_server_gets_no_second_e_mail(post):
    with mail_host(port=post.port) as (host, _):
        host.delay = 4.5  # timeout = 1s, and four times that for a message
        post.order()
        post.run()
        host.delay = 0.0
        post.sim.advance(hours=1)
        post.run()
    assert "may have been sent" in post.state()[1]


def test_a_server_that_asks_to_try_later_gets_the_e_mail_later(post):
    with mail_host(port=post.port) as (host, _):
        host.refusal = "451 4.7.1 greylisted"
        post.order()
        post.run()
        assert (
            "due",
            "the mail server asks to try again later: 451 4.7.1 greylisted",
        ) == post.state()
        host.refusal = ""
        post.sim.advance(minutes=2)
        post.run()
    assert 1 == len(host.messages)
    assert "done" == post.state()[0]


def test_a_refused_recipient_fails_is_suppressed_and_the_others_get_theirs(post):
    with mail_host(port=post.port) as (host, _):
        host.unknown = ("anna@example.com",)
        post.order("anna@example.com")
        post.order("ben@example.com")
        post.run()
    assert ["ben@example.com"] == host.recipients
    assert {"failed", "done"} == {each.state for each in post.emails()}
    assert [("anna@example.com", "bounced")] == post.suppressed()


def test_a_server_that_finds_the_sender_unwelcome_suppresses_nobody(post):
    with mail_host(port=post.port) as (host, _):
        host.answers["anna@example.com"] = "550 5.7.1 your address is on a blacklist"
        post.order()
        post.run()
    assert "failed" == post.state()[0]
    assert [] == post.suppressed()


def test_a_server_that_cannot_be_reached_counts_against_no_e_mail(post):
    post.order()
    for _ in range(20):
        (result,) = post.run()
        post.sim.advance(hours=7)
    assert "cannot be reached" in result.delivered.down["email"]
    with mail_host(port=post.port) as (host, _):
        post.run()
    assert ["anna@example.com"] == host.recipients


def test_what_waited_for_an_outage_is_sent_as_soon_as_the_server_answers(post):
    for name in ("anna", "ben", "cleo"):
        post.order(f"{name}@example.com")
        post.run()
    assert {"due"} == {each.state for each in post.emails()}
    post.order("dora@example.com")
    with mail_host(port=post.port) as (host, _):
        post.run()
    assert 4 == len(set(host.recipients)) == len(host.messages)


def test_after_a_long_outage_a_greylisting_server_still_gets_the_e_mail(post):
    """The tries during an outage do not use up those that the e-mail has."""
    post.order()
    for _ in range(20):
        post.run()
        post.sim.advance(minutes=6)
    assert [0] == [each.attempts for each in post.emails()]
    with mail_host(port=post.port) as (host, _):
        host.refusal = "451 4.7.1 greylisted"
        post.run()
        host.refusal = ""
        post.sim.advance(minutes=2)
        post.run()
    assert ["anna@example.com"] == host.recipients


def test_an_outage_is_over_when_nothing_waits_for_the_channel(post):
    post.order()
    post.run()
    with post.sim.db.transaction() as tx:
        outcomes.cancel(tx, [each.id for each in post.emails()], post.sim.now)
    post.run()
    with post.sim.db.reading() as tx:
        assert {} == load_channel_errors(tx, "shop")


def test_an_outage_is_saved_for_status_and_logged_once(post, capsys):
    post.order()
    post.run()
    with post.sim.db.reading() as tx:
        ((name, (reason, _)),) = load_channel_errors(tx, "shop").items()
    assert "email" == name
    assert reason.endswith("Check host, port and encryption in [smtp].")
    capsys.readouterr()
    post.sim.advance(hours=1)
    post.run()
    assert "channel out of reach" not in capsys.readouterr().out
    post.sim.advance(hours=7)
    with mail_host(port=post.port):
        post.run()
    with post.sim.db.reading() as tx:
        assert {} == load_channel_errors(tx, "shop")


@pytest.mark.parametrize(
    ("kind", "stopped"),
    [("bounced", True), ("manual", True), ("unsubscribed", False), ("complained", False)],
)
def test_a_transactional_e_mail_is_stopped_only_by_a_dead_address(post, kind, stopped):
    with mail_host(port=post.port) as (host, _):
        post.suppress("Anna@Example.com", kind)
        post.order()
        post.run()
    assert stopped == (not host.messages)
    assert stopped == (post.state()[0] == "cancelled")


def test_the_rate_limit_lets_the_rest_wait_without_sleeping(tmp_path):
    post = Post(tmp_path, TRANSACTIONAL, "rate = 2")
    with mail_host(port=post.port) as (host, _):
        for name in ("anna", "ben", "cleo"):
            post.order(f"{name}@example.com")
        first, second = post.run(passes=2)
        assert 2 == len(host.messages)
        (last,) = post.run()
    assert 3 == len(set(host.recipients)) == len(host.messages)
    pauses = [each.delivered.pause for each in (first, second, last)]
    assert [True, True, False] == [0 < pause <= 60 for pause in pauses]  # until the rest can go


def test_two_stores_of_one_mail_server_share_its_rate_limit(tmp_path):
    post = Post(tmp_path, TRANSACTIONAL, "rate = 2")
    (settings,) = post.sim.config.stores
    limit = RateLimit(2)
    both = [
        open_channels(post.sim.config, settings, post.sim.db, post.sim.machine_now, limit)["email"]
        for _ in range(2)
    ]
    limit.note_sent()
    limit.note_sent()
    assert all(channel.pause() for channel in both)


def test_a_template_with_a_mistake_for_one_customer_fails_for_that_one_only(tmp_path):
    markdown = "Your share: {{ 100 / (last_name | length - 5) }}"
    post = Post(tmp_path, TRANSACTIONAL, markdown=markdown)
    with mail_host(port=post.port) as (host, _):
        post.order("anna@example.com", last_name="Smith")
        post.order("ben@example.com", last_name="Brown-Miller")
        post.run()
    assert ["ben@example.com"] == host.recipients
    (failed,) = [each for each in post.emails() if each.state == "failed"]
    assert "the e-mail cannot be written: the template" in failed.outcome


def test_an_edited_template_reaches_what_waits(post):
    """It can use the values that every e-mail keeps; others fail with a reason."""
    post.order()
    post.run()  # no server
    (post.sim.folder / "thanks.md").write_text("New words for {{ last_name }}")
    post.sim.write_rules(post.rules())
    post.sim.advance(hours=7)
    with mail_host(port=post.port) as (host, _):
        post.run()
    assert "New words for Smith" in text_of(host.messages[0])


def test_an_edited_template_with_an_unknown_value_fails_with_a_reason(post):
    post.order()
    post.run()
    (post.sim.folder / "thanks.md").write_text("You are from {{ billing_country }}")
    post.sim.write_rules(post.rules())
    post.sim.advance(hours=7)
    with mail_host(port=post.port) as (host, _):
        post.run()
    assert [] == host.messages
    assert (
        "the e-mail cannot be written: [email thanks] was changed while this e-mail was waiting: it"
        " now uses billing_country, which was not known when it was planned"
    ) == post.state()[1]


def test_an_e_mail_whose_workflow_was_removed_is_cancelled(post):
    post.order()
    post.run()
    text = post.rules()
    start = text.index("[workflow thanks]")
    post.sim.write_rules(text[:start] + text[text.index("[smtp]") :])
    post.sim.advance(hours=7)
    with mail_host(port=post.port) as (host, _):
        post.run()
    assert [] == host.messages
    assert ("cancelled", "the workflow is no longer in the configuration") == post.state()


def test_marketing_has_links_to_unsubscribe_in_header_and_text(tmp_path):
    post = Post(
        tmp_path, smtp="unsubscribe_url = https://shop.example/u\nbounces_to = b@shop.example"
    )
    with mail_host(port=post.port) as (host, _):
        post.order(meta={"newsletter": "yes"})
        post.run()
    (message,) = host.messages
    https, mailto = message["List-Unsubscribe"].split(", ")
    assert https.startswith("<https://shop.example/u?wcflow=")
    assert mailto.startswith("<mailto:b@shop.example?subject=unsubscribe%20")
    assert "List-Unsubscribe=One-Click" == message["List-Unsubscribe-Post"]
    assert f"Unsubscribe: {https.strip('<>')}" in text_of(message)
    assert https.strip("<>") in html_of(message)
    assert ("bulk", "auto-generated") == (message["Precedence"], message["Auto-Submitted"])
    assert "thanks:workflow-thanks:marketing:shop.example" == message["Feedback-ID"]
    assert ["b@shop.example"] == host.senders


def test_transactional_e_mails_have_no_links_to_unsubscribe(post):
    with mail_host(port=post.port) as (host, _):
        post.order()
        post.run()
    (message,) = host.messages
    assert (None, None) == (message["List-Unsubscribe"], message["Precedence"])
    assert "nsubscribe" not in text_of(message) + html_of(message)


@pytest.mark.parametrize("kind", ["unsubscribed", "complained", "bounced", "manual"])
def test_marketing_is_stopped_by_every_kind_of_suppression(tmp_path, kind):
    post = Post(tmp_path)
    with mail_host(port=post.port) as (host, _):
        post.suppress("anna@example.com", kind)
        post.order(meta={"newsletter": "yes"})
        post.run()
    assert [] == host.messages
    assert "cancelled" == post.state()[0]
    assert "the address gets no messages" in post.state()[1]


def test_marketing_needs_consent(tmp_path):
    post = Post(tmp_path)
    with mail_host(port=post.port) as (host, _):
        post.order()
        post.run()
    assert [] == host.messages
    assert "cancelled" == post.state()[0]


def test_a_restored_database_sends_nothing_that_may_have_been_sent(post, tmp_path):
    """The admin decides: the e-mail can have been sent after the backup was made."""
    post.order()
    post.run()  # no server
    post.sim.db.close()
    files = tmp_path / "wcflow.sqlite3", tmp_path / "restored.sqlite3"
    with (
        checked_copy(*files, post.sim.now) as part,
        open_without_upgrade(f"sqlite:///{part}") as db,
        db.reading() as tx,
    ):
        (entry,) = [each for each in load_entries(tx, "shop") if each.kind == "email"]
    assert "failed" == entry.state
    assert entry.outcome.startswith("may have been sent after the backup was made")
