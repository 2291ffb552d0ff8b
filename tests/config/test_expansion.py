"""A few kilobytes of configs cannot become a hundred megabytes: what is too large is refused with its place."""

from __future__ import annotations

import pytest

from refinery.config import load_project
from refinery.config.checks import expansion

HEALTHY = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/healthy/{{ ds }}/\n"
PLAIN = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/p/${matrix.a}/${matrix.b}/{{ ds }}/\n"
NUMBERS = ", ".join(map(str, range(16)))
MATRIX = f"matrix: {{a: [{NUMBERS}], b: [{NUMBERS}]}}\n"
ALONE = "'${t}'"
ONE = "source: s3://data/x.csv\noutput: s3://models/p/{{ ds }}/\n"


@pytest.fixture
def load(write, tmp_path):
    """Load configs beside a healthy one, and return what is wrong with them."""
    write("include/models/ridge.py", "def build_model(alpha=1, **params): ...\n")
    write("configs/healthy.yml", HEALTHY)

    def load_all(files: dict[str, str]) -> list[str]:
        for path, text in files.items():
            write(f"configs/{path}", text)
        project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
        assert [pipeline.dag_id for pipeline in project.pipelines] == ["healthy"]
        return [str(problem) for problem in project.problems]

    return load_all


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"p.yml": PLAIN + MATRIX + "#" * 90_000},
            r"configs/p.yml:4:1: matrix: expands to too much text: its first 56 pipelines have 5,0",
        ),
        (
            {"p.yml": PLAIN + MATRIX, "defaults.yml": f"description: {'d' * 90_000}\n"},
            "configs/p.yml:4:1: matrix: expands to too much text: its first 56 pipelines have 5,0",
        ),
        (
            {"p.yml": f"{ONE}model: {{module: ridge, params: {{a: &a {'t' * 20_000}, b: [{', '.join(['*a'] * 60)}]}}}}\n"},
            "configs/p.yml:3:1: model: is the largest part of a pipeline of 1,22",
        ),
        (
            {
                "environments/local.yml": f"vars: {{t: {'t' * 20_000}}}\n",
                "p.yml": f"{ONE}model: ridge\ndescription: {'${t}' * 60}\n",
            },
            "configs/p.yml:4:14: description: makes the texts of this pipeline longer than 1,000,000 characters",
        ),
        (
            {
                "environments/local.yml": f"vars: {{t: {'t' * 20_000}}}\n",
                "p.yml": f"{ONE}model: {{module: ridge, params: {{a: [{', '.join([ALONE] * 60)}]}}}}\n",
            },
            "configs/p.yml:3:1: model: is the largest part of a pipeline of 1,20",
        ),
        (
            {"p.yml": f"{ONE}model: {{module: ridge, params: {{a: &a [{', '.join('1' * 1_500)}], b: [{', '.join(['*a'] * 8)}]}}}}\n"},
            "configs/p.yml:3:45",
        ),
    ],
    ids=["text", "defaults", "aliased text", "variable in a text", "variable alone", "aliased values"],
)  # fmt: skip
def test_what_expands_too_far_is_refused_with_its_place(load, files, message):
    (problem,) = load(files)
    assert message in problem


def test_a_project_has_a_bound_too(load, monkeypatch):
    monkeypatch.setattr(expansion, "MAX_OF_PROJECT", 600)
    problems = load(
        {f"p{index}.yml": HEALTHY.replace("healthy", f"p{index}") + "#" * 500 for index in range(3)}
    )
    assert [problem.split(" ")[0] for problem in problems] == [
        f"configs/p{index}.yml:1:1:" for index in range(3)
    ]
    assert "exceeds what Airflow can load in time" in problems[0]


def test_what_a_page_holds_is_never_too_large(write, tmp_path):
    write("include/models/ridge.py", "def build_model(alpha=1, **params): ...\n")
    columns = "".join(
        f"    column_{number}: {{type: number, min: 0, max: 1, nulls: 0}}\n" for number in range(1_000)
    )
    write("configs/wide.yml", f"{ONE}model: ridge\nexpect:\n  columns:\n{columns}")
    write("configs/many.yml", PLAIN.replace("models/p", "models/q") + MATRIX + "# why\n" * 1_000)
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    assert len(project.pipelines) == 257
    assert project.problems == ()
