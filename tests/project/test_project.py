"""Finding a project, and reading its settings in pyproject.toml."""

from __future__ import annotations

import pytest

from refinery.errors import RefineryError
from refinery.project import find_project


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    monkeypatch.delenv("REFINERY_PROJECT", raising=False)
    monkeypatch.delenv("REFINERY_ENV", raising=False)


def test_it_is_the_nearest_folder_above_with_configs(tmp_path):
    (tmp_path / "configs" / "team").mkdir(parents=True)
    project = find_project(tmp_path / "configs" / "team")
    assert (project.root, project.configs) == (tmp_path, tmp_path / "configs")
    assert project.models == tmp_path / "include" / "models"


def test_it_is_the_nearest_folder_with_settings(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.refinery]\nconfigs = "pipelines"\nenvironment = "dev"\n')
    (tmp_path / "src").mkdir()
    project = find_project(tmp_path / "src")
    assert (project.configs, project.environment) == (tmp_path / "pipelines", "dev")


def test_refinery_project_names_it(tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    monkeypatch.setenv("REFINERY_PROJECT", str(tmp_path / "other"))
    assert find_project(tmp_path).root == tmp_path / "other"


def test_where_there_is_none_it_would_be_here(tmp_path):
    project = find_project(tmp_path)
    assert (project.root, project.environment) == (tmp_path, "local")


def test_refinery_env_comes_before_the_settings(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[tool.refinery]\nenvironment = "dev"\n')
    monkeypatch.setenv("REFINERY_ENV", "prod")
    assert find_project(tmp_path).environment == "prod"


def test_a_project_says_which_libraries_configs_may_name(tmp_path):
    assert "xgboost" in find_project(tmp_path).libraries
    (tmp_path / "pyproject.toml").write_text('[tool.refinery]\nlibraries = ["sklearn", "ngboost"]\n')
    assert find_project(tmp_path).libraries == ("sklearn", "ngboost")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[tool.refinery]\nenviroment = "dev"\n',
            'tool.refinery.enviroment: unknown key; did you mean "environment"?',
        ),
        ("[tool.refinery]\nconfigs = 1\n", "tool.refinery.configs: expected text; found 1"),
        ('[tool.refinery]\nconfigs = ""\n', 'tool.refinery.configs: expected text; found ""'),
        (
            '[tool.refinery]\nlibraries = "sklearn"\n',
            'tool.refinery.libraries: expected a list such as ["sklearn", "xgboost"]; found "sklearn"',
        ),
        (
            '[tool.refinery]\nlibraries = ["scikit-learn"]\n',
            '"scikit-learn" is not the name under which a library is imported, such as sklearn',
        ),
        ("[tool.refinery\n", "is not valid TOML"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, text, problem):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(RefineryError, match=r".*pyproject\.toml: ") as raised:
        find_project(tmp_path)
    assert problem in str(raised.value)


def test_the_plans_table_is_its_own_business(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.refinery.plan]\nmatrix_size = 50\n")
    assert find_project(tmp_path).root == tmp_path
