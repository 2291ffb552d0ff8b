"""Airflow and S3 on one's own machine: the demo, the whole stack, the embedded S3 server."""
