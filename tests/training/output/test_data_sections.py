"""What the log and the manifest say of each column."""

from __future__ import annotations

import pytest

from refinery.spec.training import ClassModel
from refinery.training import ModuleModel, SourceOptions

ROWS = "".join(
    f"{day}/01/2026,{'' if day % 9 == 0 else day},{day % 7},{'ABC'[day % 3]},{day * 'z'}{day},{day},{day}\n"
    for day in [*range(1, 32), *range(1, 32)]
)
TABLE = f"when,gap,size,town,note,id,y\n{ROWS}"
DATES = "read as dates (%d/%m/%Y), turned into numbers such as the year and the month"
LINEAR = {
    "when": DATES,
    "gap": "missing values filled with the mean, scaled",
    "size": "scaled",
    "town": "encoded with a column per category",
}
BOOSTING = {"when": DATES, "town": "taken as categories"}
FOREST = {"when": DATES, "town": "encoded with a number per category"}


@pytest.mark.parametrize(
    ("model", "prepared"),
    [
        ("sklearn.linear_model.Ridge", LINEAR),
        ("sklearn.ensemble.HistGradientBoostingRegressor", BOOSTING),
        ("sklearn.ensemble.RandomForestRegressor", FOREST),
    ],
)
def test_what_was_done_to_each_column_is_shown(train_table, model, prepared):
    result = train_table(
        TABLE, model=ClassModel(model), preprocess="auto", source=SourceOptions(drop=("id", "note"))
    )

    assert result.manifest["data"]["prepared"] == prepared
    assert result.manifest["data"]["left_out"] == {"id": "named in drop", "note": "named in drop"}
    assert '  left out  "note", "id": named in drop' in result.summary
    assert f'  prepared  "when": {DATES}' in result.summary


def test_text_of_many_values_is_encoded_by_its_parts(train_table):
    result = train_table(
        TABLE + ROWS.replace("z", "w"), model=ClassModel("sklearn.linear_model.Ridge"), preprocess="auto"
    )

    assert result.manifest["data"]["prepared"]["note"] == "encoded as text, by its parts"


def test_a_column_that_the_preparation_leaves_out_is_shown(train_table):
    rows = "".join(f"{number},,{'ab'[number % 2]},{number}\n" for number in range(60))

    result = train_table(
        f"size,empty,town,y\n{rows}",
        model=ClassModel("sklearn.ensemble.HistGradientBoostingRegressor"),
        preprocess="auto",
        features=("size", "empty", "town"),
    )

    assert (
        result.manifest["data"]["prepared"]["empty"]
        == "left out by the preparation, since it holds no values"
    )


def test_numbers_in_a_special_format_are_listed(train_table):
    text = "price,y\n" + "".join(f"${i},{i}\n" for i in range(40))

    source = SourceOptions(numbers={"price": {"prefix": "$"}})
    result = train_table(text, model=ClassModel("sklearn.linear_model.Ridge"), source=source)

    assert result.manifest["data"]["prepared"] == {"price": "read as numbers in the form of source.numbers"}


def test_a_module_only_lists_what_reading_did(train_table, tmp_path):
    (tmp_path / "mine.py").write_text(
        "from sklearn.dummy import DummyRegressor\n\ndef build_model():\n    return DummyRegressor()\n"
    )

    result = train_table(TABLE, model=ModuleModel("mine"), models_dir=tmp_path)

    assert result.manifest["data"]["prepared"] == {"when": "read as dates (%d/%m/%Y)"}
