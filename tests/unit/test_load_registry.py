"""Every section and key in the registry is documented and works as documented."""

import pytest

from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.config.schema import kinds

URL = "https://hc.example/1"
ENV = {
    "WC_CONSUMER_KEY": f"ck_{'a' * 40}",
    "WC_CONSUMER_SECRET": f"cs_{'b' * 40}",
    "PING_URL": URL,
    "APPRISE_URLS": "json://host",
    "SMTP_PASSWORD": "secret",
    "ERP_SECRET": "0123456789abcdef",
    "SMS_URL": "json://sms.example/{phone}",
}
KEYS = [(kind, key) for kind in kinds().values() for key in kind.keys.values()]
OTHERS = (
    "[segment VIP]\nwhen = is_guest\ntag = none\n[segment Other]\nwhen = is_registered\n"
    "[coupon welcome10]\ntype = percent\namount = 10\n"
)
REQUIRED = {
    "store": "url = https://other.example\nconsumer_key = $WC_CONSUMER_KEY\n"
    "consumer_secret = $WC_CONSUMER_SECRET\n",
    "alerts": "email = me@shop.example\nping_url = https://hc.example/1\n"
    "smtp_url = smtps://mail.example\napprise = json://host\n",
    "segment": "when = orders_count > 1\n",
    "tag": "when = orders_count > 1\n",
    "workflow": "trigger = order_paid\ndo = stop\n",
    "coupon": "type = percent\namount = 20\n",
    "email": "subject = Hello\ntext = Hello\n",
    "bounces": "imap_url = imaps://me:secret@mail.example\n",
    "smtp": "host = mail.example\nfrom = hello@shop.example\nusername = me\n"
    "password = $SMTP_PASSWORD\n",
    "campaign": "when = is_guest\ndo = add_note hello\n",
    "tiers": "by = total_spent\nGold = 1000\n",
    "webhook": "url = https://erp.example/x\nsecret = $ERP_SECRET\n",
    "channel": "url = $SMS_URL\n",
}

OTHER_WAYS = {"maildir": {"imap_url"}}
"""Keys that one of these required keys cannot be beside."""


def ids(entries):
    return [f"{kind.name}.{key.name}" for kind, key in entries]


def section(kind, *lines, without=()):
    """Return a section with its required keys and these lines."""
    head = kind.head.replace("NAME", "one")
    needed = [
        line
        for line in REQUIRED.get(kind.name, "").splitlines()
        if line.split(" ")[0] not in without
    ]
    return "\n".join([head, *needed, *lines]) + "\n"


def loaded(tmp_path, text):
    for name in ("consumer_key", "consumer_secret"):
        (tmp_path / name).write_text(ENV[f"WC_{name.upper()}"])
    for name in ("ping_url", "smtp_url", "apprise"):
        (tmp_path / name).write_text("smtps://mail.example" if name == "smtp_url" else URL)
    (tmp_path / "imap_url").write_text("imaps://me:secret@mail.example")
    for name, variable in (
        ("erp_url", "PING_URL"),
        ("erp_secret", "ERP_SECRET"),
        ("sms_url", "SMS_URL"),
    ):
        (tmp_path / name).write_text(ENV[variable])
    for name in ("review.md", "review.html", "review.txt", "layout.html", "smtp_password"):
        (tmp_path / name).write_text("Hello")
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    (tmp_path / "recipes").mkdir(exist_ok=True)
    (tmp_path / "recipes/a.ini").write_text("")
    ini = tmp_path / "wcflow.ini"
    ini.write_text(text)
    ini.chmod(0o600)
    return load_config(ini, ENV, need_store=False)


def problems_of(tmp_path, text):
    try:
        loaded(tmp_path, text)
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_every_key_accepts_its_example(tmp_path, kind, key):
    """The files of the examples are beside the INI."""
    example = key.example.replace("/etc/wcflow", str(tmp_path))
    instead = {key.name, key.name.removesuffix("_file")} | OTHER_WAYS.get(key.name, set())
    more = section(kinds()["smtp"]) if kind.name in ("email", "campaign") else ""
    lines = [f"{key.name} = {example}"]
    if kind.name == "campaign":
        more += section(kinds()["email"]).replace("[email one]", "[email review]")
        more += section(kinds()["channel"]).replace("[channel one]", "[channel sms]")
        lines += {"channel": ["text = Hello"], "text": ["channel = sms"]}.get(key.name, [])
    text = OTHERS + more + section(kind, *lines, without=instead)
    assert loaded(tmp_path, text).files


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_every_key_is_documented(kind, key):
    assert "" not in (key.name, key.form, key.meaning, key.example, kind.meaning)
    assert all(each[0].isupper() and each.endswith(".") for each in (key.meaning, kind.meaning))


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_no_key_can_be_empty(tmp_path, kind, key):
    instead = {key.name, key.name.removesuffix("_file")}
    problems = problems_of(tmp_path, section(kind, f"{key.name} =", without=instead))
    line = section(kind, without=instead).count("\n") + 1
    assert "nothing" in {problem.got for problem in problems if problem.line == line}


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_every_key_is_suggested_for_a_misspelling(tmp_path, kind, key):
    """The misspelling has one letter twice."""
    wrong = key.name[:2] + key.name[1:]
    problems = problems_of(tmp_path, section(kind, f"{wrong} = {key.example}"))
    expected = f"did you mean {key.name!r}?"
    assert [expected] == [
        problem.hint for problem in problems if problem.got == f"unknown key {wrong!r}"
    ]


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_no_key_can_be_in_a_section_twice(tmp_path, kind, key):
    line = f"{key.name} = {key.example}"
    problems = problems_of(tmp_path, section(kind, line, line, without={key.name}))
    assert 1 == sum(problem.expected == f"one {key.name!r}" for problem in problems)


@pytest.mark.parametrize(("kind", "key"), KEYS, ids=ids(KEYS))
def test_every_key_has_several_lines_or_rejects_a_second_one(tmp_path, kind, key):
    text = section(kind, f"{key.name} = {key.example}", "  another line", without={key.name})
    refused = False
    try:
        loaded(tmp_path, text)
    except ConfigError as error:
        refused = any(problem.got == "another one" for problem in error.problems)
    assert key.rows == (not refused)


REQUIRED_KEYS = [(kind, key) for kind, key in KEYS if key.required]


@pytest.mark.parametrize(("kind", "key"), REQUIRED_KEYS, ids=ids(REQUIRED_KEYS))
def test_every_missing_required_key_is_a_problem(tmp_path, kind, key):
    problems = problems_of(tmp_path, section(kind, without={key.name}))
    assert (1, f"missing key {key.name!r}") in [(problem.line, problem.got) for problem in problems]
