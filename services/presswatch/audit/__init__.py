"""The audit: for each stage in = out + dead + filtered, what is missing named, and sent again if wanted."""
