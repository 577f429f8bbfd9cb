"""The demo: a made-up store, the customers who act in it, and a mailbox that keeps every message."""
