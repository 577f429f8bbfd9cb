"""Send many e-mails over one SMTP connection.

It says precisely what became of each: refused for now, refused for good, nothing gets through, or
unknown, because the connection ended after the message was handed over.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from wcflow.channels.addresses import MailServer
from wcflow.channels.mail import answer_words, connect
from wcflow.errors import DeliveryError
from wcflow.redact import redact_text
from wcflow.rules.returned_mail import is_unknown_address

_MINUTE = 60.0
_AFTER_DATA = 4
"""A server may take this many times longer to accept a message than to give other answers."""
_CLOSING = 421
_GO_ON, _LATER = 354, 400
_PERMANENT = 500


class RecipientRefusedError(DeliveryError):
    """The server refuses this recipient for good; ``no_such_address`` if the address does not exist."""

    def __init__(self, message: str, *, no_such_address: bool) -> None:
        super().__init__(message, permanent=True)
        self.no_such_address = no_such_address


class MayBeSentError(DeliveryError):
    """The message was handed over, but the server did not confirm it. It must not be sent again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(slots=True)
class RateLimit:
    """At most ``per_minute`` messages in any minute, whichever connection they go over."""

    per_minute: int | None = None
    monotonic: Callable[[], float] = time.monotonic
    _sent_at: deque[float] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def pause(self) -> float:
        """Return for how many seconds no message may be sent."""
        with self._lock:
            now, sent = self.monotonic(), self._sent_at
            while sent and now - sent[0] >= _MINUTE:
                sent.popleft()
            if self.per_minute is None or len(sent) < self.per_minute:
                return 0.0
            return sent[0] + _MINUTE - now

    def note_sent(self) -> None:
        with self._lock:
            self._sent_at.append(self.monotonic())


@dataclass(slots=True)
class SmtpConnection:
    """A connection that is opened when it is needed, used again, and reopened when it was dropped."""

    server: MailServer
    limit: RateLimit = field(default_factory=RateLimit)
    _open: smtplib.SMTP | None = None

    def pause(self) -> float:
        """Return for how many seconds the rate limit allows no message."""
        return self.limit.pause()

    def send(
        self, sender: str, recipient: str, message: bytes, before_data: Callable[[], None]
    ) -> str:
        """Send one message; return the server's answer. Raises DeliveryError.

        ``before_data`` is called when the server is ready for the message: from then on, a lost
        connection can mean that the message was sent.
        """
        self.limit.note_sent()
        connection = self._start_message(sender)
        try:
            self._check_recipient(*connection.rcpt(recipient))
            code, words = connection.docmd("DATA")
        except (smtplib.SMTPException, OSError) as error:
            raise self._lost(error) from None
        if code != _GO_ON:
            raise self._refused(code, words)
        try:
            before_data()
        except BaseException:
            self._drop()
            raise
        return self._transmit(connection, message)

    def check(self) -> None:
        """Connect and log in, and send nothing. Raises DeliveryError."""
        try:
            code, words = self._connection().noop()
        except (smtplib.SMTPException, OSError) as error:
            raise self._lost(error) from None
        if code >= _LATER:
            raise self._refused(code, words)

    def close(self) -> None:
        """Close the connection; the next message opens another."""
        connection, self._open = self._open, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    # The parts of one message.

    def _start_message(self, sender: str) -> smtplib.SMTP:
        """Open the connection if need be, and announce a message."""
        used_before = self._open is not None
        try:
            connection = self._connection()
            code, words = connection.mail(sender)
        except (smtplib.SMTPException, OSError) as error:
            if not used_before:
                raise self._lost(error) from None
            code, words = _CLOSING, b""
        if code == _CLOSING and used_before:
            # Servers close what is idle. Nothing has been sent, so a new connection is safe.
            self._drop()
            return self._start_message(sender)
        if code >= _LATER:
            raise self._sender_refused(code, words)
        return connection

    def _connection(self) -> smtplib.SMTP:
        if self._open is None:
            self._open = self._connect()
        return self._open

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        connection = connect(server)
        try:
            connection.ehlo_or_helo_if_needed()
            if not server.user:
                return connection
            connection.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            connection.close()
            answer = answer_words(error.smtp_code, error.smtp_error)
            raise DeliveryError(
                f"the mail server {server.host} refused the login: {answer}",
                "Check username and password in [smtp].",
                channel_down=True,
            ) from None
        except smtplib.SMTPNotSupportedError:
            connection.close()
            raise DeliveryError(
                f"the mail server {server.host} offers no login on port {server.port}",
                "Check port and encryption in [smtp].",
                channel_down=True,
            ) from None
        except (UnicodeError, ValueError):
            # Its text can quote the password.
            connection.close()
            raise DeliveryError(
                "the username or the password in [smtp] contains a character that e-mail does not"
                " allow",
                "Use another password.",
                channel_down=True,
            ) from None
        except smtplib.SMTPHeloError as error:
            connection.close()
            raise self._lost(error) from None
        return connection

    def _check_recipient(self, code: int, words: bytes) -> None:
        if code < _LATER:
            return
        if code < _PERMANENT or code == _CLOSING:
            raise self._refused(code, words)
        self._reset()
        answer = answer_words(code, words)
        raise RecipientRefusedError(
            f"the mail server refused the recipient: {answer}",
            no_such_address=is_unknown_address(code, answer),
        )

    def _transmit(self, connection: smtplib.SMTP, message: bytes) -> str:
        try:
            if connection.sock is not None:
                connection.sock.settimeout(self.server.timeout * _AFTER_DATA)
            connection.send(_dot_stuffed(message))
            code, words = connection.getreply()
            if connection.sock is not None:
                connection.sock.settimeout(self.server.timeout)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise MayBeSentError(
                "may have been sent: the mail server did not confirm it"
                f" ({_reason(error)}). 'wcflow outbox retry' would send it again."
            ) from None
        if code >= _LATER:
            raise self._refused(code, words)
        return answer_words(code, words)

    # Errors.

    def _refused(self, code: int, words: bytes) -> DeliveryError:
        """Return the error of a message that was not accepted."""
        answer = answer_words(code, words)
        if code == _CLOSING:
            self._drop()
            return DeliveryError(
                f"the mail server {self.server.host} is not available: {answer}", channel_down=True
            )
        self._reset()
        if code >= _PERMANENT:
            return DeliveryError(f"the mail server refused the e-mail: {answer}", permanent=True)
        return DeliveryError(f"the mail server asks to try again later: {answer}")

    def _sender_refused(self, code: int, words: bytes) -> DeliveryError:
        self._drop()
        answer = answer_words(code, words)
        if code < _PERMANENT:
            message = f"the mail server {self.server.host} takes no mail at the moment: {answer}"
            return DeliveryError(message, channel_down=True)
        return DeliveryError(
            f"the mail server {self.server.host} refused the sender: {answer}",
            "Check from and username in [smtp]: the server must allow this sender.",
            channel_down=True,
        )

    def _lost(self, error: Exception) -> DeliveryError:
        """Return the error of a connection that failed before a message was handed over."""
        self._drop()
        server = self.server
        return DeliveryError(
            f"the mail server {server.host}, port {server.port}, cannot be reached: {_reason(error)}",
            "Check host, port and encryption in [smtp].",
            channel_down=True,
        )

    def _reset(self) -> None:
        """Abandon the current message, so that the connection can be used for the next."""
        if self._open is None:
            return
        try:
            self._open.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = getattr(error, "strerror", None) or str(error)
    return redact_text(" ".join(text.split())) or type(error).__name__


def _dot_stuffed(message: bytes) -> bytes:
    """Return a message as it is sent: CRLF, a dot doubled at the start of a line, and the end."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    stuffed = re.sub(rb"(?m)^\.", b"..", lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"
