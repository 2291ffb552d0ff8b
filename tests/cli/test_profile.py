"""A look at a dataset, and the contract that is proposed for it."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from refinery.cli.profile import write_expect
from refinery.config import load_pipeline
from refinery.training import SourceOptions
from refinery.training.data.contract import Contract, check_contract, propose_contract
from refinery.training.data.read import read_dataset
from tests.effort import effort

CONFIG = "source: {source}\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/{name}/{{{{ ds }}}}/\n"
TABLE = 'day,"size, cm",plan,note,"yes"\n' + "".join(
    f"2026-01-{at % 28 + 1:02},{at / 4 if at % 10 else ''},{'abc'[at % 3]}:{{x}},note {at},{at % 2}\n"
    for at in range(90)
)


@pytest.fixture
def churn(refinery):
    """A pipeline with a dataset of dates, gaps, categories and headers that YAML would misread."""
    refinery.write(".local/s3/datasets/churn.csv", TABLE)
    refinery.write("configs/churn.yml", CONFIG.format(source="s3://datasets/churn.csv", name="churn"))
    return refinery


def expect_of(shown: str) -> str:
    """The block that is to be pasted."""
    return shown[shown.index("expect:") :]


def test_the_columns_are_shown_with_type_gaps_and_values(churn):
    done = churn("profile", "churn")
    assert done.returncode == 0
    lines = [re.split(r"  +", line) for line in done.stdout.partition("\n\n")[0].splitlines()]
    assert lines == [
        ["column", "type", "nulls", "values"],
        ["day", "date", "2026-01-01 to 2026-01-28"],
        ["size, cm", "number", "9", "0.25 to 22.25, mean 11.25"],
        ["plan", "category", "3 different: a:{x} (33%), b:{x} (33%), c:{x} (33%)"],
        ["note", "text", "90 different"],
        ["yes", "integer", "0 to 1, mean 0.5"],
    ]
    assert "\n# Proposed from all 90 rows.\nexpect:\n  rows: {min: 45}\n" in done.stdout


def test_the_proposed_block_is_a_valid_config_and_holds_on_the_data(churn, tmp_path):
    block = expect_of(churn("profile", "churn").stdout)
    churn.write("configs/churn.yml", churn.read("configs/churn.yml") + block)
    validated = churn("validate")
    assert validated.returncode == 0, validated.stderr
    rules = load_pipeline(churn.root / "configs", "churn", environment="local").config.expect
    assert set(rules.columns) == {"day", "size, cm", "plan", "note", "yes"}
    table = read_dataset(churn.root / ".local/s3/datasets/churn.csv", SourceOptions()).table
    check_contract(table, Contract.from_dict(rules.model_dump(mode="json")))


def test_a_dataset_without_a_pipeline_and_the_options_that_it_needs(churn):
    rows = "".join(f"{at};{at},5\n" for at in range(30))
    churn.write(".local/s3/datasets/other.csv", f"a;b\n{rows}")
    done = churn("profile", "--source", "s3://datasets/other.csv")
    assert '# To read it, `source` needs these options: {separator: ";", decimal: ","}' in done.stdout
    assert "    b: {type: number, min: 0, max: 44, nulls: 0}\n" in done.stdout


def test_another_dataset_is_read_as_the_pipeline_s(churn):
    churn.write(
        "configs/semi.yml",
        CONFIG.format(source='{url: "s3://datasets/{{ ds }}.csv", separator: ";"}', name="semi"),
    )
    churn.write(".local/s3/datasets/2026-01-31.csv", "a;b\n1;2\n")
    assert "Name the file of one date" in churn("profile", "semi").stderr
    done = churn("profile", "semi", "--source", "s3://datasets/2026-01-31.csv")
    assert "a: {type: integer, min: 0, max: 2}" in done.stdout
    assert "needs" not in done.stdout


def test_of_a_large_dataset_it_says_that_it_has_seen_the_beginning(churn):
    row = f"1,{'x' * 500}\n"
    churn.write(".local/s3/datasets/churn.csv", "a,b\n" + row * 20_000)
    shown = churn("profile", "churn").stdout
    assert re.search(r"# Proposed from the first 8,\d\d\d rows; later ones may hold other values\.", shown)


def test_rows_without_a_target_and_doubtful_numbers_are_pointed_out(churn):
    churn.write("configs/churn.yml", churn.read("configs/churn.yml") + 'target: "size, cm"\n')
    churn.write(".local/s3/datasets/sold.csv", 'a,b\n"1,234",1\n"2,345",2\n')

    assert (
        '\n# Note: 9 of 90 rows have no value in the target; leave them out with target: {column: "size, cm", missing: drop}\n'
        in churn("profile", "churn").stdout
    )
    assert (
        '\n# Note: the column "a" holds "1,234"'
        in churn("profile", "--source", "s3://datasets/sold.csv").stdout
    )


def test_json_for_programs(churn):
    found = json.loads(churn("profile", "churn", "--json").stdout)
    assert (found["source"], found["rows"], found["complete"]) == ("s3://datasets/churn.csv", 90, True)
    assert found["columns"][1]["nulls"] == 9
    assert found["expect"]["columns"]["plan"]["values"] == ["a:{x}", "b:{x}", "c:{x}"]


def test_without_anything_to_look_at_it_says_what_to_name(churn):
    done = churn("profile")
    assert (done.returncode, done.stderr) == (1, "Name a pipeline, or a dataset with --source URL.\n")


NAMES = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["yes", "1", "2026-01-31", "${x}", "{{ ds }}", "<<", "~", "a: b"]
)
COLUMNS = st.one_of(
    st.lists(st.none() | st.floats(), min_size=30, max_size=30),
    st.lists(st.none() | st.integers(-(2**60), 2**60), min_size=30, max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
    st.lists(NAMES, min_size=30, max_size=30),
    st.lists(NAMES, min_size=1, max_size=3).map(lambda few: (few * 30)[:30]),
)


@settings(
    max_examples=effort(50, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(NAMES, COLUMNS, min_size=1, max_size=3))
@example({"x": [None, 4.99e299] * 15})  # more digits than a config accepts
@example({"x": [2**60, -(2**60)] * 15})
@example({"a\0b": ["0"] * 30, "x": ["a\0b", "c"] * 15})  # a character that Airflow's database cannot store
@example({"\0": ["0"] * 30})
def test_whatever_a_dataset_holds_the_proposal_is_a_valid_config_that_holds_on_it(tmp_path, columns):
    table = pd.DataFrame(columns)
    proposed = propose_contract(table)
    config = CONFIG.format(source="s3://datasets/wild.csv", name="wild") + write_expect(proposed)
    (tmp_path / "wild.yml").write_text(config, "utf-8")

    rules = load_pipeline(tmp_path, "wild", environment="local").config.expect

    assert list(rules.columns) == [name for name in proposed["columns"] if "\0" not in name]
    check_contract(table, Contract.from_dict(rules.model_dump(mode="json")))
