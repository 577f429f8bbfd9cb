"""A WooCommerce of our own, to try wcflow on and to test it against.

It is held to recorded exchanges with a real shop, and imports nothing else of wcflow: a
misreading of WooCommerce made once would else be made twice and agree with itself.
"""
