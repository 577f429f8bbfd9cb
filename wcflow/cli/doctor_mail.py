"""What ``wcflow doctor`` finds out about the ways to customers; no message is sent."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from wcflow.channels.addresses import MailServer
from wcflow.channels.mailbox import ImapMailbox
from wcflow.channels.smtp import SmtpConnection
from wcflow.cli.check import broken_channels
from wcflow.config.load import Config
from wcflow.errors import WcflowError
from wcflow.poll.returned_mail import open_mailbox
from wcflow.store.probe import Finding


def check_ways_out(config: Config) -> Iterator[Finding]:
    """Check the mail server, the mailbox of [bounces] and the channels."""
    if config.smtp is not None:
        yield _check_mail_server(config.smtp.server)
    if config.bounces is not None:
        mailbox = open_mailbox(config.bounces)
        where = mailbox.address.host if isinstance(mailbox, ImapMailbox) else mailbox.path
        try:
            mailbox.check()
        except WcflowError as error:
            yield Finding("bounces", "problem", str(error), error.advice)
        else:
            yield Finding("bounces", "ok", f"the mailbox of [bounces] ({where}) can be read")
    yield from _check_channels(config)


def _check_mail_server(server: MailServer) -> Finding:
    """Connect and log in, without a message."""
    connection = SmtpConnection(server)
    try:
        connection.check()
    except WcflowError as error:
        return Finding("mail server", "problem", str(error), error.advice)
    finally:
        connection.close()
    did = "accepts the login" if server.user else "answers (no username, so no login)"
    secured = "" if server.encryption == "none" else f" over {server.encryption.upper()}"
    return Finding(
        "mail server", "ok", f"the mail server {server.host}, port {server.port}, {did}{secured}"
    )


def _check_channels(config: Config) -> Iterator[Finding]:
    """Check that apprise understands the addresses of the channels."""
    broken = {each.section: each for each in broken_channels(config)}
    for name in config.channel_urls:
        head = f"channel {name}"
        if problem := broken.get(head):
            yield Finding("channel", "problem", f"[{head}]: {problem.text}", problem.hint)
        elif find_spec("apprise") is not None:
            yield Finding("channel", "ok", f"[{head}]: apprise understands the address")
