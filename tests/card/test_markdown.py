"""The card in short, for pull requests."""

from __future__ import annotations

from dataclasses import replace


def test_the_short_card_shows_metrics_gates_data_and_config(write, regression):
    earlier = regression.manifest | {"metrics": {"mae": 43.5}, "created_at": "2026-01-30"}
    text = (write(replace(regression, history=(earlier,))).path.parent / "card.md").read_text()
    assert text == (
        "## team.measured, 2026-01-31\n"
        "\n"
        "**Promoted although 1 of 2 gates failed** `measured_model`, trained 2026-01-31 12:00 UTC\n"
        "\n"
        "442 rows of s3://datasets/measured.csv, 89 held out; target from 10 features\n"
        "\n"
        "- Warning: Only 10 rows are held out.\n"
        "\n"
        "| metric | this model | baseline | last promoted |\n"
        "|---|---:|---:|---:|\n"
        "| `mae` | 44.12 +/- 1.625 | 60.5 | 43.5 |\n"
        "| `r2` | 0.4375 | 0.5 |  |\n"
        "\n"
        "| gate | required | measured | margin | result |\n"
        "|---|---|---:|---:|---|\n"
        "| `mae` | at most 50 | 44.12 | 5.875 | passed |\n"
        "| `r2` | no worse than the latest: 0.5 | 0.4375 | -0.0625 | **failed** |\n"
        "\n"
        "<details><summary>What became of the columns</summary>\n"
        "\n"
        "| column | use | what was done |\n"
        "|---|---|---|\n"
        "| `row_id` | left out | names the rows |\n"
        "\n"
        "</details>\n"
        "\n"
        "<details><summary>Config: configs/team/measured.yml</summary>\n"
        "\n"
        "```yaml\n"
        "source: s3://datasets/measured.csv\n"
        "model: sklearn.linear_model.Ridge\n"
        "output: s3://models/measured/{{ ds }}/\n"
        "```\n"
        "\n"
        "</details>\n"
    )


def test_what_is_not_there_leaves_no_trace(write, metrics_only):
    text = (write(metrics_only).path.parent / "card.md").read_text()
    assert text == (
        "## legacy, 2026-01-31\n"
        "\n"
        "**No gates** `legacy`, trained 2026-01-31 12:00 UTC\n"
        "\n"
        "| metric | this model | baseline | last promoted |\n"
        "|---|---:|---:|---:|\n"
        "| `accuracy` | 0.9375 |  |  |\n"
    )
