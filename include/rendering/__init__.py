"""Turns pipelines into Airflow DAGs through dag-factory. The only place that knows dag-factory."""

from include.rendering.loader import BrokenConfigsError, build_dag, load_dags, report_broken_configs
from include.rendering.text import dag_factory_yaml

__all__ = ["BrokenConfigsError", "build_dag", "dag_factory_yaml", "load_dags", "report_broken_configs"]
