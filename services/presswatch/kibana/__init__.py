"""Kibana: data views, saved searches and a dashboard as code, links into Discover, and the import."""
