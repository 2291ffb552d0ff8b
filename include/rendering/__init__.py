"""Turns pipelines into Airflow DAGs through dag-factory, the only place that knows it.

`loader` makes DAGs; `text` and `diagram` write what a pipeline stands for, without importing Airflow.
"""
