"""From configs to Airflow DAGs."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import Asset, AssetAll, AssetAny
from airflow.serialization.serialized_objects import DagSerialization

from refinery.config import ConfigError
from refinery.errors import RefineryError
from refinery.project import Project
from refinery.rendering import loader
from refinery.rendering.assets import make_asset
from refinery.rendering.loader import load_dags, report_broken_configs
from refinery.rendering.task_start import load_dag


class TestOnePipeline:
    def test_its_steps_follow_one_another_and_clean_up_is_a_teardown(self, configs):
        configs.write("churn")
        dag = load_dags(Project.at(configs.root))["churn"]

        assert dag.task_ids == ["download_dataset", "train_model", "upload_model", "clean_up"]
        for first, second in zip(dag.tasks, dag.tasks[1:], strict=False):
            assert first.downstream_task_ids == {second.task_id}
        assert dag.get_task("clean_up").is_teardown
        assert not dag.get_task("clean_up").on_failure_fail_dagrun

    def test_its_defaults_are_airflows_good_habits(self, configs):
        configs.write("churn")
        dag = load_dags(Project.at(configs.root))["churn"]
        task = dag.get_task("train_model")

        assert not dag.catchup
        assert dag.max_active_runs == 1
        assert dag.tags
        assert task.owner
        assert task.retries == 2
        assert task.retry_exponential_backoff
        assert task.max_retry_delay == timedelta(hours=1)
        assert task.execution_timeout == timedelta(hours=6)

    def test_its_documentation_shows_the_config_as_written(self, configs):
        configs.write("churn", more="# why: the board asked\n")
        assert "# why: the board asked" in load_dags(Project.at(configs.root))["churn"].doc_md

    def test_its_operators_get_what_the_config_says(self, configs):
        configs.write(
            "churn",
            text="source: {url: s3://datasets/churn.csv, connection: aws_data, separator: ';'}\n"
            "model: {class: sklearn.linear_model.Ridge, params: {alpha: 0.5}}\n"
            "output: {url: 's3://models/churn/{{ ds }}/', connection: aws_models}\n"
            "target: churned\nfeatures: [age, income]\n",
        )
        download, train, upload, _ = load_dags(Project.at(configs.root))["churn"].tasks

        assert (download.source, download.aws_conn_id) == ("s3://datasets/churn.csv", "aws_data")
        assert train.training == {
            "model": {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 0.5}},
            "target": {"column": "churned"},
            "features": ("age", "income"),
            "source": {"separator": ";"},
        }
        assert train.config["path"] == "configs/churn.yml"
        assert (upload.prefix, upload.aws_conn_id) == ("s3://models/churn/{{ ds }}/", "aws_models")

    @pytest.mark.parametrize(
        ("more", "attribute", "value"),
        [
            ("owner: risk-team\n", "owner", "risk-team"),
            ("retries: 5\n", "retries", 5),
            ("retry_delay: 90s\n", "retry_delay", timedelta(seconds=90)),
            ("retry_backoff: false\n", "retry_exponential_backoff", 0),
            ("timeout: 2d\n", "execution_timeout", timedelta(days=2)),
            ("pool: gpu\n", "pool", "gpu"),
            ("priority: 7\n", "priority_weight", 7),
            ("queue: large\n", "queue", "large"),
        ],
    )
    def test_what_a_config_says_of_tasks_reaches_each_task(self, configs, more, attribute, value):
        configs.write("churn", more=more)
        assert {getattr(task, attribute) for task in load_dags(Project.at(configs.root))["churn"].tasks} == {
            value
        }

    @pytest.mark.parametrize(
        ("more", "attribute", "value"),
        [
            ("catchup: true\n", "catchup", True),
            ("max_active_runs: 3\n", "max_active_runs", 3),
            ("paused: false\n", "is_paused_upon_creation", False),
            ("start_date: 2026-03-01\n", "start_date", datetime(2026, 3, 1, tzinfo=UTC)),
            ("end_date: 2026-04-01\n", "end_date", datetime(2026, 4, 1, 23, 59, 59, tzinfo=UTC)),
            ("description: Who leaves.\n", "description", "Who leaves."),
        ],
    )
    def test_what_a_config_says_of_the_dag_reaches_the_dag(self, configs, more, attribute, value):
        configs.write("churn", more=more)
        assert getattr(load_dags(Project.at(configs.root))["churn"], attribute) == value


class TestSchedules:
    def test_a_cron_expression_goes_by_the_configs_timezone(self, configs):
        configs.write("churn", more="schedule: 0 12 * * *\ntimezone: Europe/Paris\n")
        timetable = load_dags(Project.at(configs.root))["churn"].timetable
        assert timetable.expression == "0 12 * * *"
        assert str(timetable.timezone) == "Europe/Paris"

    def test_an_interval(self, configs):
        configs.write("churn", more="schedule: {every: 6h}\n")
        assert load_dags(Project.at(configs.root))["churn"].schedule == timedelta(hours=6)

    @pytest.mark.parametrize(("match", "condition"), [("any", AssetAny), ("all", AssetAll)])
    def test_other_pipelines_models(self, configs, match, condition):
        configs.write(
            "churn", more=f"schedule: {{assets: [s3://models/a/, s3://models/b], match: {match}}}\n"
        )
        schedule = load_dags(Project.at(configs.root))["churn"].timetable.asset_condition
        assert isinstance(schedule, condition)
        assert [asset.uri for asset in schedule.objects] == ["s3://models/a", "s3://models/b"]


class TestAssets:
    def test_the_source_is_an_inlet_and_the_model_an_outlet(self, configs):
        configs.write("churn")
        dag = load_dags(Project.at(configs.root))["churn"]
        assert [asset.uri for asset in dag.get_task("download_dataset").inlets] == ["s3://datasets/churn.csv"]
        assert [asset.uri for asset in dag.get_task("upload_model").outlets] == ["s3://models/churn"]

    def test_a_pipeline_follows_another_by_the_asset_that_it_writes(self, configs):
        output = "s3://models/Größe #1/{{ ds }}/"
        configs.write("first", text=f"source: s3://data/x.csv\nmodel: random_forest\noutput: '{output}'\n")
        configs.write("second", more="schedule: {assets: ['s3://models/Größe #1/']}\n")
        dags = load_dags(Project.at(configs.root))
        (written,) = dags["first"].get_task("upload_model").outlets
        assert list(dags["second"].timetable.asset_condition.objects) == [written]

    def test_one_of_several_files_is_one_asset(self, configs):
        files = "['s3://data/raw/{{ ds }}/a.csv', 's3://data/raw/{{ ds }}/b.csv']"
        configs.write(
            "churn", text=f"source: {files}\nmodel: random_forest\noutput: s3://models/c/{{{{ ds }}}}/\n"
        )
        dag = load_dags(Project.at(configs.root))["churn"]
        assert [asset.uri for asset in dag.get_task("download_dataset").inlets] == ["s3://data/raw"]

    @pytest.mark.parametrize(
        "uri",
        [
            "s3://models/churn",
            "s3://models",
            "s3://models/a b/caf\u00e9#1.csv",
            "https://example.com/churn.csv",
            "https://example.com/churn.csv?b=1&a=%20",
            "https://example.com",
        ],
    )
    def test_an_asset_equals_the_one_that_airflow_makes_of_its_uri(self, uri):
        assert make_asset(uri) == Asset(uri)


class TestBrokenConfigs:
    def test_the_healthy_ones_load(self, configs):
        configs.write("churn")
        configs.write("broken", text="sorce: s3://datasets/churn.csv\n")
        assert list(load_dags(Project.at(configs.root))) == ["churn"]

    def test_each_is_reported_with_its_place(self, configs):
        configs.write("churn")
        configs.write("broken", text="sorce: s3://datasets/churn.csv\n")
        configs.write("worse", text="source: [\n")
        with pytest.raises(RefineryError, match=r"(?s)configs/broken\.yml:1:1: .*configs/worse\.yml:"):
            report_broken_configs(Project.at(configs.root))

    @pytest.mark.parametrize(
        "secret",
        [
            "model: {script: x.py, args: ['--password', hunter22]}\n",
            "model:\n  script: x.py\n  env:\n    DB_PASSWORD:\n      hunter22\n",
            "description: postgresql://bob:hunter22@db/x\nmodel: random_forest\n",
        ],
    )
    def test_a_config_with_a_secret_is_reported_without_it(self, configs, secret):
        """Its DAG is never made, so that neither database nor manifest or card can hold it."""
        configs.write("leak", text=f"source: s3://data/x.csv\noutput: s3://models/x/{{{{ ds }}}}/\n{secret}")
        assert load_dags(Project.at(configs.root)) == {}
        with pytest.raises(RefineryError, match="looks like a secret") as error:
            report_broken_configs(Project.at(configs.root))
        assert "hunter22" not in str(error.value)

    def test_nothing_is_reported_of_healthy_ones(self, configs):
        configs.write("churn")
        report_broken_configs(Project.at(configs.root))

    def test_what_airflow_refuses_is_reported_too_and_hides_no_other(self, configs):
        configs.write("churn")
        configs.write("x" * 249 + "." + "y")  # one more than Airflow's limit of 250 for a DAG's id
        assert list(load_dags(Project.at(configs.root))) == ["churn"]
        with pytest.raises(RefineryError):
            report_broken_configs(Project.at(configs.root))


class TestWhatCannotBeStored:
    """Airflow stores all DAGs of a file together: one that cannot be stored would keep the others out."""

    @pytest.fixture
    def render(self, configs, monkeypatch):
        """Let the DAG of one pipeline hold something that no config may."""

        def render_with(params=None, **settings):
            configs.write("churn")
            configs.write("odd")
            plain = loader.dag_factory_config

            def config_of(pipeline):
                config = plain(pipeline)
                if pipeline.dag_id == "odd":
                    config |= settings
                    config["tasks"]["train_model"]["training"]["model"] |= {"params": params or {}}
                return config

            monkeypatch.setattr(loader, "dag_factory_config", config_of)
            return configs.root

        return render_with

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"description": "a\0b"}, "contains the character U+0000"),
            ({"description": "a\ud800b"}, "contains the character U+D800"),
            ({"params": {"x": [1, float("nan")]}}, "is not a number (NaN)"),
            ({"params": {"x": {"y": -float("inf")}}}, "is infinite"),
            ({"params": {"x": 2**64}}, "does not fit into 64 bits"),
            ({"params": {"a\0b": 1}}, "contains the character U+0000"),
            ({"default_args": {"doc": object()}}, "object object at"),
            ({"tags": ["t" * 101]}, "tag cannot be longer than 100 characters"),
        ],
    )
    def test_it_is_reported_with_its_config_and_the_others_load(self, render, settings, message):
        root = render(**settings)
        assert list(load_dags(Project.at(root))) == ["churn"]
        with pytest.raises(RefineryError) as raised:
            report_broken_configs(Project.at(root))
        text = str(raised.value)
        assert text.startswith("configs/odd.yml: ")
        assert message in text
        assert "\0" not in text
        text.encode()

    def test_a_tasks_start_does_not_ask(self, render, monkeypatch):
        root = render(description="a\0b")
        assert load_dag(Project.at(root), "odd").dag_id == "odd"

    def test_pipelines_of_one_shape_are_serialized_once(self, configs, monkeypatch):
        serialized = []
        serialize = DagSerialization.to_dict
        monkeypatch.setattr(
            DagSerialization, "to_dict", lambda dag: serialized.append(dag.dag_id) or serialize(dag)
        )
        for hour in range(4):
            configs.write(f"at_{hour}", more=f"schedule: 0 {hour} * * *\nowner: team-{hour}\n")
        configs.write("manual")
        configs.write("paris", more="schedule: 0 1 * * *\nowner: team\ntimezone: Europe/Paris\n")
        assert len(load_dags(Project.at(configs.root))) == 6
        assert serialized == ["at_0", "manual", "paris"]

    def test_a_name_that_is_not_utf_8_is_reported(self, configs):
        configs.write("churn")
        with open(os.fsencode(configs.root / "configs") + b"/caf\xe9.yml", "w") as file:  # noqa: PTH123 - a name in bytes
            file.write("x: 1\n")
        assert list(load_dags(Project.at(configs.root))) == ["churn"]
        with pytest.raises(RefineryError, match=r"configs/caf\\udce9\.yml") as raised:
            report_broken_configs(Project.at(configs.root))
        str(raised.value).encode()


LOCAL_SETTINGS = [
    "LocalExecutor",
    "airflow.executors.local_executor.LocalExecutor",
    "near:LocalExecutor",
    "LocalExecutor, CeleryExecutor",  # the first runs what names none
    "LocalExecutor;team_a=CeleryExecutor",  # teams count only where they are switched on
]
SPREADING_SETTINGS = {
    "CeleryExecutor": "CeleryExecutor",
    "KubernetesExecutor": "KubernetesExecutor",
    "far:CeleryExecutor": "CeleryExecutor",
    " CeleryExecutor , LocalExecutor": "CeleryExecutor",
    "=CeleryExecutor;team_a=LocalExecutor": "CeleryExecutor",
    "airflow.providers.edge3.executors.EdgeExecutor": "EdgeExecutor",
    "far:our.executors.OwnExecutor": "OwnExecutor",
}


class TestWorkspaces:
    """A local folder, where the steps of a run may be on several machines."""

    @pytest.fixture
    def executor(self, monkeypatch):
        return lambda setting: monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", setting)

    def problem(self, configs):
        with pytest.raises(RefineryError) as raised:
            report_broken_configs(Project.at(configs.root))
        return str(raised.value)

    @pytest.mark.parametrize("setting", LOCAL_SETTINGS)
    def test_on_one_machine_any_will_do(self, configs, executor, setting):
        executor(setting)
        configs.write("churn")
        assert list(load_dags(Project.at(configs.root))) == ["churn"]
        report_broken_configs(Project.at(configs.root))

    @pytest.mark.parametrize(("setting", "named"), SPREADING_SETTINGS.items())
    def test_on_several_a_local_one_is_an_import_error(self, configs, executor, setting, named):
        executor(setting)
        configs.write("churn", more="workspace: /tmp/refinery\n")
        assert load_dags(Project.at(configs.root)) == {}
        problem = self.problem(configs)
        assert problem.startswith("configs/churn.yml:4:1: workspace: is a local folder, but ")
        assert f"{named} runs the steps" in problem
        assert "s3://BUCKET/PREFIX/" in problem
        assert "shared: true" in problem

    def test_a_teams_executor_counts_where_teams_do(self, configs, executor, monkeypatch):
        monkeypatch.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
        executor("LocalExecutor;team_a=CeleryExecutor")
        configs.write("churn")
        assert "CeleryExecutor runs the steps" in self.problem(configs)

    @pytest.mark.parametrize(
        "workspace", ["s3://staging/refinery/", "{path: /mnt/refinery, shared: true}", "{shared: true}"]
    )
    def test_on_several_one_that_all_see_is_right(self, configs, executor, workspace):
        executor("CeleryExecutor")
        configs.write("churn", more=f"workspace: {workspace}\n")
        assert list(load_dags(Project.at(configs.root))) == ["churn"]
        report_broken_configs(Project.at(configs.root))

    def test_where_none_is_set_the_environments_file_is_named_once(self, configs, executor, monkeypatch):
        executor("CeleryExecutor")
        monkeypatch.setenv("REFINERY_ENV", "prod")
        configs.write("environments/prod", text="vars: {}\n")
        for name in ("a", "b", "c"):
            configs.write(name)
        problem = self.problem(configs)
        assert problem.startswith(
            "configs/environments/prod.yml:1:1: workspace: is not set under defaults, but "
        )
        assert problem.count("CeleryExecutor") == 1

    def test_the_environments_own_is_shown_once_in_its_file(self, configs, executor, monkeypatch):
        executor("CeleryExecutor")
        monkeypatch.setenv("REFINERY_ENV", "prod")
        configs.write("environments/prod", text="defaults:\n  workspace: /tmp/refinery\n")
        configs.write("a")
        configs.write("b")
        problem = self.problem(configs)
        assert problem.startswith("configs/environments/prod.yml:2:3: workspace: is a local folder")
        assert problem.count("CeleryExecutor") == 1

    def test_one_pipelines_keeps_no_other_from_loading(self, configs, executor):
        executor("CeleryExecutor")
        configs.write("here", more="workspace: /tmp/refinery\n")
        configs.write("there", more="workspace: s3://staging/refinery/\n")
        assert list(load_dags(Project.at(configs.root))) == ["there"]

    def test_a_tasks_start_does_not_ask(self, configs, executor, monkeypatch):
        executor("CeleryExecutor")
        configs.write("churn")
        assert load_dag(Project.at(configs.root), "churn").dag_id == "churn"

    @pytest.mark.parametrize(
        ("written", "given"),
        [
            ("/mnt/refinery", ("/mnt/refinery", "aws_default")),
            ("{path: /mnt/refinery, shared: true}", ("/mnt/refinery", "aws_default")),
            ("s3://staging/refinery/", ("s3://staging/refinery/", "aws_default")),
            ("{url: s3://staging/refinery/, connection: aws_b}", ("s3://staging/refinery/", "aws_b")),
        ],
    )
    def test_every_step_is_reported(self, configs, written, given):
        configs.write("churn", more=f"workspace: {written}\n")
        tasks = load_dags(Project.at(configs.root))["churn"].tasks
        assert {(task.workspace, task.workspace_conn_id) for task in tasks} == {given}


class TestATasksStart:
    def test_only_the_config_that_is_asked_for_is_read(self, configs, monkeypatch):
        configs.write(
            "team_a/churn",
            text="source: s3://data/x.csv\nmodel: random_forest\noutput: s3://models/c/{{ ds }}/\n",
        )
        configs.write("broken", text="source: [\n")
        assert load_dag(Project.at(configs.root), "team_a.churn").dag_id == "team_a.churn"

    def test_a_broken_config_is_an_error_with_its_place(self, configs, monkeypatch):
        configs.write("churn", text="sorce: s3://datasets/churn.csv\n")
        with pytest.raises(ConfigError, match=r"configs/churn\.yml:1:1"):
            load_dag(Project.at(configs.root), "churn")
