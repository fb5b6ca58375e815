"""Ingest: reads feeds and JSON Lines and puts articles on Kafka; a source is marked read only after that."""
