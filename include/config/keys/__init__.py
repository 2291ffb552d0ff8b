"""The keys of a config: strict models from which the schema, the reference page and the checks all come."""
