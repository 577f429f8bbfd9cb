"""From the outbox to the shop: the brake, claiming, delivering, putting off, giving up."""

from wcflow.outbox.deliver import deliver
from wcflow.outbox.desk import Delivered

__all__ = ["Delivered", "deliver"]
