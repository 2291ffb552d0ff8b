"""The checks of a resolved config; each failure is reported at its place."""
