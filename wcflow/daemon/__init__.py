"""The daemon: a supervisor, and a worker thread per store."""
