"""``make`` and ``scripts/setup``: what a newcomer types first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = """#!/bin/sh
# A Python of a version that a test chooses: it says so, makes an environment, and notes what is asked of it.
echo "$(basename "$0") $*" >>"$CALLS"
case "$*" in
*version_info*) exit {refused} ;;
*sys.executable*) echo "$0" ;;
"-m venv"*) mkdir -p .venv/bin && ln -sf "$0" .venv/bin/python ;;
esac
"""


@pytest.fixture
def checkout(project, tmp_path) -> Path:
    """The files that make works with, and a refinery that only says how it was called."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy2(project / name, folder / name)
    shutil.copytree(project / "scripts", folder / "scripts")
    (folder / "refinery").write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    (folder / "refinery").chmod(0o755)
    return folder


@pytest.fixture
def environment(checkout, tmp_path) -> Path:
    """An environment that another checkout made, linked into this one, and older than what it was made from."""
    shared = tmp_path / "shared"
    (shared / "bin").mkdir(parents=True)
    (shared / "bin" / "python").symlink_to(sys.executable)
    (shared / "complete").touch()
    os.utime(shared / "complete", (0, 0))
    (checkout / ".venv").symlink_to(shared)
    return shared


def make(folder, *arguments):
    inherited = {name: text for name, text in os.environ.items() if name not in ("DATE", "PORT")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=inherited, capture_output=True, text=True, check=False
    )


def test_help_lists_every_target(checkout):
    listed = [line.split()[1] for line in make(checkout, "help").stdout.splitlines()]
    declared = next(
        line for line in (checkout / "Makefile").read_text().splitlines() if line.startswith(".PHONY:")
    )
    assert sorted(listed) == sorted(declared.split()[1:])


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["demo"], "[demo]"),
        (["demo", "DATE=2026-01-31"], "[demo][--date][2026-01-31]"),
        (["demo", "DATE=1; touch hacked"], "[demo][--date][1; touch hacked]"),
        (
            ["demo", "DATE='$$(touch hacked)\"`touch hacked`"],
            "[demo][--date]['$(touch hacked)\"`touch hacked`]",
        ),
        (["up", "PORT=1; touch hacked"], "[up][--port][1; touch hacked]"),
        (["cluster", "PORT=1; touch hacked"], "[cluster][--port][1; touch hacked]"),
    ],
)
def test_what_is_given_to_make_reaches_the_command_as_one_word(checkout, environment, arguments, called):
    assert make(checkout, *arguments).stdout.endswith(called)
    assert not (checkout / "hacked").exists()


def test_an_environment_that_is_a_link_is_never_emptied(checkout, environment):
    done = make(checkout, "setup")

    assert done.returncode == 0
    assert "is a link, and is left as it is" in done.stderr
    assert (environment / "bin" / "python").exists()
    assert (checkout / ".venv").is_symlink()


@pytest.mark.parametrize("has_link", [False, True])
def test_an_environment_whose_interpreter_is_gone_is_made_anew(checkout, has_link):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    if has_link:
        (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    (checkout / ".venv" / "complete").touch()
    (checkout / "scripts" / "setup").write_text("#!/bin/sh\necho made anew\n")
    os.utime(checkout / "scripts" / "setup", (0, 0))

    assert make(checkout, "setup").stdout == "made anew\n"


class TestInterpreter:
    @pytest.fixture
    def setup(self, checkout, tmp_path):
        """Run scripts/setup where only these Pythons are on the PATH, and give what it said and what it asked of them."""

        def setup(pythons, **variables):
            path = tmp_path / "path"
            path.mkdir()
            for tool in ("sh", "dirname", "basename", "mkdir", "ln"):
                (path / tool).symlink_to(shutil.which(tool))
            for name, is_good in pythons.items():
                (path / name).write_text(PYTHON.format(refused=0 if is_good else 1))
                (path / name).chmod(0o755)
            calls = tmp_path / "calls"
            calls.touch()
            done = subprocess.run(
                ["scripts/setup"],
                cwd=checkout,
                env={"PATH": str(path), "CALLS": str(calls), **variables},
                capture_output=True,
                text=True,
                check=False,
            )
            return done, calls.read_text().splitlines()

        return setup

    @pytest.mark.parametrize(
        ("pythons", "variables", "chosen"),
        [
            ({"python3": True, "python3.12": True}, {}, "python3"),
            ({"python3": False, "python3.12": True, "python3.11": True}, {}, "python3.12"),
            ({"python3.11": True}, {}, "python3.11"),
            ({"python3": True, "mine": True}, {"PYTHON": "mine"}, "mine"),
            ({"python3": True, "mine": False}, {"PYTHON": "mine"}, "python3"),
        ],
    )
    def test_the_first_of_a_fitting_version_is_taken(self, setup, pythons, variables, chosen):
        done, calls = setup(pythons, **variables)
        assert done.returncode == 0, done.stderr
        assert f"{chosen} -m venv --clear .venv" in calls
        installed, compiled = calls[-2:]
        assert installed.endswith("--requirement requirements-dev.txt --constraint constraints.txt")
        assert "-m compileall" in compiled

    @pytest.mark.parametrize("variables", [{}, {"PYTHON": "python3"}])
    def test_an_environment_that_works_is_emptied_only_for_another_python(self, setup, checkout, variables):
        """An Airflow may be running in it."""
        python = checkout / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON.format(refused=0))
        python.chmod(0o755)

        done, calls = setup({"python3": True}, **variables)

        assert done.returncode == 0, done.stderr
        assert any("-m venv --clear" in call for call in calls) == bool(variables)
        assert "-m pip install" in calls[-2]

    def test_none_is_told_with_what_to_do(self, setup):
        done, calls = setup({"python3": False})
        assert done.returncode == 1
        assert "needs Python 3.11, 3.12 or 3.13, and none is on the PATH" in done.stderr
        assert not any("venv" in call for call in calls)


@pytest.mark.slow
@pytest.mark.thorough  # test_demo.py without make
def test_make_demo_runs_the_pipelines_of_a_checkout(project, project_copy):
    for name in ("Makefile", "refinery", "requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy2(project / name, project_copy / name)
    shutil.copytree(project / "scripts", project_copy / "scripts")
    (project_copy / ".venv").symlink_to(Path(sys.prefix))
    for name in ("petrol_consumption", "diabetes_progression"):
        (project_copy / "configs" / f"{name}.yml").unlink()

    done = make(project_copy, "demo", "DATE=2026-01-31")

    assert done.returncode == 0, done.stderr
    assert "s3://models/wine_cultivar/2026-01-31/" in done.stdout


@pytest.fixture
def command(project, tmp_path) -> Path:
    """The refinery command of a project without an environment, whose path has a space in it."""
    folder = tmp_path / "my project"
    folder.mkdir()
    return Path(shutil.copy2(project / "refinery", folder))


def run(command, **environment):
    return subprocess.run(
        [command, "list"], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_the_command_finds_its_project_through_a_link_on_the_path(command, tmp_path):
    python = command.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$PYTHONPATH" "$REFINERY_CALLED_AS" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "link").symlink_to(command)

    link = tmp_path / "link"
    told = run(link, PYTHONPATH="").stdout.splitlines()

    assert told == [f"{command.parent}:{command.parent}/include", str(link), "-m", "refinery", "list"]


def test_the_command_without_an_environment_names_the_folder_to_make_it_in(command, tmp_path):
    bare = tmp_path / "bin"
    bare.mkdir()
    (bare / "python3").write_text("#!/bin/sh\nexit 1\n")
    (bare / "python3").chmod(0o755)

    done = run(command, PATH=f"{bare}:{os.defpath}")

    assert done.returncode == 1
    assert done.stderr.endswith(f"make one with: make -C '{command.parent}' setup\n")
