"""The ways to bring a model, one trainer each."""
