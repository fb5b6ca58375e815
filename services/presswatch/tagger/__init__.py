"""The tagger: a faust stream processor from articles.raw to articles.tagged, at least once."""
