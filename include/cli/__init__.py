"""The refinery command: thin, over the library."""
