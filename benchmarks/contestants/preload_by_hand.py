"""A plugin that imports what the tasks need, so that tasks that LocalExecutor forks from the scheduler find it there."""

import boto3  # noqa: F401
import dagfactory  # noqa: F401
import pandas as pd  # noqa: F401
import sklearn.ensemble
import sklearn.model_selection  # noqa: F401
from airflow.plugins_manager import AirflowPlugin


class PreloadByHand(AirflowPlugin):
    """Has nothing but the imports above."""

    name = "preload_by_hand"
