"""Read a mailbox that bounces and requests to unsubscribe come to: over IMAP, or a maildir.

Messages are marked as read when they were understood, and never deleted. All others stay as they
are, because people can use the same mailbox.
"""

from __future__ import annotations

import imaplib
import mailbox
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from importlib import import_module
from pathlib import Path
from typing import Any

from wcflow.channels.addresses import ImapAddress
from wcflow.errors import DeliveryError
from wcflow.redact import redact_text

TIMEOUT = 30.0
MOST = 500
"""How many messages are read at a time."""
HandleMessage = Callable[[Message], bool]


class ImapMailbox:
    """Reads new messages over IMAP. Those that were not understood are not fetched again."""

    def __init__(self, address: ImapAddress) -> None:
        self.address = address
        self._looked_at: set[str] = set()

    def read(self, handle: HandleMessage) -> int:
        """Pass each new message to ``handle``; mark those as read for which it returns True.

        Return how many there were. Raises DeliveryError if the mailbox cannot be reached.
        """
        return self._use(lambda tools, box: self._read(tools, box, handle))

    def check(self) -> None:
        """Log in and open the folder, and read nothing. Raises DeliveryError."""
        self._use(lambda _tools, _box: 0)

    def _use(self, act: Callable[[Any, Any], int]) -> int:
        tools, address = import_module("imap_tools"), self.address
        try:
            with self._connect(tools) as box:
                box.login(address.user, address.password, initial_folder=address.folder)
                return act(tools, box)
        except tools.MailboxLoginError:
            raise DeliveryError(
                f"the mailbox on {address.host} refused the login",
                "Check the user and the password in [bounces].",
            ) from None
        except (tools.ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            reason = redact_text(getattr(error, "strerror", None) or str(error).split("\n")[0])
            raise DeliveryError(
                f"the mailbox on {address.host}, port {address.port}, cannot be read: {reason}",
                "Check imap_url and folder in [bounces].",
            ) from None

    def _connect(self, tools: Any) -> Any:
        address, context = self.address, ssl.create_default_context()
        common = {"host": address.host, "port": address.port, "timeout": TIMEOUT}
        if address.encryption == "tls":
            return tools.MailBox(ssl_context=context, **common)
        if address.encryption == "starttls":
            return tools.MailBoxStartTls(ssl_context=context, **common)
        return tools.MailBoxUnencrypted(**common)

    def _read(self, tools: Any, box: Any, handle: HandleMessage) -> int:
        found = box.uids(tools.AND(seen=False), charset=None)
        # The newest first: a new process has not looked at the others that nobody has read.
        unread = [uid for uid in reversed(found) if uid not in self._looked_at][:MOST]
        for uid in unread:
            for message in box.fetch(uid_list=[uid], mark_seen=False):
                if handle(message.obj):
                    # The library's flag() would also delete what others marked as deleted.
                    box.client.uid("STORE", uid, "+FLAGS", "(\\Seen)")
            self._looked_at.add(uid)
        return len(unread)


class MaildirMailbox:
    """Reads new messages of a maildir; those that were understood move from new to cur."""

    def __init__(self, path: Path, folder: str = "") -> None:
        self.path = path / f".{folder}" if folder and folder.upper() != "INBOX" else path
        self._looked_at: set[str] = set()

    def read(self, handle: HandleMessage) -> int:
        """Pass each new message to ``handle``; mark those as read for which it returns True.

        Return how many there were. Raises DeliveryError if the maildir cannot be read.
        """
        return self._use(lambda box: self._read(box, handle))

    def _use(self, act: Callable[[mailbox.Maildir], int]) -> int:
        try:
            with _maildir(self.path) as box:
                return act(box)
        except (OSError, mailbox.Error) as error:
            reason = (getattr(error, "strerror", None) or type(error).__name__).lower()
            raise DeliveryError(
                f"the maildir {self.path} cannot be read: {reason}", "Check maildir in [bounces]."
            ) from None

    def _read(self, box: mailbox.Maildir, handle: HandleMessage) -> int:
        keys = sorted(box.keys(), reverse=True)  # they begin with the time
        new = [key for key in keys if self._is_new(box, key)][:MOST]
        for key in new:
            message = box[key]
            if handle(message):
                message.set_subdir("cur")
                message.add_flag("S")
                box[key] = message
            self._looked_at.add(key)
        return len(new)

    def check(self) -> None:
        """Open the maildir and read nothing. Raises DeliveryError."""
        self._use(lambda _box: 0)

    def _is_new(self, box: mailbox.Maildir, key: str) -> bool:
        return key not in self._looked_at and "S" not in box.get_message(key).get_flags()


@contextmanager
def _maildir(path: Path) -> Iterator[mailbox.Maildir]:
    if not (path / "new").is_dir():
        raise FileNotFoundError(2, "no maildir there", str(path))
    box = mailbox.Maildir(path, factory=None, create=False)
    try:
        yield box
    finally:
        box.close()
