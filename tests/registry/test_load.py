"""Loading a model: from S3 or from a folder, and only if it is what its manifest says."""

from __future__ import annotations

import hashlib
import json
import pickle

import pytest
from sklearn.linear_model import Ridge

from include.local.object_store import ObjectStore
from include.registry import ModelNotFoundError, load_latest, load_model, load_version, promote
from include.registry.errors import ManifestChangedError, NothingPromotedError, PromotedModelGoneError
from include.storage import upload_model
from include.training import ClassModel, TrainingError, TrainingSpec, train
from include.training.model_file import write_model
from include.urls import parse_prefix_url


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
        ({"files": []}, r"names no model\.pkl"),
        ({"files": {"weights.bin": {"sha256": "0"}}}, r"names no model\.pkl"),
        ({"files": {"model.pkl": {"sha256": "0"}}, "format": "skops"}, "in the format that it tells"),
        ({"files": {"model.pkl": {}}}, r"does not tell the SHA-256 of model\.pkl"),
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
        with pytest.raises(NothingPromotedError, match="no model was promoted yet"):
            load_version(series, client=client)

    def test_a_latest_that_a_run_was_cut_off_while_replacing_is_told(self, promoted, series):
        promoted.delete_object(Bucket="models", Key="churn/2026-01-30/manifest.json")
        with pytest.raises(PromotedModelGoneError, match="a run is replacing it at this moment"):
            load_version(series, client=promoted)

    def test_gates_compare_with_the_model_before_one_that_a_run_was_cut_off_while_replacing(
        self, promoted, series
    ):
        """So that another run of that date passes them, and mends it."""
        promote(series, "2026-01-31", by="ann", client=promoted)
        promoted.delete_object(Bucket="models", Key="churn/2026-01-31/manifest.json")
        assert load_latest(series, client=promoted).version == "s3://models/churn/2026-01-30/"

    def test_gates_have_nothing_to_compare_with_where_the_only_model_was_being_replaced(
        self, promoted, series
    ):
        promoted.delete_object(Bucket="models", Key="churn/2026-01-30/manifest.json")
        assert load_latest(series, client=promoted) is None

    def test_a_file_that_was_tampered_with_is_told_by_its_url(self, promoted, series):
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
