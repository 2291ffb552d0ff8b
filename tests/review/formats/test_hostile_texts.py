"""A config from a stranger cannot forge the comment, ping people, hide text or move a terminal's cursor."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from refinery.review.formats import plan_as_github, plan_as_markdown, plan_as_text
from refinery.review.formats.escaping import code, prose
from tests.effort import effort

# Words of the data model itself, not of a config.
_OWN_WORDS = {"kind", "severity", "side", "gate", "topic", "code", "title"}
_NASTY = [
    "`", "``", "```", "|", "\\|", "\\", "<", ">", "<!-- x -->", "<script>alert(1)</script>", "<img src=x onerror=y>",
    "</details>", "</code>", "</summary>", "&lt;", "&#64;team", "@octocat", "@org/team", "#123", "GH-12", "o/r#5",
    "4f0c1d2e3b4a59687786950a1b2c3d4e5f607182", "https://evil.example", "www.evil.example", "me@evil.example",
    "[x](https://evil.example)", "![x](y)", "[x]: y", "**b**", "_i_", "~~s~~", "# h", "\n# h\n", "\n\n---\n\n", "- x",
    "1. x", "> [!NOTE]", "$x$", "$`x`$", ":tada:", "\r", "\n", "\t", "\x1b[2J", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff",
    "\ud800", "\u2028", "->", " -> ", "=", "===", "%0A", "::error::x", "\N{COLLISION SYMBOL}", "\u05d0", "a b", '"', "'", "(", ")",
]  # fmt: skip
_HOSTILE = st.lists(st.sampled_from(_NASTY) | st.text(max_size=8), min_size=1, max_size=6).map("".join)
_SETTINGS = settings(
    max_examples=effort(40, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def poison(value, text, *, first):
    """Add a text to each text of a plan that a config could have brought."""
    if is_dataclass(value):
        changed = {
            one.name: poison(getattr(value, one.name), text, first=first)
            for one in fields(value)
            if one.name not in _OWN_WORDS
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poison(item, text, first=first) for item in value)
    if isinstance(value, str):
        return text + value if first else value + text
    return value


class _Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text that GitHub looks for mentions in."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.free_text, self.cells, self._code = [], "", [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._code += tag in ("code", "pre")
        self.cells += [""] if tag == "td" else []
        if tag != "code":
            self.elements.append((tag, *attrs))

    def handle_endtag(self, tag):
        self._code -= tag in ("code", "pre")
        if tag != "code":
            self.elements.append(f"/{tag}")

    def handle_comment(self, data):
        self.elements.append("comment")

    def handle_data(self, data):
        self.free_text += " " if self._code else data
        if self.cells:
            self.cells[-1] += data.strip("\n")


def render(markdown):
    """Render as GitHub does, but for its clean-up of HTML."""
    return _Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


_LIVE = re.compile(r"@\w|#\d|GH-\d|\w/\w|://|www\.|[0-9a-f]{7}|\$.*\$|:\w+:", re.IGNORECASE)


@_SETTINGS
@given(text=_HOSTILE, first=st.booleans())
def test_the_page_is_the_same_but_for_its_words(text, first, plan):
    """No element comes or goes, and nothing outside of code could be a mention, a reference or a link."""
    page = render(plan_as_markdown(poison(plan, text, first=first)))
    assert page.elements == render(plan_as_markdown(plan)).elements
    assert not _LIVE.search(page.free_text)


@pytest.mark.parametrize("text", ["|", "\\|", "\\\\|", "`|`", "|\\", " | ", "| x |\n| y |"])
def test_a_cell_of_a_table_holds_its_whole_value(text, plan):
    churn = plan.pipelines[2]
    setting = replace(churn.changes[1], key=text, sentence=f"{text}: {text} -> 0.5")
    page = render(
        plan_as_markdown(replace(plan, stakes=(), trials=(), pipelines=(replace(churn, changes=(setting,)),)))
    )
    shown = text.replace("\n", "\\n")
    assert page.cells[:2] == [shown, f"{shown} → 0.5"]
    assert page.cells[2].startswith("7")


@_SETTINGS
@given(text=_HOSTILE)
def test_no_character_is_hidden(text, plan):
    wild = poison(plan, text, first=False)
    for written in (plan_as_text(wild), plan_as_markdown(wild), plan_as_github(wild)):
        assert all(letter.isprintable() or letter == "\n" for letter in written)
        assert written.encode()


@_SETTINGS
@given(text=_HOSTILE)
def test_each_annotation_is_one_command(text, plan):
    lines = plan_as_github(poison(plan, text, first=True)).splitlines()
    assert len(lines) == len(plan_as_github(plan).splitlines())
    assert all(line.startswith(("::error", "::warning", "::notice")) for line in lines)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "`plain`"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a`b", "<code>a&#96;b</code>"),
        ("<b>", "<code>&#60;b&#62;</code>"),
        ("@octocat", "`@octocat`"),
        (" x", "<code> x</code>"),
        ("a\nb", "<code>a&#92;nb</code>"),
        ("\u202eabc", "<code>&#92;u&#123;202e&#125;abc</code>"),
        ("模型", "`模型`"),
        ("", "<code></code>"),
    ],
)
def test_a_value_is_written_as_code(text, written):
    assert code(text) == written


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("Readers find nothing new.", "Readers find nothing new."),
        ("Readers of s3://models/x/ lose it.", "Readers of `s3://models/x/` lose it."),
        ("r2: 0.35 -> 0.1 (not set)", "`r2`: 0.35 → 0.1 (not set)"),
        ("Ask @octocat about #12, please", "Ask `@octocat` about `#12`, please"),
        ("to s3://m/{{ ds }}/{{ ts }}/, each", "to `s3://m/{{ ds }}/{{ ts }}/`, each"),
        ("1. not a list", "`1.` not a list"),
        ("commit 1234567 and 123456", "commit `1234567` and 123456"),
    ],
)
def test_a_sentence_stays_readable(sentence, written):
    assert prose(sentence) == written
