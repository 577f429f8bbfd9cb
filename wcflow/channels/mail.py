"""Send e-mail by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from wcflow.channels.addresses import MailServer
from wcflow.errors import DeliveryError
from wcflow.redact import redact_text

TIMEOUT = 10.0
"""Seconds for each answer of the server."""


def send_mail(server: MailServer, sender: str, to: list[str], subject: str, text: str) -> str:
    """Send a message; return which recipients the server refused. Raises DeliveryError for all."""
    try:
        message = _message(sender, to, subject, text)
        with _connect(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            refused = connection.send_message(message)
    except smtplib.SMTPAuthenticationError:
        raise DeliveryError(f"{server.host} rejected the user or the password") from None
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise DeliveryError(
            f"{server.host} refused the recipient: {_answer(code, words)}"
        ) from None
    except smtplib.SMTPResponseException as error:
        answer = _answer(error.smtp_code, error.smtp_error)
        raise DeliveryError(f"{server.host} refused the message: {answer}") from None
    except (smtplib.SMTPException, OSError) as error:
        reason = redact_text(error.strerror or str(error)) or type(error).__name__
        raise DeliveryError(
            f"no mail through {server.host}, port {server.port}: {reason}"
        ) from None
    except ValueError:
        # Its text can quote the password.
        raise DeliveryError(
            f"no mail through {server.host}: the user, the password or an address contains a"
            " character that e-mail does not allow"
        ) from None
    return ", ".join(
        f"{server.host} refused recipient {to.index(each) + 1} of {len(to)}: {_answer(*answer)}"
        for each, answer in refused.items()
    )


def _message(sender: str, to: list[str], subject: str, text: str) -> EmailMessage:
    """Return the message; raises ValueError if a header would have several lines."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid("wcflow", domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _answer(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {redact_text(' '.join(text.split()))}"


def _connect(server: MailServer) -> smtplib.SMTP:
    """Connect with encryption, unless the server is on this machine."""
    context = ssl.create_default_context()
    if server.encrypted:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
    if not server.is_local:
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection
