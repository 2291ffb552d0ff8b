"""What a version takes over from another one is what it would read itself, whatever differs between the two."""

from pathlib import Path

import pytest

from refinery.config import EnvironmentNeededError, MemoryFolder, Readings, load_project

_CONFIG = "source: s3://${bucket}/x.csv\nmodel: ridge\noutput: s3://models/%s/{{ ds }}/\n"
_RIDGE = "def build_model(alpha=1): ...\n"
_FILES = {
    "defaults.yml": "retries: 3\n",
    "environments/prod.yml": "vars: {bucket: data, pool: slow}\ndefaults: {pool: '${pool}'}\n",
    "team/defaults.yml": "owner: team\n",
    "team/one.yml": _CONFIG % "one" + "tags: [a]\n",
    "team/two.yml": _CONFIG % "two/${matrix.region}" + "matrix: {region: [eu, us]}\n",
    "other.yml": _CONFIG % "other" + "timezone: Europe/Paris\n",
    "alone.yml": "source: s3://data/y.csv\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/alone/{{ ds }}/\n",
}
_ALL = {"alone", "other", "team.one", "team.two__eu", "team.two__us"}

# What the other version has instead of these files, None where it has none; and what is taken over from it.
_DIFFERENCES = {
    "nothing": ({}, _ALL),
    "a config": ({"team/one.yml": _CONFIG % "uno"}, _ALL - {"team.one"}),
    "a comment": ({"other.yml": _FILES["other.yml"] + "# why\n"}, _ALL - {"other"}),
    "a config that is not there": ({"team/one.yml": None}, _ALL - {"team.one"}),
    "a config with an error": ({"team/one.yml": "modle: ridge\n"}, _ALL - {"team.one"}),
    "a config that is a link": ({"team/one.yml": b""}, _ALL - {"team.one"}),
    "the suffix": ({"alone.yml": None, "alone.yaml": _FILES["alone.yml"]}, _ALL - {"alone"}),
    "a second file of the name": ({"alone.yaml": _FILES["alone.yml"]}, _ALL - {"alone"}),
    "the defaults of all": ({"defaults.yml": "retries: 5\n"}, set()),
    "defaults with an error": ({"defaults.yml": "retries: many\n"}, set()),
    "no defaults": ({"defaults.yml": None}, set()),
    "the defaults of a folder": ({"team/defaults.yml": "owner: we\n"}, {"alone", "other"}),
    "no defaults of a folder": ({"team/defaults.yml": None}, {"alone", "other"}),
    "a variable": ({"environments/prod.yml": "vars: {bucket: lake}\n"}, set()),
    "a variable that is not declared": ({"environments/prod.yml": "vars: {}\n"}, set()),
    "another environment": ({"environments/test.yml": "vars: {bucket: test}\n"}, _ALL),
    "an output that two write": ({"new.yml": _CONFIG % "other"}, _ALL),
    "a config that waits in a circle": (
        {"new.yml": _CONFIG % "new" + "schedule: {assets: ['s3://models/new/']}\n"},
        _ALL,
    ),
}


def _folder(files):
    texts = {path: text for path, text in files.items() if text is not None}
    return MemoryFolder(
        "configs", {path: text.encode() if isinstance(text, str) else None for path, text in texts.items()}
    )


def _facts(project):
    pipelines = [
        (
            one.dag_id,
            one.path,
            one.text,
            one.config,
            one.tags,
            one.matrix,
            [layer.text for layer in one.layers],
        )
        for one in project.pipelines
    ]
    return pipelines, project.problems, project.incomplete


@pytest.mark.parametrize("is_former_edited", [True, False])
@pytest.mark.parametrize("difference", _DIFFERENCES)
def test_what_is_taken_over_is_what_would_be_read(difference, is_former_edited, write, tmp_path):
    models = write("include/models/ridge.py", _RIDGE).parent
    edits, same = _DIFFERENCES[difference]
    versions = [_folder(_FILES | edits), _folder(_FILES)]
    former, version = versions if is_former_edited else versions[::-1]
    settings = {"models_dir": models, "environment": "prod"}
    readings = Readings()
    known = load_project(former, **settings, readings=readings)
    taken = load_project(version, **settings, readings=readings, former=known, with_errors=True)
    assert _facts(taken) == _facts(load_project(version, **settings, with_errors=True))
    objects = {id(one) for read in known.configs.values() for one in read.pipelines}
    assert {one.dag_id for one in taken.pipelines if id(one) in objects} == same


@pytest.mark.parametrize("module", [None, "def build_model(beta): ...\n", "import nothing\n"])
def test_a_pipeline_whose_module_no_longer_fits_is_read_again(module, write, tmp_path):
    folder = _folder(_FILES)
    readings = Readings()
    models = write("head/models/ridge.py", _RIDGE).parent
    known = load_project(folder, models_dir=models, environment="prod", readings=readings)
    others = tmp_path / "base/models"
    others.mkdir(parents=True)
    if module:
        (others / "ridge.py").write_text(module)
    settings = {"models_dir": others, "environment": "prod", "with_errors": True}
    taken = load_project(folder, **settings, readings=readings, former=known)
    assert _facts(taken) == _facts(load_project(folder, **settings))
    assert taken.incomplete == _ALL - {"alone"}


def test_environments_that_share_readings_have_their_own_problems(write):
    """A value is wrong in one environment only, and each reads the same texts."""
    models = write("include/models/ridge.py", _RIDGE).parent
    folder = _folder(
        _FILES
        | {
            "environments/test.yml": "vars: {bucket: 'no bucket', pool: 3}\n",
            "other.yml": _CONFIG % "other" + "card: 2026-01-01\ndescription: '{{ nothing }}'\n",
        }
    )
    readings = Readings()
    for environment in ("prod", "test", "local", "test", "prod"):
        shared = load_project(folder, models_dir=models, environment=environment, readings=readings)
        assert _facts(shared) == _facts(load_project(folder, models_dir=models, environment=environment))


@pytest.mark.parametrize(("environment", "is_needed"), [("local", True), ("prod", False)])
def test_reading_gives_up_only_where_an_environment_is_needed(environment, is_needed, write):
    models = write("include/models/ridge.py", _RIDGE).parent
    settings = {"models_dir": models, "environment": environment, "is_optional": True}
    if is_needed:
        with pytest.raises(EnvironmentNeededError):
            load_project(_folder(_FILES), **settings)
    else:
        assert load_project(_folder(_FILES), **settings).pipelines


def test_a_folder_in_memory_is_read_like_one_on_disk(write, tmp_path):
    files = _FILES | {
        ".hidden/x.yml": "a: 1\n",
        "environments/deep/x.yml": "a: 1\n",
        "team/.y.yml": "a: 1\n",
        "team/a b.yml": "a: 1\n",
        "z/defaults.yml/x.yml": "a: 1\n",
        "z/a.yml": _FILES["alone.yml"],
    }
    models = write("include/models/ridge.py", _RIDGE).parent
    for path, text in files.items():
        write(f"configs/{path}", text)
    (tmp_path / "configs/link.yml").symlink_to("/dev/null")
    on_disk = load_project(Path(tmp_path / "configs"), models_dir=models, environment="prod")
    in_memory = load_project(_folder(files | {"link.yml": b""}), models_dir=models, environment="prod")
    assert _facts(in_memory) == _facts(on_disk)
    assert len(on_disk.problems) >= 4
