"""Real datasets that packages bring with them, and the contestants that train on them; those of statsmodels only where it is installed."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sklearn import datasets
from vega_datasets import local_data

from benchmarks import PROJECT
from benchmarks.measure import clean_environment, python, run, scratch_folder

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from benchmarks.measure import Run

REGRESSION, CLASSES = "r2", "accuracy"


@dataclass(frozen=True)
class RealData:
    """A dataset.

    Attributes:
        name: Its name in its package.
        target: The column to predict.
        metric: By which models of it are compared, which also says what kind of target it is.
        package: "sklearn", "vega" or "statsmodels".
    """

    name: str
    target: str
    metric: str
    package: str = "sklearn"

    def write(self, folder: Path) -> Path:
        """Write it as Parquet, which keeps the types of its columns, and return the file."""
        path = folder / f"{self.name}.parquet"
        self._read().to_parquet(path, index=False)
        return path

    def train(self, script: str, file: Path, *options: str) -> Run:
        """Train on the written file in a new process.

        Args:
            script: One of `contestants/`.
            file: What `write` returned.
            options: The script's further arguments.
        """
        paths = [str(PROJECT), str(PROJECT / "include"), *filter(None, [os.environ.get("PYTHONPATH")])]
        contestant = PROJECT / "benchmarks" / "contestants" / script
        with scratch_folder() as output:
            command = python(contestant, file, self.target, self.metric, output, *options)
            return run(command, env=clean_environment(PYTHONPATH=":".join(paths)))

    def _read(self) -> pd.DataFrame:
        table: Any
        if self.package == "sklearn":
            table = getattr(datasets, f"load_{self.name}")(as_frame=True).frame
        elif self.package == "vega":
            table = getattr(local_data, self.name)()
        else:
            table = importlib.import_module(f"statsmodels.datasets.{self.name}").load_pandas().data
        return table.dropna(subset=[self.target])


def real_data() -> list[RealData]:
    """Return the datasets that are here."""
    found = [
        RealData("diabetes", "target", REGRESSION),
        RealData("breast_cancer", "target", CLASSES),
        RealData("iris", "target", CLASSES),
        RealData("wine", "target", CLASSES),
        RealData("digits", "target", CLASSES),
        RealData("us_employment", "nonfarm_change", REGRESSION, "vega"),
        RealData("barley", "yield", REGRESSION, "vega"),
        RealData("iowa_electricity", "net_generation", REGRESSION, "vega"),
        RealData("stocks", "price", REGRESSION, "vega"),
        RealData("airports", "latitude", REGRESSION, "vega"),
        RealData("cars", "Origin", CLASSES, "vega"),
        RealData("seattle_weather", "weather", CLASSES, "vega"),
        RealData("seattle_temps", "temp", REGRESSION, "vega"),
        RealData("sf_temps", "temp", REGRESSION, "vega"),
    ]
    if find_spec("statsmodels"):
        found += [
            RealData("fair", "occupation", CLASSES, "statsmodels"),
            RealData("randhie", "mdvis", REGRESSION, "statsmodels"),
            RealData("anes96", "vote", CLASSES, "statsmodels"),
            RealData("ccard", "AVGEXP", REGRESSION, "statsmodels"),
        ]
    return found
