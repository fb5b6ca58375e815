"""Replay: articles that were there go through all stages once more, behind the live ones and without alerting as if new."""
