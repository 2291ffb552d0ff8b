"""Datasets and models to train, written by each test where it can be read."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from refinery.training import ModuleModel, TrainingSpec, train

INCLUDE = Path(__file__).parents[2] / "include"


@pytest.fixture(scope="session")
def sample_data():
    return INCLUDE / "sample_data"


@pytest.fixture(scope="session")
def petrol(sample_data):
    return sample_data / "iasd-data-in-the-cloud" / "petrol_consumption.csv"


@pytest.fixture
def train_petrol(petrol, tmp_path):
    """Train on the petrol table, with the arguments of `train` and a spec's fields."""

    def train_petrol(
        *,
        dataset=petrol,
        output_dir=tmp_path / "model",
        provenance=None,
        latest=None,
        write_extras=None,
        checkpoint=None,
        **fields,
    ):
        spec = {
            "model": ModuleModel("random_forest"),
            "models_dir": INCLUDE / "models",
            "preprocess": "none",
        }
        return train(
            TrainingSpec(**spec | fields),
            dataset,
            output_dir,
            provenance=provenance or {},
            latest=lambda: latest,
            write_extras=write_extras,
            checkpoint=checkpoint,
        )

    return train_petrol


@pytest.fixture
def train_module(train_petrol, tmp_path):
    """Train on the petrol table with a model module whose source is given."""

    def train_module(source, **fields):
        models_dir = tmp_path / "models"
        models_dir.mkdir(exist_ok=True)
        file = models_dir / "mine.py"
        file.write_text(textwrap.dedent(source))
        return train_petrol(model=ModuleModel("mine"), models_dir=models_dir, **fields)

    return train_module


@pytest.fixture
def train_table(train_petrol, tmp_path):
    """Train on a CSV file whose text is given."""

    def train_table(text, **fields):
        dataset = tmp_path / "table.csv"
        dataset.write_text(text)
        return train_petrol(dataset=dataset, **fields)

    return train_table
