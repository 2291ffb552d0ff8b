"""Render pipelines as Airflow DAGs through dag-factory; no other package uses dag-factory.

`loader` makes all DAGs and `task_start` one, both keep what was rendered (`kept`); `text` and `diagram` write a pipeline as text,
without importing Airflow.
"""
