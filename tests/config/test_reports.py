"""The same problems for a terminal, GitHub, code scanners and programs."""

from __future__ import annotations

import pytest

from refinery.config import (
    Problem,
    problems_as_github,
    problems_as_json,
    render_problems,
)

_ERROR = Problem(
    path="configs/petrol_consumption.yml",
    line=7,
    column=3,
    key="model.modul",
    message='unknown key; did you mean "module"?',
    code="unknown-key",
    excerpt="  modul: random_forest",
    width=5,
)
_WARNING = Problem(
    path="configs/environments/prod.yml",
    line=2,
    column=1,
    key="vars.old",
    message="no config uses it; 100% sure,\nremove it",
    code="unused-variable",
    severity="warning",
)


def test_text_shows_the_line_and_marks_the_place():
    assert render_problems([_ERROR, _WARNING]) == (
        'configs/petrol_consumption.yml:7:3: model.modul: unknown key; did you mean "module"?\n'
        "    7 |   modul: random_forest\n"
        "      |   ^^^^^\n"
        "configs/environments/prod.yml:2:1: warning: vars.old: no config uses it; 100% sure,\nremove it"
    )


def test_colors_are_only_added_when_asked_for():
    colored = render_problems([_ERROR], color=True)
    assert "\033[31m" in colored
    assert "\033" not in render_problems([_ERROR])


@pytest.mark.parametrize(
    ("excerpt", "column", "width", "shown", "marks"),
    [
        ("a: 模型 x", 4, 2, "a: 模型 x", "   ^^^^"),
        ("a: e\u0301 x", 4, 2, "a: e\u0301 x", "   ^"),
        ("\ta: b", 2, 1, " a: b", " ^"),
        ("x" * 200, 199, 50, "..." + "x" * 97, " " * 98 + "^^"),
        ("ab", 3, 1, "ab", "  ^"),
    ],
)
def test_marks_stand_below_their_place_whatever_the_line_holds(excerpt, column, width, shown, marks):
    problem = Problem("p.yml", 1, column, "", "x", "x", excerpt=excerpt, width=width)
    assert render_problems([problem]) == f"p.yml:1:{column}: x\n    1 | {shown}\n      | {marks}"


def test_github_commands_escape_what_would_end_them():
    assert problems_as_github([_ERROR, _WARNING]) == (
        "::error file=configs/petrol_consumption.yml,line=7,col=3,endColumn=8,title=unknown-key"
        '::model.modul: unknown key; did you mean "module"?\n'
        "::warning file=configs/environments/prod.yml,line=2,col=1,title=unused-variable"
        "::vars.old: no config uses it; 100%25 sure,%0Aremove it"
    )


def test_json_has_every_attribute():
    assert problems_as_json([_ERROR]) == [
        {
            "path": "configs/petrol_consumption.yml",
            "line": 7,
            "column": 3,
            "key": "model.modul",
            "message": 'unknown key; did you mean "module"?',
            "code": "unknown-key",
            "severity": "error",
            "excerpt": "  modul: random_forest",
            "width": 5,
        }
    ]
