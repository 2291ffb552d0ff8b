"""The pages on models inside Airflow: all models, the versions of a pipeline, and what became of a run.

Airflow mounts them as a separate application (`mount.py`). A route of `app.py` first asks Airflow who the user is and what that
user may do (`airflow_facts/`), then reads models from S3 (`readings.py`), and renders a template.
"""
