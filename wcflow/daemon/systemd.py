"""Tell systemd how the service is: ready, alive, reloading, stopping, and one line of status.

This is the protocol of sd_notify(3): a datagram of NAME=value lines to the socket that systemd
names. Without systemd there is no such socket, and nothing is told.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import structlog

log = structlog.get_logger()
_SEND_TIMEOUT = 1.0
"""Seconds to wait where systemd does not empty its socket: telling it must not hold up the work."""


@dataclass(slots=True)
class SystemdNotifier:
    """Who is told, and how often they want a sign of life, in seconds (None: never)."""

    address: str = ""
    watchdog: float | None = None
    _failed: bool = field(default=False, init=False, repr=False, compare=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str], pid: int) -> Self:
        """Read the environment that systemd gives to the process ``pid``."""
        usec, whom = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", str(pid))
        watched = usec.isdecimal() and int(usec) > 0 and whom == str(pid)
        return cls(env.get("NOTIFY_SOCKET", ""), int(usec) / 1e6 if watched else None)

    def ready(self) -> None:
        """Say that the service works, at its start or after a reload."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Give the line that ``systemctl status`` shows."""
        self._send(f"STATUS={' '.join(text.split())}")

    def send_heartbeat(self) -> None:
        """Give a sign of life."""
        self._send("WATCHDOG=1")

    def reloading(self, monotonic_ns: int) -> None:
        """Say that the configuration is being read again; :meth:`ready` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns // 1000}")

    def stopping(self) -> None:
        """Say that the service ends by itself."""
        self._send("STOPPING=1")

    def _send(self, lines: str) -> None:
        if not self.address:
            return
        # "@name" is an address in the abstract namespace, which begins with a zero byte.
        address = f"\0{self.address[1:]}" if self.address[0] == "@" else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.settimeout(_SEND_TIMEOUT)
                door.sendto(lines.encode(), address)
        except OSError as error:
            # The work goes on: whom the silence matters to, systemd, has its own watchdog.
            if not self._failed:
                log.warning("systemd is not reached", why=str(error))
            self._failed = True
        else:
            self._failed = False
