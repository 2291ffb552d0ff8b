"""A trained model used on new rows."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from include.training import SourceOptions, load_model_file, predict_file
from include.training.errors import ColumnNotFoundError, FitError
from include.training.spec import ClassModel, ModuleModel


@pytest.fixture
def trained(train_petrol, tmp_path):
    manifest = train_petrol().manifest
    model = load_model_file(tmp_path / "model" / "model.pkl", manifest["files"]["model.pkl"]["sha256"])
    return model, manifest


def test_rows_are_predicted_whatever_the_order_of_their_columns(trained, petrol, tmp_path):
    model, manifest = trained
    table = pd.read_csv(petrol).drop(columns="Petrol_Consumption")
    table[sorted(table.columns)].assign(id=7).to_csv(tmp_path / "new.csv", index=False)

    predicted = predict_file(model, manifest, tmp_path / "new.csv")

    assert predicted["prediction"].tolist() == model.predict(table).tolist()
    assert predicted.columns[-2:].tolist() == ["id", "prediction"]


def test_a_file_is_read_with_the_options_of_the_training(train_petrol, tmp_path):
    options = SourceOptions(
        separator=";", decimal=",", columns=("x", "zip", "y"), dtypes={"y": "float"}, drop=("zip",)
    )
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("id;x;zip;y\n" + "".join(f"{i};{i},5;A{i};{i}\n" for i in range(20)))
    new.write_text("x\n1,5\n3,5\n")
    result = train_petrol(
        dataset=old, model=ClassModel("sklearn.linear_model.LinearRegression"), source=options
    )
    model = load_model_file(tmp_path / "model" / "model.pkl", result.manifest["files"]["model.pkl"]["sha256"])

    predicted = predict_file(model, json.loads((tmp_path / "model" / "manifest.json").read_text()), new)

    assert predicted["prediction"].tolist() == pytest.approx([1, 3])


def test_missing_columns_are_named(trained, petrol, tmp_path):
    table = pd.read_csv(petrol).rename(columns={"Average_income": "average_income"})
    table.to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(
        ColumnNotFoundError, match=r"no column 'Average_income'; did you mean 'average_income'\?"
    ):
        predict_file(*trained, tmp_path / "new.csv")


def test_rows_that_the_model_refuses_are_told_in_its_words(trained, petrol, tmp_path):
    table = pd.read_csv(petrol).astype({"Average_income": str})
    table.loc[3, "Average_income"] = "much"
    table.to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(
        FitError, match="Pipeline failed to predict: could not convert string to float: 'much'"
    ):
        predict_file(*trained, tmp_path / "new.csv")


def test_a_scripts_model_takes_the_columns_that_it_was_fitted_with(train_petrol, sample_data, tmp_path):
    wine = sample_data / "datasets" / "wine_cultivar.csv"
    manifest = train_petrol(dataset=wine, model=ModuleModel("wine_classifier")).manifest
    model = load_model_file(tmp_path / "model" / "model.pkl", manifest["files"]["model.pkl"]["sha256"])

    predicted = predict_file(model, manifest, wine)

    assert (predicted["prediction"] == predicted["cultivar"]).mean() > 0.95
