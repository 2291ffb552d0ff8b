"""Refinery: machine-learning training pipelines as reviewed YAML, on Apache Airflow."""
