"""A real IMAP server on this machine with one folder: just what a client needs to read it."""

import re
import socketserver
import threading
from contextlib import contextmanager


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, rest = line.decode().strip().partition(" ")
            command, _, arguments = rest.partition(" ")
            if command.upper() == "UID":
                command, _, arguments = arguments.partition(" ")
            getattr(self, command.lower(), self.unknown)(tag, arguments)
            if command.upper() == "LOGOUT":
                return

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def unknown(self, tag, _):
        self.say(f"{tag} BAD unknown command")

    def capability(self, tag, _):
        self.say("* CAPABILITY IMAP4rev1")
        self.say(f"{tag} OK done")

    def login(self, tag, arguments):
        right = arguments == '"bounces" "p@ss"'
        self.say(f"{tag} {'OK' if right else 'NO'} login")

    def select(self, tag, _):
        self.say(f"* {len(self.server.messages)} EXISTS")
        self.say(f"{tag} OK [READ-WRITE] selected")

    def search(self, tag, _):
        unseen = [str(uid) for uid in self.server.messages if uid not in self.server.seen]
        self.say(f"* SEARCH {' '.join(unseen)}".rstrip())
        self.say(f"{tag} OK done")

    def fetch(self, tag, arguments):
        uid = int(arguments.split()[0])
        data = self.server.messages[uid]
        self.server.fetched.append(uid)
        head = f"* {uid} FETCH (UID {uid} FLAGS () RFC822.SIZE {len(data)} BODY[] {{{len(data)}}}"
        self.wfile.write(f"{head}\r\n".encode() + data + b")\r\n")
        self.say(f"{tag} OK done")

    def store(self, tag, arguments):
        uid, change = re.fullmatch(r"(\d+) \+FLAGS \((.*)\)", arguments).groups()
        assert change == "\\Seen"
        self.server.seen.add(int(uid))
        self.say(f"{tag} OK done")

    def expunge(self, tag, _):
        self.server.expunged = True
        self.say(f"{tag} OK done")

    def logout(self, tag, _):
        self.say("* BYE")
        self.say(f"{tag} OK done")


class ImapHost(socketserver.ThreadingTCPServer):
    """Messages by uid, and which are marked as seen."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, *messages):
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages = dict(enumerate(messages, start=1))
        self.seen, self.fetched, self.expunged = set(), [], False

    @property
    def url(self):
        return f"imap://bounces:p%40ss@127.0.0.1:{self.server_address[1]}"


@contextmanager
def imap_host(*messages):
    with ImapHost(*messages) as host:
        thread = threading.Thread(target=host.serve_forever, daemon=True)
        thread.start()
        try:
            yield host
        finally:
            host.shutdown()
            thread.join()
