"""A real SMTP server that keeps what it receives."""

import socket
from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class MailHost:
    """Receives mail; ``refusal`` is the answer to messages if it is set.

    ``unknown`` are recipients that it refuses.
    """

    def __init__(self):
        self.messages, self.refusal, self.unknown = [], "", ()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  as aiosmtpd calls it
        if self.refusal:
            return self.refusal
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def subjects(self):
        return [message["Subject"] for message in self.messages]


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"anna", b"p@ss")
    return AuthResult(success=right, handled=False)


@contextmanager
def mail_host(port=None, **options):
    """Start a server on this machine; yields it and its port."""
    host = MailHost()
    controller = Controller(host, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield host, controller.port
    finally:
        controller.stop()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
