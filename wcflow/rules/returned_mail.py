"""What comes back to the mailbox of [bounces]: bounces, complaints, and requests to unsubscribe. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import parseaddr
from importlib import import_module

from wcflow.rules.unsubscribe import MAIL_SUBJECT, Subscriber, check_token

BOUNCED, SOFT, COMPLAINED, UNSUBSCRIBED = "bounced", "soft", "complained", "unsubscribed"
_SUBJECT = re.compile(rf"\s*{MAIL_SUBJECT}\b\W*([\w-]+\.[\w-]+)?\s*", re.IGNORECASE)
_LINK = re.compile(r"(?:wcflow=|unsubscribe%20)([\w-]+\.[\w-]+)")
_CODE = re.compile(r"\b([45]\d\d)\b")
_NO_SUCH_ADDRESS = re.compile(r"\b5\.(1\.[0-36]|2\.1)\b")
_OTHER_REASON = re.compile(
    r"\b5\.[2-7]\.\d+|relay|spam|block|polic|denied|reject|quota|full|size|auth|reputation|blacklist",
    re.IGNORECASE,
)
_NO_MAILBOX_CODES = (550, 551, 553)
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Returned:
    """What a message says about one address. ``subscriber`` comes from a signed link of ours.

    ``kind`` is bounced (the address does not exist), soft, complained or unsubscribed.
    """

    kind: str
    address: str
    reason: str = ""
    subscriber: Subscriber | None = None


def is_unknown_address(code: int, answer: str) -> bool:
    """Return whether a refusal says that the address does not exist, and not that we are unwanted."""
    if _NO_SUCH_ADDRESS.search(answer):
        return True
    return code in _NO_MAILBOX_CODES and not _OTHER_REASON.search(answer)


def read_returned(message: Message, secret: str) -> list[Returned]:
    """Return what a message says; nothing for one that is about something else."""
    found = [*_unsubscription(message, secret)] or [*_complaint(message, secret)]
    return found or [*_bounces(message)]


def _unsubscription(message: Message, secret: str) -> Iterator[Returned]:
    asked = _SUBJECT.fullmatch(str(message.get("Subject", "")))
    if asked is None:
        return
    subscriber = check_token(secret, asked[1]) if asked[1] else None
    if subscriber is not None:
        yield Returned(UNSUBSCRIBED, subscriber.address, "by e-mail", subscriber)
    elif not asked[1] and (sender := parseaddr(str(message.get("From", "")))[1]):
        yield Returned(UNSUBSCRIBED, sender, "by e-mail")


def _complaint(message: Message, secret: str) -> Iterator[Returned]:
    """Read a report of a mailbox provider that someone marked an e-mail as spam (RFC 5965)."""
    if str(message.get_param("report-type", "")).lower() != "feedback-report":
        return
    subscriber, address = None, ""
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            fields = part.get_payload(0) if part.is_multipart() else part
            address = _header(fields, "Original-Rcpt-To") or address
        link = _LINK.search(_header(part, "List-Unsubscribe").replace("\n", ""))
        subscriber = (check_token(secret, link[1]) if link else None) or subscriber
    address = subscriber.address if subscriber else parseaddr(address)[1]
    if address:
        yield Returned(COMPLAINED, address, "marked as spam", subscriber)


def _header(part: object, name: str) -> str:
    return str(part.get(name, "") or "") if isinstance(part, Message) else ""


def _bounces(message: Message) -> Iterator[Returned]:
    temporary, permanent = import_module("flufl.bounce").all_failures(message)
    reasons = _reasons(message)
    for raw in sorted(permanent):
        address = raw.decode("ascii", "replace")
        reason = reasons.get(address.lower(), "")
        code = _CODE.search(reason)
        is_hard = not reason or is_unknown_address(int(code[1]) if code else 0, reason)
        yield Returned(BOUNCED if is_hard else SOFT, address, reason)
    for raw in sorted(temporary - permanent):
        address = raw.decode("ascii", "replace")
        yield Returned(SOFT, address, reasons.get(address.lower(), ""))


def _reasons(message: Message) -> dict[str, str]:
    """Return what the other server answered, by address (RFC 3464)."""
    found: dict[str, str] = {}
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            address = _header(block, "Final-Recipient").rpartition(";")[2].strip(" <>").lower()
            answer = _header(block, "Diagnostic-Code").partition(";")[2] or _header(block, "Status")
            if address and answer:
                found[address] = " ".join(answer.split())[:_MAX_REASON]
    return found
