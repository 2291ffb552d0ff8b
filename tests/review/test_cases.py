"""The table in cases/: the complete plan of each change. `pytest tests/review --update-cases` rewrites the plans."""

from __future__ import annotations

import re

PLAN = "--- plan\n"


def test_the_plan_is_as_in_the_table(case, plan_text, request):
    made = plan_text(case)
    if request.config.getoption("--update-cases", default=False):
        case.file.write_text(f"{case.given}{PLAN}{made}\n", encoding="utf-8")
    else:
        assert made == case.plan.rstrip("\n")


def test_a_case_raises_what_it_is_named_for_and_nothing_that_it_only_comes_near(case):
    risks = re.findall(r"^  (?:high|medium|low|accepted) +(R\d{3}) ", case.plan, re.MULTILINE)
    assert {*re.findall(r"^R\d{3}", case.file.name)} <= {*risks}
    assert not {*case.not_raised} & {*risks}
