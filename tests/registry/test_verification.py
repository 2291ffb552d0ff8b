"""A model is made again from its manifest; what is not as it was is named."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace

import pytest

from refinery.registry import find_changes, promote_if_newer, record_spec, verify
from refinery.registry import inputs as inputs_of_models
from refinery.registry.errors import ModelNotFoundError, RegistryError
from refinery.registry.recorded_spec import restore_spec
from refinery.spec.urls import S3Url
from refinery.storage import describe_dataset, download_datasets, upload_model
from refinery.storage.errors import ObjectNotFoundError
from refinery.training import (
    ClassModel,
    ModuleModel,
    ScriptModel,
    SourceOptions,
    TrainingSpec,
    on_cores,
    train,
)

CONFIG = "source: s3://models/data.csv\n"
MODULE = """
from sklearn.ensemble import RandomForestRegressor

def build_model(n_estimators=3):
    return RandomForestRegressor(n_estimators=n_estimators)
"""
# A small library that nothing else of a training imports.
LIBRARY = "iniconfig"
ROUNDS = {"n_estimators": 40, "min_child_samples": 3}
FITTED = [
    ("lightgbm.LGBMRegressor", ROUNDS, {"stopping_rounds": 3, "group_column": "a"}),
    ("lightgbm.LGBMClassifier", ROUNDS, {"weight": "b", "maximize": "f1", "calibrate": "sigmoid"}),
    ("lightgbm.LGBMClassifier", ROUNDS, {"stopping_rounds": 3, "threshold": 0.3, "group_column": "a"}),
    ("xgboost.XGBClassifier", {"n_estimators": 40}, {"stopping_rounds": 3, "weight": "b", "stratify": True}),
    ("catboost.CatBoostClassifier", {"n_estimators": 40}, {"stopping_rounds": 3, "weight": "b"}),
    ("sklearn.ensemble.HistGradientBoostingClassifier", {}, {"stopping_rounds": 3, "time_column": "a"}),
]
UNSEEDED = """
import uuid
from sklearn.linear_model import Ridge

def build_model(n_estimators=3):
    model = Ridge()
    model.note = uuid.uuid4().hex
    return model
"""


@pytest.fixture
def project(tmp_path):
    """A project with a config and a model module."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/churn.yml").write_text(CONFIG)
    (tmp_path / "include/models").mkdir(parents=True)
    (tmp_path / "include/models/forest.py").write_text(MODULE)
    return tmp_path


@pytest.fixture
def data(client):
    """Put the dataset, with other rows where they are given."""

    def put(*rows: str, key: str = "data.csv") -> S3Url:
        lines = rows or [f"{number},{number % 7},{number * 3 % 11}" for number in range(60)]
        client.put_object(Bucket="models", Key=key, Body="\n".join(["a,b,c", *lines]))
        return S3Url("models", key)

    put()
    return put


@pytest.fixture
def spec(project):
    return TrainingSpec(
        model=ModuleModel("forest"),
        models_dir=project / "include/models",
        params={"n_estimators": 4},
        features=("a", "b"),
        random_state=7,
        source=SourceOptions(separator=","),
    )


@pytest.fixture
def run(client, series, project, data, tmp_path):
    """Do what a run does: download, train, upload, promote."""

    def run(spec: TrainingSpec, *urls: str, day: str = "2026-01-31", **provenance) -> S3Url:
        folder = tmp_path / f"run-{day}"
        sources = [S3Url("models", url) for url in urls or ("data.csv",)]
        files = download_datasets(sources, folder / "dataset", s3=lambda _: client)
        dataset = folder / "dataset" / (files[0].file_name if len(files) == 1 else "")
        text = (project / "configs/churn.yml").read_text()
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        told = {
            "run": {"run_id": f"scheduled__{day}", "logical_date": f"{day}T00:00:00+00:00"},
            "config": {"path": "configs/churn.yml", "text": text, "sha256": sha256},
            "dataset": describe_dataset(files),
            "spec": record_spec(spec),
        }
        train(spec, dataset, folder / "model", provenance=told | provenance)
        prefix = series.prefix_of(day)
        upload_model(folder / "model", prefix, client=client)
        promote_if_newer(series, prefix, by="run", client=client)
        return prefix

    return run


@pytest.fixture
def check(client, project):
    return lambda prefix: verify(prefix, client=client, s3=lambda _: client, project=project)


@pytest.fixture
def changes(client, series, tmp_path, data):
    """Compare a training that is about to be with the latest model."""

    def changes(spec: TrainingSpec, config: str = CONFIG):
        files = download_datasets([S3Url("models", "data.csv")], tmp_path / "new", s3=lambda _: client)
        sha256 = hashlib.sha256(config.encode()).hexdigest()
        dataset = describe_dataset(files)
        return find_changes(series, spec, dataset=dataset, config_sha256=sha256, client=client)

    return changes


@pytest.fixture
def older_numpy(monkeypatch):
    """Let the installed numpy be another than the manifest's."""
    pretend_installed(monkeypatch, numpy="1.26.4")


def searched(spec):
    """A spec of candidates, each of which is quick."""
    model = {
        "candidates": [
            {"class": "sklearn.linear_model.Ridge"},
            {"class": "sklearn.tree.DecisionTreeRegressor", "search": {"max_depth": "1..9"}},
        ]
    }
    found = TrainingSpec.from_dict({"model": model}, spec.models_dir).model
    return replace(spec, model=found, params={}, search_trials=4, search_folds=2)


@pytest.fixture
def rebuilt(run, check, spec):
    """The prefix of what a search has found, and what makes it again."""
    return run(searched(spec)), check


def pretend_installed(monkeypatch, **versions):
    real = inputs_of_models.installed_versions
    monkeypatch.setattr(
        inputs_of_models,
        "installed_versions",
        lambda names: real(names) | {name: versions[name] for name in names if name in versions},
    )


class TestVerify:
    def test_the_same_inputs_give_the_same_bytes(self, run, check, spec):
        found = check(run(spec))
        assert found.is_reproduced
        assert found.differences == ()
        assert str(found) == "s3://models/churn/2026-01-31/ is reproduced, byte for byte."

    def test_a_library_class_and_a_dataset_of_several_files(self, run, check, spec, data):
        data(key="more.csv")
        ridge = replace(spec, model=ClassModel("sklearn.linear_model.Ridge"), params={"alpha": 0.5})
        assert check(run(ridge, "data.csv", "more.csv")).is_reproduced

    @pytest.mark.parametrize("case", FITTED, ids=lambda case: f"{case[0]}, {', '.join(case[2])}")
    def test_boosting_groups_weights_and_decisions(
        self, *, run, check, changes, spec, data, monkeypatch, case
    ):
        path, params, fields = case
        library = path.partition(".")[0]
        pytest.importorskip(library)
        data(*(f"{at},{at % 7},{'yes' if at % 5 + at % 3 > 2 else 'no'}" for at in range(120)))
        if "Regressor" in path:
            fields = {**fields, "target": "b"}
        boosted = replace(spec, model=ClassModel(path), params=params, features=None, **fields)
        with on_cores(1):
            found = check(run(boosted))

        assert (found.is_reproduced, found.differences) == (True, ())
        assert changes(boosted).unchanged
        if library != "sklearn":
            pretend_installed(monkeypatch, **{library: "99.0"})
            assert [one.name for one in changes(boosted).differences] == [f"library {library}"]

    def test_what_a_search_has_found_is_made_without_a_search(self, run, check, spec, client, monkeypatch):
        prefix = run(searched(spec))
        monkeypatch.setattr(sys.modules["refinery.training.train"], "search_model", None)
        found = check(prefix)
        assert found.is_reproduced
        assert found.differences == ()

    @pytest.mark.parametrize(
        ("winner", "problem"),
        [
            (None, "does not name the model that its search found"),
            ({"class": "os.system"}, "says what a config must not say"),
            ({"script": "x.py"}, "does not name the model that its search found"),
            (
                {"class": "sklearn.linear_model.Ridge", "search": {"alpha": "1..3"}},
                "does not name the model that its search found",
            ),
        ],
    )
    def test_a_winner_that_a_config_must_not_name_is_refused(self, rebuilt, client, winner, problem):
        prefix, check = rebuilt
        key = f"{prefix.key}manifest.json"
        manifest = json.loads(client.get_object(Bucket=prefix.bucket, Key=key)["Body"].read())
        manifest["search"]["winner"] = winner
        client.put_object(Bucket=prefix.bucket, Key=key, Body=json.dumps(manifest))
        with pytest.raises(RegistryError, match=problem):
            check(prefix)

    def test_a_script_is_run_again_and_a_changed_one_is_named(self, run, check, spec, project):
        script = project / "include/models/legacy.py"
        script.write_text("open('m.bin', 'w').write('1')")
        prefix = run(replace(spec, model=ScriptModel("legacy.py"), params={}, features=None))
        found = check(prefix)
        assert (found.is_reproduced, found.differences) == (True, ())

        script.write_text("open('m.bin', 'w').write('2')")
        assert "module (was " in str(check(prefix))

    def test_a_changed_file_that_the_script_imports_is_named(self, run, check, spec, project):
        models = project / "include/models"
        (models / "legacy.py").write_text("from sizes import SIZE; open('m.bin', 'w').write(SIZE)")
        (models / "sizes.py").write_text("SIZE = '1'")
        prefix = run(replace(spec, model=ScriptModel("legacy.py"), params={}, features=None))
        found = check(prefix)
        assert (found.is_reproduced, found.differences) == (True, ())

        (models / "sizes.py").write_text("SIZE = '2'")
        assert "These inputs differ: file sizes.py (was " in str(check(prefix))

    def test_changed_data_is_named(self, run, check, spec, data):
        prefix = run(spec)
        data(*(f"{number},1,{number}" for number in range(50)))
        found = check(prefix)
        assert not found.is_reproduced
        assert [one.name for one in found.differences] == ["dataset"]
        assert "comes out differently. These inputs differ: dataset (was " in str(found)

    def test_data_that_cannot_be_trained_on_any_more_is_named(self, run, check, spec, data):
        prefix = run(spec)
        data("1,2,3")
        found = check(prefix)
        assert not found.is_reproduced
        assert "cannot be made again: " in str(found)
        assert "These inputs differ: dataset (was " in str(found)

    def test_a_changed_module_is_named(self, run, check, spec, project):
        prefix = run(spec)
        (project / "include/models/forest.py").write_text(MODULE.replace("3):", "3):\n    n_estimators += 1"))
        found = check(prefix)
        assert not found.is_reproduced
        assert [one.name for one in found.differences] == ["module"]

    @pytest.mark.usefixtures("older_numpy")
    def test_other_libraries_and_another_python_are_named_even_where_the_bytes_are_the_same(
        self, run, check, spec, client
    ):
        prefix = run(spec)
        edit_manifest(client, prefix, lambda manifest: manifest["environment"].update(python="3.9.1"))
        found = check(prefix)
        assert found.is_reproduced
        assert [one.name for one in found.differences] == ["python", "library numpy"]
        assert "although these inputs differ: python (was 3.9.1, is 3." in str(found)

    def test_another_minor_version_is_a_sentence(self, run, check, spec, client):
        prefix = run(spec)
        edit_manifest(
            client, prefix, lambda manifest: manifest["environment"]["libraries"].update(sklearn="1.2.2")
        )
        assert (
            " Note that it was made with scikit-learn 1.2.2, and this environment has scikit-learn 1."
            in str(check(prefix))
        )

    @pytest.mark.parametrize("today", ["source: other\n", None])
    def test_a_config_that_is_another_today_is_named(self, run, check, spec, project, today):
        prefix = run(spec)
        (project / "configs/churn.yml").unlink()
        if today:
            (project / "configs/churn.yml").write_text(today)
        found = check(prefix)
        assert found.is_reproduced
        assert [one.name for one in found.differences] == ["config"]

    def test_a_model_that_draws_from_chance_is_reported_as_such(self, run, check, spec, project):
        (project / "include/models/forest.py").write_text(UNSEEDED)
        found = check(run(spec))
        assert not found.is_reproduced
        assert "is not reproducible: every input is unchanged, but model.pkl has the SHA-256" in str(found)

    def test_a_manifest_with_another_hash_is_reported(self, run, check, spec, client):
        prefix = run(spec)
        edit_manifest(client, prefix, lambda manifest: manifest["files"]["model.pkl"].update(sha256="0" * 64))
        assert not check(prefix).is_reproduced

    def test_data_that_is_gone_is_reported(self, run, check, spec, client):
        prefix = run(spec)
        client.delete_object(Bucket="models", Key="data.csv")
        with pytest.raises(ObjectNotFoundError, match=r"s3://models/data\.csv does not exist"):
            check(prefix)

    @pytest.mark.parametrize(
        ("edit", "problem"),
        [
            (lambda provenance: provenance.pop("spec"), "does not record the training's settings"),
            (lambda provenance: provenance["spec"].update(color="red"), "another version of the project"),
            (lambda provenance: provenance["spec"]["model"].update(kind="magic"), "another version"),
            (lambda provenance: provenance.pop("dataset"), "does not name the dataset's URL"),
        ],
    )
    def test_a_manifest_that_tells_too_little(self, run, spec, client, edit, problem):
        prefix = run(spec)
        edit_manifest(client, prefix, lambda manifest: edit(manifest["provenance"]))
        with pytest.raises(RegistryError, match=problem):
            verify(prefix, client=client, s3=lambda _: client, project=spec.models_dir.parents[1])

    def test_a_prefix_without_a_model(self, check):
        with pytest.raises(ModelNotFoundError):
            check(S3Url("models", "churn/2020-01-01/"))


class TestUnchanged:
    def test_there_is_nothing_to_compare_the_first_model_with(self, changes, spec):
        found = changes(spec)
        assert not found.unchanged
        assert str(found) == "No model has been promoted yet."

    def test_candidates_are_compared_without_a_search(self, run, changes, spec):
        asked = searched(spec)
        run(asked)
        assert changes(asked).unchanged
        for changed in (replace(asked, search_trials=5), replace(asked, search_by="r2")):
            assert [one.name for one in changes(changed).differences] == [
                f"setting search.{'trials' if changed.search_trials == 5 else 'by'}"
            ]
        other = json.loads(json.dumps(asked.to_dict()).replace("1..9", "1..8"))
        [found] = changes(TrainingSpec.from_dict(other, spec.models_dir)).differences
        assert found.name == "setting model.candidates"

    def test_the_same_inputs_are_unchanged(self, run, changes, spec):
        run(spec)
        found = changes(spec)
        assert found.unchanged
        assert str(found).endswith("are the same as for s3://models/churn/2026-01-31/, the latest model.")

    @pytest.mark.usefixtures("older_numpy")
    def test_each_changed_input_is_named(self, run, changes, spec, data, project):
        run(spec)
        data(*(f"{number},1,{number}" for number in range(50)))
        (project / "include/models/forest.py").write_text(MODULE + "# changed\n")
        other = replace(spec, params={"n_estimators": 5}, test_size=0.3)
        found = changes(other, config="source: other\n")
        assert not found.unchanged
        assert [one.name for one in found.differences] == [
            "dataset",
            "config",
            "module",
            "library numpy",
            "setting model.params",
            "setting evaluate.test_size",
        ]
        assert 'setting model.params (was {"n_estimators": 4}, is {"n_estimators": 5})' in str(found)

    def test_a_file_that_the_module_imports_over_another_one_counts(self, run, changes, spec, project):
        models = project / "include/models"
        (models / "parts").mkdir()
        (models / "forest.py").write_text(
            f"{MODULE}\ndef later():\n    from include.models.parts import tree\n"
        )
        (models / "parts/tree.py").write_text("from .leaf import LEAVES\n")
        (models / "parts/leaf.py").write_text("LEAVES = 1\n")
        (models / "other.py").write_text("")
        run(spec)
        (models / "other.py").write_text("# no part of the model\n")
        assert changes(spec).unchanged

        (models / "parts/leaf.py").write_text("LEAVES = 2\n")
        assert [one.name for one in changes(spec).differences] == ["file parts/leaf.py"]

    def test_a_data_file_that_the_module_names_counts(self, run, changes, spec, project):
        models = project / "include/models"
        (models / "forest.py").write_text(
            f"{MODULE}\nfrom pathlib import Path\nTREES = Path(__file__).parent / 'data/trees.json'\n"
        )
        (models / "data").mkdir()
        (models / "data/trees.json").write_text("3")
        run(spec)
        assert changes(spec).unchanged

        (models / "data/trees.json").write_text("4")
        assert [one.name for one in changes(spec).differences] == ["file data/trees.json"]

    def test_a_library_counts_that_only_a_function_or_a_script_imports(
        self, run, changes, spec, project, monkeypatch
    ):
        script = project / "include/models/legacy.py"
        script.write_text(f"import {LIBRARY}; open('m.bin', 'w').write('1')")
        legacy = replace(spec, model=ScriptModel("legacy.py"), params={}, features=None)
        run(legacy)
        assert changes(legacy).unchanged

        pretend_installed(monkeypatch, **{LIBRARY: "0.1"})
        assert [one.name for one in changes(legacy).differences] == [f"library {LIBRARY}"]

    def test_modules_of_the_standard_library_are_no_inputs(self, run, changes, check, spec, client):
        (spec.models_dir / "forest.py").write_text(
            f"import json, logging, re, csv, decimal\nfrom collections import OrderedDict\n{MODULE}"
        )
        prefix = run(spec)
        assert changes(spec).unchanged
        assert check(prefix).differences == ()

        # Some manifests have them.
        def add_json(manifest):
            manifest["environment"]["libraries"] |= {"json": "2.0.9", "re": "2.2.1", "logging": "0.5.1.2"}

        edit_manifest(client, prefix, add_json)
        assert check(prefix).differences == ()

    def test_a_file_next_to_a_script_is_an_input_though_it_has_a_standard_modules_name(
        self, run, changes, spec, project
    ):
        models = project / "include/models"
        (models / "colorsys.py").write_text("RED = 1\n")
        (models / "legacy.py").write_text("import colorsys\nopen('m.bin', 'w').write(str(colorsys.RED))\n")
        legacy = replace(spec, model=ScriptModel("legacy.py"), params={}, features=None)
        run(legacy)
        assert changes(legacy).unchanged

        (models / "colorsys.py").write_text("RED = 2\n")
        assert [one.name for one in changes(legacy).differences] == ["file colorsys.py"]

    def test_a_latest_model_that_was_tampered_with_counts_as_changed(self, run, changes, spec, client):
        prefix = run(spec)
        edit_manifest(client, prefix, lambda manifest: manifest.update(color="red"))
        found = changes(spec)
        assert not found.unchanged
        assert "was changed after its model was promoted" in str(found)

    def test_a_damaged_latest_json_counts_as_changed(self, run, changes, spec, client):
        run(spec)
        client.put_object(Bucket="models", Key="churn/latest.json", Body=b"{")
        assert not changes(spec).unchanged


SCRIPT = {"kind": "script", "name": "legacy.py", "args": [], "env": {}}
# Manifests written before have the spec's own fields side by side.
FORMER = {
    "model": {"kind": "module", "name": "forest"},
    "source": {"separator": ","},
    "params": {"n_estimators": 4},
    "features": ["a", "b"],
    "random_state": 7,
}


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("model", {**SCRIPT, "env": {"PYTHONPATH": "/tmp/evil"}}, "model.env.PYTHONPATH.[key]: decides which code runs"),
        ("model", {**SCRIPT, "env": {"LD_PRELOAD": "/tmp/evil.so"}}, "model.env.LD_PRELOAD.[key]: decides which code runs"),
        ("model", {**SCRIPT, "name": "../../evil.py"}, 'model.script: "../../evil.py" is outside include/models/'),
        ("model", {**SCRIPT, "name": "/tmp/evil.py"}, 'model.script: "/tmp/evil.py" is outside include/models/'),
        ("model", {**SCRIPT, "args": ["{home}"]}, 'model.args.0: "{home}" is not a placeholder'),
        ("model", {**SCRIPT, "args": [1]}, "model.args.0: "),
        ("model", {**SCRIPT, "cwd": "/"}, "another version of the project (it has the key "),
        ("model", {"kind": "module", "name": "../evil"}, "model.module: "),
        ("model", {"kind": "class", "path": "subprocess.Popen"}, 'model.class: "subprocess.Popen" is not allowed'),
        ("model", {"kind": "class", "path": "sklearn.__builtins__"}, "model.class: "),
        ("model", {"kind": "shell", "name": "ls"}, "another version of the project (it has the key "),
        ("model", "forest", "model: "),
        ("model_format", "torch", "model.format: "),
        ("trusted", ["os.system"], "model.trusted: applies only to the format skops"),
        ("params", [1], "model.params: "),
        ("source", {"encoding": "zip"}, 'source.encoding: "zip" is not a text encoding'),
        ("source", {"max_uncompressed": -1}, "source.max_uncompressed: "),
        ("source", {"separator": "ab"}, "source.separator: "),
        ("source", {"storage_options": {}}, "another version of the project (it has the key "),
        ("target", {"a": 1}, "target.column: "),
        ("features", "a", "features: "),
        ("test_size", 7, "evaluate.test_size: "),
        ("cross_validation", 10**9, "evaluate.cross_validation: "),
        ("batch_rows", 1, "fit.batch_rows: "),
        ("timeout", -1, "timeout is -1"),
        ("timeout", "1; reboot", "timeout is '1; reboot'"),
        ("gate", "open", "gate: "),
        ("task", "regression", "task: "),
        ("models_dir", "/tmp/evil", "another version of the project (it has the key "),
        ("notify", {"slack": {"conn_id": "x"}}, "notify"),
    ],
)  # fmt: skip
def test_a_manifest_of_before_may_ask_for_no_more_than_a_config(spec, place, value, fault):
    """Whoever may write JSON to a bucket could run code on the machine that verifies otherwise."""
    assert fault in why_refused(spec, {**FORMER, place: value})


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        ("model", {"script": "x.py", "env": {"PYTHONPATH": "/tmp/evil"}}, "model.env.PYTHONPATH.[key]: decides which code runs"),
        ("model", {"script": "../../evil.py"}, 'model.script: "../../evil.py" is outside include/models/'),
        ("model", {"script": "x.py", "args": ["{home}"]}, 'model.args.0: "{home}" is not a placeholder'),
        ("model", {"script": "x.py", "cwd": "/"}, "another version of the project (it has the key model.cwd"),
        ("model", {"class": "subprocess.Popen"}, 'model.class: "subprocess.Popen" is not allowed'),
        ("model", {"class": "sklearn.linear_model.Ridge", "module": "evil"}, "model.class: sets module and class"),
        ("model", {"module": "forest", "kind": "module"}, "another version"),
        ("model", {"module": "forest", "format": "torch"}, "model.format: "),
        ("model", {"module": "forest", "trusted": ["os.system"]}, "model.trusted: applies only to the format skops"),
        ("model", {"module": "forest", "params": [1]}, "model.params: "),
        ("source", {"encoding": "zip"}, 'source.encoding: "zip" is not a text encoding'),
        ("source", {"connection": "aws_admin"}, "training.source.connection: unknown key"),
        ("source", {"url": ["s3://models/other.csv"]}, "training.source.url: unknown key"),
        ("source", "s3://models/other.csv", "another version"),
        ("evaluate", {"test_size": 7}, "evaluate.test_size: "),
        ("evaluate", [1], "evaluate: "),
        ("fit", {"mode": "incremental", "batch_rows": 1}, "fit.batch_rows: "),
        ("timeout", "1; reboot", "timeout is '1; reboot'"),
        ("gate", "open", "gate: "),
        ("task", "regression", "task: "),
        ("models_dir", "/tmp/evil", "another version of the project (it has the key models_dir"),
        ("owner", "evil", "training.owner: unknown key"),
        ("output", {"url": "s3://models/evil/"}, "training.output.url: unknown key"),
    ],
)  # fmt: skip
def test_a_manifest_may_ask_for_no_more_than_a_config(spec, place, value, fault):
    assert fault in why_refused(spec, {**record_spec(spec), place: value})


def why_refused(spec, recorded) -> str:
    manifest = {"provenance": {"spec": recorded, "dataset": {"url": "s3://models/data.csv"}}}
    with pytest.raises(RegistryError, match=r"cannot be verified") as raised:
        restore_spec(manifest, spec.models_dir, "s3://models/churn/2026-01-31/")
    return str(raised.value)


@pytest.mark.parametrize(
    "dataset",
    [
        *({"url": url} for url in ("file:///etc/passwd", "ftp://example.com/x.csv", "s3://models", 7, "/etc/passwd", ["x"])),
        {"files": [{"url": "/etc/passwd"}]},
        {"files": 7},
        {"files": ["s3://models/data.csv"]},
        "s3://models/data.csv",
    ],
)  # fmt: skip
def test_a_manifest_names_no_dataset_that_a_config_may_not(spec, dataset):
    manifest = {"provenance": {"spec": record_spec(spec), "dataset": dataset}}
    with pytest.raises(RegistryError, match=r"cannot be verified"):
        restore_spec(manifest, spec.models_dir, "s3://models/churn/2026-01-31/")


def test_verify_runs_nothing_that_a_config_may_not_ask_for(run, check, client, spec, project):
    trap = project / "ran"
    (project / "include/models/legacy.py").write_text(f"open({str(trap)!r}, 'w')")
    prefix = run(spec)
    evil = {"script": "legacy.py", "env": {"PYTHONPATH": str(project)}}
    edit_manifest(client, prefix, lambda manifest: manifest["provenance"]["spec"].update(model=evil))
    with pytest.raises(RegistryError, match="decides which code runs"):
        check(prefix)
    assert not trap.exists()


@pytest.mark.parametrize(
    "without_target",
    [
        {"task": "anomaly", "model": ClassModel("sklearn.ensemble.IsolationForest")},
        {"task": "clustering", "model": ClassModel("sklearn.cluster.KMeans"), "params": {"n_clusters": 2}},
    ],
)
def test_a_model_without_a_target_is_made_again(run, check, spec, without_target):
    fields = {"target": None, "metrics": None, "params": {}, **without_target}
    assert check(run(replace(spec, **fields))).is_reproduced


def test_all_that_a_config_may_say_of_a_training_can_be_verified(run, check, spec):
    full = replace(
        spec,
        model=ClassModel("sklearn.linear_model.SGDRegressor"),
        params={"alpha": 0.001, "random_state": 1},
        target="c",
        source=SourceOptions(separator=",", null_values=("?",), dtypes={"a": "int"}, encoding="utf-8"),
        features=("a", "b"),
        test_size=0.3,
        cross_validation=2,
        metrics=("mae",),
        require={"mae": {"max": 1e9}},
        gate="warn",
        expect={
            "rows": {"min": 3},
            "columns": {"a": {"type": "integer", "min": 0, "values": list(range(60))}},
        },
        preprocess="auto",
        timeout=3600.0,
    )
    assert check(run(full)).is_reproduced


def edit_manifest(client, prefix, edit) -> None:
    key = f"{prefix.key}manifest.json"
    manifest = json.loads(client.get_object(Bucket=prefix.bucket, Key=key)["Body"].read())
    edit(manifest)
    client.put_object(Bucket=prefix.bucket, Key=key, Body=json.dumps(manifest))
