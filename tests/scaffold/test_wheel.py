"""The wheel, installed outside the checkout."""

from __future__ import annotations

import zipfile

import pytest

import refinery


def test_it_holds_the_library_and_nothing_of_the_project(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {
        "refinery",
        f"airflow_refinery-{refinery.__version__}.dist-info",
    }
    assert "refinery/card/templates/card.html" in names
    assert "refinery/py.typed" in names
    entries = next(name for name in names if name.endswith("entry_points.txt"))
    assert (
        "[airflow.plugins]\nrefinery = refinery.plugin:RefineryPlugin"
        in zipfile.ZipFile(wheel).read(entries).decode()
    )


def test_the_command_says_its_version(run, tmp_path):
    assert run(tmp_path, "--version").stdout == f"refinery {refinery.__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "before",
    [
        pytest.param({}, id="new"),
        # Fewer files of the same ones.
        pytest.param(
            {"dags/own.py": "", "requirements.txt": "pandas\n"}, id="airflow", marks=pytest.mark.thorough
        ),
    ],
)
def test_a_project_that_it_makes_runs_at_once(run, copy_database, tmp_path, before):
    for name, text in before.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    made = run(tmp_path, "init")
    assert made.returncode == 0, made.stderr
    assert "refinery demo wine" in made.stderr
    copy_database(tmp_path / ".local" / "demo")
    ran = run(tmp_path, "demo", "wine")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "accuracy" in ran.stdout
    assert len(list(tmp_path.glob(".local/s3/models/wine/*/model.pkl"))) == 1
