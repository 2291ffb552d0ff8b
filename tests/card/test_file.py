"""The card as a file: small, the same every time, and in need of nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression

_MOST_BYTES = 1_000_000
_WRITE_TWO_CARDS = """
import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

from refinery.card import write_card
from refinery.training import profile_table

class HeldOut:
    task = "classification"
    weights = None

table = load_wine(as_frame=True).frame
held_out = HeldOut()
held_out.features, held_out.actual = table.drop(columns="target"), table["target"]
model = RandomForestClassifier(20, max_depth=2, random_state=0).fit(held_out.features, held_out.actual)
held_out.predicted, held_out.scores = model.predict(held_out.features), model.predict_proba(held_out.features)
held_out.classes = list(model.classes_)
manifest = {"model": {"name": "wine"}, "metrics": {"accuracy": 0.9}, "created_at": "2026-01-31T00:00:00"}
write_card(Path(sys.argv[1]), model=model, manifest=manifest, held_out=held_out,
           table_profile=profile_table(table, "target"), history=[manifest])
assert "matplotlib" not in sys.modules, "it would take most of the time of a card"
"""


@pytest.fixture(scope="module")
def many_rows_and_columns(make_case):
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        generator.normal(size=(125_000, 60)),
        columns=[f"column {at} of a wide and long table" for at in range(60)],
    )
    table["target"] = table.iloc[:, 0] * 3 + generator.standard_t(2, size=len(table))
    return make_case(table, "target", LinearRegression()), table


def test_a_hundred_thousand_held_out_rows_stay_under_a_megabyte(write, many_rows_and_columns, held_out_of):
    from dataclasses import replace

    case, table = many_rows_and_columns
    rows = table.head(100_000)
    held_out = held_out_of(case.model, rows.drop(columns="target"), rows["target"])
    page = write(replace(case, held_out=held_out))
    assert "100,000 held-out rows" in page.text
    assert page.path.stat().st_size < _MOST_BYTES


def test_five_hundred_columns_stay_under_a_megabyte_and_what_is_left_out_is_shown(write, make_case):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 501)))
    table.columns = [f"column {at} with a name that is not short at all" for at in range(501)]
    page = write(make_case(table, table.columns[-1], LinearRegression()))
    assert page.path.stat().st_size < _MOST_BYTES
    assert "The first 40 columns; 461 columns left out." in page.text
    assert "485 columns of lower importance not shown." in page.text


def test_endless_lists_and_texts_are_cut_visibly(write, metrics_only):
    many = {f"metric {at}": at for at in range(5000)}
    case = metrics_only.with_manifest(
        metrics=many,
        warnings=["w" * 10_000] * 1000,
        params={f"param {at}": "p" * 10_000 for at in range(5000)},
        provenance={"config": {"text": "line: 1\n" * 100_000}},
    )
    page = write(case)
    assert page.path.stat().st_size < _MOST_BYTES
    assert "4,970 metrics left out here; the manifest lists all." in page.text
    assert "980 warnings left out here" in page.text
    assert "740,000 characters left out here" in page.text


def test_thousands_of_classes_stay_under_a_megabyte(write, make_case):
    table = pd.DataFrame({"x": range(20_000), "y": [f"class {at % 4000}" for at in range(20_000)]})
    assert write(make_case(table, "y", DummyClassifier())).path.stat().st_size < _MOST_BYTES


def test_the_same_inputs_give_the_same_bytes_in_another_process(project, tmp_path):
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": f"{project}:{project / 'include'}"}
        subprocess.run([sys.executable, "-c", _WRITE_TWO_CARDS, str(folder)], check=True, env=environment)
        written.append([(folder / name).read_bytes() for name in ("card.html", "card.md")])
    assert written[0] == written[1]


def test_nothing_is_fetched_and_nothing_runs(write, binary):
    page = write(binary)
    assert not {"script", "link", "iframe", "img", "object", "embed", "base", "form"} & {
        tag for tag, _ in page.tags
    }
    assert all(value.startswith("#") for value in page.values("href"))
    assert re.findall(r"url\((?!#)|@import|https?://", page.source) == []
