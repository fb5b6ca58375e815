"""Programs for those who work on Presswatch; none of them is installed."""
