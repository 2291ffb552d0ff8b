"""One pipeline by its DAG id: what a task's start pays for."""

from __future__ import annotations

import sys

import pytest

from refinery.config import ConfigError, UnknownPipelineError, load_pipeline, load_project

_CONFIG = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/{name}/{{{{ ds }}}}/\n"


@pytest.fixture
def configs(tmp_path, write):
    write("configs/petrol.yml", _CONFIG.format(name="petrol"))
    write("configs/team_a/churn.yml", _CONFIG.format(name="churn"))
    write("configs/team_a/defaults.yml", "retries: 5\n")
    write("configs/defaults.yml", "owner: data-science\n")
    write(
        "configs/demand.yml",
        "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/${matrix.region}/{{ ds }}/\n"
        "matrix: {region: [us, eu]}\n",
    )
    return tmp_path / "configs"


@pytest.fixture
def opened():
    """Collect the files that this process opens, by Python's own audit events."""
    paths: list[str] = []
    is_on = [True]

    def note(event, args):
        if is_on[0] and event in ("open", "os.listdir", "os.scandir"):
            paths.append(str(args[0]))

    sys.addaudithook(note)  # cannot be removed, so it is switched off
    yield paths
    is_on[0] = False


def test_it_is_the_pipeline_that_the_project_has(configs, tmp_path, write):
    write("include/models/ridge.py", "def build_model(): ...\n")
    project = load_project(configs, models_dir=tmp_path / "include/models")
    assert [pipeline.dag_id for pipeline in project.pipelines] == [
        "demand__eu",
        "demand__us",
        "petrol",
        "team_a.churn",
    ]
    for pipeline in project.pipelines:
        alone = load_pipeline(configs, pipeline.dag_id)
        assert (alone.config, alone.tags, alone.matrix, alone.path, alone.text) == (
            pipeline.config,
            pipeline.tags,
            pipeline.matrix,
            pipeline.path,
            pipeline.text,
        )


def test_only_its_own_files_are_opened(configs, opened):
    load_pipeline(configs, "team_a.churn")
    below = [path.removeprefix(f"{configs}/") for path in opened if path.startswith(f"{configs}/")]
    assert sorted(below) == ["defaults.yml", "team_a/churn.yml", "team_a/defaults.yml"]


def test_broken_neighbours_do_not_matter(configs, write):
    write("configs/broken.yml", "source: [")
    assert load_pipeline(configs, "petrol").dag_id == "petrol"


def test_its_layers_are_under_it(configs):
    pipeline = load_pipeline(configs, "team_a.churn")
    assert (pipeline.config.retries, pipeline.config.owner, pipeline.tags) == (5, "data-science", ("team_a",))


def test_one_combination_of_a_matrix(configs):
    pipeline = load_pipeline(configs, "demand__eu")
    assert pipeline.matrix == {"region": "eu"}
    assert pipeline.config.output.url == "s3://models/eu/{{ ds }}/"


@pytest.mark.parametrize(
    ("dag_id", "message"),
    [
        ("petrl", 'configs:1:1: no config defines the pipeline "petrl"; did you mean "petrol"?'),
        ("demand__jp", 'configs/demand.yml:1:1: no config defines the pipeline "demand__jp"'),
        (
            "team_b.churn",
            'configs:1:1: no config defines the pipeline "team_b.churn"; did you mean "team_a.churn"?',
        ),
        ("defaults", 'no config defines the pipeline "defaults"'),
        ("environments.prod", 'no config defines the pipeline "environments.prod"'),
        ("", 'no config defines the pipeline ""'),
        ("..", 'no config defines the pipeline ".."'),
        ("../petrol", 'no config defines the pipeline "../petrol"'),
        ("/etc/passwd", 'no config defines the pipeline "/etc/passwd"'),
        ("petrol\0", "no config defines the pipeline"),
    ],
)
def test_an_id_that_no_config_makes(configs, dag_id, message):
    with pytest.raises(UnknownPipelineError) as error:
        load_pipeline(configs, dag_id)
    assert message in str(error.value)


def test_a_broken_config_raises_its_report(configs, write):
    write("configs/petrol.yml", _CONFIG.format(name="petrol") + "retires: 3\n")
    with pytest.raises(ConfigError) as error:
        load_pipeline(configs, "petrol")
    assert str(error.value) == (
        'configs/petrol.yml:4:1: retires: unknown key; did you mean "retries"?\n'
        "    4 | retires: 3\n"
        "      | ^^^^^^^"
    )
    assert [problem.code for problem in error.value.problems] == ["unknown-key"]


@pytest.mark.parametrize(
    ("beside", "loaded"),
    [("broken: 1\n", "petrol.yml"), (_CONFIG.format(name="stray"), "petrol.yml"), ("", "petrol.yml")],
)
def test_a_stray_file_of_the_same_name_does_no_harm(configs, write, beside, loaded):
    write("configs/petrol.yaml", beside)
    assert load_pipeline(configs, "petrol").path == f"configs/{loaded}"


def test_of_two_files_of_one_name_the_one_that_is_right_counts(configs, write):
    write("configs/petrol.yaml", _CONFIG.format(name="petrol"))
    write("configs/petrol.yml", "broken: 1\n")
    assert load_pipeline(configs, "petrol").path == "configs/petrol.yaml"


def test_an_unknown_environment_is_refused(configs):
    with pytest.raises(ConfigError, match='there is no environment "prod"'):
        load_pipeline(configs, "petrol", environment="prod")


def test_an_environment_is_no_path(configs, write):
    write("outside.yml", "vars: {bucket: x}\n")
    with pytest.raises(ConfigError, match="there is no environment"):
        load_pipeline(configs, "petrol", environment="../../outside")


def test_an_environment_goes_over_the_defaults(configs, write):
    write("configs/environments/prod.yml", "defaults: {retries: 9, owner: operations}\n")
    pipeline = load_pipeline(configs, "team_a.churn", environment="prod")
    assert (pipeline.config.retries, pipeline.config.owner) == (9, "operations")


def test_a_folder_that_is_not_there_is_a_problem(tmp_path):
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    assert [str(problem) for problem in project.problems] == [
        "configs:1:1: this folder cannot be read: no such file or directory"
    ]
