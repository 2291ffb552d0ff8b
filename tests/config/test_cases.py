"""The tables in cases/: what is said of bad configs, and what good ones mean."""

from __future__ import annotations

from include.config import render_problems


def test_a_bad_config_is_reported_whole(bad_case, tmp_path):
    project = bad_case.load(tmp_path)
    assert render_problems(project.problems) == bad_case.problems


def test_a_bad_config_makes_no_pipeline_and_a_warning_does_not_stop_one(bad_case, tmp_path):
    project = bad_case.load(tmp_path)
    broken = {problem.path for problem in project.problems if problem.severity == "error"}
    assert not broken & {pipeline.path for pipeline in project.pipelines}
    if not broken:
        assert project.pipelines


def test_a_good_config_means_what_the_table_says(good_case, tmp_path, describe):
    project = good_case.load(tmp_path)
    assert render_problems(project.problems) == ""
    assert describe(project) == good_case.pipelines


def test_the_tables_are_long_enough(all_cases):
    assert len(all_cases("bad")) >= 100
    assert len(all_cases("good")) >= 25
