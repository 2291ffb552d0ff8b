"""Which columns are dates, in which format, and what is refused because it could mean two."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from skrub import tabular_pipeline

from refinery.spec.training import ClassModel
from refinery.training import GateFailedError, LatestModel, SourceOptions, predict_file
from refinery.training.data.read import read_dataset
from refinery.training.errors import DatasetError, DateFormatError
from tests.effort import effort

LINEAR = ClassModel("sklearn.linear_model.LinearRegression")
FOREST = ClassModel("sklearn.tree.DecisionTreeRegressor")
NEW_YEAR = dt.date(2026, 1, 1)
YEAR = [NEW_YEAR + dt.timedelta(days=day) for day in range(365)]
# Both the day and the month of each may be the other.
UNCLEAR = [day for day in YEAR if day.day <= 12]
DAY_FIRST, MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"


def csv(column, values, *, quoted=False):
    mark = '"' if quoted else ""
    rows = (f"{mark}{value}{mark},{number},{2 * number}\n" for number, value in enumerate(values))
    return f"{column},x,y\n" + "".join(rows)


def lines(column, values):
    return "".join(
        json.dumps({column: value, "x": number, "y": 2 * number}) + "\n"
        for number, value in enumerate(values)
    )


@pytest.fixture
def read(tmp_path):
    def read(content, name="table.csv", **options):
        path = tmp_path / name
        path.write_text(content)
        return read_dataset(path, SourceOptions(**options))

    return read


@pytest.fixture
def learn(train_table):
    """Train on days of 2026, numbered from 0, written in a format."""

    def learn(days, date_format, **fields):
        rows = "".join(f"{day:{date_format}},{(day - NEW_YEAR).days}\n" for day in days)
        return train_table(f"when,y\n{rows}", **{"model": LINEAR, "preprocess": "auto"} | fields)

    return learn


@pytest.fixture
def predict(tmp_path):
    """Predict the rows of a file with the given dates."""

    def predict(result, *dates):
        path = tmp_path / "new.csv"
        path.write_text("when\n" + "".join(f"{date}\n" for date in dates))
        return predict_file(result.model, result.manifest, path)["prediction"].round().tolist()

    return predict


HALF_HOURS = pd.date_range("2026-03-28T12:00Z", periods=20, freq="30min")
TIMES = {
    "days without zeros": ([f"2026-01-{day}" for day in range(1, 21)], {}),
    "hours without zeros": ([f"2026-01-31 {hour}:00" for hour in range(20)], {}),
    "T or a blank": ([f"2026-01-31{' T'[hour % 2]}{hour:02}:00" for hour in range(20)], {}),
    "seconds in some rows": ([f"2026-01-31 09:{m:02}{':30' * (m % 2)}" for m in range(20)], {}),
    "halves of the day": ([f"2026-01-31 {h % 12 or 12}:00 {'AP'[h // 12]}M" for h in range(20)], {}),
    "month first, halves of the day": (
        [f"1/31/2026, {h % 12 or 12}:00 {'ap'[h // 12]}m" for h in range(20)],
        {},
    ),
    "three offsets": (
        [f"{time.tz_convert((0, 32400, -28800)[i % 3]).isoformat()}" for i, time in enumerate(HALF_HOURS)],
        {},
    ),
    "years": ([str(1990 + year) for year in range(20)], {}),
    "years kept as text": ([str(1990 + year) for year in range(20)], {"dtypes": {"t": "str"}}),
    "counts kept as text": ([str(year) for year in range(1, 21)], {"dtypes": {"t": "str"}}),
    "orders that happen to be dates": ([str(10_190 + order) for order in range(20)], {}),
    "seconds since 1970": ([str(999_999_990 + second) for second in range(20)], {}),
    "days kept as text": ([f"2026-1-{day}" for day in range(1, 21)], {"dtypes": {"t": "str"}}),
    "categories": ([f"2026-1-{day}" for day in range(1, 21)], {"dtypes": {"t": "category"}}),
    "months": ([f"2025-{month:02}" for month in range(1, 11)] + [f"2026-{m:02}" for m in range(1, 11)], {}),
    "times of day": ([f"{hour}:05" for hour in range(20)], {}),
    "times of day in halves": ([f"{h % 12 or 12}:05 {'AP'[h // 12]}M" for h in range(20)], {}),
    "month names": ([f"{day} Jan 2026" for day in range(1, 21)], {}),
    "day first beyond doubt": ([f"{day}.1.2026" for day in range(1, 21)], {}),
    "whole numbers with the day first": ([f"{d:02}012026" for d in range(1, 21)], {"dates": {"t": "%d%m%Y"}}),
    "unclear days with a format": (
        [f"01/{month:02}/2026" for month in range(1, 13)],
        {"dates": {"t": DAY_FIRST}},
    ),
    "two digits of the year": (
        [f"1/{m}/{y}" for y in (25, 26) for m in range(1, 11)],
        {"dates": {"t": "%d/%m/%y"}},
    ),
}


# Each from CSV, where all values are text, and by turns from the typed formats.
IN_FILES = [
    pytest.param(name, *times, id=f"{kind}-{name}")
    for turn, (kind, times) in enumerate(TIMES.items())
    for name in ("t.csv", *effort((("t.jsonl", "t.parquet")[turn % 2],), ("t.jsonl", "t.parquet")))
]


@pytest.mark.parametrize(("name", "times", "options"), IN_FILES)
def test_the_last_rows_in_time_are_held_out(train_petrol, tmp_path, times, options, name):
    path = tmp_path / name
    latest = list(range(len(times)))[-3:]
    order = [number for odd in (1, 0) for number in range(len(times)) if number % 2 == odd]
    table = pd.DataFrame({"t": times, "x": range(len(times)), "y": range(len(times))}).iloc[order]
    if name == "t.csv":
        table.to_csv(path, index=False, quotechar="'")
        options = {"quote": "'"} | options
    elif name == "t.jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path, index=False)

    result = train_petrol(
        dataset=path, model=LINEAR, time_column="t", test_size=3 / len(times), source=SourceOptions(**options)
    )

    assert result.held_out.features["x"].tolist() == latest


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2026-03-28", periods=20, freq="3h", tz="Europe/Berlin"),
        [day.date() for day in pd.date_range("2026-01-01", periods=20)],
        [dt.time(hour) for hour in range(20)],
    ],
    ids=["with a time zone", "dates", "times of day"],
)
def test_types_of_parquet_are_sorted_in_time(train_petrol, tmp_path, times):
    table = pd.DataFrame({"t": times, "x": range(20), "y": range(20)}).iloc[::-1]
    table.to_parquet(tmp_path / "t.parquet", index=False)

    result = train_petrol(dataset=tmp_path / "t.parquet", model=LINEAR, time_column="t")

    assert result.held_out.features["x"].tolist() == [16, 17, 18, 19]


@pytest.mark.parametrize(
    ("times", "ways"),
    [
        ([f"0{1 + i % 9}/05/2026" for i in range(20)], [DAY_FIRST, MONTH_FIRST]),
        ([f"{day:02}012026" for day in range(1, 21)], ["%d%m%Y"]),
        ([f"{month}{year}" for year in (2025, 2026) for month in range(1, 11)], ["%m%Y"]),
        ([f"{1 + i // 10}{13 + i % 10}26" for i in range(20)], ["%m%d%y"]),
        (["2026-01-31T10:00Z", "2026-01-31T10:00"] * 10, [DAY_FIRST]),
        (["soon", "later"] * 10, [DAY_FIRST]),
        (["9:00", "9:00 PM"] * 10, [DAY_FIRST]),
        (["31/01/2026", "01/31/2026"] * 10, [DAY_FIRST]),
        ([f"0{1 + i % 9}/05/26" for i in range(20)], ["%d/%m/%y", "%m/%d/%y", "%y/%m/%d"]),
    ],
)
def test_times_whose_order_is_unclear_are_refused_with_the_option(train_table, times, ways):
    with pytest.raises(DatasetError) as raised:
        train_table(csv("t", times), model=LINEAR, time_column="t")

    assert "whose order in time is ambiguous" in str(raised.value)
    assert " or ".join(f'source.dates: {{t: "{way}"}}' for way in ways) in str(raised.value)


FORMATS = {
    DAY_FIRST: ("31/01/2026", "2026-01-31"),
    MONTH_FIRST: ("1/31/2026", "2026-01-31"),
    "%d.%m.%y": ("31.1.26", "2026-01-31"),
    "%d %B %Y": ("31 January 2026", "2026-01-31"),
    "%m/%d/%Y %I:%M %p": ("01/31/2026 9:05 PM", "2026-01-31 21:05"),
    "%Y%m%d": ("20260131", "2026-01-31"),
    "%d%m%Y": ("1022026", "2026-02-01"),
    "ISO8601": ("2026-1-31 9:05", "2026-01-31 09:05"),
    "epoch_s": ("1769853900", "2026-01-31 10:05Z"),
    "epoch_ms": ("1769853900000", "2026-01-31 10:05Z"),
    "%Y-%m-%d %H:%M %z": ("2026-01-31 10:05 +0200", "2026-01-31 08:05Z"),
}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "numbers in jsonl", "parquet", "numbers in parquet"])
@pytest.mark.parametrize("date_format", FORMATS)
def test_dates_mean_what_their_format_says(read, tmp_path, date_format, kind):
    text, meant = FORMATS[date_format]
    values = [int(text) if "numbers" in kind and text.isdigit() else text, None]
    options = {"dates": {"when": date_format}}
    if "parquet" in kind:
        pd.DataFrame({"when": values, "y": [1, 2]}).to_parquet(tmp_path / "t.parquet")
        dataset = read_dataset(tmp_path / "t.parquet", SourceOptions(**options))
    elif "jsonl" in kind:
        dataset = read(lines("when", values), "t.jsonl", **options)
    else:
        dataset = read(csv("when", [text, ""]), **options)

    assert dataset.table["when"].iloc[0] == pd.Timestamp(meant)
    assert dataset.table["when"].isna().tolist() == [False, True]
    assert dataset.dates == {"when": date_format}


@pytest.mark.parametrize(
    ("date_format", "good", "bad"),
    [
        (DAY_FIRST, "31/01/2026", "01/31/2026"),
        (DAY_FIRST, "31/01/2026", "2026-01-31"),
        (DAY_FIRST, "31/01/2026", "today"),
        ("ISO8601", "2026-01-31", "now"),
        ("ISO8601", "2026-01-31", "2026-02-30"),
        ("ISO8601", "2026-01-31T10:00Z", "2026-01-31T10:00"),
        ("%Y%m%d", "20260131", "2026131"),
        ("epoch_s", "1769853900", "2026-01-31"),
        ("%H:%M", "23:59", "24:00"),
    ],
)
def test_a_value_that_does_not_fit_stops_with_its_row(read, date_format, good, bad):
    with pytest.raises(DateFormatError) as raised:
        read(csv("when", [good, good, bad]), dates={"when": date_format})

    assert str(raised.value).startswith(
        f'table.csv: row 3, column "when": "{bad}" is not a date in the format "{date_format}"; correct it'
    )


def test_the_files_of_a_dataset_have_one_format(tmp_path):
    for name, day in (("a.csv", "05/06/2026"), ("b.csv", "25/06/2026"), ("c.csv", "06/25/2026")):
        (tmp_path / name).write_text(csv("when", [day, day]))

    with pytest.raises(DatasetError, match="holds dates such as"):
        read_dataset(tmp_path, SourceOptions(dates=("when",)))
    with pytest.raises(DateFormatError, match=r'^c.csv: row 1, column "when": "06/25/2026" is not'):
        read_dataset(tmp_path, SourceOptions(dates={"when": DAY_FIRST}))
    (tmp_path / "c.csv").unlink()
    dataset = read_dataset(tmp_path, SourceOptions())

    assert dataset.table["when"].dt.month.tolist() == [6, 6, 6, 6]
    assert dataset.dates == {"when": DAY_FIRST}


TEXTS = {
    "codes": ["12-34-5678", "99-10-2041"],
    "versions": ["1.2.3", "1.10.24"],
    "names with a month": ["Marchand 2020", "May 5"],
    "addresses": ["10.0.0.1", "10.0.0.2"],
    "times of day": ["9:05", "10:05"],
    "digits": ["20260131", "20260201"],
    "words": ["now", "today"],
}


@pytest.mark.parametrize("values", TEXTS.values(), ids=TEXTS)
def test_other_texts_stay_text(read, values):
    dataset = read(lines("when", values), "t.jsonl")

    assert dataset.table["when"].tolist() == values
    assert dataset.dates == {}


@pytest.mark.parametrize(
    "date_format", ["%Y-%m-%d", "%Y/%m/%d", "%d %b %Y", "%d-%B-%Y", DAY_FIRST, MONTH_FIRST]
)
def test_dates_that_can_mean_one_day_only_are_read_without_being_named(learn, predict, date_format):
    result = learn(YEAR, date_format)

    assert result.manifest["data"]["features"][0]["dtype"].startswith("datetime64")
    assert predict(result, f"{YEAR[10]:{date_format}}", f"{YEAR[300]:{date_format}}") == [10, 300]


@pytest.mark.parametrize(
    "date",
    [
        "31 May 2026",
        "May 31, 2026",
        "31\u00a0Jan\u00a02026",
        "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0663\u0661",
    ],
    ids=["a month whose name is short", "likewise", "no-break spaces", "Arabic digits"],
)
def test_what_is_one_date_in_every_reading_is_read(read, date):
    when = read(lines("when", [date]), "t.jsonl").table["when"]

    assert when.dt.day.tolist() == [31]
    assert when.dt.year.tolist() == [2026]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            [f"{day:{DAY_FIRST}}" for day in UNCLEAR],
            'the day may come first or the month; write source.dates: {when: "%d/%m/%Y"} or ',
        ),
        (
            ["31/01/2026"] * 30 + ["soon"],
            'dates such as "31/01/2026", but row 31 holds "soon"; write all dates in one format in the dataset',
        ),
        (
            ["31/01/2026", "01/31/2026"] * 20,
            '"31/01/2026", but row 2 holds "01/31/2026"; write all dates in one format in the dataset',
        ),
    ],
)
def test_dates_that_may_mean_two_days_are_refused_where_they_are_learned_from(train_table, values, said):
    text = "when,x,y\n" + "".join(f"{value},{i},{i}\n" for i, value in enumerate(values))

    with pytest.raises(DatasetError) as raised:
        train_table(text, model=LINEAR, preprocess="auto")

    assert said in str(raised.value)
    assert str(raised.value).endswith("or keep them as text with source.dtypes: {when: str}.")
    for source in (SourceOptions(drop=("when",)), SourceOptions(dtypes={"when": "str"})):
        train_table(text, model=LINEAR, preprocess="auto", source=source)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            ["2026-01-31T10:00Z", "2026-01-31T10:00"] * 20,
            '"2026-01-31T10:00Z", but row 2 holds "2026-01-31T10:00"; write an offset in all rows or in none, or keep',
        ),
        (
            ["2026-01-31", "31/01/2026"] * 20,
            '"2026-01-31", but row 2 holds "31/01/2026"; write all dates in one format in the dataset',
        ),
        (["2026-01-31 10:00 CET"] * 20, '"2026-01-31 10:00 CET", whose format is ambiguous'),
        (["1/31/2026 9:05 p.m."] * 20, '"1/31/2026 9:05 p.m.", whose format is ambiguous'),
        (["01-Jan-26"] * 20, "in which the day may come first or the year; write "),
        (
            ["31 Jan 2026", "01/31/2026", "2026-01-31"] * 20,
            'dates such as "2026-01-31", but row 1 holds "31 Jan 2026"; write all dates in one format in the dataset',
        ),
    ],
)
def test_dates_of_several_forms_do_not_become_text_in_silence(train_table, values, said):
    text = "when,x,y\n" + "".join(f"{value},{i},{i}\n" for i, value in enumerate(values))

    with pytest.raises(DatasetError) as raised:
        train_table(text, model=LINEAR, preprocess="auto")

    assert said in str(raised.value)


def test_a_column_with_a_hostile_name_is_written_so_that_it_can_be_copied(read):
    name = 'sold: "at"'
    with pytest.raises(DatasetError) as raised:
        read(lines(name, ["01/02/2026"]), "t.jsonl", dates=(name,))

    assert 'write source.dates: {"sold: \\"at\\"": "%d/%m/%Y"} or ' in str(raised.value)


class TestPredict:
    """The training's format is kept."""

    @pytest.mark.parametrize("source", [SourceOptions(), SourceOptions(dates=("when",))])
    def test_a_date_that_could_be_read_in_two_ways_means_what_it_meant_in_training(
        self, learn, predict, source
    ):
        result = learn(YEAR, DAY_FIRST, source=source)

        assert result.manifest["data"]["dates"] == {"when": DAY_FIRST}
        assert predict(result, "05/06/2026") == [155]

    def test_the_year_first_can_be_read_in_one_way_only(self, learn, predict):
        result = learn(YEAR, DAY_FIRST)

        assert predict(result, "2026-06-05", "2026-12-05") == [155, 338]

    @pytest.mark.parametrize(
        ("dates", "row", "bad"),
        [
            (("06/25/2026",), 1, "06/25/2026"),
            (("05/06/2026", "2026-06-05"), 2, "2026-06-05"),
            (("2026-06-05", "05/06/2026"), 1, "2026-06-05"),
            (("05/06/2026", "n/k"), 2, "n/k"),
        ],
    )
    def test_another_form_is_an_error_with_its_row(self, learn, predict, dates, row, bad):
        result = learn(YEAR, DAY_FIRST)

        with pytest.raises(DateFormatError) as raised:
            predict(result, *dates)

        assert f'row {row}, column "when": "{bad}" is not a date in the format "%d/%m/%Y"' in str(
            raised.value
        )

    def test_a_manifest_of_an_earlier_version_has_no_formats(self, learn, predict):
        result = learn(YEAR, DAY_FIRST, source=SourceOptions(dates=("when",)))
        del result.manifest["data"]["dates"]

        assert predict(result, "05/06/2026", "25/06/2026") == [155, 175]
        with pytest.raises(DatasetError, match="the day may come first or the month"):
            predict(result, "05/06/2026")

    def test_dates_of_a_typed_file_are_read_from_text_where_they_mean_one_day(
        self, train_petrol, tmp_path, predict
    ):
        path = tmp_path / "t.parquet"
        pd.DataFrame({"when": pd.to_datetime(YEAR), "y": range(365)}).to_parquet(path)
        result = train_petrol(dataset=path, model=LINEAR, preprocess="auto")

        assert predict(result, "2026-06-05") == [155]
        for unclear, said in (("05/06/2026", 'holds "05/06/2026" in row 1'), ("3", 'holds "3" in row 1')):
            with pytest.raises(DatasetError, match=said):
                predict(result, unclear)

    def test_moments_keep_their_zone_and_times_without_one_are_refused(self, train_petrol, tmp_path, predict):
        path = tmp_path / "t.parquet"
        hours = pd.date_range("2026-01-01", periods=300, freq="h", tz="Europe/Berlin")
        pd.DataFrame({"when": hours, "y": hours.hour}).to_parquet(path)
        result = train_petrol(dataset=path, model=FOREST, preprocess="auto")

        assert predict(result, "2026-01-05T11:00Z", "2026-01-05T12:00+01:00") == [12, 12]
        with pytest.raises(
            DatasetError, match="was dates with an offset in training and holds dates without"
        ):
            predict(result, "2026-01-05T12:00")

    def test_numbers_in_training_are_no_dates_now(self, train_table, predict):
        result = train_table("when,y\n" + "".join(f"{i},{i}\n" for i in range(50)), model=LINEAR)

        with pytest.raises(
            DatasetError, match='the column "when" was of type int64 in training and holds dates'
        ):
            predict(result, "2026-01-05")


class TestLatest:
    """The latest model judges the dates that it learned, or says why it cannot."""

    def test_one_that_learned_dates_from_text_takes_dates(self, train_petrol, learn, tmp_path):
        text = "when,y\n" + "".join(f"{day},{(day - NEW_YEAR).days}\n" for day in YEAR)
        (tmp_path / "t.csv").write_text(text)
        table = pd.read_csv(tmp_path / "t.csv")
        model = tabular_pipeline(LinearRegression()).fit(table[["when"]], table["y"])
        manifest = {
            "data": {"features": [{"name": "when", "dtype": "str"}], "target": {"name": "y"}},
            "preprocess": {"library": "skrub"},
        }
        gates = {"mae": {"no_worse_than_latest": "50%"}}

        result = learn(YEAR, "%Y-%m-%d", latest=LatestModel("2026-01-01", model, manifest), require=gates)
        assert result.manifest["gates"][0]["passed"]

        other = LatestModel("2026-01-01", model, {**manifest, "preprocess": None})
        with pytest.raises(GateFailedError, match='the column "when" was text in training and holds dates'):
            learn(YEAR, "%Y-%m-%d", latest=other, require=gates)
