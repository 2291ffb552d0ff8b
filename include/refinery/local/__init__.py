"""Airflow and S3 on this machine: the demo, the whole stack, the embedded S3 server."""
