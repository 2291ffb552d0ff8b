"""From a dataset's files to a table whose columns' types are decided, once."""
