"""Make every config in configs/ an Airflow DAG. Airflow reads only files that contain "airflow" and "dag"."""

import refinery

globals().update(refinery.load_pipelines("configs"))
