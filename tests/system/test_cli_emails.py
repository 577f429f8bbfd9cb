"""``wcflow email`` and ``wcflow suppression``: what an admin sees, and what they can do."""

import json
import threading
from datetime import UTC, datetime

import dns.message
import dns.resolver
import dns.rrset
import pytest

from tests.command_line import CommandLine
from tests.imap_host import imap_host
from tests.mail_host import mail_host
from tests.path.test_bounces import bounce
from wcflow.channels.dns_records import LookupFailed, check_sender, resolve_text

RULES = """
[email thanks]
subject = Thank you for {{ order.number }}, {{ first_name }}!
markdown = Hello **{{ first_name }}**, use {{ coupon.code }}.

[email orphan]
subject = Receipt
text = Hello
transactional = yes

[email news]
subject = News
text = Hello

[campaign spring]
when = orders_count >= 1
email = news

[workflow coupons]
trigger = order_paid
do =
    create_coupon ten
    send_email thanks

[coupon ten]
type = percent
amount = 10
prefix = TEN

[smtp]
host = 127.0.0.1
port = 1
encryption = none
from = My Shop <hello@shop.example>
"""


@pytest.fixture
def cli(tmp_path):
    command_line = CommandLine(tmp_path, RULES)
    billing = {"first_name": "Anna", "last_name": "Smith"}
    command_line.sim.place_order(email="anna@example.com", billing=billing, days_ago=3)
    assert 0 == command_line.run("sync", "--approve").code
    # What happens from now on comes after the moment when the workflow began.
    command_line.sim.now = datetime.now(UTC).replace(microsecond=0)
    yield command_line
    command_line.sim.db.close()


def run(cli, *words, **more):
    return cli.run(*words, mounted_at=None, **more)


def test_e_mails_are_listed_with_what_sends_them(cli):
    out = run(cli, "email", "list").out
    assert "thanks  Thank you for {{ order.number }}, {{ first_name }}!  marketing" in out
    assert "campaign spring" in out
    emails = json.loads(run(cli, "email", "list", "--json").out)["emails"]
    by_name = {each["name"]: (each["workflows"], each["campaigns"]) for each in emails}
    assert {
        "thanks": (["coupons"], []),
        "orphan": ([], []),
        "news": ([], ["spring"]),
    } == by_name


def test_a_preview_shows_the_e_mail_of_a_customer(cli, tmp_path):
    file = tmp_path / "out.html"
    result = run(cli, "email", "preview", "thanks", "--for", "anna", "--html", file)
    assert 0 == result.code
    assert "Subject: Thank you for" in result.out
    assert "To: Anna Smith <anna@example.com>" in result.out
    assert "use EXAMPLE." in result.out
    assert "<strong" in file.read_text()


def test_a_preview_of_an_unknown_e_mail_suggests_one(cli):
    result = run(cli, "email", "preview", "thank", "--for", "anna")
    assert 2 == result.code
    assert "did you mean 'thanks'?" in result.err.lower()


def test_a_test_e_mail_reaches_another_address(cli):
    with mail_host() as (host, port):
        ini = cli.sim.folder / "wcflow.ini"
        ini.write_text(ini.read_text().replace("port = 1\n", f"port = {port}\n"))
        words = ("email", "test", "thanks", "--to", "me@shop.example")
        missing = run(cli, *words)
        result = run(cli, *words, "--for", "anna")
    assert 2 == missing.code
    assert "Add --for CUSTOMER" in missing.err
    assert 0 == result.code
    (message,) = host.messages
    assert message["Subject"].startswith("[test] Thank you for")
    assert "me@shop.example" == message["To"]


def test_a_test_without_a_server_says_what_to_check(cli):
    words = ("email", "test", "orphan", "--to", "me@shop.example", "--for", "anna")
    result = run(cli, *words)
    assert 75 == result.code
    assert "cannot be reached" in result.err
    assert "Check host, port and encryption in [smtp]." in result.err


# DNS.


class Zone:
    """A real DNS server with some records."""

    def __init__(self, records):
        self.records = records

    def answer(self, query):
        reply = dns.message.make_response(query)
        name = query.question[0].name.to_text().rstrip(".")
        if name not in self.records:
            reply.set_rcode(3)
        for text in self.records.get(name, ()):
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", text))
        return reply


@pytest.fixture
def resolve():
    import socket

    zone, server = Zone({}), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]

    def serve():
        while True:
            data, sender = server.recvfrom(4096)
            if not data:
                return
            server.sendto(zone.answer(dns.message.from_wire(data)).to_wire(), sender)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield zone, lambda name: resolve_text(name, resolver)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", server.getsockname())
    thread.join(5)
    server.close()


def test_the_records_of_a_good_domain(resolve):
    zone, lookup = resolve
    zone.records = {
        "shop.example": ['"v=spf1 include:mail.example -all"', '"other"'],
        "s1._domainkey.shop.example": ['"v=DKIM1; k=rsa; p=ABC" "DEF"'],
        "_dmarc.shop.example": ['"v=DMARC1; p=none"'],
    }
    found = check_sender("news.shop.example", "s1", lookup)
    assert [False, False, True] == [each.ok for each in found]
    assert all(each.ok for each in check_sender("shop.example", "s1", lookup))


def test_missing_and_wrong_records_have_advice(resolve):
    zone, lookup = resolve
    zone.records = {"shop.example": ['"v=spf1 +all"']}
    found = check_sender("shop.example", "s1", lookup)
    assert ["v=spf1 +all", "missing at s1._domainkey.shop.example", "missing"] == [
        each.text for each in found
    ]
    assert all(each.advice for each in found)


def test_dns_that_does_not_answer_is_said():
    def silent(_name):
        raise LookupFailed("LifetimeTimeout")

    found = check_sender("shop.example", "", silent)
    assert "not known: DNS did not answer (LifetimeTimeout)" == found[0].text


# Suppression.


def test_addresses_are_added_listed_and_removed(cli):
    assert (
        0 == run(cli, "suppression", "add", "Anna@Example.com", "--reason", "asked by phone").code
    )
    out = run(cli, "suppression", "list").out
    assert "1 address" in out
    assert "anna@example.com  email    added by hand: asked by phone" in out
    (entry,) = json.loads(run(cli, "suppression", "list", "--json").out)["shop"]
    assert ("anna@example.com", "manual") == (entry["address"], entry["kind"])
    assert 2 == run(cli, "suppression", "remove", "anna@example.com").code
    assert 0 == run(cli, "suppression", "remove", "anna@example.com", "--yes").code
    assert "0 addresses" in run(cli, "suppression", "list").out
    assert 2 == run(cli, "suppression", "remove", "anna@example.com", "--yes").code


def test_an_address_that_cannot_be_is_refused(cli):
    result = run(cli, "suppression", "add", "anna")
    assert 2 == result.code
    assert "it is no e-mail address" in result.err


CHANNEL = "[channel sms]\nurl = json://127.0.0.1/{phone}\n"


def test_a_telephone_number_is_saved_as_messages_have_it(cli):
    cli.sim.write_rules(RULES + CHANNEL)
    added = run(cli, "suppression", "add", "0049 151 23456789", "--channel", "sms")
    assert (0, "+4915123456789 gets no messages any more." in added.out) == (added.code, True)
    (entry,) = json.loads(run(cli, "suppression", "list", "--json").out)["shop"]
    assert ("+4915123456789", "sms") == (entry["address"], entry["channel"])
    removed = run(cli, "suppression", "remove", "+49 (151) 23456789", "--channel", "sms", "--yes")
    assert 0 == removed.code


@pytest.mark.parametrize(
    ("number", "channel", "said"),
    [
        ("0151 23456789", "sms", "'0151 23456789' is not a telephone number"),
        ("+4915123456789", "smss", "there is no [channel smss] in the configuration"),
    ],
)
def test_a_number_or_channel_that_would_stop_nothing_is_refused(cli, number, channel, said):
    cli.sim.write_rules(RULES + CHANNEL)
    result = run(cli, "suppression", "add", number, "--channel", channel)
    assert (2, True) == (result.code, said in " ".join(result.err.split()))


def test_a_sync_tells_that_the_mail_server_cannot_be_reached(cli):
    steps = "create_coupon ten\n    send_email thanks"
    cli.sim.write_rules(RULES.replace(steps, "send_email orphan"))
    cli.sim.place_order(email="ben@example.com")
    result = cli.run("sync", "--approve")
    shown = " ".join(result.out.split())
    assert (75, True) == (result.code, "127.0.0.1, port 1, cannot be reached" in shown)


# The mail server and the mailbox of [bounces] in doctor, status and sync.


def test_doctor_logs_in_to_the_mail_server_and_the_mailbox_and_sends_nothing(cli):
    with mail_host() as (host, port), imap_host() as mailbox:
        bounces = f"[bounces]\nimap_url = {mailbox.url}\n"
        cli.sim.write_rules(RULES.replace("port = 1\n", f"port = {port}\n") + bounces)
        shown = " ".join(cli.run("doctor").out.split())
    assert f"ok the mail server 127.0.0.1, port {port}, answers" in shown
    assert "ok the mailbox of [bounces] (127.0.0.1) can be read" in shown
    assert ([], []) == (host.messages, mailbox.fetched)


def test_doctor_tells_that_mail_server_and_mailbox_cannot_be_used(cli):
    cli.sim.write_rules(f"{RULES}[bounces]\nmaildir = nowhere\n")
    result = cli.run("doctor")
    shown = " ".join(result.out.split())
    assert 1 == result.code
    assert "problem the mail server 127.0.0.1, port 1, cannot be reached" in shown
    assert "nowhere cannot be read" in shown


def test_a_sync_reads_bounces_and_status_tells_if_they_cannot_be_read(cli):
    cli.sim.write_rules(f"{RULES}[bounces]\nmaildir = mail\n")
    synced = cli.run("sync")
    assert "mail cannot be read: no maildir there" in " ".join(synced.err.split())
    trouble = "bounces are not read: the maildir"
    assert trouble in " ".join(cli.run("status").out.split())
    for name in ("new", "cur", "tmp"):
        (cli.sim.folder / "mail" / name).mkdir(parents=True)
    (cli.sim.folder / "mail" / "new" / "1").write_bytes(bounce())
    cli.run("sync")
    assert trouble not in " ".join(cli.run("status").out.split())
    (entry,) = json.loads(run(cli, "suppression", "list", "--json").out)["shop"]
    assert ("anna@example.com", "bounced") == (entry["address"], entry["kind"])
