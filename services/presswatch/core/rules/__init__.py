"""The rule language: text to tree (`syntax`), tree to matches (`match`)."""
