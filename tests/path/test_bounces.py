"""The mailbox of [bounces]: what comes back, and what follows from it."""

from email.message import EmailMessage

import pytest

from tests.imap_host import imap_host
from tests.persons import person
from tests.simulation import Simulation
from wcflow.channels import mailbox
from wcflow.channels.addresses import parse_imap_url
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.daemon.bounces import Bounces
from wcflow.database import suppression
from wcflow.database.events import load_events
from wcflow.database.stores import load_setting
from wcflow.errors import DeliveryError
from wcflow.poll.returned_mail import open_mailbox, read_mailbox
from wcflow.profile import guest_key
from wcflow.rules.returned_mail import Returned, read_returned
from wcflow.rules.unsubscribe import Subscriber, unsubscribe_token

RULES = """
[segment Buyer]
when = orders_count >= 1

[bounces]
{where}
"""
BOUNCE = """\
From: MAILER-DAEMON@mail.example
To: hello@shop.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {answer}

--b--
"""
COMPLAINT = """\
From: feedback@provider.example
To: hello@shop.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an e-mail abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Rcpt-To: <anna@example.com>

--b--
"""


def bounce(
    address="anna@example.com", action="failed", status="5.1.1", answer="550 5.1.1 no such user"
):
    text = BOUNCE.format(address=address, action=action, status=status, answer=answer)
    return text.replace("\n", "\r\n").encode()


def letter(subject, sender="anna@example.com"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "hello@shop.example", subject
    message.set_content("Hello\n")
    return message.as_bytes()


def read(message, secret="secret"):
    from email import message_from_bytes

    return read_returned(message_from_bytes(message), secret)


# What a message says.


def test_a_bounce_names_the_address_and_the_answer():
    assert [Returned("bounced", "anna@example.com", "550 5.1.1 no such user")] == read(bounce())


@pytest.mark.parametrize(
    ("action", "status", "answer"),
    [
        ("delayed", "4.4.1", "connection timed out"),
        ("failed", "5.2.2", "552 5.2.2 mailbox full"),
        ("failed", "5.7.1", "550 5.7.1 blocked as spam"),
    ],
)
def test_a_full_mailbox_or_a_refusal_is_no_dead_address(action, status, answer):
    (found,) = read(bounce(action=action, status=status, answer=answer))
    assert ("soft", "anna@example.com") == (found.kind, found.address)


def test_a_complaint_names_the_address():
    (found,) = read(COMPLAINT.encode())
    assert ("complained", "anna@example.com") == (found.kind, found.address)


WHO = Subscriber("shop", 1, "anna@example.com", "thanks")


def test_a_request_with_our_token_unsubscribes_the_address_in_it():
    token = unsubscribe_token("secret", WHO)
    (found,) = read(letter(f"unsubscribe {token}", "other@example.com"))
    assert ("unsubscribed", "anna@example.com", WHO) == (
        found.kind,
        found.address,
        found.subscriber,
    )


def test_a_request_with_a_false_token_does_nothing():
    token = unsubscribe_token("another secret", WHO)
    assert [] == read(letter(f"unsubscribe {token}"))


def test_a_request_without_a_token_is_about_its_sender():
    (found,) = read(letter("Unsubscribe"))
    assert ("unsubscribed", "anna@example.com") == (found.kind, found.address)


@pytest.mark.parametrize("subject", ["Where is my order?", "How do I unsubscribe?", ""])
def test_other_letters_say_nothing(subject):
    assert [] == read(letter(subject))


# The mailbox.


class Post:
    def __init__(self, folder, where):
        self.sim = Simulation(folder, RULES.format(where=where))
        self.sim.place_order(email="anna@example.com")
        self.sim.settle()
        self.mailbox = open_mailbox(self.sim.config.bounces)

    def read(self):
        return dict(read_mailbox(self.sim.db, ("shop",), self.mailbox, lambda: self.sim.now))

    def suppressed(self):
        with self.sim.db.reading() as tx:
            found = suppression.load_all(tx, "shop")
        return [(each.address, each.kind, each.reason) for each in found]

    def events(self):
        with self.sim.db.reading() as tx:
            anna = person(tx, guest_key("anna@example.com"))
            return [each.kind for each in load_events(tx, "shop", [anna]).get(anna, ())]


@pytest.fixture
def maildir(tmp_path):
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    return tmp_path / "mail"


def test_a_bounce_in_a_maildir_suppresses_the_address(tmp_path, maildir):
    post = Post(tmp_path, "maildir = mail")
    (maildir / "new" / "1").write_bytes(bounce())
    (maildir / "new" / "2").write_bytes(letter("Where is my order?"))
    assert {"bounced": 1} == post.read()
    assert [("anna@example.com", "bounced", "550 5.1.1 no such user")] == post.suppressed()
    assert ["bounced"] == post.events()
    assert ["2"] == [each.name for each in (maildir / "new").iterdir()]
    assert 1 == len(list((maildir / "cur").iterdir()))
    assert {} == post.read()


def test_a_bounce_over_imap_is_marked_as_seen_and_the_rest_is_left_alone(tmp_path):
    with imap_host(bounce(), letter("Where is my order?")) as host:
        post = Post(tmp_path, f"imap_url = {host.url}")
        assert {"bounced": 1} == post.read()
        assert {} == post.read()
    assert ({1}, [2, 1], False) == (host.seen, host.fetched, host.expunged)
    assert ["bounced"] == post.events()


def test_letters_that_nobody_has_read_do_not_hide_a_new_bounce(tmp_path, monkeypatch):
    """A process that starts anew reads the newest messages first."""
    monkeypatch.setattr(mailbox, "MOST", 1)
    with imap_host(letter("Where is my order?"), bounce()) as host:
        assert {"bounced": 1} == Post(tmp_path, f"imap_url = {host.url}").read()


def test_a_request_to_unsubscribe_is_obeyed(tmp_path):
    with imap_host() as host:
        post = Post(tmp_path, f"imap_url = {host.url}")
        with post.sim.db.reading() as tx:
            secret = load_setting(tx, "secret")
            anna = person(tx, guest_key("anna@example.com"))
        token = unsubscribe_token(secret, Subscriber("shop", anna, "anna@example.com", "thanks"))
        host.messages[1] = letter(f"unsubscribe {token}", "x@y.example")
        post.read()
    assert [("anna@example.com", "unsubscribed", "by e-mail")] == post.suppressed()
    assert ["unsubscribed"] == post.events()


def test_an_address_that_no_customer_has_changes_nothing(tmp_path):
    with imap_host(bounce("stranger@example.com")) as host:
        post = Post(tmp_path, f"imap_url = {host.url}")
        post.read()
    assert [] == post.suppressed()


def test_the_same_bounce_twice_is_one_event(tmp_path):
    with imap_host(bounce(), bounce()) as host:
        post = Post(tmp_path, f"imap_url = {host.url}")
        post.read()
    assert ["bounced"] == post.events()


def test_a_refused_login_says_what_to_check(tmp_path):
    with imap_host() as host:
        post = Post(tmp_path, f"imap_url = {host.url.replace('p%40ss', 'wrong')}")
        with pytest.raises(DeliveryError, match="refused the login") as caught:
            post.read()
    assert "[bounces]" in caught.value.advice


def test_a_mailbox_that_cannot_be_reached_is_told_once(tmp_path, capsys):
    post = Post(tmp_path, "maildir = nowhere")
    config = post.sim.config
    bounces = Bounces(post.sim.db, config, config.bounces, lambda: post.sim.now)
    capsys.readouterr()
    for _ in range(3):
        bounces.look()
    assert 1 == capsys.readouterr().out.count("mailbox cannot be read")


# The section.


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("folder = INBOX", "expected a key imap_url or maildir, got none"),
        ("maildir = m\nimap_url = imaps://u:p@h.example", "either imap_url or maildir"),
        ("imap_url = pop3://u:p@h.example", "not the address of a mailbox"),
        ("imap_url = imaps://h.example", "without user and password"),
    ],
)
def test_problems_of_the_section(tmp_path, lines, problem):
    ini = tmp_path / "wcflow.ini"
    ini.write_text(f"[bounces]\n{lines}\n")
    with pytest.raises(ConfigError, match=problem) as caught:
        load_config(ini, {}, need_store=False)
    assert "u:p@" not in str(caught.value)


def test_the_address_of_a_mailbox():
    found = parse_imap_url("imaps://a%40b:p%3A@mail.example", "Bounces")
    assert ("mail.example", 993, "tls", "a@b", "p:", "Bounces") == (
        found.host,
        found.port,
        found.encryption,
        found.user,
        found.password,
        found.folder,
    )
    assert "p:" not in repr(found)
