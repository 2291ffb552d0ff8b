"""The steps of a pipeline as Airflow operators (download, train, upload, clean up), and notifications.

The sensor is only in ``refinery.operators.wait``: its base class imports boto3, which only pipelines that wait should pay for.
"""

from __future__ import annotations

from refinery.operators.clean_up import CleanUpOperator
from refinery.operators.download import DownloadDatasetOperator
from refinery.operators.notification import Notification
from refinery.operators.train import TrainModelOperator
from refinery.operators.upload import UploadModelOperator

__all__ = [
    "CleanUpOperator",
    "DownloadDatasetOperator",
    "Notification",
    "TrainModelOperator",
    "UploadModelOperator",
]
