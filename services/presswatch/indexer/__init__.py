"""From tagged articles to searchable ones, and to the rules that match them."""
