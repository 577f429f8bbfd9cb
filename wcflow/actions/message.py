"""Messages to phones and chats: the step send_message and the section ``[channel NAME]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from wcflow.actions.base import ActionModule, EntryKind, Payload, recipient, through_channel
from wcflow.rules import values
from wcflow.rules.account_fields import consent_of_fields
from wcflow.rules.context import Context, RulePlace
from wcflow.rules.errors import RuleError, RuleErrors, did_you_mean
from wcflow.rules.keys import ActionSection, Key, SectionValues, kind_of
from wcflow.rules.phone_numbers import number_of_person
from wcflow.rules.short_text import TooLongError, shorten
from wcflow.rules.steps import Action, Argument, Send, Step, StepContext, StepResult, StepScope
from wcflow.rules.templates import Template, parse_template

if TYPE_CHECKING:
    # Only names of types: commands that deliver nothing start without them.
    from wcflow.profile import Profile

CHANNEL, MESSAGE = "channel", "message"
_PHONES = ("sms", "whatsapp", "rcs")
_LENGTHS = {"sms": 160, "push": 240}
_PLACE = RulePlace(tags=True, segments=True)

# The section. Its address is read in config/webhooks.py.

_KIND = kind_of(
    CHANNEL,
    "A way to send messages with send_message, through apprise.",
    Key(
        "url",
        "address",
        "The address of apprise, or $NAME for an environment variable. {phone}, {email} or {to} stand"
        " for the customer.",
        "twilio://SID:TOKEN@+15551234567/{phone}",
        values.as_written,
        secret=True,
    ),
    Key(
        "url_file",
        "file",
        "A file that contains the address and nothing else.",
        "/etc/wcflow/sms_url",
        values.as_written,
    ),
    Key(
        "kind",
        "sms, whatsapp, rcs, push, email or chat",
        "What it is: the first three go to telephone numbers.",
        "sms",
        values.choice(*_PHONES, "push", "email", "chat"),
        "sms",
    ),
    Key(
        "to",
        "attribute",
        "Where a customer gets messages. Default: phone, or email with the kinds email, push and chat.",
        "meta.mobile",
        values.as_written,
    ),
    Key(
        "consent_meta",
        "custom fields",
        "The customer's custom fields with the consent to this channel. Default: those of the store.",
        "sms_opt_in",
        values.meta_keys,
        (),
    ),
    Key(
        "max_length",
        "whole number or none",
        "How long a message can be; a longer one is shortened at a word. Default: 160 for sms, 240 for"
        " push.",
        "160",
        values.or_none(values.whole(20, 10_000)),
    ),
    Key(
        "transactional",
        "yes or no",
        "With yes, its messages are about something that the customer ordered: they need no consent,"
        " and message_cap and quiet_hours do not apply.",
        "no",
        values.yes_or_no,
        False,
    ),
)


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """A [channel NAME], without its address."""

    name: str
    kind: str
    to: Template
    consent_meta: tuple[str, ...] = ()
    max_length: int | None = None
    transactional: bool = False

    @property
    def is_phone(self) -> bool:
        return self.kind in _PHONES


def _read(section: SectionValues) -> ChannelRule | None:
    to = _recipient(section)
    if isinstance(to, RuleErrors):
        return None
    length = (
        section["max_length"] if "max_length" in section.given else _LENGTHS.get(section["kind"])
    )
    return ChannelRule(
        section.name, section["kind"], to, section["consent_meta"], length, section["transactional"]
    )


def _recipient(section: SectionValues) -> Template | RuleErrors:
    default = "phone" if section["kind"] in _PHONES else "email"
    try:
        return parse_template(f"{{{{ {section['to'] or default} }}}}", _PLACE)
    except RuleErrors as error:
        return error


def _check(section: SectionValues) -> Iterator[tuple[str, RuleError]]:
    to = _recipient(section)
    if isinstance(to, RuleErrors):
        yield from (
            ("to", RuleError(each.expected, each.got, each.hint)) for each in to.rule_errors
        )


def _summary(rule: ChannelRule) -> Iterable[str]:
    sort = "transactional" if rule.transactional else "marketing, only with consent"
    most = f", at most {rule.max_length} characters" if rule.max_length else ""
    yield f"channel {rule.name}: {rule.kind} to {rule.to.text.strip('{} ')}, {sort}{most}"


def _meaning(rule: ChannelRule) -> list[object]:
    return [rule.name, rule.kind, rule.to.text, list(rule.consent_meta), rule.transactional]


_SECTION = ActionSection(
    _KIND,
    _read,
    _check,
    _summary,
    _meaning,
    "no workflow sends messages through this channel",
    "send_message",
    templates=lambda rule: [rule.to],
    consent_fields=lambda rule: rule.consent_meta,
)

# The step.


def _parse(rest: str, scope: StepScope) -> Argument:
    name, _, text = rest.partition(" ")
    known = scope.names(CHANNEL)
    if name not in known:
        hint = did_you_mean(name, known) or "write a section [channel NAME]"
        got = repr(name) if name else "nothing"
        raise RuleErrors(RuleError("the name of a [channel …]", got, hint))
    if not text.strip():
        raise RuleErrors(RuleError("a text after the channel", "nothing"))
    return scope.template(text.strip()), name


def _send(step: Step, context: StepContext) -> StepResult:
    rule: ChannelRule = context.sections[CHANNEL][step.argument]
    found = rule.to.render(context.facts).strip()
    to = number_of_person(found, context.profile) if rule.is_phone and found else found
    text, impossible = step.render(context), _why_not(rule, found, to)
    if rule.max_length and not impossible:
        try:
            text = shorten(text, rule.max_length, _codes(context))
        except TooLongError as error:
            impossible = f"the text is too long: {error}"
    payload = {
        "channel": rule.name,
        "to": to or found,
        "attribute": rule.to.text,
        "is_phone": rule.is_phone,
        "text": text,
        "transactional": rule.transactional,
        "consented": consent_of_fields(context.profile, rule.consent_meta).value is True,
        "consent_meta": list(rule.consent_meta),
    }
    return Send(MESSAGE, payload, impossible=impossible)


def _why_not(rule: ChannelRule, found: str, to: str) -> str:
    what = rule.to.text.strip("{} ")
    if not found:
        return f"the customer has no {what}"
    return "" if to else f"the customer's {what} cannot be a telephone number"


def _codes(context: StepContext) -> list[str]:
    return [str(each) for name, each in context.variables.items() if name.endswith(".code")]


SEND_MESSAGE = Action(
    "send_message CHANNEL TEXT",
    "Send the customer a message through [channel CHANNEL]. It is shortened if it is too long.",
    "send_message sms Your order {{ order.number }} is on its way, {{ first_name }}",
    _parse,
    _send,
    section=CHANNEL,
)

# The outbox entry.


def _content(payload: Payload, _zone: tzinfo) -> str:
    return f"{payload['channel']} to {recipient(payload)}: {payload['text']}"


def _address(payload: Payload, profile: Profile, now: datetime) -> str:
    """Return where the person gets messages now; empty if there is nothing, or no number."""
    if "attribute" not in payload:  # queued by an earlier version
        return ""
    found = parse_template(payload["attribute"], _PLACE).render(Context(profile, now)).strip()
    return number_of_person(found, profile) if payload["is_phone"] and found else found


_ENTRY = EntryKind(
    MESSAGE,
    "message",
    "messages",
    _content,
    deliver=through_channel,
    channel=MESSAGE,
    message=True,
    address=_address,
)
MESSAGES = ActionModule((SEND_MESSAGE,), (_ENTRY,), (_SECTION,))
