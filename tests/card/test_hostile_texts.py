"""Users' texts are shown, and nothing in them is obeyed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg></pre><h1>owned</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "$\\frac{1}{$ \\undefined",
    "a|b`c\nd\te",
    "&lt;already&gt; &amp;",
    "nul\x00 bell\x07 right\u202eleft",
    "\u6771\u4eac \U0001f600",
    "-->]]>",
    "x" * 5000,
    "",
]


def check(page, plain_page) -> None:
    """Hold a page to the tags of one with harmless texts, and to no attribute that runs or fetches."""
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain_page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not page.values("src")
    assert "49" not in page.headings


def shown(text: str) -> str:
    """How a text stands on the page: in one line, and only what can be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:20]


def test_column_names_are_shown_as_they_are(write, make_case):
    def case(texts: list[str]):
        generator = np.random.default_rng(0)
        table = pd.DataFrame(generator.normal(size=(60, len(texts))))
        table.columns = [f"{text} {at}" for at, text in enumerate(texts)]
        return make_case(table, table.columns[-2], LinearRegression())

    page = write(case(HOSTILE))
    assert all(shown(f"{text} {at}") in page.text for at, text in enumerate(HOSTILE))
    check(page, write(case(["plain"] * len(HOSTILE))))


def test_classes_are_shown_as_they_are(write, make_case):
    def case(texts: list[str]):
        labels = [f"{text} {at}" for at, text in enumerate(texts)] * 10
        return make_case(pd.DataFrame({"x": range(len(labels)), "y": labels}), "y", LogisticRegression())

    page = write(case(HOSTILE))
    assert all(shown(f"{text} {at}") in page.text for at, text in enumerate(HOSTILE))
    check(page, write(case(["plain"] * len(HOSTILE))))


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_all_texts_of_a_manifest_are_shown_as_they_are(write, regression, hostile):
    def spoil(value):
        if isinstance(value, dict):
            return {name: spoil(item) for name, item in value.items()} | {hostile + "key": hostile}
        if isinstance(value, list):
            return [spoil(item) for item in value]
        return hostile if isinstance(value, str) else value

    bare = replace(regression, held_out=None, table_profile=None)
    keep = {name: regression.manifest[name] for name in ("metrics", "files")}
    page = write(bare.with_manifest(**spoil(regression.manifest) | keep))
    assert shown(hostile) in page.text
    check(page, write(bare))


def test_a_file_name_that_is_no_text_is_shown_as_far_as_it_goes(write, metrics_only):
    page = write(metrics_only.with_manifest(files={"half\ud83d.csv": {"size": 1, "sha256": "2" * 64}}))
    assert "half .csv" in page.text


def test_a_config_is_shown_whole(write, regression):
    text = "description: \"<b>5 > 4 & '3'</b>\"\nmodel: ridge\n"
    provenance = regression.manifest["provenance"] | {"config": {"text": text}}
    page = write(regression.with_manifest(provenance=provenance))
    assert text in page.texts
    assert "&lt;b&gt;5 &gt; 4 &amp; &#39;3&#39;&lt;/b&gt;" in page.source


def test_markdown_shows_texts_and_obeys_none(write, regression):
    config = "a: |\n  ```\n  # no heading\n  ```\n"
    case = regression.with_manifest(
        metrics={"a|b`c": 1.5, "<i>@team": 2},
        warnings=["see [this](s3://x) *now* <b>@all</b>"],
        provenance={"config": {"text": config, "path": "</summary>.yml"}},
    )
    write(case)
    text = (write(case).path.parent / "card.md").read_text()
    assert "| ``a\\|b`c`` | 1.5 |" in text
    assert "| `<i>@team` | 2 |" in text
    assert "see \\[this\\](s3://x) \\*now\\* \\<b\\>\\@all\\</b\\>" in text
    assert "````yaml\n" + config.rstrip() + "\n````" in text
    assert "Config: &lt;/summary&gt;.yml</summary>" in text
