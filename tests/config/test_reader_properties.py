"""Any content of the files gives pipelines and problems, and never anything else."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refinery.config import Project, load_project, problems_as_github, problems_as_json, render_problems
from refinery.config.models.pipeline import PipelineConfig
from refinery.config.yaml.reader import read_yaml
from refinery.config.yaml.source_file import SourceFile
from refinery.spec.units import format_duration, parse_duration

_KEYS = sorted(PipelineConfig.model_fields)
_PIECES = st.sampled_from(
    [
        *(f"{key}:" for key in _KEYS),
        *"[]{}:,-?&*!|>'\"%@`#\\\t\n",
        *(
            ": ",
            "- ",
            "? ",
            "{{ ds }}",
            "{{",
            "}}",
            "${",
            "$${",
            "${matrix.a}",
            "${b}",
            "&a ",
            "*a",
            "<<: ",
            "---\n",
        ),
        *(
            "s3://b/k",
            "https://u:p@h/",
            "AKIAIOSFODNN7EXAMPLE",
            "no",
            "1_0",
            "010",
            "2026-01-01",
            "6h",
            "null",
            "\n  ",
        ),
        *(
            "\u2028",
            "\x85",
            "\ufeff",
            "\r",
            "\r\n",
            "\u0301",
            "\U0001f600",
            "{%",
            "__type__",
            "matrix: {a: [1, x]}\n",
        ),
    ]
)
_TEXTS = st.one_of(st.text(), st.lists(_PIECES, max_size=40).map("".join))
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), _PIECES
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([*_KEYS, "url", "module", "x"]), inner, max_size=4),
    ),
    max_leaves=12,
)
_RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def load(tmp_path, write):
    write("include/models/ridge.py", "def build_model(alpha=1): ...\n")

    def load_files(files: dict[str, bytes]) -> Project:
        for path, content in files.items():
            file = tmp_path / "configs" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
        _check_reports(project)
        return project

    return load_files


def _check_reports(project: Project) -> None:
    """Check that a config makes a pipeline or is reported, and that each problem can be shown."""
    assert project.pipelines or any(problem.severity == "error" for problem in project.problems)
    text = render_problems(project.problems)
    assert not set(text) & (set(map(chr, range(32))) - {"\n"})
    assert len(problems_as_github(project.problems).splitlines()) == len(project.problems)
    for problem in problems_as_json(project.problems):
        assert problem["line"] >= 1
        assert problem["column"] >= 1
        assert problem["message"]
        assert "pydantic" not in problem["message"]


@given(content=st.binary(max_size=300))
@_RELAXED
def test_any_bytes_are_reported(load, content):
    load({"p.yml": content})


@given(text=_TEXTS, defaults=_TEXTS, environment=_TEXTS)
@_RELAXED
def test_any_text_in_any_file_is_reported(load, text, defaults, environment):
    load(
        {
            "p.yml": text.encode("utf-8", "surrogatepass"),
            "defaults.yml": defaults.encode("utf-8", "surrogatepass"),
            "environments/local.yml": environment.encode("utf-8", "surrogatepass"),
        }
    )


@given(config=st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6))
@_RELAXED
def test_any_values_under_the_true_keys_are_reported(load, config):
    load({"p.yml": _write_flow(config).encode("utf-8", "surrogatepass")})


@given(text=_TEXTS)
def test_reading_a_text_gives_a_mapping_or_a_problem(text):
    problems: list[object] = []
    tree = read_yaml(SourceFile("p.yml", text), problems)
    assert tree is None or isinstance(tree.to_plain(), dict)


@given(
    values=st.dictionaries(
        st.text(string.ascii_letters, min_size=1), _SCALARS | st.lists(_SCALARS, max_size=3)
    )
)
def test_what_is_written_in_quotes_is_read_back(values):
    texts = {key: str(value) for key, value in values.items()}
    tree = read_yaml(SourceFile("p.yml", _write_flow(texts)), [])
    assert tree is not None
    assert tree.to_plain() == texts


@given(seconds=st.integers(min_value=0, max_value=86_400 * 1000))
def test_a_duration_is_read_back(seconds):
    duration = parse_duration(f"{seconds % 1_000_000}s")
    assert parse_duration(format_duration(duration)) == duration


def _write_flow(value: object) -> str:
    """Write a value as YAML on one line, texts in double quotes."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_write_flow(key)}: {_write_flow(inner)}" for key, inner in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_write_flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(_escape(character) for character in value) + '"'
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _escape(character: str) -> str:
    # Half of a surrogate pair is not a character: YAML cannot write it.
    if "\ud800" <= character <= "\udfff":
        return "?"
    return f"\\U{ord(character):08x}"
