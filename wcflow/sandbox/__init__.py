"""A simulated WooCommerce store for the demo and the tests.

Tests compare it with recordings of a real store. It imports nothing else from wcflow: otherwise
the same misreading of WooCommerce could be on both sides and go unnoticed.
"""
