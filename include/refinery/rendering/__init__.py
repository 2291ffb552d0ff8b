"""Render pipelines as Airflow DAGs through dag-factory; no other package uses dag-factory.

`loader` makes DAGs; `text` and `diagram` write a pipeline as text, without importing Airflow.
"""
