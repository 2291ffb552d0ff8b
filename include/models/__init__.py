"""Model modules that a config names: each defines exactly one of build_model and train."""
