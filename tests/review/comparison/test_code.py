"""Changes outside the configs, each with the pipelines that it reaches."""

from __future__ import annotations

import pytest

USES = "--constraint constraints.txt\n"
PINS = "pandas==3.0.0\nscikit-learn==1.7.0\nskops==0.15\nruff==0.1\nlightgbm==4.0\n"


def config(name, model, more=""):
    return f"source: s3://data/{name}.csv\nmodel: {model}\noutput: s3://models/{name}/{{{{ ds }}}}/\n{more}"


@pytest.fixture
def team(project):
    """Pipelines with a module, a class and a script; module and script import one file."""
    project.commit(
        {
            "configs/churn.yml": config("churn", "ridge"),
            "configs/wine.yml": config("wine", "sklearn.linear_model.Ridge"),
            "configs/old.yml": config("old", "{script: legacy/train.py}"),
            "include/models/ridge.py": "from include.models.shared.columns import pick\ndef build_model(): ...\n",
            "include/models/legacy/train.py": "import columns\nimport lightgbm as lgb\nopen('../words/stop.txt')\n",
            "include/models/words/stop.txt": "the\n",
            "include/models/legacy/columns.py": "",
            "include/models/shared/columns.py": "from . import names\n",
            "include/models/shared/names.py": "",
            "include/models/unused.py": "",
            "include/refinery/training/train.py": "",
            "include/refinery/operators/train.py": "",
            "constraints.txt": PINS,
            "requirements.txt": USES + "pandas==3.0.0\n",
            "Dockerfile": "FROM runtime:1\n",
        }
    )
    return project


def code(plan):
    assert plan.pipelines == ()
    return [(one.kind, one.name, one.pipelines) for one in plan.code]


@pytest.mark.parametrize(
    ("path", "kind", "pipelines"),
    [
        ("include/models/ridge.py", "module", ("churn",)),
        ("include/models/legacy/train.py", "script", ("old",)),
        ("include/models/legacy/columns.py", "module", ("old",)),
        ("include/models/shared/columns.py", "module", ("churn",)),
        ("include/models/shared/names.py", "module", ("churn",)),
        ("include/models/words/stop.txt", "module", ("old",)),
    ],
)
def test_a_models_file_affects_the_pipelines_that_use_it(team, path, kind, pipelines):
    team.lay_out({path: (team.root / path).read_text() + "edited = True\n"})
    assert code(team.plan()) == [(kind, path, pipelines)]


def test_a_file_that_no_model_uses_reaches_nothing(team):
    team.lay_out({"include/models/unused.py": "x = 1\n", "README.md": "Words.\n"})
    assert code(team.plan()) == []


def test_a_model_is_parsed_and_never_run(team):
    trap = "open(__file__ + '.ran', 'w')\ndef build_model(): ...\n"
    team.commit({"include/models/ridge.py": trap})
    team.lay_out({"include/models/ridge.py": trap + "edited = True\n"})
    assert code(team.plan()) == [("module", "include/models/ridge.py", ("churn",))]
    assert not list(team.root.rglob("*.ran"))


def test_refinery_itself_is_one_change_for_all(team):
    team.lay_out(
        {"include/refinery/training/train.py": "x = 1\n", "include/refinery/operators/train.py": "x = 1\n"}
    )
    plan = team.plan()
    assert code(plan) == [("refinery", "Refinery", ("churn", "old", "wine"))]
    assert plan.code[0].sentence == (
        "2 files of Refinery itself change, and every pipeline runs with them: "
        "include/refinery/operators/train.py, include/refinery/training/train.py"
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence", "pipelines"),
    [
        (
            "scikit-learn==1.7.0",
            "scikit_learn == 1.9.1 ; python_version > '3'",
            "scikit-learn 1.7.0 -> 1.9.1: models trained from now on may differ",
            ("churn", "wine"),
        ),
        (
            "lightgbm==4.0",
            "lightgbm==4.1",
            "lightgbm 4.0 -> 4.1: models trained from now on may differ",
            ("old",),
        ),
    ],
)
def test_a_pin_reaches_the_pipelines_that_use_the_library(team, old, new, sentence, pipelines):
    team.lay_out({"constraints.txt": PINS.replace(old, new)})
    plan = team.plan()
    assert code(plan) == [("library", sentence.partition(" ")[0], pipelines)]
    assert plan.code[0].sentence == sentence


@pytest.mark.parametrize(
    ("old", "new", "pipelines"),
    [
        ("lightgbm==4.0", "lightgbm==4.1", ("boosted", "old")),
        ("xgboost-cpu==3.1", "xgboost-cpu==3.2", ("stepped",)),
        ("imbalanced-learn==0.13", "imbalanced-learn==0.14", ("stepped",)),
    ],
)
def test_a_pin_of_a_boosting_library_reaches_the_classes_of_it_and_no_others(team, old, new, pipelines):
    steps = "{steps: [{class: imblearn.over_sampling.SMOTE}, {class: xgboost.XGBClassifier}]}"
    requirements = f"{USES}lightgbm==4.0\nxgboost-cpu==3.1\nimbalanced-learn==0.13\n"
    team.commit(
        {
            "configs/boosted.yml": config("boosted", "lightgbm.LGBMClassifier"),
            "configs/stepped.yml": config("stepped", steps),
            "requirements.txt": requirements,
        }
    )
    team.lay_out({"requirements.txt": requirements.replace(old, new)})
    assert code(team.plan()) == [("library", old.partition("=")[0], pipelines)]


@pytest.mark.parametrize(("old", "new"), [("ruff==0.1", "ruff==0.2"), ("skops==0.15", "skops==0.16")])
def test_a_pin_that_no_pipeline_uses_is_not_told(team, old, new):
    team.lay_out({"constraints.txt": PINS.replace(old, new)})
    assert code(team.plan()) == []


def test_what_the_image_installs_counts_more_than_the_constraints(team):
    team.lay_out({"constraints.txt": PINS.replace("pandas==3.0.0", "pandas==3.0.1")})
    assert code(team.plan()) == []
    team.lay_out({"requirements.txt": USES + "pandas==3.0.1\n"})
    assert code(team.plan()) == [("library", "pandas", ("churn", "wine"))]


def test_the_image_reaches_all(team):
    team.lay_out({"Dockerfile": "# Newer.\nFROM --platform=linux/amd64 runtime:2 AS base\n"})
    plan = team.plan()
    assert code(plan) == [("library", "Dockerfile", ("churn", "old", "wine"))]
    assert "runtime:1 -> runtime:2" in plan.code[0].sentence


def test_one_file_of_refinery_changes(team):
    team.lay_out({"include/refinery/training/train.py": "x = 1\n"})
    assert team.plan().code[0].sentence.startswith("1 file of Refinery itself changes, and every pipeline")


def test_what_else_the_image_is_built_from_reaches_all(team):
    team.lay_out(
        {"Dockerfile": "FROM runtime:1\n\n# Faster.\nENV OMP_NUM_THREADS=4\n", "packages.txt": "libgomp1\n"}
    )
    plan = team.plan()
    assert code(plan) == [
        ("library", "Dockerfile", ("churn", "old", "wine")),
        ("library", "packages.txt", ("churn", "old", "wine")),
    ]
    assert [one.sentence for one in plan.code] == [
        "Dockerfile changes: all tasks run in the image that it builds",
        "packages.txt changes, with libgomp1: all tasks run in the image that installs it",
    ]


def test_a_comment_in_the_files_of_the_image_is_not_told(team):
    team.lay_out({"Dockerfile": "# The runtime.\nFROM runtime:1\n", "packages.txt": "# None yet.\n"})
    assert code(team.plan()) == []


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("xgboost", "any version"),
        ("xgboost\r", "any version"),
        ("xgboost[gpu] >= 2, <3  # newer", ">=2,<3"),
        ("xgboost==2.1 --hash=sha256:00", "2.1"),
        ("xgboost @ git+https://git.example.org/xgboost@v2", "git+https://git.example.org/xgboost@v2"),
    ],
)
def test_an_unpinned_requirement_is_reported(team, line, asked):
    team.commit({"include/models/ridge.py": "import xgboost\ndef build_model(): ...\n"})
    team.lay_out({"requirements.txt": USES + f"pandas==3.0.0\n{line}\n"})
    plan = team.plan()
    assert [one.sentence for one in plan.code] == [
        f"xgboost not pinned -> {asked}: models trained from now on may differ"
    ]


def test_a_range_counts_less_than_the_constraints(team):
    team.lay_out({"requirements.txt": USES + "pandas>=3\n"})
    assert code(team.plan()) == []


def test_what_all_run_with_is_no_change_where_every_pipeline_is_new(team):
    team.git(
        "rm", "-rq", "configs", "requirements.txt", "include/refinery/training", "include/models/ridge.py"
    )
    base = team.commit()
    team.git("checkout", "-q", "main~1", "--", ".")
    assert [one.name for one in team.plan(base).code] == ["include/models/ridge.py"]


@pytest.mark.parametrize(
    ("text", "is_changed"),
    [
        (
            "# A comment.\nfrom include.models.shared.columns import pick\n\n\ndef build_model():\n    ...\n",
            False,
        ),
        (
            '"""Says more."""\nfrom include.models.shared.columns import pick\ndef build_model():\n    """Make it."""\n    ...\n',
            False,
        ),
        ("from include.models.shared.columns import pick\ndef build_model(): return pick\n", True),
    ],
)
def test_comments_docstrings_and_layout_are_no_change(team, text, is_changed):
    team.lay_out({"include/models/ridge.py": text})
    assert bool(team.plan().code) == is_changed


def test_the_package_of_the_models_reaches_every_module_in_it(team):
    team.commit({"include/models/__init__.py": ""})
    team.lay_out({"include/models/__init__.py": "import warnings\nwarnings.simplefilter('error')\n"})
    assert [(one.name, one.pipelines) for one in team.plan().code] == [
        ("include/models/__init__.py", ("churn",))
    ]


def test_changed_code_is_a_risk_by_the_gates_of_those_that_it_reaches(team):
    team.commit(
        {
            "configs/gated.yml": config("gated", "ridge", "require: {r2: {min: 0.3}}\n"),
            "configs/warned.yml": config("warned", "ridge", "require: {r2: {min: 0.3}}\ngate: warn\n"),
        }
    )
    team.lay_out({"include/models/ridge.py": "def build_model(): return 1\n"})
    risks = [(one.code, one.severity, one.pipelines) for one in team.plan().risks]
    assert risks == [("R078", "medium", ("churn", "warned")), ("R079", "low", ("gated",))]
