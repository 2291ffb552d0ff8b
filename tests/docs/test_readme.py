"""README.md's first commands work in their order, as they can be pasted."""

from __future__ import annotations

import re

import pytest

from refinery.cli.app import app


@pytest.fixture(scope="module")
def page(project):
    return (project / "README.md").read_text()


@pytest.fixture(scope="module")
def shell(page):
    return "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))


def test_what_is_loaded_was_made_by_the_command_before_it(shell):
    (made,) = re.findall(r"make demo DATE=(\S+)", shell)
    assert f"load s3://models/petrol_consumption/{made}/" in shell


def test_its_commands_and_datasets_are_there(shell, project):
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"\brefinery (\w+)", shell)) <= commands
    samples = project / "include" / "sample_data"
    named = re.findall(r"--source s3://(\S+)|include/sample_data/(\S+)", shell)
    assert named
    assert all((samples / (dataset or path)).is_file() for dataset, path in named)
