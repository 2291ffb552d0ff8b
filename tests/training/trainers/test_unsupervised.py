"""Models that learn no target: outliers and clusters, measured by what needs none."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.ensemble import IsolationForest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from refinery.training import (
    ClassModel,
    GateFailedError,
    LatestModel,
    SourceOptions,
    Step,
    StepsModel,
    TrainingError,
    TrainingSpec,
    find_model_file,
    load_model_file,
    predict_file,
)
from refinery.training.errors import FitError, MetricError, ModelCodeError

FOREST = ClassModel("sklearn.ensemble.IsolationForest")
KMEANS = ClassModel("sklearn.cluster.KMeans")
SCALER = Step("sklearn.preprocessing.StandardScaler")


def scaled(path, **params):
    return StepsModel((SCALER, Step(path, params)))


# One metric that needs no further fits.
QUICK = {"anomaly": ["outlier_share"], "clustering": ["clusters"]}
SCALED_KMEANS = scaled("sklearn.cluster.KMeans", n_clusters=3)


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    file = tmp_path_factory.mktemp("wine") / "wine.csv"
    load_wine(as_frame=True).data.to_csv(file, index=False)
    return file


@pytest.fixture
def train_wine(train_petrol, wine):
    return lambda **fields: train_petrol(**{"dataset": wine, **fields})


def load(result, folder):
    file = find_model_file(result.manifest)
    return load_model_file(folder / file, result.manifest["files"][file]["sha256"])


def test_outliers_are_those_of_a_model_fitted_by_hand(train_wine, wine, tmp_path):
    result = train_wine(model=FOREST, task="anomaly")

    train, test = train_test_split(pd.read_csv(wine), test_size=0.2, random_state=0)
    by_hand = IsolationForest(random_state=0).fit(train)
    assert result.metrics["outlier_share"] == np.mean(by_hand.predict(test) == -1) > 0
    assert result.metrics["outlier_share_train"] == np.mean(by_hand.predict(train) == -1) > 0
    assert 0.3 < result.metrics["stability"] < 1
    predicted = predict_file(load(result, tmp_path / "model"), result.manifest, wine)
    assert list(predicted)[-2:] == ["prediction", "prediction_score"]
    assert list(predicted["prediction_score"]) == list(by_hand.decision_function(pd.read_csv(wine)))
    assert set(predicted["prediction"][predicted["prediction_score"] < 0]) == {-1}


def test_clusters_are_measured_at_the_distances_of_the_model(train_wine, wine, tmp_path):
    result = train_wine(model=SCALED_KMEANS, task="clustering")

    train, test = train_test_split(pd.read_csv(wine), test_size=0.2, random_state=0)
    by_hand = make_pipeline(StandardScaler(), KMeans(3, random_state=0)).fit(train)
    rows, labels = by_hand[0].transform(test), by_hand.predict(test)
    assert result.metrics | {"stability": 0} == pytest.approx(
        {
            "silhouette": silhouette_score(rows, labels),
            "davies_bouldin": davies_bouldin_score(rows, labels),
            "calinski_harabasz": calinski_harabasz_score(rows, labels),
            "clusters": 3,
            "stability": 0,
        }
    )
    assert sum(each["train_rows"] for each in result.manifest["clusters"]) == len(train)
    predicted = predict_file(load(result, tmp_path / "model"), result.manifest, wine)
    distances = by_hand.transform(pd.read_csv(wine)).min(axis=1)
    assert np.allclose(-predicted["prediction_score"], distances)


def test_the_manifest_says_what_was_done(train_wine):
    result = train_wine(
        model=FOREST, task="anomaly", require={"outlier_share": {"max": 0.2}, "stability": {"min": 0.1}}
    )

    assert "target" not in result.manifest["data"]
    assert "baseline" not in result.manifest
    evaluation = result.manifest["evaluation"]
    assert evaluation["task"] == "anomaly"
    assert evaluation["without_direction"] == ["outlier_share", "outlier_share_train"]
    assert [gate["passed"] for gate in result.manifest["gates"]] == [True, True]
    assert "  task      anomaly, without a target" in result.summary
    assert result.manifest["warnings"] == []


def test_the_same_rows_give_the_same_bytes(train_wine, tmp_path):
    files = [
        train_wine(model=SCALED_KMEANS, task="clustering", output_dir=tmp_path / name).manifest["files"]
        for name in ("one", "two")
    ]
    assert files[0] == files[1]


def test_a_spec_keeps_its_task():
    spec = TrainingSpec(model=FOREST, models_dir=".", task="anomaly", require={"stability": {"min": 0.5}})

    assert spec.to_dict()["task"] == "anomaly"
    assert TrainingSpec.from_dict(json.loads(json.dumps(spec.to_dict())), ".") == spec


@pytest.mark.parametrize(
    ("task", "model"),
    [
        ("anomaly", FOREST),
        ("anomaly", scaled("sklearn.svm.OneClassSVM")),
        ("anomaly", scaled("sklearn.linear_model.SGDOneClassSVM")),
        ("anomaly", scaled("sklearn.neighbors.LocalOutlierFactor", novelty=True)),
        ("clustering", SCALED_KMEANS),
        ("clustering", scaled("sklearn.cluster.MiniBatchKMeans", n_clusters=3)),
        ("clustering", scaled("sklearn.mixture.GaussianMixture", n_components=3)),
    ],
    ids=str,
)
def test_onnx_gives_the_labels_and_scores_of_the_model(train_wine, wine, tmp_path, task, model):
    pytest.importorskip("skl2onnx")
    result = train_wine(model=model, task=task, model_format="onnx", metrics=QUICK[task])

    stored = predict_file(load(result, tmp_path / "model"), result.manifest, wine)
    fitted = predict_file(result.model, result.manifest, wine)
    assert list(stored["prediction"]) == list(fitted["prediction"])
    assert np.allclose(stored["prediction_score"], fitted["prediction_score"], atol=1e-4)


def test_what_onnx_cannot_convert_is_named(train_wine):
    pytest.importorskip("skl2onnx")
    with pytest.raises(TrainingError, match=r"cannot be written as onnx: .*EllipticEnvelope"):
        train_wine(model=scaled("sklearn.covariance.EllipticEnvelope"), task="anomaly", model_format="onnx")


@pytest.mark.parametrize(
    ("path", "params", "scored"),
    [
        ("cluster.Birch", {"n_clusters": 3}, True),
        ("cluster.BisectingKMeans", {"n_clusters": 3}, True),
        ("cluster.MeanShift", {}, True),
        ("cluster.AffinityPropagation", {}, True),
        ("mixture.BayesianGaussianMixture", {"n_components": 3}, True),
    ],
)
def test_each_clusterer_scores_rows(train_wine, path, params, scored):
    held_out = train_wine(
        model=scaled(f"sklearn.{path}", **params), task="clustering", metrics=["clusters"]
    ).held_out

    assert (held_out.scores is not None) == scored
    assert len(held_out.predicted) == len(held_out.features)


def blobs(distance):
    random = np.random.default_rng(0)
    centers = np.repeat([0, distance], 100)
    table = pd.DataFrame({"x": centers + random.normal(size=200), "y": random.normal(size=200)})
    return table.to_csv(index=False)


def test_clusters_that_are_there_are_stable_and_others_are_not(train_table):
    clusters = {"model": KMEANS, "params": {"n_clusters": 2}, "task": "clustering"}
    far = train_table(blobs(20), **clusters).metrics
    none = train_table(blobs(0), **clusters | {"params": {"n_clusters": 8}}).metrics

    assert far["stability"] == 1
    assert far["silhouette"] > 0.8
    assert none["stability"] < 0.7


def test_no_group_is_in_both_halves(train_module, tmp_path):
    """A model that knows groups by heart would seem stable: here each half's model tells which groups it has seen."""
    rows = "".join(f"{row % 20},{row % 20}\n" for row in range(200))
    source = """
        import numpy as np
        from sklearn.base import BaseEstimator, OutlierMixin

        SEEN = []

        class Seen(OutlierMixin, BaseEstimator):
            def fit(self, X, y=None):
                self.values_ = sorted(set(X["x"]))
                SEEN.append(self.values_)
                return self
            def predict(self, X):
                return np.where(self.decision_function(X) < 0, -1, 1)
            def decision_function(self, X):
                if len(SEEN) == 3:
                    assert not set(SEEN[1]) & set(SEEN[2])
                return np.array([0.5 + value for value in X["x"]])

        def build_model():
            return Seen()
    """
    file = tmp_path / "groups.csv"
    file.write_text("group,x\n" + rows)
    result = train_module(source, dataset=file, task="anomaly", group_column="group")
    assert result.metrics["stability"] == 1


def test_one_group_has_no_halves(train_table):
    text = "g,x\n" + "".join(f"{i % 2},{i % 7}\n" for i in range(80))
    result = train_table(text, model=FOREST, task="anomaly", group_column="g")

    assert "stability" not in result.metrics
    assert any("all training rows are of one group" in note for note in result.manifest["notes"])


def test_text_and_gaps_are_prepared(train_table, tmp_path):
    text = "kind,size\n" + "".join(
        f"{'ab'[i % 2]},{'' if i % 9 == 0 else i % 7 + 50 * (i % 2)}\n" for i in range(120)
    )
    result = train_table(text, model=KMEANS, params={"n_clusters": 2}, task="clustering", preprocess="auto")

    assert result.manifest["preprocess"]["columns"] == {"kind": "text", "size": "missing values"}
    assert result.metrics["silhouette"] > 0.5
    predicted = predict_file(load(result, tmp_path / "model"), result.manifest, tmp_path / "table.csv")
    assert predicted.groupby("kind")["prediction"].nunique().max() == 1


@pytest.mark.parametrize(
    ("model", "task", "warns"),
    [(KMEANS, "clustering", True), (SCALED_KMEANS, "clustering", False), (FOREST, "anomaly", False)],
    ids=str,
)
def test_columns_of_other_scales_are_a_warning_where_distances_count(train_wine, model, task, warns):
    found = [
        text
        for text in train_wine(model=model, task=task, metrics=QUICK[task]).manifest["warnings"]
        if "scales" in text
    ]

    assert bool(found) == warns
    if warns:
        assert '"nonflavanoid_phenols" hardly counts' in found[0]
        assert "{class: sklearn.preprocessing.StandardScaler}, {class: sklearn.cluster.KMeans" in found[0]


def test_a_model_without_outliers_is_a_warning(train_wine):
    params = {"contamination": 1e-6}
    warnings = train_wine(model=FOREST, params=params, task="anomaly", metrics=["outlier_share"]).manifest[
        "warnings"
    ]

    assert any("None of the 36 held-out rows is an outlier" in text for text in warnings)


@pytest.mark.parametrize(
    ("held_out", "problem"),
    [("9,9", "but few of the training rows: the two parts differ"), ("0,0", "")],
)
def test_held_out_rows_of_another_kind_are_a_warning(train_table, held_out, problem):
    rows = [f"{i},{i % 5 / 5},{i % 7 / 7}" for i in range(80)] + [f"{80 + i},{held_out}" for i in range(20)]
    params = {"contamination": 0.05}
    text = "\n".join(["t,x,y", *rows]) + "\n"
    result = train_table(text, model=FOREST, params=params, task="anomaly", time_column="t")

    found = [warning for warning in result.manifest["warnings"] if "more than half" in warning]
    assert [problem in warning for warning in found] == ([True] if problem else [])


def test_one_cluster_has_no_silhouette_and_says_so(train_wine):
    result = train_wine(model=KMEANS, params={"n_clusters": 1}, task="clustering")

    assert result.metrics == {"clusters": 1}
    assert any(
        "silhouette is left out: the 36 held-out rows are in 1 cluster" in n for n in result.manifest["notes"]
    )
    assert any("All training rows are in one cluster" in text for text in result.manifest["warnings"])


def test_weights_are_of_the_fit_alone(train_table):
    text = "x,w\n" + "".join(f"{i % 10},{1 if i % 10 < 5 else 0}\n" for i in range(100))
    result = train_table(text, model=KMEANS, params={"n_clusters": 2}, task="clustering", weight="w")

    assert max(result.model.cluster_centers_) < 5
    assert "weight: the fit is weighted, and the metrics count each row once." in result.manifest["notes"]


def test_the_latest_model_is_measured_on_the_same_rows(train_wine, tmp_path):
    gate = {"silhouette": {"no_worse_than_latest": 0.01}}
    first = train_wine(
        model=SCALED_KMEANS,
        task="clustering",
        metrics=QUICK["clustering"],
        require=gate,
        output_dir=tmp_path / "first",
    )
    latest = LatestModel("2026-01-01", first.model, first.manifest)
    worse = scaled("sklearn.cluster.KMeans", n_clusters=9)
    fields = {"task": "clustering", "metrics": QUICK["clustering"], "require": gate, "latest": latest}

    again = train_wine(model=SCALED_KMEANS, output_dir=tmp_path / "again", **fields)
    with pytest.raises(GateFailedError, match=r"silhouette is .* \(the latest model 2026-01-01 has 0\.268"):
        train_wine(model=worse, output_dir=tmp_path / "worse", **fields)
    [gate] = again.manifest["gates"]
    assert gate["measured"] == pytest.approx(gate["required"] + 0.01)


def test_a_latest_model_of_another_task_fails_the_gate(train_wine, tmp_path):
    forest = train_wine(
        model=FOREST,
        task="anomaly",
        metrics=QUICK["anomaly"],
        output_dir=tmp_path / "forest",
        require={"outlier_share": {"max": 1}},
    )
    gate = {"silhouette": {"no_worse_than_latest": 0.01}}
    with pytest.raises(GateFailedError, match="2026-01-01 does another task, anomaly"):
        train_wine(
            model=SCALED_KMEANS,
            task="clustering",
            require=gate,
            latest=LatestModel("2026-01-01", forest.model, forest.manifest),
        )


MODULE = """
import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.cluster import DBSCAN, KMeans
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import Ridge
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

class Undeclared(BaseEstimator):
    def fit(self, X, y=None):
        return self
    def predict(self, X):
        return np.ones(len(X))

class Truths(OutlierMixin, Undeclared):
    def predict(self, X):
        return np.array([7] * len(X))
"""


@pytest.mark.parametrize(
    ("built", "task", "message"),
    [
        ("IsolationForest()", "clustering", "looks for outliers, which is not task: clustering: write task: anomaly, or choose a clusterer"),
        ("KMeans(2)", "anomaly", "groups rows, which is not task: anomaly: write task: clustering, or choose an outlier detector"),
        ("Ridge()", "anomaly", "is a regressor, and task: anomaly has no target to learn: remove task"),
        ("make_pipeline(StandardScaler(), Ridge())", "anomaly", "is a regressor"),
        ("DBSCAN()", "clustering", "labels only the rows that it is fitted to"),
        ("make_pipeline(StandardScaler(), DBSCAN())", "clustering", "labels only the rows that it is fitted to"),
        ("LocalOutlierFactor()", "anomaly", 'set "novelty" to true'),
        ("Undeclared()", "anomaly", "does not declare that it does task: anomaly"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_task_is_refused_before_it_is_fitted(train_module, built, task, message):
    with pytest.raises(ModelCodeError, match=message):
        train_module(f"{MODULE}\ndef build_model():\n    return {built}\n", task=task)


def test_a_module_builds_one_too(train_module):
    built = f"{MODULE}\ndef build_model():\n    return make_pipeline(StandardScaler(), KMeans(2))\n"
    result = train_module(built, task="clustering")

    assert result.metrics["clusters"] == 2
    assert len(result.manifest["data"]["features"]) == 5


def test_labels_that_are_not_those_of_outliers_are_refused(train_module):
    with pytest.raises(
        FitError, match="it predicts 7; an outlier detector predicts -1 for outliers and 1 for others"
    ):
        train_module(f"{MODULE}\ndef build_model():\n    return Truths()\n", task="anomaly")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def train(dataset_path, model_path):\n    pass\n", "measures its model itself"),
        ("def fit(X, y):\n    pass\n", "takes a target"),
    ],
)
def test_code_that_does_more_than_build_a_model_is_refused(train_module, source, why):
    with pytest.raises(ModelCodeError, match=f"task: anomaly is not for mine, whose own code {why}"):
        train_module(source, task="anomaly")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"metrics": ["f1", "clusters"]}, 'evaluate.metrics: "f1" does not measure task: clustering'),
        ({"target": "alcohol"}, '"target.column" does not fit that'),
        ({"missing_target": "drop"}, '"target.missing" does not fit that'),
        ({"stratify": True, "cross_validation": 5}, '"evaluate.stratify", "evaluate.cross_validation"'),
        ({"batch_rows": 100}, '"fit.batch_rows" does not fit that'),
    ],
)
def test_a_spec_asks_for_nothing_that_needs_a_target(train_wine, fields, problem):
    with pytest.raises(MetricError) as error:
        train_wine(model=SCALED_KMEANS, task="clustering", **fields)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("text", "fields", "problem"),
    [
        ("a,b\n1,2\n", {}, "1 row is too few to hold out 0.2"),
        ("a,b\n1,2\n3,4\n5,6\n", {}, "KMeans"),
        ("a,b\n" + "1,x\n2,y\n" * 20, {"preprocess": "none"}, "b"),
        ("a,w\n" + "1,0\n2,0\n" * 20, {"weight": "w"}, "is 0 in all 40 rows"),
        (
            "a\n" + "1\n" * 40,
            {"source": SourceOptions(drop=("a",))},
            "No features are left: the dataset's columns are",
        ),
        ("a,b\n" + "1,2\n2,\n" * 20, {"expect": {"columns": {"b": {"nulls": 0}}}}, "b"),
    ],
)
def test_a_dataset_that_cannot_be_learned_is_refused(train_table, text, fields, problem):
    with pytest.raises(TrainingError) as error:
        train_table(text, model=KMEANS, task="clustering", **fields)
    assert problem in str(error.value)


def test_few_rows_leave_out_what_they_cannot_measure(train_table):
    text = "a,b\n" + "".join(f"{i},{i % 3}\n" for i in range(10))
    result = train_table(text, model=KMEANS, params={"n_clusters": 6}, task="clustering")

    assert set(result.metrics) == {"clusters"}
    assert any(note.startswith("stability is left out: KMeans") for note in result.manifest["notes"])
    assert any("Only 2 rows were held out" in text for text in result.manifest["warnings"])
