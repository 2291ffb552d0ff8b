"""From a file's bytes to a tree of values with their places."""
