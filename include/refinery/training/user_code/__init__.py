"""Somebody else's code: found, run in isolation, and named in its errors."""
