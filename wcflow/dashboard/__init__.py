"""The companion plugin: push people and a summary to it, and do what people ask for in it."""
