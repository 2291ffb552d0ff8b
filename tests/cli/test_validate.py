from __future__ import annotations

import json

import pytest

BAD = "source: s3://datasets/bad.csv\nmodel: random_forest\noutput: s3://models/bad/{{ ds }}/\nshedule: '@daily'\n"
BAD_REPORT = """\
configs/bad.yml:4:1: shedule: unknown key; did you mean "schedule"?
    4 | shedule: '@daily'
      | ^^^^^^^
"""
UNUSED = "vars:\n  bucket: models\n"
IN_PYTHON = (
    "which YAML cannot hold; write a module in include/models/ whose build_model returns %s(...), and name that "
    "module, such as model: tuned_forest"
)


class TestReport:
    def test_healthy_configs(self, refinery):
        refinery.write("configs/churn.yml")
        refinery.write("configs/team_a/churn.yml")
        done = refinery("validate")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "2 pipelines, no problems\n")

    def test_errors(self, refinery):
        refinery.write("configs/churn.yml")
        refinery.write("configs/bad.yml", BAD)
        done = refinery("validate")
        assert (done.returncode, done.stdout) == (1, BAD_REPORT)
        assert done.stderr == "1 error in 1 file; 1 pipeline without errors\n"

    def test_warnings_alone_are_shown_and_are_no_failure(self, refinery):
        refinery.write("configs/churn.yml")
        refinery.write("configs/environments/local.yml", UNUSED)
        done = refinery("validate")
        assert done.returncode == 0
        assert "configs/environments/local.yml:2:3: warning: vars.bucket:" in done.stdout
        assert done.stderr == "1 warning in 1 file; 1 pipeline without errors\n"

    def test_it_is_the_text_of_airflows_import_error(self, refinery):
        from refinery.config import ConfigError, load_project

        refinery.write("configs/bad.yml", BAD)
        read = load_project(refinery.root / "configs", models_dir=refinery.root / "include/models")
        assert refinery("validate").stdout.rstrip("\n") == str(ConfigError(read.problems))

    def test_a_class_that_learns_no_target_is_refused_with_its_line(self, refinery):
        refinery.write(
            "configs/bad.yml", BAD.replace("random_forest", "{class: sklearn.ensemble.IsolationForest}")
        )
        shown = refinery("validate").stdout
        assert "configs/bad.yml:2:" in shown
        assert "IsolationForest looks for outliers and learns no target" in shown
        assert "train(dataset_path, model_path)" in shown

    def test_a_model_module_is_checked_by_its_signature(self, refinery):
        refinery.write(
            "configs/bad.yml", BAD.replace("random_forest", "{module: random_forest, params: {n_trees: 3}}")
        )
        assert "configs/bad.yml:2:41: model.params.n_trees: " in refinery("validate").stdout


class TestFormats:
    def test_json(self, refinery):
        refinery.write("configs/bad.yml", BAD)
        (problem,) = json.loads(refinery("validate", "--format", "json").stdout)
        assert (problem["path"], problem["line"], problem["code"]) == ("configs/bad.yml", 4, "unknown-key")

    def test_json_without_problems(self, refinery):
        assert json.loads(refinery("validate", "--format", "json").stdout) == []

    def test_github(self, refinery):
        refinery.write("configs/bad.yml", BAD)
        done = refinery("validate", "--format", "github")
        assert done.stdout == (
            "::error file=configs/bad.yml,line=4,col=1,endColumn=8,title=unknown-key::"
            'shedule: unknown key; did you mean "schedule"?\n'
        )
        assert done.returncode == 1

    def test_another_is_refused(self, refinery):
        done = refinery("validate", "--format", "xml")
        assert done.returncode == 2
        assert "'github'" in done.stderr


class TestChosenFiles:
    @pytest.mark.parametrize(
        ("chosen", "reported"),
        [
            (["configs/bad.yml"], ["configs/bad.yml"]),
            (["configs/good.yml"], []),
            (["configs/team_a"], ["configs/team_a/bad.yml"]),
            (["configs/good.yml", "configs/team_a/bad.yml"], ["configs/team_a/bad.yml"]),
            (["configs"], ["configs/bad.yml", "configs/team_a/bad.yml"]),
        ],
    )
    def test_they_alone_are_reported_on(self, refinery, chosen, reported):
        refinery.write("configs/good.yml")
        refinery.write("configs/bad.yml", BAD)
        refinery.write("configs/team_a/bad.yml", BAD.replace("models/bad", "models/other"))
        done = refinery("validate", *chosen, "--format", "json")
        assert [problem["path"] for problem in json.loads(done.stdout)] == reported
        assert done.returncode == bool(reported)

    @pytest.mark.parametrize(
        "layer", ["configs/defaults.yml", "configs/team_a/defaults.yml", "configs/environments/local.yml"]
    )
    def test_what_breaks_a_layer_below_them_is_reported_too(self, refinery, layer):
        refinery.write("configs/team_a/good.yml")
        refinery.write(layer, "retrys: 3\n")
        assert f"{layer}:1:1: retrys: " in refinery("validate", "configs/team_a/good.yml").stdout

    def test_layers_of_others_are_not(self, refinery):
        refinery.write("configs/good.yml")
        refinery.write("configs/team_a/defaults.yml", "retrys: 3\n")
        refinery.write("configs/team_a/other.yml")
        assert refinery("validate", "configs/good.yml").returncode == 0

    def test_they_are_compared_with_all_others(self, refinery):
        refinery.write("configs/a.yml")
        refinery.write("configs/b.yml", refinery.read("configs/a.yml"))
        done = refinery("validate", "configs/b.yml")
        assert done.returncode == 1
        assert "configs/b.yml:3:" in done.stdout
        assert "configs/a.yml:3:" not in done.stdout.replace("configs/a.yml)", "")

    def test_a_pipeline_is_named_as_elsewhere(self, refinery):
        refinery.write("configs/team_a/bad.yml", BAD)
        refinery.write("configs/other.yml", BAD)
        assert refinery("validate", "team_a.bad").stdout == BAD_REPORT.replace("/bad.yml", "/team_a/bad.yml")

    def test_they_are_found_from_any_folder(self, refinery):
        refinery.write("configs/team_a/bad.yml", BAD)
        assert refinery("validate", "bad.yml", cwd="configs/team_a").stdout == BAD_REPORT.replace(
            "/bad.yml", "/team_a/bad.yml"
        )

    @pytest.mark.parametrize(
        ("chosen", "message"),
        [
            (
                "configs/chrun.yml",
                "configs/chrun.yml is not a pipeline, and not a file or a folder in configs/.\n",
            ),
            ("chrun", "chrun is not a pipeline, and not a file or a folder in configs/.\n"),
            ("include/models/random_forest.py", "include/models/random_forest.py is not in configs/.\n"),
        ],
    )
    def test_what_is_no_config_is_refused(self, refinery, chosen, message):
        refinery.write("configs/churn.yml")
        refinery.write("configs/risk/loans.yml")
        done = refinery("validate", chosen)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


class TestEnvironments:
    @pytest.fixture(autouse=True)
    def environment(self, refinery):
        refinery.write(
            "configs/churn.yml",
            "source: s3://${data}/x.csv\nmodel: random_forest\noutput: s3://models/{{ ds }}/\n",
        )
        refinery.write("configs/environments/prod.yml", "vars: {data: datasets}\n")

    @pytest.mark.parametrize(
        ("arguments", "variables"), [(["--env", "prod"], {}), ([], {"REFINERY_ENV": "prod"})]
    )
    def test_one_is_chosen(self, refinery, arguments, variables):
        assert refinery("validate", *arguments, **variables).returncode == 0

    def test_an_unknown_one_is_refused_whatever_files_are_chosen(self, refinery):
        done = refinery("validate", "configs/churn.yml", "--env", "prud")
        assert (done.returncode, done.stdout) == (1, "")
        assert 'there is no environment "prud"; did you mean "prod"?' in done.stderr


RIDGE = "sklearn.linear_model.Ridge"


class TestLibraryClasses:
    @pytest.mark.parametrize(
        ("model", "problems"),
        [
            (f"{RIDGE}", []),
            (f"{{class: {RIDGE}, params: {{alpha: 0.5, solver: svd}}}}", []),
            (f"{{class: {RIDGE}, params: {{alpha: '{{{{ ds_nodash }}}}'}}}}", []),
            (
                "sklearn.linear_model.Rigde",
                [
                    '2:8: model: there is no sklearn.linear_model.Rigde; did you mean "sklearn.linear_model.Ridge"?'
                ],
            ),
            (
                "sklearn.linear_modle.Ridge",
                ['2:8: model: there is no sklearn.linear_modle; did you mean "sklearn.linear_model"?'],
            ),
            (
                "sklearn.metrics.r2_score",
                ["2:8: model: sklearn.metrics.r2_score: it is not an estimator class with a fit method"],
            ),
            (
                f"{{class: {RIDGE}, params: {{alfa: 1}}}}",
                [
                    (
                        '2:53: model.params.alfa: Ridge takes no parameter "alfa"; did you mean alpha? '
                        "(it takes alpha, fit_intercept, copy_X, max_iter, tol, solver, positive, random_state)"
                    )
                ],
            ),
            (
                f"{{class: {RIDGE}, params: {{alpha: 1, alfa: 1}}}}",
                [
                    (
                        '2:63: model.params.alfa: Ridge takes no parameter "alfa"; '
                        "it takes fit_intercept, copy_X, max_iter, tol, solver, positive, random_state"
                    )
                ],
            ),
            (
                f"{{class: {RIDGE}, params: {{solver: autp, alpha: -1, tol: 1e-3}}}}",
                [
                    (
                        '2:53: model.params.solver: the "solver" parameter of Ridge must be a str among '
                        "'auto', 'cholesky', 'lbfgs', 'lsqr', 'sag', 'saga', 'sparse_cg', 'svd'; it is 'autp'"
                    ),
                    (
                        '2:67: model.params.alpha: the "alpha" parameter of Ridge must be a float in the range [0.0, inf) '
                        "or an array-like; it is -1"
                    ),
                ],
            ),
            (
                "sklearn.ensemble.StackingRegressor",
                [
                    f'2:8: model: the "estimators" of StackingRegressor must be estimator objects, {IN_PYTHON % "StackingRegressor"}'
                ],
            ),
            (
                "{class: sklearn.model_selection.GridSearchCV, params: {estimator: Ridge, param_grid: {alpha: [1]}, grid: 2}}",
                [
                    (
                        '2:63: model.params.estimator: the "estimator" of GridSearchCV must be an estimator object, '
                        f"{IN_PYTHON % 'GridSearchCV'}"
                    )
                ],
            ),
            (
                "sklearn.multiclass.OneVsRestClassifier",
                [
                    (
                        '2:8: model: the "estimator" of OneVsRestClassifier must be an estimator object, '
                        f"{IN_PYTHON % 'OneVsRestClassifier'}"
                    )
                ],
            ),
            (
                "torch.Module",
                [
                    (
                        '2:8: model: "torch.Module" is not allowed; configs may use classes from: sklearn, xgboost, lightgbm, '
                        "catboost, imblearn. For another library, write a module in include/models/ whose build_model returns "
                        'the estimator, and set model: my_model, or have the library added to "libraries" in [tool.refinery] of '
                        "pyproject.toml"
                    )
                ],
            ),
        ],
    )
    def test_the_class_and_its_params_are_checked(self, refinery, model, problems):
        refinery.write(
            "configs/churn.yml",
            f"source: s3://data/x.csv\nmodel: {model}\noutput: s3://models/{{{{ ds }}}}/\n",
        )
        done = refinery("validate")
        found = [
            line.removeprefix("configs/churn.yml:")
            for line in done.stdout.splitlines()
            if line.startswith("configs")
        ]
        assert found == problems
        assert done.returncode == bool(problems)

    def test_a_param_of_the_run_counts_by_its_default(self, refinery):
        refinery.write(
            "configs/churn.yml",
            "source: s3://data/x.csv\n"
            f"model: {{class: {RIDGE}, params: {{alpha: '{{{{ params.a }}}}', tol: '{{{{ params.t }}}}'}}}}\n"
            "output: s3://models/{{ params.a }}/{{ params.t }}/{{ ds }}/\n"
            "params: {a: {type: text, default: much}, t: {type: number, default: 1}}\n",
        )
        done = refinery("validate")
        assert 'the "alpha" parameter of Ridge must be a float' in done.stdout
        assert "it is 'much'" in done.stdout
        assert "tol" not in done.stdout.partition("|")[0]

    @pytest.mark.parametrize(
        ("model", "refused"),
        [
            ("sklearn.linear_model.SGDRegressor", ""),
            ("{class: sklearn.neural_network.MLPClassifier, params: {solver: adam}}", ""),
            (
                "{class: sklearn.neural_network.MLPClassifier, params: {solver: lbfgs}}",
                (
                    "2:16: model.class: MLPClassifier cannot learn batch by batch (fit: incremental), having no partial_fit; of "
                    "scikit-learn these can: BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MLPClassifier, "
                ),
            ),
            (
                RIDGE,
                (
                    "2:8: model: Ridge cannot learn batch by batch (fit: incremental), having no partial_fit; of scikit-learn "
                    "these can: MLPRegressor, PassiveAggressiveRegressor, SGDRegressor"
                ),
            ),
        ],
    )
    def test_one_that_cannot_learn_batch_by_batch_is_refused_with_those_that_can(
        self, refinery, model, refused
    ):
        refinery.write(
            "configs/churn.yml",
            f"source: s3://data/x.csv\nmodel: {model}\noutput: s3://models/{{{{ ds }}}}/\nfit: incremental\n",
        )
        done = refinery("validate")
        assert bool(refused) == done.returncode
        assert refused in done.stdout

    def test_only_the_named_part_of_the_library_is_imported(self, refinery):
        refinery.write(
            "configs/churn.yml",
            f"source: s3://data/x.csv\nmodel: {RIDGE}\noutput: s3://models/{{{{ ds }}}}/\n",
        )
        modules = refinery.modules("validate")
        assert "sklearn.linear_model" in modules
        assert not modules & {"airflow", "sklearn.ensemble", "sklearn.cluster", "boto3"}

    def test_nothing_is_imported_for_modules(self, refinery):
        refinery.write("configs/churn.yml")
        assert not refinery.modules("validate") & {
            "airflow",
            "dagfactory",
            "sklearn",
            "pandas",
            "numpy",
            "boto3",
        }


class TestColours:
    def test_only_in_a_terminal(self, refinery):
        refinery.write("configs/bad.yml", BAD)
        status, shown = refinery.in_terminal("validate")
        assert status == 1
        assert "\033[31m^^^^^^^\033[0m" in shown
        assert "\033" not in refinery("validate").stdout

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_not_where_they_are_not_wanted(self, refinery, environment):
        refinery.write("configs/bad.yml", BAD)
        _, shown = refinery.in_terminal("validate", **environment)
        assert BAD_REPORT in shown


class TestEveryEnvironment:
    CHURN = "source: s3://${data}/x.csv\nmodel: random_forest\noutput: s3://models/x/{{ ds }}/\n"

    def test_every_environment_is_checked(self, refinery):
        refinery.write("configs/churn.yml", self.CHURN)
        refinery.write("configs/environments/staging.yml", "vars: {data: staging-data}\n")
        refinery.write("configs/environments/prod.yml", "defaults: {retries: 3}\n")
        done = refinery("validate")
        assert done.returncode == 1
        assert "configs/churn.yml:1:14: source: " in done.stdout
        assert "(environment prod)\n" in done.stdout
        assert done.stderr == "1 error in 1 file; 0 pipelines without errors\n"
        assert refinery("validate", "--env", "staging").returncode == 0

    def test_what_is_wrong_in_all_of_them_is_reported_once(self, refinery):
        refinery.write("configs/bad.yml", BAD)
        refinery.write("configs/environments/prod.yml", "defaults: {retries: 3}\n")
        assert refinery("validate").stdout == BAD_REPORT

    def test_local_without_a_file_is_left_out_where_configs_need_variables(self, refinery):
        refinery.write("configs/churn.yml", self.CHURN)
        refinery.write("configs/environments/prod.yml", "vars: {data: prod-data}\n")
        done = refinery("validate")
        assert (done.returncode, done.stderr) == (0, "1 pipeline, no problems\n")


class TestCircles:
    @pytest.mark.parametrize(
        ("awaited", "circles"),
        [
            ({"a": "b", "b": "c"}, {}),
            ({"a": "a"}, {"a": "a <- a"}),
            ({"a": "b", "b": "a", "c": "a"}, {"a": "a <- b <- a", "b": "b <- a <- b"}),
            (
                {"a": "b", "b": "c", "c": "a"},
                {"a": "a <- b <- c <- a", "b": "b <- c <- a <- b", "c": "c <- a <- b <- c"},
            ),
        ],
    )
    def test_pipelines_that_wait_for_each_other_are_refused(self, refinery, awaited, circles):
        for name in "abc":
            schedule = (
                f"{{assets: [s3://models/{awaited[name]}/], match: any}}" if name in awaited else "'@daily'"
            )
            refinery.write(
                f"configs/{name}.yml",
                f"source: s3://data/x.csv\nmodel: random_forest\noutput: s3://models/{name}/{{{{ ds }}}}/\nschedule: {schedule}\n",
            )
        done = refinery("validate", "--format", "json")
        told = {one["path"]: one["message"] for one in json.loads(done.stdout)}
        assert told.keys() == {f"configs/{name}.yml" for name in circles}
        assert all(f"({circle})" in told[f"configs/{name}.yml"] for name, circle in circles.items())
        assert done.returncode == bool(circles)
