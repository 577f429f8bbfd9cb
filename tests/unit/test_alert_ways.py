"""E-mail, apprise and pings: what arrives, and what an admin reads if nothing does."""

import sys
from types import ModuleType

import pytest
import requests
import responses

from tests.command_line import run_wcflow
from tests.mail_host import authenticate, mail_host
from wcflow.channels.addresses import parse_smtp_url
from wcflow.channels.mail import send_mail
from wcflow.channels.messages import ping, send_apprise
from wcflow.config.load import load_config
from wcflow.errors import DeliveryError

URL = "https://hc.example/ping/0b1c2d3e"


def send(port, login="", to=("me@shop.example",)):
    server = parse_smtp_url(f"smtp://{login}127.0.0.1:{port}")
    return send_mail(server, "wcflow@shop.example", list(to), "wcflow: test", "Grüße\n")


def test_a_message_arrives_with_its_headers():
    with mail_host() as (host, port):
        send(port, to=("me@shop.example", "you@shop.example"))
    (message,) = host.messages
    assert ("wcflow: test", "me@shop.example, you@shop.example") == (
        message["Subject"],
        message["To"],
    )
    assert ("wcflow@shop.example", "Grüße\n") == (
        message["From"],
        message.get_content().replace("\r\n", "\n"),
    )
    assert message["Date"]
    assert message["Message-ID"].endswith("@shop.example>")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_user_and_a_password_with_special_characters_log_in():
    options = {"auth_require_tls": False, "auth_required": True, "authenticator": authenticate}
    with mail_host(**options) as (host, port):
        send(port, "anna:p%40ss@")
        with pytest.raises(DeliveryError, match="rejected the user or the password"):
            send(port, "anna:wrong@")
        with pytest.raises(DeliveryError, match="530"):
            send(port)
    assert 1 == len(host.messages)


def test_a_refusal_and_a_missing_server_are_reasons():
    with mail_host() as (host, port):
        host.refusal = "554 we know you@spam.example"
        with pytest.raises(DeliveryError, match=r"refused the message: 554 we know …"):
            send(port)
    with pytest.raises(
        DeliveryError, match=f"no mail through 127.0.0.1, port {port}: Connection refused"
    ):
        send(port)


def test_a_refused_recipient_is_named_and_the_others_get_the_message_once():
    with mail_host() as (host, port):
        host.unknown = ("old@shop.example",)
        missed = send(port, to=("me@shop.example", "old@shop.example"))
        with pytest.raises(DeliveryError, match="refused the recipient: 550 no such user"):
            send(port, to=("old@shop.example",))
    assert "127.0.0.1 refused recipient 2 of 2: 550 no such user" == missed
    assert 1 == len(host.messages)


def test_a_sender_cannot_add_headers():
    with mail_host() as (host, port), pytest.raises(DeliveryError, match="does not allow"):
        server = parse_smtp_url(f"smtp://127.0.0.1:{port}")
        send_mail(server, "a@shop.example\nBcc: b@spam.example", ["me@shop.example"], "x", "y")
    assert [] == host.messages


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_that_the_server_cannot_take_is_not_quoted():
    options = {"auth_require_tls": False, "auth_required": True, "authenticator": authenticate}
    with mail_host(**options) as (_, port), pytest.raises(DeliveryError) as found:
        send(port, "anna:ge%C3%9Fheim@")
    assert "character that e-mail does not allow" in str(found.value)
    assert "xdf" not in str(found.value)
    assert "ß" not in str(found.value)


@pytest.mark.parametrize("password", ["hunter#2", "hunter?2", "hunter/2", "hunter℀2", "12#34"])
@pytest.mark.parametrize("user", ["anna", "anna@shop.example"])
def test_a_password_that_was_not_escaped_is_not_quoted(password, user):
    with pytest.raises(ValueError, match="%23") as found:
        parse_smtp_url(f"smtps://{user}:{password}@mail.example:465")
    assert "hunter" not in str(found.value)


def test_a_server_elsewhere_gets_nothing_without_encryption(monkeypatch):
    """The server on this machine offers none, and is asked under another name."""
    monkeypatch.setattr("socket.getaddrinfo", _local_addresses(__import__("socket").getaddrinfo))
    with mail_host() as (host, port):
        server = parse_smtp_url(f"smtp://mail.example:{port}")
        with pytest.raises(DeliveryError, match="STARTTLS"):
            send_mail(server, "a@b.example", ["a@b.example"], "x", "x")
    assert [] == host.messages


def _local_addresses(known):
    return lambda host, *more, **options: known("127.0.0.1", *more, **options)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://u:p@mail.example", ("mail.example", 465, "tls", "u", "p")),
        ("smtp://mail.example", ("mail.example", 587, "starttls", "", "")),
        (
            "smtp://u%40x.example:p%3A@mail.example:25/",
            ("mail.example", 25, "starttls", "u@x.example", "p:"),
        ),
    ],
)
def test_the_address_of_a_mail_server(url, expected):
    found = parse_smtp_url(url)
    assert expected == (found.host, found.port, found.encryption, found.user, found.password)
    assert "password" not in repr(found)


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://u@h", "smtp://h/x"])
def test_other_addresses_are_not_those_of_a_mail_server(url):
    with pytest.raises(ValueError, match=r"not the address|belong together|another one"):
        parse_smtp_url(url)


@responses.activate
@pytest.mark.parametrize(
    ("signal", "path"), [("start", "/start"), ("success", ""), ("fail", "/fail")]
)
def test_a_ping_is_sent_as_healthchecks_takes_it(signal, path):
    responses.post(f"{URL}{path}", body="OK")
    ping(f"{URL}/", signal, "why")
    assert ["why"] == [_text(call.request.body) for call in responses.calls]


def _text(body):
    return body.decode() if isinstance(body, bytes) else body


@responses.activate
def test_a_ping_that_fails_never_shows_its_address():
    responses.post(URL, status=404)
    with pytest.raises(DeliveryError, match=r"^ping_url answered with HTTP 404$"):
        ping(URL, "success", "")
    responses.replace("POST", URL, body=requests.ConnectionError(f"cannot reach {URL}"))
    with pytest.raises(DeliveryError, match=r"^no answer from ping_url \(no connection\)$"):
        ping(URL, "success", "")


def test_a_ping_to_a_host_that_cannot_be_is_a_failure_like_any_other():
    with pytest.raises(DeliveryError, match=r"no answer from ping_url") as found:
        ping("https://hc..example/ping/0b1c2d3e", "start", "")
    assert "hc" not in str(found.value)


def test_without_apprise_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(DeliveryError, match="apprise is not installed") as raised:
        send_apprise(["json://localhost"], "x", "y")
    assert f"Run: {sys.executable} -m pip install apprise" == raised.value.advice


APPRISE = """
class Apprise:
    def __init__(self):
        self.addresses = []

    def add(self, address):
        self.addresses.append(address)
        return "://" in address

    def notify(self, title, body):
        print(title, self.addresses)
        return "down" not in self.addresses[0]
"""


def test_apprise_gets_all_addresses_and_its_failures_are_reasons(monkeypatch, capsys):
    """A stand-in with the interface of apprise says which addresses it got."""
    stand_in = ModuleType("apprise")
    exec(APPRISE, vars(stand_in))
    monkeypatch.setitem(sys.modules, "apprise", stand_in)
    send_apprise(["json://a", "xml://b"], "subject", "text")
    assert "subject ['json://a']\nsubject ['xml://b']\n" == capsys.readouterr().out
    with pytest.raises(DeliveryError, match="does not understand address 1 of 1"):
        send_apprise(["nonsense"], "subject", "text")
    with pytest.raises(DeliveryError, match=r"could not reach address 1 of 1"):
        send_apprise(["json://down"], "subject", "text")
    # An error here would send it again and again to those that it has reached.
    missed = send_apprise(["json://a", "json://down", "nonsense"], "subject", "text")
    expected = "could not reach address 2 of 3; apprise does not understand address 3 of 3"
    assert f"apprise {expected}" == missed


# The command, and the section.


def write(tmp_path, text):
    file = tmp_path / "wcflow.ini"
    file.write_text(f"[alerts]\n{text}")
    file.chmod(0o600)
    return file


def test_the_test_command_says_what_happened_with_each_way(tmp_path):
    with responses.RequestsMock() as http, mail_host() as (host, port):
        http.post(URL, status=500)
        text = f"ping_url = {URL}\nemail = me@shop.example\nsmtp_url = smtp://127.0.0.1:{port}\n"
        ran = run_wcflow("alerts", "test", "--config", write(tmp_path, text))
    assert 1 == ran.code
    assert [
        "ping_url: not sent: ping_url answered with HTTP 500",
        "e-mail to me@shop.example: sent",
    ] == ran.lines
    assert ["wcflow: test"] == host.subjects


def test_the_test_command_needs_the_section(tmp_path):
    file = write(tmp_path, "")
    file.write_text("[wcflow]\n")
    ran = run_wcflow("alerts", "test", "--config", file)
    assert 2 == ran.code
    assert "there is no section [alerts]" in ran.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on = held\n", "ping_url, email or apprise"),
        ("email = me@shop.example\n", "missing key 'smtp_url'"),
        ("email = me\nsmtp_url = smtp://h\n", "an e-mail address such as"),
        ("ping_url = hc.example\n", "https://hc-ping.com/"),
        ("ping_url = https://h.example\non = stuck\n", "stalled, held, failed"),
        ("email = a@b.example\nsmtp_url = smtp://secret@host\n", "belong together"),
        ("ping_url = https://h.example/x\nping_url_file = y\n", "either ping_url or ping_url_file"),
        ("ping_url = $NO_SUCH_VARIABLE\n", "NO_SUCH_VARIABLE is not set"),
    ],
)
def test_mistakes_in_the_section_are_problems_without_secrets(tmp_path, text, expected):
    ran = run_wcflow("alerts", "test", "--config", write(tmp_path, text))
    assert 78 == ran.code
    assert expected in ran.err
    assert "secret" not in ran.err


def test_a_secret_file_is_a_credential_of_the_same_name_inside_the_service(tmp_path, monkeypatch):
    """There, the file itself belongs to root and cannot be read."""
    (tmp_path / "handed").mkdir()
    (tmp_path / "handed/smtp_url").write_text("smtps://mail.example\n")
    text = "email = me@shop.example\nsmtp_url_file = /etc/no/such/smtp_url\n"
    file = write(tmp_path, text)
    assert 78 == run_wcflow("alerts", "test", "--config", file).code
    config = load_config(
        file, {"CREDENTIALS_DIRECTORY": str(tmp_path / "handed")}, need_store=False
    )
    assert "mail.example" == config.alerts.mail_server.host


def test_check_shows_who_is_told_without_secrets(tmp_path):
    (tmp_path / "smtp").write_text("smtps://anna%40shop.example:hidden@mail.example\n")
    (tmp_path / "smtp").chmod(0o600)
    text = f"ping_url = {URL}\nemail = me@shop.example\nsmtp_url_file = smtp\n"
    text += "apprise = tgram://hidden/1\n    json://hidden\non = failed\n"
    file = write(tmp_path, text)
    with file.open("a") as more:
        more.write(
            "[store shop]\nurl = https://shop.example\nconsumer_key = ck_1\nconsumer_secret = cs_1\n"
        )
    ran = run_wcflow("check", "--config", file)
    assert (
        "e-mail to me@shop.example from anna@shop.example through mail.example, port 465" in ran.out
    )
    assert "pings to hc.example" in ran.out
    assert "2 addresses of apprise" in ran.out
    assert "alerts: failed" in ran.out
    assert "hidden" not in ran.out + ran.err
    assert "0b1c2d3e" not in ran.out + ran.err
