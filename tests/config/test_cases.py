"""The tables in cases/: what is said of bad configs, and what good ones mean."""

from __future__ import annotations

from refinery.config import render_problems


def test_a_bad_config_is_reported_whole_and_makes_no_pipeline(bad_case, tmp_path):
    """A warning does not stop one."""
    project = bad_case.load(tmp_path)
    assert render_problems(project.problems) == bad_case.problems
    broken = {problem.path for problem in project.problems if problem.severity == "error"}
    assert not broken & {pipeline.path for pipeline in project.pipelines}
    if not broken:
        assert project.pipelines


def test_a_good_config_means_what_the_table_says(good_case, tmp_path, describe):
    project = good_case.load(tmp_path)
    assert render_problems(project.problems) == ""
    assert describe(project) == good_case.pipelines
