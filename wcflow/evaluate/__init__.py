"""From people who need evaluation to saved segments, runs and outbox entries."""
