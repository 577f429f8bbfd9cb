"""A webhook is signed, goes to a checked address only, and says why it was refused."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest

from tests.webhook_host import is_signed, running_webhook_host
from wcflow.channels.addresses import WebhookSettings
from wcflow.channels.webhook import WebhookChannel, is_public, send_webhook
from wcflow.errors import DeliveryError

KEY = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
BODY = json.dumps({"type": "workflow.welcome", "name": "Zoë"}, ensure_ascii=False)


@pytest.fixture
def host():
    with running_webhook_host() as running:
        yield running


def settings(host, **more):
    return WebhookSettings("erp", **{"url": host.url, "key": KEY, "allow_private": True} | more)


def refusal(host, **more):
    with pytest.raises(DeliveryError) as caught:
        send_webhook(settings(host, **more), "wcflow_1", BODY, NOW)
    return caught.value


def test_a_webhook_has_the_headers_of_standard_webhooks_and_a_signature_that_others_can_check(host):
    outcome = send_webhook(settings(host, headers={"X-Tenant": "shop"}), "wcflow_1", BODY, NOW)
    ((path, headers, body),) = host.requests
    assert ("/hooks/secret-part", BODY.encode()) == (path, body)
    assert ("wcflow_1", "wcflow_1") == (headers["webhook-id"], headers["Idempotency-Key"])
    assert (str(int(NOW.timestamp())), "shop") == (
        headers["webhook-timestamp"],
        headers["X-Tenant"],
    )
    assert is_signed(headers, body, KEY)
    assert not is_signed(headers, body + b" ", KEY)
    assert "HTTP 200" in outcome
    assert "secret-part" not in outcome


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        *[(status, True) for status in (400, 401, 404, 410, 422)],
        *[(status, False) for status in (408, 425, 429, 500, 503)],
    ],
)
def test_a_refusal_is_permanent_unless_it_can_pass(host, status, permanent):
    host.answers = [(status, {"Retry-After": "7"}, "no")]
    error = refusal(host)
    assert (permanent, f"HTTP {status}: no" in str(error)) == (error.permanent, True)
    assert permanent or error.retry_after == 7


def test_a_receiver_that_is_gone_is_told(host):
    host.answers = [(410, {}, "")]
    assert "accepts no more" in str(refusal(host))


def test_a_redirect_is_not_followed(host):
    host.answers = [(302, {"Location": f"{host.url}/elsewhere"}, "")]
    error = refusal(host)
    assert (1, True) == (len(host.requests), error.permanent)
    assert "redirect" in str(error)


def test_an_answer_is_shown_in_part_and_without_secrets(host):
    text = f"call anna@example.com with token=abcdefgh at {host.url} " + "x" * 9000
    host.answers = [(500, {}, text)]
    message = str(refusal(host, headers={"Authorization": "Bearer hidden-token"}))
    for secret in ("anna@example.com", "abcdefgh", "secret-part", "hidden-token"):
        assert secret not in message
    assert len(message) < 600


def test_a_private_address_is_refused_before_anything_is_sent(host):
    error = refusal(host, allow_private=False)
    assert ([], True) == (host.requests, error.permanent)
    assert "private network (if that is right, add allow_private = yes" in str(error)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_private_addresses_are_known(address, public):
    assert public == is_public(address)


def test_a_name_whose_address_changes_is_looked_up_once_and_that_address_is_used(host, monkeypatch):
    asked, real = [], socket.getaddrinfo

    def lookup(name, port, *args, **more):
        asked.append(name)
        assert asked.count("hooks.example") <= 1, "the second answer could be another address"
        return real("127.0.0.1" if name == "hooks.example" else name, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    url = f"http://hooks.example:{host.port}/x"
    send_webhook(settings(host, url=url), "wcflow_1", BODY, NOW)
    ((_, headers, _),) = host.requests
    assert f"hooks.example:{host.port}" == headers["Host"]


def test_a_name_without_an_address_is_tried_again(host):
    error = refusal(host, url="https://nowhere.invalid/x")
    assert (False, "has no address" in str(error)) == (error.permanent, True)


def test_a_host_that_does_not_answer_is_left_alone_for_a_minute(host):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    now = [NOW]
    channel = WebhookChannel({"erp": settings(host, url=url)}, lambda: now[0])
    with pytest.raises(DeliveryError, match="no answer"):
        channel.send("erp", "wcflow_1", BODY)
    channel.settings = {"erp": settings(host)}
    with pytest.raises(DeliveryError, match="no answer"):
        channel.send("erp", "wcflow_1", BODY)
    now[0] += timedelta(minutes=1)
    assert "HTTP 200" in channel.send("erp", "wcflow_1", BODY)
    closed.close()


def test_a_host_that_is_too_slow_is_tried_again(host):
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
    error = refusal(host, url=url, timeout=0.2)
    assert (False, "it took too long" in str(error)) == (error.permanent, True)
    silent.close()
