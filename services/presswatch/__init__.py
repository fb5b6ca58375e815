"""Presswatch: media monitoring over Kafka and Elasticsearch."""

from importlib.metadata import version

__version__ = version("presswatch")
