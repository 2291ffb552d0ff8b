"""What a resolved config must fulfil, each failure told at its place."""
