"""Send e-mail by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from wcflow.channels.addresses import MailServer
from wcflow.errors import DeliveryError
from wcflow.redact import redact_text


def send_mail(server: MailServer, sender: str, to: list[str], subject: str, text: str) -> str:
    """Send a message; return which recipients the server refused. Raises DeliveryError for all."""
    try:
        message = _message(sender, to, subject, text)
        with connect(server) as connection:
            if server.user:
                connection.login(server.user, server.password)
            refused = connection.send_message(message)
    except smtplib.SMTPAuthenticationError:
        raise DeliveryError(f"{server.host} rejected the user or the password") from None
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise DeliveryError(
            f"{server.host} refused the recipient: {answer_words(code, words)}"
        ) from None
    except smtplib.SMTPResponseException as error:
        answer = answer_words(error.smtp_code, error.smtp_error)
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
        f"{server.host} refused recipient {to.index(each) + 1} of {len(to)}: {answer_words(*answer)}"
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


def answer_words(code: int, words: bytes | str) -> str:
    """Return a server's answer in one line, without addresses and passwords."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {redact_text(' '.join(text.split()))}"


def connect(server: MailServer) -> smtplib.SMTP:
    """Connect with the encryption that the server's settings ask for."""
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.encryption == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    if server.encryption == "starttls":
        try:
            connection.starttls(context=context)
        except BaseException:
            connection.close()
            raise
    return connection
