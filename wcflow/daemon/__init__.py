"""The daemon: one conversation with each shop, for as long as nobody ends it.

``times``, ``trouble`` and ``health`` are pure: when things are due, what is news, how a store fares.
``timetable`` keeps a store's jobs on the clock of ``schedule``; ``worker`` does them, in a thread for
each store, on a ``leash``; ``loop`` is the main thread: ``signals``, reload, systemd (``notify``), the
end. What a job does stands in ``cycle``.
"""

from wcflow.daemon.loop import run

__all__ = ["run"]
