"""The tokens in e-mails: the companion plugin reads what wcflow signs, and nothing else."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest

from wcflow.rules.unsubscribe import Subscriber, unsubscribe_token

PLUGIN = Path(__file__).parents[2] / "wcflow/companion/wcflow-companion"
SECRET = "a secret of the database"
ANNA_BODY = ["main", 17, "anna@x.example", "welcome"]
ANNA = Subscriber(*ANNA_BODY)


def key(purpose):
    return hmac.new(SECRET.encode(), purpose.encode(), hashlib.sha256).digest()


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sign(body, purpose="link"):
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return f"{encode(data)}.{encode(hmac.new(key(purpose), data, hashlib.sha256).digest()[:16])}"


@pytest.fixture
def read(php):
    """Return a function that tells what the plugin says of each token."""

    def read(*tokens, keys=None):
        unsubscribe, link = keys or (key("unsubscribe").hex(), key("link").hex())
        text = "\n".join(json.dumps(token) for token in tokens)
        file = PLUGIN / "includes/class-wcflow-token.php"
        lines = php.script("tokens.php", file, unsubscribe, link, text=text).splitlines()
        return [json.loads(line) for line in lines]

    return read


NOTHING = {"subscriber": None, "open": False, "target": ""}


def test_an_unsubscribe_token_names_its_subscriber(read):
    plain, odd = (
        ANNA,
        Subscriber("Shöp 🛒", 2**40, 'jürgen"<b>@x.example', "E-mail \\ 'x' / ü"),
    )
    found = read(unsubscribe_token(SECRET, plain), unsubscribe_token(SECRET, odd))
    assert [Subscriber(**each["subscriber"]) for each in found] == [plain, odd]
    assert not any(each["open"] or each["target"] for each in found)


def test_tokens_of_links_are_told_apart(read):
    url = "https://shop.example/a?b=c&d=ü#e"
    opened, clicked = read(sign(["open", "main", 5]), sign(["click", "main", 5, url]))
    assert opened == NOTHING | {"open": True}
    assert clicked == NOTHING | {"target": url}


@pytest.mark.parametrize(
    "body",
    [
        ["open", "main"],
        ["open", "main", 5, "https://shop.example/"],
        ["click", "main", 5],
        ["click", "main", 5, None],
        ["click", "main", 5, ["https://shop.example/"]],
        {"0": "open", "1": "main", "2": 5, "x": 1},
        "open",
        None,
        [],
        [[[[[[]]]]]],
        b"\xff\xfe",
        b"",
    ],
)
def test_an_odd_body_is_nothing_though_it_is_signed(read, body):
    assert read(sign(body), sign(body, "unsubscribe")) == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    "body",
    [
        ["main", "17", "a@x.example", "welcome"],
        ["main", 17, None, "welcome"],
        ["main", 17, "a@x.example"],
        ["main", 17, "a@x.example", "welcome", 1],
        [["main"], 17, "a@x.example", "welcome"],
    ],
)
def test_a_subscriber_of_other_types_is_nothing(read, body):
    assert read(sign(body, "unsubscribe")) == [NOTHING]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:/\\evil.example",
        "https:\\\\evil.example",
        "https://shop.example\\@evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.example\r\n.evil.example/",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "https://shop.example/\x00",
        "https://\u200bshop.example/",
        "https:///evil.example",
        "https://",
        " https://shop.example/",
        "https://shop.example/\n",
        "",
    ],
)
def test_a_link_leads_to_the_web_only(read, url):
    assert read(sign(["click", "main", 5, url])) == [NOTHING]


def test_what_is_not_signed_is_nothing(read):
    token = unsubscribe_token(SECRET, ANNA)
    body, mac = token.split(".")
    other = unsubscribe_token("another secret", ANNA)
    forged = [
        *(other, body, f"{body}.", f".{mac}", f"{body}.{mac[:-2]}", f"{body}.{mac}.{mac}"),
        *(f"{body[:-4]}.{mac}", f"{token}=", f" {token}\n", token.upper(), f"{body}+.{mac}"),
        *(f"{mac}.{body}", "", ".", "..", "ü.ü", "\ud800", "a" * 10_000, f"{'a' * 9000}.{mac}"),
        *(None, 5, True, [token], {"a": [token]}),
        # The signature of a body that says the same, cut to less than its length.
        *(f"{body}.{mac[:n]}" for n in range(len(mac))),
    ]
    assert read(*forged) == [NOTHING] * len(forged)


def test_each_key_signs_its_own_tokens_only(read):
    tokens = [sign(["open", "main", 5], "unsubscribe"), sign(ANNA_BODY, "link")]
    assert read(*tokens) == [NOTHING] * len(tokens)


def test_without_keys_nothing_is_signed(read):
    body = json.dumps(ANNA_BODY, separators=(",", ":")).encode()
    mac = hmac.new(b"", body, hashlib.sha256).digest()[:16]
    assert read(f"{encode(body)}.{encode(mac)}", sign(ANNA_BODY), keys=("", "")) == [NOTHING] * 2
