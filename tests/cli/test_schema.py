from __future__ import annotations

import json

from refinery.config import configuration_page, project_schema
from refinery.review.risks import risks_page


def test_all_files_are_written_and_a_check_leaves_a_stale_one(refinery):
    done = refinery("schema")
    assert (done.returncode, done.stdout) == (
        0,
        "Wrote configs/schema.json\nWrote docs/configuration.md\nWrote docs/risks.md\n",
    )
    assert refinery.read("docs/configuration.md") == configuration_page()
    assert refinery.read("docs/risks.md") == risks_page()
    assert json.loads(refinery.read("configs/schema.json")) == project_schema(refinery.root / "configs")

    done = refinery("schema", "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "All files are up to date.\n")

    refinery.write("docs/configuration.md", "old")
    done = refinery("schema", "--check")
    assert (done.returncode, done.stdout) == (
        1,
        "docs/configuration.md is out of date; update it with: refinery schema\n",
    )
    assert refinery.read("docs/configuration.md") == "old"


def test_what_the_defaults_give_is_not_asked_of_a_config(refinery):
    refinery.write("configs/defaults.yml", "model: random_forest\n")
    refinery("schema")
    assert json.loads(refinery.read("configs/schema.json"))["required"] == ["source", "output"]
