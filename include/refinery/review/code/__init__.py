"""Changes outside the configs that reach pipelines: models' files, pinned libraries, Refinery itself."""
