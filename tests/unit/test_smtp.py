"""The SMTP connection: login, encryption, and what each refusal means."""

import pytest

from tests.mail_host import authenticate, free_port, mail_host, make_certificate
from wcflow.channels.addresses import MailServer
from wcflow.channels.smtp import (
    MayBeSentError,
    RateLimit,
    RecipientRefusedError,
    SmtpConnection,
)
from wcflow.errors import DeliveryError
from wcflow.rules.returned_mail import is_unknown_address

MESSAGE = b"From: a@shop.example\r\nTo: b@c.example\r\nSubject: x\r\n\r\nHello\n.\n..dots\n"
LOGIN = {"auth_require_tls": False, "auth_required": True, "authenticator": authenticate}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


def connection(port, encryption="none", host="127.0.0.1", rate=None, now=(0.0,), **more):
    server = MailServer(host, port, encryption, timeout=5.0, **more)
    return SmtpConnection(server, RateLimit(rate, lambda: now[0]))


def send(post, *, keep=False):
    """Send a message, and close the connection unless it is kept; return answer and marks."""
    marks = []
    try:
        answer = post.send("a@shop.example", "b@c.example", MESSAGE, lambda: marks.append(1))
    finally:
        if not keep:
            post.close()
    return answer, marks


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_refused_login_stops_the_channel_and_says_what_to_check():
    with mail_host(**LOGIN) as (host, port), pytest.raises(DeliveryError) as caught:
        send(connection(port, user="anna", password="wrong"))
    assert caught.value.channel_down
    assert "refused the login: 535" in str(caught.value)
    assert "Check username and password in [smtp]." == caught.value.advice
    assert [] == host.messages


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_login_lets_the_message_through():
    with mail_host(**LOGIN) as (host, port):
        answer, marks = send(connection(port, user="anna", password="p@ss"))
    assert (1, "250 OK", [1]) == (len(host.messages), answer, marks)


def test_a_server_without_login_is_named():
    with mail_host() as (_, port), pytest.raises(DeliveryError, match="offers no login"):
        send(connection(port, user="anna", password="p@ss"))


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_starttls_checks_the_certificate(certificate):
    file, context = certificate
    with mail_host(tls_context=context, require_starttls=True) as (host, port):
        with pytest.raises(DeliveryError, match="certificate verify failed") as caught:
            send(connection(port, "starttls"))
        send(connection(port, "starttls", ca_file=file))
    assert caught.value.channel_down
    assert 1 == len(host.messages)


def test_tls_from_the_first_byte(certificate):
    file, context = certificate
    with mail_host(ssl_context=context) as (host, port):
        send(connection(port, "tls", ca_file=file))
    assert 1 == len(host.messages)


def test_a_server_without_encryption_gets_nothing_that_asks_for_it():
    with mail_host() as (host, port), pytest.raises(DeliveryError, match="STARTTLS"):
        send(connection(port, "starttls"))
    assert [] == host.messages


def test_lines_with_dots_arrive_as_they_are():
    with mail_host() as (host, port):
        send(connection(port))
    assert ["Hello", ".", "..dots"] == host.messages[0].get_content().split()


def test_a_missing_server_stops_the_channel():
    with pytest.raises(DeliveryError, match="Connection refused") as caught:
        send(connection(free_port()))
    assert caught.value.channel_down


def test_nothing_is_marked_before_the_server_is_ready():
    with mail_host() as (host, port):
        host.unknown = ("b@c.example",)
        marks, post = [], connection(port)
        with pytest.raises(RecipientRefusedError):
            post.send("a@shop.example", "b@c.example", MESSAGE, lambda: marks.append(1))
        post.close()
    assert [] == marks


def test_a_connection_that_ends_after_the_message_leaves_it_open_whether_it_was_sent():
    with mail_host() as (host, port):
        host.dies = True
        with pytest.raises(MayBeSentError, match="may have been sent"):
            send(connection(port))


def test_a_refused_message_leaves_the_connection_usable():
    with mail_host() as (host, port):
        host.refusal = "554 looks like spam"
        post = connection(port)
        with pytest.raises(DeliveryError, match="refused the e-mail: 554") as caught:
            send(post, keep=True)
        host.refusal = ""
        send(post)
    assert caught.value.permanent
    assert (1, 1) == (len(host.messages), len(host.sessions))


def test_a_server_that_closes_down_stops_the_channel():
    with mail_host() as (host, port):
        host.answers["b@c.example"] = "421 too many connections"
        with pytest.raises(DeliveryError) as caught:
            send(connection(port))
    assert caught.value.channel_down


def test_the_rate_limit_counts_any_minute():
    now = [0.0]
    with mail_host() as (_, port):
        post = connection(port, rate=2, now=now)
        assert 0.0 == post.pause()
        send(post)
        now[0] = 30.0
        send(post)
        assert 30.0 == post.pause()
        now[0] = 60.0
        assert 0.0 == post.pause()


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        ("550 no such user", True),
        ("550 5.1.1 unknown recipient", True),
        ("550 5.2.1 mailbox disabled", True),
        ("553 mailbox name not allowed", True),
        ("550 5.7.1 blocked by policy", False),
        ("550 relaying denied", False),
        ("554 5.7.1 spam", False),
        ("552 5.2.2 mailbox full", False),
        ("521 does not accept mail", False),
    ],
)
def test_which_refusals_mean_that_the_address_does_not_exist(answer, unknown):
    assert unknown == is_unknown_address(int(answer[:3]), answer)


def test_the_client_verifies_host_names(certificate):
    """The certificate is for 127.0.0.1 only."""
    file, context = certificate
    with mail_host(ssl_context=context) as (_, port), pytest.raises(DeliveryError, match="verify"):
        send(connection(port, "tls", "localhost", ca_file=file))
