"""Configs that mean harm: none runs code, hangs, or shows what it may not see."""

from __future__ import annotations

import os
import time

import pytest

from refinery.config import load_project, render_problems
from refinery.config.read import read_pipelines

_HEALTHY = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/healthy/{{ ds }}/\n"
# Far above what the slowest of them takes; without the limits they take minutes or the whole memory.
_SECONDS = 10


@pytest.fixture
def report(tmp_path, write):
    """Load a config that stands beside a healthy one, and return what is said of it."""
    write("include/models/ridge.py", "def build_model(alpha=1): ...\n")
    write("configs/healthy.yml", _HEALTHY)

    def load(content: str | bytes | None = None) -> str:
        if content is not None:
            file = tmp_path / "configs/hostile.yml"
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        started = time.monotonic()
        project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
        assert time.monotonic() - started < _SECONDS
        assert [pipeline.dag_id for pipeline in project.pipelines] == ["healthy"]
        return render_problems(project.problems)

    return load


def _billion_laughs() -> str:
    levels = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join(levels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_billion_laughs(), "aliases up to here expand to more than 10,000 values"),
        ("a: &a [*a]\n", 'no anchor "&a" comes before this alias'),
        ("a: " + "[" * 300_000, "is nested more than 40 levels deep"),
        ("- " * 300_000, "is nested more than 40 levels deep"),
        ("? " * 300_000, "a key must be plain text"),
        ("a: " + "{a: " * 200_000, "is nested more than 40 levels deep"),
        ("#" * 2_000_000, "is larger than 1 MB"),
        ("a: [" + "1, " * 300_000 + "1]", "contains more than 100,000 values"),
        ("a" * 900_000 + ": 1", "configs/hostile.yml:1:"),
        ("source: {" + "a" * 900 + ": 1}", "this key has more than 200 characters"),
        (
            "retries: " + "9" * 100_000 + "\n" + _HEALTHY,
            "retries: this number of 100,000 characters is too long",
        ),
        ("retries: 0x" + "f" * 100_000 + "\n" + _HEALTHY, "retries: expected a whole number"),
        ("retries: " + "9" * 250 + "\n" + _HEALTHY, "retries: does not fit into 64 bits"),
        ("model: " + "m" * 300, "model: there is no include/models/mmm"),
        ("model: {script: " + "s" * 300 + ".py}", "model.script: there is no include/models/sss"),
        (b"\x00" * 100, "the control character U+0000 is not allowed"),
        (b"source: \x1b[2J\n", "the control character U+001B is not allowed"),
        ("source: s3://data/x.csv".encode("utf-16"), "is written in UTF-16; save it as UTF-8"),
        (b"# caf\xe9\nsource: x\n", "byte 0xe9 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_an_attack_on_the_reader_is_one_problem(report, content, message):
    assert message in report(content)


@pytest.mark.parametrize(
    ("character", "reason"),
    [
        *((character, "is not allowed") for character in "\x00\x07\x0b\x0c\x1b\x7f\x80\x9f\ufffe"),
        *((character, "begins a new line for YAML") for character in "\x85\u2028\u2029\r"),
        *(
            (character, "changes the order in which text is displayed")
            for character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ),
    ],
)
@pytest.mark.parametrize("line", ["# note{0} overwrite: true", 'description: "a{0}b"', "owner: a{0}"])
def test_a_control_character_is_refused_at_its_place(report, character, reason, line):
    """A reviewer and YAML read the same text."""
    text = report(_HEALTHY.replace("healthy", "p") + "retries: 1\r\n" + line.format(character) + " \n")
    column = line.index("{0}") + 1
    assert f"configs/hostile.yml:5:{column}: the control character U+{ord(character):04X} {reason}" in text
    assert character.encode("unicode_escape").decode() + " in double quotes" in text
    assert character not in text


@pytest.mark.parametrize(
    "description",
    [
        '"a\\u2028b\\N\\u202e"',
        "\u05d1\u05d3\u05d9\u05e7\u05d4 churn",
        "\u0646\u0645\u0648\u0630\u062c\u200f (v2)\u200e",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
)
def test_escapes_and_letters_from_right_to_left_are_welcome(write, tmp_path, description):
    write("include/models/ridge.py", "def build_model(): ...\n")
    write("configs/p.yml", f"{_HEALTHY}description: {description}\n")
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    assert render_problems(project.problems) == ""


def test_a_terminal_is_not_commanded_by_an_excerpt(report):
    assert "\x1b" not in report(b"source: \x1b[2J\n")


def test_a_large_file_is_not_read_whole(report, tmp_path):
    with (tmp_path / "configs/hostile.yml").open("wb") as file:
        file.truncate(50_000_000_000)  # sparse: takes no disk
    assert "is larger than 1 MB" in report()


def test_a_link_shows_no_other_file(report, tmp_path):
    (tmp_path / "secret.txt").write_text("hunter2: x\n")
    (tmp_path / "configs/hostile.yml").symlink_to(tmp_path / "secret.txt")
    text = report()
    assert "hostile.yml:1:1: is a symbolic link" in text
    assert "hunter2" not in text


def test_a_linked_folder_is_reported_and_not_skipped(report, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/p.yml").write_text(_HEALTHY)
    (tmp_path / "configs/team").symlink_to(tmp_path / "elsewhere")
    assert report() == (
        "configs/team:1:1: this folder is a symbolic link, which is not followed; move the folder itself here"
    )


def test_a_pipe_is_not_waited_for(report, tmp_path):
    os.mkfifo(tmp_path / "configs/hostile.yml")
    assert "hostile.yml:1:1: is not a regular file" in report()


def test_a_folder_of_a_configs_name_is_looked_into_as_a_folder(report, tmp_path):
    (tmp_path / "configs/hostile.yml").mkdir()
    (tmp_path / "configs/hostile.yml/p.yml").write_text(_HEALTHY)
    assert 'has a dot in "hostile.yml"' in report()


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [touch pwned]",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/object/new:os.system [touch pwned]",
        "!include /etc/passwd",
        "!ENV PATH",
        "{__type__: datetime.timedelta, days: 1}",
        "{__type__: os.system, command: touch pwned}",
        "{class: os.system}",
        "{class: sklearn.utils..os}",
        "{class: sklearn}",
        "{class: sklearnevil.Model}",
        "{class: 'sklearn.x; import os'}",
        "{module: os}",
        "{module: ../../os}",
        "{module: __init__}",
        "{module: ''}",
        "{script: ../../x.py}",
        "{script: /bin/x.py}",
        "{script: 'x.py; touch pwned'}",
        "{script: 'https://example.com/x.py'}",
        "{script: -c.py}",
        "{script: .hidden.py}",
        '{script: "a\\\\..\\\\b.py"}',
        "{module: ridge, args: [-c]}",
        "os.system",
        "include.models.ridge",
    ],
)
def test_a_model_is_a_name_and_nothing_else(report, tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    text = report(f"source: s3://data/x.csv\nmodel: {value}\noutput: s3://models/x/{{{{ ds }}}}/\n")
    assert "configs/hostile.yml:2:" in text
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ds.__class__ }}",
        "{{ ds|attr('x') }}",
        "{{ cycler() }}",
        "{{ params['x'] }}",
        "{{ params.x.y }}",
        "{{ var.value.secret }}",
        "{{ conn.aws_default.password }}",
        "{{ macros.os }}",
        "{{ 7*7 }}",
        "{{ [] }}",
        "{{ ds }}{{ ti }}",
        "{{- ds -}}",
        "{{ ds",
        "{{ {{ ds }} }}",
        "{% set x = 1 %}",
        "{%- raw -%}",
        "{# ds #}",
        "{{ ds }}\\n{{ x }}",
    ],
)
def test_a_template_is_a_macro_and_nothing_else(report, template):
    config = f'source: s3://data/x.csv\nmodel: {{module: ridge, params: {{alpha: "{template}"}}}}\n'
    text = report(f"{config}output: s3://models/x/{{{{ ds }}}}/\n")
    assert "model.params.alpha: " in text


@pytest.mark.parametrize(
    "name",
    ["LD_PRELOAD", "ld_library_path", "DYLD_INSERT_LIBRARIES", "PATH", "BASH_ENV", "PYTHONSTARTUP", "A=B"],
)
def test_the_environment_of_a_script_decides_nothing_that_runs(report, write, name):
    write("include/models/legacy.py", "pass\n")
    config = f"source: s3://data/x.csv\nmodel: {{script: legacy.py, env: {{{name}: x}}}}\n"
    text = report(f"{config}output: s3://models/x/{{{{ ds }}}}/\n")
    assert f"model.env.{name}: " in text


@pytest.mark.parametrize(
    "text", ["{dataset.__class__}", "{dataset!r}", "{0}", "{}", "{dataset", "{__class__}"]
)
def test_a_placeholder_is_a_name_and_nothing_else(write, tmp_path, text):
    write("include/models/legacy.py", "pass\n")
    config = f"source: s3://data/x.csv\nmodel: {{script: legacy.py, args: ['{text}']}}\n"
    write("configs/p.yml", f"{config}output: s3://models/x/{{{{ ds }}}}/\n")
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    arguments = [pipeline.config.model.args for pipeline in project.pipelines]
    assert arguments == ([] if text == "{__class__}" else [(text,)])


def test_a_variable_cannot_bring_a_template_or_a_path(report, write):
    write("configs/environments/local.yml", 'vars: {m: "../../x", b: "{", e: "}"}\n')
    text = report("source: s3://data/${b}{ ti }${e}\nmodel: ${m}\noutput: s3://models/x/{{ ds }}/\n")
    assert "configs/hostile.yml:1:9: source: " in text
    assert "configs/environments/local.yml:1:11: model: " in text


def test_a_variable_is_put_in_once(report, write):
    write("configs/environments/local.yml", 'vars: {a: "${a}${a}", z: "${HOME}"}\n')
    text = report("source: s3://data/${a}${z}\nmodel: ridge\noutput: s3://models/x/{{ ds }}/\nretries: x\n")
    assert "configs/hostile.yml:4:10: retries: expected a whole number" in text


def test_a_model_module_is_not_imported(report, tmp_path, write):
    write("include/models/evil.py", f"open({str(tmp_path / 'pwned')!r}, 'w')\ndef build_model(): ...\n")
    report(
        "source: s3://data/x.csv\nmodel: {module: evil, params: {x: 1}}\noutput: s3://models/x/{{ ds }}/\n"
    )
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("source", ["(" * 5000, "x = " + "-" * 100_000 + "1", "\0", "\xff" * 10])
def test_a_module_that_no_parser_takes_is_one_problem(report, write, source):
    write("include/models/evil.py", source)
    text = report("source: s3://data/x.csv\nmodel: evil\noutput: s3://models/x/{{ ds }}/\n")
    assert "configs/hostile.yml:2:8: model: include/models/evil.py" in text


def test_a_module_that_imports_what_no_file_can_be_called_harms_nobody(write, tmp_path):
    write("include/models/ridge.py", f"import {'m' * 300}\ndef build_model(): ...\n")
    write("configs/a.yml", _HEALTHY)
    write("configs/b.yml", _HEALTHY.replace("healthy", "other"))
    project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
    assert [pipeline.dag_id for pipeline in project.pipelines] == ["a", "b"]


def test_a_config_that_refinery_itself_fails_on_hides_no_other(report, monkeypatch):
    """Nobody foresees every fault, so one is put in by force."""

    def read(file, *args, **kwargs):
        if file == "hostile.yml":
            raise KeyError("a value of the config")
        return read_pipelines(file, *args, **kwargs)

    monkeypatch.setattr("refinery.config.project.read_pipelines", read)
    text = report(_HEALTHY)
    assert text == (
        "configs/hostile.yml:1:1: cannot be checked: Refinery failed on it (KeyError), which is a bug in Refinery; please report it"
    )
