"""Operators that hold values and do nothing: what remains of a parse is that of Airflow and of whoever makes the DAGs."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator


class Download(BaseOperator):
    """Holds the URL of a dataset."""

    template_fields = ("source", "path")

    def __init__(self, *, source: str, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.path = path

    def execute(self, context: object) -> None:
        """Do nothing."""


class Train(BaseOperator):
    """Holds the name of a model and its parameters."""

    template_fields = ("path",)

    def __init__(
        self, *, model: str, settings: dict[str, Any], target: str, path: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.settings = settings
        self.target = target
        self.path = path

    def execute(self, context: object) -> None:
        """Do nothing."""


class Upload(BaseOperator):
    """Holds the URL of a prefix."""

    template_fields = ("path", "prefix")

    def __init__(self, *, path: str, prefix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.prefix = prefix

    def execute(self, context: object) -> None:
        """Do nothing."""


class CleanUp(BaseOperator):
    """Holds the path of a folder; a teardown, whoever makes it: dag-factory's YAML cannot say so."""

    template_fields = ("path",)

    def __init__(self, *, path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.as_teardown()

    def execute(self, context: object) -> None:
        """Do nothing."""
