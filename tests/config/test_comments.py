"""Comments are found where YAML has them, and never in texts that look like one."""

from __future__ import annotations

import pytest

from refinery.config.yaml.comments import Comment, find_comments

CASES = {
    "a separate line": ("# one\na: 1\n", [(1, "one")]),
    "behind a value": ("a: 1  # one\n", [(1, "one")]),
    "behind a text in quotes": ('a: "# none" # one\n', [(1, "one")]),
    "behind a key": ("a: # one\n  b: 1\n", [(1, "one")]),
    "in a list": ("a: [1, # one\n  2] # two\n", [(1, "one"), (2, "two")]),
    "a block is a text": ("a: |\n  # none\n  b\n# one\nc: 1\n", [(4, "one")]),
    "a folded block is a text": ("a: >-\n  # none\n", []),
    "quotes over two lines": ('a: "b\n  # none"\n', []),
    "a text over two lines": ("a: b\n  c # one\n", [(2, "one")]),
    "no blank before it": ("a: b#none\n", []),
    "two marks in one line": ("a: 1 # one # still one\n", [(1, "one # still one")]),
    "Windows' ends of lines": ("a: 1\r\n# one\r\nb: 2 # two\r\n", [(2, "one"), (3, "two")]),
    "letters of two bytes": ("é: ü # ö\n", [(1, "ö")]),
    "only a comment": ("# one", [(1, "one")]),
    "nothing": ("", []),
    "no YAML": ("a: [1 # one\nb: }", []),
}


@pytest.mark.parametrize("name", CASES)
def test_comments_are_found(name):
    text, expected = CASES[name]
    assert find_comments(text) == tuple(Comment(*one) for one in expected)


def test_a_pipeline_names_the_files_below_it(write, tmp_path):
    from refinery.config import load_project

    pipeline = "source: s3://data/x.csv\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/x/{{ ds }}/\n"
    write("configs/defaults.yml", "retries: 3\n")
    write("configs/risk/defaults.yml", "# nothing yet\n")
    write("configs/other/defaults.yml", "retries: 1\n")
    write("configs/environments/prod.yml", "defaults: {retries: 3}\n")
    write("configs/risk/churn.yml", pipeline)
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "models", environment="prod")
    assert project.problems == ()
    (churn,) = project.pipelines
    assert [layer.path for layer in churn.layers] == [
        "configs/defaults.yml",
        "configs/risk/defaults.yml",
        "configs/environments/prod.yml",
    ]
