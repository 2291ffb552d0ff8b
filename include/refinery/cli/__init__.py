"""The refinery command, a thin layer over the library."""
