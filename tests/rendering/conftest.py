"""A project with the configs that a test writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MINIMAL = """\
source: s3://datasets/churn.csv
model: random_forest
output: s3://models/{name}/{{{{ ds }}}}/
"""


class ConfigFolder:
    """Writes configs into a project that has the models of ours."""

    def __init__(self, root: Path, project: Path) -> None:
        self.root = root
        (root / "configs").mkdir()
        (root / "include").symlink_to(project / "include")

    def write(self, name: str, more: str = "", text: str | None = None) -> None:
        path = self.root / "configs" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text is not None else MINIMAL.format(name=name) + more)


@pytest.fixture
def configs(tmp_path: Path, project: Path) -> ConfigFolder:
    return ConfigFolder(tmp_path, project)
