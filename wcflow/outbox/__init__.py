"""From the outbox to the shop: the brake, claiming, delivering, putting off, giving up."""
