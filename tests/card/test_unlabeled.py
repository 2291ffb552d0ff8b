"""The figures of models that learned no target: scores with their cut-off, and what is in each cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.ensemble import IsolationForest

from refinery.training import profile_table


@dataclass(frozen=True)
class ScoredRows:
    features: Any
    predicted: Any
    scores: Any
    task: str


@pytest.fixture(scope="module")
def table():
    return load_wine(as_frame=True).data.rename(columns={"hue": "<hue>"}).assign(kind="a <b>")


@pytest.fixture
def case(regression, table):
    """A case of the task, made of the given held-out rows."""

    def make(rows, metrics, undirected):
        split = regression.manifest["split"] | {"test_rows": len(table)}
        data = {"rows": 178, "features": [{"name": str(name), "dtype": "float64"} for name in table]}
        evaluation = {
            "task": rows.task,
            "lower_is_better": ["davies_bouldin"],
            "without_direction": undirected,
        }
        manifest = {"metrics": metrics, "data": data, "evaluation": evaluation, "split": split}
        return replace(
            regression.with_manifest(baseline=None, spread=None, cross_validation=None, **manifest),
            held_out=rows,
            table_profile=profile_table(table),
        )

    return make


def test_outliers_are_below_the_cut_off(write, case, table):
    numbers = table.select_dtypes("number")
    model = IsolationForest(random_state=0).fit(numbers)
    scores = model.decision_function(numbers)
    rows = ScoredRows(table, model.predict(numbers), scores, "anomaly")
    page = write(case(rows, {"outlier_share": 0.11, "stability": 0.6}, ["outlier_share"]))

    outliers = int((scores < 0).sum())
    assert f"178 held-out rows; {outliers}" in page.text
    assert f"{outliers} below the cut-off at 0" in page.source
    assert "anomaly detection by 14 features" in page.text
    assert "Higher is better for stability." in page.text
    assert "Permutation importance" not in page.text
    # As many bars of the color of outliers as there are bins below the cut-off.
    assert len(re.findall(r'class="wrong"', page.source)) == 1


def test_scores_that_are_all_the_same_are_drawn(write, case, table):
    rows = ScoredRows(table, [1] * len(table), table["alcohol"].to_numpy() * 0, "anomaly")
    rows = replace(rows, predicted=rows.scores + 1)
    assert "178 held-out rows; 0 (0%) are outliers" in write(case(rows, {"outlier_share": 0}, [])).text


def test_a_model_without_scores_has_no_figure_of_them(write, case, table):
    rows = ScoredRows(table, table["alcohol"].to_numpy() * 0 + 1, None, "anomaly")
    assert "Predictions" not in write(case(rows, {"outlier_share": 0}, [])).headings


def test_clusters_are_told_apart_by_their_columns(write, case, table):
    numbers = table.select_dtypes("number")
    labels = KMeans(3, random_state=0).fit_predict(numbers)
    rows = ScoredRows(table, labels, None, "clustering")
    page = write(case(rows, {"silhouette": 0.5, "davies_bouldin": 0.5, "clusters": 3}, ["clusters"]))

    sizes = [int((labels == cluster).sum()) for cluster in range(3)]
    assert f"Held-out rows of each cluster: 0 {sizes[0]}, 1 {sizes[1]}, 2 {sizes[2]}" in page.source
    assert "Lower is better for davies_bouldin. Higher is better for silhouette." in page.text
    header = page.source.partition('id="clusters-table-note"')[2].partition("</thead>")[0]
    assert re.findall(r'class="n">([^<]+)', header)[:2] == ["rows", "proline"]
    assert "6 columns left out" in page.text
    assert "<hue>" not in page.source


def test_dates_and_durations_stand_behind_numbers(write, case, table):
    moments = pd.date_range("2026-01-01", periods=len(table), freq="h")
    kinds = table[["kind", "alcohol"]].assign(
        day=moments, lasted=moments - moments[0], even=moments.hour % 2 == 0
    )
    rows = ScoredRows(kinds, kinds.index.to_numpy() % 2, None, "clustering")
    header = write(case(rows, {"clusters": 2}, ["clusters"])).source.partition('id="clusters-table-note"')[2]

    assert re.findall(r'class="n">([a-z]+)<', header)[:6] == [
        "rows",
        "alcohol",
        "kind",
        "day",
        "lasted",
        "even",
    ]


def test_many_clusters_are_cut(write, case, table):
    few = table[["kind", "alcohol"]]
    rows = ScoredRows(few, few.index.to_numpy() % 60, None, "clustering")
    page = write(case(rows, {"clusters": 60}, ["clusters"]))

    assert "45 smaller clusters not drawn" in page.text
    assert "a &lt;b&gt;" in page.source
