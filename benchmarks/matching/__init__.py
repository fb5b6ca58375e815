"""Our matching engines beside Lucene Monitor and OpenSearch's percolator: same rules, same articles, same core."""
