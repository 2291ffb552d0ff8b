"""Every kind of risk is raised where it should be and not where a change only comes near; comments accept them."""

from __future__ import annotations

import re
from datetime import date

import pytest

from refinery.config import load_project
from refinery.review.errors import ReviewError
from refinery.review.plan import PipelineChange
from refinery.review.risks import KINDS, Thresholds, find_risks, risks_page

DAY = date(2026, 1, 31)
MODEL = "def build_model():\n    return None\n"
PIPELINE = "source: s3://data/x.csv\nmodel: ridge\noutput: s3://models/x/{{ ds }}/\n"
MATRIX = """source: s3://data/x.csv
model: ridge
output: s3://models/${{matrix.n}}/{{{{ ds }}}}/
matrix: {{n: [{}]}}
"""


def find(base, head, *, thresholds=None):
    """Find the risks between two loaded projects, whose pipelines are paired by their ids."""
    assert base.problems == head.problems == ()
    before = {one.dag_id: one for one in base.pipelines}
    after = {one.dag_id: one for one in head.pipelines}
    changes = tuple(
        PipelineChange(
            "changed", dag_id, None, "", (), (), None, None, (), before.get(dag_id), after.get(dag_id)
        )
        for dag_id in sorted({*before, *after})
        if dag_id not in before or dag_id not in after or before[dag_id].config != after[dag_id].config
    )
    return find_risks(changes, base=base, head=head, day=DAY, thresholds=thresholds or Thresholds())


@pytest.fixture
def risks(write_files):
    """The risks between two sides of configs/x.yml and what else is given, as (code, severity, accepted)."""

    def find_them(base: str, head: str, *, thresholds=None, both=None, base_files=None, head_files=None):
        sides = []
        for side, text, own in (("base", base, base_files), ("head", head, head_files)):
            files = {"configs/x.yml": PIPELINE + text, "ridge.py": MODEL, **(both or {}), **(own or {})}
            root = write_files(side, files)
            sides.append(load_project(root / "configs", models_dir=root))
        return find(*sides, thresholds=thresholds)

    return find_them


def codes(risks):
    return [risk.code for risk in risks if risk.accepted is None]


class TestThresholds:
    def test_what_a_change_sets_otherwise_is_named(self):
        before = Thresholds(catchup_runs=3, severity={"R060": "low", "R013": "low"})
        after = Thresholds(catchup_runs=9, severity={"R060": "off", "R001": "off"})
        assert after.edits_since(before) == ["catchup_runs 3 -> 9", "R001 high -> off", "R060 low -> off"]

    def test_the_stricter_of_two_counts(self):
        before = Thresholds(catchup_runs=3, matrix_size=50, severity={"R060": "low", "R013": "high"})
        after = Thresholds(catchup_runs=9, matrix_size=5, severity={"R060": "off", "R001": "off"})
        expected = Thresholds(
            catchup_runs=3, matrix_size=5, severity={"R060": "low", "R013": "high", "R001": "high"}
        )
        assert after.stricter(before) == before.stricter(after) == expected

    def test_without_a_table_they_are_the_defaults(self):
        assert Thresholds.from_pyproject("") == Thresholds.from_pyproject("[tool.ruff]\n") == Thresholds()

    def test_a_project_sets_what_is_too_much(self):
        text = '[tool.refinery.plan]\nmatrix_size = 3\nseverity = {R005 = "low", R008 = "off"}\n'
        assert Thresholds.from_pyproject(text) == Thresholds(
            matrix_size=3, severity={"R005": "low", "R008": "off"}
        )

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("matrix_sise = 3", 'tool.refinery.plan.matrix_sise: unknown key; did you mean "matrix_size"?'),
            (
                'matrix_size = "3"',
                "tool.refinery.plan.matrix_size: expected a whole number of at least 0; found '3'",
            ),
            (
                "matrix_size = true",
                "tool.refinery.plan.matrix_size: expected a whole number of at least 0; found True",
            ),
            (
                "matrix_size = -1",
                "tool.refinery.plan.matrix_size: expected a whole number of at least 0; found -1",
            ),
            (
                "severity = 'low'",
                'tool.refinery.plan.severity: expected levels by code, such as severity = {R005 = "low"}',
            ),
            (
                "severity = {R999 = 'low'}",
                "tool.refinery.plan.severity.R999: unknown risk; docs/risks.md lists them all",
            ),
            (
                "severity = {R005 = 'bad'}",
                "tool.refinery.plan.severity.R005: expected high, medium, low, off; found 'bad'",
            ),
        ],
    )
    def test_a_wrong_setting_is_reported_with_its_key(self, text, told):
        with pytest.raises(ReviewError) as raised:
            Thresholds.from_pyproject(f"[tool.refinery.plan]\n{text}\n")
        assert str(raised.value) == f"pyproject.toml: {told}"
        assert not raised.value.retryable

    def test_a_file_that_is_not_toml_is_reported(self):
        with pytest.raises(ReviewError, match=r"^pyproject\.toml: is not TOML: Expected"):
            Thresholds.from_pyproject("[tool")

    def test_they_decide(self, risks):
        base, head = "schedule: '@weekly'\nretries: 3", "schedule: '@daily'\nretries: 1"
        assert codes(risks(base, head)) == ["R030", "R060"]
        assert codes(risks(base, head, thresholds=Thresholds(schedule_factor=7))) == ["R060"]
        found = risks(base, head, thresholds=Thresholds(severity={"R030": "low", "R060": "off"}))
        assert [(risk.code, risk.severity) for risk in found] == [("R030", "low")]

    @pytest.mark.parametrize(("most", "expected"), [(29, ["R032"]), (30, [])])
    def test_a_few_past_runs_may_be_allowed(self, risks, most, expected):
        base = "schedule: '@daily'\nstart_date: 2026-01-01\n"
        found = risks(base, base + "catchup: true", thresholds=Thresholds(catchup_runs=most))
        assert codes(found) == expected

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [(2, 20, []), (2, 21, ["R042"]), (21, 22, ["R042"]), (22, 21, []), (21, 21, [])],
    )
    def test_a_matrix_that_grows_beyond_twenty_pipelines_is_large(self, risks, before, after, expected):
        base = {"configs/x.yml": MATRIX.format(", ".join(map(str, range(before))))}
        head = {"configs/x.yml": MATRIX.format(", ".join(map(str, range(after)))) + "owner: me\n"}
        found = codes(risks("", "", base_files=base, head_files=head))
        assert [code for code in found if code == "R042"] == expected


GATES = {
    "a lower bound falls": ("min: 0.3", "min: 0.2", ["R010"]),
    "a lower bound rises": ("min: 0.3", "min: 0.4", []),
    "an upper bound rises": ("max: 3", "max: 4", ["R010"]),
    "an upper bound falls": ("max: 3", "max: 2", []),
    "one of two bounds goes": ("min: 0, max: 3", "max: 3", ["R010"]),
    "a bound comes": ("min: 0", "min: 0, max: 3", []),
    "a share may be worse by more": ("no_worse_than_latest: 5%", "no_worse_than_latest: 10%", ["R010"]),
    "a share may be worse by less": ("no_worse_than_latest: 10%", "no_worse_than_latest: 5%", []),
    "nine per cent are less than ten": ("no_worse_than_latest: 10%", "no_worse_than_latest: 9%", []),
    "units do not compare": ("no_worse_than_latest: 10%", "no_worse_than_latest: 0.1", ["R010"]),
    "the latest counts no more": ("min: 0, no_worse_than_latest: 1", "min: 0", ["R010"]),
}
CONTRACTS = {
    "fewer rows": ("rows: {min: 9}", "rows: {min: 8}", ["R020"]),
    "more rows": ("rows: {max: 9}", "rows: {max: 10}", ["R020"]),
    "rows no more": ("rows: {min: 9}", "other_columns: false", ["R020"]),
    "stricter rows": ("rows: {min: 9}", "rows: {min: 10, max: 20}", []),
    "a later day": ("columns: {a: {max: 2026-01-01}}", "columns: {a: {max: 2026-02-01}}", ["R020"]),
    "an earlier day": ("columns: {a: {max: 2026-02-01}}", "columns: {a: {max: 2026-01-01}}", []),
    "days for numbers": ("columns: {a: {max: 5}}", "columns: {a: {max: 2026-01-01}}", []),
    "any type": ("columns: {a: {type: text, unique: true}}", "columns: {a: {unique: true}}", ["R020"]),
    "a wider type": ("columns: {a: {type: text}}", "columns: {a: {type: category}}", ["R020"]),
    "a narrower type": ("columns: {a: {type: category}}", "columns: {a: {type: text}}", []),
    "another type": ("columns: {a: {type: number}}", "columns: {a: {type: text}}", ["R020"]),
    "more nulls": ("columns: {a: {nulls: 3}}", "columns: {a: {nulls: 4}}", ["R020"]),
    "any nulls": ("columns: {a: {nulls: 3}}", "columns: {a: {min: 0}}", ["R020"]),
    "nulls at all": ("columns: {a: {nulls: 0}}", "columns: {a: {nulls: 0.1}}", ["R020"]),
    "a share does not compare with a count": (
        "columns: {a: {nulls: 0.1}}",
        "columns: {a: {nulls: 3}}",
        ["R020"],
    ),
    "a count does not compare with a share": (
        "columns: {a: {nulls: 3}}",
        "columns: {a: {nulls: 0.1}}",
        ["R020"],
    ),
    "no nulls are fewer than a share": ("columns: {a: {nulls: 0.1}}", "columns: {a: {nulls: 0}}", []),
    "any values": ("columns: {a: {values: [x]}}", "columns: {a: {nulls: 3}}", ["R020"]),
    "fewer values": ("columns: {a: {values: [x, y]}}", "columns: {a: {values: [x]}}", []),
    "another pattern": ("columns: {a: {pattern: x}}", "columns: {a: {pattern: .*}}", ["R020"]),
    "the same pattern": ("columns: {a: {pattern: x}}", "columns: {a: {pattern: x, unique: true}}", []),
    "a rule that asks for nothing": ("rows: {}", "columns: {}", []),
}


class TestLoosening:
    @pytest.mark.parametrize("name", GATES)
    def test_a_gate_is_loosened_where_a_worse_model_passes(self, risks, name):
        before, after, expected = GATES[name]
        assert codes(risks(f"require: {{r2: {{{before}}}}}", f"require: {{r2: {{{after}}}}}")) == expected

    @pytest.mark.parametrize("name", CONTRACTS)
    def test_a_contract_is_loosened_where_a_worse_dataset_passes(self, risks, name):
        before, after, expected = CONTRACTS[name]
        assert codes(risks(f"expect: {{{before}}}", f"expect: {{{after}}}")) == expected


class TestInputs:
    @pytest.mark.parametrize(
        ("before", "after", "sentence"),
        [
            ("features: [a, b]", "features: [b, a]", None),
            (
                "features: [a, b]",
                "features: [a]",
                "the latest model no longer reads b: callers need not send it any more",
            ),
            ("features: [a]", "features: [a, b]", "callers of the latest model must also send b"),
            (
                "features: [a]",
                "drop: [c]",
                "callers of the latest model must send other columns: all instead of a",
            ),
            ("drop: [a]", "drop: [b]", "callers of the latest model must also send a, and no longer b"),
            ("drop: [a]", "evaluate: {time_column: a}", None),
            ("drop: [a]", "evaluate: {group_column: a}", None),
            (
                "evaluate: {group_column: a}",
                "evaluate: {test_size: 0.2}",
                "callers of the latest model must also send a",
            ),
            ("features: [a]\ndrop: [b]", "features: [a]\ndrop: [c]", None),
        ],
    )
    def test_what_callers_must_send(self, risks, before, after, sentence):
        told = [
            one.sentence for one in risks(f"target: t\n{before}", f"target: t\n{after}") if one.code == "R073"
        ]
        assert told == ([sentence] if sentence else [])

    def test_columns_without_a_header_have_an_order(self, risks):
        text = "source: {{url: s3://data/x.csv, header: false, columns: [{}]}}\nmodel: ridge\ntarget: t\noutput: s3://models/x/{{{{ ds }}}}/\n"
        base, head = ({"configs/x.yml": text.format(columns)} for columns in ("a, b, t", "b, a, t"))
        (told,) = risks("", "", base_files=base, head_files=head)
        assert (told.code, "another order" in told.sentence) == ("R073", True)


class TestOrder:
    def test_the_worst_come_first_and_accepted_ones_last(self, risks):
        found = risks(
            "retries: 3\nfeatures: [a]\ntarget: y\nrequire: {r2: {min: 0.3}}\nevaluate: {test_size: 0.2}",
            "retries: 1\nfeatures: [b]\ntarget: z\nevaluate: {test_size: 0.3}\n# refinery: allow R072 because z is better",
        )
        assert [(one.code, one.severity, one.accepted) for one in found] == [
            ("R011", "high", None),
            ("R060", "medium", None),
            ("R073", "medium", None),
            ("R013", "low", None),
            ("R072", "high", "z is better"),
        ]

    def test_one_line_above_several_pipelines_is_one_risk(self, risks, write_files):
        base = write_files(
            "one", {f"configs/{name}.yml": PIPELINE.replace("/x/", f"/{name}/") for name in "abc"}
        )
        head = write_files(
            "two", {f"configs/{name}.yml": PIPELINE.replace("/x/", f"/{name}/") for name in "abc"}
        )
        (base / "configs/defaults.yml").write_text("retries: 3\n")
        (head / "configs/defaults.yml").write_text("# less\nretries: 1\n")
        for root in (base, head):
            (root / "ridge.py").write_text(MODEL)
        (risk,) = find(*(load_project(root / "configs", models_dir=root) for root in (base, head)))
        assert risk.pipelines == ("a", "b", "c")
        assert (risk.place.path, risk.place.line, risk.place.side) == ("configs/defaults.yml", 2, "head")

    def test_one_line_that_makes_all_pipelines_write_over_themselves_is_one_risk(self, risks, write_files):
        names = {f"configs/{name}.yml": PIPELINE.replace("/x/", f"/{name}/") for name in "abc"}
        sides = [
            write_files(
                side, {**names, "ridge.py": MODEL, "configs/defaults.yml": f"schedule: '{schedule}'\n"}
            )
            for side, schedule in (("one", "@daily"), ("two", "0 */8 * * *"))
        ]
        (risk,) = find(*(load_project(root / "configs", models_dir=root) for root in sides))
        assert (risk.code, risk.pipelines) == ("R005", ("a", "b", "c"))
        assert risk.sentence.endswith("{{ ts_nodash }} keeps them apart (and the same for 2 more pipelines)")
        assert risk.place.path == "configs/defaults.yml"


class TestComments:
    RISKY = ("retries: 3", "retries: 1\n")

    @pytest.mark.parametrize(
        ("comment", "reason"),
        [
            ("# refinery: allow R060 because it is fine", "it is fine"),
            ("#refinery:allow R060 because it is fine", "it is fine"),
            ("# refinery:  allow  R060  because  it is # fine ", "it is # fine"),
            ("# refinery: allow r060 because: it is fine", "it is fine"),
            ("# refinery: allow R061, R060 because it is fine", "it is fine"),
            ("queue: gpu # refinery: allow R060 because it is fine", "it is fine"),
            ("# refinery: allow R060", None),
            ("# refinery: allow R060 because", None),
            ("# refinery: allow R060 because ...", None),
            ("# refinery: allow R060 it is fine", None),
            ("# refinery: allow R061 because it is fine", None),
            ("# allow R060 because it is fine", None),
            ("# see refinery: allow R060 because it is fine", None),
            ("description: '# refinery: allow R060 because it is fine'", None),
            ("description: |\n  # refinery: allow R060 because it is fine", None),
        ],
    )
    def test_a_comment_accepts_a_risk_with_a_reason(self, risks, comment, reason):
        base, head = self.RISKY
        found = {risk.code: risk.accepted for risk in risks(base, head + comment)}
        assert found["R060"] == reason

    def test_a_comment_below_another_pipeline_accepts_nothing_here(self, risks):
        other = {
            "configs/y.yml": f"# refinery: allow R060 because it is fine\n{PIPELINE.replace('/x/', '/y/')}"
        }
        assert codes(risks(*self.RISKY, both=other)) == ["R060"]

    def test_a_comment_that_stays_says_nothing_of_changes_elsewhere(self, risks):
        stale = {"configs/y.yml": f"# refinery: allow R060 because of old\n{PIPELINE.replace('/x/', '/y/')}"}
        assert codes(risks("priority: 1", "priority: 2", both=stale)) == []

    def test_what_a_comment_lacks_is_reported_at_its_line(self, risks):
        found = risks("retries: 3", "retries: 1\n# refinery: allow R060")
        (told,) = [risk for risk in found if risk.code == "R090"]
        assert told.place.line == 5
        assert (
            told.sentence
            == 'R060 is not accepted without a reason; write "# refinery: allow R060 because ..."'
        )


def test_a_project_against_itself_has_no_risks(case, write_files):
    projects = []
    for side in ("one", "two"):
        root = write_files(side, case.head)
        (root / "configs").mkdir(exist_ok=True)
        projects.append(load_project(root / "configs", models_dir=root / "include/models"))
    everything = tuple(
        PipelineChange("changed", one.dag_id, None, one.path, (), (), None, None, (), one, same)
        for one, same in zip(projects[0].pipelines, projects[1].pipelines, strict=True)
    )
    base, head = projects
    assert find_risks(everything, base=base, head=head, day=DAY, thresholds=Thresholds()) == ()


def test_each_code_has_a_case_that_raises_it_and_one_that_comes_near(cases):
    raising = {code for case in cases for code in re.findall(r"^R\d{3}", case.file.name)}
    near = {code for case in cases for code in case.not_raised}
    # Trials need a dataset, and merges a third version; tests/trial/ and comparison/test_merge_result.py have them.
    assert raising == set(KINDS) - {"R046", "R077"} == near


def test_the_page_is_fresh_and_tells_of_every_kind(project):
    page = risks_page()
    assert (project / "docs/risks.md").read_text(encoding="utf-8") == page, "renew it with: refinery schema"
    for kind in KINDS.values():
        assert f"### {kind.code}: {kind.title}" in page


def test_looking_for_risks_imports_nothing_heavy(project, run_python):
    heavy = "airflow", "boto3", "numpy", "pandas", "sklearn", "dagfactory"
    code = f"import sys, refinery.review.risks; print([name for name in {heavy} if name in sys.modules])"
    assert run_python(code) == "[]\n"
