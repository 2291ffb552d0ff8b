"""Configs before and after, and an S3 server with data to train them on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from refinery.config import load_pipeline
from refinery.local.object_store import ObjectStore
from refinery.review.plan import PipelineChange, Plan, Version
from refinery.storage import ObjectCache
from refinery.trial import TrialContext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 1, 31)
MODEL = """\
from sklearn.linear_model import Ridge


def build_model(alpha=1.0):
    print("printed by the model")
    return Ridge(alpha=alpha)
"""


@dataclass(frozen=True)
class Reviewed:
    """A project with a change.

    Attributes:
        root: The folder of both versions' configs and of the model modules.
        client: The client of the S3 server, which has the buckets "datasets" and "models".
        cache: The manifests that were read before.
    """

    root: Path
    client: Any
    cache: ObjectCache

    def change(self, name: str, before: str | None, after: str) -> PipelineChange:
        """Make the change of a pipeline from its config before and after."""
        base = None if before is None else self._load("before", name, before)
        head = self._load("after", name, after)
        kind = "changed" if base else "added"
        return PipelineChange(kind, name, None, f"configs/{name}.yml", (), (), None, None, (), base, head)

    def plan(self, *changes: PipelineChange) -> Plan:
        return Plan(Version("main", None), Version("working tree", None), "local", ("local",), DAY, changes)

    def context(self, rows: int | None = None) -> TrialContext:
        return TrialContext(DAY, self.root / "models", rows, lambda _url, _connection: self.client)

    def upload(self, key: str, table: pd.DataFrame) -> None:
        self.client.put_object(Bucket="datasets", Key=key, Body=table.to_csv(index=False).encode())

    def _load(self, side: str, name: str, text: str):
        configs = self.root / side / "configs"
        configs.mkdir(parents=True, exist_ok=True)
        (configs / f"{name}.yml").write_text(text)
        return load_pipeline(configs, name)


def line_table(rows: int = 400) -> pd.DataFrame:
    """A target that is nearly a line of two features, sorted by it."""
    drawn = np.random.default_rng(0).normal(size=(rows, 3))
    y = 3 * drawn[:, 0] - drawn[:, 1] + 0.1 * drawn[:, 2]
    return pd.DataFrame({"a": drawn[:, 0], "b": drawn[:, 1], "y": y}).sort_values("y")


@pytest.fixture(scope="session")
def s3_client(tmp_path_factory) -> Iterator[Any]:
    with ObjectStore(tmp_path_factory.mktemp("nanio")) as store:
        client = store.client()
        yield client


@pytest.fixture
def reviewed(tmp_path, s3_client) -> Reviewed:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "line.py").write_text(MODEL)
    made = Reviewed(tmp_path, s3_client, ObjectCache(tmp_path / "cache"))
    made.upload("2026-01-31.csv", line_table())
    return made
