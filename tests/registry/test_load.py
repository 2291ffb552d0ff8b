"""Loading a model: from S3 or from a folder, and only if it matches its manifest."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import warnings
from importlib.metadata import version

import pytest
from sklearn.linear_model import Ridge

from refinery.local.object_store import ObjectStore
from refinery.registry import (
    ModelNotFoundError,
    fetch_latest,
    load_fetched,
    load_latest,
    load_model,
    load_version,
    promote,
)
from refinery.registry.errors import ManifestChangedError, PromotedModelGoneError
from refinery.spec.urls import parse_prefix_url
from refinery.storage import upload_model
from refinery.training import ClassModel, ScriptModel, TrainingError, TrainingSpec, train
from refinery.training.errors import OtherVersionsError
from refinery.training.output.model_file import write_model


class Bomb:
    """A pickle that does something when it is loaded."""

    def __reduce__(self):
        return (pytest.fail, ("a hostile pickle was run",))


class Note:
    """A type of the user's own."""


NOTE = f"{Note.__module__}.{Note.__qualname__}"


@pytest.fixture
def model_dir(project, tmp_path):
    """A trained model in a folder."""
    spec = TrainingSpec(
        model=ClassModel("sklearn.linear_model.Ridge"), models_dir=project / "include" / "models"
    )
    dataset = project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
    train(spec, dataset, tmp_path / "model", provenance={})
    return tmp_path / "model"


@pytest.fixture(scope="module")
def s3(project, tmp_path_factory):
    """An embedded S3 server's client."""
    with ObjectStore(tmp_path_factory.mktemp("s3")) as store:
        yield store.client()


def test_a_model_is_loaded_from_its_prefix(model_dir, s3):
    upload_model(model_dir, parse_prefix_url("s3://models/petrol/2026-01-31/"), client=s3)

    model = load_model("s3://models/petrol/2026-01-31", client=s3)

    assert isinstance(model.estimator, Ridge)
    assert model.manifest["metrics"].keys() == {"mae", "mse", "rmse", "r2"}
    assert model.location == "s3://models/petrol/2026-01-31/"


def test_a_model_is_loaded_from_a_folder(model_dir):
    assert isinstance(load_model(str(model_dir)).estimator, Ridge)


_SCRIPT = """
import os, joblib, pandas as pd
from sklearn.linear_model import Ridge
table = pd.read_csv(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "petrol_consumption.csv"))
os.makedirs("trained")
joblib.dump(Ridge().fit(table.iloc[:, :-1], table.iloc[:, -1]), "trained/model.joblib", compress=3)
joblib.dump({}, "other.sav")
"""


@pytest.mark.parametrize("named", ["trained/model.joblib", None])
def test_a_scripts_own_file_is_loaded_and_predicts(project, s3, tmp_path, named):
    dataset = project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
    script = _SCRIPT if named else "\n".join(line for line in _SCRIPT.splitlines() if "other.sav" not in line)
    (tmp_path / "legacy.py").write_text(script)
    spec = TrainingSpec(model=ScriptModel("legacy.py", file=named), models_dir=tmp_path)
    train(spec, dataset, tmp_path / "model", provenance={})
    upload_model(tmp_path / "model", parse_prefix_url("s3://models/legacy/2026-01-31/"), client=s3)

    for model in (
        load_model("s3://models/legacy/2026-01-31", client=s3),
        load_model(str(tmp_path / "model")),
    ):
        assert isinstance(model.estimator, Ridge)
        assert len(model.predict(dataset)["prediction"]) == 48


@pytest.mark.parametrize("name", ["../model.joblib", "/tmp/model.joblib", 7, "no.joblib"])
def test_a_manifest_that_names_a_file_elsewhere_is_refused(model_dir, name):
    edit(model_dir, lambda manifest: manifest.update(script={"model_file": name}))
    edit(
        model_dir,
        lambda manifest: (
            manifest["files"].update({str(name): {"sha256": "0" * 64}}) if name != "no.joblib" else None
        ),
    )
    with pytest.raises(ModelNotFoundError, match=r"names no model\.pkl"):
        load_model(str(model_dir))


def edit(model_dir, change):
    manifest = json.loads((model_dir / "manifest.json").read_text())
    change(manifest)
    (model_dir / "manifest.json").write_text(json.dumps(manifest))


OTHER_VERSIONS = {
    "scikit-learn 1.2.2": lambda manifest: manifest["environment"]["libraries"].update(sklearn="1.2.2"),
    "NumPy 1.26.4": lambda manifest: manifest["environment"]["libraries"].update(numpy="1.26.4"),
    "LightGBM 3.3.5": lambda manifest: manifest["environment"]["libraries"].update(lightgbm="3.3.5"),
    "Python 3.9.1": lambda manifest: manifest["environment"].update(python="3.9.1"),
}


class TestOtherVersions:
    @pytest.mark.parametrize("versions", OTHER_VERSIONS)
    def test_a_model_of_another_minor_version_is_loaded_only_where_that_is_allowed(self, model_dir, versions):
        edit(model_dir, OTHER_VERSIONS[versions])

        told = f"{model_dir}: it was made with {versions}, and this environment has {versions.partition(' ')[0]} "
        with pytest.raises(
            OtherVersionsError,
            match=f"^{told}.*: --allow-other-versions, in Python allow_other_versions=True",
        ):
            load_model(str(model_dir))
        (note,) = load_model(str(model_dir), allow_other_versions=True).notes
        assert note.startswith(told)

    def test_nothing_of_it_is_run_before(self, model_dir):
        edit(model_dir, OTHER_VERSIONS["Python 3.9.1"])
        (model_dir / "model.pkl").write_bytes(pickle.dumps(Bomb()))

        with pytest.raises(OtherVersionsError):
            load_model(str(model_dir))

    @pytest.mark.parametrize(
        "change",
        [
            lambda manifest: manifest["environment"]["libraries"].update(scipy="0.1", pandas="0.1"),
            lambda manifest: manifest["environment"]["libraries"].update(numpy=f"{numpy_minor()}.999"),
            lambda manifest: manifest["environment"]["libraries"].pop("sklearn"),
        ],
        ids=["other libraries", "another patch", "one that is not recorded"],
    )
    def test_what_does_not_matter_is_not_told(self, model_dir, change):
        edit(model_dir, change)

        assert load_model(str(model_dir)).notes == ()

    @pytest.mark.parametrize("environment", [None, {}, {"libraries": None}])
    def test_an_old_manifest_that_records_none_is_loaded_with_a_note(self, model_dir, environment):
        edit(model_dir, lambda manifest: manifest.update(environment=environment))

        assert load_model(str(model_dir)).notes == (
            "Its manifest does not say which versions of Python, scikit-learn and NumPy it was made with; they are not compared.",
        )

    def test_scikit_learns_own_warning_fails_nothing(self, model_dir):
        content = (model_dir / "model.pkl").read_bytes()
        here = version("scikit-learn").encode()
        other = here[:-1] + (b"8" if here[-1:] != b"8" else b"7")
        (model_dir / "model.pkl").write_bytes(content.replace(here, other))
        sha256 = hashlib.sha256((model_dir / "model.pkl").read_bytes()).hexdigest()
        edit(model_dir, lambda manifest: manifest["files"]["model.pkl"].update(sha256=sha256))

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert isinstance(load_model(str(model_dir)).estimator, Ridge)

    def test_as_the_latest_it_cannot_be_compared_with_and_the_gate_says_what_to_do(
        self, client, series, model_dir
    ):
        edit(model_dir, OTHER_VERSIONS["scikit-learn 1.2.2"])
        upload_model(model_dir, series.prefix_of("2026-01-30"), client=client)
        promote(series, "2026-01-30", by="ann", client=client)

        latest = load_latest(series, client=client)

        assert latest.model is None
        assert latest.problem.startswith(
            "it was made with scikit-learn 1.2.2, and this environment has scikit-learn 1."
        )
        assert latest.problem.endswith("with gate: warn, one run promotes a model of these versions anyway")


def numpy_minor():
    return ".".join(version("numpy").split(".")[:2])


def test_it_predicts_each_row_of_a_file(model_dir, project):
    dataset = project / "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
    predictions = load_model(str(model_dir)).predict(dataset)
    assert list(predictions.columns)[-2:] == ["Petrol_Consumption", "prediction"]
    assert len(predictions) == 48


def test_nothing_of_a_model_that_was_tampered_with_is_run(model_dir):
    (model_dir / "model.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(TrainingError, match="SHA-256"):
        load_model(str(model_dir))


def test_a_prefix_without_a_manifest_is_no_model(s3):
    with pytest.raises(
        ModelNotFoundError, match=r"s3://models/nothing/ holds no model: there is no manifest\.json"
    ):
        load_model("s3://models/nothing/", client=s3)


def test_a_folder_without_a_manifest_is_no_model(tmp_path):
    with pytest.raises(ModelNotFoundError, match=r"no manifest\.json"):
        load_model(str(tmp_path))


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ({}, r"names no model\.pkl or model\.skops or model\.onnx"),
        ({"files": []}, "is damaged: files is not a JSON object"),
        ({"files": {"weights.bin": {"sha256": "0"}}}, r"names no model\.pkl"),
        ({"files": {"model.pkl": {"sha256": "0"}}, "format": "skops"}, "in the format that it records"),
        ({"files": {"model.pkl": {}}}, r"does not record the SHA-256 of model\.pkl"),
    ],
)
def test_a_manifest_that_names_no_model_file_is_refused(model_dir, manifest, problem):
    (model_dir / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelNotFoundError, match=problem):
        load_model(str(model_dir))


class TestFormats:
    """A model in another format than pickle is loaded by its manifest alone."""

    @pytest.fixture
    def skops_dir(self, model_dir):
        """The same model as skops, which holds a type that skops does not know."""
        estimator = load_model(str(model_dir)).estimator
        estimator.note = Note()
        (model_dir / "model.pkl").unlink()
        write_model(estimator, model_dir / "model.skops", trusted=[NOTE])
        manifest = json.loads((model_dir / "manifest.json").read_bytes())
        content = (model_dir / "model.skops").read_bytes()
        facts = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        changed = manifest | {"format": "skops", "files": {"model.skops": facts}}
        (model_dir / "manifest.json").write_text(json.dumps(changed))
        return model_dir

    def test_types_that_are_not_trusted_are_refused(self, skops_dir, client, series):
        upload_model(skops_dir, series.prefix_of("2026-01-31"), client=client)
        with pytest.raises(TrainingError, match="Note"):
            load_model(str(skops_dir))
        with pytest.raises(TrainingError, match="Note"):
            load_version(series, "2026-01-31", client=client)

    def test_types_that_are_trusted_are_loaded(self, skops_dir, client, series):
        upload_model(skops_dir, series.prefix_of("2026-01-31"), client=client)
        assert isinstance(load_model(str(skops_dir), trusted=[NOTE]).estimator, Ridge)
        model = load_version(series, "2026-01-31", client=client, trusted=[NOTE])
        assert isinstance(model.estimator, Ridge)


class TestVersions:
    """A pipeline's latest model, or the one of a date."""

    @pytest.fixture
    def promoted(self, model_dir, client, series):
        """The client of a server with two models, of which the older one is the latest."""
        for day in ("2026-01-30", "2026-01-31"):
            upload_model(model_dir, series.prefix_of(day), client=client)
        promote(series, "2026-01-30", by="ann", client=client)
        return client

    def test_the_latest_is_loaded(self, promoted, series):
        model = load_version(series, client=promoted)
        assert isinstance(model.estimator, Ridge)
        assert model.location == "s3://models/churn/2026-01-30/"

    def test_one_of_a_date_is_loaded(self, promoted, series):
        assert load_version(series, "2026-01-31", client=promoted).location.endswith("/2026-01-31/")

    def test_there_is_no_latest_before_the_first_promotion(self, client, series):
        with pytest.raises(ModelNotFoundError, match="no model has been promoted yet"):
            load_version(series, client=client)

    def test_a_latest_that_was_deleted_is_reported(self, promoted, series):
        promoted.delete_object(Bucket="models", Key="churn/2026-01-30/manifest.json")
        with pytest.raises(PromotedModelGoneError, match="it was promoted, but there is no manifest"):
            load_version(series, client=promoted)

    def test_a_latest_that_a_run_is_replacing_is_loaded_from_where_it_is_kept(
        self, promoted, series, model_dir
    ):
        """At every moment, also where the run was cut off then."""
        edit(model_dir, lambda manifest: manifest.update(metrics={"r2": 0.9}))
        upload_model(model_dir, series.prefix_of("2026-01-30"), client=promoted)
        latest = load_version(series, client=promoted)
        assert re.fullmatch(r"s3://models/churn/2026-01-30/replaced/[0-9a-f]{12}/", latest.location)
        assert latest.manifest["metrics"] != {"r2": 0.9}
        promoted.delete_object(Bucket="models", Key="churn/2026-01-30/manifest.json")
        assert load_version(series, client=promoted).location == latest.location
        assert load_latest(series, client=promoted).version == latest.location

    def test_gates_compare_with_the_model_before_one_that_was_deleted(self, promoted, series):
        """So that another run passes them."""
        promote(series, "2026-01-31", by="ann", client=promoted)
        promoted.delete_object(Bucket="models", Key="churn/2026-01-31/manifest.json")
        assert load_latest(series, client=promoted).version == "s3://models/churn/2026-01-30/"

    def test_gates_have_nothing_to_compare_with_where_the_only_model_was_deleted(
        self, promoted, series, tmp_path
    ):
        promoted.delete_object(Bucket="models", Key="churn/2026-01-30/manifest.json")
        assert load_latest(series, client=promoted) is None
        assert fetch_latest(series, tmp_path / "latest", client=promoted) is None

    def test_what_was_fetched_is_loaded_without_s3(self, promoted, series, tmp_path):
        location = fetch_latest(series, tmp_path / "latest", client=promoted)
        fetched, loaded = load_fetched(tmp_path / "latest", location), load_latest(series, client=promoted)
        assert (fetched.version, fetched.manifest) == (loaded.version, loaded.manifest)
        assert fetched.model.get_params() == loaded.model.get_params()
        (tmp_path / "latest" / "model.pkl").write_bytes(pickle.dumps(Bomb()))
        problem = load_fetched(tmp_path / "latest", location).problem
        assert problem.startswith("s3://models/churn/2026-01-30/model.pkl: its SHA-256 is ")

    def test_a_file_that_was_tampered_with_is_reported_by_its_url(self, promoted, series):
        """The folder that it was downloaded to is gone when someone reads it."""
        promoted.put_object(Bucket="models", Key="churn/2026-01-30/model.pkl", Body=pickle.dumps(Bomb()))
        told = r"^s3://models/churn/2026-01-30/model\.pkl: its SHA-256 is "
        with pytest.raises(TrainingError, match=told):
            load_version(series, client=promoted)
        assert (
            "(s3://models/churn/2026-01-30/model.pkl: " in f"({load_latest(series, client=promoted).problem})"
        )

    def test_nothing_is_loaded_by_a_manifest_that_was_tampered_with(self, promoted, series):
        """Someone who may write the prefix can make model and manifest agree, but not with what was promoted."""
        bomb = pickle.dumps(Bomb())
        manifest = {"files": {"model.pkl": {"sha256": hashlib.sha256(bomb).hexdigest()}}}
        promoted.put_object(Bucket="models", Key="churn/2026-01-30/model.pkl", Body=bomb)
        promoted.put_object(Bucket="models", Key="churn/2026-01-30/manifest.json", Body=json.dumps(manifest))
        with pytest.raises(ManifestChangedError, match="Nothing was loaded"):
            load_version(series, client=promoted)
