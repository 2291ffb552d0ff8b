"""The four steps of a pipeline as Airflow operators: download, train, upload, clean up."""

from __future__ import annotations

from refinery_operators.clean_up import CleanUpOperator
from refinery_operators.download import DownloadDatasetOperator
from refinery_operators.train import TrainModelOperator
from refinery_operators.upload import UploadModelOperator

__all__ = ["CleanUpOperator", "DownloadDatasetOperator", "TrainModelOperator", "UploadModelOperator"]
