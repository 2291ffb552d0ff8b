"""What Airflow's database cannot store is refused with its place."""

from __future__ import annotations

import pytest

from refinery.config import load_project

RIDGE = "def build_model(alpha=1): ...\n"
PLAIN = {
    "source": "s3://data/x.csv",
    "model": "{module: ridge, params: {alpha: 1}}",
    "output": "'s3://models/p/{{ ds }}/'",
}


@pytest.fixture
def problems(write, tmp_path):
    """Load a plain config with some keys replaced or added, and return what is wrong with it."""
    write("include/models/ridge.py", RIDGE)

    def load(**keys: str) -> list[str]:
        text = "".join(f"{key}: {value}\n" for key, value in (PLAIN | keys).items())
        write("configs/p.yml", text)
        project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
        assert bool(project.problems) != bool(project.pipelines)
        return [str(problem) for problem in project.problems]

    return load


class TestAssetUris:
    """PostgreSQL takes 1,340 characters for an asset's name and as many for its URI."""

    @pytest.mark.parametrize(
        ("key", "value", "place"),
        [
            ("source", f"https://example.com/{'a' * 1_321}", "1:9: source: "),
            ("source", f"https://example.com/a.csv?q={'a' * 1_500}", "1:9: source: "),
            ("source", f"s3://data/{'é' * 400}.csv", "1:9: source: "),
            ("source", f"[s3://data/x.csv, 's3://data/{'é' * 400}.csv']", "1:27: source[1]: "),
            ("output", f"'s3://models/{'é' * 400}/{{{{ ds }}}}/'", "3:9: output: "),
            ("schedule", f"{{assets: s3://models/{'é' * 400}/}}", "4:20: schedule.assets"),
        ],
    )
    def test_one_that_is_too_long_is_refused(self, problems, key, value, place):
        (problem,) = problems(**{key: value})
        assert problem.startswith(f"configs/p.yml:{place}")
        assert "makes an asset URI of " in problem
        assert "but Airflow's database allows 1,340; use a shorter URL" in problem

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("source", f"https://example.com/{'a' * 1_320}"),
            ("source", f"s3://data/{'a' * 1_020}.csv"),
            ("source", f"s3://data/{{{{ ds }}}}/{'é' * 400}.csv"),
            ("workspace", f"s3://data/{'é' * 400}/"),  # not an asset
        ],
    )
    def test_one_that_fits_is_not(self, problems, key, value):
        assert problems(**{key: f"'{value}'"}) == []


MORE_THAN_64_BITS = "does not fit into 64 bits"
NOT_FINITE = "which Airflow's database cannot store"
NUL = "contains the character U+0000, which Airflow's database cannot store; remove it"


class TestValues:
    """What PostgreSQL's JSON and text cannot hold, and what is too large to be sent to the process that stores it."""

    @pytest.mark.parametrize(
        ("key", "value", "place", "message"),
        [
            ("model", "{module: ridge, params: {alpha: .nan}}", (2, "model.params.alpha: "), NOT_FINITE),
            (
                "model",
                "{module: ridge, params: {alpha: [1, -.INF]}}",
                (2, "model.params.alpha[1]: "),
                NOT_FINITE,
            ),
            ("model", "{module: ridge, params: {alpha: 1e400}}", (2, "model.params.alpha: "), NOT_FINITE),
            (
                "model",
                f"{{module: ridge, params: {{alpha: {2**64}}}}}",
                (2, "model.params.alpha: "),
                MORE_THAN_64_BITS,
            ),
            (
                "model",
                f"{{module: ridge, params: {{alpha: {-(2**63) - 1}}}}}",
                (2, "model.params.alpha: "),
                MORE_THAN_64_BITS,
            ),
            (
                "model",
                f"{{module: ridge, params: {{alpha: {{{2**64}: 1}}}}}}",
                (2, "model.params.alpha."),
                "cannot be a key",
            ),
            ("model", r'{module: ridge, params: {alpha: "a\0b"}}', (2, "model.params.alpha: "), NUL),
            ("model", r'{module: ridge, params: {alpha: {"a\0": 1}}}', (2, "model.params.alpha: "), NUL),
            ("description", r'"a\0b"', (4, "description: "), NUL),
            ("description", r'"a\u0000b"', (4, "description: "), NUL),
            ("owner", r'"a\x00b"', (4, "owner: "), NUL),
            ("tags", r'["a\0b"]', (4, "tags[0]: "), NUL),
            ("features", r'["a\0b"]', (4, "features[0]: "), NUL),
            ("target", f"{2**64}", (4, "target: "), MORE_THAN_64_BITS),
            ("expect", r'{columns: {"a\0b": {type: text}}}', (4, "expect.columns: "), NUL),
            ("expect", r'{columns: {a: {values: ["a\0b"]}}}', (4, "expect.columns.a.values[0]: "), NUL),
            (
                "notify",
                r'{on_failure: [{slack: {channel: "#a\0"}}]}',
                (4, "notify.on_failure[0].slack.channel: "),
                NUL,
            ),
            ("require", "{r2: {min: -.inf}}", (4, "require.r2.min: "), NOT_FINITE),
            ("matrix", r'{region: [us, "e\0u"]}', (4, "matrix.region[1]: "), NUL),
        ],
    )
    def test_one_that_cannot_be_stored_is_refused(self, problems, key, value, place, message):
        line, name = place
        found = problems(**{key: value})
        assert found[0].startswith(f"configs/p.yml:{line}:")
        assert f": {name}" in found[0]
        assert message in found[0]

    def test_nor_may_a_variable_or_a_default_bring_one(self, problems, write):
        write("configs/environments/local.yml", r'vars: {who: "a\0b"}' + "\n")
        write("configs/defaults.yml", "model: {params: {beta: .inf}}\n")
        found = problems(owner="${who}")
        assert any("configs/environments/local.yml:1:13" in one and NUL in one for one in found)
        assert any("configs/defaults.yml:1:24" in one and NOT_FINITE in one for one in found)

    @pytest.mark.parametrize(
        "alpha",
        [
            2**64 - 1,
            -(2**63),
            1.7976931348623157e308,
            "5e-324",
            r'"\x01\x1b\x7f\uffff"',
            r'"\U0001F600"',
            "{0: 1, 1.5: 2}",
        ],
    )
    def test_one_that_can_is_not(self, problems, alpha):
        assert problems(model=f"{{module: ridge, params: {{alpha: {alpha}}}}}") == []


LISTED = [
    ",".join(map(str, numbers)) for numbers in (range(60), range(24), range(1, 32), range(1, 13), range(7))
]


class TestColumns:
    """Texts are at most as long as the columns that hold them, and dates in a range that timetables can reckon with."""

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("owner", "o" * 501, "owner: must be at most 500 characters long, but has 501"),
            ("pool", "p" * 257, "pool: must be at most 256 characters long, but has 257"),
            ("queue", "q" * 257, "queue: must be at most 256 characters long, but has 257"),
            ("tags", f"[{'t' * 101}]", "tags[0]: must be at most 100 characters long, but has 101"),
            ("priority", str(2**31), "priority: must be at most 2,147,483,647, but is 2147483648"),
            (
                "start_date",
                "0001-01-01",
                "start_date: must be from 1900-01-01 to 2199-12-31, but is 0001-01-01",
            ),
            (
                "start_date",
                "9999-12-31",
                "start_date: must be from 1900-01-01 to 2199-12-31, but is 9999-12-31",
            ),
            ("end_date", "9999-12-31", "end_date: must be from 1900-01-01 to 2199-12-31, but is 9999-12-31"),
            (
                "schedule",
                f'"{" ".join(LISTED)}"',
                "schedule: needs more than 1,000 characters to describe",
            ),
            (
                "schedule",
                f'"{",".join(["1"] * 400)} * * * *"',
                "schedule: needs more than 1,000 characters",
            ),
            (
                "schedule",
                f'"0 0 9 {",".join(["5-9"] * 20)} 1,3"',
                "schedule: needs more than 1,000 characters",
            ),
            (
                "schedule",
                "0 0 L * FRI#2",
                "combines days of the month and of the week in a way that Airflow cannot schedule",
            ),
            ("schedule", "R 0 * * *", 'the minute "R" is not valid'),
        ],
    )
    def test_what_is_beyond_them_is_refused(self, problems, key, value, message):
        (found,) = problems(**{key: value})
        assert found.startswith("configs/p.yml:4:")
        assert message in found

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("owner", "o" * 500),
            ("pool", "p" * 256),
            ("queue", "q" * 256),
            ("tags", f"[{'t' * 100}]"),
            ("start_date", "1900-01-01"),
            ("end_date", "2199-12-31"),
            ("schedule", f'"{LISTED[0]} * * * *"'),
            ("schedule", f'"{LISTED[0]} {LISTED[1]} * * 1-5"'),
            ("schedule", "0 0 * * FRI#2"),
        ],
    )
    def test_what_fits_is_not(self, problems, key, value):
        assert problems(**{key: value}) == []

    def test_a_folders_name_is_a_tag(self, write, tmp_path):
        write("include/models/ridge.py", RIDGE)
        for name in ("t" * 100, "t" * 101):
            write(
                f"configs/{name}/p.yml",
                f"source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/{name}/{{{{ ds }}}}/\n",
            )
        project = load_project(tmp_path / "configs", models_dir=tmp_path / "include/models")
        assert [pipeline.tags for pipeline in project.pipelines] == [("t" * 100,)]
        assert "whose name becomes a tag of 101 characters; Airflow allows 100" in str(project.problems[0])


class TestParams:
    """Only a param that the config declares has a value in every run, and only its plain form is one."""

    @pytest.mark.parametrize(
        ("macro", "reason"),
        [
            ("params.X", '"X" is not declared under params'),
            (" params.region ", '"region" is not declared under params'),
            ("params.x.y", "a param is written as {{ params.x }}"),
            ("params[x]", "a param is written as {{ params.x }}"),
            ("params.x|upper", "a param is written as {{ params.x }}"),
        ],
    )
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("source", "'s3://data/{}.csv'"),
            ("source", "[s3://data/x.csv, 's3://data/{}.csv']"),
            ("source", "https://example.com/{}/x.csv"),
            ("output", "'s3://models/{{{{ ds }}}}/{}/'"),
            ("model", '{{module: ridge, params: {{alpha: "{}"}}}}'),
            ("model", '{{script: legacy.py, args: ["{}"]}}'),
            ("model", '{{script: legacy.py, env: {{A: "{}"}}}}'),
            ("notify", '{{on_failure: [{{slack: {{channel: "#a", message: "{}"}}}}]}}'),
            ("notify", '{{on_success: [{{smtp: {{to: a@b.example, subject: "{}"}}}}]}}'),
        ],
    )
    def test_others_are_refused_wherever_templates_may_stand(
        self, problems, write, *, key, value, macro, reason
    ):
        write("include/models/legacy.py", "pass\n")
        value = value.format("{{" + macro + "}}")
        quoted = f'"{value}"' if key == "source" and value.startswith("https") else value
        found = problems(**{key: quoted})
        assert reason in found[0]
        assert f": {key}" in found[0]
