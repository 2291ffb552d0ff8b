"""One config never takes another out: of two that claim the same, one keeps running."""

from __future__ import annotations

import pytest

from refinery.config import load_project

CONFIG = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/{output}/{{{{ ds }}}}/\n"
MATRIX = "matrix: {region: [us, eu]}\n"


@pytest.fixture
def load(write, tmp_path):
    """Load configs by their paths, and return the DAG ids and what is wrong, by file."""
    write("include/models/ridge.py", "def build_model(alpha=1): ...\n")

    def load_all(files: dict[str, str], environment: str = "local"):
        for path, text in files.items():
            write(f"configs/{path}", text)
        project = load_project(
            tmp_path / "configs", models_dir=tmp_path / "include/models", environment=environment
        )
        problems = {problem.path.removeprefix("configs/"): problem.message for problem in project.problems}
        return {pipeline.dag_id: pipeline for pipeline in project.pipelines}, problems

    return load_all


class TestOneOutput:
    def test_the_first_by_dag_id_keeps_running(self, load):
        pipelines, problems = load(
            {f"{name}.yml": CONFIG.format(output="churn") for name in ("b", "a", "team/a", "c")}
        )
        assert list(pipelines) == ["a"]
        assert set(problems) == {"b.yml", "c.yml", "team/a.yml"}
        assert problems["c.yml"].startswith("is also the output of a (configs/a.yml), which keeps running")

    @pytest.mark.parametrize(
        ("first", "second", "latest"),
        [
            ("churn/{{ ds }}/", "churn/{{ ds_nodash }}/", "churn/latest.json"),
            ("churn/{{ ds }}/", "churn/", "churn/latest.json"),
            ("{{ ds }}/churn/", "{{ run_id }}/churn/", "latest.churn.json"),
            ("churn/{{ ds }}/", "churn/{{ ds }}/{{ run_id }}/", "churn/latest.json"),
            ("{{ ds }}/", "{{ run_id }}/{{ ds }}/", "latest.json"),
        ],
    )
    def test_outputs_that_name_their_latest_model_in_one_file_are_one(self, load, first, second, latest):
        config = CONFIG.replace("{output}/{{{{ ds }}}}/", "{output}") + "overwrite: true\n"
        pipelines, problems = load(
            {"a.yml": config.format(output=first), "b.yml": config.format(output=second)}
        )
        assert list(pipelines) == ["a"]
        assert problems == {
            "b.yml": f"shares s3://models/{latest}, and with it the latest model, with a (configs/a.yml), which keeps running because its id sorts first; "
            "give this pipeline another prefix"
        }

    @pytest.mark.parametrize("second", ["{{ ds }}/wine/", "wine/{{ ds }}/", "{{ ds }}-wine/"])
    def test_outputs_below_one_folder_are_apart(self, load, second):
        config = CONFIG.replace("{output}/{{{{ ds }}}}/", "{output}")
        pipelines, problems = load(
            {"a.yml": config.format(output="{{ ds }}/churn/"), "b.yml": config.format(output=second)}
        )
        assert (list(pipelines), problems) == (["a", "b"], {})

    def test_a_matrix_that_shares_it_with_itself_takes_no_others(self, load):
        pipelines, problems = load(
            {"a.yml": CONFIG.format(output="churn") + MATRIX, "z.yml": CONFIG.format(output="churn")}
        )
        assert list(pipelines) == ["z"]
        assert problems == {"a.yml": "is the same for 2 pipelines of the matrix; add ${matrix.region} to it"}

    def test_only_the_pipeline_of_a_matrix_that_shares_it_is_wrong(self, load):
        pipelines, problems = load(
            {"b.yml": CONFIG.format(output="${matrix.region}") + MATRIX, "a.yml": CONFIG.format(output="us")}
        )
        assert sorted(pipelines) == ["a", "b__eu"]
        assert set(problems) == {"b.yml"}

    def test_one_that_is_wrong_otherwise_does_not_count(self, load):
        pipelines, problems = load(
            {"a.yml": CONFIG.format(output="churn") + "retires: 3\n", "b.yml": CONFIG.format(output="churn")}
        )
        assert list(pipelines) == ["b"]
        assert set(problems) == {"a.yml"}


class TestOneName:
    STRAY = "is ignored, since {} defines the same pipelines and is the one that is loaded; remove one of the two files"

    @pytest.mark.parametrize("stray", [CONFIG.format(output="stray"), "source: [", "", "\x00"])
    def test_a_stray_yaml_leaves_the_yml_running(self, load, stray):
        pipelines, problems = load({"churn.yml": CONFIG.format(output="churn"), "churn.yaml": stray})
        assert pipelines["churn"].path == "configs/churn.yml"
        assert problems == {"churn.yaml": self.STRAY.format("churn.yml")}

    @pytest.mark.parametrize("stray", ["source: [", "", "retires: 3\n"])
    def test_a_broken_stray_yml_leaves_the_yaml_running(self, load, stray):
        pipelines, problems = load({"churn.yaml": CONFIG.format(output="churn"), "churn.yml": stray})
        assert pipelines["churn"].path == "configs/churn.yaml"
        assert problems == {"churn.yml": self.STRAY.format("churn.yaml")}

    def test_a_folder_of_the_name_is_no_twin(self, load):
        pipelines, _ = load({"churn.yaml": CONFIG.format(output="churn"), "churn.yml/x.txt": ""})
        assert pipelines["churn"].path == "configs/churn.yaml"

    @pytest.mark.parametrize("stray", ["retries: 9\n", "broken: 1\n", "["])
    @pytest.mark.parametrize("name", ["defaults", "team/defaults", "environments/prod"])
    def test_a_stray_file_of_a_layer_harms_no_pipeline(self, load, name, stray):
        files = {
            "environments/prod.yml": "vars: {}\n",
            "team/churn.yml": CONFIG.format(output="churn"),
            f"{name}.yml": "vars: {}\n" if "environments" in name else "retries: 7\n",
            f"{name}.yaml": stray,
        }
        pipelines, problems = load(files, environment="prod")
        assert pipelines["team.churn"].config.retries == (2 if "environments" in name else 7)
        assert problems == {f"{name}.yaml": self.STRAY.format(f"{name.rpartition('/')[2]}.yml")}
