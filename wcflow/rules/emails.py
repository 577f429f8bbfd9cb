"""What an e-mail says: its templates, and what becomes of them for one person. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from wcflow.rules.context import RulePlace
from wcflow.rules.email_html import (
    DEFAULT_LAYOUT,
    html_to_text,
    inline_styles,
    is_page,
    markdown_to_html,
)
from wcflow.rules.errors import RuleError, RuleErrors
from wcflow.rules.keys import NO_FILE, SectionValues, TextFile
from wcflow.rules.mailboxes import Mailbox
from wcflow.rules.pinned_values import unpin_values
from wcflow.rules.templates import Template, TemplateError, parse_template

UNSUBSCRIBE = "unsubscribe_url"
_OF_LAYOUT = frozenset({"content", "subject", "preheader", "postal_address", UNSUBSCRIBE})
_EVERYWHERE = RulePlace(order=True, item=True, tags=True, segments=True)
_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp", "Zs"})
_BODIES = ("text", "html", "markdown")
ALWAYS_PINNED = ("store.name", "store.url", "first_name", "last_name", "email")
"""Known for every e-mail that waits, so that an edited template can use them."""


@dataclass(frozen=True, slots=True)
class EmailRule:
    """An [email NAME]. ``html`` is a template in HTML; a ``layout`` of None sends it as it is.

    ``expressions`` are the variables that its templates use, as they would be written.
    """

    name: str
    subject: Template
    text: Template | None = None
    html: Template | None = None
    preheader: Template | None = None
    layout: Template | None = None
    sender: Mailbox | None = None
    reply_to: str = ""
    transactional: bool = False
    expressions: tuple[str, ...] = field(default=(), repr=False)

    @property
    def templates(self) -> tuple[Template, ...]:
        found = (self.subject, self.text, self.html, self.preheader, self.layout)
        return tuple(each for each in found if each is not None)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The content of an e-mail for one person; without ``html`` it has only the plain part."""

    subject: str
    text: str
    html: str = ""


# From the section to the rule.


@dataclass(slots=True)
class _Reader:
    """Reads one section, and collects what is wrong with it by key."""

    section: SectionValues
    extras: frozenset[str]
    errors: list[tuple[str, RuleError]] = field(default_factory=list)

    def source(self, name: str) -> tuple[str, str] | None:
        """Return the key and the text of a part that is in the INI or in a file; None without it."""
        both = [key for key in (name, f"{name}_file") if key in self.section.given]
        if len(both) > 1:
            self.errors.append((name, RuleError(f"either {name} or {name}_file", "both")))
        for key in both:
            value = self.section[key]
            if value:
                return key, value.text if isinstance(value, TextFile) else value
        return None

    def template(
        self, key: str, text: str, more: Iterable[str] = (), *, html: bool = False
    ) -> Template | None:
        extra = self.extras | {UNSUBSCRIBE, *more}
        try:
            return parse_template(text, _EVERYWHERE, extra, html=html)
        except RuleErrors as error:
            self.errors += [(key, each) for each in error.rule_errors]
            return None


def read_email(
    section: SectionValues, extras: frozenset[str]
) -> tuple[EmailRule | None, list[tuple[str, RuleError]]]:
    """Return the rule, and what is wrong by key: of a key with a file, the errors are in the file.

    ``extras`` are variables besides the attributes, such as ``coupon.code``.
    """
    reader = _Reader(section, extras)
    subject = reader.template("subject", section["subject"] or "-")
    preheader = section["preheader"] and reader.template("preheader", section["preheader"])
    bodies = {name: found for name in _BODIES if (found := reader.source(name))}
    given = [name for name in _BODIES if {name, f"{name}_file"} & section.given]
    if {"html", "markdown"} <= set(given):
        reader.errors.append(("html", RuleError("either html or markdown", "both")))
    if not given:
        reader.errors.append(
            ("", RuleError("", "missing key 'markdown', 'html' or 'text'", "or one with _file"))
        )
    text = reader.template(*bodies["text"]) if "text" in bodies else None
    html, layout = _read_html(reader, bodies)
    if subject is None:
        return None, reader.errors
    rule = EmailRule(
        section.name,
        subject,
        text,
        html,
        preheader or None,
        layout,
        section["from"],
        section["reply_to"],
        section["transactional"],
    )
    expressions = _expressions(rule.templates, _OF_LAYOUT)
    return replace(rule, expressions=expressions), reader.errors


def _expressions(templates: Iterable[Template], without: Iterable[str]) -> tuple[str, ...]:
    found = {name: text for each in templates for name, text in each.variables.expressions.items()}
    return tuple(found[name] for name in sorted(found.keys() - set(without)))


def _read_html(
    reader: _Reader, bodies: Mapping[str, tuple[str, str]]
) -> tuple[Template | None, Template | None]:
    """Return the template of the HTML part, and its layout."""
    name = "markdown" if "markdown" in bodies else "html"
    if name not in bodies:
        return None, None
    key, source = bodies[name]
    body = reader.template(key, source, html=True)
    layout = _read_layout(reader, key, body)
    if body is not None and name == "markdown":
        extra = reader.extras | {UNSUBSCRIBE}
        body = parse_template(markdown_to_html(source), _EVERYWHERE, extra, html=True)
    return body, layout


def _read_layout(reader: _Reader, key: str, body: Template | None) -> Template | None:
    chosen: TextFile | str | None = reader.section["layout"]
    if "layout" in reader.section.given and chosen is None:
        return None  # that it cannot be read has been reported
    if chosen == NO_FILE or (chosen is None and body is not None and is_page(body.text)):
        if body is not None:
            _require(reader, key, body, UNSUBSCRIBE)
        return None
    if not isinstance(chosen, TextFile):
        return reader.template("layout", DEFAULT_LAYOUT, _OF_LAYOUT, html=True)
    layout = reader.template("layout", chosen.text, _OF_LAYOUT, html=True)
    if layout is not None:
        _require(reader, "layout", layout, "content")
        _require(reader, "layout", layout, UNSUBSCRIBE)
    return layout


def _require(reader: _Reader, key: str, template: Template, name: str) -> None:
    """Report a template without ``{{ content }}``, or a marketing e-mail without a way out."""
    if name == UNSUBSCRIBE and reader.section["transactional"]:
        return
    if name not in template.variables.extras.values():
        hint = "or transactional = yes" if name == UNSUBSCRIBE else ""
        got = "none: every marketing e-mail needs it" if hint else "none"
        reader.errors.append((key, RuleError(f"{{{{ {name} }}}} in it", got, hint)))


# From the rule to the content.


def render_email(
    rule: EmailRule, pinned: Mapping[str, Any], unsubscribe_url: str, postal_address: str = ""
) -> Rendered:
    """Render an e-mail with the values of one person; raises TemplateError.

    Marketing e-mails always contain the link to unsubscribe.
    """
    known = unpin_values(pinned) | {UNSUBSCRIBE: unsubscribe_url}
    subject = one_line(_render(rule, rule.subject, known))
    if not subject:
        raise TemplateError(f"the subject of {rule.name} is empty for this customer")
    if rule.html is None:
        return Rendered(subject, _plain(rule, known, "", postal_address))
    content = _render(rule, rule.html, known)
    page, preheader = content, ""
    if rule.preheader is not None:
        preheader = one_line(_render(rule, rule.preheader, known))
    if rule.layout is not None:
        around = {"content": Markup(content), "subject": subject, "preheader": preheader}  # noqa: S704  each value in it is escaped
        footer = "" if rule.transactional else unsubscribe_url
        around |= {"postal_address": postal_address, UNSUBSCRIBE: footer}
        page = _render(rule, rule.layout, known | around)
    return Rendered(
        subject,
        _plain(rule, known, html_to_text(content), postal_address),
        inline_styles(page),
    )


def _render(rule: EmailRule, template: Template, values: Mapping[str, Any]) -> str:
    missing = sorted(set(template.variables.names.values()) - values.keys())
    if missing:
        raise TemplateError(
            f"[email {rule.name}] was changed while this e-mail was waiting: it now uses"
            f" {', '.join(missing)}, which was not known when it was planned"
        )
    return template.render_with(values)


def _plain(rule: EmailRule, values: Mapping[str, Any], from_html: str, address: str) -> str:
    text = from_html if rule.text is None else _render(rule, rule.text, values).strip()
    if rule.transactional:
        return f"{text}\n"
    return "\n".join([text, "", *_footer(rule, values, address)]) + "\n"


def _footer(rule: EmailRule, values: Mapping[str, Any], address: str) -> Iterator[str]:
    yield "-- "
    name = one_line(str(values.get("store.name", "")))
    yield address if address.startswith(name) else name
    if address and not address.startswith(name):
        yield address
    if rule.text is None or UNSUBSCRIBE not in rule.text.variables.extras.values():
        yield f"Unsubscribe: {values[UNSUBSCRIBE]}"


def one_line(text: str) -> str:
    """Return a text that fits into a header: no line breaks or other control characters."""
    plain = "".join(" " if unicodedata.category(each) in _BREAKS else each for each in text)
    return re.sub(r" +", " ", plain).strip()
