"""From the outbox to the store and other channels: hold, claim, deliver, retry."""
