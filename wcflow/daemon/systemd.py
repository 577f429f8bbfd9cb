"""Notify systemd: ready, alive, reloading, stopping, and a status line.

The protocol is sd_notify(3): a datagram of NAME=value lines to the socket in NOTIFY_SOCKET.
Without that socket, nothing is sent.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import structlog

log = structlog.get_logger()
_SEND_TIMEOUT = 1.0
"""Seconds to wait if systemd does not read its socket; the main thread must not be blocked."""


@dataclass(slots=True)
class SystemdNotifier:
    """The address of systemd's socket, and its watchdog interval in seconds (None: no watchdog)."""

    address: str = ""
    watchdog: float | None = None
    _failed: bool = field(default=False, init=False, repr=False, compare=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str], pid: int) -> Self:
        """Read the environment that systemd sets for the process ``pid``."""
        usec, watched_pid = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", str(pid))
        watched = usec.isdecimal() and int(usec) > 0 and watched_pid == str(pid)
        return cls(env.get("NOTIFY_SOCKET", ""), int(usec) / 1e6 if watched else None)

    def ready(self) -> None:
        """Report that the service works, at the start or after a reload."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._send(f"STATUS={' '.join(text.split())}")

    def send_heartbeat(self) -> None:
        self._send("WATCHDOG=1")

    def reloading(self, monotonic_ns: int) -> None:
        """Report that the configuration is being reloaded; :meth:`ready` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, lines: str) -> None:
        if not self.address:
            return
        # "@name" is an address in the abstract namespace, which begins with a zero byte.
        address = f"\0{self.address[1:]}" if self.address[0] == "@" else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as client:
                client.settimeout(_SEND_TIMEOUT)
                client.sendto(lines.encode(), address)
        except OSError as error:
            # The work continues; if systemd needs the heartbeat, its watchdog acts.
            if not self._failed:
                log.warning("systemd unreachable", why=str(error))
            self._failed = True
        else:
            self._failed = False
