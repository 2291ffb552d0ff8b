"""How a text table writes its numbers: digits with leading zeros may be names, and a point may group digits."""

from __future__ import annotations

import pytest

from refinery.spec.training import ClassModel
from refinery.training import SourceOptions
from refinery.training.data.proposal import profile_dataset
from refinery.training.errors import SourceOptionError

BAYES = {"model": ClassModel("sklearn.naive_bayes.GaussianNB"), "batch_rows": 20}
WAYS = pytest.mark.parametrize("way", [{}, BAYES], ids=["whole", "in batches"])


def of_codes(codes, rows=60):
    lines = [f"{codes[number % len(codes)]},{number},{'ab'[number % 2]}" for number in range(rows)]
    return "\n".join(["zip,x,y", *lines]) + "\n"


@pytest.fixture
def learn(train_table):
    def learn(codes, source=None, **fields):
        fields = {"model": ClassModel("sklearn.linear_model.LogisticRegression")} | fields
        return train_table(of_codes(codes), source=SourceOptions(**source or {}), **fields).manifest

    return learn


def warnings_of(manifest):
    return [warning for warning in manifest["warnings"] if "leading zeros" in warning]


@WAYS
def test_they_are_read_as_numbers_with_a_warning(learn, way):
    manifest = learn(["01234", "12345", "23456"], **way)

    assert manifest["data"]["features"][0]["dtype"] == "int64"
    (warning,) = warnings_of(manifest)
    assert warning.startswith(
        'Digits with leading zeros are read as numbers in "zip" (such as "01234"): if they are names'
    )
    assert "set source.dtypes: {zip: str}; if they are dates, give source.dates their format." in warning


@pytest.mark.parametrize(
    ("codes", "source"),
    [
        (["1234", "12345"], {}),
        (["0", "0.5", "-0.25"], {}),
        (["01234", "12345"], {"dtypes": {"zip": "int"}}),
        (["01234", "12345"], {"dtypes": {"zip": "str"}}),
        (["01234", "12345"], {"numbers": {"zip": {}}}),
        (["01022026", "11022026"], {"dates": {"zip": "%d%m%Y"}}),
    ],
)
def test_without_them_or_with_a_type_there_is_none(learn, codes, source):
    assert warnings_of(learn(codes, source, preprocess="auto")) == []


@WAYS
@pytest.mark.parametrize("codes", [["01234", "1234"], ["07", "8", "007"], ["00", "1", "0"]])
def test_two_texts_that_would_become_one_number_are_refused(learn, way, codes):
    with pytest.raises(SourceOptionError) as raised:
        learn(codes, preprocess="auto", **way)

    assert "which are read as one number; if they are two names: set source.dtypes to {zip: str}, or, if they are one number, to {zip: float}." in str(raised.value)  # fmt: skip


def test_a_profile_proposes_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(of_codes(["01234", "12345"]))

    profile = profile_dataset(path, SourceOptions())

    assert profile.options.dtypes == {"zip": "str"}
    assert profile.column("zip").examples == ("01234", "12345")
    assert 'the column "zip" holds "01234", with a leading zero, and is read as text (dtypes): is it a number?' in profile.notes  # fmt: skip


def of_amounts(texts, rows=60):
    lines = [f"{texts[number % len(texts)]},{number}" for number in range(rows)]
    return "\n".join(["amount,y", *lines]) + "\n"


GROUPED = ["125", "6.000", "1.125", "-32.250"]
SGD = {"model": ClassModel("sklearn.linear_model.SGDRegressor"), "batch_rows": 20}
RIDGE = {"model": ClassModel("sklearn.linear_model.Ridge")}


@pytest.mark.parametrize("way", [RIDGE, SGD], ids=["whole", "in batches"])
def test_points_that_seem_to_group_digits_are_refused(train_table, way):
    with pytest.raises(SourceOptionError) as raised:
        train_table(of_amounts(GROUPED), **way)

    assert str(raised.value) == (
        'table.csv: the column "amount" holds "6.000" beside whole numbers without a point, so that the point seems to group '
        'digits: set source.numbers to {amount: {thousands: "."}}, or, if they are fractions, set source.dtypes to {amount: float}.'
    )


@pytest.mark.parametrize(
    ("texts", "source", "first"),
    [
        (GROUPED, {"numbers": {"amount": {"thousands": "."}}}, 6000),
        (GROUPED, {"dtypes": {"amount": "float"}}, 6),
        (["1", "6.125", "7.375"], {}, 6.125),
        (["1.000", "6.000", "7.250"], {}, 6),
        (["0.500", "6.000", "7"], {}, 6),
        (["125", "6.00", "7.250"], {}, 6),
        (["1250", "6.000", "7.250"], {}, 6),
    ],
)
def test_what_says_which_or_may_well_be_fractions_is_read(train_table, texts, source, first):
    result = train_table(of_amounts(texts), source=SourceOptions(**source), test_size=0.5, **RIDGE)

    assert first in result.held_out.features["amount"].tolist()


def test_a_profile_proposes_to_read_groups(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(of_amounts(GROUPED))

    profile = profile_dataset(path, SourceOptions())

    assert profile.options.numbers == {"amount": {"thousands": "."}}
    assert profile.column("amount").examples[:2] == ("125", "6000")
    assert any("whose point is read as one between thousands" in note for note in profile.notes)
