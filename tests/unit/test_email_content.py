"""What an e-mail says and how it is composed, for any name and any subject."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wcflow.channels.compose import Mail, compose
from wcflow.config.load import load_config
from wcflow.config.problem import ConfigError
from wcflow.rules.email_html import html_to_text, inline_styles, markdown_to_html
from wcflow.rules.emails import one_line, render_email
from wcflow.rules.mailboxes import Mailbox, ascii_address, parse_mailbox
from wcflow.rules.unsubscribe import (
    Subscriber,
    check_token,
    unsubscribe_link,
    unsubscribe_token,
)

NOW = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
SMTP = "[smtp]\nhost = mail.example\nfrom = My Shop <hello@shop.example>\n"
VALUES = {
    "store.name": "My Shop",
    "store.url": "https://shop.example",
    "first_name": "Anna",
    "last_name": "Smith",
    "email": "anna@example.com",
}
LINK = "https://shop.example/u?wcflow=x"


def as_sent(**more):
    known = {
        "sender": Mailbox("My Shop", "hello@shop.example"),
        "to": Mailbox("Anna", "anna@example.com"),
        "subject": "Hello",
        "text": "Hello\n",
        "html": "<p>Hello</p>",
        "key": "abc",
        "at": NOW,
        "name": "thanks",
        "origin": "workflow thanks",
        "transactional": False,
    }
    return compose(Mail(**(known | more)))


def mail(**more):
    return message_from_bytes(as_sent(**more), policy=policy.default)


def load(tmp_path, text):
    ini = tmp_path / "wcflow.ini"
    ini.write_text(text)
    ini.chmod(0o600)
    return load_config(ini, {}, need_store=False)


def email(tmp_path, text, smtp=SMTP):
    config = load(tmp_path, f"{smtp}[email one]\nsubject = Hello\n{text}\n")
    return config.rules.sections["email"]["one"]


def problems(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [str(each).replace(f"{tmp_path}/", "") for each in caught.value.problems]


# Composing.


@settings(max_examples=60)
@given(name=st.text(), subject=st.text(), text=st.text())
def test_any_name_subject_and_text_make_a_valid_message(name, subject, text):
    clean = one_line(subject)
    message = mail(
        to=Mailbox(one_line(name), "anna@example.com"),
        subject=clean,
        text=text.encode("utf-8", "replace").decode(),
    )
    assert clean == " ".join((message["Subject"] or "").split())
    (to,) = message["To"].addresses
    assert "anna@example.com" == to.addr_spec
    assert [] == [header for header in message.values() for _ in getattr(header, "defects", ())]
    assert {"From", "To", "Date", "Message-ID", "Subject"} <= set(message)


def test_headers_for_programs_are_never_encoded_however_long():
    links = (f"https://shop.example/u?wcflow={'x' * 200}", f"mailto:b@shop.example?{'y' * 200}")
    sent = as_sent(unsubscribe=links, name="n" * 40, origin="o" * 40)
    expected = [
        b"List-Unsubscribe: <%b>,\r\n <%b>\r\n" % tuple(each.encode() for each in links),
        b"Feedback-ID: %b:%b:marketing:shop.example\r\n" % (b"n" * 40, b"o" * 40),
    ]
    assert [] == [header for header in expected if header not in sent]
    assert b"=?" not in sent


def test_an_e_mail_is_composed_again_byte_by_byte():
    assert as_sent(key="abc") == as_sent(key="abc")
    assert as_sent(key="abc") != as_sent(key="abd")


def test_a_name_cannot_add_a_header():
    name = one_line("Anna\r\nBcc: evil@spam.example")
    message = mail(to=Mailbox(name, "anna@example.com"), subject=one_line("x\nBcc: evil@x.example"))
    assert message["Bcc"] is None
    assert "x Bcc: evil@x.example" == message["Subject"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anna@example.com", "anna@example.com"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("Anna.Smith+x@Example.com", "Anna.Smith+x@example.com"),
    ],
)
def test_addresses_as_mail_servers_take_them(address, expected):
    assert expected == ascii_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@x.example",
        "änna@example.com",
        "a b@example.com",
        "anna@localhost",
        "a@b@c.example",
        "anna@-x-.example",
        "anna@exa mple.com",
        "anna..b@example.com",
        f"{'a' * 65}@example.com",
        "anna@example.com\nBcc: x@y.example",
    ],
)
def test_addresses_that_cannot_be(address):
    with pytest.raises(ValueError, match=r"^(it|its|most) "):
        ascii_address(address)


def test_a_sender_with_and_without_a_name():
    assert ("My Shop", "a@b.example") == parse_mailbox("My Shop <a@b.example>")
    assert ("", "a@b.example") == parse_mailbox("a@b.example")


# Links to unsubscribe.

WHO = Subscriber("shop", 12, "anna@example.com", "thanks")


def test_a_token_belongs_to_its_subscriber_only():
    token = unsubscribe_token("secret", WHO)
    assert WHO == check_token("secret", token)
    assert check_token("another", token) is None
    assert check_token("secret", token[:-2] + "AA") is None


@given(st.text())
def test_no_other_text_is_a_token(text):
    assert check_token("secret", text) is None


def test_a_link_keeps_what_the_address_has():
    assert "https://x.example/?p=1&wcflow=T" == unsubscribe_link("https://x.example/?p=1", "T")


# Content.


def test_what_a_customer_typed_is_never_markup(tmp_path):
    rule = email(tmp_path, "markdown = Hello {{ first_name }}")
    name = "<script>alert(1)</script> **bold** [x](http://evil.example)"
    content = render_email(rule, VALUES | {"first_name": name}, LINK)
    assert "<script" not in content.html
    assert "&lt;script&gt;" in content.html
    assert "<strong>" not in content.html
    assert "evil.example)" in content.html
    assert "<script>alert(1)</script>" in content.text


def test_markdown_keeps_variables_and_loops():
    source = (
        "# {{ first_name }}\n\n{% for p in products %}\n- *{{ p | upper }}*\n{% endfor %}\n\n"
        "[Shop]({{ store.url }}/a_b_c)"
    )
    html = markdown_to_html(source)
    assert "<h1>{{ first_name }}</h1>" in html
    assert "<ul>{% for p in products %}" in html
    assert "<li><em>{{ p | upper }}</em></li>" in html
    assert "{% endfor %}</ul>" in html
    assert '<a href="{{ store.url }}/a_b_c">' in html


def test_conditions_around_paragraphs_leave_no_empty_ones(tmp_path):
    html = markdown_to_html("{% if first_name %}\nHello\n{% else %}\nHi\n{% endif %}")
    assert "<p>{%" not in html
    assert 2 == html.count("<p>")


def test_the_plain_part_has_the_addresses_of_links():
    assert "Hello, see [our shop](https://shop.example)" == html_to_text(
        "<p>Hello, see <a href='https://shop.example'>our shop</a></p>"
    )


def test_styles_are_on_the_elements_and_dark_mode_stays():
    page = inline_styles(
        "<html><head><style>p { color: red } @media (prefers-color-scheme: dark)"
        " { p { color: blue !important } }</style></head><body><p>x</p></body></html>"
    )
    assert '<p style="color: red;">' in page
    assert "prefers-color-scheme: dark" in page


def test_style_sheets_from_elsewhere_are_not_fetched():
    link = '<link rel="stylesheet" href="file:///etc/passwd">'
    assert "root" not in inline_styles(f"<html><head>{link}</head><body><p>x</p></body></html>")


def test_amounts_and_dates_keep_their_types(tmp_path):
    rule = email(
        tmp_path, "markdown = {{ total_spent * 2 }} {{ birthday }} {{ is_guest }} {{ tags }}"
    )
    values = VALUES | {
        "total_spent": {"amount": "12.5", "digits": 2},
        "birthday": {"day": "1990-04-01"},
        "is_guest": {"yes": True},
        "tags": ["a", "b"],
    }
    assert "25.00 1990-04-01 yes a, b" in render_email(rule, values, LINK).text


def test_an_e_mail_of_plain_text_has_no_html(tmp_path):
    rule = email(tmp_path, "text = Hello {{ first_name }} <x>")
    content = render_email(rule, VALUES, LINK, "1 High Street")
    assert "" == content.html
    assert f"Hello Anna <x>\n\n-- \nMy Shop\n1 High Street\nUnsubscribe: {LINK}\n" == content.text


def test_a_page_of_its_own_has_no_layout(tmp_path):
    (tmp_path / "page.html").write_text(
        "<html><body><a href='{{ unsubscribe_url }}'>x</a></body></html>"
    )
    rule = email(tmp_path, "html_file = page.html")
    assert "My Shop" not in render_email(rule, VALUES, LINK).html


def test_a_layout_of_ones_own(tmp_path):
    (tmp_path / "l.html").write_text(
        "<html><body><i>{{ content }}</i>{{ unsubscribe_url }}</body></html>"
    )
    rule = email(tmp_path, "markdown = Hello\nlayout = l.html")
    assert "<i><p>Hello</p>" in render_email(rule, VALUES, LINK).html


# Problems at load.


def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path):
    (tmp_path / "a.md").write_text("Hello\n\n{{ first_nam }}\n")
    (tmp_path / "l.html").write_text("<html>\n<body>{{ contnt }}</body></html>")
    text = f"{SMTP}[email one]\nsubject = x\nmarkdown_file = a.md\nlayout = l.html\n"
    found = problems(tmp_path, text)
    assert "a.md:3: [email one]: unknown variable 'first_nam' (did you mean 'first_name'?)" in found
    assert any(
        each.startswith("l.html:2: [email one]: unknown variable 'contnt'") for each in found
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("subject = x", "missing key 'markdown', 'html' or 'text' (or one with _file)"),
        ("subject = x\nmarkdown = a\nhtml = b", "expected either html or markdown, got both"),
        (
            "subject = x\nmarkdown = a\nmarkdown_file = b.md",
            "the file b.md cannot be read: no such file or directory",
        ),
        (
            "subject = x\nhtml = <p>a</p>\nlayout = none",
            "expected {{ unsubscribe_url }} in it, got none: every marketing e-mail needs it",
        ),
        ("subject = {{ x\ntext = a", "expected a template"),
    ],
)
def test_problems_of_an_e_mail(tmp_path, text, problem):
    found = problems(tmp_path, f"{SMTP}[email one]\n{text}\n")
    assert any(problem in each for each in found), found


ONE = (
    "[email one]\nsubject = x\ntext = y\n[workflow w]\ntrigger = order_paid\ndo = send_email one\n"
)


def test_an_e_mail_needs_a_mail_server(tmp_path):
    (found,) = problems(tmp_path, ONE)
    assert "[email one]: expected a section [smtp], got none" in found


@pytest.mark.parametrize("mode", ["dry_run", "off"])
def test_an_e_mail_that_is_not_sent_needs_no_mail_server(tmp_path, mode):
    assert {"one"} == load(tmp_path, f"{ONE}mode = {mode}\n").rules.sections["email"].keys()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("host = mail.example\nfrom = a@b.example\nencryption = none", "expected starttls or tls"),
        ("host = mail.example:25\nfrom = a@b.example", "the name of a server"),
        ("host = mail.example\nfrom = nobody", "an e-mail address such as"),
        ("host = h.example\nfrom = a@b.example\nusername = x", "missing key 'password'"),
        ("host = h.example\nfrom = a@b.example\npassword = x", "missing key 'username'"),
        ("host = h.example\nfrom = a@b.example\nunsubscribe_url = http://x.example", "https://"),
        ("host = h.example\nfrom = a@b.example\nunsubscribe_url = https://-ü-/", "https://"),
    ],
)
def test_problems_of_the_mail_server(tmp_path, lines, problem):
    found = problems(tmp_path, f"[smtp]\n{lines}\n")
    assert any(problem in each for each in found), found


def test_the_page_to_unsubscribe_can_have_any_letters(tmp_path):
    text = f"{SMTP}unsubscribe_url = https://Müller.example:444/a%20b/größe?l=ü&x=1\n"
    expected = "https://xn--mller-kva.example:444/a%20b/gr%C3%B6%C3%9Fe?l=%C3%BC&x=1"
    assert expected == load(tmp_path, text).smtp.unsubscribe_url


def test_an_e_mail_can_only_use_what_its_workflows_know(tmp_path):
    text = (
        f"{SMTP}[email one]\nsubject = {{{{ order.number }}}}\ntext = {{{{ coupon.code }}}}\n"
        "[workflow w]\ntrigger = customer_created\ndo = send_email one\n"
    )
    found = problems(tmp_path, text)
    assert 2 == len(found)
    assert all("[email one] cannot be sent here" in each for each in found)
    assert any("available after the step" in each for each in found)


def test_alerts_can_use_the_same_server(tmp_path):
    config = load(tmp_path, f"{SMTP}[alerts]\nemail = me@shop.example\n")
    assert "mail.example" == config.alerts.mail_server.host
    assert "hello@shop.example" == config.alerts.email_from


def test_the_default_layout_is_valid_html(tmp_path):
    markdown = "# {{ first_name }}\n\n{% for p in tags %}\n- {{ p }}\n{% endfor %}\n\n---\n\n> x"
    (tmp_path / "a.md").write_text(markdown)
    rule = email(tmp_path, "markdown_file = a.md\npreheader = Soon")
    content = render_email(rule, VALUES | {"tags": ["<b>", "&"]}, LINK, "1 High Street")
    html5lib.HTMLParser(strict=True).parse(content.html)
    assert content.html.startswith("<!DOCTYPE html>")


def test_the_layout_can_shrink(tmp_path):
    """A long word must not make a narrow window scroll: the tables have a fixed layout."""
    html = render_email(email(tmp_path, "markdown = Hello"), VALUES, LINK).html
    tables = [part for part in html.split("<table")[1:] if "presentation" in part]
    assert [True, True] == ["table-layout: fixed" in part.split(">")[0] for part in tables]
