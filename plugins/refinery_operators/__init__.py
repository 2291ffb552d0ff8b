"""A pipeline's steps as Airflow operators: download, train, upload, clean up; and who is told how they went.

The sensor in ``refinery_operators.wait`` stands apart: its base class imports boto3, which only pipelines that wait should pay.
"""

from __future__ import annotations

from refinery_operators.clean_up import CleanUpOperator
from refinery_operators.download import DownloadDatasetOperator
from refinery_operators.notification import Notification
from refinery_operators.train import TrainModelOperator
from refinery_operators.upload import UploadModelOperator

__all__ = [
    "CleanUpOperator",
    "DownloadDatasetOperator",
    "Notification",
    "TrainModelOperator",
    "UploadModelOperator",
]
