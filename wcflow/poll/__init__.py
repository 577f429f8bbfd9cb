"""From the shop into the mirror."""

from wcflow.mirror.stores import EMPTY_ANSWER
from wcflow.poll.people import touch_everyone
from wcflow.poll.pull import pull, reconcile, resync
from wcflow.poll.settings import PollSettings, Progress, Pulled

__all__ = [
    "EMPTY_ANSWER",
    "PollSettings",
    "Progress",
    "Pulled",
    "pull",
    "reconcile",
    "resync",
    "touch_everyone",
]
