"""The commands on models, in a project whose models lie in its embedded S3 server."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from refinery.local.object_store import ObjectStore
from refinery.registry import ModelSeries, promote_if_newer, record_spec
from refinery.storage import upload_model
from refinery.training import ClassModel, SourceOptions, TrainingSpec, train

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
source: s3://datasets/churn.csv
model: {class: sklearn.linear_model.Ridge, params: {alpha: 1}}
output: s3://models/churn/{{ ds }}/
"""
SERIES = ModelSeries.of_output("s3://models/churn/{{ ds }}/")
ROWS = "a,b,c\n" + "".join(f"{number},{number % 7},{number * 3 % 11}\n" for number in range(60))


@pytest.fixture(scope="module")
def model_dirs(tmp_path_factory) -> dict[str, Path]:
    """Three trained models, by date."""
    folder = tmp_path_factory.mktemp("models")
    days = ("2026-01-29", "2026-01-30", "2026-01-31")
    return {day: train_model(folder / day, alpha, day) for alpha, day in enumerate(days, start=1)}


@pytest.fixture(scope="module")
def stored(model_dirs, tmp_path_factory) -> Path:
    """The folder of an S3 server with these models, each promoted in its turn."""
    root = tmp_path_factory.mktemp("stored")
    with ObjectStore(root) as store:
        client = store.client()
        for day, folder in model_dirs.items():
            prefix = SERIES.prefix_of(day)
            upload_model(folder, prefix, client=client)
            promote_if_newer(SERIES, prefix, by=f"run of {day}", client=client)
    return root / ".local"


@pytest.fixture
def trained(refinery, stored) -> Path:
    """Three models of the pipeline churn."""
    refinery.write("configs/churn.yml", CONFIG)
    refinery.write("include/sample_data/datasets/churn.csv", ROWS)
    shutil.copytree(stored, refinery.root / ".local")
    return refinery.root / ".local/s3/models/churn"


def train_model(folder: Path, alpha: int, day: str) -> Path:
    folder.mkdir()
    dataset = folder / "churn.csv"
    dataset.write_text(ROWS)
    spec = TrainingSpec(
        model=ClassModel("sklearn.linear_model.Ridge"),
        models_dir=folder,
        params={"alpha": alpha},
        source=SourceOptions(separator=","),
    )
    text = CONFIG.replace("alpha: 1", f"alpha: {alpha}")
    provenance = {
        "run": {"run_id": f"scheduled__{day}", "logical_date": f"{day}T00:00:00+00:00"},
        "config": {
            "path": "configs/churn.yml",
            "text": text,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        },
        "dataset": {"url": "s3://datasets/churn.csv", "sha256": hashlib.sha256(ROWS.encode()).hexdigest()},
        "spec": record_spec(spec),
    }
    train(spec, dataset, folder / "model", provenance=provenance)
    return folder / "model"


def latest_of(trained: Path) -> dict[str, object]:
    return json.loads((trained / "latest.json").read_text())


class TestModels:
    def test_all_pipelines_with_their_latest_model(self, refinery, trained):
        refinery.write("configs/wine.yml")
        done = refinery("models")
        header, churn, wine = done.stdout.splitlines()
        assert re.split(r"  +", header) == [
            "pipeline",
            "latest",
            "gate",
            "promoted (UTC)",
            "by",
            "metrics",
            "URL",
        ]
        assert churn.startswith("churn     2026-01-31  -     20")
        assert "  its run  mae " in churn
        assert churn.endswith("  s3://models/churn/2026-01-31/")
        assert wine.split() == ["wine", "-", "-", "-", "-"]
        assert done.returncode == 0

    def test_one_that_cannot_be_read_hides_no_other_and_is_a_failure(self, refinery, trained):
        refinery.write("configs/wine.yml")
        (trained.parent / "wine").mkdir()
        with ObjectStore(refinery.root) as store:
            store.client().put_object(Bucket="models", Key="wine/latest.json", Body=b"{")
        done = refinery("models")
        assert done.returncode == 1
        assert "churn" in done.stdout
        assert "s3://models/wine/latest.json is damaged" in done.stderr

    def test_a_narrow_terminal_breaks_no_word(self, refinery, trained):
        name = "a_pipeline_with_a_name_that_is_as_long_as_it_can_be"
        refinery.write(f"configs/a_team/{name}.yml", CONFIG.replace("models/churn", "models/a"))
        status, shown = refinery.in_terminal("models", columns=80)
        lines = re.sub(r"\x1b\[\d+m", "", shown).splitlines()
        assert status == 0
        assert max(map(len, lines)) <= 80
        assert lines[0].split("  ")[0] == "pipeline"
        assert f"a_team.{name}" in lines
        assert "  s3://models/churn/2026-01-31/" in lines
        assert any(re.match(r"  mae \S+  mse \S+  rmse \S+  r2 ", line) for line in lines)

    def test_the_models_of_one_newest_first(self, refinery, trained):
        done = refinery("models", "churn", "--newest", "2")
        header, newest, older = done.stdout.splitlines()
        assert re.split(r"  +", header)[:3] == ["version", "uploaded (UTC)", "size"]
        assert re.match(r"2026-01-31  20\d\d-\d\d-\d\d \d\d:\d\d  [\d.]+ k?B .* latest +mae ", newest)
        assert re.match(r"2026-01-30 .* before +mae ", older)
        assert done.stderr == "Showing 2 of 3 models; show all with: --newest 3\n"

    def test_what_a_search_found(self, refinery, trained, tmp_path):
        model = {"class": "sklearn.linear_model.Ridge", "search": {"alpha": "1..9"}}
        spec = TrainingSpec.from_dict({"model": model, "search": {"trials": 2, "folds": 2}}, tmp_path)
        (tmp_path / "churn.csv").write_text(ROWS)
        found = train(spec, tmp_path / "churn.csv", tmp_path / "model", provenance={}).manifest["params"]
        with ObjectStore(refinery.root) as store:
            upload_model(tmp_path / "model", SERIES.prefix_of("2026-02-01"), client=store.client())
        header, newest, older, *_ = refinery("models", "churn").stdout.splitlines()
        assert header.endswith("winner")
        params = f" (alpha {found['alpha']})" if found else ""
        assert newest.endswith(f"Ridge{params}")
        assert not older.endswith(")")
        document = json.loads(refinery("models", "churn", "--json").stdout)
        assert document[0]["model"] == "sklearn.linear_model.Ridge"
        assert document[0]["params"] == found

    def test_json_for_programs(self, refinery, trained):
        models = json.loads(refinery("models", "churn", "--json").stdout)
        assert [model["version"] for model in models] == ["2026-01-31", "2026-01-30", "2026-01-29"]
        assert models[0]["promoted"] == "latest"
        assert models[0]["run_id"] == "scheduled__2026-01-31"
        assert models[0]["metrics"].keys() >= {"mae", "r2"}
        (churn,) = json.loads(refinery("models", "--json").stdout)
        assert churn["dag_id"] == "churn"
        assert churn["latest"]["prefix"] == "s3://models/churn/2026-01-31/"

    def test_the_report_on_a_rejected_model_is_shown_the_way_to(self, refinery, trained):
        refinery.write("configs/wine.yml")
        with ObjectStore(refinery.root) as store:
            for day in ("2026-01-30", "2026-01-31"):
                key = f"wine/{day}/rejected/manual__x/manifest.json"
                store.client().put_object(Bucket="models", Key=key, Body=b"{}")
        done = refinery("models", "wine")
        assert done.stderr == (
            "wine has no models under s3://models/wine/ yet.\n"
            "2 models were rejected, most recently s3://models/wine/2026-01-31/rejected/manual__x/. "
            "Look at its card: refinery card wine --rejected\n"
        )

    def test_a_pipeline_without_models(self, refinery, trained):
        refinery.write("configs/wine.yml")
        done = refinery("models", "wine")
        assert done.returncode == 0
        assert done.stderr == "wine has no models under s3://models/wine/ yet.\n"

    def test_a_mistyped_name(self, refinery, trained):
        done = refinery("models", "chrun")
        assert done.returncode == 1
        assert done.stderr == 'There is no pipeline "chrun"; did you mean "churn"?\n'


class TestCompare:
    def test_side_by_side(self, refinery, trained):
        lines = refinery("compare", "churn", "2026-01-30", "2026-01-31").stdout.splitlines()
        assert lines[0].split() == ["metrics", "2026-01-30", "2026-01-31", "change"]
        assert any(re.match(r"alpha +2 +3 +\+1 \(\+50\.0%\)", line) for line in lines)
        assert any(re.match(r"numpy +\S+ +\S+$", line) for line in lines)
        assert "+model: {class: sklearn.linear_model.Ridge, params: {alpha: 3}}" in lines

    def test_a_change_of_a_whole_number_is_shown_whole(self, refinery, trained):
        manifest = trained / "2026-01-30" / "manifest.json"
        content = json.loads(manifest.read_text())
        content["data"]["rows"] += 1_234_567
        manifest.write_text(json.dumps(content))
        shown = refinery("compare", "churn", "2026-01-31", "2026-01-30").stdout
        assert re.search(r"\nrows +60 +1234627 +\+1234567 ", shown)

    def test_with_the_latest_by_default(self, refinery, trained):
        assert refinery("compare", "churn", "2026-01-31").stdout.endswith("The configs are the same.\n")

    def test_markdown_holds_the_metrics_and_what_differs(self, refinery, trained):
        text = refinery("compare", "churn", "2026-01-30", "latest", "--md").stdout
        assert text.startswith(
            "### churn: 2026-01-30 and latest\n\n| metrics | 2026-01-30 | latest | change |\n|---|"
        )
        assert "| alpha | 2 | 3 | +1 (+50.0%) |" in text
        assert "numpy" not in text
        assert "```diff\n--- first" in text

    def test_json_for_programs(self, refinery, trained):
        found = json.loads(refinery("compare", "churn", "2026-01-30", "--json").stdout)
        assert {"name": "alpha", "first": 2, "second": 3, "delta": 1.0} in found["params"]

    def test_two_urls(self, refinery, trained):
        urls = [f"s3://models/churn/{day}/" for day in ("2026-01-30", "2026-01-31")]
        by_url = refinery("compare", *urls)
        assert by_url.stdout == refinery("compare", "churn", "2026-01-30", "2026-01-31").stdout
        assert refinery("compare", urls[0], "--md").returncode == 2

    def test_a_date_without_a_model(self, refinery, trained):
        done = refinery("compare", "churn", "2026-01-13", "2026-01-31")
        assert done.returncode == 1
        assert (
            'holds no model "2026-01-13"; there are "2026-01-31", "2026-01-30", "2026-01-29".' in done.stderr
        )


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ('{"metrics": {"r2": "good"}}', "is damaged: r2 is 'good', not a number"),
        ('{"metrics": [1]}', "is damaged: metrics is not a JSON object"),
        ("{", "is damaged: "),
    ],
)
def test_a_damaged_manifest_is_reported_next_to_the_other_models(refinery, trained, damage, told):
    (trained / "2026-01-31/manifest.json").write_text(damage)
    done = refinery("models", "churn")
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert "2026-01-30" in done.stdout


URL = "s3://models/churn/2026-01-30/"
NAMED = [
    ("churn", "2026-01-30"),
    ("churn", "--date", "2026-01-30"),
    ("configs/churn.yml", "-d", "2026-01-30"),
    (URL,),
]


class TestNames:
    """Each command on a model takes a pipeline by its name or config with a date either way, or a URL."""

    @pytest.mark.parametrize("model", NAMED)
    def test_load(self, refinery, trained, model):
        done = refinery("load", *model)
        assert "Ridge(alpha=2," in done.stdout, done.stderr

    @pytest.mark.parametrize("model", NAMED)
    def test_predict(self, refinery, trained, model):
        refinery.write("new.csv", "a,b\n1,2\n")
        words = (*model, "new.csv") if len(model) < 3 else (model[0], "new.csv", *model[1:])
        assert refinery("predict", *words).stderr == f"Predicted by {URL}\n"

    @pytest.mark.parametrize("model", NAMED)
    def test_promote(self, refinery, trained, model):
        assert refinery("promote", *model).stdout == f"{URL} is now the latest model.\n"

    def test_a_url_of_no_pipeline_can_be_loaded_but_not_promoted(self, refinery, trained):
        (refinery.root / "configs/churn.yml").unlink()
        assert refinery("load", URL).returncode == 0
        done = refinery("promote", URL, COLUMNS="200")
        assert done.returncode == 2
        assert f"no pipeline of this project writes to {URL}" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (("load", URL, "2026-01-30"), "a URL names one model; leave the date out"),
            (("load", "churn", "2026-01-30", "-d", "2026-01-30"), "give it once"),
            (("promote", "churn"), "name the model to promote by the date of its run"),
            (("compare", "churn"), "name a second model"),
        ],
    )
    def test_what_is_ambiguous_is_refused(self, refinery, trained, arguments, problem):
        done = refinery(*arguments, COLUMNS="200")
        assert done.returncode == 2
        assert problem in done.stderr


class TestPredict:
    def test_by_the_latest_model(self, refinery, trained):
        refinery.write("new.csv", "a,b\n1,2\n3,4\n")
        done = refinery("predict", "churn", "--input", "new.csv")
        assert done.stderr == "Predicted by s3://models/churn/2026-01-31/\n"
        assert done.stdout.splitlines()[0] == "a,b,prediction"
        assert len(done.stdout.splitlines()) == 3

    def test_by_the_model_of_a_date_into_a_file(self, refinery, trained):
        refinery.write("new.csv", "a,b\n1,2\n3,4\n")
        done = refinery("predict", "churn", "-i", "new.csv", "--date", "2026-01-29", "--out", "out.csv")
        assert "2026-01-29/" in done.stderr
        assert done.stdout == ""
        assert refinery.read("out.csv").startswith("a,b,prediction\n")

    def test_the_file_comes_back_unchanged_and_is_named_by_position_too(self, refinery, trained):
        rows = 'id,a,"b"\r\n007,1.50,"2"\r\n'
        refinery.write("new.csv", "")
        (refinery.root / "new.csv").write_bytes(rows.encode())
        done = refinery("predict", "churn", "new.csv", "--out", "out.csv")
        assert done.returncode == 0
        header, row = (refinery.root / "out.csv").read_bytes().decode().splitlines(keepends=True)
        assert header == 'id,a,"b",prediction\r\n'
        assert row.startswith('007,1.50,"2",')
        assert row.endswith("\r\n")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [((), "name the file of the rows"), (("new.csv", "-i", "new.csv"), "give it once")],
    )
    def test_the_file_is_named_once(self, refinery, trained, arguments, told):
        refinery.write("new.csv", "a,b\n1,2\n")
        done = refinery("predict", "churn", *arguments, COLUMNS="200")
        assert done.returncode == 2
        assert told in done.stderr

    def test_not_by_a_latest_model_whose_manifest_was_changed(self, refinery, trained):
        refinery.write("new.csv", "a,b\n1,2\n")
        with (trained / "2026-01-31/manifest.json").open("a") as manifest:
            manifest.write(" ")
        done = refinery("predict", "churn", "--input", "new.csv")
        assert done.returncode == 1
        assert "was changed after its model was promoted" in done.stderr


class TestPromotion:
    def test_promote_and_roll_back_with_who_in_the_history(self, refinery, trained):
        done = refinery("promote", "churn", "2026-01-29", "--reason", "the newest drifts")
        assert done.stdout == "s3://models/churn/2026-01-29/ is now the latest model.\n"
        assert latest_of(trained)["promoted_by"].startswith(f"{getpass.getuser()}@")
        assert latest_of(trained)["action"] == "promote"
        assert latest_of(trained)["reason"] == "the newest drifts"

        done = refinery("rollback", "churn", "--reason", "it was noise")
        assert done.stdout == "s3://models/churn/2026-01-31/ is now the latest model.\n"
        assert latest_of(trained)["action"] == "rollback"
        assert latest_of(trained)["reason"] == "it was noise"
        assert len(latest_of(trained)["history"]) == 4

    def test_a_damaged_latest_json_is_reported_and_repaired(self, refinery, trained):
        (trained / "latest.json").write_text("{")
        done = refinery("rollback", "churn")
        assert done.returncode == 1
        assert "latest.json is damaged: Invalid JSON" in done.stderr
        assert refinery("promote", "churn", "2026-01-31").returncode == 0
        assert latest_of(trained)["history"] == []


class TestGc:
    @pytest.fixture
    def unpromoted(self, trained):
        (trained / "latest.json").unlink()
        return trained

    def test_a_dry_run_tells_and_deletes_nothing(self, refinery, unpromoted):
        done = refinery("gc", "churn", "--keep", "1", "--dry-run")
        assert [line.split()[0] for line in done.stdout.splitlines()] == [
            "model",
            "s3://models/churn/2026-01-30/",
            "s3://models/churn/2026-01-29/",
        ]
        assert re.fullmatch(r"To delete: 2 of 3 models, [\d.]+ kB\n", done.stderr)
        assert (unpromoted / "2026-01-29/manifest.json").is_file()

    def test_nothing_is_deleted_unless_someone_agrees(self, refinery, unpromoted):
        done = refinery("gc", "churn", "--keep", "1")
        assert done.returncode == 1
        assert done.stderr.endswith(
            "Nothing was deleted. Look with --dry-run first, then confirm with --yes.\n"
        )
        assert (unpromoted / "2026-01-29/manifest.json").is_file()

    def test_with_yes_it_is_done(self, refinery, unpromoted):
        assert refinery("gc", "churn", "--keep", "1", "--yes").returncode == 0
        left = sorted(file.parent.name for file in unpromoted.rglob("manifest.json"))
        assert left == ["2026-01-31"]

    def test_in_a_terminal_it_asks(self, refinery, unpromoted):
        status, shown = refinery.in_terminal("gc", "churn", "--keep", "2", answers=("y",))
        assert status == 0
        assert "Delete these models? [y/N]: " in shown
        assert not (unpromoted / "2026-01-29/manifest.json").exists()

    def test_what_was_promoted_stays(self, refinery, trained):
        done = refinery("gc", "churn", "--keep", "1", "--yes")
        assert (
            "To delete: 0 of 3 models, 0 B\nKept whatever their age: 2026-01-31 (latest), 2026-01-30 (promoted)"
            in done.stderr
        )


class TestVerify:
    def test_the_same_bytes(self, refinery, trained):
        refinery.write("configs/churn.yml", CONFIG.replace("alpha: 1", "alpha: 3"))
        done = refinery("verify", "s3://models/churn/2026-01-31/")
        assert done.stdout == "s3://models/churn/2026-01-31/ is reproduced, byte for byte.\n"
        assert done.returncode == 0

    def test_the_latest_by_its_pipeline(self, refinery, trained):
        refinery.write("configs/churn.yml", CONFIG.replace("alpha: 1", "alpha: 3"))
        assert "2026-01-31/ is reproduced" in refinery("verify", "churn").stdout

    def test_changed_data_is_named(self, refinery, trained):
        refinery.write("include/sample_data/datasets/churn.csv", ROWS + "1,2,3\n")
        done = refinery("verify", "s3://models/churn/2026-01-31/")
        assert done.returncode == 1
        assert "comes out differently. These inputs differ: dataset (was " in done.stdout


@pytest.mark.parametrize(
    "command", ["models", "compare", "card", "predict", "promote", "rollback", "gc", "verify", "profile"]
)
def test_each_help_has_an_example(refinery, command):
    assert f"refinery {command} " in refinery(command, "--help").stdout
