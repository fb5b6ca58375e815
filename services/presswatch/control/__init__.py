"""The control plane's edge: reads sets of objects from their compacted topics, changes them, follows them."""
