"""Where the word-break table comes from, and Lucene to check it against."""
