"""One plan in each format, as its readers see it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from refinery.review.formats import plan_as_github, plan_as_json, plan_as_markdown, plan_as_text
from refinery.review.formats.wording import summary_line
from refinery.review.plan import Follower

EXPECTED = Path(__file__).with_name("expected")
FORMATS = {
    "plan.txt": plan_as_text,
    "plan.md": plan_as_markdown,
    "plan.json": plan_as_json,
    "annotations.txt": plan_as_github,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_plan_is_written_as_the_file_has_it(name, plan):
    """The files are for reading; after a change that is meant, write them anew with what is shown here."""
    assert FORMATS[name](plan).rstrip("\n") == (EXPECTED / name).read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_the_same_plan_gives_the_same_bytes(write, plan):
    assert write(plan).encode() == write(replace(plan)).encode()


_NOTHING = {
    "pipelines": (),
    "shared": (),
    "code": (),
    "risks": (),
    "head_problems": (),
    "base_problems": (),
    "notes": (),
    "stakes": (),
    "trials": (),
}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "no pipeline changes"),
        ({"pipelines": ["changed"]}, "1 pipeline changes"),
        ({"pipelines": ["changed", "changed", "added"]}, "2 pipelines change, 1 added"),
        ({"pipelines": ["added"]}, "1 pipeline added"),
        ({"pipelines": ["renamed", "removed", "removed"]}, "2 pipelines removed, 1 renamed"),
        ({"risks": [("high", None), ("low", None), ("low", None)]}, "1 high risk, 2 low risks"),
        ({"pipelines": ["changed"], "risks": [("high", "fine")]}, "1 accepted risk; 1 pipeline changes"),
        ({"head_problems": 2}, "2 errors in the configs"),
        (
            {"pipelines": ["added"], "code": 1, "trials": 1, "head_problems": 1, "risks": [("low", None)]},
            "1 error in the configs, 1 low risk, 1 rejected trial; 1 pipeline added, 2 pipelines reached by code",
        ),
        ({"code": 1}, "2 pipelines reached by code"),
        ({"trials": 1}, "1 rejected trial"),
    ],
)
def test_one_line_sums_it_up(fields, line, plan):
    kinds = fields.get("pipelines", ())
    risks = fields.get("risks", ())
    made = replace(
        plan,
        **_NOTHING
        | {
            "pipelines": tuple(
                replace(plan.pipelines[0], kind=kind, dag_id=f"new_{number}")
                for number, kind in enumerate(kinds)
            ),
            "risks": tuple(replace(plan.risks[0], severity=one, accepted=why) for one, why in risks),
            "head_problems": plan.head_problems * fields.get("head_problems", 0),
            "code": plan.code * fields.get("code", 0),
            "trials": plan.trials * fields.get("trials", 0),
        },
    )
    assert summary_line(made) == line


def test_an_empty_plan_is_short(plan):
    """Unchanged pipelines are counted, not shown."""
    empty = replace(plan, **_NOTHING)
    assert plan_as_markdown(empty) == (
        "### Refinery plan: no pipeline changes\n\n"
        "`origin/main (4f0c1d2)` → `working tree`, environment `prod`, on 2026-01-31. 12 pipelines unchanged.\n"
    )
    assert plan_as_github(empty) == ""
    assert len(plan_as_text(empty).splitlines()) == 3


class TestText:
    def test_lines_fit_the_terminal(self, plan):
        for width in (70, 80, 120):
            assert max(map(len, plan_as_text(plan, width=width).splitlines())) <= width

    def test_colors_add_nothing_but_colors(self, plan):
        import re

        colored = plan_as_text(plan, color=True)
        assert "\033[1;31m  high" in colored
        assert re.sub(r"\033\[[0-9;]*m", "", colored) == plan_as_text(plan)


class TestMarkdown:
    def test_a_graph_is_drawn_only_where_the_shape_changes(self, plan):
        churn = plan.pipelines[2]
        same = replace(churn, after=replace(churn.after, graph=churn.before.graph))
        assert plan_as_markdown(plan).count("```mermaid") == 1
        text = plan_as_markdown(replace(plan, pipelines=(same,)))
        assert "```mermaid" not in text
        assert "Tasks:\n\n```diff\n! train_model: model, require\n```" in text

    @pytest.mark.parametrize(("number", "drawn"), [(3, False), (4, True), (41, False)])
    def test_followers_are_drawn_where_a_picture_says_more(self, number, drawn, plan):
        followers = tuple(
            Follower(f"after_{step}", "bi", (f"after_{step - 1}" if step > 1 else "churn",), step)
            for step in range(1, number + 1)
        )
        text = plan_as_markdown(replace(plan, pipelines=(), downstream=followers))
        assert "- `after_2` follows `after_1`, indirectly; owner: `bi`" in text
        assert ("```mermaid" in text) is drawn
        assert ('p0["churn"]' in text and "p0 --> p1" in text and "class p0 changed" in text) is drawn

    @pytest.mark.parametrize(("number", "folded"), [(10, False), (11, True)])
    def test_followers_of_one_step_are_listed_and_many_of_them_folded(self, number, folded, plan):
        followers = tuple(Follower(f"after_{one}", "bi", ("churn",), 1) for one in range(number))
        text = plan_as_markdown(replace(plan, pipelines=(), risks=(), base_problems=(), downstream=followers))
        assert "```mermaid" not in text
        assert f"Downstream: {number} pipelines" in text
        assert ("<details><summary>Downstream" in text) is folded

    def test_warnings_alone_are_not_shown_as_errors(self, plan):
        warning = replace(plan.head_problems[0], severity="warning")
        alone = plan_as_markdown(replace(plan, head_problems=(warning,)))
        both = plan_as_markdown(replace(plan, head_problems=(warning, *plan.head_problems, warning)))
        assert "> [!WARNING]\n> **1 warning in the configs**" in alone
        assert "> [!CAUTION]\n> **1 error and 2 warnings in the configs**" in both

    def test_what_a_risk_says_of_a_trial_is_not_said_again(self, plan):
        missed = "r2 is 0.31, and at least 0.35 is required: missed by 0.04"
        rejected = replace(plan.risks[0], sentence=f"the model that the change makes is rejected: {missed}")
        assert "not passed: " in plan_as_markdown(plan)
        assert "not passed: " not in plan_as_markdown(replace(plan, risks=(rejected,)))

    def test_accepted_high_risks_are_shown_open(self, plan):
        accepted = replace(plan.risks[0], accepted="it is fine")
        text = plan_as_markdown(replace(plan, risks=(*plan.risks, accepted)))
        assert "> **2 high risks, 1 of them accepted**" in text
        assert "<br>accepted because it is fine<br>" in text.partition("<details>")[0]

    def test_pipelines_with_the_worst_risks_come_first(self, plan):
        text = plan_as_markdown(plan)
        order = [text.index(f"<b>{title}") for title in ("changed</b> <code>risk", "renamed", "added")]
        assert order == sorted(order)

    def test_pipelines_that_only_share_a_change_are_named_once(self, plan):
        assert "changed only by shared changes: `wine`" in plan_as_markdown(plan)

    def test_a_long_plan_is_cut_below_githubs_limit_with_room_for_its_posters_words(self, large_plan):
        text = plan_as_markdown(large_plan)
        assert 55_000 < len(text.encode()) < 65_536 - 1_500
        assert text.count("<details>") == text.count("</details>") > 10
        assert "> - **`R011` gate removed**" in text
        left_out = text.partition("**Not shown")[2]
        shown = text.count("<summary><b>changed</b>")
        assert f"- {2000 - shown:,} pipelines: `team.pipeline_{shown:04}`, " in left_out
        assert "refinery plan --format text" in left_out

    def test_what_many_share_is_written_once(self, large_plan):
        text = plan_as_markdown(large_plan)
        assert "> **2,000 high risks**" in text
        (entry,) = [line for line in text.split("\n") if "`R011` gate removed" in line]
        assert entry.startswith("> - **`R011` gate removed**, 2,000 times<br>")
        assert "<br>`team.pipeline_0000`, `team.pipeline_0001`, " in entry
        assert "`team.pipeline_0002` and 1,997 more" in entry

    def test_pipelines_that_the_same_edits_change_in_the_same_way_are_one_block(self, large_plan):
        alike = tuple(replace(one, causes=("the bucket",)) for one in large_plan.pipelines)
        other = replace(large_plan.pipelines[0], dag_id="other")
        plan = replace(large_plan, pipelines=(*alike, other))
        text = plan_as_markdown(plan)
        assert text.count("<details><summary><b>changed</b>") == 2
        assert "<code>team.pipeline_0000</code> and 1,999 more in the same way: running" in text
        assert plan_as_text(plan).count("  ~ changed team.pipeline") == 2000

    def test_the_first_of_very_many_risks_are_detailed_and_the_others_named(self, large_plan):
        risks = tuple(replace(one, sentence=f"{index} is gone") for index, one in enumerate(large_plan.risks))
        text = plan_as_markdown(replace(large_plan, risks=risks))
        assert "> **2,000 high risks**" in text
        assert text.count("> - **`R011` gate removed**<br>") == 10
        assert "> - **`R011` gate removed**, 1,990 more: `team.pipeline_0010`, " in text

    @pytest.mark.parametrize("limit", [4_000, 6_000, 20_000, 60_000, 1_000_000])
    def test_any_limit_is_kept(self, limit, large_plan):
        assert len(plan_as_markdown(large_plan, limit=limit).encode()) < limit

    def test_one_huge_pipeline_does_not_fill_the_page(self, plan):
        churn = plan.pipelines[2]
        values = tuple(replace(churn.changes[1], key=f"model.params.p{index}") for index in range(5000))
        text = plan_as_markdown(replace(plan, pipelines=(replace(churn, changes=values),)))
        assert len(text) < 10_000
        assert "4,960 more" in text


class TestGithub:
    def test_what_githubs_limit_would_drop_is_counted(self, large_plan):
        lines = plan_as_github(large_plan).splitlines()
        errors = [line for line in lines if line.startswith("::error")]
        assert len(errors) == 10
        # One is the config's error, eight are risks.
        assert errors[-1] == "::error title=Refinery plan::1,992 more are in the plan."

    @pytest.mark.parametrize(
        ("path", "written"),
        [
            ("configs/a,b:c%.yml", "file=configs/a%2Cb%3Ac%25.yml"),
            ("configs/ü x.yml", "file=configs/ü x.yml"),
        ],
    )
    def test_paths_are_escaped(self, path, written, plan):
        risk = replace(plan.risks[1], place=replace(plan.risks[1].place, path=path), sentence="a\n::error::b")
        line = plan_as_github(replace(plan, risks=(risk,), head_problems=()))
        assert written in line
        assert line.count("\n") == 0

    def test_a_line_that_is_gone_is_not_pointed_to(self, plan):
        lines = plan_as_github(replace(plan, head_problems=())).splitlines()
        assert lines[0].startswith("::error title=R011")


class TestJson:
    def test_it_holds_the_whole_plan(self, plan):
        document = json.loads(plan_as_json(plan))
        assert document["version"] == 1
        assert document["summary"] == summary_line(plan)
        assert [one["dag_id"] for one in document["pipelines"]] == [one.dag_id for one in plan.pipelines]
        assert document["pipelines"][2]["changes"][1] == {
            "after": 0.5,
            "before": 0.1,
            "key": "model.params.alpha",
            "place": {"line": 7, "path": "configs/risk/churn.yml", "side": "head"},
            "sentence": "model.params.alpha: 0.1 -> 0.5",
            "topic": "params",
        }

    def test_it_is_json_whatever_a_value_is(self, plan):
        churn = plan.pipelines[2]
        wild = replace(churn.changes[1], before=float("nan"), after={"a": [float("inf"), None]})
        text = plan_as_json(replace(plan, pipelines=(replace(churn, changes=(wild,)),)))
        change = json.loads(text, parse_constant=pytest.fail)["pipelines"][0]["changes"][0]
        assert (change["before"], change["after"]) == ("nan", {"a": ["inf", None]})
