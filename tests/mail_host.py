"""A real SMTP server that keeps what it receives."""

import asyncio
import socket
import ssl
import subprocess
from contextlib import contextmanager
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class MailHost:
    """Receives mail; ``refusal`` is the answer to messages if it is set.

    ``unknown`` are recipients that it refuses, ``answers`` its answers to others. ``delay`` is how
    long it takes to accept a message, in seconds. With ``dies``, it hangs up instead of accepting
    one, and with ``hangs_up``, it does so before a message begins.
    """

    def __init__(self):
        self.messages, self.refusal, self.unknown = [], "", ()
        self.answers, self.delay, self.dies, self.hangs_up = {}, 0.0, False, False
        self.sessions, self.senders = set(), []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.hangs_up:
            self.hangs_up = False
            server.transport.abort()
        self.sessions.add(session)
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.unknown:
            return "550 no such user"
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  as aiosmtpd calls it
        if self.refusal:
            return self.refusal
        await asyncio.sleep(self.delay)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.dies:
            server.transport.abort()
        return "250 OK"

    @property
    def recipients(self):
        return [message["To"].addresses[0].addr_spec for message in self.messages]

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


def make_certificate(folder):
    """Make a certificate for 127.0.0.1; return its file and a server's context with it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {key} -out {certificate}"
    more = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *more], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return certificate, context


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
