"""Articles that must not be kept: which they are, for all who write articles, and their erasure from the stores."""
