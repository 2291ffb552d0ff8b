"""Preload Refinery in a Celery worker, before it forks the processes of its pool, which fork the tasks.

Name this module in Celery's setting ``imports``:
``AIRFLOW__CELERY__EXTRA_CELERY_CONFIG={"imports": ["refinery.celery_preload"]}``.
"""

from __future__ import annotations

from refinery.preload import preload_tasks

preload_tasks()
