"""From a file's bytes to a tree of values that know where they stand."""
