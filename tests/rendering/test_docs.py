"""A DAG's docs say what the pipeline does and who answers for it, and show its config."""

from __future__ import annotations

import subprocess

import pytest

from refinery.config import load_pipeline
from refinery.git_pages import find_git_pages
from refinery.project import Project
from refinery.rendering.docs import describe_pipeline
from refinery.rendering.loader import load_dags

CHURN = """\
description: Who leaves next month.
source: s3://data/churn/{{ ds }}.parquet
target: churned
model: {class: lightgbm.LGBMClassifier}
evaluate: {group_column: customer}
require: {roc_auc: {min: 0.8, no_worse_than_latest: 1%}, log_loss: {max: 0.5}}
output: s3://models/churn/{{ ds }}/
schedule: 30 6 * * *
timezone: Europe/Paris
owner: risk
notify:
  on_failure: [{slack: {channel: "#ml"}}, {smtp: {to: [a@example.com, b@example.com]}}]
"""

DOCS = """\
Who leaves next month.

- **Source**: `s3://data/churn/{{ ds }}.parquet`
- **Model**: `lightgbm.LGBMClassifier`
- **Target**: `churned`
- **Measured on**: 20% of the rows, whole groups of `customer` at random
- **Gates**: `roc_auc` at least 0.8, at most 1% worse than the latest model; `log_loss` at most 0.5. A model that misses one is rejected, and the run fails.
- **Output**: `s3://models/churn/{{ ds }}/`
- **Runs**: `30 6 * * * Europe/Paris`
- **Owner**: `risk`
- **Told of failures**: Slack `#ml`; e-mail to `a@example.com`, `b@example.com`

[`configs/churn.yml`](https://github.com/team/ml/blob/HEAD/configs/churn.yml)

```yaml
"""


def test_the_docs_of_a_dag_are_the_pipeline_in_words_with_a_link_to_its_config(configs):
    configs.write("churn", text=CHURN)
    git(configs.root, "init", "--quiet")
    git(configs.root, "remote", "add", "origin", "https://user:secret@github.com/team/ml.git")

    dag = load_dags(Project.at(configs.root))["churn"]

    assert dag.doc_md == f"{DOCS}{CHURN}```"
    assert dag.tags == {"refinery"}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("model: random_forest", "- **Target**: the last column\n- **Measured on**: 20% of the rows at random\n"),
        ("model: sklearn.cluster.KMeans\ntask: clustering", "- **Task**: clustering, without a target\n- **Measured on**: 20%"),
        ("model: random_forest\ntarget: -2", "- **Target**: column number -2\n"),
        ("model: random_forest\nevaluate: {time_column: t, test_size: 0.125}", "the latest 12.5% of the rows by `t`"),
        ("model: random_forest\nevaluate: {stratify: true}", "20% of the rows, the same share of each class\n"),
        ("model: random_forest\ngate: warn\nrequire: {r2: {min: 0}}", "one is promoted with a warning."),
        ("model: random_forest\ntarget: 'a `b` c'", "- **Target**: `` a `b` c ``\n"),
        ("model: random_forest  # ```` four", "\n`````yaml\n"),
    ],
)  # fmt: skip
def test_every_choice_is_put_into_words(configs, config, says):
    configs.write(
        "churn", text=f"source: s3://data/churn.csv\noutput: s3://models/p/{{{{ ds }}}}/\n{config}\n"
    )

    assert says in describe_pipeline(load_pipeline(configs.root / "configs", "churn"))


@pytest.mark.parametrize(
    ("remote", "file", "review"),
    [
        ("git@github.com:team/ml.git", "https://github.com/team/ml/blob/HEAD/", "https://github.com/team/ml/pulls?q="),
        ("ssh://git@git.corp.example:2222/team/ml.git", "https://git.corp.example/team/ml/blob/HEAD/", "https://git.corp.example/team/ml/pulls?q="),
        ("https://oauth2:glpat-1@gitlab.com/a/b/ml", "https://gitlab.com/a/b/ml/-/blob/HEAD/", "https://gitlab.com/a/b/ml/-/commit/"),
        ("git@bitbucket.org:team/ml.git", "https://bitbucket.org/team/ml/src/HEAD/", "https://bitbucket.org/team/ml/commits/"),
    ],
)  # fmt: skip
def test_the_pages_of_a_repository_are_those_of_its_server(tmp_path, remote, file, review):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", remote)
    (tmp_path / "ml team").mkdir()

    assert find_git_pages(tmp_path).file("configs/a b.yml") == f"{file}configs/a%20b.yml"
    assert find_git_pages(tmp_path / "ml team").file("configs/a.yml") == f"{file}ml%20team/configs/a.yml"
    assert find_git_pages(tmp_path).review("1a2b") == f"{review}1a2b"


@pytest.mark.parametrize("remote", [None, "/srv/git/ml.git", "../ml"])
def test_a_repository_without_a_server_has_no_pages(tmp_path, remote):
    git(tmp_path, "init", "--quiet")
    if remote:
        git(tmp_path, "remote", "add", "origin", remote)

    assert find_git_pages(tmp_path) is None


def test_a_folder_outside_of_a_repository_has_no_pages(tmp_path):
    assert find_git_pages(tmp_path) is None


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True)
