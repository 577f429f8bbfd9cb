"""E-mails to customers: the section [email NAME] and the step send_email.

An e-mail in the outbox contains the values of its variables, as they were when it was planned. Its
text is made when it is sent, from the templates as they are then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from importlib import import_module
from typing import Any

from wcflow.actions.base import ActionModule, EntryKind, Payload, recipient, through_channel
from wcflow.rules import values
from wcflow.rules.attributes.registry import Kind
from wcflow.rules.context import RulePlace
from wcflow.rules.emails import ALWAYS_PINNED, EmailRule, read_email
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, Key, SectionValues, kind_of
from wcflow.rules.mailboxes import ascii_address, parse_address, parse_mailbox
from wcflow.rules.parser import parse_attribute
from wcflow.rules.pinned_values import pin_values
from wcflow.rules.steps import Action, Argument, Send, Step, StepContext, StepResult, StepScope

EMAIL = "email"
_ACCEPTS = parse_attribute("accepts_marketing", RulePlace(), frozenset({Kind.YESNO}))
NO_ADDRESS = "the customer has no e-mail address"

# The section.


def _body_keys(name: str, meaning: str, example: str) -> tuple[Key, Key]:
    return (
        Key(name, "template", meaning, example, values.as_written, rows=True),
        Key(
            f"{name}_file",
            "file",
            f"A file with this text, beside the file of this section. Use it instead of {name}.",
            f"review.{'md' if name == 'markdown' else 'txt' if name == 'text' else 'html'}",
            values.as_written,
        ),
    )


_KIND = kind_of(
    "email",
    "An e-mail to a customer.",
    Key(
        "subject",
        "template",
        "The subject.",
        "Thank you, {{ first_name }}!",
        values.as_written,
        required=True,
    ),
    *_body_keys("markdown", "The text in Markdown.", "Hello **{{ first_name }}**, how was it?"),
    *_body_keys("html", "The text in HTML.", "<p>Hello {{ first_name }}, how was it?</p>"),
    *_body_keys(
        "text",
        "The plain text, for programs that show no HTML. Default: made from markdown or html.",
        "Hello {{ first_name }}, how was it?",
    ),
    Key(
        "layout",
        "file or none",
        "The page around the text, with {{ content }} where the text goes; none for no page around it."
        " Default: a plain page with the store's name and a link to unsubscribe.",
        "layout.html",
        values.as_written,
    ),
    Key(
        "preheader",
        "template",
        "What mail programs show after the subject in their lists.",
        "It takes one minute.",
        values.as_written,
    ),
    Key(
        "from",
        "name and e-mail address",
        "The sender, if it is not that of [smtp].",
        "Anna of My Shop <anna@shop.example>",
        parse_mailbox,
    ),
    Key(
        "reply_to",
        "e-mail address",
        "Where answers go, if not as in [smtp].",
        "help@shop.example",
        parse_address,
        "",
    ),
    Key(
        "transactional",
        "yes or no",
        "With yes, it is about something that the customer ordered: it needs no consent and has no"
        " link to unsubscribe.",
        "no",
        values.yes_or_no,
        False,
    ),
)


def _step_variables() -> frozenset[str]:
    """Return what the steps before an e-mail can make known, such as ``coupon.code``."""
    # The registry imports this module.
    actions = import_module("wcflow.actions.registry").ACTIONS
    return frozenset(name for action in actions.values() for name in action.variables)


def _read(section: SectionValues) -> EmailRule | None:
    return read_email(section, _step_variables())[0]


def _check(section: SectionValues) -> Iterator[tuple[str, RuleError]]:
    yield from read_email(section, _step_variables())[1]


def _summary(rule: EmailRule) -> Iterator[str]:
    sort = "transactional" if rule.transactional else "marketing, only with consent"
    yield f"email {rule.name}: {rule.subject.text!r}, {sort}"
    parts = "HTML and plain text" if rule.html else "plain text"
    own = " with a layout of its own" if rule.html and rule.layout is None else ""
    yield f"    {parts}{own}"


def _meaning(rule: EmailRule) -> list[Any]:
    # Not its texts: they decide nothing, and a new wording needs no new evaluation of everyone.
    return [rule.name, rule.transactional, list(rule.expressions)]


_SECTION = ActionSection(
    _KIND,
    _read,
    _check,
    _summary,
    _meaning,
    "no workflow sends this e-mail",
    "send_email",
    frozenset({"markdown_file", "html_file", "text_file", "layout"}),
    templates=lambda rule: rule.templates,
)

# The step.


def _parse(rest: str, scope: StepScope) -> Argument:
    known = scope.names(EMAIL)
    if rest not in known:
        hint = did_you_mean(rest, known) or "write a section [email NAME]"
        got = repr(rest) if rest else "nothing"
        raise RuleErrors(RuleError("the name of an [email …]", got, hint))
    # One template with all variables of the e-mail: so they are checked and known like any others.
    wanted = dict.fromkeys((*ALWAYS_PINNED, *scope.expressions(EMAIL, rest)))
    try:
        return scope.template("".join(f"{{{{ {each} }}}}" for each in wanted)), rest
    except RuleErrors as error:
        raise RuleErrors(*(_not_here(rest, each) for each in error.rule_errors)) from None


def _not_here(name: str, error: RuleError) -> RuleError:
    return RuleError("", f"[email {name}] cannot be sent here: {error.message}", error.hint)


def _send(step: Step, context: StepContext) -> StepResult:
    rule: EmailRule = context.sections[EMAIL][step.argument]
    return email_entry(rule, step, context)


def email_entry(rule: EmailRule, step: Step, context: StepContext) -> Send:
    """Return the outbox entry of an e-mail to the customer of this context."""
    profile, template = context.profile, step.template
    assert template is not None, "the step has the variables of its e-mail"
    payload = {
        "email": rule.name,
        "to": profile.email,
        "transactional": rule.transactional,
        "consented": _ACCEPTS.found(context.facts).value is True,
        "values": pin_values(template.named_values(context.facts, context.variables)),
        "key": context.key,
    }
    return Send(EMAIL, payload, impossible=_impossible(profile.email))


def _impossible(address: str) -> str:
    if not address:
        return NO_ADDRESS
    try:
        ascii_address(address)
    except ValueError as error:
        return f"the customer's e-mail address cannot be used: {error}"
    return ""


SEND_EMAIL = Action(
    "send_email NAME",
    "Send the customer the e-mail from [email NAME].",
    "send_email review",
    _parse,
    _send,
    section=EMAIL,
)

# The outbox entry.


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"{payload['email']} to {recipient(payload)}"


_ENTRY = EntryKind(
    EMAIL,
    "e-mail",
    "e-mails",
    _content,
    deliver=through_channel,
    channel=EMAIL,
    message=True,
    address=lambda _payload, profile, _now: profile.email,
)
EMAIL_MODULE = ActionModule((SEND_EMAIL,), (_ENTRY,), (_SECTION,))
