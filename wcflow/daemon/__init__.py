"""The daemon: a supervisor, and a worker for each store."""
