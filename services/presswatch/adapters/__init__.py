"""Thin edges to Kafka, Elasticsearch and Slack; each knows one vendor's library and no service."""
